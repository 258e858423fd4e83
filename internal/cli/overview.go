package cli

import (
	"fmt"
	"slices"
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
	groupOwn          = "Your examples"
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

// helpAsKubectl formats help texts as kubectl does; that of the root command is the
// overview.
func helpAsKubectl(root *cobra.Command) {
	templates.ActsAsRootCommand(root, nil)
	// Execute names the help itself, after every error.
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return err })
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

// welcome is what to type first, on one screen of 24 lines.
func welcome(root *cobra.Command) string {
	var b strings.Builder
	path := root.CommandPath()
	fmt.Fprintf(&b, "%s.\n\nStart here:\n", root.Short)
	for _, line := range [][2]string{
		{"pods", "Run the page about pods and check its claims"},
		{"pods --dry-run", "Show its commands, without contacting a cluster"},
		{"reach", "Show where a pod is reachable from"},
		{"conformance", "Check the cluster against Kubernetes' requirements"},
	} {
		fmt.Fprintf(&b, "  %s %-15s  %s\n", path, line[0], line[1])
	}
	b.WriteString("\nAll commands:\n")
	for _, group := range root.Groups() {
		var names []string
		for _, c := range commandsOf(root, group) {
			names = append(names, c.Name())
		}
		fmt.Fprintf(&b, "  %-14s %s\n", group.Title, strings.Join(names, ", "))
	}
	fmt.Fprintf(&b, "\nFor a description of each, use \"%s --help\";\nfor one of them, \"%s COMMAND --help\".\n", path, path)
	return b.String()
}

// overview lists all commands.
func overview(root *cobra.Command) string {
	var b strings.Builder
	path := root.CommandPath()
	fmt.Fprintf(&b, "%s.\n\n%s\n", root.Short, strings.ReplaceAll(root.Long, "\n", " "))
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n%s\n", group.Title)
		for _, c := range commandsOf(root, group) {
			fmt.Fprintf(&b, "  %-*s  %s\n", c.NamePadding(), c.Name(), c.Short)
		}
	}
	fmt.Fprintf(&b, "\nUse \"%s COMMAND --help\" for more information about a command\nand \"%s options\" for the flags of every command.\n", path, path)
	return b.String()
}

func commandsOf(root *cobra.Command, group *cobra.Group) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(root.Commands()), func(c *cobra.Command) bool { return c.GroupID != group.ID || !c.IsAvailableCommand() })
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

// newOptionsCommand is kubectl's own, whose --help prints nothing.
func newOptionsCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := options.NewCmdOptions(streams.Out)
	c.SetHelpFunc(func(c *cobra.Command, args []string) { c.Run(c, args) })
	c.Example = templates.Examples(`
		# Print flags inherited by all commands
		kubectl kbe options`)
	return c
}
