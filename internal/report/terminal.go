package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Terminal tells a run as a story, for people.
type Terminal struct {
	mu    sync.Mutex
	out   io.Writer
	style style
	width int
	// live is a terminal on which one line may be overwritten, or nil.
	live     io.Writer
	liveLine bool
	err      error
	// notChecked counts the claims that a failed command left open, to be told
	// in one line.
	notChecked int
	// files are those that were shown, by name.
	files map[string]string
}

// NewTerminal returns a report that writes lines of at most width columns,
// and, where live is not nil, a line there that says what is being waited for.
// Cluster output is not wrapped.
func NewTerminal(out, live io.Writer, width int, colour bool) *Terminal {
	return &Terminal{out: out, live: live, width: max(width, 20), style: style{colour}, files: map[string]string{}}
}

// Err is the first error of writing the report.
func (t *Terminal) Err() error { return t.err }

// Handle tells one event. Events must come in order (see InOrder).
func (t *Terminal) Handle(ev engine.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLive()
	switch b := ev.Body.(type) {
	case engine.RunStarted:
		t.runStarted(b)
	case engine.ScenarioStarted:
		rule := strings.Repeat("─", max(0, min(t.width, 80)-len([]rune(b.Title))-4))
		t.line("")
		t.line(t.style.bold("── "+clean(b.Title)) + " " + t.style.dim(rule))
	case engine.StepStarted:
		if b.Say != "" {
			t.line("")
			t.wrapped(b.Say)
		}
	case engine.FileShown:
		t.file(b)
	case engine.CommandShown:
		t.command(b.Line)
	case engine.Waiting:
		t.showLive(fmt.Sprintf("  waiting for %s: %s", b.For, b.State))
	case engine.Output:
		t.indented(b.Stdout, "  ")
		t.indented(b.Stderr, "  ")
	case engine.ExpectationMet:
		t.marked(t.style.met(), b.Claim)
	case engine.ExpectationNotChecked:
		t.notChecked++
	case engine.ClaimShown:
		t.marked(t.style.open(), b.Claim)
	case engine.PreviewEnded:
		t.line("")
		t.wrapped(fmt.Sprintf("A dry run: %d commands and %d claims; nothing was asked or changed.", b.Commands, b.Claims))
	case engine.ScenarioEnded:
		t.scenarioEnded()
	case engine.Interrupted:
		t.interrupted(b)
	case engine.CleanupStarted:
		t.showLive("  removing what the run made in namespace " + b.Namespace)
	case engine.CleanupEnded:
		t.cleanup(b.Run, b.Cleanup)
	case engine.RunEnded:
		t.runEnded(b)
	default:
		t.wrong(b)
	}
}

// replaced tells of images that cannot run; it is false for any other event.
func (t *Terminal) replaced(body engine.Body) bool {
	var texts []string
	switch b := body.(type) {
	case engine.ReplacementPlanned:
		texts = []string{plannedText(b.Replacement)}
	case engine.ImageReplaced:
		texts = replacedText(b.Replacement)
	default:
		return false
	}
	t.line("")
	for _, text := range texts {
		t.wrapped(text)
	}
	return true
}

// wrong tells the events about what is not as it should be.
func (t *Terminal) wrong(body engine.Body) {
	if t.replaced(body) {
		return
	}
	switch b := body.(type) {
	case engine.CommandRetried:
		t.dimmed(fmt.Sprintf("  (the output of try %d, after %s)", b.Tries, seconds(b.Elapsed)))
	case engine.CleanupHeld:
		t.marked(t.style.open(), fmt.Sprintf("%s does not go: %s", b.Object, b.Why))
		t.marked(" ", "Waiting goes on: whoever set a finalizer has to remove it.")
	case engine.ScenarioRepeated:
		t.notChecked = 0
		t.line("")
		t.marked(t.style.open(), b.Cause.What+", which proves nothing: what the scenario made is removed, and it runs once more, from its begin.")
	case engine.CommandRepeated:
		t.marked(t.style.open(), clean(b.Cause.Why))
		t.marked(" ", "The connection to the API server broke while the command ran: it runs again.")
	case engine.Delayed:
		t.marked(t.style.open(), b.Delay.String())
	case engine.Trouble:
		t.marked(t.style.open(), clean(b.Cause.What+": "+b.Cause.Why))
		t.marked(" ", "Waiting goes on: it may pass by itself.")
	case engine.ExpectationFailed:
		t.failed(b)
	case engine.StepFailed:
		t.stepFailed(b)
	case engine.EvidenceKept:
		for _, l := range kept(evidenceOf(b)) {
			t.line(t.style.dim("      " + clean(l)))
		}
	}
}

// file shows a file, once: several commands may use the same.
func (t *Terminal) file(b engine.FileShown) {
	t.line("")
	if t.files[b.Name] == b.Content {
		t.line("  " + t.style.dim(clean(b.Name)+", as above"))
		return
	}
	t.files[b.Name] = b.Content
	t.line("  " + t.style.dim(clean(b.Name)))
	t.indented(b.Content, "  ")
}

func (t *Terminal) interrupted(b engine.Interrupted) {
	t.line("")
	if b.Signal == run.Quit.String() {
		t.line("Stopped, as asked: cleaning up.")
		return
	}
	t.wrapped(fmt.Sprintf("Interrupted (%s): cleaning up. A second signal leaves at once; then run:", b.Signal))
	t.line("  " + b.RemoveCommand)
}

func (t *Terminal) runStarted(b engine.RunStarted) {
	where := "Kubernetes " + b.Run.ServerVersion
	if b.Run.Context != "" {
		where = b.Run.Context + ", " + where
	}
	t.heading(b.Title, where)
	if b.Summary != "" {
		t.wrapped(b.Summary)
	}
	whose := "every command below runs in it"
	if b.Run.OwnNamespace {
		whose = "made for this run; " + whose
	}
	t.line("")
	t.wrapped(fmt.Sprintf("Namespace %s: %s.", b.Run.Namespace, whose))
	if b.Hardened {
		t.wrapped("It enforces the Pod Security Standard restricted, so the pods are made to meet it: " +
			"what the commands and files below have for that is not on the page.")
	}
	if b.EndedRuns > 0 {
		t.endedRuns(b)
	}
}

// endedRuns says what runs that were killed have left, and what removes it.
func (t *Terminal) endedRuns(b engine.RunStarted) {
	text, command := "An earlier run was killed and has left objects behind. This removes them:", "kubectl kbe cleanup"
	if b.EndedRuns > 1 {
		text = fmt.Sprintf("%d earlier runs were killed and have left objects behind. This removes them:", b.EndedRuns)
	}
	if !b.Run.OwnNamespace {
		command += " -n " + b.Run.Namespace
	}
	t.wrapped(text)
	t.line("  " + command)
}

// command breaks a long command as one would in a shell, so that it can still
// be copied and run.
func (t *Terminal) command(line string) {
	t.line("")
	lines := breakCommand(clean(line), t.width-6)
	for i, l := range lines {
		prompt := "    "
		if i == 0 {
			prompt = "  " + t.style.dim("$ ")
		}
		if i < len(lines)-1 {
			l += " \\"
		}
		t.line(prompt + t.style.bold(l))
	}
}

func (t *Terminal) failed(b engine.ExpectationFailed) {
	t.marked(t.style.failed(), b.Claim)
	if len(b.Mismatches) == 0 {
		t.line("      expression  " + clean(b.Expression))
	}
	for _, m := range b.Mismatches {
		t.line("      expression  " + clean(m.Expression))
		if m.Expected != "" {
			t.line("      expected    " + clean(m.Expected))
		}
		for i, o := range m.Operands {
			label := "found     "
			if i > 0 {
				label = "with      "
			}
			t.line(fmt.Sprintf("      %s  %s  %s", label, clean(o.Value), t.style.dim("= "+clean(o.Expression))))
		}
	}
	if b.Err != "" {
		t.labelled("because   ", b.Err)
	}
}

func (t *Terminal) stepFailed(b engine.StepFailed) {
	t.marked(t.style.failed(), clean(b.Err))
	t.cause(b.Cause)
}

// Refuse tells why a run could not start: the error, and below it, in lines of at
// most width columns, its diagnosis, where there is one.
func Refuse(out io.Writer, width int, example, err string, c *diagnose.Cause) {
	fmt.Fprintf(out, "error: %s: could not run: %s\n", example, clean(err))
	if c != nil {
		t := NewTerminal(out, nil, width, false)
		t.labelled("what", c.What)
		t.labelled("do  ", c.Remedy)
	}
}

// cause tells a diagnosis, where there is one.
func (t *Terminal) cause(c *diagnose.Cause) {
	if c == nil {
		return
	}
	t.labelled("what", c.What)
	t.labelled("why ", c.Why)
	t.labelled("do  ", c.Remedy)
}

func (t *Terminal) scenarioEnded() {
	switch t.notChecked {
	case 0:
	case 1:
		t.marked(t.style.open(), "1 claim is not checked")
	default:
		t.marked(t.style.open(), fmt.Sprintf("%d claims are not checked", t.notChecked))
	}
	t.notChecked = 0
}

func (t *Terminal) cleanup(run v1alpha1.Run, b v1alpha1.Cleanup) {
	t.line("")
	if len(b.Unconfirmed) > 0 {
		t.wrapped("No kubelet confirmed the end of these pods; only their objects were removed: " + clean(strings.Join(b.Unconfirmed, ", ")) + ".")
	}
	switch {
	case b.Kept:
		t.wrapped(fmt.Sprintf("Everything is kept in namespace %s.", run.Namespace))
		t.line("  look at it   kubectl get pods -n " + run.Namespace)
		t.line("  remove it    " + b.RemoveCommand)
		if b.Error != "" {
			t.verdict(false, b.Error)
		}
	case b.Error != "":
		t.verdict(false, "The cleanup is not complete: "+b.Error)
		for _, l := range b.Leftovers {
			t.line("  left: " + clean(l))
		}
		if b.RemoveCommand != "" {
			t.line("  remove it    " + b.RemoveCommand)
		}
	case run.OwnNamespace:
		t.dimmed(fmt.Sprintf("Namespace %s is removed (%s).", run.Namespace, millis(b.ElapsedMilliseconds)))
	default:
		t.dimmed(fmt.Sprintf("What the run made in namespace %s is removed (%s).", run.Namespace, millis(b.ElapsedMilliseconds)))
	}
}

func (t *Terminal) runEnded(b engine.RunEnded) {
	if b.Err != "" {
		return // nothing has run: an error of the command, not a story
	}
	total := b.Met + b.Failed + b.NotChecked
	text := fmt.Sprintf("%d of %d claims hold", b.Met, total)
	if b.Failed > 0 {
		text += fmt.Sprintf(", %d failed", b.Failed)
	}
	if b.NotChecked > 0 {
		text += fmt.Sprintf(", %d not checked", b.NotChecked)
	}
	t.verdict(b.Verdict == v1alpha1.Passed, text+".", fmt.Sprintf("Verdict after %s, %s in all.", seconds(b.ToVerdict), seconds(b.Elapsed)))
}

// heading writes a title and, where there is room, where on the same line.
func (t *Terminal) heading(title, where string) {
	title, where = clean(title), clean(where)
	if len([]rune(title+" — "+where)) <= t.width {
		t.line(t.style.bold(title) + t.style.dim(" — "+where))
		return
	}
	for _, l := range wrap(title, t.width) {
		t.line(t.style.bold(l))
	}
	t.dimmed(where)
}

// verdict writes the sum of a run, with its mark: on one line, where that has room
// for all sentences.
func (t *Terminal) verdict(passed bool, sentences ...string) {
	mark := t.style.failed()
	if passed {
		mark = t.style.met()
	}
	if whole := strings.Join(sentences, " "); len([]rune(whole)) <= t.width-2 {
		sentences = []string{whole}
	}
	for _, s := range sentences {
		for _, l := range wrap(clean(s), t.width-2) {
			t.line(mark + " " + t.style.bold(l))
			mark = " "
		}
	}
}

func (t *Terminal) dimmed(text string) {
	for _, l := range wrap(clean(text), t.width) {
		t.line(t.style.dim(l))
	}
}

// labelled writes text that is wrapped beside its label.
func (t *Terminal) labelled(label, text string) {
	label = "      " + label + "  "
	for _, l := range wrap(clean(text), t.width-len(label)) {
		t.line(label + l)
		label = strings.Repeat(" ", len(label))
	}
}

func (t *Terminal) marked(mark, text string) {
	lines := wrap(clean(text), t.width-4)
	for i, l := range lines {
		if i == 0 {
			t.line("  " + mark + " " + l)
			continue
		}
		t.line("    " + l)
	}
}

func (t *Terminal) wrapped(text string) {
	for _, l := range wrap(clean(text), min(t.width, 80)) {
		t.line(l)
	}
}

func (t *Terminal) indented(text, indent string) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	for l := range strings.SplitSeq(text, "\n") {
		t.line(indent + clean(strings.TrimRight(l, "\r")))
	}
}

func (t *Terminal) line(s string) {
	if _, err := fmt.Fprintln(t.out, strings.TrimRight(s, " ")); err != nil && t.err == nil {
		t.err = fmt.Errorf("write the report: %w", err)
	}
}

func (t *Terminal) showLive(s string) {
	if t.live == nil {
		return
	}
	if r := []rune(clean(s)); len(r) > t.width-1 {
		s = string(r[:t.width-2]) + "…"
	}
	fmt.Fprint(t.live, t.style.dim(s))
	t.liveLine = true
}

func (t *Terminal) clearLive() {
	if t.liveLine {
		fmt.Fprint(t.live, "\r\x1b[K")
		t.liveLine = false
	}
}

// Printable makes text that comes from a cluster, or from somebody's example,
// harmless for a terminal: escape sequences and other control characters, and
// those that change the direction of text, are shown and not obeyed.
func Printable(s string) string {
	return visible(printers.EscapeTerminal(strings.ReplaceAll(s, "\r\n", "\n")))
}

func clean(s string) string { return Printable(s) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// wrap breaks text between words into lines of at most width columns.
func wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if length > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if length > 0 {
			line += " "
			length++
		}
		line += word
		length += n
	}
	return append(lines, line)
}

// breakCommand breaks a command between words, where no quote is open, into
// lines of at most width columns, where words allow it.
func breakCommand(line string, width int) []string {
	var words []string
	start, quoted := 0, false
	for i, r := range line {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == ' ' && !quoted:
			words = append(words, line[start:i])
			start = i + 1
		}
	}
	words = append(words, line[start:])
	lines := []string{""}
	for _, w := range words {
		last := lines[len(lines)-1]
		switch {
		case last == "":
			lines[len(lines)-1] = w
		case len([]rune(last))+1+len([]rune(w)) > width:
			lines = append(lines, w)
		default:
			lines[len(lines)-1] += " " + w
		}
	}
	return lines
}

type style struct{ colour bool }

func (s style) sgr(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string { return s.sgr("1", t) }
func (s style) dim(t string) string  { return s.sgr("2", t) }

// The marks of a claim that holds, fails, or was not checked.
func (s style) met() string    { return s.sgr("32", "✓") }
func (s style) failed() string { return s.sgr("31", "✗") }
func (s style) open() string   { return s.sgr("33", "–") }
