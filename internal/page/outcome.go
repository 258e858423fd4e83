package page

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// difference is a statement of the page that is not true, and what would make it true.
type difference struct {
	id string
	expect.Difference
	// change replaces a part of the page; nil where no change is known.
	change *change
}

// change replaces a part of the page's text.
type change struct {
	span
	text string
}

// history is what the page's commands have come to so far.
type history struct {
	bindings
	differences []difference
	// undecided are statements that nothing decides, by why: their command failed.
	undecided map[string]string
	// printed is what commands have printed.
	printed map[*command]string
	// failed are the commands that failed, and should not.
	failed []*command
	// notRun are those that could not run.
	notRun []*command
	// unchanged are those of both that were to change objects.
	unchanged []*command
	// created and deleted are, by the name of an object, the commands that did that.
	created, deleted map[string]*command
}

// judgement is the history that was used last: each claim of a command uses the same.
type judgement struct {
	mu              sync.Mutex
	outcomes        map[string]expect.Outcome
	namespace, last string
	history         *history
}

// judge compares what the page shows with the outcomes of its commands, by step; those
// without one have not run. It ends after the command of the step last; "" means none.
func (p *Page) judge(outcomes map[string]expect.Outcome, namespace, last string) *history {
	p.judged.mu.Lock()
	defer p.judged.mu.Unlock()
	if j := &p.judged; j.history == nil || j.namespace != namespace || j.last != last || !maps.Equal(j.outcomes, outcomes) {
		j.history, j.namespace, j.last, j.outcomes = p.historyOf(outcomes, namespace, last), namespace, last, maps.Clone(outcomes)
	}
	return p.judged.history
}

func (p *Page) historyOf(outcomes map[string]expect.Outcome, namespace, last string) *history {
	h := &history{
		bindings:  bindings{found: map[string]string{}, renamed: map[string]string{}, namespace: namespace, patterns: p.patterns},
		undecided: map[string]string{}, printed: map[*command]string{}, created: map[string]*command{}, deleted: map[string]*command{},
	}
	for _, c := range p.commands {
		switch out, ran := outcomes[c.step]; {
		case ran && len(c.words) > 0:
			h.command(p, c, out)
			h.known(p, c)
		case c.notRun != "" && !c.harmless:
			h.notRun = append(h.notRun, c)
			if c.changes() {
				h.unchanged = append(h.unchanged, c)
			}
		}
		if c.step == last {
			break
		}
	}
	return h
}

// command compares the outcome of a command.
func (h *history) command(p *Page, c *command, out expect.Outcome) {
	if own := p.home.last(); own != "default" {
		out.Stdout, out.Stderr = strings.ReplaceAll(out.Stdout, h.namespace, own), strings.ReplaceAll(out.Stderr, h.namespace, own)
	}
	out.Stdout, out.Stderr = h.nodesOfPage(withoutOwn(out.Stdout)), h.nodesOfPage(out.Stderr)
	stdout := out.Stdout
	for _, f := range c.filters {
		var err error
		if stdout, err = f.apply(stdout); err != nil {
			h.undecide(c, err.Error())
			return
		}
	}
	h.printed[c] = stdout
	failed := out.ExitCode != 0
	switch {
	case failed && !c.showsFailure():
		h.fails(p, c, out)
		return
	case !failed && c.showsFailure():
		h.add(difference{id: c.id, Difference: expect.Difference{Text: "the page shows that the command fails; on the cluster it succeeds", Final: true}})
	}
	for _, m := range deletedObject.FindAllStringSubmatch(out.Stdout, -1) {
		h.deleted[m[1]] = c
		delete(h.created, m[1])
	}
	for _, m := range createdObject.FindAllStringSubmatch(out.Stdout, -1) {
		h.created[m[1]] = c
		delete(h.deleted, m[1])
	}
	for _, s := range p.sentences {
		if s.of == c {
			h.createdKind(s, out)
		}
	}
	if len(c.output) > 0 {
		shown := &shownOutput{page: p, command: c, lines: c.output, printed: out.Stdout, besides: h.besides(p, c), bindings: &h.bindings}
		h.compared(p, c, shown.compare(stdout, out.Stderr))
	}
}

// besides is what the commands before one have printed that stand in the same fence, and have no output of their own.
func (h *history) besides(p *Page, c *command) (text string) {
	for _, b := range slices.Backward(p.commands[:slices.Index(p.commands, c)]) {
		if b.block != c.block || len(b.output) > 0 {
			break
		}
		text = h.printed[b] + text
	}
	return text
}

// compared adds the differences of an output. A command before in the same section that was to change objects and
// has not done so may be why: then they decide nothing.
func (h *history) compared(p *Page, c *command, all []difference) {
	why := h.unchangedBefore(p, c)
	if why == "" {
		h.add(all...)
		return
	}
	for _, d := range all {
		h.undecided[d.id] = why
	}
}

// unchangedBefore names the command before one in the same section that has not changed the objects that it was to
// change, or is "".
func (h *history) unchangedBefore(p *Page, c *command) string {
	i := slices.IndexFunc(h.unchanged, func(b *command) bool { return b.section == c.section })
	switch {
	case i < 0:
		return ""
	case h.unchanged[i].notRun != "":
		return fmt.Sprintf("the command in line %d, which changes objects, has not run", p.line(h.unchanged[i].start))
	}
	return fmt.Sprintf("the command in line %d, which changes objects, has failed", p.line(h.unchanged[i].start))
}

// known is a comment on a difference that there no longer is, after the last command that it is
// about.
func (h *history) known(p *Page, c *command) {
	if c.note.Known == "" || !p.isLast(c) {
		return
	}
	for _, of := range p.commands {
		if of.note.id == c.note.id && slices.ContainsFunc(of.output, h.differs) {
			return
		}
	}
	h.add(difference{id: c.note.id, Difference: expect.Difference{Text: "the page shows what the cluster has: delete the comment"}})
}

// differs reports whether a line of the page is not true, or not decided.
func (h *history) differs(l line) bool {
	return h.undecided[l.id] != "" || slices.ContainsFunc(h.differences, func(d difference) bool { return d.id == l.id })
}

func (h *history) add(d ...difference) { h.differences = append(h.differences, d...) }

// undecide notes that nothing decides what the page shows of a command.
func (h *history) undecide(c *command, why string) {
	for _, l := range c.output {
		h.undecided[l.id] = why
	}
}

// fails is a command that failed, and should not. What depends on one that failed before is
// no finding of its own.
func (h *history) fails(p *Page, c *command, out expect.Outcome) {
	reported, _, _ := strings.Cut(strings.TrimSpace(out.Stderr), "\n")
	h.undecide(c, fmt.Sprintf("its command failed: %s", reported))
	if before := dependsOn(c, h.failed, func(b *command) []string { return b.words[1:] }); before != nil {
		h.undecided[c.id] = fmt.Sprintf("the command in line %d failed before", p.line(before.start))
		return
	}
	before := dependsOn(c, h.notRun, func(b *command) []string { return strings.Fields(b.text) })
	if i := slices.IndexFunc(h.notRun, createsFromFiles); before == nil && i >= 0 && notFound.MatchString(out.Stderr) {
		before = h.notRun[i]
	}
	if before != nil {
		h.undecided[c.id] = fmt.Sprintf("the command in line %d has not run", p.line(before.start))
		return
	}
	if refused.MatchString(out.Stderr) {
		if h.undecided[c.id] = reported; c.changes() {
			h.unchanged = append(h.unchanged, c)
		}
		return
	}
	if why := h.unchangedBefore(p, c); why != "" {
		h.undecided[c.id] = why
		return
	}
	h.failed = append(h.failed, c)
	d := difference{id: c.id, Difference: expect.Difference{
		Text: fmt.Sprintf("the command fails with exit code %d", out.ExitCode), Shown: c.text, Found: reported}}
	if name := p.madeByRun(c); name != "" {
		d.Text = fmt.Sprintf("there is no deployment %s: kubectl run creates a pod since kubectl 1.18, so the command must name the pod", name)
		d.Final = true
		d.change = p.kindChange(c)
	} else if noProgram.MatchString(out.Stderr) {
		d.Text += ": the image of the container has no such program"
	} else if m := notFound.FindStringSubmatch(out.Stderr); m != nil && h.deleted[m[1]] != nil {
		d.Text, d.Final = p.again(h.deleted[m[1]], "deleted", m[1]), true
	} else if m := alreadyExists.FindStringSubmatch(out.Stderr); m != nil && h.created[m[1]] != nil {
		d.Text, d.Final = p.again(h.created[m[1]], "created", m[1]), true
	}
	if h.add(d); c.changes() && !d.Final {
		h.unchanged = append(h.unchanged, c)
	}
}

// again says that a command does what one before has done.
func (p *Page) again(before *command, done, name string) string {
	return fmt.Sprintf("the command in line %d has %s %s before; if this is another way to do the same, the comment `<!-- kbe: {skip: \"another way\"} -->` before it says so",
		p.line(before.start), done, name)
}

// createsFromFiles reports whether a command creates objects that its text does not name.
func createsFromFiles(c *command) bool { return c.changes() && fromFiles.MatchString(c.text) }

// refused is in the error of a request that a run does not send: it says nothing of the page.
var refused = regexp.MustCompile(`--allow-cluster-scope|is not of this run\b`)

var (
	fromFiles     = regexp.MustCompile(`\s(?:-[fk]\b|--filename\b|--kustomize\b)`)
	createdObject = regexp.MustCompile(`(?m)^[a-z][a-z0-9.]*/(\S+) created\b`)
	alreadyExists = regexp.MustCompile(`\S+ "([^"]+)" already exists`)
	// deletedObject is what kubectl prints of an object that it has deleted.
	deletedObject = regexp.MustCompile(`(?m)^\S+ "([^"]+)" (?:force )?deleted\b`)
	notFound      = regexp.MustCompile(`\(NotFound\): \S+ "([^"]+)" not found`)
	noProgram     = regexp.MustCompile(`executable file not found|command not found|no such file or directory: unknown`)
)

// dependsOn is the command of those before, with their words, that names the same object or file.
func dependsOn(c *command, earlier []*command, words func(*command) []string) *command {
	for _, before := range earlier {
		for _, w := range words(before) {
			_, name, joined := strings.Cut(w, "/")
			if !joined {
				name = w
			}
			isName := len(name) > 2 && !strings.HasPrefix(name, "-") && !isKind.MatchString(name)
			if isName && slices.ContainsFunc(c.words[1:], func(w string) bool { return w == name || strings.HasSuffix(w, "/"+name) }) {
				return before
			}
		}
	}
	return nil
}

// isKind is a word of kubectl that names no object.
var isKind = regexp.MustCompile(`^(all|configmaps?|cronjobs?|daemonsets?|deploy|deployments?|endpoints?|events?|generic|ingress(es)?|jobs?|json|kubectl|namespaces?|nodes?|` +
	`pods?|pvc?|quota|rc|replicasets?|replicationcontrollers?|roles?|rolebindings?|secrets?|serviceaccounts?|services?|statefulsets?|svc|wide|yaml)(\.[a-z0-9.]+)?$`)

// kindChange names the pod where a command names a deployment.
func (p *Page) kindChange(c *command) *change {
	text := string(p.text[c.start:c.end])
	for _, kind := range []string{"deployments", "deployment", "deploy"} {
		if i := indexWord(text, kind); i >= 0 {
			return &change{span{c.start + i, c.start + i + len(kind)}, "pod"}
		}
	}
	return nil
}

// createdKind decides a sentence on what a command creates: kubectl reports it, as KIND/NAME
// created.
func (h *history) createdKind(s sentence, out expect.Outcome) {
	for l := range strings.Lines(out.Stdout) {
		object, ok := strings.CutSuffix(strings.TrimSpace(l), " created")
		kind, name, slash := strings.Cut(object, "/")
		if !ok || !slash {
			continue
		}
		if kind, _, _ = strings.Cut(kind, "."); kind == strings.ToLower(s.word) {
			return
		}
		h.add(difference{id: s.id, change: &change{s.span, kind}, Difference: expect.Difference{Final: true, Shown: s.word, Found: object,
			Text: fmt.Sprintf("the page says that this creates a %s; the cluster has a %s, %s", s.word, kind, name)}})
		return
	}
}

// after is the history up to a step.
func (p *Page) after(f expect.Facts) *history {
	outcomes := map[string]expect.Outcome{}
	maps.Copy(outcomes, f.Steps)
	outcomes[f.Step] = f.Outcome
	return p.judge(outcomes, f.Namespace, f.Step)
}

// Differences are those of a statement of the page (see expect.Page).
func (p *Page) Differences(statement string, f expect.Facts) ([]expect.Difference, error) {
	if f.StdoutCut > 0 {
		return nil, errors.New("the command printed more than is kept: show less of it on the page")
	}
	h := p.after(f)
	if why, is := h.undecided[statement]; is {
		return nil, expect.Undecided{Why: why}
	}
	var found []expect.Difference
	for _, d := range h.differences {
		if d.id == statement {
			found = append(found, d.Difference)
		}
	}
	return found, nil
}

// Bindings are the values that the page shows of a step (see expect.Page).
func (p *Page) Bindings(f expect.Facts) (all []v1alpha1.Bound) {
	i := slices.IndexFunc(p.commands, func(c *command) bool { return c.step == f.Step })
	if i < 0 {
		return nil
	}
	seen := map[boundValue]bool{}
	for _, v := range p.after(f).values {
		isOf := slices.ContainsFunc(p.commands[i].output, func(l line) bool { return l.id == v.line.id })
		at := v1alpha1.Position{File: p.Name, Line: p.line(v.line.start)}
		v.line = line{}
		if isOf && !seen[v] {
			seen[v] = true
			all = append(all, v1alpha1.Bound{Kind: v.rule.name, Page: v.shown, Cluster: v.found, Position: at})
		}
	}
	return all
}

// Bound is what the cluster has for a value of the page (see expect.Page).
func (p *Page) Bound(value string, f expect.Facts) string {
	h := p.judge(f.Steps, f.Namespace, "")
	if found := h.found[value]; found != "" {
		return found
	}
	return value
}

// valuesAfter adds to the values of the page that the cluster has otherwise those that it shows of a
// command.
func (c *command) valuesAfter(values []string) []string {
	for _, l := range c.output {
		if c.listsNodes() && !isHeader(l.text) {
			values = append(values, wordsOf(l.text)[0].text)
		}
		for _, field := range strings.FieldsFunc(l.text, func(r rune) bool { return strings.ContainsRune(" \t\"'(),[]{}<>", r) }) {
			values = append(values, stableValues(field)...)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// stableValues are the values in a text that a page may name again.
func stableValues(text string) (values []string) {
	for i := 0; i < len(text); {
		r, value := valueAt(text, i)
		if r != nil && r.stable {
			values = append(values, value)
		}
		i += max(1, len(value))
	}
	return values
}
