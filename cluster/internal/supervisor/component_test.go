package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/poll"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// shell is a component that runs a script, in the namespaces and control groups of the test.
func shell(t *testing.T, script string) component {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	return component{name: "part", args: []string{sh, "-c", script}, in: &sandbox.Sandbox{}, group: cgroup.Of(nil, "test")}
}

// newKeeper returns a keeper of a cluster in a folder of its own, and what it gives up with.
func newKeeper(t *testing.T) (*keeper, <-chan error) {
	t.Helper()
	dir := state.Dir(t.TempDir())
	if err := os.Mkdir(dir.Path("log"), 0o755); err != nil {
		t.Fatal(err)
	}
	gaveUp := make(chan error, 1)
	return &keeper{dir: dir, path: "/usr/bin:/bin", home: cgroup.Of(nil, "test"), giveUp: func(err error) { gaveUp <- err }}, gaveUp
}

// written waits until the keeper has written a status of its component with which the condition holds.
func written(t *testing.T, k *keeper, what string, condition func(state.Component) bool) state.Component {
	t.Helper()
	var found state.Component
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := poll.Until(ctx, func() error {
		status, err := k.dir.Status()
		if err != nil {
			return err
		}
		if found = status.Components[0]; !condition(found) {
			return errors.New("not so yet")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v, found %+v", what, err, found)
	}
	return found
}

// logged waits until the log of the component is this text.
func logged(t *testing.T, k *keeper, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := poll.Until(ctx, func() error {
		log, err := os.ReadFile(k.dir.Log("part"))
		if err == nil && string(log) != want {
			err = fmt.Errorf("expected the log %q, found %q", want, log)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAComponentThatEndsIsRestarted(t *testing.T) {
	k, _ := newKeeper(t)
	k.ready()
	ctx, cancel := context.WithCancel(t.Context())
	done := k.run(ctx, shell(t, "echo started; exec sleep 1000"))
	first := written(t, k, "it runs", func(c state.Component) bool { return c.PID != 0 })
	if first.Name != "part" || first.Restarts != 0 || first.LastExit != "" {
		t.Errorf("after the first start: found %+v", first)
	}
	logged(t, k, "started\n")
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := written(t, k, "it is restarted", func(c state.Component) bool { return c.PID != 0 && c.PID != first.PID })
	if second.Restarts != 1 || second.LastExit != "signal: killed" {
		t.Errorf("after the restart: expected 1 restart and how it ended, found %+v", second)
	}
	logged(t, k, "started\nstarted\n")
	cancel()
	if err := syscall.Kill(second.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-done
	if last := written(t, k, "it ended", func(c state.Component) bool { return c.PID == 0 }); last.Restarts != 1 {
		t.Errorf("after the end of the context: expected no restart, found %+v", last)
	}
}

func TestAStartIsGivenUpAfterThreeEnds(t *testing.T) {
	k, gaveUp := newKeeper(t)
	<-k.run(t.Context(), shell(t, "exit 7"))
	err := <-gaveUp
	var culprit *componentError
	if !errors.As(err, &culprit) || culprit.component != "part" || !strings.Contains(err.Error(), "ended 3 times while the cluster was starting, last with: exit status 7") {
		t.Errorf("expected the component, how often and how it ended, found %v", err)
	}
}

func TestAComponentThatCannotBeStartedHasEnded(t *testing.T) {
	k, gaveUp := newKeeper(t)
	c := shell(t, "")
	c.args = []string{"/no/such/program"}
	<-k.run(t.Context(), c)
	if err := <-gaveUp; !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("expected an error that names the program, found %v", err)
	}
}

func TestTheEnvironmentIsTheComponentsOwn(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1")
	k, _ := newKeeper(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	<-k.run(ctx, shell(t, "env"))
	log, err := os.ReadFile(k.dir.Log("part"))
	if err != nil || strings.Contains(string(log), "PROXY") || !strings.Contains(string(log), "PATH=/usr/bin:/bin\n") {
		t.Errorf("expected the keeper's PATH and nothing of the user's, found %s, %v", log, err)
	}
}

// TestAPlaceIsKept is about a node that boots again: its components are not listed twice.
func TestAPlaceIsKept(t *testing.T) {
	k, _ := newKeeper(t)
	if first, second, again := k.add("etcd"), k.add("kubelet"), k.add("etcd"); first != 0 || second != 1 || again != 0 {
		t.Errorf("expected the places 0, 1 and 0, found %d, %d and %d", first, second, again)
	}
}
