package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Difference is what differs between two ConformanceReports.
type Difference struct {
	// Facts are what has changed of the cluster and the suite, in words.
	Facts []string
	// Changes are the assertions with another result, those that are worse first.
	Changes []Change
	// Compared is how many assertions both reports have.
	Compared int
}

// Change is an assertion with another result than before.
type Change struct {
	Profile, ID string
	// Was and Is are the results; "" where the report does not have it.
	Was, Is v1alpha1.AssertionOutcome
	// Reason is the new report's.
	Reason string
}

// regressed reports whether it passed before, and fails now or cannot be shown any
// more for something that is in the way. What is skipped on purpose has not.
func (c Change) regressed() bool {
	return c.Was == v1alpha1.AssertionPassed && (c.Is == v1alpha1.AssertionFailed || c.Is == v1alpha1.AssertionNotChecked)
}

// Regressions counts the assertions that passed before and do not now.
func (d Difference) Regressions() int {
	n := 0
	for _, c := range d.Changes {
		if c.regressed() {
			n++
		}
	}
	return n
}

type assertionKey struct{ profile, id string }

// CompareConformance finds what changed from one report to another.
func CompareConformance(old, now *v1alpha1.ConformanceReport) Difference {
	d := Difference{Facts: factsChanged(old, now)}
	before := map[assertionKey]v1alpha1.AssertionResult{}
	for _, p := range old.Profiles {
		for _, a := range p.Assertions {
			before[assertionKey{p.Name, a.ID}] = a
		}
	}
	for _, p := range now.Profiles {
		for _, a := range p.Assertions {
			key := assertionKey{p.Name, a.ID}
			was, known := before[key]
			if delete(before, key); known {
				d.Compared++
			}
			if was.Result != a.Result {
				d.Changes = append(d.Changes, Change{p.Name, a.ID, was.Result, a.Result, a.Reason})
			}
		}
	}
	for _, p := range old.Profiles {
		if !slices.ContainsFunc(now.Profiles, func(q v1alpha1.ConformanceProfile) bool { return q.Name == p.Name }) {
			d.Facts = append(d.Facts, fmt.Sprintf("profile %s: not run again", p.Name))
			continue
		}
		for _, a := range p.Assertions {
			if _, missing := before[assertionKey{p.Name, a.ID}]; missing {
				d.Changes = append(d.Changes, Change{p.Name, a.ID, a.Result, "", ""})
			}
		}
	}
	slices.SortStableFunc(d.Changes, func(a, b Change) int { return rankOfChange(a) - rankOfChange(b) })
	return d
}

// rankOfChange: what is worse comes first, what is better last.
func rankOfChange(c Change) int {
	switch {
	case c.regressed():
		return 0
	case c.Is == v1alpha1.AssertionFailed:
		return 1
	case c.Is == v1alpha1.AssertionPassed:
		return 3
	default:
		return 2
	}
}

// factsChanged reports what else is not as it was.
func factsChanged(old, now *v1alpha1.ConformanceReport) (facts []string) {
	a, b := old.Cluster, now.Cluster
	for _, f := range []struct{ what, was, is string }{
		{"cluster", a.Context, b.Context},
		{"Kubernetes", a.Version, b.Version},
		{"network plugin", a.CNI, b.CNI},
		{"IP families", strings.Join(a.IPFamilies, ", "), strings.Join(b.IPFamilies, ", ")},
		{"suite", old.ToolVersion, now.ToolVersion},
	} {
		if f.was != f.is {
			facts = append(facts, fmt.Sprintf("%s: %s → %s", f.what, cmp.Or(f.was, "unknown"), cmp.Or(f.is, "unknown")))
		}
	}
	nodes := map[string]v1alpha1.ConformanceNode{}
	for _, n := range a.Nodes {
		nodes[n.Name] = n
	}
	for _, n := range b.Nodes {
		was, known := nodes[n.Name]
		delete(nodes, n.Name)
		switch {
		case !known:
			facts = append(facts, fmt.Sprintf("node %s: new, kubelet %s", n.Name, n.Kubelet))
		case was.Ready != n.Ready:
			facts = append(facts, fmt.Sprintf("node %s: Ready %s → %s", n.Name, was.Ready, n.Ready))
		}
		for _, f := range [][2]string{{was.Kubelet, n.Kubelet}, {was.ContainerRuntime, n.ContainerRuntime}, {was.OSImage, n.OSImage}, {was.Kernel, n.Kernel}} {
			if known && f[0] != f[1] {
				facts = append(facts, fmt.Sprintf("node %s: %s → %s", n.Name, f[0], f[1]))
			}
		}
	}
	for _, n := range a.Nodes {
		if _, gone := nodes[n.Name]; gone {
			facts = append(facts, fmt.Sprintf("node %s: removed", n.Name))
		}
	}
	return facts
}

// WriteDifference writes a difference as text.
func WriteDifference(w io.Writer, d Difference) error {
	var b strings.Builder
	for _, f := range d.Facts {
		fmt.Fprintf(&b, "  %s\n", visible(f))
	}
	if len(d.Facts) > 0 && len(d.Changes) > 0 {
		b.WriteString("\n")
	}
	for _, c := range d.Changes {
		mark := "·"
		switch rankOfChange(c) {
		case 0, 1:
			mark = "✗"
		case 3:
			mark = "✓"
		}
		fmt.Fprintf(&b, "%s %s/%s: %s → %s\n", mark, visible(c.Profile), visible(c.ID), cmp.Or(c.Was, "absent"), cmp.Or(c.Is, "absent"))
		if c.Reason != "" {
			fmt.Fprintf(&b, "      %s\n", oneLine(c.Reason))
		}
	}
	if len(d.Changes) > 0 || len(d.Facts) > 0 {
		b.WriteString("\n")
	}
	switch n := d.Regressions(); {
	case n == 1:
		fmt.Fprintf(&b, "1 regression.\n")
	case n > 1:
		fmt.Fprintf(&b, "%d regressions.\n", n)
	default:
		fmt.Fprintf(&b, "No regressions in %d assertions.\n", d.Compared)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
