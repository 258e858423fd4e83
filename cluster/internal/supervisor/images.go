package supervisor

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// loadImages imports archives into one node. It needs not enter the node: its socket is reached by path.
func loadImages(ctx context.Context, bin, socket string, archives []string) error {
	for _, archive := range archives {
		if err := Load(ctx, bin, socket, archive); err != nil {
			return err
		}
	}
	return nil
}

// Load imports a Docker or OCI archive into the node whose containerd listens on socket.
func Load(ctx context.Context, bin, socket, archive string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "ctr"), "--address", socket, "--namespace", "k8s.io", "images", "import", "-")
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("load %s: expected a Docker or OCI archive: %w: %s", archive, err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// waitSocket waits until something answers on a unix socket.
func waitSocket(ctx context.Context, path string) error {
	return until(ctx, func() error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			conn.Close()
		}
		return err
	})
}
