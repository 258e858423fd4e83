package kubectl

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
)

// Parsed is a command as kubectl understands it.
type Parsed struct {
	// Path are the names of the command and its subcommand: create configmap.
	Path []string
	// Args are the words that are no flags, up to --.
	Args []string
	// Flags hold the values of the flags.
	Flags *pflag.FlagSet
}

// Parse reads a command as Run would, and runs nothing: args are the words after
// "kubectl". The error tells of a flag that the command does not have, does not
// take so, or lacks; what could be read is returned beside it.
func Parse(args ...string) (*Parsed, error) {
	if len(args) == 0 || verbs[args[0]] == nil {
		return nil, fmt.Errorf("kubectl %s: expected one of %s", strings.Join(args, " "), strings.Join(Verbs(), ", "))
	}
	factory := cmdutil.NewFactory(genericclioptions.NewConfigFlags(false))
	root := &cobra.Command{Use: "kubectl"}
	root.AddCommand(verbs[args[0]](factory, genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}))
	command, rest, err := root.Find(args)
	if err != nil {
		return nil, err
	}
	err = command.ParseFlags(rest)
	if err == nil {
		err = errors.Join(command.ValidateRequiredFlags(), command.ValidateFlagGroups())
	}
	p := &Parsed{Path: strings.Fields(command.CommandPath())[1:], Args: command.Flags().Args(), Flags: command.Flags()}
	if dash := command.ArgsLenAtDash(); dash >= 0 {
		p.Args = p.Args[:dash]
	}
	return p, err
}

// Text is the value of a flag, or "".
func (p *Parsed) Text(flag string) string {
	if f := p.Flags.Lookup(flag); f != nil {
		return f.Value.String()
	}
	return ""
}

// Has tells whether a flag is given.
func (p *Parsed) Has(flag string) bool { return p.Flags.Changed(flag) }
