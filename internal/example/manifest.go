package example

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Manifest returns the place of a manifest, one of Files.
func (e *Example) Manifest(name string) Place { return e.places[name] }

// readManifests reads the files that the steps name, and no other file of the
// folder: it may hold much that is not the example's.
func (e *Example) readManifests(beside folder) Problems {
	var problems Problems
	read := map[string]bool{}
	for _, sc := range e.Spec.Scenarios {
		for _, st := range sc.Steps {
			cmd, err := ParseCommand(st.Run)
			if err != nil {
				continue // validate tells
			}
			for _, name := range cmd.Files() {
				if read[name] {
					continue
				}
				read[name] = true
				if text := e.readManifest(beside, name, &problems); text != "" {
					problems = append(problems, st.At.Field("run").ProblemAt(strings.Index(st.Run, name), "run: "+text))
				}
			}
		}
	}
	return problems
}

// readManifest reads a file that a step names. What is wrong with the name is
// returned; what is wrong in the file is added to the problems.
func (e *Example) readManifest(beside folder, name string, problems *Problems) (wrongName string) {
	if beside.fsys == nil {
		return fmt.Sprintf("the manifest %s has no folder to be in: give -f a folder or a file", code(name))
	}
	if path.Base(name) != name || name == "." || name == ".." {
		return fmt.Sprintf("expected the name of a file beside the %s, found %s", FileName, code(name))
	}
	if _, err := fs.Stat(beside.fsys, path.Join(beside.dir, name)); errors.Is(err, fs.ErrNotExist) {
		return Unknown("manifest", name, beside.names())
	}
	text, err := beside.read(name)
	if err != nil {
		*problems = append(*problems, problemsOf(err)...)
		return ""
	}
	root, err := parseYAML(beside.show(name), text)
	*problems = append(*problems, problemsOf(err)...)
	if err != nil {
		return ""
	}
	if root.node.Kind != yaml.MappingNode {
		*problems = append(*problems, root.Problem("expected a Kubernetes manifest, found "+kindOf(root.node)))
		return ""
	}
	e.Files[name], e.places[name] = text, root
	for _, field := range []string{"apiVersion", "kind"} {
		switch value := root.Field(field); {
		case value == root:
			*problems = append(*problems, root.Problem(fmt.Sprintf("expected a Kubernetes manifest with the field %s, found none", code(field))))
		case value.node.ShortTag() != "!!str" || value.node.Value == "":
			*problems = append(*problems, value.Problem(fmt.Sprintf("%s: expected a text, found %s", field, kindOf(value.node))))
		}
	}
	return ""
}
