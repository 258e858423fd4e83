package vantage

import (
	"fmt"
	"slices"
	"strings"
)

// Place is where a Pod is asked from.
type Place string

// The places, as --from names them.
const (
	// Container is the container that serves, Sibling another one of its Pod.
	Container Place = "container"
	Sibling   Place = "sibling"
	// SameNode and OtherNode are Pods of the run.
	SameNode  Place = "same-node"
	OtherNode Place = "other-node"
	// Node is the target's node: a Pod of the run in its network namespace.
	Node Place = "node"
	// APIServer is the API server's proxy to Pods; PortForward the tunnel of
	// `kubectl port-forward`.
	APIServer   Place = "api-server"
	PortForward Place = "port-forward"
	// Here is the machine that this program runs on.
	Here Place = "here"
)

// Places are all places, in the order of the table.
func Places() []Place {
	return []Place{Container, Sibling, SameNode, OtherNode, Node, APIServer, PortForward, Here}
}

// ParsePlaces reads the names of places; none means all. They come back in the
// order of Places.
func ParsePlaces(names []string) ([]Place, error) {
	if len(names) == 0 {
		return Places(), nil
	}
	var known []string
	for _, p := range Places() {
		known = append(known, string(p))
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("expected some of %s, found %q", strings.Join(known, ", "), n)
		}
	}
	return slices.DeleteFunc(Places(), func(p Place) bool { return !slices.Contains(names, string(p)) }), nil
}

// Words name a place for people.
func (p Place) Words() string {
	switch p {
	case Container:
		return "same container"
	case Sibling:
		return "sibling container"
	case SameNode:
		return "pod, same node"
	case OtherNode:
		return "pod, other node"
	case Node:
		return "the node itself"
	case APIServer:
		return "API server"
	case PortForward:
		return "port-forward"
	default:
		return "this machine"
	}
}

// inside: it asks from within the target's own network namespace.
func (p Place) inside() bool { return p == Container || p == Sibling }

// Proves says what a row of the place shows, where it is met.
func (r Row) Proves() string {
	loopback := r.To == Localhost
	switch r.Place {
	case Container:
		if loopback {
			return "the service runs, and listens on loopback"
		}
		return "it listens on the pod's own address"
	case Sibling:
		if loopback {
			return "the containers of a pod share a network namespace: localhost is the pod's"
		}
		return "the pod's address is the same in each of its containers"
	case SameNode:
		return "the pod network works within the node"
	case OtherNode:
		return "the pod network works from node to node"
	case Node:
		return "a node reaches its pods, as the kubelet's probes need"
	case APIServer:
		return "the control plane reaches the pod network"
	case PortForward:
		return "a tunnel by API server and kubelet ends at the pod's localhost"
	default:
		return "pod addresses are the cluster's own: from outside, use port-forward or a Service"
	}
}
