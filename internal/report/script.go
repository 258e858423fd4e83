package report

import (
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

//go:embed script.sh.tmpl
var scriptTools string

// Script writes a Report as a bash script, which replays the run with any
// kubectl: the same commands, each with its claims. A claim that bash cannot
// decide is named as such, and counted; it never counts as one that holds.
func Script(w io.Writer, r *v1alpha1.Report) error {
	s := script{translator: newTranslator()}
	s.head(r)
	for i, sc := range r.Scenarios {
		s.scenario(i+1, sc)
	}
	s.tail(len(r.Scenarios))
	_, err := io.WriteString(w, s.out.String())
	return err
}

type script struct {
	out        strings.Builder
	translator *translator
	claims     int
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
	s.comment(fmt.Sprintf("%s: the commands and claims of `kubectl kbe %s`, for bash and any kubectl.", r.Title, r.Example))
	s.comment("It works in a namespace of its own, which it deletes at the end, on the cluster of the current context.")
	s.comment("Exit codes: 0 the claims hold, 1 one failed, 3 could not run. $KUBECTL names another kubectl.")
	if r.Run.ServerVersion != "" {
		s.comment(fmt.Sprintf("Made from a run on Kubernetes %s, in which %s.", r.Run.ServerVersion, verdictText(r)))
	}
	s.line("set -u\nexport LC_ALL=C\n")
	s.line("run_id=$(od -An -N3 -tx1 /dev/urandom | tr -dc 0-9a-f)")
	s.line("namespace=kbe-%s-$run_id", notInVariable.ReplaceAllString(r.Example, "-"))
	for _, image := range r.Images {
		if image.Name != "" {
			ref := image.Reference
			if image.Replaced != nil {
				ref = image.Replaced.Reference
			}
			s.line("%s=%s", imageVariable(image.Name), bashQuote(ref))
		}
	}
	s.line("\n%s", scriptTools)
}

func (s *script) scenario(n int, sc v1alpha1.Scenario) {
	s.line("\nscenario_%d() {", n)
	s.line("printf '\\n── %%s ──\\n' %s", bashQuote(visible(sc.Title)))
	for _, st := range sc.Steps {
		s.line("")
		if st.Say != "" {
			s.comment(st.Say)
		}
		s.step(st)
	}
	s.line("}")
}

func (s *script) step(st v1alpha1.Step) {
	if err := s.command(st); err != nil {
		s.comment("not translated: " + st.Command)
		s.line("echo 'This command is not translated.'\nbroken")
		for _, c := range st.Claims {
			s.untranslated(c)
		}
		s.line("return")
		return
	}
	for _, c := range st.Claims {
		s.claim(c)
	}
}

// command writes a step's command. Its expressions are computed anew.
func (s *script) command(st v1alpha1.Step) error {
	var reads, words []string
	for _, w := range st.Words {
		word, needs, err := s.word(w)
		if err != nil {
			return err
		}
		if flag, name, ok := fileOf(words, word, st.Files); ok {
			word = flag + `"$dir"/` + name
		}
		reads, words = append(reads, needs...), append(words, word)
	}
	if len(words) == 0 {
		return errNotTranslated
	}
	line := "step " + strings.Join(words, " ")
	if st.Show != "" {
		// What is not shown is no loss: the claims see all of it.
		if re, err := toERE("(?m)" + st.Show); err == nil {
			line = "show=" + bashQuote(re.pattern) + " " + line
		}
	}
	for _, f := range st.Files {
		s.file(f)
	}
	const broken = "{ broken; return; }"
	for _, read := range reads {
		s.line("%s || %s", read, broken)
	}
	if st.WithinMilliseconds > 0 {
		line = fmt.Sprintf("within=%d %s", (st.WithinMilliseconds+999)/1000, line)
	}
	if st.MayFail {
		s.line("%s || :", line)
	} else {
		s.line("%s || %s", line, broken)
	}
	if st.Name != "" {
		name := stepVariable(st.Name)
		s.line(`%[1]s_stdout=$stdout %[1]s_stderr=$stderr %[1]s_exitcode=$exit_code`, name)
	}
	return nil
}

func (s *script) word(w v1alpha1.Word) (word string, reads []string, err error) {
	for _, p := range w {
		if p.Expression == "" {
			word += bashQuote(p.Text)
			continue
		}
		value, needs, err := s.translator.text(p.Expression)
		if err != nil {
			return "", nil, err
		}
		word += value
		reads = append(reads, needs...)
	}
	if word == "" {
		word = "''"
	}
	return word, reads, nil
}

// fileOf tells whether a word names a file of the step, after a flag or with it.
func fileOf(before []string, word string, files []v1alpha1.File) (flag, name string, ok bool) {
	name = word
	if rest, joined := strings.CutPrefix(word, "--filename="); joined {
		flag, name = "--filename=", rest
	} else if n := len(before); n == 0 || before[n-1] != "-f" && before[n-1] != "--filename" {
		return "", "", false
	}
	return flag, name, slices.ContainsFunc(files, func(f v1alpha1.File) bool { return bashQuote(f.Name) == name })
}

// file writes a manifest as a here-document, whose end no line of it may be.
func (s *script) file(f v1alpha1.File) {
	if visible(f.Content) != f.Content {
		s.line("printf %%s %s >\"$dir\"/%s", bashQuote(f.Content), bashQuote(f.Name))
		return
	}
	end := "END"
	for strings.Contains(f.Content, end) {
		end += "_"
	}
	s.line("cat >\"$dir\"/%s <<'%s'", bashQuote(f.Name), end)
	s.out.WriteString(f.Content)
	if !strings.HasSuffix(f.Content, "\n") {
		s.line("")
	}
	s.line("%s", end)
}

func (s *script) claim(c v1alpha1.Claim) {
	condition, err := s.translator.condition(c.Expression)
	if err != nil {
		s.untranslated(c)
		return
	}
	s.claims++
	s.line("claim_%d() { %s; }", s.claims, condition)
	within := ""
	if c.WithinMilliseconds > 0 {
		within = fmt.Sprintf(" %d", (c.WithinMilliseconds+999)/1000)
	}
	s.line("check %s \\\n  %s claim_%d%s", bashQuote(visible(c.Claim)), bashQuote(visible(c.Expression)), s.claims, within)
}

func (s *script) untranslated(c v1alpha1.Claim) {
	s.comment("not translated: " + c.Claim)
	s.line("skip %s", bashQuote(visible(c.Claim)))
}

func (s *script) tail(scenarios int) {
	s.line("")
	for i := range scenarios {
		s.line("scenario_%d", i+1)
	}
	s.line(`
printf '\n%%s\n' "$held claims hold, $failed failed, $untranslated not translated; $stopped of %d scenarios ended early"
[ "$failed" = 0 ] || exit 1
[ "$stopped" = 0 ] || exit 3`, scenarios)
}

var plainBash = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// bashQuote writes a text as a word that bash reads back as the same text. What
// would act on a terminal that shows the script is written as an escape. A NUL
// is left out: no argument of a program can hold one.
func bashQuote(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if plainBash.MatchString(s) {
		return s
	}
	if visible(s) == s {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return b.String()
}
