package engine

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
)

const scopeHint = "; to permit it, run the example with --allow-cluster-scope"

// Confined tells what in the Plan would leave the run's Namespace, or read files
// of this machine; the error is example.Problems. It is for telling early, with
// line and column: what a run really asks for is held to its Namespace by
// session.Confine. With clusterScope only files are looked at.
func (p *Plan) Confined(clusterScope bool) error {
	var problems example.Problems
	for i, sc := range p.Example.Spec.Scenarios {
		for j, st := range sc.Steps {
			fail := func(offset int, text string) {
				problems = append(problems, st.At.Field("run").ProblemAt(offset, "run: "+text))
			}
			compiled := p.scenarios[i].steps[j]
			checkWords(compiled.command, clusterScope, fail)
			if clusterScope {
				continue
			}
			for _, need := range p.commandNeeds(compiled) {
				if need.Cluster {
					fail(0, fmt.Sprintf("%s are in no namespace%s", need.Resource, scopeHint))
					break
				}
			}
		}
	}
	return example.Join(problems)
}

var (
	// fileFlag matches the flags by which kubectl reads a file of the machine, or
	// lets an editor do so. A manifest (-f) is read by the loader, from the
	// example's folder only.
	fileFlag = regexp.MustCompile(`^--(from-file|from-env-file|cert|key|patch-file|edit)(=|$)|^(-o|--output)?=?\w*(go-template|template|jsonpath|custom-columns)-?file=`)
	// elsewhereFlag matches the flags that lead to another Namespace, cluster or user.
	elsewhereFlag = regexp.MustCompile(`^(-A|-n|-n=.*|-s|--(all-namespaces|namespace|kubeconfig|context|cluster|user|server|token|as|as-group|as-uid|` +
		`certificate-authority|client-certificate|client-key|insecure-skip-tls-verify|tls-server-name|proxy-url|username|password)(=.*)?)$`)
	// ownPath matches the paths of the API in the run's Namespace; what the API
	// server says of itself is in nobody's.
	ownPath = regexp.MustCompile(`^/(api/v1|apis/[^/]+/[^/]+)/namespaces/\$\(run\.namespace\)/`)
	anyPath = regexp.MustCompile(`^/apis?/[^/]+/.`)
)

func checkWords(command example.Command, clusterScope bool, fail func(int, string)) {
	for i, w := range command {
		text := source(w)
		if text == "--" {
			return // what follows belongs to a program in a container
		}
		if fileFlag.MatchString(text) {
			fail(w.Offset(), fmt.Sprintf("`%s` reads a file of the machine that runs it; an example has manifests only, as -f NAME", text))
		}
		if clusterScope {
			continue
		}
		if elsewhereFlag.MatchString(text) {
			fail(w.Offset(), fmt.Sprintf("`%s` leaves the run's namespace or cluster; an example has no such flag", text))
		}
		path, joined := strings.CutPrefix(text, "--raw=")
		if text == "--raw" && i+1 < len(command) {
			path, joined = source(command[i+1]), true
		}
		if joined && anyPath.MatchString(path) && !ownPath.MatchString(path) {
			fail(w.Offset(), "the path of --raw is outside of /…/namespaces/$(run.namespace)/"+scopeHint)
		}
	}
}

// source is a word as the example has it.
func source(w example.Word) string {
	var b strings.Builder
	for _, p := range w {
		if p.IsExpr {
			b.WriteString("$(" + p.Text + ")")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// becameFlag returns the word of a command that only its expression has made a
// flag: what a cluster answers must not change what a command does.
func becameFlag(command example.Command, words []string) (string, bool) {
	for i, w := range command {
		if words[i] == "--" {
			break
		}
		if len(w) > 0 && w[0].IsExpr && strings.HasPrefix(words[i], "-") {
			return words[i], true
		}
	}
	return "", false
}
