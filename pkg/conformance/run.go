package conformance

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"

	suite "github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Run checks the cluster of the options against the suite: a subtest per profile,
// and in it one per assertion. Where -run leaves a profile out, it is not run.
func Run(t *testing.T, opts Options) {
	t.Helper()
	loaded, err := suite.Load()
	if err != nil {
		t.Fatal(err)
	}
	clients, err := clientsOf(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := stoppable(t)
	defer stop()
	ctx = klog.NewContext(ctx, logr.Discard()) // client-go logs what becomes of connections besides returning it as an error
	runner, err := suite.New(loaded, clients, opts.suite(), version())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := write(opts.ReportFile, runner.Report()); err != nil {
			t.Error(err)
		}
	}()
	if err := runner.Open(ctx); err != nil {
		t.Fatalf("the conformance suite could not run: %s", runner.Report().Error)
	}
	for _, profile := range runner.Profiles() {
		t.Run(profile, func(t *testing.T) {
			if ctx.Err() != nil {
				t.Fatal(context.Cause(ctx))
			}
			subtests(t, runner.Begin(ctx, func(text string) { t.Log(text) }, profile)[0]())
		})
	}
	if signal, stopped := run.SignalOf(ctx); stopped {
		t.Fatalf("stopped by a signal (%s); the suite's resources are deleted", signal)
	}
}

// subtests makes a subtest of each assertion.
func subtests(t *testing.T, p v1alpha1.ConformanceProfile) {
	for _, a := range p.Assertions {
		t.Run(a.ID, func(t *testing.T) {
			t.Logf("%s (%s, %s)", a.Requirement, a.Level, a.Source)
			switch a.Result {
			case v1alpha1.AssertionPassed:
			case v1alpha1.AssertionSkipped:
				t.Skip(a.Reason)
			case v1alpha1.AssertionFailed:
				t.Error(a.Reason)
			default:
				t.Errorf("it could not be checked: %s", a.Reason)
			}
		})
	}
	for _, problem := range p.Problems {
		t.Error(problem)
	}
}

// stoppable returns a context that ends with a signal to stop, and early enough
// before the test binary's deadline for the cleanup: the testing package would end
// the process, and leave everything. A second signal ends the cleanup.
func stoppable(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, release := run.SignalContext()
	deadline, ok := t.Deadline()
	if !ok {
		return ctx, release
	}
	reserve := min(session.CleanupTimeout+10*time.Second, time.Until(deadline)*2/3)
	bound, cancel := context.WithDeadlineCause(ctx, deadline.Add(-reserve),
		fmt.Errorf("the test binary's -timeout is near: the suite stopped %s before it, to clean up", reserve.Round(time.Second)))
	return bound, func() { cancel(); release() }
}

// version is that of the module whose suite this is, as the Go command knows it.
func version() string {
	const module = "github.com/kubectl-kbe/kubectl-kbe"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if build.Main.Path == module {
		return build.Main.Version
	}
	for _, dep := range build.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return ""
}

// write writes the report to a file, unless its name is "".
func write(file string, r *v1alpha1.ConformanceReport) error {
	if file == "" {
		return nil
	}
	text, err := yaml.Marshal(report.Redacted(r))
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the conformance report: %w", err)
	}
	return nil
}
