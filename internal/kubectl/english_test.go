package kubectl

import (
	"os"
	"os/exec"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestKubectlSpeaksEnglish asks for a text that kubectl has in German.
func TestKubectlSpeaksEnglish(t *testing.T) {
	const german = "LC_ALL=de_DE.UTF-8"
	if os.Getenv("LC_ALL") != "de_DE.UTF-8" { // a process loads its translations once
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:gosec // this very test
		child.Env = append(os.Environ(), german)
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", german, err, out)
		}
		return
	}
	const want = "Update the labels on a resource"
	if found := verbs["label"](nil, genericiooptions.NewTestIOStreamsDiscard()).Short; found != want {
		t.Errorf("expected %q, found %q", want, found)
	}
}
