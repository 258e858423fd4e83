package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/rpc"
	"os"
	"sync"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/fault"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Control is what other processes can request of the supervisor, by the names of its methods.
type Control struct {
	ctx   context.Context // of the cluster's life
	nodes []fault.Node
	front *registry.Front

	changing sync.Mutex // held while nodes change
	mu       sync.Mutex // of what follows
	faults   []fault.Fault
}

// serve takes requests on a unix socket that only its owner may connect to. The supervisor holds the namespaces open and
// keeps the components running, so changes to them are its work.
func (c *Control) serve(socket string) error {
	server := rpc.NewServer()
	if err := server.Register(c); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return err
	}
	go server.Accept(listener)
	return nil
}

// SetFaults changes which faults are set, and returns when the nodes behave so. It is idempotent; its reply is the faults
// that were set, or cleared, and were not before.
func (c *Control) SetFaults(change fault.Change, changed *[]fault.Fault) error {
	c.changing.Lock()
	defer c.changing.Unlock()
	before := c.set()
	after, err := fault.Reconcile(c.ctx, c.nodes, before, change.Of(before))
	c.mu.Lock()
	c.faults = after
	c.mu.Unlock()
	c.front.Set(fault.Behavior(after))
	if change.Clear {
		before, after = after, before
	}
	*changed = fault.Without(after, before)
	return err
}

// Faults replies with the faults that are set, in the order in which they were set. net/rpc wants an argument.
func (c *Control) Faults(_ int, found *[]fault.Fault) error {
	*found = c.set()
	return nil
}

func (c *Control) set() []fault.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults
}

// SetFaults calls Control.SetFaults of a cluster that is up.
func SetFaults(ctx context.Context, dir state.Dir, change fault.Change) (changed []fault.Fault, err error) {
	return changed, call(ctx, dir, "SetFaults", change, &changed)
}

// Faults calls Control.Faults of a cluster. While the cluster starts no fault is set, and there is no socket.
func Faults(ctx context.Context, dir state.Dir) (found []fault.Fault, err error) {
	err = call(ctx, dir, "Faults", 0, &found)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return found, err
}

func call(ctx context.Context, dir state.Dir, method string, argument, reply any) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", dir.ControlSocket())
	if err != nil {
		return fmt.Errorf("the supervisor of cluster %s does not respond: %w; see `kbe-cluster status --name %[1]s`", dir.Name(), err)
	}
	client := rpc.NewClient(conn)
	defer conn.Close() // ends the client too
	select {
	case <-ctx.Done():
		return ctx.Err()
	case call := <-client.Go("Control."+method, argument, reply, nil).Done:
		return call.Error
	}
}
