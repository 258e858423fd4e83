// Package registry is the cluster's image registry: how images are pushed to it, and what stands in front of it. The
// registry itself is a part, that of the CNCF Distribution project, on a unix socket. The nodes' containerd pulls from the
// Front, which grants tokens, and answers as registries do that limit, refuse or fail.
package registry
