package reach

import (
	"slices"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Bounds of a report: a cluster of 5,000 nodes has 25 million pairs.
const (
	allPairsNodes = 100  // up to so many nodes, each pair is listed
	failingPairs  = 1000 // else so many of those that fail
	findingsMax   = 100
)

// AddTo puts the rows, their causes and the verdict into a report.
func (t *Table) AddTo(r *v1alpha1.Reach) {
	r.Target = &v1alpha1.ReachTarget{
		Name: t.Target.Name, Namespace: t.Target.Namespace, Node: t.Target.Node, Port: int(t.Target.Port),
		Existing: t.Target.Existing, Version: t.Target.Version,
	}
	for _, a := range t.Target.IPs {
		r.Target.IPs = append(r.Target.IPs, a.String())
	}
	for _, row := range t.Rows {
		r.Vantages = append(r.Vantages, t.vantage(row))
	}
	r.Counts = &v1alpha1.ReachCounts{
		Met: t.Count(v1alpha1.VantageMet), Failed: t.Count(v1alpha1.VantageFailed),
		Skipped: t.Count(v1alpha1.VantageSkipped), Lessons: t.Count(v1alpha1.VantageLesson),
	}
	r.Causes = explainTable(t)
	r.Verdict = t.verdict()
}

// verdict: a fault because of which nothing was probed leaves open what a run should find out.
func (t *Table) verdict() v1alpha1.Verdict {
	switch {
	case slices.ContainsFunc(t.Rows, func(row Row) bool { return row.Cause != nil && !row.Cause.Harmless }):
		return v1alpha1.CouldNotRun
	case t.Count(v1alpha1.VantageFailed) > 0:
		return v1alpha1.ClaimFailed
	default:
		return v1alpha1.Passed
	}
}

func (t *Table) vantage(row Row) v1alpha1.Vantage {
	v := v1alpha1.Vantage{
		Place: string(row.From), Caller: row.Caller, Node: row.Node, To: string(row.To), Address: row.Where(),
		Expected: string(row.Expected), Outcome: t.Outcome(row), Proves: row.Proves(), Skipped: row.Skipped,
	}
	if a := row.Address.Addr(); a.IsValid() {
		v.Family = FamilyOf(a).String()
	}
	if row.Skipped != "" {
		return v
	}
	res := row.Result
	v.Found, v.Version, v.SNAT, v.Error = t.Found(row).String(), res.Version, row.SNAT(), res.Err
	if res.From.IsValid() {
		v.From = res.From.String()
	}
	v.Answered, v.Failed = res.Answered, res.Failed
	v.P50Microseconds, v.P99Microseconds = res.P50.Microseconds(), res.P99.Microseconds()
	return v
}

// AddTo puts the matrix, its findings and the verdict into a report.
func (r *Result) AddTo(report *v1alpha1.Reach) {
	m := &v1alpha1.Matrix{SlowMilliseconds: r.Slow.Milliseconds(), Stages: r.Stages}
	report.Matrix = m
	for _, n := range r.Nodes {
		node := v1alpha1.MatrixNode{Name: n.Name, Zone: n.Zone, Skipped: n.Skipped, Failed: n.Failed}
		for _, a := range n.Addresses {
			node.Addresses = append(node.Addresses, a.String())
		}
		m.Nodes = append(m.Nodes, node)
	}
	findings := r.Findings()
	m.FindingsLeftOut = max(0, len(findings)-findingsMax)
	for _, f := range findings[:len(findings)-m.FindingsLeftOut] {
		m.Findings = append(m.Findings, r.finding(f))
	}
	if r.Matrix != nil {
		addPairs(m, r.Matrix)
	}
	report.Verdict = r.verdict(findings)
}

// verdict: a node that could not take part leaves open what a run should find out.
func (r *Result) verdict(findings []Finding) v1alpha1.Verdict {
	switch {
	case slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Failed != "" }):
		return v1alpha1.CouldNotRun
	case slices.ContainsFunc(findings, func(f Finding) bool { return !f.Warning }):
		return v1alpha1.ClaimFailed
	default:
		return v1alpha1.Passed
	}
}

func (r *Result) finding(f Finding) v1alpha1.MatrixFinding {
	one := v1alpha1.MatrixFinding{
		Pattern: string(f.Pattern), Warning: f.Warning, Text: f.Text(r.Nodes, r.Matrix), Cause: f.Cause, Remedy: f.Do(r.Nodes), Pairs: f.Pairs,
	}
	for _, family := range f.Families {
		one.Families = append(one.Families, family.String())
	}
	return one
}

// addPairs adds the counts of all pairs, and the pairs that a report can hold.
func addPairs(out *v1alpha1.Matrix, m *Matrix) {
	n := m.Plan.Nodes()
	if !m.Plan.All() {
		out.Peers = m.Plan.PerNode() - 1
	}
	if n == 1 {
		out.CrossNodeSkipped = "1 schedulable node"
	}
	out.PairsAreAll = n <= allPairsNodes
	for _, f := range m.Families() {
		sum := v1alpha1.MatrixFamily{Family: f.String()}
		for from := range n {
			for to := range n {
				if m.Plan.Has(from, to) {
					addPair(out, &sum.Counts, m.At(f, from, to), f, from, to)
				}
			}
		}
		p50, p99 := m.latency(f)
		sum.P50Microseconds, sum.P99Microseconds = p50.Microseconds(), p99.Microseconds()
		out.Families = append(out.Families, sum)
	}
}

func addPair(out *v1alpha1.Matrix, sum *v1alpha1.MatrixCounts, s Sample, f Family, from, to int) {
	count(&out.Nodes[from].Reaches, s.Outcome)
	count(sum, s.Outcome)
	switch {
	case s.Outcome == probe.None, !out.PairsAreAll && !s.Outcome.Failing():
		return
	case !out.PairsAreAll && len(out.Pairs) == failingPairs:
		out.PairsLeftOut++
		return
	}
	p := v1alpha1.MatrixPair{
		Family: f.String(), From: out.Nodes[from].Name, To: out.Nodes[to].Name, State: pairStates[s.Outcome],
		P50Microseconds: s.P50.Microseconds(), P99Microseconds: s.P99.Microseconds(), Detail: s.Detail,
	}
	if s.SeenAs.IsValid() {
		p.SeenAs = s.SeenAs.String()
	}
	out.Pairs = append(out.Pairs, p)
}

// pairStates are how a report names the outcomes that a pair may have.
var pairStates = [probe.Outcomes]v1alpha1.MatrixState{
	probe.None: v1alpha1.PairNotProbed, probe.Answered: v1alpha1.PairReachable, probe.Slow: v1alpha1.PairSlow, probe.Flaky: v1alpha1.PairFlaky,
	probe.WrongAnswer: v1alpha1.PairWrongAnswer, probe.Refused: v1alpha1.PairRefused, probe.Reset: v1alpha1.PairReset,
	probe.Timeout: v1alpha1.PairTimedOut, probe.Unreachable: v1alpha1.PairUnreachable,
}

func count(c *v1alpha1.MatrixCounts, o probe.Outcome) {
	if c.States == nil {
		c.States = map[v1alpha1.MatrixState]int{}
	}
	c.States[pairStates[o]]++
	if o == probe.None {
		return
	}
	c.Probed++
	if o.Failing() {
		c.Failing++
	}
}
