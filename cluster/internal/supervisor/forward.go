package supervisor

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/network"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/sandbox"
)

// serve passes every connection to the API server, which listens inside the control plane's namespace only.
func serve(api net.Listener, in *sandbox.Sandbox) {
	for {
		outside, err := api.Accept()
		if err != nil {
			return // closed
		}
		go forward(outside, in)
	}
}

func forward(outside net.Conn, in *sandbox.Sandbox) {
	defer outside.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	inside, err := in.Dial(ctx, fmt.Sprintf("%s:%d", network.ControlPlane, network.APIPort))
	if err != nil {
		return // the client sees a closed connection, as from a server that is not up
	}
	defer inside.Close()
	done := make(chan struct{})
	go func() {
		transfer(inside, outside)
		close(done)
	}()
	transfer(outside, inside)
	<-done
}

// transfer copies one direction and passes its end on, so that the other direction can finish.
func transfer(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
