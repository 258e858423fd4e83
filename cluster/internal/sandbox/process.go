package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/cgroup"
)

// Process is a running child in a sandbox.
type Process struct {
	// PID is the process number.
	PID int
	// Done gets one value, how the process ended, when it has.
	Done <-chan error
}

// Start starts cmd in the sandbox and in the control group. The kernel kills it when this process, whose own group is
// home, ends.
func (s *Sandbox) Start(cmd *exec.Cmd, group, home cgroup.Group) (*Process, error) {
	started := make(chan error, 1)
	done := make(chan error, 1)
	go func() {
		// Pdeathsig counts from the thread that forked, not from the process: the thread must live as long as the child.
		runtime.LockOSThread()
		err := s.start(cmd, group, home)
		started <- err
		if err == nil {
			done <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return &Process{PID: cmd.Process.Pid, Done: done}, nil
}

func (s *Sandbox) start(cmd *exec.Cmd, group, home cgroup.Group) (err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	v2, err := group.Open()
	if err != nil {
		return err
	}
	if v2 != nil {
		defer v2.Close()
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(v2.Fd())
	}
	// The thread does not stay: who freezes or empties the group does not mean us.
	defer func() { err = errors.Join(err, home.JoinThread()) }()
	if err := group.JoinThread(); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return nil
}

// Log opens path for a process to append its output to.
func Log(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
