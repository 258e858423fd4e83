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
// each failure, one for those of one cause, and one for the verdict.
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
	if d.Verdict.Decided {
		annotate("notice", nil, command, strings.TrimSpace(d.Verdict.Sum+". "+d.Verdict.Times))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// What would end a message, or a property of it.
var (
	inMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	inProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
