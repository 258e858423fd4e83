package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

const scopeHint = "; to allow this, use --allow-cluster-scope"

// Confined reports what in the Plan is not allowed to a stranger's example; the
// error is example.Problems. It reports problems early, with line and column: the run
// judges each command again, when all its expressions have their values, and its
// requests are held to its Namespace by a session that is Confined. With clusterScope a
// command may leave the Namespace.
func (p *Plan) Confined(clusterScope bool) error {
	var problems example.Problems
	j := judge{p.Example.Files, someNamespace, clusterScope}
	for _, sc := range p.scenarios {
		for _, st := range sc.steps {
			if st.parsed == nil {
				continue
			}
			fail := func(offset int, text string) {
				problems = append(problems, st.At.Field("run").ProblemAt(offset, "run: "+text))
			}
			words := literally(st.command)
			for _, b := range j.breaches(st.parsed) {
				fail(st.command[1+wordOf(st.parsed, b.flag, words)].Offset(), b.text)
			}
			if need, found := forbidden(p.commandNeeds(st)); found && !clusterScope {
				fail(0, forbids(need))
			}
		}
	}
	return example.Join(problems)
}

// wordOf is the index of the first word that a flag is in, or 0.
func wordOf(parsed *kubectl.Parsed, flag string, words []string) int {
	f := parsed.Flags.Lookup(flag)
	if f == nil {
		return 0
	}
	return max(0, flagWord(words, f.Name, f.Shorthand))
}

// forbidden returns the first need that an example has no right to.
func forbidden(needs rbac.Needs) (rbac.Need, bool) {
	i := slices.IndexFunc(needs, func(n rbac.Need) bool { return n.Cluster || !session.Granted(n) })
	if i < 0 {
		return rbac.Need{}, false
	}
	return needs[i], true
}

func forbids(need rbac.Need) string {
	if need.Cluster {
		return need.Resource + " are cluster-scoped" + scopeHint
	}
	return fmt.Sprintf("an example may not request `%s`%s", need, scopeHint)
}

// judged parses a command that has all its values, and reports what in it is not
// allowed.
func (r *runner) judged(words []string) (*kubectl.Parsed, error) {
	parsed, err := parseWords(words)
	if err != nil {
		return nil, err
	}
	j := judge{r.plan.Example.Files, r.Session.Namespace, r.opts.AllowClusterScope}
	if found := j.breaches(parsed); len(found) > 0 {
		return nil, errors.New(found[0].text)
	}
	return parsed, nil
}

// keepsShape reports whether the values of a command's expressions have made nothing
// else of it than it was when it was loaded: no flag, no other subcommand.
func keepsShape(command example.Command, words []string) error {
	if i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, kubectl.Open) }); i >= 0 {
		return fmt.Errorf("expected a text, found a NUL character in %q", words[i])
	}
	before, err := parseWords(literally(command))
	if err != nil {
		return err
	}
	after, err := parseWords(words)
	if err != nil {
		return err
	}
	for i, w := range words {
		if first := command[i+1]; len(first) > 0 && first[0].IsExpr && strings.HasPrefix(w, "-") && !isRest(after, words, i) {
			return fmt.Errorf("expected a value, found the flag %q in place of an expression", w)
		}
	}
	if shape(before) != shape(after) {
		return fmt.Errorf("expected expressions to yield values only; they changed the command: %s", example.Quote(words))
	}
	return nil
}

// isRest reports whether a word is one after --.
func isRest(p *kubectl.Parsed, words []string, i int) bool { return i >= len(words)-len(p.Rest) }

// shape is a command without its values.
func shape(p *kubectl.Parsed) string {
	var flags []string
	for _, f := range p.Given {
		flags = append(flags, f.Name)
	}
	return fmt.Sprint(p.Path, flags, len(p.Args), len(p.Rest), p.HasRest)
}
