package page

import (
	"errors"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// clientPod is the Pod that runs the commands after a prompt such as `[cluster] $`, and
// ClientImage the short name of its image, which has a shell and curl.
const (
	clientPod       = "kbe-client"
	ClientImage     = "cluster"
	clientReference = "quay.io/centos/centos:stream9"
)

// terminalFlags are those of exec that connect a terminal.
var terminalFlags = []string{"-i", "-t", "-it", "-ti", "--stdin", "--tty", "--stdin=true", "--tty=true"}

var containerShells = []string{"bash", "sh", "ash", "/bin/bash", "/bin/sh", "/bin/ash"}

// opensSession reports that a command opens a shell in a container: commands of the prompts
// that follow run there. The command itself then shows that there is such a shell.
func (r *reader) opensSession(c *command) error {
	switch verb := c.words[0]; {
	case verb == "run" && len(without(c.words, terminalFlags)) < len(c.words) && !slices.Contains(c.words, "--"):
		return errors.New("it opens a terminal in a new pod")
	case verb == "attach", verb == "edit":
		return errors.New("it needs a terminal")
	case verb != "exec":
		return nil
	}
	c.words = without(c.words, terminalFlags) // a program that gets no input needs no terminal
	last := c.words[len(c.words)-1]
	if !slices.Contains(containerShells, last) {
		return nil
	}
	if !slices.Contains(c.words, "--") {
		c.words = slices.Insert(c.words, len(c.words)-1, "--")
	}
	r.session = slices.Clone(c.words)
	r.prelude = nil
	c.words = append(c.words, "-c", "true")
	return nil
}

// inSession is a command in the container that a shell is open in. What changed the shell
// itself before, such as its folder, is done again.
func (r *reader) inSession(text string) (call, error) {
	if r.session == nil {
		return call{}, errors.New("no command before opens a shell in a container")
	}
	if text == "exit" || text == "logout" {
		r.session = nil
		return call{notRun: "the shell ends by itself", harmless: true}, nil
	}
	script := strings.Join(append(slices.Clone(r.prelude), text), "\n")
	for _, changes := range []string{"cd ", "export ", "set "} {
		if strings.HasPrefix(text, changes) {
			r.prelude = append(r.prelude, text)
		}
	}
	return call{words: append(slices.Clone(r.session), "-c", quietly(script))}, nil
}

// inClusterPod is a command in the client Pod.
func (r *reader) inClusterPod(st *syntax.Stmt, text string, at span) call {
	words := []string{"exec", clientPod, "--"}
	if expr, ok := st.Cmd.(*syntax.CallExpr); ok && len(st.Redirs) == 0 && len(expr.Assigns) == 0 {
		if program, err := r.words(expr.Args, at); err == nil {
			return call{words: append(words, quietWords(program)...)}
		}
	}
	return call{words: append(words, "sh", "-c", quietly(text))}
}

// quietly is a script whose curl shows no progress: on a terminal, as the page has it, it
// shows none either.
func quietly(script string) string {
	return strings.Join(quietWords(strings.Split(script, " ")), " ")
}

func quietWords(program []string) []string {
	silent := func(w string) bool { return strings.HasPrefix(w, "-s") || w == "--silent" }
	if program[0] == "curl" && !slices.ContainsFunc(program, silent) {
		return slices.Insert(program, 1, "-sS")
	}
	return program
}
