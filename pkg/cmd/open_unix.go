//go:build unix

package cmd

import "syscall"

// withoutWaiting opens a named pipe at once.
const withoutWaiting = syscall.O_NONBLOCK
