package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

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
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.pid == nil {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	} // else it ends with the first process of its namespace; Go takes a parent in another one for dead
	return s.spawn(cmd, group, home)
}

// Init starts cmd as the first process of a PID namespace of the sandbox's own, and returns when it has written Ready to
// the file ReadyFD; what else it writes is the error. All processes in the namespace end with it, and it with this
// process.
func (s *Sandbox) Init(cmd *exec.Cmd, group, home cgroup.Group) error {
	said, say, err := os.Pipe()
	if err != nil {
		return err
	}
	defer said.Close()
	cmd.ExtraFiles = []*os.File{say}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWPID}
	process, err := s.spawn(cmd, group, home)
	say.Close()
	if err != nil {
		return err
	}
	if text, err := io.ReadAll(said); err != nil || string(text) != Ready {
		return errors.Join(fmt.Errorf("first process of the PID namespace: expected %q, found %q", Ready, text), err)
	}
	s.pid, err = os.Open(fmt.Sprintf("/proc/%d/ns/pid", process.PID))
	return err
}

// What the first process of a PID namespace says, and where.
const (
	Ready   = "ready"
	ReadyFD = 3
)

func (s *Sandbox) spawn(cmd *exec.Cmd, group, home cgroup.Group) (*Process, error) {
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
	if s.pid != nil { // which is for children: a process does not change its own
		if err := unix.Setns(int(s.pid.Fd()), unix.CLONE_NEWPID); err != nil {
			return fmt.Errorf("enter PID namespace: %w", err)
		}
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
