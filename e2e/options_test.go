package e2e

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestWhereTheRestrictedStandardIsEnforcedThePodsMeetIt(t *testing.T) {
	f := newFixture(t, "strict")
	label := []byte(`{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}`)
	if _, err := client(t).CoreV1().Namespaces().Patch(t.Context(), f.session.Namespace, types.MergePatchType, label, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := outcome(t, plugin(t, "pods", "-n", f.session.Namespace))
	if code != 0 {
		t.Errorf("expected exit code 0, found %d:\n%s%s", code, stdout, stderr)
	}
	for _, want := range []string{"must meet the Pod Security Standard restricted", `--overrides "$(cat overrides.json)"`, "allowPrivilegeEscalation: false"} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) { // lines are wrapped
			t.Errorf("expected %q in the story:\n%s", want, stdout)
		}
	}
}

func TestOneScenario(t *testing.T) {
	stdout, _, code := outcome(t, plugin(t, "pods", "resources"))
	if code != 0 || !strings.Contains(stdout, "2 of 2 claims hold") || strings.Contains(stdout, "A single pod") {
		t.Errorf("expected the scenario resources alone, found exit code %d:\n%s", code, stdout)
	}
}

// The time ends while a command runs, or while a claim is waited for.
func TestATimeoutEndsTheRun(t *testing.T) {
	for scenario, after := range map[string]string{"supervision": "50ms", "port-conflict": "250ms"} {
		stdout, _, code := outcome(t, plugin(t, "pods", scenario, "--timeout", after))
		if code != 3 || !strings.Contains(stdout, "timed out after "+after) {
			t.Errorf("%s: expected exit code 3 and the time, found %d:\n%s", scenario, code, stdout)
		}
		assertNoNamespace(t, namespaceOf(t, stdout))
	}
}

func TestStepPausesBeforeEachCommand(t *testing.T) {
	for name, tc := range map[string]struct {
		input, want string
		code        int
	}{
		"run all":    {strings.Repeat("\n", 10), "2 of 2 claims hold", 0},
		"skip":       {"\n\ns\n", "0 of 2 claims hold, 2 not checked", 3},
		"skip first": {"s\n\n", "did not become Ready: it does not exist, and a", 3},
		"quit":       {"\nq\n", "Stopped by you: cleaning up.", 130},
		"no answer":  {"", "2 claims not checked", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := plugin(t, "pods", "resources", "--step")
			c.Stdin = strings.NewReader(tc.input)
			stdout, stderr, code := outcome(t, c)
			if code != tc.code || !strings.Contains(stdout, tc.want) || !strings.Contains(stderr, "[Enter, s, q, ?]") {
				t.Errorf("expected exit code %d and %q, found %d:\n%s%s", tc.code, tc.want, code, stdout, stderr)
			}
			assertNoNamespace(t, namespaceOf(t, stdout))
		})
	}
}
