package diagnose

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Unanswered is a program in a Pod that got no answer from another Pod.
type Unanswered struct {
	From, To *corev1.Pod
	// Said is what the program printed of it.
	Said string
	// Answered are other Pods that To did answer.
	Answered []*corev1.Pod
	// Policies name the NetworkPolicies that restrict what From sends or what To receives.
	Policies []string
}

// Denied reports whether NetworkPolicies are why nothing was answered: they would hold for
// other Pods, too, so an answer to one of them excludes it.
func (u Unanswered) Denied() bool { return len(u.Policies) > 0 && len(u.Answered) == 0 }

// meshCaller is the address under which the proxy of a service mesh calls the program that it
// answers for (istio, pkg/istio-agent: InboundPassthroughBindIpv4).
const meshCaller = "127.0.0.6"

// Proxied is the Cause of a service whose answer shows that a container which admission has
// added calls it in the caller's place, or nil.
func Proxied(answer string, added []string) *Cause {
	if len(added) == 0 || !strings.Contains(answer, `"`+meshCaller+`"`) {
		return nil
	}
	return &Cause{
		What: fmt.Sprintf("a proxy that admission added (container %s) answers for the service: the service sees %s instead of its caller",
			strings.Join(added, ", "), meshCaller),
		Why:    strings.TrimSpace(answer),
		Remedy: "have the mesh leave out the pods of the run, which decline its sidecars, or use a namespace without it: -n NAMESPACE", Outlook: Hopeless,
	}
}

// OutsideOfPodNetwork is the Cause of an API server that cannot reach a Pod at an address, as it
// has said, where all others reach it there.
func OutsideOfPodNetwork(address, said string) *Cause {
	return &Cause{What: strings.ReplaceAll(notByProxy, "$address", address), Why: said, Remedy: lookAtOverlay, Outlook: Unsettled, Harmless: true}
}

// Cause is the diagnosis, or nil where the program did not wait in vain.
func (u Unanswered) Cause() *Cause {
	from, to := u.From.Spec.NodeName, u.To.Spec.NodeName
	s := sign{at: path, reason: "SameNode", message: u.Said, about: map[string]string{
		"from": u.From.Name, "fromNode": from, "to": u.To.Name, "toNode": to, "namespace": u.To.Namespace,
		"policies": strings.Join(u.Policies, ", "),
	}}
	switch {
	case u.Denied():
		s.reason = "Policy"
	case from != to:
		s.reason = "OtherNode"
	}
	var others []string
	for _, pod := range u.Answered {
		others = append(others, fmt.Sprintf("pod %q on node %q", pod.Name, pod.Spec.NodeName))
		if s.reason == "OtherNode" && pod.Spec.NodeName == to {
			s.reason = "OtherNodeFails" // the Pod is well, and its own node reaches it
		}
	}
	c := look([]sign{s})
	if c == nil {
		return nil
	}
	if c.Why = u.Said; len(others) > 0 {
		c.Why += "; it did answer " + strings.Join(others, ", ")
	}
	return c
}
