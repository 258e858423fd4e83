// Package pki makes the certificates of one cluster: one authority, short-lived keys, nothing kept beyond the cluster's
// own folder. What each certificate is for, and the groups that Kubernetes reads from them, is decided by the caller.
package pki
