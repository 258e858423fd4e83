package engine

import (
	"maps"
	"regexp"
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
)

// invocation is a command as it runs.
type invocation struct {
	// command is where its words come from, with the images in use.
	command example.Command
	words   []string
	// line is the command as a user would type it, beside its files.
	line string
	// overrides is the content of overridesFile, or "".
	overrides string
}

// overridesFile is what `kubectl run --overrides` gets, where admission requires more of
// Pods than the example has.
const overridesFile = "overrides.json"

// invocation is a command with what admission requires of the Pod that it runs.
func (p *Plan) invocation(command example.Command, words []string, patch podpatch.Patch) (inv invocation, err error) {
	texts := p.Example.Texts
	if inv.command, inv.words = command, words; len(words) > 2 && words[1] == "run" {
		inv.overrides, err = patch.Overrides()
	}
	if inv.overrides != "" {
		end := slices.Index(words, "--")
		if end < 0 {
			end = len(words)
		}
		inv.words = slices.Insert(slices.Clone(words), end, "--override-type=json", "--overrides", inv.overrides)
		texts = map[string]string{overridesFile: inv.overrides}
		maps.Copy(texts, p.Example.Texts)
	}
	inv.line = withTexts(example.Quote(inv.words), texts)
	return inv, err
}

// show shows the command, and the file that it names beside those of the example. It
// returns the line that it has shown.
func (inv invocation) show(emit func(Body), filter *regexp.Regexp) string {
	if inv.overrides != "" {
		emit(FileShown{overridesFile, inv.overrides})
	}
	line := inv.line
	if filter != nil {
		line += example.Grep(filter.String())
	}
	emit(CommandShown{line})
	return line
}
