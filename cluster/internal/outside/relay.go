package outside

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/relay"
)

// RelayCommand is the subcommand of this program that Run starts for Relay.
const RelayCommand = "relay"

// The open files that the relay is started with, after the three usual ones.
const (
	fdListener = 3
	fdUser     = 4
)

// Relay passes what arrives on the listener that Run handed over on to api, until Run's process ends.
func Relay(api string) error {
	listener := os.NewFile(fdListener, "listener")
	front, err := net.FileListener(listener)
	if err != nil {
		return fmt.Errorf("take over the relay's socket: %w; it is started by `kbe-cluster outside`, run that", err)
	}
	listener.Close()
	syscall.CloseOnExec(fdUser)
	go relay.Serve(front, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", api)
	})
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: fdUser, Events: unix.POLLIN}}, -1)
		if err != unix.EINTR {
			return err
		}
	}
}
