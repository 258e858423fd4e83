package engine

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func TestWhatIsWrongWithAWordIsReportedAtItsPlace(t *testing.T) {
	for run, want := range map[string]string{
		`kubectl run a --iamge=x`:                              "11:26: run: unknown flag `--iamge`; did you mean `--image`?",
		`kubectl run a`:                                        `11:20: run: required flag(s) "image" not set`,
		`kubectl run a --image`:                                "11:26: run: flag needs an argument: --image",
		`kubectl run a --image=x --stdin=perhaps`:              `11:36: run: invalid argument "perhaps" for "-i, --stdin" flag`,
		`kubectl get pods -Z`:                                  "11:29: run: unknown flag `-Z`",
		`kubectl get pods -n other`:                            "11:29: run: found the flag `-n`; the run sets the namespace and the cluster",
		`kubectl get pods --context=other`:                     "11:29: run: found the flag `--context`; the run sets",
		`kubectl scale rc x --replicas many`:                   `11:42: run: invalid argument "many" for "--replicas" flag`,
		`kubectl create configmap x --form-literal=a=b`:        "11:39: run: unknown flag `--form-literal`; did you mean `--from-literal`?",
		`kubectl wait pod/a`:                                   "11:20: run: kubectl wait: --for: expected condition=NAME[=VALUE], jsonpath={EXPRESSION}[=VALUE], create or delete",
		`kubectl wait --for=Ready pod/a`:                       "11:25: run: kubectl wait: --for: expected condition=NAME[=VALUE], jsonpath={EXPRESSION}[=VALUE], create or delete, found \"Ready\"",
		`kubectl wait --for=condition=Ready a`:                 "11:47: run: kubectl wait: expected TYPE/NAME, TYPE NAME, or TYPE with --selector or --all, found \"a\"",
		`kubectl wait --for=condition=Ready`:                   "11:25: run: kubectl wait: expected TYPE/NAME or TYPE NAME, found none",
		`kubectl wait --for=delete pod/a --timeout=long`:       `11:44: run: invalid argument "long" for "--timeout" flag`,
		`kubectl wait --fro=delete pod/a`:                      "11:25: run: unknown flag `--fro`; did you mean `--for`?",
		`kubectl wait --lokal --for=delete pod/a`:              "11:25: run: unknown flag `--lokal`; did you mean `--local`?",
		`kubectl exec a --containr=b -- curl --nonsense`:       "11:27: run: unknown flag `--containr`; did you mean `--container`?",
		`kubectl run a --iamge=x --prot=1`:                     "11:36: run: unknown flag `--prot`; did you mean `--port`?", // both are reported
		`kubectl get $(images.shell) --outpot=$(images.shell)`: "11:40: run: unknown flag `--outpot`; did you mean `--output`?",
	} {
		_, err := compile(t, "    - run: "+run)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error with %q, found %v", run, want, err)
		}
	}
}

// Who finds where a flag is wrong parses the command several times.
func TestNotEveryUnknownFlagIsReported(t *testing.T) {
	_, err := compile(t, "    - run: kubectl get pods"+strings.Repeat(" --a", 8000))
	problems, _ := errors.AsType[example.Problems](err)
	if len(problems) != mostUnknown {
		t.Errorf("expected %d problems, found %d", mostUnknown, len(problems))
	}
}

func TestWhatHangsOnAnExpressionIsLeftToTheRun(t *testing.T) {
	for _, run := range []string{
		`kubectl scale rc x --replicas=$(images.shell)`,
		`kubectl scale rc x --replicas $(images.shell)`,
		`kubectl wait --for=$(images.shell) pod/a`,
		`kubectl wait --for=condition=$(images.shell) $(images.shell)`,
		`kubectl wait --for=delete pod/$(images.shell) --timeout=$(images.shell)`,
		`kubectl get pod $(images.shell) -o $(images.shell)`,
		`kubectl exec a -- curl --nonsense -Z`,
	} {
		if _, err := compile(t, "    - run: "+run); err != nil {
			t.Errorf("%s: expected no error, found %v", run, err)
		}
	}
}

func TestTwoScenariosMustNotMakeOneObject(t *testing.T) {
	const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twin}\n"
	for name, tc := range map[string]struct{ one, two, want string }{
		"run":                 {"kubectl run twin --image=x", "kubectl run twin --image=y", `14:20: run: creates pods "twin", as line 11 does for the scenario one`},
		"a command, a file":   {"kubectl create configmap twin", "kubectl apply -f twin.yaml", `14:20: run: creates configmaps "twin", as line 11`},
		"another kind":        {"kubectl run twin --image=x", "kubectl create -f twin.yaml", ""},
		"another name":        {"kubectl run one --image=x", "kubectl run two --image=x", ""},
		"nothing is made":     {"kubectl run twin --image=x --dry-run=client", "kubectl run twin --image=x", ""},
		"an unknown name":     {"kubectl run $(images.shell) --image=x", "kubectl run $(images.shell) --image=x", ""},
		"within one scenario": {"kubectl run twin --image=x\n    - run: kubectl run twin --image=x", "kubectl run other --image=x", ""},
	} {
		e, err := example.Load(fstest.MapFS{
			"demo/example.yaml": {Data: []byte(head + "    - run: " + tc.one + "\n  - name: two\n    title: Two\n    steps: [{run: '" + tc.two + "'}]\n")},
			"demo/twin.yaml":    {Data: []byte(config)},
		}, "demo")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Compile(e)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: expected %q, found %v", name, tc.want, err)
		}
	}
}
