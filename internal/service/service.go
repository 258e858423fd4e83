package service

import "github.com/kubectl-kbe/kubectl-kbe/examples"

// Command runs the service in a container whose image has Python 3 (3.8 or later).
func Command() []string { return []string{"python3", "-c", examples.Service} }
