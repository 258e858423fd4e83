package provider

import (
	"context"
	"os/exec"
)

// SetFault breaks the cluster until ClearFault: see `kbe-cluster fault set --help`
// for the faults and their arguments.
func (e *Embedded) SetFault(ctx context.Context, fault string, args ...string) error {
	_, err := e.output(ctx, append([]string{"fault", "set", fault}, args...)...)
	return err
}

// ClearFault undoes all faults that have the name and all of the arguments. A node
// that was powered off is Ready again when it returns.
func (e *Embedded) ClearFault(ctx context.Context, fault string, args ...string) error {
	_, err := e.output(ctx, append([]string{"fault", "clear", fault}, args...)...)
	return err
}

// Outside has a command, not started yet, run where only the API server can be
// reached, as from a laptop. The process is the command's own: its exit code,
// signals and files are as without.
func (e *Embedded) Outside(cmd *exec.Cmd) {
	cmd.Args = append([]string{e.path, "outside", "--name", e.name, "--", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = e.path
}
