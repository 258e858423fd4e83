package cli

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/reach"
)

func TestReachChecksItsFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"--port 0: expected a number from 1 to 65535":                   {"reach", "--port", "0"},
		"--port 70000: expected a number":                               {"reach", "web", "--port", "70000"},
		"--port -1: expected a number":                                  {"reach", "web", "--port", "-1"},
		"--port http: expected a number":                                {"reach", "--port", "http"},
		"--from: expected a place, found none":                          {"reach", "--from", ""},
		"deploy/web: expected the name of a pod":                        {"reach", "deploy/web"},
		"--peers needs --nodes":                                         {"reach", "--peers", "8"},
		"--slow needs --nodes":                                          {"reach", "--slow", "1s"},
		"--tolerate needs --nodes":                                      {"reach", "--tolerate"},
		`--from: expected some of con`:                                  {"reach", "--from", "moon"},
		"--port and --nodes cannot":                                     {"reach", "--nodes", "--port", "80"},
		"--from and --nodes cannot":                                     {"reach", "--nodes", "--from", "here"},
		"web: --nodes probes its own":                                   {"reach", "web", "--nodes"},
		"--image shel=x: expected NAME=REF with one of the names shell": {"reach", "--image", "shel=x"},
		"--image simpleservice=x: expected NAME=REF":                    {"reach", "--image", "simpleservice=x"},
		"accepts at most 1 arg":                                         {"reach", "web", "db"},
		"--peers -1: expected":                                          {"reach", "--nodes", "--peers", "-1"},
		"--slow 0s: expected":                                           {"reach", "--nodes", "--slow", "0"},
		"--timeout -1s: expected":                                       {"reach", "--nodes", "--timeout", "-1s"},
		"has no secrets: set":                                           {"reach", "--nodes", "--image-pull-secret", "x"},
		"-o script: expected one":                                       {"reach", "--nodes", "-o", "script"},
		`invalid argument "many" for`:                                   {"reach", "--nodes", "--peers", "many"},
	} {
		streams, _, _, errOut := genericiooptions.NewTestIOStreams()
		if code := Execute(t.Context(), streams, args); code != exitUsage || !strings.Contains(errOut.String(), want) {
			t.Errorf("%q: expected exit code 2 and %q, found %d and %q", args, want, code, errOut)
		}
	}
}

func TestReachUsesTheShellImageOfTheExamplePods(t *testing.T) {
	pods, err := example.Load(examples.FS, "pods")
	if err != nil {
		t.Fatal(err)
	}
	if image := pods.Image(reach.ShellImage); image != reach.ShellReference {
		t.Errorf("expected %v, found %v", image, reach.ShellReference)
	}
}
