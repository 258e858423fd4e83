package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

//go:embed script.sh.tmpl
var scriptTools string

func init() { register("script", format{write: writeScript, examplesOnly: true}) }

// writeScript writes a Report as a bash script: the commands of the run in their order,
// for any kubectl, each with its claims as comments. A command that fails ends the script.
func writeScript(w io.Writer, of runtime.Object) error {
	r := of.(*v1alpha1.Report)
	s := script{varying: varyingOf(r)}
	if r.Run.OwnNamespace {
		s.ofRun = r.Run.Namespace
	}
	s.head(r)
	for _, sc := range r.Scenarios {
		s.line("\nsay %s", bashQuote("── "+visible(sc.Title)+" ──"))
		s.patience = 0
		for _, st := range sc.Steps {
			s.step(st)
		}
	}
	_, err := io.WriteString(w, s.out.String())
	return err
}

type script struct {
	out     strings.Builder
	varying []varying
	// ofRun is the namespace that was made for the run, or "".
	ofRun string
	// patience is for how many seconds a command is run again: as long as the claims
	// before it had time to become true, which the script does not wait for.
	patience int64
}

func (s *script) line(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// comment writes text that came from elsewhere; no line of it may leave the comment.
func (s *script) comment(text string) {
	for l := range strings.SplitSeq(visible(text), "\n") {
		s.line("# %s", strings.TrimSpace(l))
	}
}

func (s *script) head(r *v1alpha1.Report) {
	s.line("#!/usr/bin/env bash")
	s.comment(fmt.Sprintf("%s: the commands of `kubectl kbe %s`, for bash and any kubectl. The claims follow each command.", r.Title, r.Example))
	s.comment("The script runs on the cluster of the current context, in a new namespace, which it deletes at the end.")
	s.comment("It stops at the first command that fails. It does not check the claims. To use another kubectl, set $KUBECTL.")
	if r.Run.ServerVersion != "" {
		s.comment(fmt.Sprintf("Generated from a run on Kubernetes %s: %s.", r.Run.ServerVersion, verdictText(r)))
	}
	s.line("set -euo pipefail\n")
	s.line("namespace=kbe-%s-$(od -An -N3 -tx1 /dev/urandom | tr -dc 0-9a-f)", notInNamespace.ReplaceAllString(r.Example, "-"))
	s.line("\n%s", strings.TrimRight(scriptTools, "\n"))
}

// notInNamespace is what the name of a namespace cannot hold.
var notInNamespace = regexp.MustCompile(`[^a-z0-9]+`)

func (s *script) step(st v1alpha1.Step) {
	s.line("")
	if st.Say != "" {
		s.line("say %s", bashQuote(st.Say))
	}
	for _, f := range st.Files {
		s.file(f)
	}
	switch command, err := s.command(st); {
	case st.Command == "":
		s.comment(skippedText)
	case err != nil:
		s.comment(fmt.Sprintf("This command cannot be replayed: %v: %s", err, st.Command))
		s.line("exit 3")
	case st.Name != "":
		s.named(st, command)
	default:
		s.line("%s", command)
	}
	for _, c := range st.Claims {
		s.comment(marks[c.Outcome].Sign + " " + c.Claim)
		s.patience = max(s.patience, (c.WithinMilliseconds+999)/1000)
	}
}

// named writes a command whose output later commands use.
func (s *script) named(st v1alpha1.Step, command string) {
	name := "step_" + notInVariable.ReplaceAllString(st.Name, "_")
	s.line("%s=$(%s)\necho \"$%s\"", name, command, name)
	if value := strings.TrimSpace(st.Stdout); value != "" && len(strings.Fields(value)) == 1 {
		s.varying = append([]varying{{value, `"$` + name + `"`}}, s.varying...)
	}
}

var notInVariable = regexp.MustCompile(`[^A-Za-z0-9_]`)

// command is the one that ran, as bash reads it, with what differs from run to run
// looked up.
func (s *script) command(st v1alpha1.Step) (string, error) {
	filter := ""
	line := st.Command
	if st.Show != "" {
		line = strings.TrimSuffix(line, example.Grep(st.Show))
		filter = " | grep -E -e " + bashQuote(st.Show)
	}
	parsed, err := example.ParseCommand(line)
	if err != nil {
		return "", err
	}
	words := make([]string, len(parsed))
	for i, w := range parsed {
		for _, p := range w {
			if p.IsExpr { // the content of a file, as $(cat NAME)
				words[i] += `"$(` + p.Text + `)"`
			} else {
				words[i] += s.text(p.Text)
			}
		}
		words[i] = cmp.Or(words[i], "''")
	}
	command := strings.Join(words, " ")
	patience := max(s.patience, (st.WithinMilliseconds+999)/1000)
	switch {
	case st.MayFail:
		filter += " || true"
	case patience > 0:
		command = fmt.Sprintf("within %d %s", patience, command)
	}
	return command + filter, nil
}

// text is a part of a word, quoted, with what differs from run to run looked up.
func (s *script) text(text string) string {
	if text == "" {
		return ""
	}
	for _, v := range s.varying {
		if before, after, found := strings.Cut(text, v.value); found {
			return s.text(before) + v.lookup + s.text(after)
		}
	}
	return bashQuote(text)
}

// varying is a value of the run that another run would not have, and the bash that
// looks it up.
type varying struct{ value, lookup string }

// varyingOf are the namespace and the pods' addresses. Longer ones come first, for an
// address may begin as another. A namespace that was there before may be named like anything
// else in a command: only in DNS names it is certain to be meant.
func varyingOf(r *v1alpha1.Report) []varying {
	all := []varying{{"." + r.Run.Namespace + ".svc", `."$namespace".svc`}}
	if r.Run.OwnNamespace {
		all[0] = varying{r.Run.Namespace, `"$namespace"`}
	}
	for _, p := range r.Pods {
		for i, ip := range p.IPs {
			all = append(all, varying{ip, fmt.Sprintf(`"$(ip_of %s %d)"`, bashQuote(p.Name), i)})
		}
	}
	slices.SortStableFunc(all, func(a, b varying) int { return len(b.value) - len(a.value) })
	return all
}

var endings = regexp.MustCompile("END_*")

// file writes a manifest as a here-document, whose end no line of it may be.
func (s *script) file(f v1alpha1.File) {
	if visible(f.Content) != f.Content {
		s.line("printf %%s %s >%s", bashQuote(f.Content), bashQuote(f.Name))
		return
	}
	end := "END" + strings.Repeat("_", max(0, longest(endings, f.Content)-len("END")+1))
	reader := "cat"
	if s.ofRun != "" && strings.Contains(f.Content, s.ofRun) {
		reader = fmt.Sprintf(`sed "s/%s/$namespace/g"`, s.ofRun)
	}
	s.line("%s >%s <<'%s'", reader, bashQuote(f.Name), end)
	s.out.WriteString(f.Content)
	if !strings.HasSuffix(f.Content, "\n") {
		s.line("")
	}
	s.line("%s", end)
}

// bashQuote writes a text as a word that bash reads back as the same text. What
// would act on a terminal or a log that shows the script is written as an escape. A NUL
// is left out: no argument of a program can hold one.
func bashQuote(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if visible(s) == s {
		return example.Quote([]string{s})
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c >= 0x7f || c == '[' || c == ':':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return b.String()
}
