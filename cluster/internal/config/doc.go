// Package config says how every component of a cluster is configured: its files, flags and certificates, as pure
// functions of the cluster and the machine. It starts nothing.
package config
