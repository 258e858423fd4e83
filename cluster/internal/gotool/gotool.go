// Package gotool finds the go command, which builds the parts and the images of a cluster.
package gotool

import (
	"os"
	"os/exec"
)

// installed is where Go's own instructions put it: the PATH of sudo often lacks that folder.
const installed = "/usr/local/go/bin/go"

// Find returns the path of the go command, or exec.ErrNotFound.
func Find() (string, error) {
	path, err := exec.LookPath("go")
	if err == nil {
		return path, nil
	}
	if _, statErr := os.Stat(installed); statErr == nil {
		return installed, nil
	}
	return "", err
}
