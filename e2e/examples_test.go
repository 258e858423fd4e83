package e2e

import (
	"bytes"
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/session"
)

// TestExamples runs every example of the catalogue.
func TestExamples(t *testing.T) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue {
		feature := features.New("example "+e.Metadata.Name).
			Assess("all its claims hold, and nothing is left", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
				plan, err := engine.Compile(e)
				if err != nil {
					t.Fatal(err)
				}
				var story bytes.Buffer
				var started engine.RunStarted
				var ended engine.RunEnded
				tell := report.InOrder(report.NewTerminal(&story, nil, 80, false).Handle)
				verdict := engine.Run(ctx, kube, plan, engine.Options{}, func(ev engine.Event) {
					switch b := ev.Body.(type) {
					case engine.RunStarted:
						started = b
					case engine.RunEnded:
						ended = b
					}
					tell(ev)
				})
				if verdict != engine.Passed || ended.Met != e.Claims() {
					t.Errorf("expected %d claims to hold, found %d:\n%s", e.Claims(), ended.Met, story.String())
				}
				assertGone(t, started.RunID)
				return ctx
			})
		testenv.Test(t, feature.Feature())
	}
}

// assertGone asserts that no Namespace of a run is left.
func assertGone(t *testing.T, runID string) {
	t.Helper()
	left, err := client(t).CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{LabelSelector: session.RunLabel + "=" + runID})
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range left.Items {
		t.Errorf("namespace %q is left of run %s", ns.Name, runID)
	}
}
