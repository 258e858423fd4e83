package reach

import "time"

// Result is what a run found.
type Result struct {
	// Nodes are all that the run knows of: first those of the matrix, in its
	// order; then those that could not take part, and those that were skipped.
	Nodes []Node
	// Hardened: the Namespace enforces the Pod Security Standard restricted, and
	// the pods meet it.
	Hardened bool
	// Matrix is nil where no pod could ask.
	Matrix *Matrix
	// Slow is the limit above which a pair's median makes it Slow.
	Slow time.Duration
	// Stages are the parts of the run, in order.
	Stages []Stage
}

// Stage is a part of a run and how long it took.
type Stage struct {
	Name    string
	Elapsed time.Duration
}

// Taking are the nodes of the matrix.
func (r *Result) Taking() []Node {
	if r.Matrix == nil {
		return nil
	}
	return r.Nodes[:r.Matrix.Plan.Nodes()]
}

// Findings explain what is wrong (see Explain).
func (r *Result) Findings() []Finding {
	if r.Matrix == nil {
		return failedNodes(r.Nodes)
	}
	return Explain(r.Nodes, r.Matrix)
}
