//go:build !linux

package provider

import (
	"context"
	"errors"
	"net"
)

// Listen is not possible: kbe-cluster runs on Linux only.
func (e *Embedded) Listen(context.Context, string, string) (net.Listener, error) {
	return nil, errors.New("the embedded cluster needs Linux")
}

// Dial is not possible: kbe-cluster runs on Linux only.
func (e *Embedded) Dial(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("the embedded cluster needs Linux")
}
