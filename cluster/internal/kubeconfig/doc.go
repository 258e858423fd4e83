// Package kubeconfig writes the kubeconfigs of a cluster's own components, and adds the cluster to the user's
// kubeconfig and removes it again, as kind does.
package kubeconfig
