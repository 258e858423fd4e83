// Package launch brings a cluster up: it checks the machine, builds what is missing, writes the cluster's files, starts
// the supervisor and follows it until the cluster is ready. If anything goes wrong it removes what it started.
package launch
