package conformance

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// sideBySide is how many parts run at a time, each in its own Namespace; in one that
// exists they run one after the other. The cleanup of a part does not count: for most of it
// the Namespace controller waits.
const sideBySide = 3

// Runner runs the suite on one cluster.
type Runner struct {
	suite   *Suite
	opts    Options
	clients *run.Clients
	config  *rest.Config
	began   time.Time
	// images are the references in use, by short name.
	images map[string]string
	// unavailableAPIs are the aggregated APIs that are down, as GROUP/VERSION.
	unavailableAPIs []string
	// slots are of the parts that run.
	slots chan struct{}

	// mu guards all below.
	mu     sync.Mutex
	report *v1alpha1.ConformanceReport
}

// New checks the options, without contacting the cluster. The version is that of the tool, for the
// report.
func New(s *Suite, clients *run.Clients, opts Options, version string) (*Runner, error) {
	if err := opts.complete(s); err != nil {
		return nil, err
	}
	images, err := opts.References(s.images)
	if err != nil {
		return nil, err
	}
	r := &Runner{suite: s, opts: opts, clients: clients, began: time.Now(), images: images, slots: make(chan struct{}, sideBySide)}
	if opts.Namespace != "" {
		r.slots = make(chan struct{}, 1)
	}
	r.report = &v1alpha1.ConformanceReport{
		TypeMeta:    metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.ConformanceReportKind},
		ObjectMeta:  metav1.ObjectMeta{Name: "conformance"},
		Date:        metav1.NewTime(r.began.UTC().Truncate(time.Second)),
		ToolVersion: version, Verdict: v1alpha1.CouldNotRun,
		Cluster: v1alpha1.ConformanceCluster{Context: clients.Context()},
	}
	for _, name := range slices.Sorted(maps.Keys(images)) {
		r.report.Images = append(r.report.Images, v1alpha1.Image{Name: name, Reference: images[name]})
	}
	return r, nil
}

// UnavailableAPIs are the aggregated APIs that are down, as GROUP/VERSION: meanwhile no
// Namespace is deleted for good.
func (r *Runner) UnavailableAPIs() []string { return r.unavailableAPIs }

// Profiles are the ones to run, in their order.
func (r *Runner) Profiles() []string { return r.opts.Profiles }

// Open makes sure that there is a cluster which grants what the profiles need, and
// takes down what it is.
func (r *Runner) Open(ctx context.Context) error {
	err := r.open(ctx)
	if err != nil {
		r.report.Error = run.Result{Err: err}.Explained(r.clients.Connection())
		r.end(ctx)
	}
	return err
}

func (r *Runner) open(ctx context.Context) (err error) {
	if r.config, err = r.clients.ToRESTConfig(); err != nil {
		return err
	}
	own := r.opts.Namespace == ""
	grant := rbac.Grant{Name: "kubectl-kbe-conformance", For: "--for conformance", Namespace: r.opts.Namespace, Needs: r.suite.Needs(own, r.opts.Profiles...)}
	version, unavailable, err := session.Preflight(ctx, r.config, grant)
	if r.unavailableAPIs = unavailable; err != nil {
		return err
	}
	r.report.Cluster.Version = version
	if !own {
		s, err := session.Open(ctx, r.config, "conformance", r.opts.Namespace, session.Options{})
		if err != nil {
			return err // it is that of every part
		}
		s.Close(ctx) // it has created nothing
	}
	return r.describe(ctx)
}

// Begin begins profiles, and returns what waits for the result of each and adds it to the
// report. They run in parallel, and their parts begin in their order. It reports progress in
// a line for each part that is done; several goroutines call it.
func (r *Runner) Begin(ctx context.Context, progress func(string), profiles ...string) (results []func() v1alpha1.ConformanceProfile) {
	done := make([]chan v1alpha1.ConformanceProfile, len(profiles))
	for i := range profiles {
		done[i] = make(chan v1alpha1.ConformanceProfile, 1)
		results = append(results, func() v1alpha1.ConformanceProfile {
			out := <-done[i]
			r.add(ctx, out)
			return out
		})
	}
	go func() {
		for i, profile := range profiles {
			r.launch(ctx, profile, progress, done[i])
		}
	}()
	return results
}

// launch begins the parts of a profile, each when there is a slot for it.
func (r *Runner) launch(ctx context.Context, profile string, progress func(string), done chan<- v1alpha1.ConformanceProfile) {
	begin := time.Now()
	ctx, cancel := r.bound(ctx)
	parts := r.suite.parts(profile)
	outcomes := make([]outcome, len(parts))
	unenforced := r.unenforced(ctx, profile)
	var wg sync.WaitGroup
	for i, p := range parts {
		r.slots <- struct{}{}
		wg.Go(func() {
			release := sync.OnceFunc(func() { <-r.slots })
			defer release()
			switch {
			case ctx.Err() != nil:
				outcomes[i].results = all(p.checks, v1alpha1.AssertionNotChecked, context.Cause(ctx).Error())
				return
			case unenforced != "":
				outcomes[i].results = all(p.checks, v1alpha1.AssertionSkipped, unenforced)
				return
			}
			opts := r.optionsOf(profile, p)
			decided := release
			if opts.Namespace != "" {
				decided = func() {} // the next part may make objects of the same names
			}
			outcomes[i] = p.run(ctx, r, opts, decided)
			progress(fmt.Sprintf("%s: %s is done", profile, p.name))
		})
	}
	go func() {
		defer cancel()
		wg.Wait()
		out := v1alpha1.ConformanceProfile{Name: profile, ElapsedMilliseconds: time.Since(begin).Milliseconds()}
		for _, o := range outcomes {
			out.Assertions = append(out.Assertions, o.results...)
			out.Problems, out.Warnings = append(out.Problems, o.problems...), append(out.Warnings, o.warnings...)
		}
		r.judge(ctx, &out)
		done <- out
	}()
}

// optionsOf are those of a part's run.
func (r *Runner) optionsOf(profile string, p part) run.Options {
	opts := r.opts.Options
	if opts.Dump != "" {
		opts.Dump = filepath.Join(opts.Dump, profile+"-"+p.name)
	}
	if opts.Namespace == "" && profile == Restricted {
		opts.Enforce = Restricted
	}
	return opts
}

// unenforced says why the Namespace that the user has chosen does not serve a profile, or
// is "".
func (r *Runner) unenforced(ctx context.Context, profile string) string {
	if profile != Restricted || r.opts.Namespace == "" {
		return ""
	}
	s, err := session.Open(ctx, r.config, profile, r.opts.Namespace, session.Options{})
	if err != nil {
		return "" // the run itself will report it
	}
	defer s.Close(ctx) // it has made nothing
	if enforces, err := run.EnforcesRestricted(ctx, s, r.images[reach.ShellImage]); enforces || err != nil {
		return "" // the run itself will report an error
	}
	return fmt.Sprintf("namespace %q does not enforce the Pod Security Standard restricted; without -n, the suite creates one that does", r.opts.Namespace)
}

// add adds the result of a profile to the report.
func (r *Runner) add(ctx context.Context, p v1alpha1.ConformanceProfile) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Profiles = append(r.report.Profiles, p)
	r.end(ctx)
}

// bound is the context of a profile.
func (r *Runner) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if r.opts.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return wait.WithTimeout(ctx, max(r.opts.Timeout-time.Since(r.began), time.Nanosecond))
}

// judge leaves out what is skipped, counts, and sets the verdict of a profile.
func (r *Runner) judge(ctx context.Context, p *v1alpha1.ConformanceProfile) {
	p.Verdict = v1alpha1.Passed
	for i := range p.Assertions {
		a := &p.Assertions[i]
		if reason, ok := r.opts.Skip[a.ID]; ok {
			a.Result, a.Reason = v1alpha1.AssertionSkipped, reason
		}
		counts := &p.Core
		if a.Level == v1alpha1.Extended {
			counts = &p.Extended
		}
		switch a.Result {
		case v1alpha1.AssertionPassed:
			counts.Passed++
		case v1alpha1.AssertionFailed:
			counts.Failed++
			p.Verdict = run.Worst(p.Verdict, v1alpha1.ClaimFailed)
		case v1alpha1.AssertionSkipped:
			counts.Skipped++
		default:
			counts.NotChecked++
			p.Verdict = run.Worst(p.Verdict, v1alpha1.CouldNotRun)
		}
	}
	if len(p.Problems) > 0 {
		p.Verdict = run.Worst(p.Verdict, v1alpha1.CouldNotRun)
	}
	if _, stopped := run.SignalOf(ctx); stopped {
		p.Verdict = v1alpha1.Stopped
	}
}

// ran takes down which images of an example could not run, and what ran instead. Several
// examples may run at the same time.
func (r *Runner) ran(images []v1alpha1.Image) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, image := range images {
		i := slices.IndexFunc(r.report.Images, func(of v1alpha1.Image) bool { return of.Name == image.Name })
		if i >= 0 && image.Replaced != nil {
			r.report.Images[i].Replaced = image.Replaced
		}
	}
}

// end brings the report up to date.
func (r *Runner) end(ctx context.Context) {
	r.report.ElapsedMilliseconds = time.Since(r.began).Milliseconds()
	if len(r.report.Profiles) > 0 {
		r.report.Verdict = v1alpha1.Passed
	}
	for _, p := range r.report.Profiles {
		r.report.Verdict = run.Worst(r.report.Verdict, p.Verdict)
	}
	if signal, stopped := run.SignalOf(ctx); stopped {
		r.report.Interrupted, r.report.Verdict = signal.String(), v1alpha1.Stopped
	}
}

// Report is what is known so far.
func (r *Runner) Report() *v1alpha1.ConformanceReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := *r.report
	out.Images, out.Profiles = slices.Clone(out.Images), slices.Clone(out.Profiles)
	return &out
}
