// Package network is the address plan of a cluster, and the bridge, veth pairs and routes that carry it. Every cluster
// uses the same addresses: none has an uplink, so none can meet another.
package network
