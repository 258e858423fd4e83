// Package kubectl runs one kubectl command in-process, with kubectl's own
// packages: arguments in; standard output, standard error and exit code out.
//
// What a command means is kubectl's business. Nothing here interprets objects,
// and nothing here knows examples.
package kubectl
