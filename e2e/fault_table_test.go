package e2e

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// row is what came of a fault.
type row struct {
	fault
	code      int
	seconds   float64
	basis     string
	text      string
	leftovers []string
}

// table collects the rows of the suite.
type table struct {
	mu   sync.Mutex
	rows []row
}

var results table

func (t *table) add(r row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, r)
}

// record adds a fault that another test has provoked: what was read of it, after
// how many seconds, from when the command was started or 0 where that was not measured,
// the exit code, and what was left, on purpose.
func (t *table) record(number int, how, read string, seconds float64, code int, left ...string) {
	t.add(row{fault: fault{row: number, how: how, slow: true}, code: code, seconds: seconds, basis: fromStart, text: flat(read), leftovers: left})
}

// reach is record for what `kubectl kbe reach` has found.
func (t *table) reach(number int, how string, r *v1alpha1.Reach, code int) {
	read := ""
	switch {
	case len(r.Causes) > 0:
		read = r.Causes[0].What + ": " + r.Causes[0].Why
	case r.Matrix != nil && len(r.Matrix.Findings) > 0:
		read = r.Matrix.Findings[0].Text
	}
	t.record(number, how, read, float64(r.VerdictMilliseconds)/1000, code)
}

// designed is how many faults the design lists.
const designed = 40

// fromStart: a time is counted from when the command was started.
const fromStart = "the start"

// maxMedian is the bound of the median of all verdicts, in seconds.
const maxMedian = 2.0

// write writes the table into a folder, where there is one, and judges the median of
// its rows.
func (t *table) write(dir string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.how, b.how)) })
	var seconds []float64
	var text strings.Builder
	text.WriteString("| # | provoked by | read | seconds | from | exit code | left |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range t.rows {
		if !r.slow {
			seconds = append(seconds, r.seconds)
		}
		text.WriteString(r.line())
	}
	if len(seconds) == 0 {
		return nil
	}
	slices.Sort(seconds)
	median, worst := seconds[len(seconds)/2], seconds[len(seconds)-1]
	fmt.Fprintf(&text, "\n%d faults; of %d whose time is known, median %.1f s, at most %.1f s.\n", len(t.rows), len(seconds), median, worst)
	var wrong error
	if median > maxMedian {
		wrong = fmt.Errorf("faults: expected a median of at most %.0f s, found %.1f s", maxMedian, median)
	}
	if missing := t.missing(); len(missing) > 0 {
		fmt.Fprintf(&text, "\nNot provoked in this run: %v.\n", missing)
		if flag.Lookup("test.run").Value.String() == "" && embedded != nil {
			wrong = errors.Join(wrong, fmt.Errorf("faults: expected all %d, found none of %v", designed, missing))
		}
	}
	if dir == "" {
		fmt.Print(text.String())
		return wrong
	}
	return errors.Join(wrong, os.MkdirAll(dir, 0o750), os.WriteFile(filepath.Join(dir, "faults.md"), []byte(text.String()), 0o600))
}

// missing are the faults of the design that no test has covered.
func (t *table) missing() (numbers []int) {
	for n := range designed {
		if !slices.ContainsFunc(t.rows, func(r row) bool { return r.row == n+1 }) {
			numbers = append(numbers, n+1)
		}
	}
	return numbers
}

// line is the row in Markdown. A fault that takes its own time has none to show.
func (r row) line() string {
	seconds, basis, left := "–", "–", "nothing"
	if !r.slow || r.basis == fromStart && r.seconds > 0 {
		seconds, basis = fmt.Sprintf("%.1f", r.seconds), r.basis
	}
	if len(r.leftovers) > 0 {
		left = strings.Join(r.leftovers, ", ")
	}
	return fmt.Sprintf("| %d | %s | %s | %s | %s | %d | %s |\n", r.row, r.how, strings.ReplaceAll(r.text, "|", `\|`), seconds, basis, r.code, left)
}
