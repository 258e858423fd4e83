package page

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// maxSize is the most bytes that a page may have; the longest of the Kubernetes website has
// a tenth of it.
const maxSize = 1 << 20

// Read reads a page. name is its file, for what is said about it.
func Read(name string, in io.Reader) (*Page, error) {
	source, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be read: %w", name, err)
	case len(source) > maxSize:
		return nil, fmt.Errorf("%s: expected at most %d MiB, found more: is it a page?", name, maxSize>>20)
	case !utf8.Valid(source) || bytes.IndexByte(source, 0) >= 0:
		return nil, fmt.Errorf("%s: expected a Markdown page in UTF-8, found bytes that are no text", name)
	}
	p := newPage(name, source)
	if m := frontTitle.FindSubmatch(frontMatter.Find(source)); m != nil {
		p.Title = string(m[1])
	}
	plain := withoutMarkup(source)
	r := &reader{Page: p, source: plain, vars: map[string]string{}}
	root := goldmark.DefaultParser().Parse(text.NewReader(plain))
	err = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch {
		case p.isFull():
			return ast.WalkStop, fmt.Errorf("%s: expected at most %d commands, found more", name, example.MostSteps)
		case !entering:
			return ast.WalkContinue, nil
		}
		return r.block(n), nil
	})
	if p.Title == "" {
		p.Title = strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	}
	return p, err
}

// byteOrderMark is what some editors begin a file with.
const byteOrderMark = "\ufeff"

var (
	// frontMatter is what Hugo, Jekyll and others keep above a page, in YAML or in TOML.
	frontMatter = regexp.MustCompile(`\A` + byteOrderMark + `?(?:---\r?\n(?s:.*?)\n---|\+\+\+\r?\n(?s:.*?)\n\+\+\+)[ \t]*(?:\r?\n|\z)`)
	frontTitle  = regexp.MustCompile(`(?m)^title\s*[:=]\s*["']?(.*?)["']?\s*$`)
	// container is the first line of a note or a tab of MkDocs, whose text is indented by four blanks.
	container = regexp.MustCompile(`(?m)^[ \t]*(!!! |\?\?\? |\?\?\?\+ |=== )["a-z][^\n]*\n`)
	isWithin  = regexp.MustCompile(`^(?:[ \t]*\n)*(?: {4}|\t)`)
	// shortcodes are fences of Hugo and Jekyll: each begin has the name of the fence, and ends at the next end.
	shortcodes = [][2]*regexp.Regexp{
		{regexp.MustCompile(`(?m)^[ \t]*\{\{[<%]\s*text\s+(?:syntax=)?"?([\w-]+)[^\n]*[>%]\}\}[ \t]*$`), regexp.MustCompile(`(?m)^[ \t]*\{\{[<%]\s*/text\s*[>%]\}\}[ \t]*$`)},
		{regexp.MustCompile(`(?m)^[ \t]*\{\{[<%]\s*highlight\s+"?([\w-]+)[^\n]*[>%]\}\}[ \t]*$`), regexp.MustCompile(`(?m)^[ \t]*\{\{[<%]\s*/highlight\s*[>%]\}\}[ \t]*$`)},
		{regexp.MustCompile(`(?m)^[ \t]*\{\{[<%]\s*tab\s[^\n]*codelang="?([\w-]+)[^\n]*[>%]\}\}[ \t]*$`), regexp.MustCompile(`(?m)^[ \t]*\{\{[<%]\s*/tab\s*[>%]\}\}[ \t]*$`)},
		{regexp.MustCompile(`(?m)^[ \t]*\{%-?\s*highlight\s+([\w-]+)[^\n]*%\}[ \t]*$`), regexp.MustCompile(`(?m)^[ \t]*\{%-?\s*endhighlight\s*-?%\}[ \t]*$`)},
	}
)

// withoutMarkup is a page without what is not Markdown: front matter is blank, a shortcode
// that holds text is a fence, and a container of MkDocs a list item. Every other character stays where it is.
func withoutMarkup(source []byte) []byte {
	plain := bytes.Clone(source)
	above := max(len(frontMatter.Find(source)), len(source)-len(bytes.TrimPrefix(source, []byte(byteOrderMark))))
	for i := range above {
		if plain[i] != '\n' {
			plain[i] = ' '
		}
	}
	for _, m := range container.FindAllSubmatchIndex(plain, -1) {
		if isWithin.Match(plain[m[1]:]) {
			copy(plain[m[2]:m[3]], "-   :") // a list item, whose text is indented so, too
		}
	}
	for _, shortcode := range shortcodes {
		ends := shortcode[1].FindAllIndex(plain, -1)
		for _, m := range shortcode[0].FindAllSubmatchIndex(plain, -1) {
			for len(ends) > 0 && ends[0][0] < m[1] {
				ends = ends[1:]
			}
			if len(ends) > 0 {
				writeFence(plain[m[0]:m[1]], "```"+string(source[m[2]:m[3]]))
				writeFence(plain[ends[0][0]:ends[0][1]], "```")
			}
		}
	}
	return plain
}

// endsFence reports whether a line is the end of a shortcode.
func endsFence(l string) bool {
	return slices.ContainsFunc(shortcodes, func(s [2]*regexp.Regexp) bool { return s[1].MatchString(l) })
}

// writeFence writes the begin or the end of a fence in place of a line, behind its white space.
func writeFence(line []byte, mark string) {
	indent := len(line) - len(bytes.TrimLeft(line, " \t"))
	if indent+len(mark) > len(line) {
		return
	}
	for i := indent; i < len(line); i++ {
		line[i] = ' '
	}
	copy(line[indent:], mark)
}

// reader is the state of reading a page: what the block before has said about the next one.
type reader struct {
	*Page
	source []byte
	// said is the last paragraph or heading.
	said string
	// note is of the comment before, for the next fence or paragraph; noted is of the block that is read.
	note, noted note
	// open is the last command of the fence before, whose output may stand in the next one.
	open *command
	// session are the words of the command that has opened a shell in a container, or nil; prelude
	// are the commands there that have changed the shell.
	session, prelude []string
	// vars are the variables of the page's shell.
	vars map[string]string
	// section counts the headings of the first and the second level.
	section int
}

// block reads a block, and says whether there is more to read in it.
func (r *reader) block(n ast.Node) ast.WalkStatus {
	r.blocks++
	switch n := n.(type) {
	case *ast.Heading:
		r.said = r.plainText(n)
		if n.Level <= 2 {
			r.section++
			r.open = nil
		}
		if r.Title == "" {
			r.Title = r.said
		}
	case *ast.Paragraph, *ast.TextBlock:
		r.paragraph(n)
	case *ast.FencedCodeBlock:
		info := ""
		if n.Info != nil {
			info = string(n.Info.Value(r.source))
		}
		r.fence(info, r.linesOf(n.Lines()))
	case *ast.CodeBlock:
		r.indented(r.linesOf(n.Lines()))
	case *ast.HTMLBlock:
		r.html(n)
	default:
		r.blocks--
		return ast.WalkContinue
	}
	return ast.WalkSkipChildren
}

// nestedFence is the first line of a fence.
var nestedFence = regexp.MustCompile("^[ \\t]*(```+|~~~+)([^`]*)$")

// indented reads an indented block. Fences within are those of a component of MDX, in which a page may indent
// them.
func (r *reader) indented(lines []line) {
	for i := 0; i < len(lines); i++ {
		m := nestedFence.FindStringSubmatch(lines[i].text)
		if m == nil {
			if i == 0 {
				r.fence("", lines)
				return
			}
			continue
		}
		begin := i + 1
		for i++; i < len(lines) && strings.TrimSpace(lines[i].text) != m[1]; i++ {
		}
		r.fence(m[2], lines[begin:i])
	}
}

// linesOf are the lines of a block, without their line breaks.
func (r *reader) linesOf(segments *text.Segments) []line {
	var out []line
	for i := range segments.Len() {
		s := segments.At(i)
		shown := bytes.TrimRight(r.source[s.Start:s.Stop], "\r\n")
		out = append(out, line{span: span{s.Start, s.Start + len(shown)}, text: string(shown)})
	}
	return out
}

// plainText is the text of a block, without its markup.
func (r *reader) plainText(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // which does not fail
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Value(r.source))
			if t.SoftLineBreak() || t.HardLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return squeezed(b.String())
}
