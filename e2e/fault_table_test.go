package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
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

// maxMedian is the bound of the median of all verdicts, in seconds.
const maxMedian = 2.0

// write puts the table so far into the folder of artifacts, and judges the
// median of its rows.
func (t *table) write(tb testing.TB) {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.name, b.name)) })
	var seconds []float64
	var text strings.Builder
	text.WriteString("| # | provoked by | read | seconds | from | exit code | left |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range t.rows {
		if !r.slow {
			seconds = append(seconds, r.seconds)
		}
		left := "nothing"
		if len(r.leftovers) > 0 {
			left = strings.Join(r.leftovers, ", ")
		}
		fmt.Fprintf(&text, "| %d | %s | %s | %.1f | %s | %d | %s |\n", r.row, r.how, strings.ReplaceAll(r.text, "|", `\|`), r.seconds, r.basis, r.code, left)
	}
	if len(seconds) == 0 {
		return
	}
	slices.Sort(seconds)
	median, worst := seconds[len(seconds)/2], seconds[len(seconds)-1]
	fmt.Fprintf(&text, "\n%d faults; median %.1f s, at most %.1f s.\n", len(t.rows), median, worst)
	tb.Log("\n" + text.String())
	if median > maxMedian {
		tb.Errorf("expected a median of at most %.0f s, found %.1f s", maxMedian, median)
	}
	if *artifactsFlag == "" {
		return
	}
	if err := os.MkdirAll(*artifactsFlag, 0o750); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*artifactsFlag, "faults.md"), []byte(text.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
}
