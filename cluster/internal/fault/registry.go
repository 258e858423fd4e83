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
		Name:    "registry",
		Params:  []Param{repository, answer},
		Example: "docker.io/library/busybox 429",
		Short:   "Make the registry refuse pulls of a repository",
		Long: "registry makes the cluster's registry respond with ANSWER to pulls of REPOSITORY, such as docker.io/library/busybox, or\n" +
			"of all repositories below it, such as docker.io. ANSWER is 401 (except for the user " + registry.User + " with the password " + registry.Password + "), 403,\n" +
			"404, 429, 503, or schema1: a manifest of the format that was deprecated in 2015. It replaces an earlier ANSWER for the\n" +
			"same repository.",
		State:    "the registry responds with %[2]s to pulls of %[1]s",
		Slot:     "registry",
		Registry: func(b *registry.Behavior, args []string) { b.Answers[args[0]] = registry.Answer(args[1]) },
	}, Kind{
		Name:    "slow-registry",
		Params:  []Param{megabits},
		Example: "100",
		Short:   "Limit the bandwidth of each node's pulls",
		Long: "slow-registry limits the bandwidth from the cluster's registry to each node to MBITS Mbit/s. The lowest of several\n" +
			"limits applies.",
		State: "pulls are limited to %s Mbit/s for each node",
		Registry: func(b *registry.Behavior, args []string) {
			if limit, err := parseMegabits(args[0]); err == nil && (b.MegabitsPerSecond == 0 || limit < b.MegabitsPerSecond) {
				b.MegabitsPerSecond = limit
			}
		},
	})
}

// Behavior returns the behavior of the registry under these faults.
func Behavior(faults []Fault) registry.Behavior {
	b := registry.Behavior{Answers: map[string]registry.Answer{}}
	for _, f := range faults {
		if set := f.Kind().Registry; set != nil {
			set(&b, f.Args)
		}
	}
	return b
}

// repository is a repository of the registry, or one of the registries that it mirrors.
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
