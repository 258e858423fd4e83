package example

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
)

// Load reads the example in a folder of fsys: its example.yaml and the manifests
// that its steps name. The error is Problems, and holds all that is wrong.
// Where the example could be read at all it is returned beside the error, so
// that a caller who knows more can add what else is wrong.
func Load(fsys fs.FS, dir string) (*Example, error) {
	return loadFolder(folder{fsys: fsys, dir: dir, shown: dir})
}

// LoadDir is Load for the folder that fsys itself is; its name is for the errors.
func LoadDir(name string, fsys fs.FS) (*Example, error) {
	return loadFolder(folder{fsys: fsys, dir: ".", shown: name})
}

func loadFolder(f folder) (*Example, error) {
	text, err := f.read(FileName)
	if err != nil {
		return nil, Join(err)
	}
	return load(f.show(FileName), text, f)
}

// LoadFile reads an example from r, whose name is for the errors. The manifests
// that its steps name are files of fsys; nil means that there are none.
func LoadFile(name string, r io.Reader, fsys fs.FS) (*Example, error) {
	text, err := readText(name, r)
	if err != nil {
		return nil, Join(err)
	}
	return load(name, text, folder{fsys: fsys, dir: ".", shown: filepath.Dir(name)})
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
		if err == nil && e.Metadata.Name != d.Name() {
			err = e.Metadata.At.Field("name").Problem(fmt.Sprintf("name: expected that of the folder, %s, found %s", d.Name(), e.Metadata.Name))
		}
		errs = append(errs, err)
		all = append(all, e)
	}
	if err := Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

func load(name string, text []byte, beside folder) (*Example, error) {
	root, err := parseYAML(name, text)
	if root.node == nil {
		return nil, Join(err)
	}
	e := New()
	problems := decode(root, e)
	problems = append(problems, e.validate()...)
	problems = append(problems, e.readFiles(beside)...)
	return e, Join(err, problems)
}

// folder is where the files of an example are.
type folder struct {
	fsys  fs.FS // nil: nowhere
	dir   string
	shown string // what the user calls it
}

func (f folder) show(name string) string { return filepath.Join(f.shown, name) }

func (f folder) read(name string) ([]byte, error) {
	fail := func(err error) error {
		return Problem{Position{File: f.show(name)}, fmt.Sprintf("cannot be read: %v", cause(err))}
	}
	file, err := f.fsys.Open(path.Join(f.dir, name))
	if err != nil {
		return nil, fail(err)
	}
	defer func() { _ = file.Close() }() // was only read
	if info, err := file.Stat(); err != nil {
		return nil, fail(err)
	} else if err := Regular(info); err != nil {
		return nil, fail(err)
	}
	return readText(f.show(name), file)
}

// Regular returns an error unless a file is a regular one: what a named pipe or a
// device would give is no text, has no end, or never begins.
func Regular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("expected a regular file, found a named pipe; an example without manifests can come from standard input: -f -")
	case mode.IsDir():
		return errors.New("expected a file, found a folder")
	default:
		return fmt.Errorf("expected a regular file, found one with the mode %v", mode)
	}
}

// names lists the files that can be manifests.
func (f folder) names() []string {
	if f.fsys == nil {
		return nil
	}
	entries, err := fs.ReadDir(f.fsys, f.dir)
	if err != nil {
		return nil // only a suggestion is lost
	}
	var out []string
	for _, entry := range entries {
		if entry.Name() != FileName && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(entry.Name())) {
			out = append(out, entry.Name())
		}
	}
	return out
}

// cause is what went wrong, without the name that the file has inside fsys.
func cause(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
