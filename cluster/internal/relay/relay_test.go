package relay

import (
	"context"
	"io"
	"net"
	"testing"
)

// TestServe has a client that ends its half first, and a server that answers after that.
func TestServe(t *testing.T) {
	server, front := listen(t), listen(t)
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		asked, _ := io.ReadAll(conn)
		_, _ = conn.Write(append([]byte("answer to "), asked...))
	}()
	go Serve(front, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", server.Addr().String())
	})
	if got := ask(t, front.Addr().String()); got != "answer to question" {
		t.Errorf("expected %q, found %q", "answer to question", got)
	}
}

func TestServeWithoutAServer(t *testing.T) {
	gone, front := listen(t), listen(t)
	gone.Close()
	go Serve(front, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", gone.Addr().String())
	})
	if got := ask(t, front.Addr().String()); got != "" {
		t.Errorf("expected a closed connection, found %q", got)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// ask returns what comes back until the other end closes; a reset counts as that.
func ask(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("question"))
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	return string(answer)
}
