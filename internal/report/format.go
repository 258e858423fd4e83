package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// format is a document that reports are written as, besides those of cli-runtime's
// printers. The file of each format registers it.
type format struct {
	write func(io.Writer, runtime.Object) error
	// examplesOnly: it is for the Report of an example.
	examplesOnly bool
}

var formats = map[string]format{}

// register adds a format to those of Formats.
func register(name string, f format) { formats[name] = f }

// Formats are the names that Write takes for the kind of a report, sorted.
func Formats(kind runtime.Object) []string {
	var names []string
	for name, f := range formats {
		if _, example := kind.(*v1alpha1.Report); example || !f.examplesOnly {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Write writes a report of any kind in one of its Formats.
func Write(w io.Writer, name string, r runtime.Object) error {
	if all := Formats(r); !slices.Contains(all, name) {
		return fmt.Errorf("report format %q: expected one of %s", name, strings.Join(all, ", "))
	}
	return formats[name].write(w, r)
}
