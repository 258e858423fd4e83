package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/supervisor"
)

// EnvSupervised marks the process that `up` starts in the background.
const EnvSupervised = "KBE_CLUSTER_SUPERVISED"

// The open files that the supervisor is started with, after the three usual ones.
const (
	fdEvents = 3
	fdAPI    = 4
)

// Supervise is the other end of follow, in the background process.
func Supervise(ctx context.Context, dir state.Dir, wait time.Duration) error {
	events, socket := os.NewFile(fdEvents, "events"), os.NewFile(fdAPI, "api")
	syscall.CloseOnExec(fdEvents)
	api, err := net.FileListener(socket)
	if err != nil {
		return fmt.Errorf("take over the socket of the API: %w", err)
	}
	socket.Close()
	return supervisor.Run(ctx, dir, api, events, wait)
}

// follow starts the supervisor and shows its progress until the cluster is ready.
func follow(ctx context.Context, dir state.Dir, api *net.TCPListener, wait time.Duration, p *progress.Printer) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	defer context.AfterFunc(ctx, func() { read.Close() })()
	err = spawn(dir, api, write, wait)
	write.Close()
	if err != nil {
		return fmt.Errorf("start the supervisor: %w", err)
	}
	waiting := newWaiting()
	defer progress.Every(func() { p.Live("%s", waiting) })()
	for decoder := json.NewDecoder(read); ; {
		var event supervisor.Event
		if err := decoder.Decode(&event); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("it ended unexpectedly")
			}
			return fmt.Errorf("supervisor: %w%s", err, tail(dir, "supervisor"))
		}
		switch {
		case event.Up:
			return nil
		case event.Failed != "":
			return fmt.Errorf("cluster %s did not come up: %s%s", dir.Name(), event.Failed, tail(dir, event.Log))
		default:
			waiting.ready(event.Part)
			p.Done(event.Part, event.What, time.Duration(event.Seconds*float64(time.Second)))
		}
	}
}

func spawn(dir state.Dir, api *net.TCPListener, events *os.File, wait time.Duration) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	socket, err := api.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := os.MkdirAll(dir.Path("log"), 0o755); err != nil {
		return err
	}
	log, err := sandbox.Log(dir.Log("supervisor"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, "supervise", "--wait", wait.String(), dir.Name())
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.Env = append(os.Environ(), EnvSupervised+"=1", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"PATH="+config.Path) // where the components look: the user's may lack nft
	cmd.ExtraFiles = []*os.File{events, socket}          // fdEvents, fdAPI
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // outlives the terminal, and its Ctrl-C is not for it
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // no zombie while we follow it
	// It writes this too, but an interrupt may come before.
	process, err := state.ProcessOf(cmd.Process.Pid)
	if err != nil {
		return nil // it ended already: its events say why
	}
	return dir.WriteSupervisor(process)
}

// tailLines is how much of a log explains a failure.
const tailLines = 15

// tail returns the end of a component's log as an appendix to an error.
func tail(dir state.Dir, component string) string {
	data, err := os.ReadFile(dir.Log(component))
	text := strings.TrimSpace(string(data))
	if err != nil || text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return fmt.Sprintf("\nthe end of the log of %s:\n  %s", component, strings.Join(lines, "\n  "))
}
