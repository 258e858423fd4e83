package page

import (
	"errors"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// written is a file that a command of the page writes, as `echo … > FILE` and `cat <<EOF > FILE` do. It
// is kept with the page: a later command may name it, and nothing is written on the machine.
type written struct {
	name string
	// at is where the command stands.
	at   int
	text string
}

// writes keeps the file that a statement writes. It reports false for a statement that writes none.
func (r *reader) writes(st *syntax.Stmt, text string, at span) bool {
	call, ok := st.Cmd.(*syntax.CallExpr)
	program := programOf(st)
	if !ok || program != "cat" && program != "echo" {
		return false
	}
	var others []*syntax.Redirect
	name, appends := "", false
	for _, redirect := range st.Redirs {
		switch {
		case redirect.Op != syntax.RdrOut && redirect.Op != syntax.AppOut:
			others = append(others, redirect)
		case name == "":
			name, appends = redirect.Word.Lit(), redirect.Op == syntax.AppOut
		default:
			return false
		}
	}
	if name == "" || path.IsAbs(name) || program == "cat" && len(call.Args) > 1 || hasSubstitution(st) {
		return false
	}
	content, err := r.content(&syntax.Stmt{Cmd: call, Redirs: others}, at)
	if err != nil {
		return false
	}
	name = path.Clean(name)
	if before := r.file(name, at.start); appends && before != nil {
		content = before.text + content
	}
	r.files = append(r.files, written{name, at.start, content})
	c := r.add(text, at)
	c.notRun, c.harmless = "verify keeps the file for the commands that name it", true
	return true
}

func hasSubstitution(st *syntax.Stmt) (found bool) {
	syntax.Walk(st, func(n syntax.Node) bool {
		_, is := n.(*syntax.CmdSubst)
		found = found || is
		return !found
	})
	return found
}

// content is what cat and echo print.
func (r *reader) content(st *syntax.Stmt, at span) (string, error) {
	text, err := r.hereDocument(st, at)
	args := st.Cmd.(*syntax.CallExpr).Args
	switch {
	case err != nil:
		return "", err
	case args[0].Lit() == "cat" && text == "":
		return "", errors.New("it reads a file of the machine")
	case args[0].Lit() == "cat":
		return text, nil
	}
	words, err := r.words(args[1:], at)
	end := "\n"
	for len(words) > 0 && (words[0] == "-n" || words[0] == "-e") {
		if words[0] == "-n" {
			end = ""
		} else {
			words[len(words)-1] = escapes.Replace(words[len(words)-1])
		}
		words = words[1:]
	}
	return strings.Join(words, " ") + end, err
}

// file is the file of that name as it is at an offset of the page, or nil.
func (p *Page) file(name string, at int) (found *written) {
	for i := range p.files {
		if f := &p.files[i]; f.at <= at && f.name == path.Clean(name) {
			found = f
		}
	}
	return found
}

// withWritten are the words of a command with the content of the files that the page has written, in
// place of --from-file.
func (p *Page) withWritten(c *command) ([]string, error) {
	if len(c.words) < 2 || c.words[0] != "create" {
		return c.words, nil
	}
	rest, values, at := withoutFlag(c.words, "--from-file", "--from-file")
	var literals []string
	for _, value := range values {
		key, name, named := strings.Cut(value, "=")
		if !named {
			key, name = path.Base(value), value
		}
		f := p.file(name, c.start)
		if f == nil {
			return c.words, nil
		}
		if err := p.take(f.text); err != nil {
			return c.words, err
		}
		literals = append(literals, "--from-literal="+key+"="+f.text)
	}
	return slices.Concat(rest[:at], literals, rest[at:]), nil
}
