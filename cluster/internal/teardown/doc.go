// Package teardown removes a cluster, whatever state it is in: every process, mount, control group and file, and its
// context in the user's kubeconfig. Namespaces and links go with the processes that hold them.
package teardown
