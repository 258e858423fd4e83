// Package outside runs a command as if it were on a machine that reaches the cluster's API server and nothing else: in
// its own network namespace, with a relay in front of the API server.
package outside
