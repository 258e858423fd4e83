// Package podpatch is what a cluster requires of the Pods of a run, beyond what is
// shown: the fields of a policy, credentials for a registry, images of a mirror.
//
// It changes Pods as data, without contacting a cluster.
package podpatch
