package kubectl

import (
	"errors"
	"fmt"
	"io"
	"slices"
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
	// Rest are the words after --, HasRest that there are any.
	Rest    []string
	HasRest bool
	// Flags hold the values of the flags.
	Flags *pflag.FlagSet
	// Given are the flags that the command has, in its order.
	Given []Given
}

// Given is a flag as a command has it: by its long name, with one value.
type Given struct{ Name, Value string }

// Open marks a value that is not known yet: a text that no command can hold.
const Open = "\x00"

// Parse reads a command as Run would, and runs nothing: args are the words after
// "kubectl". The error reports a flag that the command does not have, does not
// take so, or lacks; what could be read is returned beside it. A value with Open is
// noted, and not looked at.
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
	command.InheritedFlags() // adds them to its own
	flags := command.Flags()
	p := &Parsed{Path: strings.Fields(command.CommandPath())[1:], Flags: flags}
	err = flags.ParseAll(rest, func(flag *pflag.Flag, value string) error {
		p.Given = append(p.Given, Given{flag.Name, value})
		if strings.Contains(value, Open) {
			flag.Changed = true
			return nil
		}
		return flags.Set(flag.Name, value)
	})
	if errors.Is(err, pflag.ErrHelp) {
		err = errors.New("found --help: the command would print its help and do nothing else; leave the flag out")
	}
	p.Args = flags.Args()
	if dash := flags.ArgsLenAtDash(); dash >= 0 {
		p.Args, p.Rest, p.HasRest = p.Args[:dash], p.Args[dash:], true
	}
	if err == nil {
		err = errors.Join(command.ValidateRequiredFlags(), command.ValidateFlagGroups())
	}
	return p, err
}

// Words are the command again, in the one way that is sure to be read as this.
func (p *Parsed) Words() []string {
	words := slices.Clone(p.Path)
	for _, f := range p.Given {
		words = append(words, "--"+f.Name+"="+f.Value)
	}
	words = append(words, p.Args...)
	if p.HasRest {
		words = append(append(words, "--"), p.Rest...)
	}
	return words
}

// Text is the value of a flag, or "" where it is not given.
func (p *Parsed) Text(flag string) (value string) {
	for _, f := range p.Given {
		if f.Name == flag {
			value = f.Value
		}
	}
	return value
}

// Has reports whether a flag is given.
func (p *Parsed) Has(flag string) bool { return p.Flags.Changed(flag) }
