//go:build linux

// Command coreutils stands in for the multi-call program of CentOS Stream's image,
// where each program is a script of one line, such as
// `#!/usr/bin/coreutils --coreutils-prog-shebang=sleep`: the command line of a process
// then begins with /usr/bin/coreutils, and only its comm is the program's name.
//
// This one knows sleep alone. It exits with 1 for a program that it does not know.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	if os.Getpid() == 1 {
		// The kernel keeps from PID 1 the signals that it has no handler for, but Go's
		// runtime has one for each.
		signal.Ignore()
	}
	os.Exit(run(os.Args[1:])) //nolint:forbidigo // this is main
}

func run(args []string) (exitCode int) {
	if program, args := invoked(args); program == "sleep" {
		return sleep(args[0], args[1:])
	} else if program != "" {
		fmt.Fprintf(os.Stderr, "coreutils: unknown program ‘%s’\n", program)
	} else {
		fmt.Fprintln(os.Stderr, "Usage: coreutils --coreutils-prog=PROGRAM_NAME [PARAMETERS]...\n\nBuilt-in programs:\n sleep")
	}
	return 1
}

// invoked returns the requested program and its arguments, the first of which is
// the name that it goes by. From a script, the kernel passes the script's path, too.
func invoked(args []string) (program string, rest []string) {
	if len(args) == 0 {
		return "", nil
	}
	if name, ok := strings.CutPrefix(args[0], "--coreutils-prog="); ok {
		return name, append([]string{name}, args[1:]...)
	}
	name, ok := strings.CutPrefix(args[0], "--coreutils-prog-shebang=")
	if !ok {
		return "", nil
	}
	if len(args) == 1 {
		return name, []string{name}
	}
	return name, append([]string{filepath.Base(args[1])}, args[2:]...)
}
