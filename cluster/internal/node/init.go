package node

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
)

// InitCommand is the command of this program that Init is: NAME STATE BIN.
const InitCommand = "node-init"

// Command returns the command line that runs Init.
func (r Root) Command() *exec.Cmd {
	return &exec.Cmd{Path: "/proc/self/exe", Args: []string{"kbe-cluster", InitCommand, r.Name, r.State, r.Bin}, Dir: "/"}
}

// Init is the first process of a node's PID namespace: it makes the node's file system, because /proc shows the namespace
// of the process that mounts it, and then does nothing, as long as the node runs. The kernel itself reaps the processes
// that lose their parent, because it ignores how they ended.
func (r Root) Init() error {
	said := os.NewFile(sandbox.ReadyFD, "ready")
	if err := r.Make(); err != nil {
		fmt.Fprint(said, err)
		return err
	}
	signal.Ignore(syscall.SIGCHLD)
	fmt.Fprint(said, sandbox.Ready)
	said.Close()
	// A small program in place of this large one.
	return syscall.Exec("/bin/sleep", []string{"sleep", "infinity"}, []string{"PATH=/usr/bin:/bin"})
}
