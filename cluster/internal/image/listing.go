package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// NodeImage is an image that a node has, under one of its references.
type NodeImage struct {
	// Ref has its registry and tag.
	Ref string
	// Digest is that of its manifest, or of its list of manifests.
	Digest string
	// Size of what the node has of it, compressed, as in "27.0 MiB".
	Size string
	// Platforms that it is for, as in "linux/amd64,linux/arm64".
	Platforms string
}

// List returns the images of the node whose containerd listens on socket, in the order of their references. Names that
// the kubelet uses, which are digests, are left out.
func List(ctx context.Context, bin, socket string) ([]NodeImage, error) {
	table, err := output(ctr(ctx, bin, socket, "images", "ls"))
	return parseImages(string(table)), err
}

// parseImages reads a table with the columns REF TYPE DIGEST SIZE PLATFORMS LABELS. A size is two words.
func parseImages(table string) (images []NodeImage) {
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) >= 6 && strings.HasPrefix(f[2], "sha256:") && !strings.Contains(f[0], "sha256:") {
			images = append(images, NodeImage{Ref: f[0], Digest: f[2], Size: f[3] + " " + f[4], Platforms: f[5]})
		}
	}
	return images
}

// LabelsOf returns the labels in the configuration of an image that the node has. Of an index, that is the image for the
// node's own architecture.
func LabelsOf(ctx context.Context, bin, socket string, i NodeImage) (map[string]string, error) {
	for digest := i.Digest; ; {
		text, err := output(ctr(ctx, bin, socket, "content", "get", digest))
		if err != nil {
			return nil, err
		}
		var content struct {
			Config struct {
				Digest string            // in a manifest
				Labels map[string]string // in a configuration
			}
			Manifests []struct { // in an index
				Digest   string
				Platform struct{ Architecture string }
			}
		}
		if err := json.Unmarshal(text, &content); err != nil {
			return nil, fmt.Errorf("%s: expected an index, a manifest or a configuration: %w", digest, err)
		}
		digest = content.Config.Digest
		for _, m := range content.Manifests {
			if m.Platform.Architecture == runtime.GOARCH {
				digest = m.Digest
			}
		}
		if digest == "" {
			return content.Config.Labels, nil
		}
	}
}

// output runs a command. What it wrote to standard error is part of its error.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("ctr: %w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	return out, err
}
