package cli

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func newDiffCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two conformance reports",
		Long: longDesc(`
			Compare two reports of 'kubectl kbe conformance', in YAML or JSON, without
			contacting a cluster: changes of the cluster, and assertions whose result
			changed.

			A regression is an assertion that passed before, and now fails or cannot be
			checked. Assertions that are now skipped or were not run again are listed but do
			not count.

			Exit codes:
			  0  no regressions
			  1  regressions
			  2  wrong command line, or a report without results`),
		Example: templates.Examples(`
			# Before and after an upgrade
			kubectl kbe conformance --report-file yaml=before.yaml
			kubectl kbe conformance --report-file yaml=after.yaml
			kubectl kbe diff before.yaml after.yaml`),
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			old, err := readConformance(args[0])
			if err != nil {
				return err
			}
			now, err := readConformance(args[1])
			if err != nil {
				return err
			}
			d := report.CompareConformance(old, now)
			if err := report.WriteDifference(streams.Out, d); err != nil {
				fmt.Fprintln(streams.ErrOut, "error:", err)
				return exitError{exitCouldNotRun}
			}
			if d.Regressions() > 0 {
				return exitError{exitClaimFailed}
			}
			return nil
		},
	}
}

func readConformance(path string) (*v1alpha1.ConformanceReport, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &v1alpha1.ConformanceReport{}
	if err := yaml.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: expected a conformance report in YAML or JSON: %w", path, err)
	}
	if want := v1alpha1.GroupVersion.String(); r.Kind != v1alpha1.ConformanceReportKind || r.APIVersion != want {
		return nil, fmt.Errorf("%s: expected the kind %s of %s, found %q of %q", path, v1alpha1.ConformanceReportKind, want, r.Kind, r.APIVersion)
	}
	switch {
	case r.Verdict == "":
		return nil, fmt.Errorf("%s: expected a whole report, found one without a verdict: its end is missing", path)
	case len(r.Profiles) == 0:
		return nil, fmt.Errorf("%s: expected results, found none: the suite could not run: %s", path, cmp.Or(r.Error, "it was stopped"))
	}
	for _, p := range r.Profiles {
		for _, a := range p.Assertions {
			switch a.Result {
			case v1alpha1.AssertionPassed, v1alpha1.AssertionFailed, v1alpha1.AssertionSkipped, v1alpha1.AssertionNotChecked:
			default:
				return nil, fmt.Errorf("%s: %s/%s: expected the result Passed, Failed, Skipped or NotChecked, found %q", path, p.Name, a.ID, a.Result)
			}
		}
	}
	return r, nil
}
