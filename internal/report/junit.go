package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func init() { register("junit", format{write: writeJUnit}) }

// writeJUnit writes a report as JUnit XML: a suite per scenario or profile, a case per
// claim, assertion, row or pair. A command that could not do its work is a case with an
// error, and so are a run that could not start and a cleanup that is not complete.
//
// The form is that of Jenkins's junit-10.xsd, which other CI systems read too.
// encoding/xml lets CDATA sections hold characters that XML forbids: each text
// goes through visible first.
func writeJUnit(w io.Writer, of runtime.Object) error {
	var all []suite
	run, _ := of.(*v1alpha1.Report)
	switch r := of.(type) {
	case *v1alpha1.Report:
		for _, sc := range r.Scenarios {
			all = append(all, suiteOf(r, sc))
		}
	case *v1alpha1.Reach:
		run = runOf(r)
		all = reachSuites(run, r)
	case *v1alpha1.ConformanceReport:
		run = runOfConformance(r)
		for _, p := range r.Profiles {
			all = append(all, profileSuite(run, p))
		}
	}
	doc := suites{Name: "kubectl kbe " + commandOf(run), Time: xmlSeconds(run.ElapsedMilliseconds)}
	for _, s := range all {
		doc.add(s)
	}
	if whole := suiteOfRun(run); whole.Tests > 0 || len(doc.Suites) == 0 {
		doc.add(whole)
	}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     string   `xml:"time,attr"`
	Suites   []suite  `xml:"testsuite"`
}

type suite struct {
	Name       string     `xml:"name,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"`
	Timestamp  string     `xml:"timestamp,attr"`
	Properties []property `xml:"properties>property"`
	Cases      []testcase `xml:"testcase"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type testcase struct {
	Name      string  `xml:"name,attr"`
	Classname string  `xml:"classname,attr"`
	Time      string  `xml:"time,attr"`
	Skipped   *detail `xml:"skipped"`
	Error     *detail `xml:"error"`
	Failure   *detail `xml:"failure"`
	SystemOut *output `xml:"system-out"`
	// took is in milliseconds.
	took int64
}

type detail struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",cdata"`
}

type output struct {
	Text string `xml:",cdata"`
}

func (s *suites) add(one suite) {
	s.Tests += one.Tests
	s.Failures += one.Failures
	s.Errors += one.Errors
	s.Suites = append(s.Suites, one)
}

// add adds a case, and makes its texts such that XML may hold them.
func (s *suite) add(c testcase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	for _, d := range []*detail{c.Failure, c.Error, c.Skipped} {
		if d != nil {
			d.Message, d.Text = oneLine(d.Message), visible(d.Text)
		}
	}
	if c.SystemOut != nil {
		c.SystemOut.Text = visible(c.SystemOut.Text)
	}
	c.Name, c.Classname, c.Time = oneLine(c.Name), s.Name, xmlSeconds(c.took)
	s.Cases = append(s.Cases, c)
}

func suiteOf(r *v1alpha1.Report, sc v1alpha1.Scenario) suite {
	s := newSuite(r, r.Example+"."+sc.Name, sc.ElapsedMilliseconds)
	if page := pageOf(sc); page != "" { // a report may be of several pages
		s.Name, s.Properties = page, []property{{"verdict", string(verdictOf(sc))}, {"server-version", visible(r.Run.ServerVersion)}}
	}
	if text := attemptText(sc); text != "" {
		s.Properties = append(s.Properties, property{"attempt", oneLine(text)})
	}
	for _, st := range sc.Steps {
		// Only one case per step has its time: CI systems add them up.
		took := st.ElapsedMilliseconds
		for _, c := range st.Claims {
			s.add(caseOf(st, c, took))
			took = 0
		}
		if st.Failure != nil {
			s.add(testcase{Name: cmp.Or(st.Command, positioned(st.Position, "command")), took: took, Error: failureDetail(*st.Failure), SystemOut: outputOf(st)})
		}
	}
	return s
}

func caseOf(st v1alpha1.Step, c v1alpha1.Claim, took int64) testcase {
	tc := testcase{Name: positioned(c.Position, c.Claim), took: took, SystemOut: outputOf(st)}
	switch c.Outcome {
	case v1alpha1.Failed:
		tc.Failure = &detail{string(v1alpha1.ClaimFailed), Reason(c), strings.Join(detailLines(found(c)), "\n")}
	case v1alpha1.NotChecked:
		tc.Skipped = &detail{Message: "not checked: its command or an earlier one failed"}
		if st.NotApplicable != nil {
			tc.Skipped.Message = "not for this cluster: " + st.NotApplicable.What
		}
	default:
	}
	return tc
}

func outputOf(st v1alpha1.Step) *output {
	if text := transcript(st) + strings.Join(newShown().evidence(st.Evidence), "\n"); text != "" {
		return &output{text}
	}
	return nil
}

func failureDetail(f v1alpha1.Failure) *detail {
	lines := append([]string{f.Message}, detailLines(details(f.What, f.Why, f.Remedy))...)
	return &detail{string(v1alpha1.CouldNotRun), f.Message, strings.Join(lines, "\n")}
}

// suiteOfRun holds what went wrong outside of the scenarios.
func suiteOfRun(r *v1alpha1.Report) suite {
	s := newSuite(r, r.Example+".run", 0)
	add := func(name, message, text string) {
		if message != "" {
			s.add(testcase{Name: name, Error: &detail{string(r.Verdict), message, text}})
		}
	}
	add("set-up", r.Error, r.Error)
	if r.Interrupted != "" {
		add("interrupted", "signal: "+r.Interrupted, "")
	}
	if c := r.Cleanup; c != nil {
		add("cleanup", c.Error, fmt.Sprintf("%s\nleft: %s\nremove: %s", c.Error, strings.Join(c.Leftovers, ", "), c.RemoveCommand))
	}
	return s
}

func newSuite(r *v1alpha1.Report, name string, took int64) suite {
	s := suite{Name: name, Time: xmlSeconds(took), Timestamp: r.StartTime.UTC().Format("2006-01-02T15:04:05")}
	s.Properties = []property{
		{"verdict", string(r.Verdict)},
		{"server-version", visible(r.Run.ServerVersion)},
		{"namespace", r.Run.Namespace},
	}
	for _, image := range r.Images {
		s.Properties = append(s.Properties, property{"image", visible(strings.Join(append([]string{image.Reference}, image.IDs...), " "))})
		if replaced := image.Replaced; replaced != nil {
			s.Properties = append(s.Properties, property{"image-replaced", oneLine(fmt.Sprintf("%s: %s; instead: %s %s",
				image.Reference, replaced.Why, replaced.Reference, replaced.Command))})
		}
	}
	return s
}

// oneLine is text for an attribute, where a line break would become a space.
func oneLine(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// xmlSeconds has at most three decimals: the schema allows no more.
func xmlSeconds(ms int64) string {
	return fmt.Sprintf("%.3f", (time.Duration(ms) * time.Millisecond).Seconds())
}
