package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/expect"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/session"
)

// scenario runs one scenario. Where it does not pass, and the cluster has taken a Pod
// of it away, which says nothing of the cluster, it runs once more.
func (r *run) scenario(ctx context.Context, index int) Verdict {
	sc := r.plan.scenarios[index]
	begin := r.opts.Now()
	emit := func(b Body) { r.emit(index, b) }
	emit(ScenarioStarted{sc.name, sc.title})
	part := r.session.Part()
	verdict := r.attempt(part).steps(ctx, sc.steps, emit)
	if cause := r.watcher.disruption(part); cause != nil && verdict != Passed && ctx.Err() == nil {
		emit(ScenarioRepeated{cause})
		if err := part.Remove(ctx); err != nil {
			emit(StepFailed{err.Error(), r.causeOf(err), CouldNotRun})
			verdict = CouldNotRun
		} else {
			verdict = r.attempt(r.session.Part()).steps(ctx, sc.steps, emit)
		}
	}
	emit(ScenarioEnded{r.since(begin)})
	return verdict
}

// attempt is one run of a scenario.
type attempt struct {
	*run
	part    *session.Part
	kubectl *kubectl.Kubectl
}

func (r *run) attempt(part *session.Part) *attempt {
	wrap := part.Confine
	if r.opts.AllowClusterScope {
		wrap = part.Wrap
	}
	return &attempt{r, part, r.kubectl.Wrapped(wrap)}
}

// steps runs the steps of a scenario in order. A claim that fails does not end it:
// what follows may prove something else. A command that fails does.
func (r *attempt) steps(ctx context.Context, steps []step, emit func(Body)) Verdict {
	worst := Passed
	broken := false
	named := map[string]expect.Outcome{}
	sent := r.sendEarly(ctx, steps)
	for i, st := range steps {
		if broken && !sent[i].begun() {
			emit(StepSkipped{Say: st.say, Plan: st.plan(r.patch)})
			for _, c := range st.claims {
				emit(ExpectationNotChecked{c.text})
			}
			continue
		}
		v, failed := r.step(ctx, st, named, sent[i], emit)
		worst, broken = max(worst, v), broken || failed
	}
	return worst
}

// step runs one step; broken tells that its command could not do its work.
// named are the outcomes of earlier steps, to which it adds its own. The command
// of an early one is sent already.
func (r *attempt) step(ctx context.Context, st step, named map[string]expect.Outcome, sent *early, emit func(Body)) (v Verdict, broken bool) {
	begin := r.opts.Now()
	emit(StepStarted{Say: st.say, Plan: st.plan(r.patch)})
	defer func() { emit(StepEnded{r.since(begin)}) }()

	facts := r.facts(named)
	var res kubectl.Result
	var failure *failure
	if sent != nil {
		res, failure = sent.tell(emit)
	} else {
		res, failure = r.command(ctx, st, facts, emit)
	}
	if failure != nil {
		if failure.err != "" {
			emit(StepFailed{failure.err, failure.cause, failure.verdict})
			r.keepEvidence(ctx, failure.words, nil, emit)
		}
		for _, c := range st.claims {
			emit(ExpectationNotChecked{c.text})
		}
		return failure.verdict, !failure.skipped
	}
	facts.Stdout, facts.Stderr, facts.ExitCode = res.Stdout, res.Stderr, res.ExitCode
	facts.Elapsed = r.since(begin)
	if st.name != "" {
		named[st.name] = expect.Outcome{Stdout: res.Stdout, Stderr: res.Stderr, ExitCode: res.ExitCode}
	}
	var suspects []string // Pods that claims which fail have read
	for _, c := range st.claims {
		verdict, read := r.check(ctx, c, facts, emit)
		switch {
		case verdict.Holds:
			emit(ExpectationMet{c.text})
		case ctx.Err() != nil:
			emit(ExpectationNotChecked{c.text})
		default:
			failed := ExpectationFailed{Claim: c.text, Expression: c.that.Source, Mismatches: verdict.Mismatches}
			if lost := r.lost(ctx, read); lost != nil && verdict.Err == nil {
				verdict.Err = lost
			}
			if verdict.Err != nil {
				failed.Err = verdict.Err.Error()
			}
			emit(failed)
			v = max(v, ClaimFailed)
			suspects = append(suspects, read...)
			if cause := (*diagnose.Cause)(nil); errors.As(verdict.Err, &cause) {
				v = CouldNotRun
			}
		}
	}
	if len(suspects) > 0 {
		r.keepEvidence(ctx, nil, suspects, emit)
	}
	return v, false
}

// failure is a command that could not do its work.
type failure struct {
	// err is "" where no command was begun: the user, when asked, decided so.
	err     string
	cause   *diagnose.Cause
	verdict Verdict
	// words are those of the command.
	words []string
	// skipped: the scenario goes on.
	skipped bool
}

// shown is a command as a user would type it.
func shown(words []string, show *regexp.Regexp) string {
	line := example.Quote(words)
	if show != nil {
		line += " | grep -E " + example.Quote([]string{show.String()})
	}
	return line
}

func (r *attempt) command(ctx context.Context, st step, facts expect.Facts, emit func(Body)) (kubectl.Result, *failure) {
	words, err := st.command.Expand(func(expr string) (string, error) {
		return st.exprs[expr].Expand(ctx, facts)
	})
	if err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: CouldNotRun}
	}
	if flag, found := becameFlag(st.command, words); found {
		return kubectl.Result{}, &failure{err: fmt.Sprintf("expected a value, found the flag %q in place of an expression", flag), verdict: CouldNotRun}
	}
	if words, err = r.patch.Command(words); err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: CouldNotRun}
	}
	line := shown(words, st.show)
	args, err := r.placeFiles(st.command, words[1:], emit)
	if err != nil {
		return kubectl.Result{}, &failure{err: err.Error(), verdict: CouldNotRun}
	}
	emit(CommandShown{line})
	if r.opts.Gate != nil && !r.opts.Gate(ctx, line) {
		if ctx.Err() != nil {
			return kubectl.Result{}, &failure{verdict: Stopped}
		}
		// A claim that is not checked is not one that holds.
		return kubectl.Result{}, &failure{verdict: CouldNotRun, skipped: true}
	}
	if args[0] == verbWait {
		res, f := r.wait(ctx, args[1:], emit)
		if f != nil {
			f.words = words
		}
		return res, f
	}
	guarded, stop := r.guard(ctx, words)
	defer stop()
	res, err := r.perform(guarded, args, emit)
	if cause := (*diagnose.Cause)(nil); errors.As(err, &cause) {
		return res, &failure{err: line + ": given up", cause: cause, verdict: CouldNotRun, words: words}
	} else if err != nil {
		return res, &failure{err: err.Error(), verdict: CouldNotRun, words: words}
	}
	// kubectl names the file as it was given: to the user that is the example's own.
	res.Stderr = strings.ReplaceAll(res.Stderr, r.session.Dir()+string(filepath.Separator), "")
	emit(output(res, st.show))
	if res.ExitCode != 0 && !st.readsExitCode {
		return res, r.exited(ctx, words, res)
	}
	return res, nil
}

// repeatable are the commands that are run again where the connection to the API
// server broke under them: they read, or run a program that an example wants to
// see the output of. What others ask for is sent again, request by request, by the
// Retrier and the session.
var repeatable = []string{"describe", "exec", "get", "logs"}

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
)

// lost is why what a command or a claim has found proves nothing: the Node of a Pod
// that it names is gone, or the cluster has taken a Pod of the scenario away. It is
// nil where neither is so.
func (r *attempt) lost(ctx context.Context, words []string) *diagnose.Cause {
	if c := r.lostNode(ctx, namedBy(words)); c != nil {
		return c
	}
	return r.watcher.disruption(r.part)
}

func (r *attempt) exited(ctx context.Context, words []string, res kubectl.Result) *failure {
	f := &failure{verdict: CouldNotRun, words: words, err: fmt.Sprintf("%s: exit code %d", example.Quote(words), res.ExitCode)}
	switch {
	case res.Remote && (res.ExitCode == exitNotFound || res.ExitCode == exitNotExecutable):
		f.err += ": the image has no such program, so the claim cannot be checked"
	case res.Remote:
		if f.cause = r.lost(ctx, words); f.cause == nil {
			f.verdict = ClaimFailed
		}
	default:
		connection := r.connection
		for _, e := range r.watcher.evidence() {
			if namedBy(words)(e.Pod) {
				connection.Node = e.Pod.Spec.NodeName
			}
		}
		if f.cause = connection.Output(res.Stderr); f.cause == nil {
			f.cause = r.lost(ctx, words)
		}
	}
	return f
}

func output(res kubectl.Result, show *regexp.Regexp) Output {
	out := Output{Stdout: res.Stdout, Stderr: res.Stderr}
	if show == nil {
		return out
	}
	out.Filter = show.String()
	var kept strings.Builder
	for line := range strings.Lines(res.Stdout) {
		if show.MatchString(strings.TrimSuffix(line, "\n")) {
			kept.WriteString(line)
		}
	}
	out.Stdout = kept.String()
	return out
}

// placeFiles shows the manifests that a command names and puts them where the
// command finds them: kubectl reads files relative to the process's folder.
func (r *run) placeFiles(cmd example.Command, args []string, emit func(Body)) ([]string, error) {
	args = slices.Clone(args)
	for _, name := range cmd.Files() {
		content, err := r.patch.Manifest(r.plan.withImages(r.plan.Example.Files[name], r.images))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		emit(FileShown{name, string(content)})
		file := filepath.Join(r.session.Dir(), name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return nil, err
		}
		for i, a := range args {
			if a == name && i > 0 && (args[i-1] == "-f" || args[i-1] == "--filename") {
				args[i] = file
			}
			if a == "--filename="+name {
				args[i] = "--filename=" + file
			}
		}
	}
	return args, nil
}

func (r *run) facts(named map[string]expect.Outcome) expect.Facts {
	return expect.Facts{
		Images: r.images, RunID: r.session.ID, Namespace: r.session.Namespace,
		Steps: named, Objects: r.session,
	}
}
