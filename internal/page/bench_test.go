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
	table := func(name func(int) string, status string, step int) string {
		text := "NAME READY STATUS RESTARTS AGE IP\n"
		for i := range rows {
			n := i * step % rows
			text += fmt.Sprintf("%s   1/1   %s   0   5m   10.%d.%d.%d\n", name(n), status, step, n/250, 2+n%250)
		}
		return text
	}
	web := func(n int) string { return fmt.Sprintf("web-n%d", n) }
	generated := func(hash string) func(int) string {
		return func(n int) string { return "web-" + hash + "-" + suffixOf(n) }
	}
	for name, tc := range map[string]struct {
		shown, found string
		differences  int
	}{
		"alike":                {table(web, "Running", 1), table(web, "Running", 7), 0},
		"different":            {table(web, "Running", 1), table(web, "Pending", 7), rows},
		"generated":            {table(generated("7fb96c846b"), "Running", 1), table(generated("6d4cf56db6"), "Running", 7), 0},
		"generated, different": {table(generated("7fb96c846b"), "Running", 1), table(generated("6d4cf56db6"), "Pending", 7), rows},
	} {
		b.Run(name, func(b *testing.B) {
			decide(b, "get pods", tc.shown, tc.found, tc.differences)
		})
	}
}

// suffixOf is a suffix as Kubernetes generates them, another one for each number.
func suffixOf(n int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	suffix := make([]byte, 5)
	for i := range suffix {
		suffix[i] = letters[n%len(letters)]
		n /= len(letters)
	}
	return string(suffix)
}

// BenchmarkALongText decides a text of 1,000 lines.
func BenchmarkALongText(b *testing.B) {
	const rows = 1000
	text := func(format string, step int) string {
		var text strings.Builder
		for i := range rows {
			n := i * step % rows
			fmt.Fprintf(&text, format+"\n", n, 2+n%250)
		}
		return text.String()
	}
	for name, tc := range map[string]struct {
		command, shown, found string
		differences           int
	}{
		"another order":             {"logs a", text("request %d of client-%d is served", 1), text("request %d of client-%d is served", 7), 0},
		"other addresses":           {"logs a", text("request %d of 10.0.0.%d is served", 1), text("request %d of 10.9.0.%d is served", 7), 0},
		"different":                 {"logs a", text("request %d of client-%d is served", 1), text("request number%d from x%d fails", 7), rows},
		"different, alike":          {"logs a", text("request %d of client-%d is served", 1), text("request %d of client-%d is refused", 7), rows},
		"different, addresses":      {"logs a", text("request %d of 10.0.0.%d is served", 1), text("request %d of 10.9.0.%d is refused", 7), rows},
		"different, addresses only": {"logs a", text("10.%d.0.%d", 1), text("request %d of client-%d", 7), rows},
		"a description":             {"describe pod a", text("Key %d: %d", 1), text("Other %d: %d", 7), rows},
	} {
		b.Run(name, func(b *testing.B) {
			decide(b, tc.command, tc.shown, tc.found, tc.differences)
		})
	}
}

// decide compares an output of a page with that of the cluster, again and again.
func decide(b *testing.B, command, shown, found string, differences int) {
	page := "```bash\n$ kubectl " + command + "\n" + shown + "```\n"
	for b.Loop() {
		p := read(b, "long.md", page)
		h := p.judge(map[string]expect.Outcome{p.commands[0].step: {Stdout: found}}, "kbe-page-abcde", "")
		if len(h.differences) != differences {
			b.Fatalf("expected %d findings, found %d", differences, len(h.differences))
		}
	}
}

// TestALongTextIsNotComparedLineByLine: of 1,000 lines, few are looked at for each line of the page, whether
// they match or not, and a line that differs in a word is found all the same.
func TestALongTextIsNotComparedLineByLine(t *testing.T) {
	const rows = 1000
	var texts []string
	for i := range rows {
		texts = append(texts, fmt.Sprintf("request %d of client-%d is served", i, i%250))
	}
	found := newPrintedLines(texts)
	looks := 0
	for i := range rows {
		for _, text := range []string{texts[i], fmt.Sprintf("request %d of 10.0.0.%d is refused", i, i%250)} {
			looks += len(found.candidates(text, patternOf(text, ""))) + len(found.inCommon(text))
		}
		if at := found.nearest(fmt.Sprintf("request %d of x is served", i), true); at != i {
			t.Fatalf("expected line %d, found %d", i, at)
		}
	}
	if most := 10 * rows; looks > most {
		t.Errorf("expected at most %d looks at a line, found %d", most, looks)
	}
}
