//go:build e2e

package e2e

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func testOutside(c *cluster, probes map[string]map[string]probe) {
	c.t.Run("sees the API server and nothing else", func(t *testing.T) {
		script := "grep -c : /proc/net/dev; " + program + ` --name "$0" kubectl get nodes -o name; ` +
			`curl -sS -m 5 "http://$1:9876/health"; echo "curl: $?"`
		out := c.on(t).must("outside", "--", "bash", "-c", script, c.name, probes["web"]["node-1"].addresses[0])
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if lines[0] != "1" || !strings.Contains(out, "node/node-3") || lines[len(lines)-1] != "curl: "+refused {
			t.Errorf("expected one link, the nodes, and curl's exit code %s at once, found:\n%s", refused, out)
		}
	})
	c.t.Run("is the command itself", func(t *testing.T) {
		cmd := c.command("outside", "bash", "-c", `trap "exit 42" INT; echo "$MARK"; read -r line; echo "$line"; read -r line`)
		cmd.Env = append(cmd.Env, "MARK=of the environment")
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
		scan := bufio.NewScanner(out)
		if !scan.Scan() || scan.Text() != "of the environment" {
			t.Errorf("environment: found %q", scan.Text())
		}
		if _, err := in.Write([]byte("of standard input\n")); err != nil {
			t.Fatal(err)
		}
		if !scan.Scan() || scan.Text() != "of standard input" {
			t.Errorf("standard input: found %q", scan.Text())
		}
		relay := relayOf(cmd.Process.Pid)
		if relay == "" {
			t.Fatal("expected a relay that is a child of the command")
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 42 {
			t.Errorf("exit code after the signal: expected 42, found %d", code)
		}
		c.on(t).eventually("the relay ends", func() bool { _, err := os.Stat(relay); return err != nil })
	})
	c.t.Run("a killed command leaves nothing", func(t *testing.T) {
		cmd := c.command("outside", "sleep", "infinity")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		c.on(t).eventually("the command runs", func() bool {
			name, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "comm"))
			return string(name) == "sleep\n"
		})
		relay := relayOf(cmd.Process.Pid)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		c.on(t).eventually("the relay ends", func() bool { _, err := os.Stat(relay); return relay != "" && err != nil })
	})
}

// relayOf returns the folder in /proc of the relay of a command, which is its child.
func relayOf(pid int) string {
	for _, child := range processes() {
		args, _ := os.ReadFile("/proc/" + child + "/cmdline")
		stat, _ := os.ReadFile("/proc/" + child + "/stat")
		_, after, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(after); len(f) > 1 && f[1] == strconv.Itoa(pid) && strings.Contains(string(args), "\x00relay\x00") {
			return "/proc/" + child
		}
	}
	return ""
}
