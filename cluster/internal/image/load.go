package image

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Load imports a Docker or OCI archive into the node whose containerd listens on socket, also for architectures that the
// node is not of. An archive may lack what is for others, as those that Docker saves of an image for several.
func Load(ctx context.Context, bin, socket, archive string) error {
	if load(ctx, bin, socket, archive, "--all-platforms") == nil {
		return nil
	}
	return load(ctx, bin, socket, archive)
}

func load(ctx context.Context, bin, socket, archive string, flags ...string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := ctr(ctx, bin, socket, append(append([]string{"images", "import"}, flags...), "-")...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("load %s: expected a Docker or OCI archive: %w: %s", archive, err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// ctr is the command line of containerd, for the images of the kubelet.
func ctr(ctx context.Context, bin, socket string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(bin, "ctr"), append([]string{"--address", socket, "--namespace", "k8s.io"}, args...)...)
}
