// Package provider gives the e2e suites a cluster: the embedded one of
// kbe-cluster, or one that exists. Both are providers of e2e-framework.
package provider
