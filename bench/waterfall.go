package main

import (
	"cmp"
	_ "embed"
	"html/template"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// runs are the runs of the pods page so far, by their time to verdict: the
// waterfall shows the one nearest to the median.
var runs = map[float64]*v1alpha1.Report{}

func keepRun(seconds float64, r *v1alpha1.Report) { runs[seconds] = r }

//go:embed waterfall.svg.tmpl
var waterfallText string

var waterfall = template.Must(template.New("waterfall").Parse(waterfallText))

// bar is a step in the picture: a second is a hundred units wide.
type bar struct {
	X, Width float64
	Kind     string // of its command, for the colour
	Title    string
}

type lane struct {
	Name string
	Y    int
	Bars []bar
}

const (
	unitsPerSecond = 100
	laneHeight     = 22
	left           = 130 // room for the lanes' names
)

// kinds maps kubectl's verbs to what a step mainly waits for.
var kinds = map[string]string{
	"create": "create", "run": "create", "apply": "create", "wait": "wait", "exec": "exec", "delete": "delete",
}

// writeWaterfall draws the phases of a run: a lane for each scenario, a bar for
// each step. What a step waits for is known by its command.
func writeWaterfall(file string, median float64) error {
	if len(runs) == 0 {
		return nil
	}
	var nearest float64
	for s := range runs {
		if math.Abs(s-median) < math.Abs(nearest-median) {
			nearest = s
		}
	}
	r := runs[nearest]
	longest := slices.MaxFunc(r.Scenarios, func(a, b v1alpha1.Scenario) int {
		return cmp.Compare(a.ElapsedMilliseconds, b.ElapsedMilliseconds)
	})
	// Scenarios begin together, and the last one ends with the verdict.
	begin := float64(r.VerdictMilliseconds-longest.ElapsedMilliseconds) / 1000
	data := struct {
		Lanes         []lane
		Seconds       []float64
		Width, Height float64
		Verdict       float64
		VerdictX      float64
		Begin         float64
	}{Verdict: float64(r.VerdictMilliseconds) / 1000, VerdictX: left + unitsPerSecond*float64(r.VerdictMilliseconds)/1000, Begin: begin}
	for i, sc := range r.Scenarios {
		l := lane{Name: sc.Name, Y: (i + 1) * laneHeight}
		at := begin
		for _, st := range sc.Steps {
			seconds := float64(st.ElapsedMilliseconds) / 1000
			verb, _, _ := strings.Cut(strings.TrimPrefix(st.Command, "kubectl "), " ")
			l.Bars = append(l.Bars, bar{left + unitsPerSecond*at, math.Max(1, unitsPerSecond*seconds), cmp.Or(kinds[verb], "read"), st.Command})
			at += seconds
		}
		data.Lanes = append(data.Lanes, l)
	}
	for s := 0.0; s <= math.Ceil(data.Verdict); s++ {
		data.Seconds = append(data.Seconds, left+unitsPerSecond*s)
	}
	data.Width = left + unitsPerSecond*(math.Ceil(data.Verdict)+0.5)
	data.Height = float64((len(data.Lanes) + 3) * laneHeight)
	var text strings.Builder
	if err := waterfall.Execute(&text, data); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text.String()), 0o600)
}
