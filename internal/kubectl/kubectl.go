package kubectl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

// Result is what a command left behind.
type Result struct {
	// Stdout and Stderr are the first MaxOutput bytes of what it printed.
	Stdout string
	Stderr string
	// StdoutCut and StderrCut are how many bytes it printed beyond those.
	StdoutCut, StderrCut int64
	// ExitCode is kubectl's; for exec it is that of the remote command.
	ExitCode int
	// Remote reports that a program in a container ended with ExitCode: the
	// request itself was carried out.
	Remote bool
}

// Kubectl runs commands against one cluster, in one Namespace. It is safe for
// concurrent use.
type Kubectl struct{ getter *namespaced }

// New returns a Kubectl that finds the cluster through getter and works in a
// Namespace. The wrapper, where it is not nil, sees every request.
func New(getter genericclioptions.RESTClientGetter, namespace string, wrapper func(*rest.Config)) *Kubectl {
	return &Kubectl{&namespaced{RESTClientGetter: getter, namespace: namespace, wrap: wrapper}}
}

// Wrapped returns a Kubectl whose requests another wrapper sees.
func (k *Kubectl) Wrapped(wrapper func(*rest.Config)) *Kubectl {
	getter := *k.getter
	getter.wrap = wrapper
	return &Kubectl{&getter}
}

// fatal is how kubectl's packages end a command: they call one global handler,
// which must not return. It unwinds the command's own goroutine.
type fatal struct {
	msg  string
	code int
}

func init() { cmdutil.BehaviorOnFatal(func(msg string, code int) { panic(fatal{msg, code}) }) }

// Run runs a command: args are the words after "kubectl". A command that fails
// is no error: its Result says so. The error is ctx's when ctx ends first, or
// errFlood; a command that blocks is then left to end by itself.
func (k *Kubectl) Run(ctx context.Context, args ...string) (Result, error) {
	if len(args) == 0 || verbs[args[0]] == nil {
		return Result{}, fmt.Errorf("kubectl %s: this command cannot be run here: expected one of %s",
			strings.Join(args, " "), strings.Join(Verbs(), ", "))
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	stdout, stderr := &output{end: end}, &output{end: end}
	stop := context.AfterFunc(ctx, func() { stdout.close(); stderr.close() })
	defer stop()
	done := make(chan Result, 1)
	go func() { done <- k.run(ctx, args, stdout, stderr) }()
	select {
	case res := <-done:
		if err := ctx.Err(); err != nil && res.ExitCode != 0 {
			return res, context.Cause(ctx)
		}
		return res, nil
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

func (k *Kubectl) run(ctx context.Context, args []string, stdout, stderr *output) (res Result) {
	defer func() {
		if r := recover(); r != nil {
			f, ours := r.(fatal)
			if !ours {
				f = fatal{fmt.Sprintf("error: kubectl %s: %v\n", args[0], r), 1}
			}
			stderr.line(f.msg)
			res.ExitCode = f.code
			// kubectl's own words for what client-go reports of an exec.
			res.Remote = args[0] == "exec" && strings.HasPrefix(f.msg, "command terminated with exit code")
		}
		res.Stdout, res.StdoutCut = stdout.kept()
		res.Stderr, res.StderrCut = stderr.kept()
	}()
	streams := genericiooptions.IOStreams{In: bytes.NewReader(nil), Out: stdout, ErrOut: stderr}
	// MatchVersionFlags also sets the defaults that some commands count on.
	getter := k.getter.warningTo(stderr)
	f := factory{cmdutil.NewFactory(cmdutil.NewMatchVersionFlags(getter)), stderr}
	root := &cobra.Command{Use: "kubectl", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(verbs[args[0]](f, streams))
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	if err := root.ExecuteContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
		stderr.line("error: " + err.Error())
		res.ExitCode = 1
	}
	return res
}
