package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

func TestConformanceChecksItsFlags(t *testing.T) {
	noCluster(t)
	for want, args := range map[string][]string{
		"unknown profile `network2`; did you mean `network`?": {"--profile", "network2"},
		`skip "hairpin": expected a reason, found none`:       {"--skip", "hairpin"},
		`skip "hair": no such assertion`:                      {"--skip", "hair=we do without"},
		"has no secrets":                                      {"--image-pull-secret", "x"},
		"-o script: expected one of":                          {"-o", "script"},
		"--report-file xml=x: expected one of the formats":    {"--report-file", "xml=x"},
		"unknown command":                                     {"pods"},
	} {
		code, _, stderr := execute(t, "", append([]string{"conformance"}, args...)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%q: expected exit code 2 and %q, found %d, %s", args, want, code, stderr)
		}
	}
}

func TestConformanceListsWhatItAsserts(t *testing.T) {
	noCluster(t)
	code, stdout, _ := execute(t, "", "conformance", "--list", "--profile", "network,lifecycle")
	if code != exitPassed || !strings.HasPrefix(stdout, "PROFILE ") || strings.Contains(stdout, "\npods ") {
		t.Errorf("found %d, %s", code, stdout)
	}
	for _, want := range []string{"hairpin", "all-nodes-reach-all-nodes", "port-forward-reaches-the-pod", " MUST "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("expected %q in\n%s", want, stdout)
		}
	}
}

func TestConformanceWithoutAClusterIsAReportThatSaysSo(t *testing.T) {
	noCluster(t)
	file := filepath.Join(t.TempDir(), "report.yaml")
	code, stdout, stderr := execute(t, "", "conformance", "--server", "https://127.0.0.1:1", "-o", "junit", "--report-file", "yaml="+file)
	text, err := os.ReadFile(file)
	if code != exitCouldNotRun || err != nil || !strings.Contains(stderr, "error: conformance: could not run: the API server https://127.0.0.1:1 does not\n       answer\n      why  request") {
		t.Errorf("found %d, %v, %s", code, err, stderr)
	}
	if !strings.Contains(stdout, `errors="1"`) || !strings.Contains(string(text), "kind: ConformanceReport") || !strings.Contains(string(text), "verdict: CouldNotRun") {
		t.Errorf("found\n%s\n%s", stdout, text)
	}
}

func TestDiff(t *testing.T) {
	noCluster(t)
	t.Chdir(t.TempDir())
	const head = "apiVersion: kubectl-kbe.github.io/v1alpha1\nkind: ConformanceReport\n"
	report := func(version, outcome string) string {
		return head + "cluster: {version: " + version + "}\nprofiles:\n- name: pods\n  assertions:\n  - {id: pod-runs, result: " + outcome + "}\nverdict: Passed\n"
	}
	for name, text := range map[string]string{
		"old.yaml": report("v1.36.3", "Passed"), "same.yaml": report("v1.37.2", "Passed"), "worse.yaml": report("v1.37.2", "Failed"), "other.yaml": report("v1.37.2", "Failing"),
		"pod.yaml": "apiVersion: v1\nkind: Pod\n", "text.yaml": "[",
		"cut.yaml": strings.TrimSuffix(report("v1.37.2", "Passed"), "verdict: Passed\n"), "stopped.yaml": head + "error: no cluster\nverdict: CouldNotRun\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		old, now string
		code     int
		want     string
	}{
		{"old.yaml", "same.yaml", exitPassed, "Kubernetes: v1.36.3 → v1.37.2"},
		{"old.yaml", "worse.yaml", exitClaimFailed, "✗ pods/pod-runs: Passed → Failed"},
		{"worse.yaml", "old.yaml", exitPassed, "✓ pods/pod-runs: Failed → Passed"},
		{"old.yaml", "pod.yaml", exitUsage, `pod.yaml: expected the kind ConformanceReport of kubectl-kbe.github.io/v1alpha1, found "Pod" of "v1"`},
		{"text.yaml", "old.yaml", exitUsage, "text.yaml: expected a conformance report in YAML or JSON"},
		{"none.yaml", "old.yaml", exitUsage, "none.yaml"},
		{"old.yaml", "cut.yaml", exitUsage, "cut.yaml: expected a whole report, found one without a verdict: its end is missing"},
		{"old.yaml", "stopped.yaml", exitUsage, "stopped.yaml: expected results, found none: the suite could not run: no cluster"},
		{"old.yaml", "other.yaml", exitUsage, `other.yaml: pods/pod-runs: expected the result Passed, Failed, Skipped or NotChecked, found "Failing"`},
	} {
		code, stdout, stderr := execute(t, "", "diff", tc.old, tc.now)
		if code != tc.code || !strings.Contains(stdout+stderr, tc.want) {
			t.Errorf("diff %s %s: expected exit code %d and %q, found %d, %s%s", tc.old, tc.now, tc.code, tc.want, code, stdout, stderr)
		}
	}
}

// TestTheFlagsOfConformanceAreTheSuites: what its help lists has an effect on the suite's runs.
func TestTheFlagsOfConformanceAreTheSuites(t *testing.T) {
	namespace := "n"
	o := &conformanceOptions{globals: globals{flags: &genericclioptions.ConfigFlags{Namespace: &namespace}}, skips: []string{"hairpin=why"}}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.opts.AddFlags(flags, "")
	if err := flags.Parse([]string{"--image=shell=mine:1", "--registry=r", "--image-pull-secret=s", "--with-sidecars", "--timeout=90s", "--dump=d"}); err != nil {
		t.Fatal(err)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			t.Errorf("--%s: expected that this test sets it", f.Name)
		}
	})
	o.complete()
	want := conformance.Options{
		Skip: map[string]string{"hairpin": "why"}, Options: run.Options{
			Namespace: "n", Images: map[string]string{"shell": "mine:1"}, Registry: "r", PullSecret: "s", Dump: "d",
			Options: session.Options{WithSidecars: true, Timeout: 90 * time.Second},
		},
	}
	if !reflect.DeepEqual(o.opts, want) {
		t.Errorf("expected %+v, found %+v", want, o.opts)
	}
}
