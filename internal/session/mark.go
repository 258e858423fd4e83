package session

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// keepAnnotation marks what a run with --keep makes: it is left on purpose.
const keepAnnotation = "kubectl-kbe.github.io/keep"

// podsEndedAnnotation is the time when the last Pod of a Namespace that is being deleted had
// ended.
const podsEndedAnnotation = "kubectl-kbe.github.io/pods-ended"

// Deadline is the least time after which the Pods of a run stop by themselves,
// as the cluster's activeDeadlineSeconds has it: a run that is killed leaves
// nothing running for longer.
const Deadline = time.Hour

// mark makes an object the run's: labels, and an end for its Pods. It is done
// below kubectl, so that a command needs no flags for it and stays the one that
// is shown.
func (s *Session) mark(obj *unstructured.Unstructured) error {
	s.label(obj.Object)
	if s.opts.Keep {
		annotations := obj.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[keepAnnotation] = "true"
		obj.SetAnnotations(annotations)
	}
	for _, t := range templatesOf(obj) {
		// What a controller makes for the run is the run's, too.
		s.label(t.Object)
		if err := s.markPod(t.Object); err != nil {
			return err
		}
	}
	// Of the Pods of controllers, only a Job's may have an end: the others are to run for ever.
	if slices.Contains([]string{"Pod", "Job"}, obj.GetKind()) && !s.opts.Keep {
		if _, has, _ := unstructured.NestedFieldNoCopy(obj.Object, "spec", "activeDeadlineSeconds"); !has {
			return unstructured.SetNestedField(obj.Object, int64((Deadline + s.opts.Timeout).Seconds()), "spec", "activeDeadlineSeconds")
		}
	}
	return nil
}

// label adds the run's labels to an object, or to a template of one.
func (s *Session) label(object map[string]any) {
	labels, _, err := unstructured.NestedMap(object, "metadata", "labels")
	if err != nil || labels == nil {
		labels = map[string]any{}
	}
	labels[RunLabel] = s.ID
	if labels[ManagedByLabel] == nil {
		labels[ManagedByLabel] = ManagedBy
	}
	// It fails where metadata is no object; the API server will say so.
	_ = unstructured.SetNestedMap(object, labels, "metadata", "labels")
}

// isMarked reports whether an object is the run's.
func (s *Session) isMarked(obj metav1.Object) bool {
	return obj.GetLabels()[RunLabel] == s.ID
}

// ownerOf says in words whose object stands in the way.
func ownerOf(obj metav1.Object, now time.Time) string {
	text := fmt.Sprintf("made %s ago", now.Sub(obj.GetCreationTimestamp().Time).Round(time.Second))
	if fields := obj.GetManagedFields(); len(fields) > 0 {
		text += " with " + fields[0].Manager
	}
	for _, o := range obj.GetOwnerReferences() {
		text += fmt.Sprintf(", owned by %s %q", o.Kind, o.Name)
	}
	run := obj.GetLabels()[RunLabel]
	if run != "" && stateOf(run) == Running {
		return text + fmt.Sprintf(", of run %s, which is still running", run)
	}
	if run != "" {
		return text + fmt.Sprintf(", of another run: kubectl kbe cleanup --run %s -n %s", run, obj.GetNamespace())
	}
	if by := obj.GetLabels()[ManagedByLabel]; by != "" {
		text += ", managed by " + by
	}
	return text
}
