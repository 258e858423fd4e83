package report

import (
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Merged is one Report of several runs, such as those of the pages of a folder: their
// scenarios follow one another. What only one of them has is that of the first one that did
// not pass, or else of the last one.
func Merged(all []*v1alpha1.Report) *v1alpha1.Report {
	if len(all) == 1 {
		return all[0]
	}
	merged := NewCollector().Report()
	merged.Verdict = v1alpha1.Passed
	for i, r := range all {
		if i == 0 || merged.Verdict == v1alpha1.Passed {
			merged.Run, merged.Cleanup, merged.Error, merged.Cause = r.Run, r.Cleanup, r.Error, r.Cause
			merged.Interrupted, merged.TimedOut = r.Interrupted, r.TimedOut
		}
		if i == 0 {
			merged.Name, merged.Example, merged.Title, merged.StartTime = r.Name, r.Example, r.Title, r.StartTime
		}
		merged.Verdict = run.Worst(merged.Verdict, r.Verdict)
		merged.EndTime = r.EndTime
		merged.Claims.Total += r.Claims.Total
		merged.Claims.Met += r.Claims.Met
		merged.Claims.Failed += r.Claims.Failed
		merged.Claims.NotChecked += r.Claims.NotChecked
		merged.VerdictMilliseconds += r.VerdictMilliseconds
		merged.ElapsedMilliseconds += r.ElapsedMilliseconds
		for _, image := range r.Images {
			if !slices.ContainsFunc(merged.Images, func(i v1alpha1.Image) bool { return i.Reference == image.Reference }) {
				merged.Images = append(merged.Images, image)
			}
		}
		for _, sc := range r.Scenarios {
			if page := pageOf(sc); page != "" && page != sc.Title {
				sc.Title = page + ": " + sc.Title
			}
			merged.Scenarios = append(merged.Scenarios, sc)
		}
		merged.Pods = append(merged.Pods, r.Pods...)
	}
	return merged
}
