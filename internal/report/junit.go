package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"
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
	var run *v1alpha1.RunResult
	command, name := "reach", "reach"
	switch r := of.(type) {
	case *v1alpha1.Report:
		run, command, name = &r.RunResult, commandOf(r), r.Example
		for _, sc := range r.Scenarios {
			all = append(all, suiteOf(r, sc))
		}
	case *v1alpha1.Reach:
		run, all = &r.RunResult, reachSuites(r)
	case *v1alpha1.ConformanceReport:
		run, command, name = runOfConformance(r), "conformance", "conformance"
		for _, p := range r.Profiles {
			all = append(all, profileSuite(run, p))
		}
	}
	doc := junit.Testsuites{Name: "kubectl kbe " + command, Time: xmlSeconds(run.ElapsedMilliseconds)}
	for _, s := range all {
		doc.AddSuite(s.Testsuite)
	}
	if whole := suiteOfRun(run, name); whole.Tests > 0 || len(doc.Suites) == 0 {
		doc.AddSuite(whole.Testsuite)
	}
	doc.Skipped = 0 // the schema has no sum of them
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

type suite struct{ junit.Testsuite }

// add adds a case that took some milliseconds, and makes its texts such that XML may hold them.
func (s *suite) add(took int64, c junit.Testcase) {
	for _, r := range []*junit.Result{c.Failure, c.Error, c.Skipped} {
		if r != nil {
			r.Message, r.Data = oneLine(r.Message), visible(r.Data)
		}
	}
	if c.SystemOut != nil {
		c.SystemOut.Data = visible(c.SystemOut.Data)
	}
	c.Name, c.Classname, c.Time = oneLine(c.Name), s.Name, xmlSeconds(took)
	s.AddTestcase(c)
}

func suiteOf(r *v1alpha1.Report, sc v1alpha1.Scenario) suite {
	s := newSuite(&r.RunResult, r.Example+"."+sc.Name, sc.ElapsedMilliseconds)
	if page := pageOf(sc); page != "" { // a report may be of several pages
		s.Name, s.Properties = page, nil
		s.AddProperty("verdict", string(verdictOf(sc)))
		s.AddProperty("server-version", visible(r.Run.ServerVersion))
	}
	if text := attemptText(sc); text != "" {
		s.AddProperty("attempt", oneLine(text))
	}
	for _, st := range sc.Steps {
		// Only one case per step has its time: CI systems add them up.
		took := st.ElapsedMilliseconds
		for _, c := range st.Claims {
			s.add(took, caseOf(st, c))
			took = 0
		}
		if st.Failure != nil {
			s.add(took, junit.Testcase{Name: cmp.Or(st.Command, positioned(st.Position, "command")), Error: failureDetail(*st.Failure), SystemOut: outputOf(st)})
		}
	}
	return s
}

func caseOf(st v1alpha1.Step, c v1alpha1.Claim) junit.Testcase {
	tc := junit.Testcase{Name: positioned(c.Position, c.Claim), SystemOut: outputOf(st)}
	switch c.Outcome {
	case v1alpha1.Failed:
		tc.Failure = &junit.Result{Type: string(v1alpha1.ClaimFailed), Message: Reason(c), Data: strings.Join(detailLines(found(c)), "\n")}
	case v1alpha1.NotChecked:
		tc.Skipped = &junit.Result{Message: "not checked: its command or an earlier one failed"}
		if st.NotApplicable != nil {
			tc.Skipped.Message = "not for this cluster: " + st.NotApplicable.What
		}
	default:
	}
	return tc
}

func outputOf(st v1alpha1.Step) *junit.Output {
	if text := transcript(st) + strings.Join(newShown().evidence(st.Evidence), "\n"); text != "" {
		return &junit.Output{Data: text}
	}
	return nil
}

func failureDetail(f v1alpha1.Failure) *junit.Result {
	lines := append([]string{f.Message}, detailLines(details(f.What, f.Why, f.Remedy))...)
	message := f.Message
	if f.What != "" {
		message += ": " + f.What // the summary of a CI system shows nothing else
	}
	return &junit.Result{Type: string(v1alpha1.CouldNotRun), Message: message, Data: strings.Join(lines, "\n")}
}

// suiteOfRun holds what went wrong outside of the scenarios.
func suiteOfRun(r *v1alpha1.RunResult, name string) suite {
	s := newSuite(r, name+".run", 0)
	add := func(name, message, text string) {
		if message != "" {
			s.add(0, junit.Testcase{Name: name, Error: &junit.Result{Type: string(r.Verdict), Message: message, Data: text}})
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

func newSuite(r *v1alpha1.RunResult, name string, took int64) suite {
	s := suite{junit.Testsuite{Name: name, Time: xmlSeconds(took), Timestamp: r.StartTime.UTC().Format("2006-01-02T15:04:05")}}
	s.AddProperty("verdict", string(r.Verdict))
	s.AddProperty("server-version", visible(r.Run.ServerVersion))
	s.AddProperty("namespace", r.Run.Namespace)
	return s
}

// oneLine is text for an attribute, where a line break would become a space.
func oneLine(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// xmlSeconds has at most three decimals: the schema allows no more.
func xmlSeconds(ms int64) string {
	return fmt.Sprintf("%.3f", (time.Duration(ms) * time.Millisecond).Seconds())
}
