package page

import (
	"slices"
	"strings"
	"testing"
)

// TestReadingAPage: the commands of a page in each form that editors and renderers know, and
// what is not run of them.
func TestReadingAPage(t *testing.T) {
	for name, tc := range map[string]struct {
		page string
		want []string
	}{
		"CRLF":                          {"# A\r\n```console\r\n$ kubectl get pods\r\nNo resources\r\n```\r\n", []string{"3 kubectl get pods: No resources"}},
		"a byte order mark":             {"\ufeff---\ntitle: A\n---\n```sh\nkubectl get pods\n```\n", []string{"5 kubectl get pods"}},
		"a tab behind the prompt":       {"```console\n$\tkubectl get pods\n```\n", []string{"2 kubectl get pods"}},
		"an indented block":             {"A:\n\n    $ kubectl get pods\n    No resources\n", []string{"3 kubectl get pods: No resources"}},
		"nested lists":                  {"1. A\n   - B\n\n     ```sh\n     kubectl get pods\n     ```\n\n     ```\n     No resources\n     ```\n", []string{"5 kubectl get pods: No resources"}},
		"a quote":                       {"> ```console\n> $ kubectl get pods\n> No resources\n> ```\n", []string{"2 kubectl get pods: No resources"}},
		"details":                       {"<details>\n<summary>A</summary>\n\n```sh\nkubectl get pods\n```\n\n</details>\n", []string{"5 kubectl get pods"}},
		"a fence of waves":              {"~~~~ bash\nkubectl get pods\n~~~~\n", []string{"2 kubectl get pods"}},
		"attributes of a fence":         {"```{.bash .copy}\nkubectl get pods\n```\n```bash title=\"run\"\nkubectl get cm\n```\n", []string{"2 kubectl get pods", "5 kubectl get cm"}},
		"a command in a fence of text":  {"```text\n$ kubectl get pods\nNo resources\n```\n", []string{"2 kubectl get pods: No resources"}},
		"a fence that is not closed":    {"```sh\nkubectl get pods\n", []string{"2 kubectl get pods"}},
		"a comment of several lines":    {"<!-- kbe:\n  skip: it takes an hour\n-->\n```sh\nkubectl get pods\n```\n", []string{"5 kubectl get pods (it takes an hour)"}},
		"a fence within details":        {"<details>\n<summary>A</summary>\n```console\n$ kubectl get pods\n```\n</details>\n", []string{"4 $ kubectl get pods (it stands in HTML)"}},
		"HTML":                          {"<pre>\n$ kubectl get pods\n</pre>\n", []string{"2 $ kubectl get pods (it stands in HTML)"}},
		"a comment":                     {"<!--\n$ kubectl get pods\n-->\n```sh\nkubectl get cm\n```\n", []string{"5 kubectl get cm"}},
		"another shell":                 {"```powershell\nkubectl get pods\n```\n", []string{"2 kubectl get pods (it stands in a fence of `powershell`)"}},
		"a program that names commands": {"```go\n// kubectl get pods\nrun()\n```\n```sh\nkubectl get cm\n```\n", []string{"6 kubectl get cm"}},
	} {
		var found []string
		for _, c := range read(t, "page.md", tc.page).commands {
			text := c.id + " " + c.text
			for _, l := range c.output {
				text += ": " + strings.TrimSpace(l.text)
			}
			if why, _, _ := strings.Cut(c.note.Skip+c.notRun, ", "); why != "" {
				text += " (" + why + ")"
			}
			found = append(found, text)
		}
		if !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
}
