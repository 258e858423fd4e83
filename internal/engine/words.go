package engine

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// unknownYet stands in for an expression before it has a value: a text that no
// command can hold. Its slash lets it be the TYPE/NAME of `kubectl wait`.
const unknownYet = kubectl.Open + "/" + kubectl.Open

// someNamespace stands in for the run's, before there is one.
const someNamespace = "run-namespace"

// literally are the words of a command after kubectl, with unknownYet and someNamespace.
func literally(cmd example.Command) []string {
	words, _ := cmd.Expand(func(expr string) (string, error) { // which does not fail
		if expr == "run.namespace" {
			return someNamespace, nil
		}
		return unknownYet, nil
	})
	return words[1:]
}

// words finds what is wrong with the flags of a command and with the arguments of
// `kubectl wait`, and whether another scenario creates the same object. What hangs
// on an expression is left to the run. It returns the command, as far as it could be parsed.
func (c *compiler) words(at example.Place, cmd example.Command) *kubectl.Parsed {
	words := literally(cmd)
	parsed, err := parseWords(words)
	switch {
	case err == nil:
		c.unique(at, cmd, parsed)
		return parsed
	case !isUnknownFlag(err):
		i := blamed(err, words)
		if strings.Contains(words[i], unknownYet) {
			return parsed
		}
		c.fail(at, cmd[i+1].Offset(), "run: "+err.Error())
	}
	// What else follows from a flag that is not there is no news.
	for n := 0; n < mostUnknown && isUnknownFlag(err); n++ {
		i := blamed(err, words)
		c.fail(at, cmd[i+1].Offset(), "run: "+explained(words[i], parsed.Flags))
		words[i] = unknownYet // an argument: the words keep their places
		_, err = parseWords(words)
	}
	return nil
}

// mostUnknown is how many flags of a command are reported that kubectl does not have.
const mostUnknown = 20

func isUnknownFlag(err error) bool { return errors.As(err, new(*pflag.NotExistError)) }

// parseWords parses a command as the run will.
func parseWords(words []string) (*kubectl.Parsed, error) {
	if words[0] == verbWait {
		w, err := parseWait(words)
		return w.Parsed, err
	}
	return kubectl.Parse(words...)
}

// blamed is the index of the word that an error is about: the shortest beginning of the
// command with the same error ends with it.
func blamed(err error, words []string) int {
	return sort.Search(len(words)-1, func(n int) bool {
		_, other := parseWords(words[:n+1])
		return other != nil && other.Error() == err.Error()
	})
}

// flagWord is the index of the first word that gives a flag by its long name, or by its short
// one, which may be "", or -1.
func flagWord(words []string, long, short string) int {
	return slices.IndexFunc(words, func(w string) bool {
		name, isLong := strings.CutPrefix(w, "--")
		name, _, _ = strings.Cut(name, "=")
		return isLong && name == long || !isLong && short != "" && strings.HasPrefix(w, "-") && strings.Contains(w, short)
	})
}

// explained says what is wrong with a flag, and what it may have been meant to be.
func explained(word string, flags *pflag.FlagSet) string {
	name, _, _ := strings.Cut(word, "=")
	if strings.Contains(name, unknownYet) {
		return "expected the name of a flag, found an expression in it; an expression yields values only"
	}
	if ofTheRun(name) {
		return fmt.Sprintf("found the flag `%s`; the run sets the namespace and the cluster: pass the flag to kubectl kbe instead", name)
	}
	var known []string
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return example.Unknown("flag", name, known)
}

// ofTheRun reports whether a flag is one of those that all kubectl commands have.
func ofTheRun(name string) bool {
	global := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	global.SetOutput(io.Discard)
	genericclioptions.NewConfigFlags(false).AddFlags(global)
	if long, ok := strings.CutPrefix(name, "--"); ok {
		return global.Lookup(long) != nil
	}
	short := strings.TrimPrefix(name, "-")
	return len(short) == 1 && global.ShorthandLookup(short) != nil
}
