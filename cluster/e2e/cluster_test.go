//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/fault"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

// cluster is a cluster that a test may or may not have started. After the test nothing of it is left.
type cluster struct {
	t      *testing.T
	name   string
	config string // the user's kubeconfig
	env    []string
	before machine
	used   map[string]bool // namespaces that its processes were seen in
	server string          // the address of its API server, once it was up
}

// newCluster looks at the machine, and compares at the end of the test.
func newCluster(t *testing.T, env ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, name: fmt.Sprintf("e2e-%06x", rand.N(1<<24)), used: map[string]bool{},
		config: filepath.Join(t.TempDir(), "kubeconfig")}
	c.env = append([]string{"KUBECONFIG=" + c.config}, env...)
	c.before = look(t)
	made.Store(c.name, c.config)
	t.Cleanup(c.gone)
	return c
}

// gone removes the cluster and proves it.
func (c *cluster) gone() {
	c.look()
	if out, code := c.run("down"); code != 0 {
		c.t.Errorf("down: exit code %d:\n%s", code, out)
	}
	c.mustBeGone()
}

// mustBeGone compares without removing anything first.
func (c *cluster) mustBeGone() {
	c.t.Helper()
	for _, difference := range c.before.compare(look(c.t)) {
		c.t.Error(difference)
	}
	for _, left := range leftovers(c.t, c.name, c.used) {
		c.t.Errorf("left behind: %s", left)
	}
	if c.server == "" {
		return
	}
	if conn, err := net.DialTimeout("tcp", c.server, time.Second); err == nil {
		conn.Close()
		c.t.Errorf("left behind: something listens on %s", c.server)
	}
}

// look remembers the namespaces that the cluster uses now.
func (c *cluster) look() {
	for ns := range namespacesOf(c.t, c.name) {
		c.used[ns] = true
	}
}

// command is the program with arguments, for this cluster.
func (c *cluster) command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, append([]string{"--name", c.name}, args...)...)
	cmd.Env = append(os.Environ(), c.env...)
	return cmd
}

// run returns what the program wrote, to both streams, and its exit code.
func (c *cluster) run(args ...string) (string, int) {
	c.t.Helper()
	cmd := c.command(args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		c.t.Fatalf("%s: %v", cmd, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// must fails the test when the exit code is not 0.
func (c *cluster) must(args ...string) string {
	c.t.Helper()
	out, code := c.run(args...)
	if code != 0 {
		c.t.Fatalf("kbe-cluster %s: exit code %d, expected 0:\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// up starts the cluster.
func (c *cluster) up(args ...string) {
	c.t.Helper()
	c.t.Log(c.must(append([]string{"up", "--kubernetes", *kubernetes}, args...)...))
	c.look()
	_, after, _ := strings.Cut(c.must("kubeconfig"), "server: https://")
	c.server, _, _ = strings.Cut(after, "\n")
}

// kubectl returns the standard output of kubectl.
func (c *cluster) kubectl(args ...string) string {
	c.t.Helper()
	cmd := c.command(append([]string{"kubectl"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("kubectl %s: %v: %s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// component is what `status` says of one.
type component struct {
	Name          string
	PID, Restarts int
}

// apply applies a manifest.
func (c *cluster) apply(manifest string) {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.kubectl("apply", "-f", path)
}

// status is the part of `status -o json` that tests look at.
type status struct {
	Nodes      []supervisor.NodeStatus
	Components []component
	Faults     []fault.Fault
}

func (c *cluster) status() (s status) {
	c.t.Helper()
	out, _ := c.command("status", "-o", "json").Output() // fails while the API server restarts; the rest is there all the same
	if err := json.Unmarshal(out, &s); err != nil {
		c.t.Fatalf("status: %v: %s", err, out)
	}
	return s
}

// expectFaults expects that status lists these faults, in order.
func (c *cluster) expectFaults(want ...string) {
	c.t.Helper()
	var found []string
	for _, f := range c.status().Faults {
		found = append(found, f.String())
	}
	if !slices.Equal(found, want) {
		c.t.Errorf("status: expected the faults %q, found %q", want, found)
	}
}

func (c *cluster) component(name string) component {
	c.t.Helper()
	s := c.status()
	for _, each := range s.Components {
		if each.Name == name {
			return each
		}
	}
	c.t.Fatalf("status has no component %s: %v", name, s)
	return component{}
}

// eventually waits for a condition.
func (c *cluster) eventually(what string, condition func() bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); !condition(); {
		select {
		case <-ctx.Done():
			c.t.Fatalf("not within a minute: %s", what)
		case <-tick.C:
		}
	}
}
