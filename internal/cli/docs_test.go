package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"mvdan.cc/sh/v3/syntax"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// shown are the commands `kubectl kbe …` of a Markdown page, in its fences and in its text.
var shown = regexp.MustCompile("(?m)(?:^(?:\\$ |.*- run: |  script: )?|`)(kubectl kbe [^`\n]*)")

// TestTheDocsShowCommandsThatExist: each `kubectl kbe …` in README and docs has a command, its
// flags, and scenarios of its example.
func TestTheDocsShowCommandsThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shown.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\\\n", " "), -1) {
			for _, args := range callsOf(m[1]) {
				checked++
				if err := kbeError(args); err != nil {
					t.Errorf("%s: kubectl kbe %s: %v", page, strings.Join(args, " "), err)
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("expected 60 commands or more, found %d", checked)
	}
}

// callsOf are the arguments of each `kubectl kbe` of a line; none where the line is no shell.
func callsOf(line string) (calls [][]string) {
	file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	if err != nil {
		return nil
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			return true
		}
		var words []string
		for _, w := range call.Args {
			words = append(words, wordOf(w))
		}
		if len(words) > 1 && words[0] == "kubectl" && words[1] == "kbe" {
			calls = append(calls, words[2:])
		}
		return true
	})
	return calls
}

// wordOf is a word without its quotes.
func wordOf(w *syntax.Word) string {
	var text strings.Builder
	syntax.Walk(w, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Lit:
			text.WriteString(n.Value)
		case *syntax.SglQuoted:
			text.WriteString(n.Value)
		}
		return true
	})
	return text.String()
}

// kbeError is why there is no such command `kubectl kbe …`, or nil. Words in upper case stand
// for any.
func kbeError(args []string) error {
	root, err := newRoot(genericiooptions.NewTestIOStreamsDiscard())
	if err != nil {
		return err
	}
	command, rest, err := root.Find(args)
	if err != nil || command == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		if len(args) > 0 && args[0] != strings.ToUpper(args[0]) {
			return errors.New("no such command")
		}
		return nil
	}
	if slices.Contains(rest, "--help") {
		return nil
	}
	for i, word := range rest {
		if word == "PORT" { // a placeholder for a number
			rest[i] = "9876"
		}
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	e, err := example.Load(examples.FS, command.Name())
	if err != nil {
		return nil // no command of an example
	}
	for _, name := range command.Flags().Args() {
		if name != strings.ToUpper(name) && !slices.ContainsFunc(e.Spec.Scenarios, func(s example.Scenario) bool { return s.Name == name }) {
			return fmt.Errorf("no such scenario: %s", name)
		}
	}
	return nil
}
