package engine

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/wait"
)

// causeOfPod diagnoses a Pod by its own state, the Events about it, and its Node,
// which is looked at where something is wrong, or where it is asked for.
func (r *run) causeOfPod(ctx context.Context, pod *corev1.Pod, withNode bool) *diagnose.Cause {
	e := diagnose.Evidence{Pod: pod, Events: r.watcher.eventsOf(pod.UID)}
	c := e.Cause()
	if c != nil || withNode {
		if e.Node = r.node(ctx, pod.Spec.NodeName); e.Node != nil {
			return e.Cause()
		}
	}
	return c
}

// nodeTimeout bounds the look at a Node, which only makes a Cause more exact.
const nodeTimeout = time.Second

// node reads a Node, or returns nil where it may not be read.
func (r *run) node(ctx context.Context, name string) *corev1.Node {
	if name == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	obj, err := r.session.Client().Resource(corev1.SchemeGroupVersion.WithResource("nodes")).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	node := &corev1.Node{}
	if err := fromUnstructured(obj, node); err != nil {
		return nil
	}
	return node
}

// verdictOn makes of a Cause the error of a wait's condition: nil where waiting
// is right.
func (r *run) verdictOn(c *diagnose.Cause) error {
	switch {
	case c == nil:
		return nil
	case c.Ends(r.opts.Patient):
		return c
	case c.Outlook == diagnose.Unsettled && !r.opts.Patient:
		return wait.Unless{Err: c, Lasts: diagnose.Settle}
	default:
		return nil
	}
}

// causeOf diagnoses an error: a Cause that it wraps, or one of the API server.
func (r *run) causeOf(err error) *diagnose.Cause {
	var c *diagnose.Cause
	if errors.As(err, &c) {
		return c
	}
	return r.connection.Error(err)
}
