package example

import (
	"io/fs"
	"regexp"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// assertionsFile is the file beside an example.yaml that says what its claims require of
// a cluster, by the claim's ID. Only the examples of the conformance suite have one.
const assertionsFile = "assertions.yaml"

// LoadAssertions returns what the claims of an example, which is in a folder of fsys,
// assert, in the order of the claims. Each claim must have an ID, and the assertionsFile
// an assertion for it and no others. The error is Problems, and holds all that is wrong.
func LoadAssertions(fsys fs.FS, dir string, e *Example) ([]v1alpha1.Assertion, error) {
	beside := folder{fsys: fsys, dir: dir, shown: dir}
	text, err := beside.read(assertionsFile)
	if err != nil {
		return nil, Join(err)
	}
	root, err := parseYAML(beside.show(assertionsFile), text)
	if root.node == nil {
		return nil, Join(err)
	}
	byID := map[string]v1alpha1.Assertion{}
	v := &validator{problems: decode(root, &byID)}
	var assertions []v1alpha1.Assertion
	claimed := map[string]bool{}
	for _, st := range e.steps() {
		for _, x := range st.Expect {
			a, found := byID[x.ID]
			switch {
			case x.ID == "":
				v.fail(x.At, "expected the field `id`, found none: each claim of the example %s is an assertion", e.Metadata.Name)
			case !found:
				v.fail(x.At.Field("id"), "id: expected an assertion %s in the %s, found none", code(x.ID), assertionsFile)
			}
			a.ID, claimed[x.ID] = x.ID, true
			assertions = append(assertions, a)
		}
	}
	for id, at := range root.fields() {
		if !claimed[id.node.Value] {
			v.fail(id, "expected the ID of a claim in the %s, found %s", FileName, code(id.node.Value))
		}
		v.assertion(at, byID[id.node.Value])
	}
	return assertions, Join(err, v.problems)
}

// keyWord is one of RFC 2119 that says how binding a requirement is.
var keyWord = regexp.MustCompile(`\b(MUST|SHOULD|MAY)\b`)

// assertion checks what an assertion says; a field that is missing is empty, and not
// reported again.
func (v *validator) assertion(at Place, a v1alpha1.Assertion) {
	if a.Requirement != "" && !keyWord.MatchString(a.Requirement) {
		v.fail(at.Field("requirement"), "requirement: expected a key word of RFC 2119 (MUST, SHOULD, MAY), found %s", code(a.Requirement))
	}
	if strings.Contains(strings.TrimSpace(a.Requirement), "\n") {
		v.fail(at.Field("requirement"), "requirement: expected one line, found %d", strings.Count(a.Requirement, "\n")+1)
	}
	if a.Source != "" && !strings.HasPrefix(a.Source, "https://") {
		v.fail(at.Field("source"), "source: expected the address of a page, such as https://kubernetes.io/docs/…, found %s", code(a.Source))
	}
	if a.Level != "" && a.Level != v1alpha1.Core && a.Level != v1alpha1.Extended {
		v.fail(at.Field("level"), "level: expected %s or %s, found %s", v1alpha1.Core, v1alpha1.Extended, code(a.Level))
	}
}
