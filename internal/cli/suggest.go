package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// suggest has errors about unknown commands and flags name the nearest known one.
func suggest(root *cobra.Command) {
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(c, args[0])
	}
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Args = knownTopic
		}
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		// The flags of a mistyped command are read as the root's: it is the
		// command that is wrong.
		if words := c.Flags().Args(); c == root && len(words) > 0 {
			return unknownCommand(c, words[0])
		}
		unknown, is := errors.AsType[*pflag.NotExistError](err)
		if !is || unknown.GetSpecifiedShortnames() != "" {
			return err
		}
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near := example.Nearest(unknown.GetSpecifiedName(), known); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
		return err
	})
}

// knownTopic has `help` take the words of a command alone: cobra's own says that
// it knows no such topic, and succeeds.
func knownTopic(help *cobra.Command, args []string) error {
	root := help.Root()
	if found, rest, err := root.Find(args); err != nil || found == root && len(rest) > 0 {
		return unknownCommand(root, args[0])
	}
	return nil
}

func unknownCommand(root *cobra.Command, name string) error {
	var known []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	text := fmt.Sprintf("unknown command %q for %q", name, root.CommandPath())
	if near := example.Nearest(name, known); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	}
	return errors.New(text)
}
