// Package cmd is the command line of kbe-cluster: one file per command, flags and words for the user, no work of its own.
package cmd
