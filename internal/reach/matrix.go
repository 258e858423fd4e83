package reach

import (
	"math"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/reach/probe"
)

// detailsPerRow bounds the texts and addresses that are kept of one caller: a
// thousand wrong answers do not say more than a hundred.
const detailsPerRow = 100

// Sample is what one node found of another, in one family.
type Sample struct {
	Outcome probe.Outcome
	// P50 and P99 are of the time until the connection was established.
	P50, P99 time.Duration
	// SeenAs is the address under which the target saw the caller, where that is
	// not the caller's own: the caller is source-NATed.
	SeenAs netip.Addr
	// Detail is what the outcome does not say, such as what answered instead.
	Detail string
}

// Matrix holds what every node found of every other. It takes nine bytes per
// planned pair and family, for there may be 25 million of them.
//
// Set may be called for different callers at once; the rest is for when all
// is in.
type Matrix struct {
	Plan   *Plan
	planes [families]*plane
	done   atomic.Int64
	failed atomic.Int64
}

// plane is the matrix of one family. Its cells are those of Plan.cell.
type plane struct {
	outcomes []probe.Outcome
	p50, p99 []float32 // seconds
	rows     []extras
}

// extras are what few pairs of a row have.
type extras struct {
	details map[int]string     // by target
	seen    map[int]netip.Addr // by target
	// translated is how many targets saw another address than the caller's own.
	translated int
}

// NewMatrix returns an empty matrix for the families.
func NewMatrix(p *Plan, in ...Family) *Matrix {
	m := &Matrix{Plan: p}
	cells := p.Nodes() * p.PerNode()
	for _, f := range in {
		m.planes[f] = &plane{outcomes: make([]probe.Outcome, cells), p50: make([]float32, cells), p99: make([]float32, cells)}
		for range p.Nodes() {
			m.planes[f].rows = append(m.planes[f].rows, extras{details: map[int]string{}, seen: map[int]netip.Addr{}})
		}
	}
	return m
}

// Families are those that the matrix has; there is none where there is no matrix.
func (m *Matrix) Families() []Family {
	if m == nil {
		return nil
	}
	var out []Family
	for f, p := range m.planes {
		if p != nil {
			out = append(out, Family(f))
		}
	}
	return out
}

// planned is how many pairs the plan has, over all families.
func (m *Matrix) planned() int { return len(m.Families()) * m.Plan.Nodes() * m.Plan.PerNode() }

// Progress is how many pairs have been set so far, and how many of them fail.
func (m *Matrix) Progress() (done, failing int) { return int(m.done.Load()), int(m.failed.Load()) }

// Set records what a node found of another. A pair that the plan does not have
// is left out; each pair is set once.
func (m *Matrix) Set(f Family, from, to int, s Sample) {
	p, cell := m.planes[f], m.Plan.cell(from, to)
	if p == nil || cell < 0 {
		return
	}
	p.outcomes[cell], p.p50[cell], p.p99[cell] = s.Outcome, float32(s.P50.Seconds()), float32(s.P99.Seconds())
	row := &p.rows[from]
	if s.Detail != "" && len(row.details) < detailsPerRow {
		row.details[to] = s.Detail
	}
	if s.SeenAs.IsValid() {
		if row.translated++; len(row.seen) < detailsPerRow {
			row.seen[to] = s.SeenAs
		}
	}
	m.done.Add(1)
	if s.Outcome.Failing() {
		m.failed.Add(1)
	}
}

// At returns what a node found of another.
func (m *Matrix) At(f Family, from, to int) Sample {
	p, cell := m.planes[f], m.Plan.cell(from, to)
	if p == nil || cell < 0 {
		return Sample{}
	}
	row := p.rows[from]
	return Sample{Outcome: p.outcomes[cell], P50: asDuration(p.p50[cell]), P99: asDuration(p.p99[cell]), SeenAs: row.seen[to], Detail: row.details[to]}
}

func asDuration(seconds float32) time.Duration { return time.Duration(float64(seconds) * 1e9) }

// latency is the median and the 99th percentile of the pairs' medians of a
// family, for those that answered.
func (m *Matrix) latency(f Family) (p50, p99 time.Duration) {
	p := m.planes[f]
	if p == nil {
		return 0, 0
	}
	// A histogram over the upper half of the bits: a step is less than one percent.
	buckets, total := make([]int, 1<<16), 0
	for i, s := range p.outcomes {
		if s == probe.Answered || s == probe.Slow {
			buckets[math.Float32bits(p.p50[i])>>16]++
			total++
		}
	}
	at := func(rank int) time.Duration {
		for bucket, count := range buckets {
			if rank -= count; rank < 0 {
				return asDuration(math.Float32frombits(uint32(bucket)<<16 + 1<<15))
			}
		}
		return 0
	}
	return at(total / 2), at(total * 99 / 100)
}

// translated returns the addresses that a node's pod is seen under besides its
// own, sorted, and by how many.
func (m *Matrix) translated(f Family, from int) (addresses []netip.Addr, by int) {
	row := m.planes[f].rows[from]
	for _, a := range row.seen {
		if !slices.Contains(addresses, a) {
			addresses = append(addresses, a)
		}
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return addresses, row.translated
}
