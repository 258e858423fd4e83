// Package provider gives the e2e suites a cluster: the embedded one of
// kbe-cluster, an existing one, or one of kind or k3d. A cluster that they have not
// made they never destroy.
package provider
