package provider

import (
	"context"
	"os/exec"
)

// Partition loses all packets between two nodes and their pods, until Heal.
func (e *Embedded) Partition(ctx context.Context, a, b string) error {
	_, err := e.output(ctx, "partition", a, b)
	return err
}

// Heal undoes all Partitions.
func (e *Embedded) Heal(ctx context.Context) error {
	_, err := e.output(ctx, "heal")
	return err
}

// Deny loses what is sent to a pod's address, as a NetworkPolicy without
// ingress rules does, until Allow: the pod's own node still reaches it.
func (e *Embedded) Deny(ctx context.Context, address string) error {
	_, err := e.output(ctx, "deny", address)
	return err
}

// Allow undoes all Denies.
func (e *Embedded) Allow(ctx context.Context) error {
	_, err := e.output(ctx, "allow")
	return err
}

// Masquerade has pods of other nodes see those of a node under the node's
// address, until Unmask.
func (e *Embedded) Masquerade(ctx context.Context, node string) error {
	_, err := e.output(ctx, "masquerade", node)
	return err
}

// Unmask undoes all Masquerades.
func (e *Embedded) Unmask(ctx context.Context) error {
	_, err := e.output(ctx, "masquerade", "--off")
	return err
}

// NoHairpin keeps the pods of a node from reaching themselves by way of a
// Service, until PassHairpins.
func (e *Embedded) NoHairpin(ctx context.Context, node string) error {
	_, err := e.output(ctx, "no-hairpin", node)
	return err
}

// PassHairpins undoes all NoHairpins.
func (e *Embedded) PassHairpins(ctx context.Context) error {
	_, err := e.output(ctx, "no-hairpin", "--off")
	return err
}

// Duplicate has the network plugin of a node give each new pod the same address,
// until Distinguish.
func (e *Embedded) Duplicate(ctx context.Context, node string) error {
	_, err := e.output(ctx, "duplicate", node)
	return err
}

// Distinguish undoes all Duplicates.
func (e *Embedded) Distinguish(ctx context.Context) error {
	_, err := e.output(ctx, "duplicate", "--off")
	return err
}

// Divert has the pod with the address to answer what pods ask of another
// address, until Straighten.
func (e *Embedded) Divert(ctx context.Context, address, to string) error {
	_, err := e.output(ctx, "divert", address, to)
	return err
}

// Straighten undoes all Diverts.
func (e *Embedded) Straighten(ctx context.Context) error {
	_, err := e.output(ctx, "divert", "--off")
	return err
}

// Outside has a command, not started yet, run where only the API server can be
// reached, as from a laptop. The process is the command's own: its exit code,
// signals and files are as without.
func (e *Embedded) Outside(cmd *exec.Cmd) {
	cmd.Args = append([]string{e.path, "outside", "--name", e.name, "--", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = e.path
}
