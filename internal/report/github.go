package report

import (
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

func init() { register("github", format{write: writeGitHub}) }

// writeGitHub writes a report as workflow commands of GitHub Actions: an annotation for
// each failure, one for those of one cause, and one for the verdict. GitHub shows ten errors
// of a step: the verdict is a notice, unless it is the only annotation.
func writeGitHub(w io.Writer, r runtime.Object) error {
	d := documentOf(r)
	var out strings.Builder
	annotate := func(kind string, at *v1alpha1.Position, title, text string) {
		where := ""
		if at != nil {
			where = fmt.Sprintf("file=%s,line=%d,", inProperty.Replace(visible(at.File)), at.Line)
		}
		fmt.Fprintf(&out, "::%s %stitle=%s::%s\n", kind, where, inProperty.Replace(visible(title)), inMessage.Replace(visible(text)))
	}
	command := "kubectl kbe " + d.Command
	if d.Error != "" {
		annotate("error", nil, command+": could not run", d.Error)
	}
	for _, b := range d.Failures {
		f := b.(Finding)
		annotate("error", f.Position, command, strings.Join(append([]string{f.Name + f.Text}, detailLines(f.Details)...), "\n"))
	}
	for _, b := range d.Cleanup {
		if problem, is := b.(Problem); is {
			annotate("error", nil, command, problem.Text)
		}
	}
	if d.Verdict.Decided {
		kind := "notice"
		if out.Len() == 0 && d.Verdict.Mark == markFailed {
			kind = "error" // such as of a run that was stopped
		}
		annotate(kind, nil, command, strings.TrimSpace(d.Verdict.Sum+". "+d.Verdict.Times))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// What would end a message, or a property of it.
var (
	inMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	inProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
