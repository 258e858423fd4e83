// Package apiserver starts a bare API server for tests: etcd and kube-apiserver, as
// kbe-cluster builds them, on loopback, without nodes and without controllers. It
// needs seconds, no root, and Linux.
package apiserver
