package fault

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

var cluster = state.Cluster{Name: "kbe", IPFamily: "dual", Nodes: []string{"node-1", "node-2", "node-3"}}

// fault is one that is set with the words of a command line.
func fault(t *testing.T, words string) Fault {
	t.Helper()
	name, args, _ := strings.Cut(words, " ")
	f, err := New(cluster, find(name), strings.Fields(args))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func faults(t *testing.T, all ...string) (list []Fault) {
	t.Helper()
	for _, words := range all {
		list = append(list, fault(t, words))
	}
	return list
}

func TestEveryKindIsComplete(t *testing.T) {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
		if k.Short == "" || !strings.HasPrefix(k.Long, k.Name+" ") || !strings.Contains(k.State, "%") || len(k.Params) == 0 {
			t.Errorf("%s: expected words for the help and the state, and parameters, found %+v", k.Name, k)
		}
		if k.Filter == nil && k.Apply == nil && k.Registry == nil || (k.Apply == nil) != (k.Undo == nil) {
			t.Errorf("%s: expected a filter, apply and undo, or a change of the registry", k.Name)
		}
	}
	if found, want := unknown("halt").Error(), `fault "halt": expected one of `+strings.Join(names, ", "); found != want || !slices.IsSorted(names) {
		t.Errorf("expected all names in order, %s, found %s", want, found)
	}
}

func TestArgumentsThatDoNotFit(t *testing.T) {
	for words, says := range map[string]string{
		"partition node-1 node-9":            "expected one of node-1, node-2, node-3",
		"partition node-1 node-1":            "expected two nodes, found node-1 twice",
		"deny here":                          "expected the IP address of a pod",
		"deny 10.89.0.11":                    "whose pods are in 10.244.0.0/16 and fd00:10:244::/56",
		"divert 10.244.1.2 10.244.1.2":       "another pod",
		"divert 10.244.1.2 fd00:10:244:1::2": "same IP family",
		"registry example.com/app 403":       "expected one of the registries that the cluster's registry mirrors: docker.io, ghcr.io, quay.io, registry.k8s.io",
		"registry docker.io/app 418":         "expected one of 401 403 404 429 503 schema1",
		"slow-registry fast":                 "expected Mbit/s",
	} {
		name, args, _ := strings.Cut(words, " ")
		if _, err := New(cluster, find(name), strings.Fields(args)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: expected an error with %q, found %v", words, says, err)
		}
	}
	for words, says := range map[string]string{
		"halt":                `fault "halt": expected one of`,
		"deny 10.244.9.1":     "node of cluster kbe",
		"pause node-1 node-2": "at most 1 arguments, found 2",
		"masquerade node-9":   "expected one of node-1, node-2, node-3",
	} {
		if _, err := Pattern(cluster, strings.Fields(words)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("pattern %s: expected an error with %q, found %v", words, says, err)
		}
	}
}

func TestWords(t *testing.T) {
	for words, want := range map[string][2]string{
		"partition node-3 node-2":      {"partition node-2 node-3", "node-2 and node-3 are cut off from each other"},
		"divert 10.244.1.2 10.244.2.2": {"divert 10.244.1.2 10.244.2.2", "10.244.2.2 answers at 10.244.1.2"},
		"deny fd00:10:244:1:0:0:0:2":   {"deny fd00:10:244:1::2", "fd00:10:244:1::2 is denied to all but its own node"},
		"power-off node-1":             {"power-off node-1", "node-1 is powered off"},
		"registry busybox 429":         {"registry docker.io/library/busybox 429", "the registry responds with 429 to pulls of docker.io/library/busybox"},
		"registry quay.io 503":         {"registry quay.io 503", "the registry responds with 503 to pulls of quay.io"},
		"slow-registry 100":            {"slow-registry 100", "pulls are limited to 100 Mbit/s for each node"},
	} {
		if f := fault(t, words); f.String() != want[0] || f.State() != want[1] {
			t.Errorf("%s: expected %q, found %q, %q", words, want, f, f.State())
		}
	}
}

func TestChanges(t *testing.T) {
	now := []string{"partition node-1 node-2", "partition node-2 node-3", "deny 10.244.1.2", "divert 10.244.1.2 10.244.2.2", "pause node-3"}
	for _, c := range []struct {
		name, change string
		clear        bool
		want         []string
	}{
		{"a fault that is set, in another order", "partition node-2 node-1", false, now},
		{"a fault that is set", "pause node-3", false, now},
		{"another fault", "deny 10.244.1.3", false, append(slices.Clone(now), "deny 10.244.1.3")},
		{"another way for the same address", "divert 10.244.1.2 10.244.3.2", false, []string{now[0], now[1], now[2], now[4], "divert 10.244.1.2 10.244.3.2"}},
		{"power-off in place of pause", "power-off node-3", false, append(slices.Clone(now[:4]), "power-off node-3")},
		{"power-off of another node", "power-off node-1", false, append(slices.Clone(now), "power-off node-1")},
		{"clear one", "partition node-3 node-2", true, []string{now[0], now[2], now[3], now[4]}},
		{"clear all of a kind", "partition", true, now[2:]},
		{"clear all of a kind with an argument", "partition node-3", true, []string{now[0], now[2], now[3], now[4]}},
		{"clear what is not set", "power-off node-3", true, now},
		{"clear all", "", true, nil},
	} {
		change := Change{Clear: c.clear}
		if c.clear {
			pattern, err := Pattern(cluster, strings.Fields(c.change))
			if err != nil {
				t.Fatal(err)
			}
			change.Fault = pattern
		} else {
			change.Fault = fault(t, c.change)
		}
		set := faults(t, now...)
		if got, want := change.Of(set), faults(t, c.want...); !slices.EqualFunc(got, want, Fault.Equal) {
			t.Errorf("%s: expected %v, found %v", c.name, want, got)
		}
		if !slices.EqualFunc(set, faults(t, now...), Fault.Equal) {
			t.Errorf("%s: it changed what was set before: %v", c.name, set)
		}
	}
}

func TestBehaviorOfTheRegistry(t *testing.T) {
	b := Behavior(faults(t, "registry docker.io 429", "slow-registry 100", "registry docker.io/kbe/private 401", "slow-registry 10", "pause node-1"))
	if len(b.Answers) != 2 || b.Answers["docker.io"] != "429" || b.Answers["docker.io/kbe/private"] != "401" || b.MegabitsPerSecond != 10 {
		t.Errorf("expected both answers and the lower limit, found %+v", b)
	}
}
