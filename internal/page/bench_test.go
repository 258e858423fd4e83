package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// BenchmarkALongPage decides all statements of a page of 60 commands, each with a table of ten rows.
func BenchmarkALongPage(b *testing.B) {
	table := func(command int, age string) string {
		text := "NAME READY STATUS RESTARTS AGE\n"
		for row := range 10 {
			text += fmt.Sprintf("web-%d-%d   1/1   Running   0   %s\n", command, row, age)
		}
		return text
	}
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "```bash\n$ kubectl get pods -l n=%d\n%s```\n\n", i, table(i, "5m"))
	}
	for b.Loop() {
		p, err := Read("long.md", strings.NewReader(text.String()))
		if err != nil {
			b.Fatal(err)
		}
		f := expect.Facts{Steps: map[string]expect.Outcome{}}
		for i, c := range p.commands {
			c.prepare()
			f.Step, f.Stdout = c.step, table(i, "7m")
			for _, l := range c.output {
				if found, err := p.Differences(l.id, f); err != nil || len(found) > 0 {
					b.Fatal(found, err)
				}
			}
			f.Steps[c.step] = f.Outcome
		}
	}
}
