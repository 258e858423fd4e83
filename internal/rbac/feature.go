package rbac

import "k8s.io/apimachinery/pkg/runtime/schema"

// Run is what every run needs: to see its Pods and what happens to them.
// What it does beyond is up to its steps.
func Run() Needs {
	return Join(Core("pods", "get", "list", "watch"), Core("events", "list", "watch").Optional(),
		Core("resourcequotas", "list").Optional()) // to know whether there is room for the Pods
}

// OwnNamespace is what a run with its own Namespace needs.
func OwnNamespace() Needs {
	return Join(
		Core("namespaces", "create", "delete"),
		Core("namespaces", "get", "list", "watch").Optional(),
		Core("serviceaccounts", "get", "watch").Optional(), // to know when a new Namespace accepts Pods
		Core("pods", "deletecollection").Optional(),        // so that a Namespace goes faster
	)
}

// InNamespace adds to needs what a Namespace of the run's own takes, where it has one.
func InNamespace(needs Needs, own bool) Needs {
	if own {
		return Join(needs, OwnNamespace())
	}
	return needs
}

// Exec is what running a program in a container needs: `kubectl exec` looks
// at the Pod, and connects with GET (WebSocket) or POST (SPDY). Since Kubernetes
// 1.35 a WebSocket needs the verb create as well (feature gate
// AuthorizePodWebsocketUpgradeCreatePermission).
//
// The NetworkPolicies are named where a program gets no answer.
func Exec() Needs {
	return Join(Core("pods", "get"), Core("pods/exec", "create", "get"),
		On(schema.GroupResource{Group: "networking.k8s.io", Resource: "networkpolicies"}, "list").Optional())
}

// ProbePods is what it takes to run Pods and to probe from them.
func ProbePods() Needs { return Join(Run(), Exec(), Core("pods", "create", "delete")) }

// Reach is what `kubectl kbe reach` requests. What is optional makes a vantage
// point, or a cause, that is otherwise skipped.
func Reach() Needs {
	return Join(ProbePods(),
		Core("pods/log", "get"),
		Core("pods/proxy", "get").Optional(),
		Core("pods/portforward", "create", "get").Optional(),
		Core("nodes", "get", "list").Optional(),
	)
}

// ReachNodes is what `kubectl kbe reach --nodes` requests. It cannot do without the
// list of Nodes: a Pod is placed on each. Where it may watch them, it knows of a Node that
// goes down meanwhile.
func ReachNodes() Needs {
	return Join(ProbePods(), Core("nodes", "list"), Core("nodes", "watch").Optional())
}

// Conformance is what the conformance suite needs beside its parts: to report
// what the cluster is.
func Conformance() Needs {
	return Join(Core("nodes", "list"), On(schema.GroupResource{Group: "apps", Resource: "daemonsets"}, "list")).Optional()
}

// Cleanup is what `kubectl kbe cleanup` needs; objects of a run other than Pods it
// may remove as far as the run itself may.
func Cleanup() Needs {
	return Join(Core("pods", "get", "list", "watch", "delete"))
}
