package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/options"
	"k8s.io/kubectl/pkg/util/templates"
)

// The groups of the overview.
const (
	groupExamples     = "Examples"
	groupReachability = "Reachability"
	groupConformance  = "Conformance"
	groupOwn          = "Own examples"
	groupHousekeeping = "Housekeeping"
)

// addGrouped adds commands to a group of the overview.
func addGrouped(root *cobra.Command, group string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: group, Title: group + ":"})
	for _, c := range commands {
		c.GroupID = group
	}
	root.AddCommand(commands...)
}

// helpAsKubectl has help texts look as kubectl's do; that of the root command is
// the overview.
func helpAsKubectl(root *cobra.Command) {
	templates.ActsAsRootCommand(root, nil)
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if c != root {
			help(c, args)
			return
		}
		out := c.OutOrStdout()
		fmt.Fprint(out, fold(overview(c), min(width(out), 80)))
	})
}

// overview is what there is, and what to type first.
func overview(root *cobra.Command) string {
	var b strings.Builder
	path := root.CommandPath()
	fmt.Fprintf(&b, "%s.\n\n%s\n", root.Short, strings.ReplaceAll(root.Long, "\n", " "))
	b.WriteString("\nType this first:\n")
	fmt.Fprintf(&b, "  %s pods            Run the page about pods, and check its claims\n", path)
	fmt.Fprintf(&b, "  %s pods --dry-run  Show what it would run, without a cluster\n", path)
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n%s\n", group.Title)
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && c.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-*s  %s\n", c.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	fmt.Fprintf(&b, "\nUse \"%s COMMAND --help\" for more about a command,\nand \"%s options\" for the flags that every command takes.\n", path, path)
	return b.String()
}

// fold breaks lines of ASCII text that are longer than a terminal has columns
// between words. What is in columns goes on below the last of them.
func fold(text string, columns int) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		hang := len(line) - len(strings.TrimLeft(line, " "))
		if gap := strings.LastIndex(line, "  "); gap > hang {
			hang = gap + 2
		}
		var folded []string
		for len(line) > columns {
			cut := strings.LastIndexByte(line[:columns+1], ' ')
			if cut <= hang {
				break // a word that is longer than a line
			}
			folded = append(folded, line[:cut])
			line = strings.Repeat(" ", hang) + line[cut+1:]
		}
		lines[i] = strings.Join(append(folded, line), "\n")
	}
	return strings.Join(lines, "\n")
}

// newOptionsCommand is kubectl's own.
func newOptionsCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := options.NewCmdOptions(streams.Out)
	c.Example = templates.Examples(`
		# Print flags inherited by all commands
		kubectl kbe options`)
	return c
}
