package cli

import (
	"regexp"
	"strings"
	"testing"
)

// A dry run shows each command and each claim of the page once, in order, without a cluster.
func TestADryRunShowsThePage(t *testing.T) {
	noCluster(t)
	code, stdout, stderr := execute(t, "", "pods", "--dry-run", "--server", "https://127.0.0.1:1", "--registry", "mirror.example:5000")
	if code != exitPassed || stderr != "" {
		t.Fatalf("expected exit code 0 without a cluster, found %d: %s", code, stderr)
	}
	for _, want := range []string{
		"--image=mirror.example:5000/mhausenblas/simpleservice:0.5.0 --port=9876",
		"image: mirror.example:5000/centos/centos:stream9",
		`'<IP of sise>:9876/info'`,
		"No cluster was contacted",
		`Elsewhere, its containers run python3 -c "$(cat service.py)" on mirror.example:5000/centos/centos:stream9.`,
		"$ kubectl get pod sise – The READY and STATUS columns show 1/1 and Running Every pod has its own IP address.",
	} {
		if !strings.Contains(strings.Join(strings.Fields(stdout), " "), want) { // lines are wrapped
			t.Errorf("expected %q in the story:\n%s", want, stdout)
		}
	}
	commands := regexp.MustCompile(`(?m)^  \$ kubectl `).FindAllString(stdout, -1)
	claims := regexp.MustCompile(`(?m)^  – `).FindAllString(stdout, -1)
	if len(commands) != 48 || len(claims) != 40 || !strings.Contains(stdout, "Dry run: 48 commands and 40 claims.") {
		t.Errorf("expected each command and each claim once, found %d and %d:\n%s", len(commands), len(claims), stdout)
	}
}
