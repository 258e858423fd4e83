//go:build unix

package cli

import "syscall"

// withoutWaiting opens a named pipe at once.
const withoutWaiting = syscall.O_NONBLOCK
