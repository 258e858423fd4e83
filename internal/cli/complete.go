package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// completer is the program that kubectl runs when TAB is pressed after
// `kubectl kbe`: kubectl's own convention for plugins.
const completer = "kubectl_complete-kbe"

// Arguments are those of a process. One that was started by the name of the
// completer, through a link or a copy, is run for completions.
func Arguments(argv []string) []string {
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	if name == completer {
		return append([]string{cobra.ShellCompRequestCmd}, argv[1:]...)
	}
	return argv[1:]
}

func newCompletionCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion",
		Short: "Print a shell completion script",
		Long: longDesc(`
			Print a script with which kubectl completes the arguments of 'kubectl kbe'.

			Save it as an executable file named kubectl_complete-kbe in a folder on your
			PATH. It works in every shell that has kubectl's completion: see 'kubectl
			completion --help'. A link of that name to kubectl-kbe works as well.`),
		Example: templates.Examples(`
			# Set up completion in bash, zsh and fish
			kubectl kbe completion > ~/.local/bin/kubectl_complete-kbe
			chmod +x ~/.local/bin/kubectl_complete-kbe`),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(streams.Out, "#!/bin/sh\nexec kubectl kbe %s \"$@\" 2>/dev/null\n", cobra.ShellCompRequestCmd)
			return err
		},
	}
}

// completeGlobals completes the flags that every command has, and has commands
// without arguments not complete names of files.
func completeGlobals(root *cobra.Command, flags *genericclioptions.ConfigFlags) {
	completeFlag(root, "namespace", objectNames(flags, "namespaces"))
	completeFlag(root, "context", contexts(flags))
	for _, c := range append(root.Commands(), root) {
		if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

// completeFlag has the values of a flag completed.
func completeFlag(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the command has no such flag: found by whatever runs it first
	}
}

// words completes to one of some words.
func words(valid ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return startingWith(typed, valid), cobra.ShellCompDirectiveNoFileComp
	}
}

// keys completes to one of some words and the equals sign after it.
func keys(valid ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if strings.Contains(typed, "=") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var out []string
		for _, v := range startingWith(typed, valid) {
			out = append(out, v+"=")
		}
		return out, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
}

// scenarios completes to the names of an example's scenarios, each once; load
// may return nil.
func scenarios(load func() *example.Example) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		if e := load(); e != nil {
			for _, sc := range e.Spec.Scenarios {
				if strings.HasPrefix(sc.Name, typed) && !slices.Contains(args, sc.Name) {
					out = append(out, cobra.CompletionWithDesc(sc.Name, sc.Title))
				}
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func startingWith(typed string, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, typed) })
}
