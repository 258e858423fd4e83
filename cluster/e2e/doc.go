// Package e2e tests kbe-cluster as its users run it: the built program, real clusters, root. Each test uses clusters of
// its own random name and proves that nothing of them is left:
//
//	go test -tags e2e ./e2e
package e2e
