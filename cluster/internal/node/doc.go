// Package node makes the file system that a node's processes see: the machine's programs, read-only, and everything
// else the node's own. It runs inside the node's mount namespace, so nothing of it is seen outside.
package node
