package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// documented are the commands that have a help text and a reference page.
func documented(t *testing.T) (root *cobra.Command, commands []*cobra.Command) {
	t.Helper()
	t.Setenv("KUBECACHEDIR", "~/.kube/cache") // is a default
	root, err := newRoot(genericiooptions.NewTestIOStreamsDiscard())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && c.GroupID != "" {
			commands = append(commands, c)
		}
	}
	if len(commands) < 9 {
		t.Fatalf("found %d commands", len(commands))
	}
	return root, commands
}

// golden compares a text with a file, or writes it with -update.
func golden(t *testing.T, file, found string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(found), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != found {
		t.Errorf("%s: run `go test ./internal/cli -update` if this is as it should be (%v); found:\n%s", file, err, found)
	}
}

// noTerminal takes the terminal that a test may run on: kubectl's help texts
// depend on how wide the process's own is.
func noTerminal(t *testing.T) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	terminal := os.Stdout
	os.Stdout = null
	t.Cleanup(func() {
		os.Stdout = terminal
		null.Close()
	})
}

// noOthers fails for files of a folder that no command has any more.
func noOthers(t *testing.T, folder string, want int) {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != want {
		t.Errorf("%s: expected %d files, found %d (%v): is one of a command that is gone?", folder, want, len(files), err)
	}
}

func TestHelpTexts(t *testing.T) {
	noCluster(t)
	noTerminal(t)
	_, commands := documented(t)
	_, text, _ := execute(t, "", "--help")
	golden(t, "testdata/help/kubectl-kbe.txt", text)
	for _, c := range commands {
		args := []string{c.Name(), "--help"}
		if c.Name() == "options" {
			args = args[:1] // is a help text, and has none
		}
		code, text, stderr := execute(t, "", args...)
		if code != exitPassed || stderr != "" {
			t.Errorf("%s: found exit code %d, %s", c.Name(), code, stderr)
		}
		golden(t, filepath.Join("testdata/help", c.Name()+".txt"), text)
	}
	noOthers(t, "testdata/help", len(commands)+1)
}

func TestAloneItFitsOneScreen(t *testing.T) {
	noCluster(t)
	code, alone, _ := execute(t, "")
	if lines := strings.Count(alone, "\n"); code != exitPassed || lines > 23 { // and the prompt
		t.Errorf("expected at most 23 lines, found exit code %d and %d in\n%s", code, lines, alone)
	}
	_, help, _ := execute(t, "", "--help")
	for _, line := range strings.Split(alone+help, "\n") {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("expected at most 80 columns, found %q", line)
		}
	}
	_, commands := documented(t)
	for _, c := range commands {
		if !strings.Contains(help, "\n  "+c.Name()+" ") || !regexp.MustCompile(`[ ,]`+c.Name()+`[,\n]`).MatchString(alone) {
			t.Errorf("expected %s in\n%s\n%s", c.Name(), help, alone)
		}
	}
}

// Each flag is described in two lines of 80 columns at most.
func TestHelpOfFlagsIsShort(t *testing.T) {
	noCluster(t)
	_, commands := documented(t)
	for _, c := range commands {
		c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if lines := strings.Count(fold(f.Usage, 72), "\n") + 1; lines > 2 && !f.Hidden {
				t.Errorf("%s --%s: expected at most 2 lines, found %d: %s", c.Name(), f.Name, lines, f.Usage)
			}
		})
		for _, line := range strings.Split(c.Long, "\n") {
			if len(line) > 80 {
				t.Errorf("%s: expected lines of at most 80 columns, found %q", c.Name(), line)
			}
		}
	}
}

// kubectl's own prints nothing with --help.
func TestOptionsHasAHelp(t *testing.T) {
	noCluster(t)
	_, text, _ := execute(t, "", "options")
	if code, help, _ := execute(t, "", "options", "--help"); code != exitPassed || help != text || text == "" {
		t.Errorf("expected what options prints, found exit code %d and %q", code, help)
	}
}

func TestFoldBreaksBetweenWords(t *testing.T) {
	for in, want := range map[string]string{
		"short":                             "short",
		"one two three four five six":       "one two three\nfour five six",
		"  pods    Pods: some claims of it": "  pods    Pods:\n          some\n          claims\n          of it",
		"averyverylongwordindeed it is":     "averyverylongwordindeed it is",
	} {
		if found := fold(in, 16); found != want {
			t.Errorf("%q: expected %q, found %q", in, want, found)
		}
	}
}

// TestReference keeps docs/reference what the commands say.
func TestReference(t *testing.T) {
	const folder = "../../docs/reference"
	root, commands := documented(t)
	index := "# Reference\n\nThese pages are made from the commands, by `go test ./internal/cli -update`.\n"
	for _, group := range root.Groups() {
		index += "\n## " + strings.TrimSuffix(group.Title, ":") + "\n\n"
		for _, c := range commands {
			if c.GroupID == group.ID {
				index += fmt.Sprintf("- [%s](%s.md): %s\n", c.CommandPath(), c.Name(), c.Short)
			}
		}
	}
	golden(t, filepath.Join(folder, "README.md"), index)
	for _, c := range commands {
		golden(t, filepath.Join(folder, c.Name()+".md"), helpPage(c))
	}
	noOthers(t, folder, len(commands)+1)
}

// helpPage is a command's page of the reference.
func helpPage(c *cobra.Command) string {
	var b strings.Builder
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	fmt.Fprintf(&b, "# %s\n\n%s\n\n```\n%s\n```\n", c.CommandPath(), listed(about), c.UseLine())
	if c.HasExample() {
		fmt.Fprintf(&b, "\n## Examples\n\n```sh\n%s\n```\n", unindent(c.Example))
	}
	flags, title := c.NonInheritedFlags(), "Options"
	if c.Name() == "options" {
		flags, title = c.InheritedFlags(), "Options of every command"
	}
	if flags.HasAvailableFlags() {
		fmt.Fprintf(&b, "\n## %s\n\n| option | default | |\n| --- | --- | --- |\n", title)
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", optionName(f), defaultOf(f), strings.ReplaceAll(f.Usage, "|", `\|`))
			}
		})
	}
	if c.Name() != "options" {
		b.WriteString("\nAnd [those of every command](options.md).\n")
	}
	return b.String()
}

// listed has the lists of a help text as blocks of code.
func listed(text string) string {
	var out []string
	inList := false
	for _, line := range strings.Split(text, "\n") {
		if item := strings.HasPrefix(line, "  "); item != inList {
			out, inList = append(out, map[bool]string{true: "\n```", false: "```"}[item]), item
		}
		out = append(out, strings.TrimPrefix(line, "  "))
	}
	if inList {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

func unindent(text string) string {
	lines := strings.Split(strings.TrimRight(text, " \n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}

func optionName(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return fmt.Sprintf("`-%s`, `--%s`", f.Shorthand, f.Name)
	}
	return "`--" + f.Name + "`"
}

func defaultOf(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "[]" {
		return ""
	}
	return "`" + f.DefValue + "`"
}
