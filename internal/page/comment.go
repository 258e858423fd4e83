package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"go.yaml.in/yaml/v3"
)

// note is what an HTML comment says about the fence or the paragraph that follows it:
//
//	<!-- kbe: {within: 2m} -->
type note struct {
	// Name is that of the step, which claims of later steps read.
	Name string `yaml:"name"`
	// Within is how long the command may take until it prints what the page shows.
	Within string `yaml:"within"`
	// Claims are CEL expressions that must hold after the command, by what they claim.
	Claims map[string]string `yaml:"claims"`
	// Known is the reason why the page differs from the cluster on purpose.
	Known string `yaml:"known"`
	// Skip is the reason why commands are not run.
	Skip string `yaml:"skip"`
	// at is where it stands; wrong is what is wrong with it.
	at    int
	wrong string
	// id is that of the statement that the page differs, as Known says.
	id string
}

var kbeComment = regexp.MustCompile(`(?s)<!--\s*kbe:\s*(.*?)\s*-->`)

// html reads a block of HTML. Of one that is no comment, Markdown renders the text as it is:
// a command in it is listed.
func (r *reader) html(n *ast.HTMLBlock) {
	if n.HTMLBlockType == ast.HTMLBlockType2 {
		r.comment(n)
		return
	}
	r.takeNote()
	r.unread(r.linesOf(n.Lines()), "it stands in HTML, which verify does not read: expected a fence, with an empty line before it")
}

// comment reads a comment that is for this program.
func (r *reader) comment(n *ast.HTMLBlock) {
	begin, end := n.Lines().At(0).Start, n.Lines().At(n.Lines().Len()-1).Stop
	if n.HasClosure() {
		end = n.ClosureLine.Stop
	}
	m := kbeComment.FindSubmatch(r.source[begin:end])
	if m == nil {
		return
	}
	r.note = note{at: begin, id: r.id(begin)}
	dec := yaml.NewDecoder(bytes.NewReader(m[1]))
	dec.KnownFields(true)
	if err := dec.Decode(&r.note); err != nil && !errors.Is(err, io.EOF) {
		r.note.wrong = fmt.Sprintf("expected a comment such as <!-- kbe: {within: 2m} --> with the fields name, within, claims, known or skip: %s",
			strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
	}
}

// isLast reports whether a command is the last one that its note is about.
func (p *Page) isLast(c *command) bool {
	i := slices.Index(p.commands, c)
	return i+1 == len(p.commands) || p.commands[i+1].note.id != c.note.id
}

// takeNote has the comment before a block be about that block.
func (r *reader) takeNote() { r.noted, r.note = r.note, note{} }
