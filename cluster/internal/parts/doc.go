// Package parts builds the programs that a cluster consists of, from Go modules that are pinned by hash, and keeps them
// in the user's cache folder. It does not run them. runc is not among them: it needs cgo, so the distribution has it.
// The e2e tests of Kubernetes come from the same modules, for those who ask for them.
//
// modules holds the go.mod and go.sum files of the tool modules: one of each minor of Kubernetes, and one of what runs
// beside it (apart, because Kubernetes and containerd pin different versions of the same libraries). They have other
// names because go:embed cannot reach into another module. _NAME holds the main packages that a module has of its own,
// for programs whose own main does not fit. hack/update-parts.sh moves the modules to other versions.
package parts
