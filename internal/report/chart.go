package report

import (
	"fmt"
	"strconv"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// chart is a Pod's way from creation to Ready, as bars over time.
type chart struct {
	Bars  []bar
	Title string
	Node  string
}

// bar is one part of the way. Left and Width are percentages of the whole.
type bar struct {
	What, Class string
	From, To    int64 // milliseconds after the creation
	Left, Width string
}

// Label says a bar in words.
func (b bar) Label() string { return fmt.Sprintf("%s to %s", millis(b.From), millis(b.To)) }

// chartOf draws a Pod's timeline, as far as the run has seen it.
func chartOf(p v1alpha1.Pod) chart {
	c := chart{Title: "Since creation", Node: p.Node}
	scheduled, started := int64(0), int64(0)
	pulled := map[string]int64{}
	for _, m := range p.Timeline {
		if m.ObservedMilliseconds == nil {
			continue
		}
		t := *m.ObservedMilliseconds
		switch m.What {
		case engine.PodScheduled:
			scheduled, started = t, t
			c.add("Scheduling", "schedule", 0, t)
		case engine.ImagePulled:
			pulled[m.Container] = t
			c.add("Image of "+m.Container, "pull", max(0, t-m.TookMilliseconds), t)
		case engine.ContainerStarted:
			from, ok := pulled[m.Container]
			if !ok {
				from = scheduled
			}
			started = max(started, t)
			c.add("Start of "+m.Container, "start", from, t)
		case engine.PodReady:
			c.Title = "From creation to Ready"
			c.add("Ready", "ready", min(started, t), t)
		default: // its creation is where the time begins
		}
	}
	return c
}

func (c *chart) add(what, class string, from, to int64) {
	c.Bars = append(c.Bars, bar{What: what, Class: class, From: from, To: max(from, to)})
}

// end is when the last bar ends.
func (c *chart) end() (end int64) {
	for _, b := range c.Bars {
		end = max(end, b.To)
	}
	return end
}

// scale draws the bars over a time in which all charts of a page fit.
func (c *chart) scale(whole int64) {
	whole = max(whole, 1)
	percent := func(ms int64) string { return strconv.FormatFloat(100*float64(ms)/float64(whole), 'f', 2, 64) }
	for i := range c.Bars {
		c.Bars[i].Left, c.Bars[i].Width = percent(c.Bars[i].From), percent(c.Bars[i].To-c.Bars[i].From)
	}
}
