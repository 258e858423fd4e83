//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestNotRoot(t *testing.T) {
	c := newCluster(t)
	cmd := c.command("up")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(out), "expected root") {
		t.Errorf("expected exit code 3 and a word about root, found %d:\n%s", code, out)
	}
}

// TestMachineLacksSomething hides parts of the machine from one process, in its own mount namespace.
func TestMachineLacksSomething(t *testing.T) {
	exhaustive(t)
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Fatal(err)
	}
	fewer := filepath.Join(t.TempDir(), "controllers")
	if err := os.WriteFile(fewer, []byte("cpu memory\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, hide := range map[string]struct{ script, says string }{
		"runc": {"mount --bind /dev/null " + runc, "install the package runc"},
		"controller": {"if [ -e /sys/fs/cgroup/cgroup.controllers ]; then mount --bind " + fewer + " /sys/fs/cgroup/cgroup.controllers; else umount /sys/fs/cgroup/pids; fi",
			"not found: "},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			cmd := exec.Command("sh", "-ec", hide.script+`; exec "$0" --name "$1" up`, program, c.name)
			cmd.Env = append(os.Environ(), c.env...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(string(out), hide.says) {
				t.Errorf("expected exit code 3 and %q, found %d:\n%s", hide.says, code, out)
			}
			t.Logf("%s", out)
			c.mustBeGone()
		})
	}
}
