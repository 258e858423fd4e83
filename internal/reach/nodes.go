package reach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/klog/v2"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Node is a node of the cluster and what the run has to do with it.
type Node struct {
	Name string
	// Zone is its label topology.kubernetes.io/zone, or "".
	Zone string
	// Addresses are those of the run's pod on it, at most one per family.
	Addresses []netip.Addr
	// Skipped says why no pod is meant to run on it, in a few words, or "".
	Skipped string
	// Failed says why it could not take part, or "": it is not Ready, or its pod could not
	// be started or could not probe. Remedy is what to do about that, where it is known.
	Failed, Remedy string

	// pod is the name of the run's pod on it, version what only that pod answers.
	pod, version string
	// exec runs curl in the pod; it may have a slot already (see callers).
	exec    probe.Exec
	hasSlot bool
}

func (n *Node) takesPart() bool { return n.Failed == "" && n.Skipped == "" }

// What differs between two nodes with the same cause: the names of the run's pod and
// of the node, the port that a connection left from, and whether the kubelet waits
// before it pulls again.
var (
	podName    = regexp.MustCompile(`\bpods? "reach-[\w-]+"`)
	nodeName   = regexp.MustCompile(`\bnode "[^"]+"`)
	sourcePort = regexp.MustCompile(`:\d+->`)
	backOff    = regexp.MustCompile(`(?:ImagePullBackOff: )?Back-off pulling image "[^"]*": `)
)

// fail notes why the node does not take part, such that nodes with the same cause
// say the same.
func (n *Node) fail(err error) {
	why := err.Error()
	if cause, ok := errors.AsType[*diagnose.Cause](err); ok {
		n.Remedy = cause.Remedy
		if why = strings.TrimSuffix(why, "; "+cause.Remedy); cause.Node != "" {
			why = "not Ready: " + cause.Why
		}
	}
	why = podName.ReplaceAllLiteralString(why, "its pod")
	why = strings.ReplaceAll(why, fmt.Sprintf("node %q", n.Name), "the node")
	n.Failed = backOff.ReplaceAllLiteralString(sourcePort.ReplaceAllLiteralString(why, "->"), "")
}

// Address returns the pod's address of a family; it is not valid where there is none.
func (n *Node) Address(f Family) netip.Addr {
	for _, a := range n.Addresses {
		if FamilyOf(a) == f {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}

// sortNodes puts first those that take part, then those that failed, then those that are
// skipped; by zone, and by name, numbers in names by their value: the order of rows and
// columns.
func sortNodes(nodes []Node) {
	class := func(n Node) int { return slices.Index([]bool{n.Failed != "", n.Skipped != ""}, true) }
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(a.Zone, b.Zone), cmp.Compare(inOrder(a.Name), inOrder(b.Name)), cmp.Compare(a.Name, b.Name))
	})
}

var number = regexp.MustCompile(`\d+`)

// inOrder pads the numbers of a name, so that node-2 comes before node-10.
func inOrder(name string) string {
	return number.ReplaceAllStringFunc(name, func(digits string) string { return strings.Repeat("0", max(0, 20-len(digits))) + digits })
}

// ErrNodesForbidden is in the error of RunNodes where the user may not list nodes.
var ErrNodesForbidden = errors.New("cannot list nodes: expected the permission to `list nodes`; " +
	"`kubectl kbe rbac --for reach-nodes` prints a ClusterRole that grants it")

// listNodes lists all nodes, and begins to watch them.
func (r *nodesRun) listNodes(ctx context.Context) (nodes []Node, err error) {
	list, err := r.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf("%w; found: %w", ErrNodesForbidden, err)
	case err != nil:
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	for i := range list.Items {
		n := &list.Items[i]
		r.nodes.set(n.Name, n)
		node := Node{Name: n.Name, Zone: n.Labels[corev1.LabelTopologyZone], Skipped: skip(n, r.opts.Tolerate)}
		if cause := diagnose.Node(n); cause != nil && node.Skipped == "" {
			node.fail(cause)
			r.progress(Progress{Notice: cause.Error()})
		}
		nodes = append(nodes, node)
	}
	go r.watchNodes(ctx, list.ResourceVersion)
	return nodes, nil
}

// watchNodes follows the nodes from a version on, until ctx ends. It keeps none but the last
// states: nodes are large. Where watching is not permitted, no later state is known.
func (r *nodesRun) watchNodes(ctx context.Context, version string) {
	// The watcher would log a refusal beside the run's own output.
	w, err := watchtools.NewRetryWatcherWithContext(klog.NewContext(ctx, klog.Logger{}), version, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
			return r.client.CoreV1().Nodes().Watch(ctx, opts)
		},
	})
	if err != nil {
		return
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-w.ResultChan():
			if !open {
				return
			}
			if n, ok := event.Object.(*corev1.Node); ok {
				r.nodes.set(n.Name, n)
			}
		}
	}
}

// whileReady returns a context that ends, with the Cause, when the cluster knows that a node
// is not Ready any more.
func (r *nodesRun) whileReady(ctx context.Context, name string) (context.Context, context.CancelFunc) {
	return wait.While(ctx, r.nodes.next(name), func() error {
		node, _ := r.nodes.get(name)
		if cause := diagnose.Node(node); cause != nil {
			r.progress(Progress{Notice: cause.Error()})
			return cause
		}
		return nil
	})
}

// failNotReady notes which nodes are not Ready now: that explains whatever became of them.
func (r *nodesRun) failNotReady(nodes []Node) {
	for i := range nodes {
		last, _ := r.nodes.get(nodes[i].Name)
		if cause := diagnose.Node(last); cause != nil && nodes[i].Skipped == "" {
			nodes[i].fail(cause)
		}
	}
}

// skip says why no pod is meant to run on a node, or "": who cordons or taints it wants that.
// A cordoned one is left alone whatever is tolerated.
func skip(n *corev1.Node, tolerate bool) string {
	if n.Spec.Unschedulable {
		return "cordoned"
	}
	if system := n.Labels[corev1.LabelOSStable]; system != "" && system != "linux" {
		return "runs " + system + "; the image is for linux"
	}
	for _, t := range n.Spec.Taints {
		// The taints of a node that is not Ready are the cluster's own.
		its := diagnose.Node(n) != nil && strings.HasPrefix(t.Key, "node.kubernetes.io/")
		if t.Effect != corev1.TaintEffectPreferNoSchedule && !tolerate && !its {
			return "tainted: " + t.ToString() + " (--tolerate includes it)"
		}
	}
	return ""
}
