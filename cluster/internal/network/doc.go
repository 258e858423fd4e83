// Package network is the address plan of a cluster, the bridge, veth pairs and routes that carry it, and the tables
// of nftables that faults are made with. Every cluster uses the same addresses: none has an uplink, so none can meet another.
package network
