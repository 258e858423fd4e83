// Package cgroup makes, joins, freezes, empties and removes the control groups of a cluster, in every mounted hierarchy: the
// single one of cgroup v2, the many of v1, and both of a hybrid. It knows paths and processes, not what they are for.
//
// Facts: cgroups(7), and admin-guide/cgroup-v1, admin-guide/cgroup-v2 of the kernel's documentation.
package cgroup
