package page

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// defaultWithin is how long a command that reads may take until it prints what the page
// shows.
const defaultWithin = "1m"

// ErrNoCommands is the error of a page that shows no command.
var ErrNoCommands = errors.New("expected a fence with a kubectl command, found none")

// Example is the page as an example of one scenario. The error is example.Problems, or
// ErrNoCommands.
func (p *Page) Example(from Sources) (*example.Example, error) {
	e := example.New()
	e.Metadata.Name = p.label()
	e.Spec.Title = p.Title
	e.Spec.Source = p.Name
	e.Spec.Images = map[string]example.Image{ClientImage: {Reference: clientReference}}
	sc := example.Scenario{Name: "page", Title: p.Title, At: example.Line(p.Name, 1)}
	var problems example.Problems
	client := false
	var shown []string
	for _, c := range p.commands {
		if c.note.wrong != "" {
			problems = append(problems, example.Line(p.Name, p.line(c.note.at)).Problem(c.note.wrong))
		}
		if c.where == inCluster && !client {
			sc.Steps = append(sc.Steps, p.clientSteps(c)...)
			client = true
		}
		sc.Steps = append(sc.Steps, p.step(e, c, from, shown))
		shown = c.valuesAfter(shown)
		sc.Steps = append(sc.Steps, p.afterwards(c)...)
	}
	if len(sc.Steps) == 0 {
		return nil, fmt.Errorf("%s: %w", p.Name, ErrNoCommands)
	}
	e.Spec.Scenarios = []example.Scenario{sc}
	return e, example.Join(problems, e.Check())
}

// notLabel is what the name of an example cannot have.
var notLabel = regexp.MustCompile(`[^a-z0-9]+`)

// label is the page's name as a DNS label.
func (p *Page) label() string {
	base := strings.ToLower(strings.TrimSuffix(filepath.Base(p.Name), filepath.Ext(p.Name)))
	label := strings.Trim(notLabel.ReplaceAllString(base, "-"), "-")
	label = strings.Trim(label[:min(len(label), example.LongestName)], "-")
	return cmp.Or(label, "page")
}

// clientSteps start the Pod that is inside the cluster.
func (p *Page) clientSteps(c *command) []example.Step {
	at := example.Line(p.Name, p.line(c.start))
	return []example.Step{
		{Say: "The next command runs inside the cluster, in a pod of this run.", Early: true, At: at,
			Run: "kubectl run " + clientPod + " --image=$(images." + ClientImage + ") -- sleep infinity"},
		{Run: "kubectl wait --for=condition=Ready pod/" + clientPod + " --timeout=2m", At: at},
	}
}

// step is a command and the claims of what the page shows. values are those that it has shown before.
func (p *Page) step(e *example.Example, c *command, from Sources, values []string) example.Step {
	at := example.Line(p.Name, p.line(c.start))
	st := example.Step{Name: c.step, Say: c.say, At: at, Run: c.text}
	c.prepare()
	if c.notRun == "" {
		if err := p.resolve(e, c, from); err != nil {
			c.notRun = err.Error()
		}
	}
	switch {
	case c.note.Skip != "":
		st.NotRun, st.Known = c.note.Skip, true
	case c.notRun != "":
		st.NotRun, st.Known = notRunText(squeezed(c.text), c.notRun), c.harmless
	default:
		st.Run = c.line(values, p.home)
		if slices.Contains(example.Readers, c.words[0]) || c.words[0] == "wait" { // which may come before an object that it is for
			st.Within, st.Settles = cmp.Or(c.note.Within, defaultWithin), c.settles()
		}
		st.Show = c.shownPart()
	}
	if !st.Known {
		st.Expect = p.claims(c, at)
	}
	return st
}

// settleTime is how long a command prints the same until that is taken for what it will be.
const settleTime = 5 * time.Second

// namesTime is a sentence by which the output takes time, such as "After 35 seconds, run".
var namesTime = regexp.MustCompile(`(\d+) (second|minute)s?\b`)

// settles is how long a command prints the same until it is not run again; 0 means until its time is over.
func (c *command) settles() time.Duration {
	if c.note.Within != "" {
		return 0
	}
	longest := settleTime
	for _, m := range namesTime.FindAllStringSubmatch(c.say, -1) {
		named, _ := time.ParseDuration(m[1] + m[2][:1]) // 0 where it is too long
		longest = max(longest, named)
	}
	return longest
}

// shownPart is the pattern of the lines that are shown, where the output is piped into grep
// alone; comparisons read all of it.
func (c *command) shownPart() string {
	if len(c.filters) != 1 || c.filters[0].words[0] != "grep" || len(c.filters[0].words) != 2 {
		return ""
	}
	return basic.Replace(c.filters[0].words[1])
}

// prepare finds what keeps a command from running that only its text shows.
func (c *command) prepare() {
	if m := placeholder.FindString(c.text); m != "" && c.where == here && strings.HasPrefix(m, "<") {
		c.notRun = fmt.Sprintf("the page leaves %s to the reader", m)
	}
	if len(c.words) == 0 && c.notRun == "" {
		c.notRun = "it is no command"
	}
}

func notRunText(command, why string) string {
	return fmt.Sprintf("not run: `%s`: %s", clipped(command), why)
}

// clipped is a text of which not more is shown than one needs to find it.
func clipped(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// claims are that the command does what the page shows, and that each line is as shown.
func (p *Page) claims(c *command, at example.Place) []example.Expectation {
	says := "The command succeeds"
	if c.showsFailure() {
		says = "The command fails, as the page shows"
	}
	claims := []example.Expectation{{Claim: says, That: shownCall(c.id), At: at}}
	switch {
	case c.note.Known != "" && p.isLast(c):
		claims = append(claims, example.Expectation{Claim: "The page differs from the cluster, as a comment says: " + c.note.Known,
			That: shownCall(c.note.id), At: example.Line(p.Name, p.line(c.note.at))})
	case c.note.Known == "":
		for _, l := range c.output {
			claims = append(claims, example.Expectation{
				Claim: "The page shows: " + clipped(squeezed(l.text)),
				That:  shownCall(l.id), At: example.Line(p.Name, p.line(l.start)),
			})
		}
	}
	for _, s := range p.sentences {
		if s.of == c {
			claims = append(claims, example.Expectation{Claim: fmt.Sprintf("The page says that this creates a %s", s.word),
				That: shownCall(s.id), At: example.Line(p.Name, p.line(s.start))})
		}
	}
	for _, claim := range slices.Sorted(maps.Keys(c.note.Claims)) {
		claims = append(claims, example.Expectation{Claim: claim, That: c.note.Claims[claim], At: example.Line(p.Name, p.line(c.note.at))})
	}
	return claims
}

// shownCall is the expression that decides a statement.
func shownCall(id string) string { return fmt.Sprintf("shown(%q)", id) }

// failure is how kubectl, or a program in a container, shows that it failed.
var failure = regexp.MustCompile(`(?m)^(Error from server|error: |Error: |command terminated with (non-zero )?exit code|The connection to the server|OCI runtime exec failed)|curl: \(\d+\)`)

func (c *command) showsFailure() bool {
	return slices.ContainsFunc(c.output, func(l line) bool { return failure.MatchString(l.text) })
}

// line is a command as the step of an example has it: the values that the page has shown
// before are those of the cluster, and the namespace of the page is that of the run.
func (c *command) line(values []string, home home) string {
	words := []string{"kubectl"}
	isClient := slices.ContainsFunc(c.words, networkClient.MatchString)
	for _, w := range c.words {
		line := ""
		for i, part := range strings.Split(w, mark) {
			if i%2 == 1 {
				line += "$(" + part + ")"
			} else {
				line += withBound(part, values, home, isClient)
			}
		}
		words = append(words, cmp.Or(line, "''"))
	}
	return strings.Join(words, " ")
}

// withBound quotes a text, with each value in it as an expression.
func withBound(text string, values []string, home home, isClient bool) string {
	var b strings.Builder
	for text != "" {
		at, expression := span{len(text), len(text)}, "run.namespace"
		if names := home.namesIn(text, isClient); len(names) > 0 {
			at = names[0]
		}
		for _, v := range values {
			if i := indexWord(text, v); i >= 0 && (i < at.start || i == at.start && len(v) > at.end-at.start) {
				at, expression = span{i, i + len(v)}, fmt.Sprintf("bound(%q)", v)
			}
		}
		if at.start > 0 {
			b.WriteString(example.Quote([]string{text[:at.start]}))
		}
		if at.start < len(text) {
			fmt.Fprintf(&b, "$(%s)", expression)
		}
		text = text[at.end:]
	}
	return b.String()
}

// placesIn are the places of a text at which a value stands by itself.
func placesIn(text, value string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for from := 0; ; from++ {
			i := strings.Index(text[from:], value)
			if i < 0 {
				return
			}
			if from += i; !inName(text, from-1) && !inName(text, from+len(value)) && !yield(from) {
				return
			}
		}
	}
}

// indexWord is the first of them, or -1.
func indexWord(text, value string) int {
	for at := range placesIn(text, value) {
		return at
	}
	return -1
}

// inName reports whether the byte at an index is part of a name or a number.
func inName(text string, i int) bool {
	if i < 0 || i >= len(text) {
		return false
	}
	b := text[i]
	return b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// madeByRun is the name of the Pod that the last `kubectl run` before a command made and that
// the command takes for a Deployment.
func (p *Page) madeByRun(c *command) string {
	if len(c.words) < 2 {
		return ""
	}
	kind, name, joined := strings.Cut(c.words[1], "/")
	if !joined && len(c.words) > 2 {
		name = c.words[2]
	}
	if !slices.Contains(deployments, kind) {
		return ""
	}
	for _, before := range p.commands[:slices.Index(p.commands, c)] {
		if made := before.words; len(made) > 1 && made[0] == "run" && made[1] == name {
			return name
		}
	}
	return ""
}

var deployments = []string{"deployment", "deployments", "deploy", "deployment.apps", "deployments.apps"}

// afterwards are steps that keep the rest of the page as it is on the corrected page.
func (p *Page) afterwards(c *command) []example.Step {
	name := p.madeByRun(c)
	if name == "" || c.words[0] != "delete" || c.notRun != "" {
		return nil
	}
	return []example.Step{{
		Say: fmt.Sprintf("kubectl run made a pod, and no deployment. The pod %s is deleted, so that the rest of the page is checked as it would be on the corrected page.", name),
		Run: "kubectl delete pod " + name + " --ignore-not-found --now", At: example.Line(p.Name, p.line(c.start)),
	}}
}

// Without is the example without the commands that have a problem, which say it in their
// place: a page is checked as far as it can be. Problems that no command has are returned.
func (p *Page) Without(e *example.Example, err error) (rest error) {
	problems, is := errors.AsType[example.Problems](err)
	if !is {
		return err
	}
	var others example.Problems
	steps := e.Spec.Scenarios[0].Steps
	for _, problem := range problems {
		i := slices.IndexFunc(steps, func(st example.Step) bool {
			return st.NotRun == "" && p.isAbout(e, problem, st)
		})
		if i < 0 {
			others = append(others, problem)
			continue
		}
		if cmd, err := example.ParseCommand(steps[i].Run); err == nil && steps[i].At.Position().Line != problem.Line {
			for _, name := range cmd.Files() {
				delete(e.Files, name) // it would be refused again
			}
		}
		text := steps[i].Run
		// What else an example may have is for its author: a page shows what it shows.
		why, _, _ := strings.Cut(strings.TrimPrefix(problem.Text, "run: "), "; expected one of ")
		for _, c := range p.commands {
			if c.step == steps[i].Name {
				text, c.notRun = squeezed(c.text), why
			}
		}
		steps[i].NotRun = notRunText(text, why)
	}
	return example.Join(others)
}

// isAbout reports whether a problem is about a step: its command, or a manifest that it uses.
func (p *Page) isAbout(e *example.Example, problem example.Problem, st example.Step) bool {
	if problem.File == p.Name && st.At.Position().Line == problem.Line {
		return true
	}
	cmd, err := example.ParseCommand(st.Run)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(cmd.Files(), func(name string) bool {
		begin := e.Manifest(name).Position()
		return begin.File == problem.File && problem.Line >= begin.Line && problem.Line < begin.Line+strings.Count(string(e.Files[name]), "\n")+1
	})
}
