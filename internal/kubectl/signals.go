package kubectl

import (
	"os"
	"syscall"
	_ "unsafe" // for go:linkname

	_ "k8s.io/kubectl/pkg/util/interrupt" // whose variable is set below
)

// Some of kubectl's commands (delete, get --watch, logs, rollout, run) take the
// signals that stop a program while they wait, and end the process with
// os.Exit(1), with no way to say otherwise: nothing would be cleaned up, and a
// signal is for the run to act on. Here they may take none but SIGQUIT, which ends
// the process at once in any case. The variable is the package's own list; a test
// reports when it no longer exists.
//
//go:linkname terminationSignals k8s.io/kubectl/pkg/util/interrupt.terminationSignals
var terminationSignals []os.Signal

func init() { terminationSignals = []os.Signal{syscall.SIGQUIT} }
