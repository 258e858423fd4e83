package network

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// SetTable replaces an nftables table in the network namespace of the calling thread by one with these chains, in one
// step; it removes the table when there are none.
func SetTable(ctx context.Context, name, chains string) error {
	// To add it first lets the deletion succeed where there is no such table.
	program := fmt.Sprintf("add table inet %[1]s\ndelete table inet %[1]s\n", name)
	if chains != "" {
		program += fmt.Sprintf("table inet %s {\n%s}\n", name, chains)
	}
	cmd := exec.CommandContext(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(program)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s; faults in the network need nftables: install the package, and use a kernel that has it", err, bytes.TrimSpace(out))
	}
	return nil
}
