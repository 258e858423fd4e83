package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/registry"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

func init() {
	kinds = append(kinds, Kind{
		Name:   "registry",
		Params: []Param{repository, answer},
		Short:  "Have the image registry refuse a repository",
		Long: "registry has the image registry of the cluster refuse the images of REPOSITORY, such as docker.io/library/busybox, or\n" +
			"of all repositories below it, such as docker.io. ANSWER is what the nodes get: 401 (all but the user " + registry.User + ", whose password\n" +
			"is " + registry.Password + "), 403, 404, 429, 503, or schema1, a manifest as of 2015. It replaces an earlier answer for the same repository.",
		State:    "the registry answers %[2]s for %[1]s",
		Slot:     "registry",
		Registry: func(b *registry.Behavior, args []string) { b.Answers[args[0]] = registry.Answer(args[1]) },
	}, Kind{
		Name:   "slow-registry",
		Params: []Param{megabits},
		Short:  "Limit what each node gets from the image registry",
		Long: "slow-registry limits what each node gets from the image registry of the cluster to so many Mbit/s. Of several limits the\n" +
			"lowest counts.",
		State: "each node gets at most %s Mbit/s from the registry",
		Registry: func(b *registry.Behavior, args []string) {
			if limit, err := parseMegabits(args[0]); err == nil && (b.MegabitsPerSecond == 0 || limit < b.MegabitsPerSecond) {
				b.MegabitsPerSecond = limit
			}
		},
	})
}

// Behavior returns how the registry behaves while these faults are set.
func Behavior(faults []Fault) registry.Behavior {
	b := registry.Behavior{Answers: map[string]registry.Answer{}}
	for _, f := range faults {
		if set := f.Kind().Registry; set != nil {
			set(&b, f.Args)
		}
	}
	return b
}

// repository is one that the registry has, or a registry that it stands for.
var repository = Param{"REPOSITORY", func(_ state.Cluster, text string) (string, error) {
	if slices.Contains(registry.Mirrored, text) {
		return text, nil
	}
	return registry.Repository(text)
}}

var answer = Param{"ANSWER", func(_ state.Cluster, text string) (string, error) {
	if !slices.Contains(registry.Answers(), registry.Answer(text)) {
		return "", fmt.Errorf("answer %q: expected one of %s", text, strings.Trim(fmt.Sprint(registry.Answers()), "[]"))
	}
	return text, nil
}}

var megabits = Param{"MBITS", func(_ state.Cluster, text string) (string, error) {
	_, err := parseMegabits(text)
	return text, err
}}

func parseMegabits(text string) (float64, error) {
	limit, err := strconv.ParseFloat(text, 64)
	if err != nil || limit < 0.1 || limit > 1e5 {
		return 0, fmt.Errorf("limit %q: expected Mbit/s, from 0.1 to 100000", text)
	}
	return limit, nil
}
