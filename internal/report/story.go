package report

import (
	"fmt"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// story shows on the terminal what an event adds. Scenarios run in parallel and are shown
// in order: the first that has not ended is the one that is shown.
func (c *Collector) story(ev engine.Event) {
	d, current := c.document()
	if ev.Scenario != engine.WholeRun && ev.Scenario != current && !c.scenarios[ev.Scenario].ended {
		return
	}
	switch b := ev.Body.(type) {
	case engine.Waiting:
		c.terminal.Doing(c.waiting(b, ev))
	case engine.RunEnded:
		d.Failures = documentOf(c.Report()).Failures
		c.terminal.show(d, true)
	default:
		c.terminal.clear()
		c.terminal.show(d, false)
		c.terminal.Note(noteOfRun(b)...)
	}
}

// waiting says what the scenario that is shown waits for, how long it has, and how many
// others run beside it.
func (c *Collector) waiting(b engine.Waiting, ev engine.Event) string {
	text := fmt.Sprintf("waiting for %s: %s", b.For, b.State)
	if begin := c.scenarios[ev.Scenario].stepBegin; !begin.IsZero() {
		text += fmt.Sprintf(" (%.0f s)", ev.Time.Sub(begin).Seconds())
	}
	others := -1
	for _, sc := range c.scenarios {
		if !sc.ended {
			others++
		}
	}
	if others > 0 {
		text += "; " + Plural(others, "other scenario") + " running"
	}
	return text
}

// document is what there is of the run so far, up to the scenario that has not ended.
func (c *Collector) document() (d Document, current int) {
	d = exampleHeader(&c.report)
	shown := newShown()
	for ; c.scenarios[current] != nil; current++ {
		sc := c.scenarios[current]
		d.Sections = append(d.Sections, Section{Title: sc.Title, Blocks: sc.attempt(shown), Open: !sc.ended,
			Tally: tally(sc.Scenario), Milliseconds: sc.ElapsedMilliseconds, Void: len(sc.earlier)})
		if !sc.ended {
			break
		}
	}
	return d, current
}

// attempt is what there is of a scenario, with what was shown of earlier attempts.
func (sc *scenario) attempt(shown *shown) []Block {
	blocks := sc.earlier[:len(sc.earlier):len(sc.earlier)]
	for i, st := range sc.Steps {
		blocks = append(blocks, stepBlocks(st, sc.notes[i], sc.stepEnded || i+1 < len(sc.Steps), shown)...)
	}
	return blocks
}

// noteOf is what only a terminal shows of what happens while a command runs.
func noteOf(body engine.Body) []Block {
	switch b := body.(type) {
	case engine.CommandRetried:
		return []Block{Prose{Text: fmt.Sprintf("  (output of attempt %d, after %s)", b.Tries, seconds(b.Elapsed)), Dim: true}}
	case engine.CommandRepeated:
		return []Block{openNote(b.Cause.Why), afterNote("The connection to the API server was lost: the command is run again.")}
	case engine.Trouble:
		return []Block{openNote(b.Cause.What + ": " + b.Cause.Why), afterNote("Still waiting: this may resolve itself.")}
	default:
		return nil
	}
}

// repeatedNote ends what is shown of an attempt that does not count.
func repeatedNote(b engine.ScenarioRepeated) []Block {
	return []Block{Break{}, openNote(b.Cause.What + ", which proves nothing. The scenario's resources are deleted, and it runs again from the start.")}
}

// noteOfRun is noteOf for what happens to the run as a whole.
func noteOfRun(body engine.Body) []Block {
	switch b := body.(type) {
	case engine.RunStarted:
		return startNotes(b)
	case engine.ReplacementPlanned:
		return []Block{Break{}, Prose{Text: plannedText(b.Image)}}
	case engine.ImageReplaced:
		blocks := []Block{Break{}}
		for _, text := range replacedText(b.Image) {
			blocks = append(blocks, Prose{Text: text})
		}
		return blocks
	case engine.QuotaNarrow:
		return []Block{Break{}, Prose{Text: fmt.Sprintf("The quota %q leaves %s, and all scenarios together need %s: they run one after the other.", b.Quota, b.Left, b.Needed)}}
	case engine.ContainersAdded:
		return []Block{openNote(fmt.Sprintf("Admission added to pod %q: container %s. Claims are about the containers of the page.", b.Pod, strings.Join(b.Containers, ", container ")))}
	case engine.PreviewEnded:
		return []Block{Break{}, Prose{Text: fmt.Sprintf("Dry run: %d commands and %d claims. No cluster was contacted.", b.Commands, b.Claims)}}
	default:
		return nil
	}
}

// UnavailableAPI says what an aggregated API that is down, as GROUP/VERSION, means for a run;
// session.DescribeAPI shows why.
func UnavailableAPI(api string) string {
	return fmt.Sprintf("The API %s is not available: as long as that is so, no namespace can be deleted, and the one of this run stays Terminating. To see why:", api)
}

// startNotes say what is special about a run.
func startNotes(b engine.RunStarted) (blocks []Block) {
	var required []string
	if b.Hardened {
		required = append(required, "meet the Pod Security Standard restricted")
	}
	if b.Sized {
		required = append(required, "have requests or limits")
	}
	if len(required) > 0 {
		blocks = append(blocks, Prose{Text: "Pods in this namespace must " + strings.Join(required, ", and ") +
			". The commands and files below have settings for it that are not on the page."})
	}
	for _, api := range b.UnavailableAPIs {
		blocks = append(blocks, openNote(UnavailableAPI(api)), Hint{"", session.DescribeAPI(api)})
	}
	if b.EndedRuns == 0 {
		return blocks
	}
	text, command := "An earlier run was killed and left resources behind. To delete them:", "kubectl kbe cleanup"
	if b.EndedRuns > 1 {
		text = fmt.Sprintf("%d earlier runs were killed and left resources behind. To delete them:", b.EndedRuns)
	}
	if !b.Run.OwnNamespace {
		command += " -n " + b.Run.Namespace
	}
	return append(blocks, Prose{Text: text}, Hint{"", command})
}

func stuckNote(object, why string) []Block {
	if !strings.HasPrefix(why, "Namespace") { // which begins a condition of a Namespace
		return []Block{openNote(fmt.Sprintf("Not waited for, until they have ended on their nodes: %s (%s).", object, why))}
	}
	return []Block{openNote(fmt.Sprintf("%s is stuck terminating: %s", object, why)), afterNote("Still waiting: whoever set a finalizer must remove it.")}
}

func openNote(text string) Finding { return Finding{Mark: markOpen, Text: text} }

// afterNote goes on with the note before it.
func afterNote(text string) Finding { return Finding{Mark: mark{Sign: " "}, Text: text} }
