//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fails expects `up` to fail, to say why, and to leave nothing, before any `down`.
func (c *cluster) fails(says []string, args ...string) {
	c.t.Helper()
	out, code := c.run(append([]string{"up"}, args...)...)
	c.t.Logf("exit code %d:\n%s", code, out)
	if code != 3 {
		c.t.Errorf("exit code: expected 3, found %d", code)
	}
	for _, text := range says {
		if !strings.Contains(out, text) {
			c.t.Errorf("expected the output to say %q", text)
		}
	}
	c.mustBeGone()
}

func TestPortTaken(t *testing.T) {
	exhaustive(t)
	c := newCluster(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	c.fails([]string{fmt.Sprintf("port %d", port), "choose another --port"}, fmt.Sprintf("--port=%d", port))
}

// TestDiskTooSmall is found before anything starts; TestDiskFull is not.
func TestDiskTooSmall(t *testing.T) {
	exhaustive(t)
	c := newCluster(t, "KBE_CLUSTER_STATE="+disk(t, "64m"))
	c.fails([]string{"disk space", "expected 1024 MiB", "KBE_CLUSTER_STATE"})
}

func TestDiskFull(t *testing.T) {
	exhaustive(t)
	state := disk(t, "1100m")
	c := newCluster(t, "KBE_CLUSTER_STATE="+state)
	// Preflight looks at the disk; fill it right after, as someone else's process would.
	cmd := c.command("up", "--nodes=1", "--wait=20s")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for scan := bufio.NewScanner(stderr); scan.Scan(); {
		fmt.Fprintln(&out, scan.Text())
		if strings.Contains(scan.Text(), "starting cluster") {
			fill(filepath.Join(state, "filler"))
		}
	}
	_ = cmd.Wait()
	t.Logf("exit code %d:\n%s", cmd.ProcessState.ExitCode(), out.String())
	if cmd.ProcessState.ExitCode() != 3 || !strings.Contains(strings.ToLower(out.String()), "no space left") || strings.Count(out.String(), "\n") > 40 {
		t.Errorf("expected exit code 3, and a word about the disk in at most 40 lines")
	}
	c.mustBeGone()
}

// disk mounts a small disk for the test. Mounts of the machine are compared meanwhile, so it is part of "before".
func disk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes until nothing more fits.
func fill(path string) {
	f, err := os.Create(path)
	if err != nil {
		return
	}
	defer f.Close()
	for block := make([]byte, 1<<20); err == nil; {
		_, err = f.Write(block)
	}
	for block := make([]byte, 1<<12); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

func TestBrokenPart(t *testing.T) {
	exhaustive(t)
	const text = "this part is broken on purpose"
	for part, want := range map[string][]string{
		"kubelet":        {"kubelet", "exit status 7", text},
		"kube-apiserver": {"kube-apiserver", "exit status 7", text},
		"containerd":     {"the part containerd is broken", "and it is built again"},
	} {
		t.Run(part, func(t *testing.T) {
			c := newCluster(t, "XDG_CACHE_HOME="+cacheWith(t, part, "#!/bin/sh\necho "+text+"\nexit 7\n"))
			c.fails(want, "--nodes=1", "--wait=30s")
		})
	}
}

// cacheWith returns a copy of the cache of parts, made of links, with one part replaced.
func cacheWith(t *testing.T, part, text string) string {
	t.Helper()
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.MkdirTemp(user, "kbe-e2e-") // on the same disk, for links
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(cache) })
	for _, path := range append(names(user+"/kbe-cluster/parts/*/bin/*"), names(user+"/kbe-cluster/images/*/*")...) {
		rel, err := filepath.Rel(user, path)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(cache, rel)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) == part {
			err = os.WriteFile(to, []byte(text), 0o755)
		} else {
			// What containerd has taken the images into is a folder.
			err = exec.CommandContext(t.Context(), "cp", "--archive", "--link", path, to).Run()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return cache
}

func TestInterrupt(t *testing.T) {
	exhaustive(t)
	for _, moment := range []string{"starting cluster", "namespaces", "kube-apiserver"} {
		t.Run("after "+moment, func(t *testing.T) {
			c := newCluster(t)
			cmd := c.command("up")
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var interrupted time.Time
			var out strings.Builder
			for scan := bufio.NewScanner(stderr); scan.Scan(); {
				fmt.Fprintln(&out, scan.Text())
				if interrupted.IsZero() && strings.Contains(scan.Text(), moment) {
					c.look()
					interrupted = time.Now()
					if err := cmd.Process.Signal(os.Interrupt); err != nil {
						t.Fatal(err)
					}
				}
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 130 {
				t.Errorf("exit code: expected 130, found %d:\n%s", code, out.String())
			}
			if took := time.Since(interrupted); took > 5*time.Second {
				t.Errorf("%s from the interrupt to the end, expected at most 5s", took)
			}
			c.mustBeGone()
		})
	}
}

func TestUsage(t *testing.T) {
	c := newCluster(t)
	for _, args := range [][]string{{"up", "--nodes=0"}, {"up", "--nodes=101"}, {"up", "--port=70000"}, {"up", "extra"}, {"up", "--no-such-flag"},
		{"no-such-command"}, {"load"}, {"image"}, {"images", "extra"}, {"status", "-o", "xml"}, {"--name=UPPER", "up"}, {"--name=a/b", "down"}, {"--name=" + strings.Repeat("a", 31), "down"}} {
		if out, code := c.run(args...); code != 2 {
			t.Errorf("%v: expected exit code 2, found %d:\n%s", args, code, out)
		}
	}
	for _, args := range [][]string{{"status"}, {"images"}, {"kubeconfig"}, {"load", "/nonexistent"}, {"logs"}, {"kubectl", "get", "nodes"}} {
		if out, code := c.run(args...); code != 3 || !strings.Contains(out, "kbe-cluster up") {
			t.Errorf("%v of no cluster: expected exit code 3 and what to do, found %d:\n%s", args, code, out)
		}
	}
}
