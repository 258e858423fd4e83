package relay

import (
	"context"
	"io"
	"net"
	"time"
)

// dialBudget is how long the other end may take to accept a connection.
const dialBudget = 5 * time.Second

// Serve passes every connection that l accepts on to what dial connects to, until l is closed.
func Serve(l net.Listener, dial func(context.Context) (net.Conn, error)) {
	for {
		from, err := l.Accept()
		if err != nil {
			return // closed
		}
		go pass(from, dial)
	}
}

func pass(from net.Conn, dial func(context.Context) (net.Conn, error)) {
	defer from.Close()
	ctx, cancel := context.WithTimeout(context.Background(), dialBudget)
	defer cancel()
	to, err := dial(ctx)
	if err != nil {
		return // the client sees a closed connection, as from a server that is not up
	}
	defer to.Close()
	done := make(chan struct{})
	go func() {
		transfer(to, from)
		close(done)
	}()
	transfer(from, to)
	<-done
}

// transfer copies one direction and passes its end on, so that the other direction can finish.
func transfer(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
