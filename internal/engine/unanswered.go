package engine

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// succeeded notes the words of a command that a program in a container succeeded with:
// who it is that another Pod does answer.
func (r *runner) succeeded(words []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = append(r.ended, words)
}

// unanswered is the Cause of a program in a Pod that waited in vain for another Pod of the
// run, whose address its command names, or nil. policies names those that restrict traffic
// from one Pod to another; denied: they are why, so nothing is known of what a claim says.
func (r *runner) unanswered(words []string, res kubectl.Result, policies func(from, to *corev1.Pod) []string) (cause *diagnose.Cause, denied bool) {
	from, to := r.ends(words)
	if from == nil || to == nil {
		return nil, false
	}
	u := diagnose.Unanswered{From: from, To: to, Said: LastLine(res.Stderr)}
	r.mu.Lock()
	ended := slices.Clone(r.ended)
	r.mu.Unlock()
	for _, words := range ended {
		if other, of := r.ends(words); other != nil && of == to && other != from && !slices.Contains(u.Answered, other) {
			u.Answered = append(u.Answered, other)
		}
	}
	if cause = u.Cause(); cause == nil {
		return nil, false
	}
	u.Policies = policies(from, to)
	return u.Cause(), u.Denied()
}

// policiesBetween names the NetworkPolicies that restrict what one Pod sends, or what another
// receives, other than those of the example: none where they may not be listed.
func (r *runner) policiesBetween(ctx context.Context, from, to *corev1.Pod) (names []string) {
	ctx, cancel := context.WithTimeout(ctx, policyTimeout)
	defer cancel()
	policies := r.Session.Client().Resource(networkingv1.SchemeGroupVersion.WithResource("networkpolicies")).Namespace(r.Session.Namespace)
	found, err := policies.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	for _, obj := range found.Items {
		p := networkingv1.NetworkPolicy{}
		if obj.GetLabels()[session.RunLabel] != "" || fromUnstructured(&obj, &p) != nil {
			continue
		}
		if diagnose.Restricts(&p, from, networkingv1.PolicyTypeEgress) || diagnose.Restricts(&p, to, networkingv1.PolicyTypeIngress) {
			names = append(names, p.Name)
		}
	}
	return names
}

// answerLook is after how long NetworkPolicies are named between a program in a Pod and the Pod
// that it waits for: its own timeout may be far away.
const answerLook = 1500 * time.Millisecond

// showRestricted shows the NetworkPolicies between the Pods that a command names, where it lasts.
func (r *attempt) showRestricted(ctx context.Context, words []string, emit func(Body)) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(answerLook):
	}
	from, to := r.ends(words)
	if from == nil || to == nil {
		return
	}
	u := diagnose.Unanswered{From: from, To: to, Said: fmt.Sprintf("no answer yet after %s", answerLook)}
	if u.Policies = r.policiesBetween(ctx, from, to); len(u.Policies) > 0 && ctx.Err() == nil {
		emit(Trouble{u.Cause()})
	}
}

// policyTimeout bounds the look at NetworkPolicies, which only makes a Cause more exact.
const policyTimeout = time.Second

// ends are the Pod that a command runs in, and another one whose address it names.
func (r *runner) ends(words []string) (from, to *corev1.Pod) {
	for _, e := range r.watcher.evidence() {
		if slices.ContainsFunc(words, func(w string) bool { return names(w, e.Pod.Name) }) {
			from = e.Pod
		}
		if namesAddress(words, e.Pod) {
			to = e.Pod
		}
	}
	if from == to {
		return from, nil
	}
	return from, to
}

// addressLike is what may be an IP address in a word, or one with a port.
var addressLike = regexp.MustCompile(`[0-9A-Fa-f.:]+`)

// namesAddress reports whether words have an address of a Pod, also within a longer word such
// as a URL or a script: 10.0.0.1 is not in 10.0.0.12.
func namesAddress(words []string, pod *corev1.Pod) bool {
	for _, text := range addressLike.FindAllString(strings.Join(words, " "), -1) {
		found, err := netip.ParseAddr(text)
		if err != nil {
			withPort, _ := netip.ParseAddrPort(text)
			found = withPort.Addr()
		}
		if found.IsValid() && slices.ContainsFunc(pod.Status.PodIPs, func(ip corev1.PodIP) bool { return ip.IP == found.String() }) {
			return true
		}
	}
	return false
}

// LastLine is the last one of a command's errors that says more than its exit code.
func LastLine(stderr string) (last string) {
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "command terminated with exit code") {
			last = line
		}
	}
	return last
}
