// Package parts builds the programs that a cluster consists of, from Go modules that are pinned by hash, and keeps them
// in the user's cache folder. It does not run them. runc is not among them: it needs cgo, so the distribution has it.
//
// kubernetes.mod and runtime.mod are the go.mod files of two tool modules (two, because Kubernetes and containerd pin
// different versions of the same libraries). They have another name because go:embed cannot reach into another module.
// hack/update-parts.sh moves them to other versions.
package parts
