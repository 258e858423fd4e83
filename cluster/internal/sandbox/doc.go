// Package sandbox holds namespaces open and runs functions and processes in them. The namespaces have no name: they are
// held by open files and by the processes in them, so the kernel removes them, with their links and mounts, once those
// are closed and have ended.
package sandbox
