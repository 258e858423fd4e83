package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// formats are the documents that a Report is written as, besides those of
// cli-runtime's printers.
var formats = map[string]func(io.Writer, *v1alpha1.Report) error{
	"junit":    JUnit,
	"html":     HTML,
	"markdown": Markdown,
	"script":   Script,
}

// Formats are the names that Write takes.
func Formats() []string { return slices.Sorted(maps.Keys(formats)) }

// Write writes a Report in one of Formats.
func Write(w io.Writer, format string, r *v1alpha1.Report) error {
	write := formats[format]
	if write == nil {
		return fmt.Errorf("report format %q: expected one of %s", format, strings.Join(Formats(), ", "))
	}
	return write(w, r)
}
