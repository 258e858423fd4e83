package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// failure is a command that could not do its work.
type failure struct {
	// err is "" where no command was begun: the user decided so at the prompt.
	err     string
	cause   *diagnose.Cause
	verdict v1alpha1.Verdict
	// words are those of the command.
	words []string
	// skipped: the scenario goes on.
	skipped bool
	// readmit: admission denied a Pod, and may admit it with another patch.
	readmit bool
	// final: running the command again would not help.
	final bool
}

// harmless: the step is not for this cluster.
func (f *failure) harmless() bool { return f.cause != nil && f.cause.Harmless }

// notApplicable is the failure of a step that a healthy cluster may not be able to do.
func notApplicable(cause *diagnose.Cause) *failure {
	return &failure{cause: cause, verdict: v1alpha1.Passed, skipped: true}
}

func (r *attempt) command(ctx context.Context, st step, facts expect.Facts, emit func(Body)) (kubectl.Result, *failure) {
	inv, err := r.invocation(ctx, st, facts)
	if err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun}
	}
	if cause := r.notPlaced(inv.words); cause != nil {
		return kubectl.Result{}, notApplicable(cause)
	}
	args, err := r.arguments(inv, emit)
	if err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun}
	}
	line := inv.show(emit, st.show)
	if r.opts.Confirm != nil && !r.opts.Confirm(ctx, line) {
		if ctx.Err() != nil {
			return kubectl.Result{}, &failure{verdict: run.VerdictOf(ctx)}
		}
		r.userSkipped.Store(true)
		// A claim that is not checked is not one that holds.
		return kubectl.Result{}, &failure{verdict: v1alpha1.CouldNotRun, skipped: true}
	}
	if args[0] == verbWait {
		return r.untilItHolds(ctx, st, facts, emit, func(emit func(Body)) (kubectl.Result, *failure) {
			res, f := r.wait(ctx, args, emit)
			if f != nil {
				f.words, f.final = inv.words, true // it has waited
			}
			return res, f
		})
	}
	unanswered, stop := context.WithCancel(ctx)
	defer stop()
	go r.showRestricted(unanswered, inv.words, emit)
	return r.untilItHolds(ctx, st, facts, emit, func(emit func(Body)) (kubectl.Result, *failure) {
		return r.execute(ctx, st, inv, args, emit)
	})
}

// inOwnContainer names the container of an exec, or of logs, that names none, where
// admission has added others to the Pod: kubectl would take another one.
func (r *attempt) inOwnContainer(words []string) []string {
	if !slices.Contains([]string{"exec", "logs", "attach"}, words[1]) {
		return words
	}
	cmd, err := kubectl.Parse(words[1:]...)
	if err != nil || len(cmd.Args) == 0 || cmd.Has("container") || cmd.Has("all-containers") {
		return words // kubectl itself will report what is wrong
	}
	own := r.watcher.addedTo(strings.TrimPrefix(cmd.Args[0], "pod/")).own
	if own == "" {
		return words
	}
	return slices.Insert(slices.Clone(words), slices.Index(words, cmd.Args[0])+1, "-c", own)
}

// invocation is a step's command as it runs now: with the images in use, with what its
// expressions come to, and with what admission requires.
func (r *attempt) invocation(ctx context.Context, st step, facts expect.Facts) (invocation, error) {
	command, err := r.images.command(st.command)
	if err != nil {
		return invocation{}, err
	}
	words, err := command.Expand(func(expr string) (string, error) {
		x := st.exprs[expr]
		if x == nil {
			x = r.plan.texts[expr]
		}
		return x.Expand(ctx, facts)
	})
	if err != nil {
		return invocation{}, err
	}
	if err := keepsShape(command, words[1:]); err != nil {
		return invocation{}, err
	}
	return r.plan.invocation(command, r.inOwnContainer(words), r.patch)
}

// execute runs a command once.
func (r *attempt) execute(ctx context.Context, st step, inv invocation, args []string, emit func(Body)) (kubectl.Result, *failure) {
	words := inv.words
	guarded, stop := r.guard(ctx, words)
	defer stop()
	res, err := r.perform(guarded, args, emit)
	if cause, is := errors.AsType[*diagnose.Cause](err); is {
		return res, &failure{err: inv.line + ": given up", cause: cause, verdict: v1alpha1.CouldNotRun, words: words, final: true}
	} else if err != nil {
		return res, &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun, words: words, final: true}
	}
	// kubectl names the file as it was given: to the user that is the example's own.
	res.Stderr = strings.ReplaceAll(res.Stderr, r.Session.Dir()+string(filepath.Separator), "")
	out, err := wait.Call(ctx, func() Output { return output(res, st.show) })
	if err != nil {
		return res, &failure{err: err.Error(), verdict: v1alpha1.CouldNotRun, words: words}
	}
	emit(out)
	if res.ExitCode != 0 && !st.readsExitCode {
		f := r.exited(ctx, inv, res)
		f.readmit = run.MayAdmit(r.patch, res.Stderr)
		return res, f
	}
	if args[0] == "exec" && res.ExitCode == 0 {
		r.succeeded(words)
	}
	return res, nil
}

// repeatable are the commands that are run again until their claims hold, and where the
// connection to the API server broke under them. What others ask for is sent again, request by
// request, by the Retrier and the session.
var repeatable = append(slices.Clone(example.Readers), verbWait)

// maxRepeats is how often a command is run again.
const maxRepeats = 2

// perform runs a command.
func (r *attempt) perform(ctx context.Context, args []string, emit func(Body)) (res kubectl.Result, err error) {
	for range maxRepeats {
		if res, err = r.kubectl.Run(ctx, args...); err != nil || res.ExitCode == 0 || res.Remote || !slices.Contains(repeatable, args[0]) {
			return res, err
		}
		cause := r.connection.Output(res.Stderr)
		if cause == nil || !cause.Lost {
			return res, nil
		}
		emit(CommandRepeated{cause})
	}
	return r.kubectl.Run(ctx, args...)
}

// Exit codes by which a container runtime and a shell say that a program could
// not be started (POSIX, Shell Command Language, 2.8.2).
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	// exitRunc and exitCrun are the runtimes' own, also for a program that is not there: runc's
	// since 1.1 and crun's after 1.29; crun's up to then.
	exitRunc = 255
	exitCrun = 1
)

// notStarted reports whether a command in a container could not be started: the runtime or
// a shell found no such program.
func notStarted(res kubectl.Result) bool {
	return res.Remote && (res.ExitCode == exitNotFound || res.ExitCode == exitNotExecutable ||
		(res.ExitCode == exitRunc || res.ExitCode == exitCrun) && diagnose.NoProgram(res.Stderr))
}

// lost is why what a command or a claim has found proves nothing: the Node of a Pod
// that it names is lost, or the cluster has deleted a Pod of the scenario. It is
// nil where neither is so.
func (r *attempt) lost(ctx context.Context, words []string) *diagnose.Cause {
	if c := r.lostNode(ctx, namedBy(words)); c != nil {
		return c
	}
	return r.watcher.disruption(r.part)
}

func (r *attempt) exited(ctx context.Context, inv invocation, res kubectl.Result) *failure {
	words := inv.words
	f := &failure{verdict: v1alpha1.CouldNotRun, words: words, err: fmt.Sprintf("%s: exit code %d", inv.line, res.ExitCode)}
	switch {
	case notStarted(res):
		f.err += ": the image has no such program, so the claim cannot be checked"
	case res.Remote:
		if f.cause = r.lost(ctx, words); f.cause != nil {
			break
		}
		cause, denied := r.unanswered(words, res, func(from, to *corev1.Pod) []string { return r.policiesBetween(ctx, from, to) })
		if f.cause, f.final = cause, denied; !denied {
			f.verdict = v1alpha1.ClaimFailed
		}
	default:
		connection := r.connection
		for _, e := range r.watcher.evidence() {
			if namedBy(words)(e.Pod) {
				connection.Node = e.Pod.Spec.NodeName
			}
		}
		switch f.cause = connection.Output(res.Stderr); {
		case f.cause == nil:
			f.cause = r.lost(ctx, words)
		case f.cause.Harmless:
			return notApplicable(f.cause)
		}
	}
	return f
}

// arguments judges a command and makes it ready for kubectl, with the files that it
// names: kubectl reads files relative to the process's folder.
func (r *attempt) arguments(inv invocation, emit func(Body)) ([]string, error) {
	parsed, err := r.judged(inv.words[1:])
	if err != nil {
		return nil, err
	}
	namespace := r.Session.Namespace
	err = r.plan.showFiles(r.images, r.patch, namespace, inv.command, emit, func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(r.Session.Dir(), name), content, 0o600)
	})
	if err != nil {
		return nil, err
	}
	for i, f := range parsed.Given {
		if _, ok := r.plan.Example.Files[f.Value]; ok && f.Name == "filename" {
			parsed.Given[i].Value = filepath.Join(r.Session.Dir(), f.Value)
		}
	}
	return parsed.Words(), nil
}

// showFiles shows the files that a command names, and has its manifests placed as they are sent. The
// namespace is the run's, or example.RunNamespace where there is none yet.
func (p *Plan) showFiles(images *Images, patch podpatch.Patch, namespace string, cmd example.Command, emit func(Body), place func(name string, content []byte) error) error {
	for _, name := range cmd.Texts() {
		emit(FileShown{name, p.Example.Texts[name]})
	}
	for _, name := range cmd.Files() {
		content, err := images.manifest(name)
		if err == nil {
			content, err = patch.Manifest(content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		content = bytes.ReplaceAll(content, []byte(example.RunNamespace), []byte(namespace))
		emit(FileShown{name, string(content)})
		if err := place(name, content); err != nil {
			return err
		}
	}
	return nil
}
