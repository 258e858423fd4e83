package example

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

// textCall matches the expression that stands for the content of a file.
var textCall = regexp.MustCompile(`\bfile\(\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\)`)

// TextsOf are the names of the files whose content an expression reads.
func TextsOf(expression string) []string {
	var names []string
	for _, m := range textCall.FindAllStringSubmatch(expression, -1) {
		names = append(names, m[1]+m[2])
	}
	return names
}

// TextCall is the expression that stands for the content of a file.
func TextCall(name string) string { return fmt.Sprintf("file(%q)", name) }

// readTexts reads the files other than manifests that images and steps name.
func (e *Example) readTexts(beside folder) Problems {
	var problems Problems
	read := func(name string, fail func(text string) Problem) {
		if _, done := e.Texts[name]; done {
			return
		}
		text, err := e.readText(beside, name)
		var several Problems
		switch {
		case errors.As(err, &several):
			problems = append(problems, several...)
		case err != nil:
			problems = append(problems, fail(err.Error()))
		default:
			e.Texts[name] = text
		}
	}
	for name, image := range e.Spec.Images {
		if image.Instead.File != "" {
			read(image.Instead.File, func(text string) Problem {
				return image.Instead.At.Field("file").Problem(fmt.Sprintf("images.%s.instead.file: %s", name, text))
			})
		}
	}
	for _, sc := range e.Spec.Scenarios {
		for _, st := range sc.Steps {
			cmd, err := ParseCommand(st.Run)
			if err != nil {
				continue // validate tells
			}
			for _, name := range cmd.Texts() {
				read(name, func(text string) Problem {
					return st.At.Field("run").ProblemAt(max(0, strings.Index(st.Run, name)), "run: "+text)
				})
			}
		}
	}
	return problems
}

// readText reads a file beside the example. examples.Service is there for every
// example, unless the folder has a file of its name.
func (e *Example) readText(beside folder, name string) (string, error) {
	if path.Base(name) != name || name == "." || name == ".." {
		return "", fmt.Errorf("expected the name of a file beside the %s, found %s", FileName, code(name))
	}
	missing := beside.fsys == nil
	if !missing {
		_, err := fs.Stat(beside.fsys, path.Join(beside.dir, name))
		missing = errors.Is(err, fs.ErrNotExist)
	}
	switch {
	case missing && name == examples.ServiceFile:
		return strings.TrimRight(examples.Service, "\n"), nil
	case missing:
		return "", fmt.Errorf("expected a file %s beside the %s, found none", code(name), FileName)
	}
	text, err := beside.read(name)
	if err != nil {
		return "", problemsOf(err)
	}
	if p, bad := newSource(beside.show(name), text).notText(); bad {
		return "", Problems{p}
	}
	return strings.TrimRight(string(text), "\n"), nil
}
