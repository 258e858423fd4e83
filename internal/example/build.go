package example

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// New returns an example that a program makes, such as one of a page; Check then checks it as
// Load checks a file.
func New() *Example {
	return &Example{APIVersion: APIVersion, Kind: Kind, Files: map[string][]byte{}, Texts: map[string]string{}, places: map[string]Place{}}
}

// RunNamespace stands in a manifest for the namespace of the run.
const RunNamespace = "$(run.namespace)"

// AddManifest adds a manifest that begins at a line of a file, counted from 1. The error is
// Problems, with the lines of that file.
func (e *Example) AddManifest(file string, line int, name string, text []byte) error {
	above := bytes.Repeat([]byte("\n"), max(0, line-1))
	err := e.addManifest(file, name, append(above, text...))
	if _, added := e.Files[name]; added {
		e.Files[name] = text
	}
	return Join(err)
}

// Check checks an example that was made by a program. The error is Problems, and holds all
// that is wrong.
func (e *Example) Check() error {
	return Join(e.validate(), e.readFiles(folder{shown: "."}))
}

// Line is the place of a line of a file, counted from 1.
func Line(file string, line int) Place {
	return Place{newSource(file, nil), &yaml.Node{Kind: yaml.MappingNode, Line: line, Column: 1}}
}

// Position is where the place is.
func (p Place) Position() Position { return p.Problem("").Position }
