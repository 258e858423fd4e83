package network

import "fmt"

// The address plan.
const (
	// ControlPlane is the address of the API server inside the cluster.
	ControlPlane = "10.89.0.1"
	// APIPort is the port of the API server inside the cluster.
	APIPort = 6443
	// Pods is the range of all pods.
	Pods = "10.244.0.0/16"
	// Services is the range of all services.
	Services = "10.96.0.0/16"
	// KubernetesService is the address of the service "kubernetes", the first of its range.
	KubernetesService = "10.96.0.1"
	// DNS is where pods look names up.
	DNS = "10.96.0.10"
	// MaxNodes is how many nodes the plan has addresses for.
	MaxNodes = 100

	nodeBits = "/24"
)

// NodeAddress returns the address of the i-th node, counted from 1.
func NodeAddress(i int) string { return fmt.Sprintf("10.89.0.%d", 10+i) }

// PodRange returns the range of the pods on the i-th node, counted from 1.
func PodRange(i int) string { return fmt.Sprintf("10.244.%d.0/24", i) }
