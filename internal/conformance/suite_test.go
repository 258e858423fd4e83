package conformance

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func load(t *testing.T) *Suite {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheSuiteHoldsEachAssertionOnce also sees to it that restricted is all others.
func TestTheSuiteHoldsEachAssertionOnce(t *testing.T) {
	s := load(t)
	all := 1 // that restricted is enforced
	for _, profile := range []string{Pods, Network, Lifecycle} {
		of := s.Assertions(profile)
		if len(of) < 10 {
			t.Errorf("%s: found %d assertions", profile, len(of))
		}
		all += len(of)
	}
	if found := len(s.Assertions(Restricted)); found != all {
		t.Errorf("restricted: expected %d assertions, found %d", all, found)
	}
}

func TestAnExampleOfAProfileAssertsWithEachClaim(t *testing.T) {
	const text = `apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: pods}
spec:
  title: Pods
  scenarios:
  - name: one
    title: One
    steps:
    - run: kubectl get pods
      expect:
      - {claim: It works, that: exitCode == 0, asserts: {id: works, requirement: It MUST work., source: https://kubernetes.io, level: core}}
      - {claim: It works, that: exitCode == 0}
`
	e, err := example.Load(fstest.MapFS{"pods/example.yaml": {Data: []byte(text)}}, "pods")
	if err != nil {
		t.Fatal(err)
	}
	_, err = newExamplePart(e)
	for _, want := range []string{"pods/example.yaml:13:9: expected the field `asserts`, found none", "pods/example.yaml:13:17: claim: it is here twice"} {
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
}

func TestASuiteWithTheSameIDTwiceDoesNotLoad(t *testing.T) {
	s := &Suite{parts: map[string][]part{Network: {placesOfNetwork}, Lifecycle: {placesOfNetwork}}}
	if err := s.validate(); err == nil || !strings.Contains(err.Error(), `assertion "localhost-in-every-family" of the profile lifecycle: the profile network has it too`) {
		t.Errorf("found %v", err)
	}
	broken := placesOfLifecycle
	broken.table = []ofPlaces{{Assertion: example.Assertion{ID: "x", Level: "core", Requirement: "It works.", Source: "https://kubernetes.io"}}}
	s = &Suite{parts: map[string][]part{Lifecycle: {broken}}}
	if err := s.validate(); err == nil || !strings.Contains(err.Error(), "expected a key word of RFC 2119") {
		t.Errorf("found %v", err)
	}
}

// A user who may not list the nodes still gets all other assertions of the profile.
func TestListingTheNodesIsOptional(t *testing.T) {
	for _, n := range load(t).Needs(true, Network) {
		if n.Resource == "nodes" && !n.Optional {
			t.Errorf("expected that %s is optional", n)
		}
	}
}

func TestOptions(t *testing.T) {
	s := load(t)
	for want, opts := range map[string]Options{
		"unknown profile `pod`; did you mean `pods`?":    {Profiles: []string{"pod"}},
		`skip "nothing": there is no such assertion`:     {Skip: map[string]string{"nothing": "why"}},
		`skip "hairpin": expected a reason, found none`:  {Skip: map[string]string{"hairpin": ""}},
		"image shel=x: expected NAME=REF: unknown image": {Images: map[string]string{"shel": "x"}},
		"registry: ": {Registry: "not a host"},
		"a namespace of the run's own has no secrets":  {PullSecret: "s"},
		"timeout -1ns: expected a time greater than 0": {Timeout: -1},
	} {
		if _, err := New(s, genericclioptions.NewConfigFlags(false), opts); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
	r, err := New(s, genericclioptions.NewConfigFlags(false), Options{Profiles: []string{Lifecycle, Pods, Pods}, Registry: "mirror.example", Images: map[string]string{"shell": "mine:1"}})
	if err != nil || !slices.Equal(r.Profiles(), []string{Pods, Lifecycle}) {
		t.Fatalf("found %v, %v", r, err)
	}
	if images := r.Report().Images; images[0].Reference != "mine:1" || images[1].Reference != "mirror.example/mhausenblas/simpleservice:0.5.0" {
		t.Errorf("found %+v", images)
	}
}

// TestEachExampleGetsTheImagesThatItHas: of those that the user names, and none beside: an
// image that the user has named is not replaced.
func TestEachExampleGetsTheImagesThatItHas(t *testing.T) {
	s := load(t)
	of := map[string][]string{}
	for _, p := range slices.Concat(slices.Collect(maps.Values(s.parts))...) {
		p, isExample := p.(*examplePart)
		if !isExample {
			continue
		}
		if none := p.overrides(nil); len(none) > 0 {
			t.Errorf("%s: the user named no image, found %v", p.name(), none)
		}
		chosen := p.overrides(map[string]string{"shell": "mine:1", "simpleservice": "mine:2"})
		if _, err := p.plan.Images(chosen, ""); err != nil {
			t.Errorf("%s: %v", p.name(), err)
		}
		of[p.name()] = slices.Sorted(maps.Keys(chosen))
	}
	if !slices.Equal(of["pods"], []string{"shell", "simpleservice"}) || !slices.Equal(of["network"], []string{"shell"}) {
		t.Errorf("found %v", of)
	}
}

func TestWhatASuiteComesTo(t *testing.T) {
	result := func(id string, level string, outcome v1alpha1.AssertionOutcome) v1alpha1.AssertionResult {
		return v1alpha1.AssertionResult{ID: id, Level: level, Result: outcome}
	}
	for name, tc := range map[string]struct {
		results  []v1alpha1.AssertionResult
		problems []string
		want     v1alpha1.Verdict
		core     v1alpha1.AssertionCounts
	}{
		"all passed":     {[]v1alpha1.AssertionResult{result("a", "core", "Passed"), result("b", "extended", "Passed")}, nil, v1alpha1.Passed, v1alpha1.AssertionCounts{Passed: 1}},
		"one failed":     {[]v1alpha1.AssertionResult{result("a", "core", "Failed"), result("b", "core", "Passed")}, nil, v1alpha1.ClaimFailed, v1alpha1.AssertionCounts{Passed: 1, Failed: 1}},
		"one is open":    {[]v1alpha1.AssertionResult{result("a", "core", "Failed"), result("b", "core", "NotChecked")}, nil, v1alpha1.CouldNotRun, v1alpha1.AssertionCounts{Failed: 1, NotChecked: 1}},
		"one is skipped": {[]v1alpha1.AssertionResult{result("a", "core", "Skipped")}, nil, v1alpha1.Passed, v1alpha1.AssertionCounts{Skipped: 1}},
		"skipped by us":  {[]v1alpha1.AssertionResult{result("hairpin", "core", "Failed")}, nil, v1alpha1.Passed, v1alpha1.AssertionCounts{Skipped: 1}},
		"left something": {[]v1alpha1.AssertionResult{result("a", "core", "Passed")}, []string{"left"}, v1alpha1.CouldNotRun, v1alpha1.AssertionCounts{Passed: 1}},
	} {
		r := &Runner{opts: Options{Skip: map[string]string{"hairpin": "no Services"}}}
		p := v1alpha1.ConformanceProfile{Assertions: tc.results, Problems: tc.problems}
		r.judge(t.Context(), &p)
		if p.Verdict != tc.want || p.Core != tc.core {
			t.Errorf("%s: expected %s, %+v; found %s, %+v", name, tc.want, tc.core, p.Verdict, p.Core)
		}
	}
}
