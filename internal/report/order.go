package report

import "github.com/kubectl-kbe/kubectl-kbe/internal/engine"

// InOrder returns a sink that passes events on scenario by scenario: what
// belongs to a later scenario waits until the earlier ones have ended.
func InOrder(next func(engine.Event)) func(engine.Event) {
	o := &order{next: next, held: map[int][]engine.Event{}, ended: map[int]bool{}}
	return o.add
}

type order struct {
	next    func(engine.Event)
	current int // the scenario that is being told
	held    map[int][]engine.Event
	ended   map[int]bool
}

func (o *order) add(ev engine.Event) {
	if ev.Scenario == engine.WholeRun {
		o.next(ev)
		return
	}
	if _, ok := ev.Body.(engine.ScenarioEnded); ok {
		o.ended[ev.Scenario] = true
	}
	if ev.Scenario != o.current {
		// Where a command waits is news only while it waits.
		if _, ok := ev.Body.(engine.Waiting); !ok {
			o.held[ev.Scenario] = append(o.held[ev.Scenario], ev)
		}
		return
	}
	o.next(ev)
	for o.ended[o.current] {
		o.current++
		for _, held := range o.held[o.current] {
			o.next(held)
		}
		delete(o.held, o.current)
	}
}
