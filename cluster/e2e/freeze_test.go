//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
)

// TestFreeze is about each version of control groups that the machine has; a cluster uses one of them.
func TestFreeze(t *testing.T) {
	exhaustive(t)
	hierarchies, err := cgroup.Mounted()
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, h := range hierarchies {
		if !h.V2 && !strings.Contains(strings.Join(h.Controllers, ","), "freezer") {
			continue
		}
		tested++
		t.Run(filepath.Base(h.Mount), func(t *testing.T) {
			name := fmt.Sprintf("e2e-%06x", rand.N(1<<24))
			testFreeze(t, h, cgroup.Of([]cgroup.Hierarchy{h}, name))
		})
	}
	if tested == 0 {
		t.Error("expected a hierarchy that can freeze")
	}
}

func testFreeze(t *testing.T, h cgroup.Hierarchy, group cgroup.Group) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	below := group.Child("below")
	if err := below.Create(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() {
		if err := group.Remove(ctx); err != nil {
			t.Error(err)
		}
	}()
	if err := os.WriteFile(h.Mount+below.Path+"/cgroup.procs", []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := group.Freeze(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("echo\n")); err != nil {
		t.Fatal(err)
	}
	answer := out.(*os.File)
	if err := answer.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := answer.Read(make([]byte, 10)); n != 0 || !os.IsTimeout(err) {
		t.Errorf("a frozen process answered: %d bytes, %v", n, err)
	}
	if err := answer.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := group.Thaw(); err != nil {
		t.Fatal(err)
	}
	if n, err := answer.Read(make([]byte, 10)); n == 0 {
		t.Errorf("a thawed process: expected it to answer, found %v", err)
	}
	if err := group.Freeze(ctx); err != nil { // Remove has to cope with that
		t.Fatal(err)
	}
}
