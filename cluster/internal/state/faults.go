package state

import (
	"maps"
	"net/netip"
	"os"
	"slices"
)

// Faults are what is broken in a cluster on purpose.
type Faults struct {
	// Partitions are pairs of nodes that are cut off from each other.
	Partitions []Pair `json:"partitions,omitempty"`
	// Denied are addresses of pods that nobody but the pod itself and its node reaches.
	Denied []netip.Addr `json:"denied,omitempty"`
	// Masqueraded are the nodes whose pods others see under the node's address.
	Masqueraded []string `json:"masqueraded,omitempty"`
	// NoHairpin are the nodes whose pods do not reach themselves by way of a service.
	NoHairpin []string `json:"noHairpin,omitempty"`
	// Duplicating are the nodes whose network plugin gives each new pod the same address.
	Duplicating []string `json:"duplicating,omitempty"`
	// Diverted are addresses of pods at which another pod answers: the one with the address that is the value.
	Diverted map[netip.Addr]netip.Addr `json:"diverted,omitempty"`
	// Halted are the nodes that do not run, and why.
	Halted map[string]Halt `json:"halted,omitempty"`
}

// Halt is why a node does not run.
type Halt string

const (
	// Stopped is a node without power: no process of it is left.
	Stopped Halt = "stopped"
	// Paused is a node whose processes all stand still.
	Paused Halt = "paused"
)

// Pair is two nodes, the lesser name first.
type Pair [2]string

// PairOf returns the pair of two nodes, given in any order.
func PairOf(a, b string) Pair { return Pair{min(a, b), max(a, b)} }

// Peer returns the other node of the pair, and whether node is in it at all.
func (p Pair) Peer(node string) (string, bool) {
	switch node {
	case p[0]:
		return p[1], true
	case p[1]:
		return p[0], true
	default:
		return "", false
	}
}

// Detour is a pod's address and the one that answers there instead.
type Detour struct{ Address, To netip.Addr }

// Clone returns a copy that shares nothing with f.
func (f Faults) Clone() Faults {
	return Faults{
		Partitions: slices.Clone(f.Partitions), Denied: slices.Clone(f.Denied), Masqueraded: slices.Clone(f.Masqueraded),
		NoHairpin: slices.Clone(f.NoHairpin), Duplicating: slices.Clone(f.Duplicating),
		Diverted: maps.Clone(f.Diverted), Halted: maps.Clone(f.Halted),
	}
}

// WriteFaults stores f.
func (d Dir) WriteFaults(f Faults) error { return d.write("faults.json", f) }

// Faults reads what WriteFaults stored: none when nothing was ever broken.
func (d Dir) Faults() (f Faults, err error) {
	err = d.read("faults.json", &f)
	if os.IsNotExist(err) {
		return f, nil
	}
	return f, err
}

// ControlSocket returns the path of the unix socket that the supervisor takes requests on.
func (d Dir) ControlSocket() string { return d.Path("control.sock") }
