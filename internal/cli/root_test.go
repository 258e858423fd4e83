package cli

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUnknownNamesAreReportedWithTheNearest(t *testing.T) {
	noCluster(t)
	for want, args := range map[string][]string{
		`unknown command "podz" for "kubectl kbe"` + "\n\nDid you mean this?\n\tpods\n": {"podz"},
		`unknown command "lst" for "kubectl kbe"` + "\n\nDid you mean this?\n\tlist\n":  {"lst", "--no-such-flag"},
		`unknown command "xyzzyx" for "kubectl kbe"` + "\n":                             {"xyzzyx"},
		`unknown flag: --kep` + "\n":                                                    {"pods", "--kep"},
		`unknown shorthand flag: 'y' in -y`:                                             {"pods", "-y"},
		"unknown scenario `single-pot`; did you mean `single-pod`?":                     {"pods", "single-pot"},
		"See 'kubectl kbe pods --help'.":                                                {"pods", "--kep"},
		"--image-pull-secret creds: the run's own namespace has no s":                   {"pods", "--image-pull-secret", "creds"},
	} {
		if code, stdout, stderr := execute(t, "", args...); code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: expected exit code %d and %q, found %d, %s%s", args, exitUsage, want, code, stdout, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	noCluster(t)
	var v Versions
	code, stdout, stderr := execute(t, "", "version", "--client", "-o", "json")
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || code != exitPassed || stderr != "" {
		t.Fatalf("found exit code %d, %v, %s%s", code, err, stdout, stderr)
	}
	if v.ServerVersion != nil || v.ClientVersion.GitVersion == "" ||
		!strings.HasPrefix(v.ClientVersion.GoVersion, "go1.") || !strings.Contains(v.ClientVersion.Platform, "/") {
		t.Errorf("found %+v", v)
	}
	if _, text, _ := execute(t, "", "version", "--client"); !strings.HasPrefix(text, "Client Version: ") || strings.Contains(text, "Server") {
		t.Errorf("found %s", text)
	}
	if code, _, stderr := execute(t, "", "version", "-o", "wide"); code != exitUsage || !strings.Contains(stderr, "expected json") {
		t.Errorf("found %d, %s", code, stderr)
	}
}

// silentCluster makes a kubeconfig whose API server takes connections and never
// answers.
func silentCluster(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content := `{apiVersion: v1, kind: Config, current-context: quiet, users: [{name: jane, user: {}}],
clusters: [{name: far, cluster: {server: "http://` + l.Addr().String() + `"}}],
contexts: [{name: quiet, context: {cluster: far, user: jane}}, {name: other, context: {cluster: far}}]}`
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
}

func TestRequestTimeoutBoundsARequest(t *testing.T) {
	silentCluster(t)
	for _, args := range [][]string{{"version"}, {"cleanup"}, {"pods"}} {
		begin := time.Now()
		code, _, stderr := execute(t, "", append(args, "--request-timeout=200ms")...)
		if took := time.Since(begin); code != exitCouldNotRun || !strings.Contains(stderr, "error: "+args[0]+": ") || took > 3*time.Second {
			t.Errorf("%v: expected exit code %d within 3 s, found %d after %s: %s", args, exitCouldNotRun, code, took, stderr)
		}
	}
}

func TestCompletionOfWhatNeedsNoAnswer(t *testing.T) {
	silentCluster(t)
	t.Chdir("testdata")
	for name, tc := range map[string]struct {
		words []string
		want  []string
		code  string
	}{
		"commands":            {[]string{"re"}, []string{"reach"}, ":4"},
		"scenarios, each one": {[]string{"pods", "single-pod", "s"}, []string{"sharing", "supervision"}, ":36"},
		"no files":            {[]string{"list", ""}, nil, ":4"},
		"names to show":       {[]string{"show", "po"}, []string{"pods"}, ":4"},
		"contexts":            {[]string{"pods", "--context", ""}, []string{"other", "quiet"}, ":4"},
		"places":              {[]string{"reach", "--from", "o"}, []string{"other-node"}, ":4"},
		"images":              {[]string{"pods", "--image", "s"}, []string{"shell=", "simpleservice="}, ":6"},
		"formats":             {[]string{"pods", "-o", "ju"}, []string{"junit"}, ":4"},
		"formats of files":    {[]string{"reach", "--report-file", "h"}, []string{"html="}, ":6"},
		"a report's path":     {[]string{"pods", "--report-file", "html="}, nil, ":0"},
		"purposes":            {[]string{"rbac", "--for", "cl"}, []string{"cleanup"}, ":4"},
		"an example's folder": {[]string{"run", "-f", "exam"}, nil, ":0"},
		"own scenarios":       {[]string{"run", "-f", "../starter", ""}, []string{"from-a-command", "from-a-file"}, ":36"},
		"nobody answers: -n":  {[]string{"pods", "-n", ""}, nil, ":4"},
		"nobody answers: pod": {[]string{"reach", ""}, nil, ":4"},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			code, stdout, _ := execute(t, "", Arguments(append([]string{"/some/where/" + completer}, tc.words...))...)
			if took := time.Since(begin); took > 2*lookupTime {
				t.Errorf("expected an answer within %s, found one after %s", lookupTime, took)
			}
			lines := strings.Split(strings.TrimSpace(stdout), "\n")
			var found []string
			for _, line := range lines[:len(lines)-1] {
				word, _, _ := strings.Cut(line, "\t")
				found = append(found, word)
			}
			if tc.code == ":4" { // the shell sorts them
				slices.Sort(found)
			}
			if code != exitPassed || !slices.Equal(found, tc.want) || lines[len(lines)-1] != tc.code {
				t.Errorf("expected %v and %s, found %v and exit code %d in\n%s", tc.want, tc.code, found, code, stdout)
			}
		})
	}
}

func TestArgumentsOfAnotherName(t *testing.T) {
	for _, name := range []string{"kubectl-kbe", "/usr/bin/kubectl-kbe", "kubectl_complete-other"} {
		if got := Arguments([]string{name, "pods"}); !slices.Equal(got, []string{"pods"}) {
			t.Errorf("%s: found %v", name, got)
		}
	}
	if got := Arguments([]string{completer + ".exe", "a", ""}); !slices.Equal(got, []string{"__complete", "a", ""}) {
		t.Errorf("found %v", got)
	}
}
