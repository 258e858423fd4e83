// Package relay passes TCP connections from one network namespace to another. It knows connections, not what is said on
// them.
package relay
