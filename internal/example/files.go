package example

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

// Manifest returns the place of a manifest, one of Files.
func (e *Example) Manifest(name string) Place { return e.places[name] }

// textCall matches the expression that stands for the content of a file.
var textCall = regexp.MustCompile(`\bfile\(\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\)`)

// Texts are the names of the files whose content the expressions of a command read, each
// once.
func (c Command) Texts() []string {
	var names []string
	for _, m := range textCall.FindAllStringSubmatch(strings.Join(c.exprs(), "\n"), -1) {
		names = append(names, m[1]+m[2])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TextCall is the expression that stands for the content of a file.
func TextCall(name string) string { return fmt.Sprintf("file(%q)", name) }

// readFiles reads the files that steps and images name, each once, and no other file of
// the folder: it may hold much that is not the example's.
func (e *Example) readFiles(beside folder) Problems {
	var problems Problems
	tried := map[string]bool{}
	// A problem with a file's name is where it is named.
	read := func(kind, name string, load func(folder, string) error, at Place, offset int, field string) {
		if tried[kind+name] {
			return
		}
		tried[kind+name] = true
		var inFile Problems
		switch err := load(beside, name); {
		case errors.As(err, &inFile):
			problems = append(problems, inFile...)
		case err != nil:
			problems = append(problems, at.ProblemAt(offset, field+": "+err.Error()))
		}
	}
	for name, image := range e.Spec.Images {
		if file := image.Instead.File; file != "" {
			read("text ", file, e.readText, image.Instead.At.Field("file"), 0, "images."+name+".instead.file")
		}
	}
	for _, st := range e.steps() {
		cmd, err := ParseCommand(st.Run)
		if err != nil || st.NotRun != "" {
			continue // validate reports what is wrong
		}
		for _, file := range cmd.Files() {
			read("manifest ", file, e.readManifest, st.At.Field("run"), strings.Index(st.Run, file), "run")
		}
		for _, file := range cmd.Texts() {
			read("text ", file, e.readText, st.At.Field("run"), strings.Index(st.Run, file), "run")
		}
	}
	return problems
}

// readManifest reads a manifest. The error is Problems where the file is wrong, and not
// its name.
func (e *Example) readManifest(beside folder, name string) error {
	if _, added := e.Files[name]; added {
		return nil
	}
	if beside.fsys == nil {
		return fmt.Errorf("the manifest %s has no folder: pass a folder or a file to -f", code(name))
	}
	found, err := beside.find(name)
	if err != nil {
		return err
	}
	if !found {
		return missing(name, beside.names())
	}
	text, err := beside.read(name)
	if err != nil {
		return problemsOf(err)
	}
	return e.addManifest(beside.show(name), name, text)
}

// addManifest adds a manifest, which stands in a file.
func (e *Example) addManifest(file, name string, text []byte) error {
	root, err := parseYAML(file, text)
	if err != nil {
		return problemsOf(err)
	}
	if root.node.Kind != yaml.MappingNode {
		return Problems{root.Problem("expected a Kubernetes manifest, found " + kindOf(root.node))}
	}
	e.Files[name], e.places[name] = text, root
	var problems Problems
	for _, field := range []string{"apiVersion", "kind"} {
		switch value := root.Field(field); {
		case value == root:
			problems = append(problems, root.Problem(fmt.Sprintf("expected a Kubernetes manifest with the field %s, found none", code(field))))
		case value.node.ShortTag() != "!!str" || value.node.Value == "":
			problems = append(problems, value.Problem(fmt.Sprintf("%s: expected a text, found %s", field, kindOf(value.node))))
		}
	}
	return Join(problems)
}

// readText reads a file that is no manifest; its error is as that of readManifest.
// examples.Service is there for every example, unless the folder has a file of its name.
func (e *Example) readText(beside folder, name string) error {
	found, err := beside.find(name)
	switch {
	case err != nil:
		return err
	case !found && name == examples.ServiceFile:
		e.Texts[name] = strings.TrimRight(examples.Service, "\n")
		return nil
	case !found:
		return missing(name, nil)
	}
	text, err := beside.read(name)
	if err != nil {
		return problemsOf(err)
	}
	if p, bad := newSource(beside.show(name), text).notText(); bad {
		return Problems{p}
	}
	e.Texts[name] = strings.TrimRight(string(text), "\n")
	return nil
}

// missing is the error of a file that is not there; others are.
func missing(name string, others []string) error {
	if near := Nearest(name, others); near != "" {
		return fmt.Errorf("expected a file %s beside the %s, found none; did you mean %s?", code(name), FileName, code(near))
	}
	return fmt.Errorf("expected a file %s beside the %s, found none", code(name), FileName)
}

// find reports whether there is a file; the error is about a name that leads elsewhere.
func (f folder) find(name string) (bool, error) {
	if path.Base(name) != name || name == "-" || name == "." || name == ".." {
		return false, fmt.Errorf("expected the name of a file beside the %s, found %s", FileName, code(name))
	}
	if f.fsys == nil {
		return false, nil
	}
	_, err := fs.Stat(f.fsys, path.Join(f.dir, name))
	return !errors.Is(err, fs.ErrNotExist), nil
}
