// Package poll waits for what sends no notification, such as a server that begins to listen.
package poll

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Until calls f until it succeeds. When the context ends it says what was missing last.
func Until(ctx context.Context, f func() error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			if last == nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// Socket waits until something answers on a unix socket.
func Socket(ctx context.Context, path string) error {
	return Until(ctx, func() error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			conn.Close()
		}
		return err
	})
}
