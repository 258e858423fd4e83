package report

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// extensions are those of golden files, where it is not the name of the format.
var extensions = map[string]string{"github": "github.txt", "junit": "xml", "markdown": "md", "script": "sh"}

// goldenFormats compares a report in each of its formats with a golden file of that name.
func goldenFormats(t *testing.T, name string, r runtime.Object) {
	t.Helper()
	for _, format := range Formats(r) {
		var out bytes.Buffer
		if err := Write(&out, format, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+"."+cmp.Or(extensions[format], format), out.Bytes())
	}
}

func TestWriteNamesTheFormats(t *testing.T) {
	for _, r := range []runtime.Object{&v1alpha1.Report{}, &v1alpha1.Reach{}, &v1alpha1.ConformanceReport{}} {
		_, example := r.(*v1alpha1.Report)
		if slices.Contains(Formats(r), "script") != example || !slices.Contains(Formats(r), "junit") {
			t.Errorf("%T: found %s", r, Formats(r))
		}
		err := Write(&bytes.Buffer{}, "pdf", r)
		if err == nil || !strings.HasSuffix(err.Error(), "expected one of "+strings.Join(Formats(r), ", ")) {
			t.Errorf("%T: found %v", r, err)
		}
	}
}
