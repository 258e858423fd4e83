package report

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Terminal shows a Document to people, as it grows.
type Terminal struct {
	mu    sync.Mutex
	out   io.Writer
	style style
	width int
	view  View
	// live is a terminal on which one line may be overwritten, or nil.
	live io.Writer
	// shown is how many columns of it are in use.
	shown int
	// gap: a blank line comes before the next one. begun is not enough to know whether
	// there is a line before it.
	gap, any bool
	// begun, sections and blocks are how much of the Document is shown: its head, whole
	// sections, and blocks of the next one.
	begun            bool
	sections, blocks int
	// unchecked counts the claims of the section that a failed command left open.
	unchecked int
	// files are those that were shown, by name.
	files map[string]string
	// together: a command follows the last line without a blank one. That line introduces
	// it, or belongs to a command without claims.
	together bool
}

// NewTerminal returns a Terminal that writes lines of at most width columns, and, where
// live is not nil, a line there that says what is being waited for. Cluster output is not
// wrapped.
func NewTerminal(out, live io.Writer, width int, colour bool) *Terminal {
	return &Terminal{out: out, live: live, width: max(width, 20), style: style{colour}, view: Story, files: map[string]string{}}
}

// As has the Terminal show a view of the Document; Story is the default.
func (t *Terminal) As(v View) *Terminal {
	t.view = v
	return t
}

// Show shows what there is of a report, and has not been shown.
func (t *Terminal) Show(r runtime.Object) { t.show(documentOf(r), false) }

// End shows the rest of a report, with what is left and the verdict.
func (t *Terminal) End(r runtime.Object) { t.show(documentOf(r), true) }

func (t *Terminal) show(d Document, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ended {
		t.clearLive()
	}
	if !t.begun && !ended && d.Title != "" {
		t.clearLive()
		t.head(d)
		t.begun = true
	}
	for t.sections < len(d.Sections) {
		s := d.Sections[t.sections]
		t.section(s)
		if s.Open {
			return
		}
		t.sections, t.blocks = t.sections+1, 0
	}
	if !ended {
		return
	}
	if len(d.Failures) > 0 && len(d.Sections) > 1 && t.view != Summary {
		t.render(append([]Block{rule{"Failures"}}, d.Failures...))
	}
	t.blank()
	t.render(d.Cleanup)
	if d.Verdict.Decided {
		t.verdict(d.Verdict.Mark, d.Verdict.Sum+".", d.Verdict.Times)
	}
}

// Note shows what happens beside the Document.
func (t *Terminal) Note(blocks ...Block) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(blocks) > 0 {
		t.clearLive()
		t.render(blocks)
	}
}

// Pages shows a line for each page of a Report of several.
func (t *Terminal) Pages(r *v1alpha1.Report) {
	blocks := []Block{Break{}}
	for _, sc := range r.Scenarios {
		blocks = append(blocks, summary(Section{Title: pageOf(sc), Tally: tally(sc), Milliseconds: sc.ElapsedMilliseconds})...)
	}
	t.Note(blocks...)
}

// OnDelay shows what keeps requests to the API server waiting.
func (t *Terminal) OnDelay(delay string) { t.Note(openNote(delay)) }

// OnStuckDeletion shows what the cleanup waits for.
func (t *Terminal) OnStuckDeletion(object, why string) { t.Note(stuckNote(object, why)...) }

// OnDecided shows that a signal ended the run, and how to remove by hand what a second signal
// would leave; and that the cleanup begins.
func (t *Terminal) OnDecided(r run.Result) {
	switch r.Interrupted {
	case "":
	case run.Quit.String():
		t.Note(Break{}, Prose{Text: "Stopped by you: cleaning up."})
	default:
		t.Note(Break{}, Prose{Text: fmt.Sprintf("Interrupted (%s): cleaning up. A second signal exits at once; then run:", r.Interrupted)}, Hint{"", r.RemoveCommand})
	}
	if !r.Cleanup.Kept {
		t.Doing("deleting the run's resources in namespace " + r.Run.Namespace)
	}
}

// Doing shows what goes on, where a line may be overwritten.
func (t *Terminal) Doing(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLive()
	t.showLive("  " + text)
}

// clear takes back the line that may be overwritten.
func (t *Terminal) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearLive()
}

func (t *Terminal) head(d Document) {
	t.heading(d.Title, d.Where)
	if d.Summary != "" && t.view == Story {
		t.wrapped(d.Summary)
	}
	if d.Namespace != "" {
		t.blank()
		t.wrapped(d.Namespace)
	}
	t.blank()
}

// rule is the title of a section.
type rule struct{ title string }

// sum is a section in one line.
type sum struct {
	mark        mark
	title, text string
}

// titleWidth is how much room a sum has for its title.
const titleWidth = 42

// section shows those blocks of a section that are not shown.
func (t *Terminal) section(s Section) {
	blocks := t.view.blocks(s)
	if len(blocks) > t.blocks {
		t.clearLive()
		t.render(blocks[t.blocks:])
		t.blocks = len(blocks)
	}
	if !s.Open && t.unchecked > 0 {
		t.marked(markOpen, Plural(t.unchecked, "claim")+" not checked")
		t.unchecked = 0
	}
}

func (t *Terminal) render(blocks []Block) {
	for _, b := range blocks {
		t.block(b)
	}
}

func (t *Terminal) block(b Block) {
	switch b := b.(type) {
	case rule:
		t.blank()
		t.line(t.style.bold("── "+clean(b.title)) + " " + t.style.dim(strings.Repeat("─", max(0, min(t.width, 80)-len([]rune(b.title))-4))))
	case sum:
		line := fmt.Sprintf("%-*s  %s", titleWidth, clean(b.title), b.text)
		if len([]rune(line)) > t.width-4 {
			t.marked(b.mark, b.title+": "+b.text)
		} else {
			t.line("  " + t.style.mark(b.mark) + " " + line)
		}
	case Heading:
		t.blank()
		t.line(t.style.bold(clean(b.Text)) + t.style.dim(clean(b.More)))
	case Say:
		if b.Text != "" && !b.Skipped {
			t.blank()
			t.wrapped(b.Text)
			t.together = true
		}
	case Prose:
		t.prose(b)
	case Break:
		t.blank()
	case File:
		t.file(b)
	case Command:
		t.command(b.Line)
		t.together = true
	case Output:
		t.indented(b.Stdout, "  ")
		t.indented(b.Stderr, "  ")
		t.together = true
	case Hint:
		t.hint(b)
	case Finding:
		t.finding(b)
	case Problem:
		t.verdict(markFailed, b.Text)
	case Evidence:
		for _, l := range b.Lines {
			t.line(t.style.dim("      " + clean(l)))
		}
	case Table:
		t.table(b)
	case Map:
		t.heatmap(b.Grid)
	}
}

func (t *Terminal) hint(h Hint) {
	if h.Label != "" {
		h.Label = fmt.Sprintf("%-11s  ", h.Label)
	}
	t.line("  " + h.Label + clean(h.Command))
}

func (t *Terminal) prose(p Prose) {
	switch {
	case p.Indented:
		t.line("  " + clean(p.Text))
	case p.Dim:
		t.paragraph("", 0, t.width, t.style.dim, p.Text)
	default:
		t.wrapped(p.Text)
	}
}

// file shows a file, once: later commands name it.
func (t *Terminal) file(f File) {
	if t.files[f.Name] == f.Content {
		return
	}
	t.files[f.Name] = f.Content
	t.blank()
	t.line("  " + t.style.dim(clean(f.Name)))
	t.indented(f.Content, "  ")
}

func (t *Terminal) finding(f Finding) {
	switch {
	case f.Unchecked:
		t.unchecked++
		return
	case f.Name != "":
		t.line("  " + t.style.mark(f.Mark) + " " + t.style.bold(clean(f.Name)) + t.style.dim(" ("+clean(f.Level)+")"))
	default:
		t.marked(f.Mark, f.Text)
	}
	t.details(f.Details)
}

// details shows what is below a finding, beside their labels.
func (t *Terminal) details(all []Detail) {
	width := labelWidth(all)
	for _, d := range all {
		label := fmt.Sprintf("      %-*s  ", width, d.Label)
		if !d.Raw {
			t.paragraph(label, len(label), t.width, plain, d.Text)
			continue
		}
		line := label + below(label, clean(d.Text))
		if d.Of != "" {
			line += "  " + t.style.dim("= "+clean(d.Of))
		}
		t.line(line)
	}
}

func labelWidth(all []Detail) (width int) {
	for _, d := range all {
		width = max(width, len(d.Label))
	}
	return width
}

// narrow is the least width of a terminal on which rows of a table are lines.
const narrow = 60

// table shows a row per line, where there is room for that.
func (t *Terminal) table(table Table) {
	widths := columnWidths(table)
	whole := 4 + 2*(len(widths)-1)
	for _, w := range widths {
		whole += w
	}
	inLine := func(i int) bool { return whole <= t.width || !table.Columns[i].Wide }
	row := func(mark string, cells []string) {
		line := "  " + mark + " "
		for i, cell := range cells {
			if inLine(i) {
				line += fmt.Sprintf("%-*s  ", widths[i], clean(cell))
			}
		}
		t.line(line)
	}
	if t.width >= narrow {
		var titles []string
		for _, c := range table.Columns {
			titles = append(titles, strings.ToUpper(c.Title))
		}
		row(" ", titles)
	}
	for i, r := range table.Rows {
		if t.width < narrow {
			t.narrowRow(table, r)
		} else {
			row(t.style.mark(r.Mark), r.Cells)
			for j, cell := range r.Cells {
				if !inLine(j) {
					t.line("      " + clean(cell))
				}
			}
		}
		// What is the same of consecutive rows is said once.
		if r.Note != "" && (i+1 == len(table.Rows) || table.Rows[i+1].Note != r.Note) {
			t.paragraph("      ", 6, min(t.width, 80), t.style.dim, r.Note)
		}
	}
}

// narrowRow shows a row in lines of their own.
func (t *Terminal) narrowRow(table Table, r Row) {
	t.marked(r.Mark, r.Cells[0])
	var narrowCells []Detail
	for i, cell := range r.Cells[1:] {
		if c := table.Columns[i+1]; c.Wide {
			t.line("      " + clean(cell))
		} else if cell != "" {
			narrowCells = append(narrowCells, Detail{Label: strings.ToLower(c.Title), Text: cell})
		}
	}
	t.details(narrowCells)
}

func columnWidths(table Table) []int {
	widths := make([]int, len(table.Columns))
	for i, c := range table.Columns {
		widths[i] = max(c.Width, len(c.Title))
		for _, r := range table.Rows {
			widths[i] = max(widths[i], len([]rune(r.Cells[i])))
		}
	}
	return widths
}

// command breaks a long command as one would in a shell, so that it can still
// be copied and run.
func (t *Terminal) command(line string) {
	if !t.together {
		t.blank()
	}
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

// Refuse writes why a command could not run: the error, or where its cause is known, what is
// wrong, and below it, in lines of at most width columns, the error and what to do.
func Refuse(out io.Writer, width int, command, text string, cause *v1alpha1.Cause) {
	if text == "" {
		return
	}
	t := NewTerminal(out, nil, width, false)
	what := text
	switch {
	case cause != nil:
		what = cause.What
	case strings.Contains(text, "\n"): // a list, and a command to copy
		fmt.Fprintf(out, "error: %s: could not run: %s\n", command, clean(text))
		return
	}
	t.paragraph("error: ", 7, width, plain, fmt.Sprintf("%s: could not run: %s", command, what))
	if cause == nil {
		return
	}
	why := strings.Replace(strings.TrimSuffix(text, "; "+cause.Remedy), cause.What+": ", "", 1)
	if why == cause.What {
		why = ""
	}
	t.details(details("", why, cause.Remedy))
}

// heading writes a title and, where there is room, where on the same line.
func (t *Terminal) heading(title, where string) {
	title, where = clean(title), clean(where)
	if len([]rune(title+" — "+where)) <= t.width {
		t.line(t.style.bold(title) + t.style.dim(" — "+where))
		return
	}
	t.paragraph("", 0, t.width, t.style.bold, title)
	t.paragraph("", 0, t.width, t.style.dim, where)
}

// verdict writes the sum of a run, with its mark: on one line, where that has room
// for all sentences.
func (t *Terminal) verdict(m mark, sentences ...string) {
	mark := t.style.mark(m) + " "
	if whole := strings.Join(sentences, " "); len([]rune(whole)) <= t.width-2 {
		sentences = []string{whole}
	}
	for _, s := range sentences {
		t.paragraph(mark, 2, t.width, t.style.bold, s)
		mark = "  "
	}
}

func (t *Terminal) marked(m mark, text string) {
	t.paragraph("  "+t.style.mark(m)+" ", 4, t.width, plain, text)
}

func (t *Terminal) wrapped(text string) { t.paragraph("", 0, min(t.width, 80), plain, text) }

// paragraph writes text in lines of at most width columns: the first begins with lead, which
// takes so many columns, and the others are indented as far.
func (t *Terminal) paragraph(lead string, columns, width int, style func(string) string, text string) {
	for _, l := range wrap(clean(text), width-columns) {
		t.line(lead + style(l))
		lead = strings.Repeat(" ", columns)
	}
}

func plain(text string) string { return text }

func (t *Terminal) indented(text, indent string) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	for l := range strings.SplitSeq(text, "\n") {
		t.line(indent + clean(strings.TrimRight(l, "\r")))
	}
}

// blank sets off what follows; two of them, or one at the begin, come to none more.
func (t *Terminal) blank() { t.gap = t.any }

func (t *Terminal) line(s string) {
	if t.gap {
		s = "\n" + s
	}
	t.gap, t.any, t.together = false, true, false
	fmt.Fprintln(t.out, strings.TrimRight(s, " "))
}

func (t *Terminal) showLive(s string) {
	if t.live == nil {
		return
	}
	if r := []rune(clean(s)); len(r) > t.width-1 {
		s = string(r[:t.width-2]) + "…"
	}
	fmt.Fprint(t.live, t.style.dim(s))
	t.shown = len([]rune(clean(s)))
}

// clearLive writes blanks: with NO_COLOR a terminal gets no escape sequence at all.
func (t *Terminal) clearLive() {
	if t.shown > 0 {
		fmt.Fprint(t.live, "\r"+strings.Repeat(" ", t.shown)+"\r")
		t.shown = 0
	}
}
