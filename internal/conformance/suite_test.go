package conformance

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
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
		of := s.Checks(profile)
		if len(of) < 10 {
			t.Errorf("%s: found %d assertions", profile, len(of))
		}
		all += len(of)
	}
	if found := len(s.Checks(Restricted)); found != all {
		t.Errorf("restricted: expected %d assertions, found %d", all, found)
	}
}

// TestTheAssertionsOfTheChecks holds those of Go to what the loader holds those of a file
// to, and the IDs of all of them to be unique.
func TestTheAssertionsOfTheChecks(t *testing.T) {
	profile := map[string]string{}
	for _, c := range load(t).Checks(Restricted) {
		if other := profile[c.ID]; other != "" {
			t.Errorf("%s: the profile %s has it, and the profile %s too; give one of them another ID", c.ID, c.Profile, other)
		}
		profile[c.ID] = c.Profile
		if !slices.Contains(Profiles(), c.Profile) {
			t.Errorf("%s: expected a profile, found %q", c.ID, c.Profile)
		}
	}
	for _, c := range checks {
		for what, ok := range map[string]bool{
			"a DNS label as ID":           len(validation.IsDNS1123Label(c.ID)) == 0,
			"a key word of RFC 2119":      regexp.MustCompile(`\b(MUST|SHOULD|MAY)\b`).MatchString(c.Requirement),
			"the address of a page":       strings.HasPrefix(c.Source, "https://"),
			"the level core, or extended": c.Level == v1alpha1.Core || c.Level == v1alpha1.Extended,
		} {
			if !ok {
				t.Errorf("%s: expected %s, found %+v", c.ID, what, c.Assertion)
			}
		}
	}
}

// TestEachCheckIsDecidedOnce: none is left out, and none has two results.
func TestEachCheckIsDecidedOnce(t *testing.T) {
	decided := map[string]int{}
	for _, c := range load(t).Checks(Restricted) {
		decided[c.ID]++
	}
	for _, c := range checks {
		if decided[c.ID] != 1 {
			t.Errorf("%s: expected that one part decides it, found %d", c.ID, decided[c.ID])
		}
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
		"unknown profile `pod`; did you mean `pods`?":           {Profiles: []string{"pod"}},
		`skip "nothing": no such assertion`:                     {Skip: map[string]string{"nothing": "why"}},
		`skip "hairpin": expected a reason, found none`:         {Skip: map[string]string{"hairpin": ""}},
		"image shel=x: expected NAME=REF with one of the names": {Options: run.Options{Images: map[string]string{"shel": "x"}}},
		"--registry, for the image ":                            {Options: run.Options{Registry: "not a host"}},
		"the run's own namespace has no secrets":                {Options: run.Options{PullSecret: "s"}},
		"timeout -1ns: expected a time greater than 0":          {Options: run.Options{Options: session.Options{Timeout: -1}}},
	} {
		if _, err := New(s, noCluster(), opts, "v1"); err == nil || !strings.Contains(filepath.ToSlash(err.Error()), want) {
			t.Errorf("expected %q, found %v", want, err)
		}
	}
	r, err := New(s, noCluster(), Options{
		Profiles: []string{Lifecycle, Pods, Pods}, Options: run.Options{Registry: "mirror.example", Images: map[string]string{"shell": "mine:1"}},
	}, "v1")
	if err != nil || !slices.Equal(r.Profiles(), []string{Pods, Lifecycle}) {
		t.Fatalf("found %v, %v", r, err)
	}
	if images := r.Report().Images; images[0].Reference != "mine:1" || images[1].Reference != "mirror.example/mhausenblas/simpleservice:0.5.0" {
		t.Errorf("found %+v", images)
	}
}

func TestTheOptionsOfEachRun(t *testing.T) {
	dir := t.TempDir()
	r, err := New(load(t), noCluster(), Options{Options: run.Options{Namespace: "n", Dump: dir}}, "v1")
	if err != nil {
		t.Fatal(err)
	}
	want := run.Options{Namespace: "n", Dump: filepath.Join(dir, "network-nodes"), DumpFailures: true}
	if found := r.optionsOf(Network, part{name: "nodes"}); !reflect.DeepEqual(found, want) {
		t.Errorf("expected %+v, found %+v", want, found)
	}
	if found := (&Runner{}).optionsOf(Restricted, part{}); found.Enforce != "restricted" || found.Dump != "" {
		t.Errorf("expected that a namespace of the suite's own enforces restricted, and no dump, found %+v", found)
	}
}

// TestAStoppedSuiteHasAResultForEachCheck: more parts than slots wait for their turn.
func TestAStoppedSuiteHasAResultForEachCheck(t *testing.T) {
	s := load(t)
	for _, namespace := range []string{"", "n"} {
		r, err := New(s, noCluster(), Options{Options: run.Options{Namespace: namespace}, Profiles: []string{Network, Pods, Lifecycle}}, "v1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("stopped"))
		for _, result := range r.Begin(ctx, func(text string) { t.Errorf("expected that nothing is done, found %q", text) }, r.Profiles()...) {
			p := result()
			if len(p.Assertions) != len(s.Checks(p.Name)) || p.Core.NotChecked+p.Extended.NotChecked != len(p.Assertions) || p.Assertions[0].Reason != "stopped" {
				t.Errorf("%s: expected that nothing is checked, found %+v", p.Name, p)
			}
		}
		var profiles []string
		for _, p := range r.Report().Profiles {
			profiles = append(profiles, p.Name)
		}
		if !slices.Equal(profiles, []string{Pods, Network, Lifecycle}) || r.Report().Verdict != v1alpha1.CouldNotRun {
			t.Errorf("found %v, %s", profiles, r.Report().Verdict)
		}
	}
}

// TestEachExampleGetsTheImagesThatItHas: of those that the user names, and none beside: an
// image that the user has named is not replaced.
func TestEachExampleGetsTheImagesThatItHas(t *testing.T) {
	s := load(t)
	of := map[string][]string{}
	for name, p := range s.examples {
		if none := p.overrides(nil); len(none) > 0 {
			t.Errorf("%s: the user named no image, found %v", name, none)
		}
		chosen := p.overrides(map[string]string{"shell": "mine:1", "simpleservice": "mine:2"})
		if _, err := p.plan.Images(&run.Options{Images: chosen}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		of[name] = slices.Sorted(maps.Keys(chosen))
	}
	if !slices.Equal(of["pods"], []string{"shell", "simpleservice"}) || !slices.Equal(of["network"], []string{"shell"}) {
		t.Errorf("found %v", of)
	}
}

func TestWhatASuiteComesTo(t *testing.T) {
	result := func(id string, level string, outcome v1alpha1.AssertionOutcome) v1alpha1.AssertionResult {
		return v1alpha1.AssertionResult{Assertion: v1alpha1.Assertion{ID: id, Level: level}, Result: outcome}
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

// noCluster are clients that are not used.
func noCluster() *run.Clients {
	clients, _ := run.FromFlags("test")
	return clients
}
