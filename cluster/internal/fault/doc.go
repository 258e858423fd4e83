// Package fault is what can be broken in a cluster on purpose, one file per fault. Faults are declared: the supervisor
// holds the list of those that are set, and Reconcile makes the nodes behave as the list says. To add a fault, add a file
// that appends its Kind to the table; the command line, its help and the status follow.
package fault
