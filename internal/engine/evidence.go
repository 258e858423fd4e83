package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/evidence"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// EvidenceKept is what the cluster says of a Pod that a failed command or claim
// is about.
type EvidenceKept struct{ v1alpha1.Evidence }

// What is kept in a report; a dump keeps it all.
const (
	keptEvents = 8
	keptLines  = 20
	keptBytes  = 16 << 10
	// evidenceTimeout bounds the search for evidence.
	evidenceTimeout = 5 * time.Second
)

// keepEvidence reports what the cluster says of the Pods that a step is about:
// those that its command names, and those that its claims have read. What may
// not be read is left out.
func (r *runner) keepEvidence(ctx context.Context, words, read []string, emit func(Body)) {
	if _, stopped := run.SignalOf(ctx); stopped {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), evidenceTimeout)
	defer cancel()
	pods, err := r.Evidence.Pods(ctx)
	if err != nil {
		return
	}
	for i := range pods {
		if slices.Contains(read, pods[i].Name) || slices.ContainsFunc(words, func(w string) bool { return names(w, pods[i].Name) }) {
			emit(EvidenceKept{r.evidenceOf(ctx, &pods[i])})
		}
	}
}

// names reports whether a word of a command names a Pod, as NAME or TYPE/NAME.
func names(word, pod string) bool {
	return word == pod || strings.HasPrefix(word, "po") && strings.HasSuffix(word, "/"+pod)
}

func (r *runner) evidenceOf(ctx context.Context, pod *corev1.Pod) v1alpha1.Evidence {
	kept := v1alpha1.Evidence{Pod: pod.Name, Status: evidence.Status(pod)}
	if events, err := r.Evidence.Events(ctx, pod); err == nil {
		for _, ev := range events[max(0, len(events)-keptEvents):] {
			kept.Events = append(kept.Events, evidence.Words(ev))
		}
	}
	// Logs returns those that it could read.
	logs, _ := r.Evidence.Logs(ctx, pod, keptLines, keptBytes)
	for _, log := range logs {
		if text := strings.TrimRight(log.Text, "\n"); text != "" {
			kept.Logs = append(kept.Logs, v1alpha1.Log{Container: log.Container, Previous: log.Previous, Lines: strings.Split(text, "\n")})
		}
	}
	return kept
}
