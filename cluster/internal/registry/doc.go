// Package registry is the cluster's image registry. Its storage is distribution, of the CNCF, which listens on a unix socket
// and to which images are pushed. Nodes pull through the Front, which issues tokens and can behave like a registry that
// limits, refuses or fails.
package registry
