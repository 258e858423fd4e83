package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// results are all samples, by name, in the order in which they were first taken.
type results struct {
	Rounds   int        `json:"rounds"`
	Measured []measured `json:"measured"`
	Ratios   []ratio    `json:"ratios"`
}

type measured struct {
	Name    string   `json:"name"`
	Samples []sample `json:"samples"`
}

// ratio compares two medians, or a median with nothing.
type ratio struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// Goal is the most that it should be; Unit is "s" where it is a time.
	Goal float64 `json:"goal"`
	Unit string  `json:"unit,omitempty"`
}

// alternate measures the subjects one after the other, round by round, each on an idle machine.
func (r *results) alternate(ctx context.Context, rounds int, subjects []subject) error {
	for round := range rounds {
		for _, measure := range subjects {
			if err := settle(ctx); err != nil {
				return err
			}
			samples, err := measure(ctx)
			if err != nil {
				return fmt.Errorf("round %d: %w", round+1, err)
			}
			for name, s := range samples {
				fmt.Fprintf(os.Stderr, "bench: round %d of %d: %s: %.3f s\n", round+1, rounds, name, s.Seconds)
				r.add(name, s)
			}
		}
	}
	return nil
}

func (r *results) add(name string, s sample) {
	i := slices.IndexFunc(r.Measured, func(m measured) bool { return m.Name == name })
	if i < 0 {
		i = len(r.Measured)
		r.Measured = append(r.Measured, measured{Name: name})
	}
	r.Measured[i].Samples = append(r.Measured[i].Samples, s)
}

// spread returns the least, the median and the largest of a figure.
func (m measured) spread(figure func(sample) float64) (least, median, most float64) {
	values := make([]float64, len(m.Samples))
	for i, s := range m.Samples {
		values[i] = figure(s)
	}
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0, 0, 0
	}
	return values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]
}

func seconds(s sample) float64 { return s.Seconds }

// median of the seconds of what has that name, and 0 where nothing has.
func (r *results) median(name string) float64 {
	for _, m := range r.Measured {
		if m.Name == name {
			_, median, _ := m.spread(seconds)
			return median
		}
	}
	return 0
}

// ratios are what the figures are about: their goals are those of a project that
// wants its verdict in little more than the time that the pods take.
func (r *results) ratios() []ratio {
	over := func(a, b string, goal float64) ratio {
		return ratio{Name: a + " ÷ " + b, Value: r.median(a) / r.median(b), Goal: goal}
	}
	return []ratio{
		over(verdict, limit, 1.15),
		over(coldVerdict, coldLimit, 1.2),
		over(exit, handExample, 0.3),
		over(pageExit, handPage, 0.6),
		over(startKBE, startKubectl, 0.65),
		{Name: matrixBeyond(6), Value: r.median(matrixBeyond(6)), Goal: 0.2, Unit: "s"},
		{Name: conformance, Value: r.median(conformance), Goal: 35, Unit: "s"},
		{Name: clusterUp, Value: r.median(clusterUp), Goal: 5, Unit: "s"},
	}
}

func (r *results) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nMEDIAN s\tFROM\tTO\tCPU s\tREQUESTS\tOF")
	for _, m := range r.Measured {
		least, median, most := m.spread(seconds)
		_, cpu, _ := m.spread(func(s sample) float64 { return s.CPUSeconds })
		_, requests, _ := m.spread(func(s sample) float64 { return float64(s.Requests) })
		fmt.Fprintf(t, "%.3f\t%.3f\t%.3f\t%s\t%s\t%s\n", median, least, most,
			known("%.2f", cpu), known("%.0f", requests), m.Name)
	}
	fmt.Fprintln(t, "\nRATIO\tGOAL\tOF")
	for _, x := range r.ratios() {
		fmt.Fprintf(t, "%s\t≤ %.2f\t%s\n", strings.TrimSpace(fmt.Sprintf("%.2f %s", x.Value, x.Unit)), x.Goal, x.Name)
	}
	_ = t.Flush() // to a terminal or a pipe: there is no other place for an error
}

// known formats a figure, if it was measured.
func known(format string, figure float64) string {
	if figure == 0 {
		return "–"
	}
	return fmt.Sprintf(format, figure)
}

var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// benchstat writes one line for each sample in the format of Go benchmarks.
func (r *results) benchstat(w io.Writer) error {
	var errs []error
	for _, m := range r.Measured {
		name := "Benchmark" + strings.Trim(notName.ReplaceAllString(m.Name, "-"), "-")
		for _, s := range m.Samples {
			_, err := fmt.Fprintf(w, "%s 1 %.0f ns/op %.3f cpu-s/op %d requests/op\n", name, s.Seconds*1e9, s.CPUSeconds, s.Requests)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// write writes what was measured, even if the bench ended early.
func (r *results) write(o options) error {
	if len(r.Measured) == 0 {
		return nil
	}
	r.Ratios = slices.DeleteFunc(r.ratios(), func(x ratio) bool { return cmp.Compare(x.Value, 0) <= 0 || x.Value > 1e9 })
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	var lines strings.Builder
	return errors.Join(
		os.WriteFile(filepath.Join(o.out, "results.json"), text, 0o600),
		r.benchstat(&lines),
		os.WriteFile(filepath.Join(o.out, "results.txt"), []byte(lines.String()), 0o600),
		o.traces.write(filepath.Join(o.out, "trace-warm.json"), verdict, r.median(verdict)),
		o.traces.write(filepath.Join(o.out, "trace-cold.json"), coldVerdict, r.median(coldVerdict)),
	)
}
