package outside

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
)

// Run replaces this process by the command, in a network namespace that has a loopback interface and no other. The
// address api, of this machine's loopback, answers there too. Run returns only when it fails.
//
// The command is this very process, so its exit code, signals and terminal are its own. The relay is a child that ends
// with it; the namespace goes with both.
func Run(api, path string, args []string) error {
	box, err := sandbox.New(false)
	if err != nil {
		return err
	}
	var front net.Listener
	err = box.Do(func() error {
		if err := network.SetUpLoopback(); err != nil {
			return err
		}
		front, err = net.Listen("tcp", api)
		return err
	})
	if err != nil {
		return fmt.Errorf("listen on %s in a new network namespace: %w", api, err)
	}
	if err := spawnRelay(api, front.(*net.TCPListener)); err != nil {
		return fmt.Errorf("start the relay to %s: %w", api, err)
	}
	return box.Do(func() error { return syscall.Exec(path, args, os.Environ()) })
}

// spawnRelay starts the relay, which stays in this network namespace.
func spawnRelay(api string, front *net.TCPListener) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	listener, err := front.File()
	if err != nil {
		return err
	}
	defer listener.Close()
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err
	}
	user := os.NewFile(uintptr(fd), "the relay's user")
	defer user.Close()
	cmd := exec.Command(self, RelayCommand, api)
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{listener, user}          // fdListener, fdUser
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // the terminal's Ctrl-C is for the command
	return cmd.Start()
}
