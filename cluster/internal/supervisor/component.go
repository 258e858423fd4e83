package supervisor

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// component is a process that is started again when it ends.
type component struct {
	name  string
	args  []string
	in    *sandbox.Sandbox
	group cgroup.Group
}

const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 10 * time.Second
	// steady is how long a process must have run for its end not to count as a repeated failure.
	steady = 30 * time.Second
	// startFailures is how often a component may end before the cluster was ready once.
	startFailures = 3
)

// keeper keeps components running and writes down how they are.
type keeper struct {
	dir  state.Dir
	path string       // PATH of every component
	home cgroup.Group // of this process
	// giveUp is called when a component ends again and again before the cluster was ready.
	giveUp func(error)

	mu     sync.Mutex
	status state.Status
}

// componentError says which component's log explains a failure.
type componentError struct {
	component string
	err       error
}

func (e *componentError) Error() string { return e.component + ": " + e.err.Error() }
func (e *componentError) Unwrap() error { return e.err }

// run starts the component and keeps it running until the context ends and the process with it; then done is closed. It
// returns after the first start.
func (k *keeper) run(ctx context.Context, c component) (done <-chan struct{}) {
	i := k.add(c.name)
	process := k.start(c, i)
	over := make(chan struct{})
	go func() {
		defer close(over)
		k.keep(ctx, c, i, process)
	}()
	return over
}

func (k *keeper) keep(ctx context.Context, c component, i int, process *sandbox.Process) {
	backoff := firstBackoff
	for ends := 1; ; ends++ {
		begin := time.Now()
		if process != nil {
			k.ended(i, <-process.Done)
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(begin) > steady {
			backoff = firstBackoff
		}
		if ends >= startFailures && !k.wasReady() {
			k.giveUp(&componentError{c.name, fmt.Errorf("ended %d times while the cluster was starting, last with: %s", ends, k.lastExit(i))})
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
		k.update(i, func(s *state.Component) { s.Restarts++ })
		process = k.start(c, i)
	}
}

// start returns nil when the process could not be started, which counts as one that ended at once.
func (k *keeper) start(c component, i int) *sandbox.Process {
	process, err := k.launch(c)
	if err != nil {
		k.ended(i, err)
		return nil
	}
	k.update(i, func(s *state.Component) { s.PID, s.Since = process.PID, time.Now() })
	return process
}

func (k *keeper) launch(c component) (*sandbox.Process, error) {
	log, err := sandbox.Log(k.dir.Log(c.name))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := &exec.Cmd{Path: c.args[0], Args: c.args, Dir: "/", Stdout: log, Stderr: log,
		// Not the user's environment: a proxy, for one, would send the components' requests astray.
		// They are Go programs that have little to do: with less garbage, three nodes need 80 MB less.
		Env: []string{"PATH=" + k.path, "HOME=/root", "LANG=C.UTF-8", "GOGC=50"}}
	return c.in.Start(cmd, c.group, k.home)
}

// add returns the place of a component in the status, which it keeps when its node boots again.
func (k *keeper) add(name string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if i := slices.IndexFunc(k.status.Components, func(c state.Component) bool { return c.Name == name }); i >= 0 {
		return i
	}
	k.status.Components = append(k.status.Components, state.Component{Name: name})
	return len(k.status.Components) - 1
}

func (k *keeper) ended(i int, err error) {
	exit := "exit status 0"
	if err != nil {
		exit = err.Error()
	}
	k.update(i, func(s *state.Component) { s.PID, s.Since, s.LastExit = 0, time.Now(), exit })
}

func (k *keeper) lastExit(i int) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status.Components[i].LastExit
}

func (k *keeper) wasReady() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.status.Ready.IsZero()
}

func (k *keeper) ready() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status.Ready = time.Now()
	k.write()
}

func (k *keeper) update(i int, change func(*state.Component)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.status.Components[i])
	k.write()
}

// write is called with the lock held. A full disk must not end the cluster; `status` then shows older figures.
func (k *keeper) write() {
	_ = k.dir.WriteStatus(state.Status{Ready: k.status.Ready, Components: slices.Clone(k.status.Components)})
}
