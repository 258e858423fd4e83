package example

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseCommandSplitsAsAShell(t *testing.T) {
	for line, want := range map[string][]string{
		`kubectl get pods`:                          {"kubectl", "get", "pods"},
		`  kubectl   get` + "\n" + `pods `:          {"kubectl", "get", "pods"},
		"kubectl get \\\n  po\\\nds -l \"a=\\\nb\"": {"kubectl", "get", "pods", "-l", "a=b"},
		`kubectl exec p -- sh -c 'echo "a b" | wc'`: {"kubectl", "exec", "p", "--", "sh", "-c", `echo "a b" | wc`},
		`kubectl label pod p "note=a b"`:            {"kubectl", "label", "pod", "p", "note=a b"},
		`kubectl label pod p note=""`:               {"kubectl", "label", "pod", "p", "note="},
		`kubectl label pod p ""`:                    {"kubectl", "label", "pod", "p", ""},
		`kubectl get pod a\ b`:                      {"kubectl", "get", "pod", "a b"},
		`kubectl exec p -- echo '$(x)'`:             {"kubectl", "exec", "p", "--", "echo", "$(x)"},
	} {
		cmd, err := ParseCommand(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		got, err := cmd.Expand(func(string) (string, error) { return "", errors.New("no expression here") })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: expected %q, found %q, %v", line, want, got, err)
		}
	}
}

func TestParseCommandFindsExpressions(t *testing.T) {
	cmd, err := ParseCommand(`kubectl exec client -- curl "http://$(pod("sise (1)").status.podIP):9876/$( run.id )"`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := cmd.exprs(), []string{`pod("sise (1)").status.podIP`, "run.id"}; !slices.Equal(got, want) {
		t.Fatalf("expected %q, found %q", want, got)
	}
	args, err := cmd.Expand(func(expr string) (string, error) { return "<" + expr[:3] + ">", nil })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := args[len(args)-1], "http://<pod>:9876/<run>"; got != want {
		t.Errorf("expected %q, found %q", want, got)
	}
}

func TestParseCommandRejectsWhatNeedsAShell(t *testing.T) {
	for line, want := range map[string]string{
		`kubectl get pods | grep x`:    "without a shell",
		`kubectl get pods > file`:      "without a shell",
		"kubectl get a\nkubectl get b": "found a second command",
		`kubectl get $POD`:             "without a shell",
		`kubectl get 'pods`:            "single quote",
		`kubectl get "pods`:            "double quote",
		`kubectl get $(pod("a")`:       "not closed",
		`kubectl get $()`:              "no expression",
	} {
		if _, err := ParseCommand(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", line, want, err)
		}
	}
}

func TestQuoteIsReadBackAsTheSameWords(t *testing.T) {
	words := []string{"kubectl", "exec", "p", "--", "sh", "-c", `it's "$HOME"`, "", "a b", "http://[::1]:9876/info"}
	cmd, err := ParseCommand(Quote(words))
	if err != nil {
		t.Fatal(err)
	}
	got, err := cmd.Expand(nil)
	if err != nil || !slices.Equal(got, words) {
		t.Errorf("expected %q, found %q, %v", words, got, err)
	}
}

func TestFilesOfACommand(t *testing.T) {
	for line, want := range map[string][]string{
		`kubectl create -f pod.yaml`:              {"pod.yaml"},
		`kubectl apply --filename=a.yaml -f b`:    {"a.yaml", "b"},
		`kubectl apply -fa.yaml -f=b.yaml`:        {"a.yaml", "b.yaml"},
		`kubectl apply -f $(run.id) --filename`:   nil,
		`kubectl logs -f sise`:                    nil,
		`kubectl exec p -- tail -f /var/log/file`: nil,
	} {
		cmd, err := ParseCommand(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := cmd.Files(); !slices.Equal(got, want) {
			t.Errorf("%s: expected %q, found %q", line, want, got)
		}
	}
}

func TestGrepIsExtendedWhereThePatternIs(t *testing.T) {
	for pattern, want := range map[string]string{"IP:": " | grep IP:", "^IP:": " | grep '^IP:'", "^(a|b)": " | grep -E '^(a|b)'", "a+": " | grep -E a+", `\d`: ` | grep -E '\d'`} {
		if got := Grep(pattern); got != want {
			t.Errorf("%s: expected %q, found %q", pattern, want, got)
		}
	}
}
