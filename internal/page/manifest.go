package page

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

var (
	titleInInfo   = regexp.MustCompile(`(?:title|file|filename|name)\s*=\s*["']?([^"'\s}]+\.ya?ml)`)
	nameInComment = regexp.MustCompile(`^\s*#\s*(?i:file(?:name)?:?\s*)?(\S+\.ya?ml)\s*$`)
	isManifest    = regexp.MustCompile(`(?m)^(apiVersion|kind):`)
	// separator is between two YAML documents.
	separator = regexp.MustCompile(`(?m)^---[ \t]*(?:#.*)?$`)
	// hasFields is a document that is more than comments.
	hasFields = regexp.MustCompile(`(?m)^[ \t]*[^#\s]`)
)

// named keeps a fence of YAML that is a manifest. It reports false for one that may be the
// output of a command.
func (r *reader) named(info string, lines []line) bool {
	m := manifest{at: r.line(lines[0].start)}
	for _, l := range lines {
		m.text += l.text + "\n"
	}
	if found := titleInInfo.FindStringSubmatch(info); found != nil {
		m.name = path.Base(found[1])
	} else if found := nameInComment.FindStringSubmatch(lines[0].text); found != nil {
		m.name = path.Base(found[1])
	} else if all := fileInText.FindAllString(r.said, -1); len(all) > 0 {
		m.name = path.Base(all[len(all)-1])
	}
	if m.name == "" && (!isManifest.MatchString(m.text) || r.open != nil && printsFields(r.open)) {
		return false
	}
	r.manifests = append(r.manifests, m)
	r.open = nil
	return true
}

// format is the value of a command's flag -o, or "".
func (c *command) format() string {
	_, formats, _ := withoutFlag(c.words, "-o", "--output")
	return strings.Join(formats, ",")
}

// printsFields reports whether a command prints YAML or JSON.
func printsFields(c *command) bool { return c.format() == "yaml" || c.format() == "json" }

// Sources are where the manifests of a page come from, besides its own fences.
type Sources struct {
	// Files are contents by the URL or the name that the page has.
	Files map[string][]byte
	// Folders have what begins with a URL or a name, which ends with a slash.
	Folders map[string]fs.FS
	// Beside are the files beside the page; nil means none.
	Beside fs.FS
	// Fetch downloads a manifest; nil means that it may not.
	Fetch func(url string) ([]byte, error)
}

// resolve gives a command its manifests: each -f names one file of the example then.
func (p *Page) resolve(e *example.Example, c *command, from Sources) error {
	if c.words[0] == "logs" { // whose -f follows
		return nil
	}
	rest, names, at := withoutFlag(c.words, "-f", "--filename")
	if c.manifest != "" && !slices.Contains(names, "-") {
		return errors.New("it reads standard input, which verify gives to -f - only")
	}
	for _, name := range names {
		for part := range strings.SplitSeq(name, ",") {
			files, err := p.manifestFiles(e, c, part, from)
			if err != nil {
				return err
			}
			for _, f := range files {
				rest = slices.Insert(rest, at, "-f", f)
				at += 2
			}
		}
	}
	c.words = rest
	var err error
	if c.words, err = p.withWritten(c); err != nil {
		return err
	}
	return p.resolvePatch(c, from)
}

// resolvePatch gives a command the patch that is in a file.
func (p *Page) resolvePatch(c *command, from Sources) error {
	rest, names, at := withoutFlag(c.words, "--patch-file", "--patch-file")
	if c.words[0] != "patch" || len(names) != 1 {
		return nil
	}
	m, err := p.find(c, names[0], from)
	if err = cmp.Or(err, p.take(m.text)); err != nil {
		return err
	}
	c.words = slices.Insert(rest, at, "--patch", m.text)
	return nil
}

// manifestFiles adds a manifest to the example, a file for each of its documents, and
// returns their names.
func (p *Page) manifestFiles(e *example.Example, c *command, name string, from Sources) ([]string, error) {
	m, err := p.find(c, name, from)
	if err = cmp.Or(err, p.take(m.text)); err != nil {
		return nil, err
	}
	if strings.Contains(m.text, mark) {
		return nil, fmt.Errorf("the manifest %s has the output of a command in it", m.name)
	}
	file := p.Name
	if m.at == 0 {
		file, m.at = m.name, 1
	}
	var names []string
	begin := 0
	ends := append(separator.FindAllStringIndex(m.text, -1), []int{len(m.text), len(m.text)})
	for _, end := range ends {
		document := m.text[begin:end[0]]
		at := m.at + strings.Count(m.text[:begin], "\n")
		begin = end[1]
		if !hasFields.MatchString(document) {
			continue
		}
		if other := namespaceOf(document); other != "" && !p.home.has(other) {
			return nil, fmt.Errorf("the manifest %s is for the namespace %s, and all commands run in one namespace", m.name, other)
		}
		in := m.name
		if len(names) > 0 {
			in = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(m.name, path.Ext(m.name)), len(names)+1, path.Ext(m.name))
		}
		if err := e.AddManifest(file, at, in, []byte(p.home.inRunNamespace(strings.TrimLeft(document, "\n")))); err != nil {
			return nil, err
		}
		names = append(names, in)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the manifest %s is empty", m.name)
	}
	return names, nil
}

// namespaceOf is the namespace that a manifest names for its object, or "".
func namespaceOf(document string) string {
	var object struct {
		Metadata struct{ Namespace string }
	}
	_ = yaml.Unmarshal([]byte(document), &object) // what is no object is refused where it is read
	return object.Metadata.Namespace
}

// find looks for a manifest in the order: --file, the fences of the page, the files that its shortcodes
// include, those beside it, a download. A fence without a name is the file that the next command names.
func (p *Page) find(c *command, name string, from Sources) (manifest, error) {
	if name == "-" {
		if c.manifest == "" {
			return manifest{}, errors.New("it reads standard input, and the page does not show what")
		}
		return manifest{name: "stdin-" + c.id + ".yaml", at: p.line(c.start), text: c.manifest}, nil
	}
	base := baseOf(name)
	if text, given := from.Files[name]; given {
		return manifest{name: base, text: string(text)}, nil
	}
	if begin, folder := from.folderOf(name); folder != nil {
		in := strings.TrimPrefix(name, begin)
		text, ok := readIn(folder, in)
		if !ok {
			return manifest{}, fmt.Errorf("there is no manifest %s: expected a regular file %s of at most %d MiB in the folder that --file has for %s", base, in, example.MaxFileSize>>20, begin)
		}
		return manifest{name: base, text: text}, nil
	}
	if f := p.file(name, c.start); f != nil {
		return manifest{name: base, at: p.line(f.at), text: f.text}, nil
	}
	var unnamed *manifest
	for i := range p.manifests {
		m := &p.manifests[i]
		if m.name == base {
			return *m, nil
		}
		if m.name == "" && m.at < p.line(c.start) {
			unnamed = m
		}
	}
	if text, ok := p.included(from, base); ok {
		return manifest{name: base, text: text}, nil
	}
	for _, candidate := range []string{name, base} {
		if text, ok := readIn(from.Beside, candidate); ok {
			return manifest{name: base, text: text}, nil
		}
	}
	if unnamed != nil {
		unnamed.name = base
		return *unnamed, nil
	}
	isURL := strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://")
	if isURL && from.Fetch != nil {
		text, err := from.Fetch(name)
		return manifest{name: base, text: string(text)}, err
	}
	hint := ""
	if isURL {
		hint = ", or --allow-download"
	}
	return manifest{}, fmt.Errorf("there is no manifest %s: expected a yaml fence of that name on the page, the file beside it, --file %s=PATH%s", base, name, hint)
}

// baseOf is the last part of a path or a URL.
func baseOf(name string) string {
	if u, err := url.Parse(name); err == nil && u.Host != "" {
		return path.Base(u.Path)
	}
	return path.Base(name)
}

// folderOf is the folder that has a file by the longest beginning of its name, or nil.
func (s Sources) folderOf(name string) (begin string, folder fs.FS) {
	for candidate, in := range s.Folders {
		if strings.HasPrefix(name, candidate) && len(candidate) > len(begin) {
			begin, folder = candidate, in
		}
	}
	return begin, folder
}

// included is the last file of that name that a shortcode of the page includes: it stands for a fence.
func (p *Page) included(from Sources, base string) (string, bool) {
	for _, name := range slices.Backward(p.includes) {
		if path.Base(name) != base {
			continue
		}
		for _, begin := range slices.Sorted(maps.Keys(from.Folders)) {
			if text, ok := readIn(from.Folders[begin], name); ok {
				return text, true
			}
		}
	}
	return "", false
}

// readIn reads a regular file of a folder, which may be nil.
func readIn(folder fs.FS, name string) (string, bool) {
	name = path.Clean(name)
	if folder == nil || !fs.ValidPath(name) {
		return "", false
	}
	info, err := fs.Stat(folder, name)
	if err != nil || example.Regular(info) != nil || info.Size() > example.MaxFileSize {
		return "", false
	}
	text, err := fs.ReadFile(folder, name)
	return string(text), err == nil
}
