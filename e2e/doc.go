// Package e2e asserts, on a real cluster, that Pods are reachable on their Pod
// IP and that containers of a Pod reach each other on localhost; and it runs
// every example of the catalogue through the engine.
//
//	go test ./e2e -args --cluster=embedded                   # its own cluster (root, Linux)
//	go test ./e2e -args --cluster=kind                       # another one, by kind or k3d
//	go test ./e2e -args --cluster=existing --context staging # an existing one, and stays
package e2e
