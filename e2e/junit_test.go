package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The schema is that of Jenkins's xunit plugin (MIT, as its head says); other CI
// systems read the same form.
const junitSchema = "testdata/junit-10.xsd"

// validateJUnit returns what a schema validator has against a JUnit file.
func validateJUnit(t *testing.T, file []byte) (complaint string) {
	t.Helper()
	path, err := exec.LookPath("xmllint")
	if err != nil {
		t.Fatalf("%v: run `make setup`, or install libxml2-utils", err)
	}
	c := exec.CommandContext(t.Context(), path, "--nonet", "--noout", "--schema", junitSchema, "-")
	c.Stdin = bytes.NewReader(file)
	if out, err := c.CombinedOutput(); err != nil {
		return err.Error() + ": " + string(out)
	}
	return ""
}

func TestTheJUnitFileIsWhatCISystemsRead(t *testing.T) {
	const failing = `apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: failing}
spec:
  title: '<Failing> & "odd" ✗'
  scenarios:
  - name: claims
    title: A claim that fails
    steps:
    - run: kubectl get pods -o name
      expect:
      - {claim: 'There is a "pod" & more <]]>', that: 'stdout != ""'}
      - {claim: There is none, that: 'stdout == ""'}
      - {claim: It cannot be decided, that: 'pod("none").status.phase == "Running"'}
  - name: commands
    title: A command that fails
    steps:
    - run: kubectl get pod none
      expect: [{claim: It is there, that: 'stdout != ""'}]
    - run: kubectl get pods
      expect: [{claim: It is listed, that: 'stdout != ""'}]
`
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"all claims hold":       {[]string{"pods", "resources"}, 0, `failures="0" errors="0"`},
		"claims fail":           {[]string{"run", "-f", "-"}, 3, `errors="1" failures="2"`},
		"the run did not start": {[]string{"pods", "--server", "https://127.0.0.1:1"}, 3, `failures="0" errors="1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "junit.xml")
			c := plugin(t, append(tc.args, "--report-file", "junit="+file)...)
			c.Stdin = strings.NewReader(failing)
			stdout, stderr, code := outcome(t, c)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v: %s%s", err, stdout, stderr)
			}
			if code != tc.code || !strings.Contains(string(text), tc.want) {
				t.Errorf("expected exit code %d and %s, found %d:\n%s\n%s", tc.code, tc.want, code, text, stderr)
			}
			if complaint := validateJUnit(t, text); complaint != "" {
				t.Errorf("%s\n%s", complaint, text)
			}
			// The validator finds what is wrong.
			if bad := bytes.Replace(text, []byte("<testcase "), []byte("<testcase nonsense=\"1\" "), 1); validateJUnit(t, bad) == "" {
				t.Error("expected that the schema knows no attribute nonsense")
			}
		})
	}
}
