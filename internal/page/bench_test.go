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

// BenchmarkALongTable decides a table of 1,000 rows that the cluster prints in another order.
func BenchmarkALongTable(b *testing.B) {
	const rows = 1000
	table := func(name, status string, step int) string {
		text := "NAME READY STATUS RESTARTS AGE IP\n"
		for i := range rows {
			n := i * step % rows
			text += fmt.Sprintf("%s-%d   1/1   %s   0   5m   10.%d.%d.%d\n", name, 10000+n, status, step, n/250, 2+n%250)
		}
		return text
	}
	for name, tc := range map[string]struct {
		shown, found string
		differences  int
	}{
		"alike":                {table("web", "Running", 1), table("web", "Running", 7), 0},
		"different":            {table("web", "Running", 1), table("web", "Pending", 7), rows},
		"generated":            {table("web-7fb96c846b", "Running", 1), table("web-6d4cf56db6", "Running", 7), 0},
		"generated, different": {table("web-7fb96c846b", "Running", 1), table("web-6d4cf56db6", "Pending", 7), rows},
	} {
		b.Run(name, func(b *testing.B) {
			page := "```bash\n$ kubectl get pods\n" + tc.shown + "```\n"
			for b.Loop() {
				p, err := Read("long.md", strings.NewReader(page))
				if err != nil {
					b.Fatal(err)
				}
				h := p.judge(map[string]expect.Outcome{p.commands[0].step: {Stdout: tc.found}}, "kbe-page-abcde", "")
				if len(h.differences) != tc.differences {
					b.Fatalf("expected %d findings, found %d", tc.differences, len(h.differences))
				}
			}
		})
	}
}
