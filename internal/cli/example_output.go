package cli

import (
	"fmt"
	"io"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// exampleOutput is where the Report of an example goes. It is made of events.
type exampleOutput struct {
	*output
	collector *report.Collector
}

func newExampleOutput() *exampleOutput {
	return &exampleOutput{
		output:    newOutput(&v1alpha1.Report{}),
		collector: report.NewCollector(),
	}
}

// handle takes the next event; progress is shown on errOut where no story is.
func (o *exampleOutput) handle(ev engine.Event, errOut io.Writer) {
	o.collector.Handle(ev)
	if o.format() == "" {
		return
	}
	switch b := ev.Body.(type) {
	case engine.RunStarted:
		fmt.Fprintf(errOut, "%s: running in namespace %s; the report follows at the end\n", b.Example, b.Run.Namespace)
	case engine.Delayed:
		fmt.Fprintln(errOut, b.Delay)
	case engine.ScenarioEnded:
		fmt.Fprintf(errOut, "%s: %s\n", o.collector.Progress(ev.Scenario), b.Elapsed.Round(1e8))
	case engine.CleanupEnded:
		if b.Cleanup.Error != "" {
			fmt.Fprintf(errOut, "the cleanup is incomplete: %s\nto delete the leftovers: %s\n", b.Cleanup.Error, b.Cleanup.RemoveCommand)
		} else if b.Cleanup.Kept {
			fmt.Fprintf(errOut, "all resources are kept; to delete them: %s\n", b.Cleanup.RemoveCommand)
		}
	}
}
