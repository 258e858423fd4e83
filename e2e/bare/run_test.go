//go:build linux

package bare

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// decided remembers what a run's observer sees.
type decided struct {
	results []run.Result
}

func (*decided) OnDelay(string) {}

func (*decided) OnStuckDeletion(_, _ string) {}

func (d *decided) OnDecided(r run.Result) { d.results = append(d.results, r) }

// testRun holds the life of a run, whatever its work comes to: the run's resources are removed,
// and the verdict says why.
func (b *bench) testRun(t *testing.T) {
	b.namespace(t, "runs")
	clients := run.FromConfig(b.server.Config, "bare")
	broken := errors.New("the work broke")
	create := func(ctx context.Context, env *run.Environment) error {
		cfg := rest.CopyConfig(env.Config)
		env.Session.Wrap(cfg)
		createConfigMap(t, kubernetes.NewForConfigOrDie(cfg), "runs", "made")
		return ctx.Err()
	}
	for name, tc := range map[string]struct {
		opts    run.Options
		prepare error
		do      func(ctx context.Context, stop context.CancelCauseFunc) (v1alpha1.Verdict, error)

		verdict     v1alpha1.Verdict
		err         error
		notStarted  bool
		interrupted string
		kept        bool
		dumped      bool
	}{
		"its work passes": {
			opts: run.Options{DumpFailures: true}, verdict: v1alpha1.Passed,
			do: func(context.Context, context.CancelCauseFunc) (v1alpha1.Verdict, error) { return v1alpha1.Passed, nil },
		},
		"a claim fails": {
			opts: run.Options{DumpFailures: true}, verdict: v1alpha1.ClaimFailed, dumped: true,
			do: func(context.Context, context.CancelCauseFunc) (v1alpha1.Verdict, error) {
				return v1alpha1.ClaimFailed, nil
			},
		},
		"its work cannot be done": {
			verdict: v1alpha1.CouldNotRun, err: broken, dumped: true,
			do: func(context.Context, context.CancelCauseFunc) (v1alpha1.Verdict, error) {
				return v1alpha1.Passed, broken
			},
		},
		"it cannot begin": {prepare: broken, verdict: v1alpha1.CouldNotRun, err: broken, notStarted: true},
		"a signal ends it": {
			verdict: v1alpha1.Stopped, interrupted: "interrupt", dumped: true,
			do: func(ctx context.Context, stop context.CancelCauseFunc) (v1alpha1.Verdict, error) {
				stop(run.Signaled{Signal: syscall.SIGINT})
				<-ctx.Done()
				return v1alpha1.CouldNotRun, context.Cause(ctx)
			},
		},
		"its time is over": {
			opts: run.Options{Options: session.Options{Timeout: 100 * time.Millisecond}}, verdict: v1alpha1.CouldNotRun, err: wait.ErrTimeout, dumped: true,
			do: func(ctx context.Context, _ context.CancelCauseFunc) (v1alpha1.Verdict, error) {
				<-ctx.Done()
				return v1alpha1.CouldNotRun, context.Cause(ctx)
			},
		},
		"all is kept": {
			opts: run.Options{Options: session.Options{Keep: true}}, verdict: v1alpha1.Passed, kept: true, dumped: true,
			do: func(context.Context, context.CancelCauseFunc) (v1alpha1.Verdict, error) { return v1alpha1.Passed, nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			tc.opts.Namespace, tc.opts.Dump = "runs", t.TempDir()
			work := run.Work{Name: "bare"}
			work.Prepare = func(ctx context.Context, env *run.Environment) error {
				return errors.Join(create(ctx, env), tc.prepare)
			}
			work.Do = func(ctx context.Context, _ *run.Environment) (v1alpha1.Verdict, error) { return tc.do(ctx, stop) }
			var seen decided
			result := run.Run(ctx, clients, tc.opts, work, &seen)
			if result.Verdict != tc.verdict || !errors.Is(result.Err, tc.err) || result.Interrupted != tc.interrupted || result.Started == tc.notStarted {
				t.Errorf("found %+v", result)
			}
			if tc.notStarted != (len(seen.results) == 0) || tc.notStarted != (result.Cleanup == nil) {
				t.Errorf("expected a decision and a cleanup of what was started; found %+v, %+v", seen.results, result.Cleanup)
			}
			if len(seen.results) > 0 && seen.results[0].Verdict != tc.verdict {
				t.Errorf("expected that %s is decided before the cleanup, found %s", tc.verdict, seen.results[0].Verdict)
			}
			b.expectConfigMaps(t, "runs", map[string]bool{"made": tc.kept})
			if tc.kept {
				if err := b.admin.CoreV1().ConfigMaps("runs").Delete(t.Context(), "made", metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			files, err := os.ReadDir(tc.opts.Dump)
			if err != nil || tc.dumped != (len(files) > 0) {
				t.Errorf("expected a dump: %t, found %v, %v", tc.dumped, files, err)
			}
		})
	}
}
