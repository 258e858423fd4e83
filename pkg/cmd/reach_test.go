package cmd

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

func TestReachChecksItsFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"expected --nodes":            {"reach"},
		"--peers -1: expected":        {"reach", "--nodes", "--peers", "-1"},
		"--seed 7: only a sample":     {"reach", "--nodes", "--seed", "7"},
		"--slow 0s: expected":         {"reach", "--nodes", "--slow", "0"},
		"--timeout -1s: expected":     {"reach", "--nodes", "--timeout", "-1s"},
		"has no secrets: name":        {"reach", "--nodes", "--image-pull-secret", "x"},
		"-o markdown: expected one":   {"reach", "--nodes", "-o", "markdown"},
		`invalid argument "many" for`: {"reach", "--nodes", "--peers", "many"},
	} {
		streams, _, _, errOut := genericiooptions.NewTestIOStreams()
		if code := Execute(t.Context(), streams, args); code != exitUsage || !strings.Contains(errOut.String(), want) {
			t.Errorf("%q: expected exit code 2 and %q, found %d and %q", args, want, code, errOut)
		}
	}
}
