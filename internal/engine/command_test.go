package engine

import (
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
)

// A program that is not in the container ends with the runtime's exit code, or a shell's.
func TestACommandThatCouldNotBeStarted(t *testing.T) {
	const crun, runc = "executable file `curl` not found in $PATH: No such file or directory", `level=error msg="exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH"`
	for name, tc := range map[string]struct {
		res  kubectl.Result
		want bool
	}{
		"a shell":                       {kubectl.Result{Remote: true, ExitCode: 127, Stderr: "sh: curl: not found"}, true},
		"Docker":                        {kubectl.Result{Remote: true, ExitCode: 126}, true},
		"runc 1.1 to 1.5, by CRI-O":     {kubectl.Result{Remote: true, ExitCode: 255, Stderr: runc}, true},
		"crun up to 1.29, by CRI-O":     {kubectl.Result{Remote: true, ExitCode: 1, Stderr: crun}, true},
		"a program that fails":          {kubectl.Result{Remote: true, ExitCode: 1, Stderr: "curl: (6) Could not resolve host: sise"}, false},
		"a program that exits with 255": {kubectl.Result{Remote: true, ExitCode: 255}, false},
		"kubectl itself":                {kubectl.Result{ExitCode: 1, Stderr: crun}, false},
	} {
		if got := notStarted(tc.res); got != tc.want {
			t.Errorf("%s: expected %t, found %t", name, tc.want, got)
		}
	}
}
