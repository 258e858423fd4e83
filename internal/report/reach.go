package report

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

var reachVerdicts = map[v1alpha1.Verdict]string{
	v1alpha1.Passed:      "Passed",
	v1alpha1.ClaimFailed: "Not all reachable",
	v1alpha1.CouldNotRun: "Incomplete",
	v1alpha1.Stopped:     "Stopped",
}

// reachDocument is the Document of a Reach. What is not found yet is left out.
func reachDocument(r *v1alpha1.Reach) Document {
	whose := "exists; only resources created by the run are deleted from it"
	if r.Run.OwnNamespace {
		whose = "was created for this run"
	}
	d := headOf("reach", &r.RunResult)
	d.Title = reachTitle(r)
	d.Origin = "the results of a run on Kubernetes " + r.Run.ServerVersion
	d.Namespace = fmt.Sprintf("Namespace %s %s.", r.Run.Namespace, whose)
	d.Verdict.Decided, d.Verdict.Words, d.Verdict.Sum = r.Matrix != nil || r.Counts != nil, reachVerdicts[r.Verdict], afterSignal(r.Interrupted, reachSum(r))
	var blocks []Block
	if r.Hardened {
		blocks = append(blocks, Prose{Text: fmt.Sprintf("Pods in namespace %s must meet the Pod Security Standard restricted, and the run's pods do.", r.Run.Namespace)})
	}
	if r.Counts != nil {
		blocks = append(blocks, vantageBlocks(r)...)
	}
	if r.Matrix != nil {
		blocks = append(blocks, matrixBlocks(r.Matrix)...)
	}
	if len(blocks) > 0 {
		d.Sections = []Section{{Blocks: blocks, Open: r.Verdict == ""}}
	}
	return d
}

// Warnings counts what is not as it should be, and does not fail a run.
func Warnings(r runtime.Object) (n int) {
	for _, s := range documentOf(r).Sections {
		for _, b := range s.Blocks {
			if isFinding(b, markWarning) {
				n++
			}
		}
	}
	return n
}

func reachTitle(r *v1alpha1.Reach) string {
	if r.Target != nil {
		return "Where a pod is reachable from"
	}
	return "Connectivity between nodes"
}

// reachSum says what was found in a few words.
func reachSum(r *v1alpha1.Reach) string {
	if r.Counts != nil {
		return vantagesText(r)
	}
	if r.Matrix == nil || len(r.Matrix.Families) == 0 {
		return "nothing was probed"
	}
	good, planned, nodes, skipped := 0, 0, len(r.Matrix.Nodes), 0
	for _, f := range r.Matrix.Families {
		good += f.Counts.Probed - f.Counts.Failing
		planned += f.Counts.Probed + f.Counts.States[v1alpha1.PairNotProbed]
	}
	took := nodes
	for _, n := range r.Matrix.Nodes {
		if n.Failed != "" || n.Skipped != "" {
			took--
		}
		if n.Skipped != "" {
			skipped++
		}
	}
	text := fmt.Sprintf("%d of %s took part, %d of %s reachable", took, Plural(nodes-skipped, "node"), good, Plural(planned, "pair"))
	if skipped > 0 {
		text += fmt.Sprintf(", %s skipped", Plural(skipped, "node"))
	}
	return text
}
