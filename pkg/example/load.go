package example

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is something wrong in an example's file.
type Problem struct {
	File string
	Line int // 1-based; 0 where no line can be named
	Text string
}

func (p Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Load reads the example in a folder of fsys: its example.yaml and the other
// YAML files as manifests. The error joins every Problem found.
func Load(fsys fs.FS, dir string) (*Example, error) {
	file := path.Join(dir, FileName)
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("example %q: %w", dir, err)
	}
	e, problems := decode(file, data)
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if e.Files, err = manifests(fsys, dir); err != nil {
		return nil, err
	}
	if err := e.validate(newLocator(file, data)); err != nil {
		return nil, err
	}
	return e, nil
}

// LoadAll loads every folder at the top of fsys, by name.
func LoadAll(fsys fs.FS) ([]*Example, error) {
	dirs, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	var all []*Example
	var errs []error
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		e, err := Load(fsys, d.Name())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, e)
	}
	return all, errors.Join(errs...)
}

func decode(file string, data []byte) (*Example, []error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	e := &Example{}
	err := dec.Decode(e)
	var typeErr *yaml.TypeError
	switch {
	case err == nil:
		return e, nil
	case errors.As(err, &typeErr):
		var problems []error
		for _, text := range typeErr.Errors {
			problems = append(problems, problemOf(file, text))
		}
		return nil, problems
	default:
		return nil, []error{problemOf(file, strings.TrimPrefix(err.Error(), "yaml: "))}
	}
}

// problemOf takes the line out of the YAML package's "line 7: …".
func problemOf(file, text string) Problem {
	p := Problem{File: file, Text: text}
	var line int
	if n, _ := fmt.Sscanf(text, "line %d:", &line); n == 1 {
		p.Line = line
		p.Text = strings.TrimSpace(text[strings.IndexByte(text, ':')+1:])
	}
	return p
}

func manifests(fsys fs.FS, dir string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		ext := path.Ext(entry.Name())
		if entry.IsDir() || entry.Name() == FileName || !slices.Contains([]string{".yaml", ".yml", ".json"}, ext) {
			continue
		}
		data, err := fs.ReadFile(fsys, path.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		files[entry.Name()] = data
	}
	return files, nil
}

// locator finds the line of a field, for problems that only show after decoding.
type locator struct {
	file string
	root *yaml.Node
}

func newLocator(file string, data []byte) locator {
	var doc yaml.Node
	// Already decoded once without an error.
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) == 0 {
		return locator{file: file, root: &yaml.Node{}}
	}
	return locator{file: file, root: doc.Content[0]}
}

// at returns a Problem at a path of field names and list indices; the line is
// that of the deepest part of the path that exists.
func (l locator) at(text string, at ...any) Problem {
	n := l.root
	for _, key := range at {
		next := child(n, key)
		if next == nil {
			break
		}
		n = next
	}
	return Problem{File: l.file, Line: n.Line, Text: text}
}

func child(n *yaml.Node, key any) *yaml.Node {
	switch k := key.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && k < len(n.Content) {
			return n.Content[k]
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == k {
				return n.Content[i+1]
			}
		}
	}
	return nil
}
