package reach_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
)

// freePort is one of loopback that nothing listens on.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// TestAContainerIsReadyWhenItListens runs the container's command and its hook on this
// machine: the hook ends when the program listens, which it does on both families.
func TestAContainerIsReadyWhenItListens(t *testing.T) {
	port := freePort(t)
	c := reach.ServiceContainer("sise", "shell", "n0nce", port)
	words := c.Lifecycle.PostStart.Exec.Command
	hook := exec.CommandContext(t.Context(), words[0], words[1:]...)
	if err := hook.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- hook.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("nothing listens, and the hook has ended: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	program := exec.CommandContext(t.Context(), c.Command[0], c.Command[1:]...)
	for _, env := range c.Env {
		program.Env = append(program.Environ(), env.Name+"="+env.Value)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the hook: %v", err)
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		address := net.JoinHostPort(host, strconv.Itoa(int(port)))
		if text := get(t, "http://"+address+"/info"); !strings.Contains(text, `"host": "`+address+`", "version": "n0nce", "from": "`+host+`"`) {
			t.Errorf("%s: found %s", address, text)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// A program that never listens does not keep its Pod from being found out.
func TestTheHookEndsInAnyCase(t *testing.T) {
	words := reach.ServiceContainer("sise", "shell", "", freePort(t)).Lifecycle.PostStart.Exec.Command
	for name, script := range map[string]string{
		"nothing listens": strings.ReplaceAll(words[2], "-le 300", "-le 3"),
		"no curl":         strings.ReplaceAll(words[2], "curl", "no-such-program 2>/dev/null"),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if out, err := exec.CommandContext(ctx, words[0], "-c", script).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: found %v, %s", name, err, out)
		}
	}
}
