package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

const updateDocs = "go test ./e2e -run Docs -args --cluster=embedded --update"

var updateFlag = flag.Bool("update", false, "write docs/examples anew, from a run")

// TestDocs compares the pages in docs/examples with what a run prints.
func TestDocs(t *testing.T) {
	exhaustive(t)
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue {
		feature := features.New("page of "+e.Metadata.Name).
			Assess("its commands print what the page says", func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
				if embedded == nil {
					t.Skip("the page shows the images and the network of the embedded cluster")
				}
				assertPage(t, filepath.Join("..", "docs", "examples", e.Metadata.Name+".md"), pageOf(ctx, t, e))
				return ctx
			})
		testenv.Test(t, feature.Feature())
	}
}

var kubernetesVersion = regexp.MustCompile(`\bv1\.\d+\.\d+\b`)

// assertPage asserts that a file holds the page, or writes it there.
func assertPage(t *testing.T, file string, page []byte) {
	t.Helper()
	if *updateFlag {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: to write it, run `%s`", err, updateDocs)
	}
	// The version is that of the cluster which the page was made on; what it shows holds on all.
	page = bytes.ReplaceAll(page, kubernetesVersion.Find(page), kubernetesVersion.Find(committed))
	if !bytes.Equal(committed, page) {
		t.Errorf("%s (-) is not what a run printed (+); to write it anew, run `%s`:\n%s",
			file, updateDocs, difference(string(committed), string(page)))
	}
}

// difference shows two texts from the first line that differs to the last.
func difference(a, b string) string {
	old, found := strings.Split(a, "\n"), strings.Split(b, "\n")
	for len(old) > 0 && len(found) > 0 && old[0] == found[0] {
		old, found = old[1:], found[1:]
	}
	for len(old) > 0 && len(found) > 0 && old[len(old)-1] == found[len(found)-1] {
		old, found = old[:len(old)-1], found[:len(found)-1]
	}
	return "- " + strings.Join(old, "\n- ") + "\n+ " + strings.Join(found, "\n+ ")
}

// pageEnd says what steady does.
const pageEnd = `
---

Addresses, times, and names that Kubernetes makes up differ from run to run: on this page they are
stand-ins, and what a log says of the kubelet's probes is left out.
`

// pageOf runs an example and renders it.
func pageOf(ctx context.Context, t *testing.T, e *example.Example) []byte {
	t.Helper()
	plan, err := engine.Compile(e)
	if err != nil {
		t.Fatal(err)
	}
	collector := report.NewCollector()
	verdict := engine.Run(ctx, clientsOf(kube), plan, engine.Options{FailFast: true}, unobserved, collector.Handle)
	r := collector.Report()
	if verdict != v1alpha1.Passed || r.Claims.Met != e.Claims() {
		t.Errorf("expected that all claims hold, found the verdict %s and %+v", r.Verdict, r.Claims)
	}
	steady(r)
	var page bytes.Buffer
	fmt.Fprintf(&page, "<!-- Do not edit: made by `%s`. -->\n\n", updateDocs)
	if err := report.Write(&page, "markdown", r); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(&page, pageEnd)
	return page.Bytes()
}

// steady puts stand-ins in place of all that differs from run to run. It
// changes the Report and not its Markdown, because where a long command is
// broken depends on what is in it.
func steady(r *v1alpha1.Report) {
	s := standIns{}
	replace := func(text string) string { return s.replace(strings.ReplaceAll(text, r.Run.ID, runID)) }
	for i := range r.Scenarios {
		printed := map[string]string{}
		for j := range r.Scenarios[i].Steps {
			st := &r.Scenarios[i].Steps[j]
			if strings.HasPrefix(st.Stdout, "unable to retrieve container logs") { // the kubelet has tidied up
				st.Stdout = printed[strings.TrimSuffix(st.Command, " --previous")]
			}
			printed[st.Command] = st.Stdout
			st.Command = replace(st.Command)
			st.Stdout = realigned(unordered(st.Command, replace(kubeletLines.ReplaceAllString(st.Stdout, ""))))
			st.Stderr = replace(st.Stderr)
		}
	}
}

// runID stands in for a run's ID, which may stand alone.
const runID = "x7k2p"

// kubeletLines are what a log says of probes, which come when they come.
var kubeletLines = regexp.MustCompile(`(?m)^.* /health .*\n`)

// varying is a kind of text that differs between runs. Each one found is
// replaced by the nth of its stand-ins, so that what was equal stays equal.
var varying = []struct {
	text    *regexp.Regexp
	standIn func(n int) string
}{
	{regexp.MustCompile(`\b10\.244\.\d+\.\d+\b`), numbered("10.244.0.%d", 5)},
	{regexp.MustCompile(`\b10\.89\.\d+\.\d+\b`), numbered("10.89.0.%d", 1)}, // the nodes' network
	{regexp.MustCompile(`\bnode-\d+\b`), numbered("node-%d", 1)},
	{regexp.MustCompile(`\b127\.0\.0\.1:\d{5}\b`), numbered("127.0.0.1:%d", 36767)}, // the proxy's end: an ephemeral port
	{regexp.MustCompile(`:\[\d{10}\]`), numbered(":[%d]", 4026532830)},              // a namespace's inode
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), numbered("0010e242-8ee4-4f31-baed-c48dc9ba%d", 3503)},
	{regexp.MustCompile(`\b10\.96\.\d+\.\d+\b`), numbered("10.96.0.%d", 100)}, // a Service's
	{regexp.MustCompile(`\binstance \d{10,}\b`), numbered("instance 176390640000000000%d", 1)},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\b)`), always("2026-11-23T12:00:00")},
	{regexp.MustCompile(`\bafter \d+ ms\b`), always("after 0 ms")},
	{regexp.MustCompile(`\bafter \d+ milliseconds\b`), always("after 3000 milliseconds")},
	// The alphabet is that of apimachinery's rand.String, which makes run IDs
	// and the names of a controller's pods.
	{regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), suffix},
}

func numbered(format string, first int) func(int) string {
	return func(n int) string { return fmt.Sprintf(format, first+n) }
}

func always(text string) func(int) string { return func(int) string { return text } }

func suffix(n int) string {
	return []string{"-" + runID, "-q4m9d", "-h8vzt", "-r5wbn", "-c6lgf", "-b9dzj", "-g4tqs", "-k7mwx"}[n]
}

// standIns are those in use, by kind and by what they stand for.
type standIns []map[string]string

func (s *standIns) replace(text string) string {
	for i, v := range varying {
		if len(*s) == i {
			*s = append(*s, map[string]string{})
		}
		used := (*s)[i]
		text = v.text.ReplaceAllStringFunc(text, func(found string) string {
			if _, ok := used[found]; !ok {
				used[found] = v.standIn(len(used))
			}
			return used[found]
		})
	}
	return text
}

// unordered sorts a log of several containers: which of them is the one that
// works may differ.
func unordered(command, out string) string {
	if !strings.Contains(command, "--all-containers") {
		return out
	}
	lines := strings.SplitAfter(out, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// realigned sets a table of kubectl again, whose cells have other lengths now,
// with one age for all.
func realigned(out string) string {
	if !strings.HasPrefix(out, "NAME ") {
		return out
	}
	var aligned bytes.Buffer
	w := tabwriter.NewWriter(&aligned, 0, 0, 3, ' ', 0)
	age := -1
	for i, line := range strings.Split(strings.TrimSpace(out), "\n") {
		cells := tableGap.Split(strings.TrimSpace(line), -1)
		if i == 0 {
			age = slices.Index(cells, "AGE")
		} else if age >= 0 && age < len(cells) {
			cells[age] = "3s"
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	_ = w.Flush() // writes to memory
	return aligned.String()
}

// tableGap is what kubectl has between two columns, at least.
var tableGap = regexp.MustCompile(` {3,}`)
