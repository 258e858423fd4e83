package image

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/poll"
)

// containerdFolder is the folder of a store, and what containerd calls its root.
const containerdFolder = "containerd"

// storeConfig is for a containerd that takes images, and runs nothing.
const storeConfig = `version = 3
root = %[1]q
state = %[2]q
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]
[grpc]
  address = %[3]q
`

// store has containerd, one of the parts in bin, take the images of an archive once: to load
// them takes more than a second of a processor, which nodes that begin with a copy need not
// spend. It needs root. It is the same for all versions of Kubernetes whose parts have this
// containerd: clusters of several may start at the same time.
func store(of artifact, bin string) (artifact, error) {
	containerd, err := buildOf(bin, "containerd")
	if err != nil {
		return artifact{}, err
	}
	return artifact{
		what: "store of " + of.what,
		file: of.file + "." + containerdFolder,
		key:  keyOf(of.key, containerd),
		from: []artifact{of},
		make: func(ctx context.Context, from []string, dir, path string) error {
			short, err := os.MkdirTemp("", "kbe-") // a socket's path has at most 108 bytes
			if err != nil {
				return err
			}
			defer os.RemoveAll(short)
			socket, config := filepath.Join(short, "sock"), filepath.Join(dir, "config.toml")
			if err := os.WriteFile(config, fmt.Appendf(nil, storeConfig, path, filepath.Join(short, "state"), socket), 0o600); err != nil {
				return err
			}
			return withContainerd(ctx, bin, config, socket, func() error { return Load(ctx, bin, socket, from[0]) })
		},
	}, nil
}

// buildOf is what a part in bin was built from: it is the same for all versions of Kubernetes.
func buildOf(bin, part string) (string, error) {
	built, err := buildinfo.ReadFile(filepath.Join(bin, part))
	if err != nil {
		return "", fmt.Errorf("the part %s is broken: %w: remove %s, and it is built again", part, err, bin)
	}
	return built.String(), nil
}

// withContainerd does something while a containerd runs, and ends it, so that all of its data is
// on the disk.
func withContainerd(ctx context.Context, bin, config, socket string, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "containerd"), "--config", config, "--log-level", "warn")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	err := poll.Socket(ctx, socket)
	if err == nil {
		err = do()
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // Wait says what became of it
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if err != nil {
		return fmt.Errorf("containerd: %w: %s", err, bytes.TrimSpace(log.Bytes()))
	}
	return nil
}

// Copy gives a node that was never started the images of a store, as the data of its containerd.
// What never changes are links to the store's files, where both are on one disk.
func Copy(ctx context.Context, store, data string) error {
	if err := os.MkdirAll(filepath.Dir(data), 0o755); err != nil {
		return err
	}
	if copyAll(ctx, "--link", store, data) != nil {
		if err := os.RemoveAll(data); err != nil {
			return err
		}
		return copyAll(ctx, "--reflink=auto", store, data)
	}
	databases, err := filepath.Glob(filepath.Join(store, "*", "*.db"))
	if err != nil {
		return err
	}
	for _, database := range databases {
		plugin := filepath.Join(data, filepath.Base(filepath.Dir(database)))
		if err := copyAll(ctx, "--remove-destination", database, plugin+"/"); err != nil {
			return err
		}
	}
	return nil
}

func copyAll(ctx context.Context, how, from, to string) error {
	out, err := exec.CommandContext(ctx, "cp", "--archive", how, from, to).CombinedOutput()
	if err != nil {
		first, _, _ := bytes.Cut(out, []byte("\n")) // on a full disk there is a line for each file
		return fmt.Errorf("copy %s to %s: %w: %s", from, to, err, first)
	}
	return nil
}
