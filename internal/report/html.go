package report

import (
	_ "embed"
	"html/template"
	"io"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

//go:embed page.html.tmpl
var pageSource string

func init() { register("html", format{write: writeHTML}) }

// writeHTML writes a report as a page of its own: no script, and nothing that would be
// loaded from elsewhere, which its Content-Security-Policy forbids anyway.
func writeHTML(w io.Writer, r runtime.Object) error {
	// html/template escapes what is put into it.
	page := template.New("page")
	page.Funcs(template.FuncMap{
		"text": visible, "lines": detailLines, "skipped": func() string { return skippedText },
		"key": gridKey, "zones": gridZones, "zoned": isZoned, "look": lookOf, "tip": tip, "pairs": pairTips,
		"contents": func(d Document) bool { return len(d.Sections) > 0 && d.Sections[0].Title != "" },
		"blocks":   func(blocks []Block) (template.HTML, error) { return htmlOf(page, blocks) },
	})
	return template.Must(page.Parse(pageSource)).Execute(w, documentOf(r))
}

// htmlOf renders each block by the template of its type's name; findings that follow each
// other are a list.
func htmlOf(page *template.Template, blocks []Block) (template.HTML, error) {
	var out strings.Builder
	for i := 0; i < len(blocks); {
		name, data := reflect.TypeOf(blocks[i]).Name(), any(blocks[i])
		i++
		if finding, ok := data.(Finding); ok {
			list := []Finding{finding}
			for ; ok && i < len(blocks); i++ {
				if finding, ok = blocks[i].(Finding); !ok {
					break
				}
				list = append(list, finding)
			}
			name, data = "Findings", list
		}
		if err := page.ExecuteTemplate(&out, name, data); err != nil {
			return "", err
		}
	}
	return template.HTML(out.String()), nil //nolint:gosec // the templates have escaped it
}
