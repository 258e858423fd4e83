// Package cli is the command line: flags in, exit code out. A command decides
// what runs and how it is shown; the work is done by the packages below.
package cli
