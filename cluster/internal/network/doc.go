// Package network is the address plan of a cluster, the bridge, veth pairs and routes that carry it, and the rules that
// break it on request. Every cluster uses the same addresses: none has an uplink, so none can meet another.
package network
