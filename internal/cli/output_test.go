package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// outputFor parses the flags of a command line.
func outputFor(t *testing.T, args ...string) (*exampleOptions, error) {
	t.Helper()
	o := &exampleOptions{output: newOutput(&v1alpha1.Report{}), collector: report.NewCollector()}
	c := &cobra.Command{}
	o.output.addFlags(c, "")
	if err := c.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return o, o.output.complete(false)
}

func TestOutputFlagsAreChecked(t *testing.T) {
	dir := t.TempDir()
	here, err := filepath.Abs("x.out")
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "stdout")
	stdout, err := os.Create(filepath.Join(t.TempDir(), "job.log"))
	if err == nil {
		err = os.Symlink(stdout.Name(), link)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func(was *os.File) { os.Stdout = was }(os.Stdout)
	os.Stdout = stdout
	for want, args := range map[string][]string{
		"--view page: expected one of story, summary, commands":                             {"--view", "page"},
		"-o pdf: expected one of " + strings.Join(report.Formats(&v1alpha1.Report{}), ", "): {"-o", "pdf"},
		"-o jsonpath={.x: ":    {"-o", "jsonpath={.x"},
		"expected FORMAT=PATH": {"--report-file", "junit"},
		"expected one of the formats json, yaml, " + strings.Join(report.Formats(&v1alpha1.Report{}), ", "): {"--report-file", "pdf=x"},
		"its folder is not writable":                               {"--report-file", "json=" + dir + "/missing/x"},
		"expected a file or a new name, found one with the mode d": {"--report-file", "json=" + dir},
		"another report has the same path":                         {"--report-file", "json=" + dir + "/x", "--report-file", "yaml=" + dir + "/./x"},
		"yaml=" + here + ": another report has the same path":      {"--report-file", "json=x.out,yaml=" + here},
		"this command's output goes to that file: use -o junit":    {"--report-file", "junit=" + link},
	} {
		if _, err := outputFor(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected an error with %q, found %v", args, want, err)
		}
	}
	if o, _ := outputFor(t, "-o", "json"); o.output.complete(true) == nil {
		t.Error("a dry run has no report: expected an error")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("expected that nothing is left, found %v, %v", left, err)
	}
	if err := stdout.Close(); err != nil {
		t.Error(err)
	}
}

// TestAReportGoesWhereALinkLeads: the link, which may be one of the system's, stays.
func TestAReportGoesWhereALinkLeads(t *testing.T) {
	file, link := filepath.Join(t.TempDir(), "r.json"), filepath.Join(t.TempDir(), "link")
	for _, err := range []error{os.WriteFile(file, nil, 0o644), os.Symlink(file, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	o, err := outputFor(t, "--report-file", "json="+link)
	if err != nil {
		t.Fatal(err)
	}
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	if err := o.output.put(streams, o.collector.Report()); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != file {
		t.Errorf("expected the link to %s to stay, found %q, %v", file, to, err)
	}
	if data, err := os.ReadFile(file); err != nil || !json.Valid(data) {
		t.Errorf("found %q, %v", data, err)
	}
}

// send sends a short run.
func send(o *exampleOptions) (progress string) {
	streams, _, _, errOut := genericiooptions.NewTestIOStreams()
	o.collector = report.NewStory(o.output.terminal(streams, func(error) {}, report.Story))
	for _, ev := range []engine.Event{
		{Scenario: engine.WholeRun, Body: engine.RunStarted{Example: "pods", Title: "Pods", Run: v1alpha1.Run{ID: "x7k2p", Namespace: "kbe-pods-x7k2p", ServerVersion: "v1.37.2"}}},
		{Body: engine.ScenarioStarted{Name: "one", Title: "One"}},
		{Body: engine.StepStarted{Step: v1alpha1.Step{Claims: []v1alpha1.Claim{{Claim: "It is so", Expression: "true", Outcome: v1alpha1.NotChecked}}}}},
		{Body: engine.ClaimDecided{Outcome: v1alpha1.Met}},
		{Body: engine.ScenarioEnded{Elapsed: 1234 * time.Millisecond}},
		{Scenario: engine.WholeRun, Body: engine.RunEnded{Example: "pods", RunResult: v1alpha1.RunResult{Verdict: v1alpha1.Passed, Run: v1alpha1.Run{ID: "x7k2p", Namespace: "kbe-pods-x7k2p", ServerVersion: "v1.37.2"}}, Claims: 1}},
	} {
		o.collector.Handle(ev)
	}
	return errOut.String()
}

func TestStandardOutputHoldsOnlyTheReport(t *testing.T) {
	for format, want := range map[string]string{
		"json":                           `"apiVersion": "kubectl-kbe.github.io/v1alpha1",`,
		"yaml":                           "kind: Report\n",
		"name":                           "report.kubectl-kbe.github.io/pods-x7k2p\n",
		"jsonpath={.claims.met}":         "1",
		"go-template={{.run.namespace}}": "kbe-pods-x7k2p",
		"junit":                          `classname="pods.one"`,
		"html":                           "<h1>Pods</h1>",
		"script":                         "#!/usr/bin/env bash\n",
	} {
		o, err := outputFor(t, "-o", format)
		if err != nil {
			t.Fatal(err)
		}
		progress := send(o)
		streams, _, out, _ := genericiooptions.NewTestIOStreams()
		if err := o.output.put(streams, o.collector.Report()); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("-o %s: expected %q, found %q, %v", format, want, out, err)
		}
		if !strings.Contains(progress, "\n  ✓ One ") || !strings.Contains(progress, "\n✓ 1 of 1 claims hold.") || strings.Contains(progress, "It is so") {
			t.Errorf("-o %s: found the progress %q", format, progress)
		}
	}
}

func TestReportFilesAreWrittenAtomically(t *testing.T) {
	dir := t.TempDir()
	var args []string
	for _, f := range newOutput(&v1alpha1.Report{}).fileFormats() {
		args = append(args, "--report-file", f+"="+filepath.Join(dir, f))
	}
	if err := os.WriteFile(filepath.Join(dir, "json"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := outputFor(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	if progress := send(o); progress != "" {
		t.Errorf("where the story is shown there is no progress; found %q", progress)
	}
	// A folder takes the place of one file during the run.
	if err := os.Mkdir(filepath.Join(dir, "html"), 0o700); err != nil {
		t.Fatal(err)
	}
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	err = o.output.put(streams, o.collector.Report())
	if err == nil || !strings.Contains(err.Error(), "the report could not be written") || strings.Contains(err.Error(), "json=") {
		t.Errorf("expected an error for html alone, found %v", err)
	}
	if out.Len() > 0 {
		t.Errorf("found %q on standard output", out)
	}
	// A new file is as readable as any that the user creates; another's mode stays.
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := mode(t, filepath.Join(dir, "yaml")), mode(t, other); got != want {
		t.Errorf("expected the mode %v, found %v", want, got)
	}
	if got := mode(t, filepath.Join(dir, "json")); got != 0o600 {
		t.Errorf("expected the mode 0600 to stay, found %v", got)
	}
	data, err := os.ReadFile(filepath.Join(dir, "json"))
	if err != nil || !json.Valid(data) {
		t.Errorf("found %s, %v", data, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != len(newOutput(&v1alpha1.Report{}).fileFormats()) {
		t.Errorf("expected no other files, found %v, %v", left, err)
	}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestARunThatCouldNotStartIsReported(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.xml")
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	// Nothing listens on port 1 of the loopback interface.
	code := Execute(t.Context(), streams, []string{"pods", "--server=http://127.0.0.1:1", "-o", "json", "--report-file", "junit=" + file})
	var report struct{ Verdict, Error, CommandLine string }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Verdict != "CouldNotRun" || report.Error == "" || code != exitCouldNotRun {
		t.Errorf("found code %d, %+v, %v; %s", code, report, err, errOut)
	}
	if want := "kubectl kbe pods --output=json --report-file='junit=" + file + "'"; report.CommandLine != want && report.CommandLine != strings.ReplaceAll(want, "'", "") {
		t.Errorf("expected the command line without the flags of the connection, %q, found %q", want, report.CommandLine)
	}
	data, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(data), `<testcase name="set-up"`) {
		t.Errorf("found %s, %v", data, err)
	}
}

func TestTheCommandLineIsAsAUserTypesIt(t *testing.T) {
	c := &cobra.Command{Use: "kbe"}
	c.Flags().Bool("nodes", false, "")
	c.Flags().StringArray("report-file", nil, "")
	c.Flags().StringSlice("profile", nil, "")
	if err := c.ParseFlags([]string{"--nodes", "--report-file=html=a,b", "--report-file", "json=c", "--profile=x,y", "pod"}); err != nil {
		t.Fatal(err)
	}
	if want, got := "kbe pod --nodes --profile=x --profile=y --report-file=html=a,b --report-file=json=c", commandLine(c); got != want {
		t.Errorf("expected %s, found %s", want, got)
	}
}
