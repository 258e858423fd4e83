package page

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// ClientPod is the Pod that runs the commands after a prompt such as `[cluster] $`, and
// ClientImage the short name of its image.
const (
	ClientPod   = "kbe-client"
	ClientImage = "cluster"
)

// terminalFlags are those of exec that connect a terminal.
var terminalFlags = []string{"-i", "-t", "-it", "-ti", "--stdin", "--tty", "--stdin=true", "--tty=true"}

var containerShells = []string{"bash", "sh", "ash", "/bin/bash", "/bin/sh", "/bin/ash"}

// opensSession reports that a command opens a shell in a container: commands of the prompts
// that follow run there. The command itself then shows that there is such a shell.
func (r *reader) opensSession(c *command) error {
	switch verb := c.words[0]; {
	case verb == "run" && slices.ContainsFunc(c.words, isTerminal) && !slices.Contains(c.words, "--"):
		return unfit{"it opens a terminal in a new pod"}
	case verb == "attach", verb == "edit":
		return unfit{"it needs a terminal"}
	case verb != "exec":
		return nil
	}
	if c.words = withoutTerminal(c.words); len(c.words) == 0 {
		return nil
	}
	last := c.words[len(c.words)-1]
	if !slices.Contains(containerShells, last) {
		return nil
	}
	if !slices.Contains(c.words, "--") {
		c.words = slices.Insert(c.words, len(c.words)-1, "--")
	}
	r.session = &command{call: call{words: slices.Clone(c.words)}}
	r.prelude = nil
	c.words = append(c.words, "-c", "true")
	return nil
}

func isTerminal(w string) bool { return slices.Contains(terminalFlags, w) }

// withoutTerminal are the words of an exec without the flags for a terminal, which a program
// that gets no input does not need.
func withoutTerminal(words []string) []string {
	var out []string
	for i, w := range words {
		if w == "--" {
			return append(out, words[i:]...)
		}
		if !isTerminal(w) {
			out = append(out, w)
		}
	}
	return out
}

// inSession is a command in the container that a shell is open in. What changed the shell
// itself before, such as its folder, is done again.
func (r *reader) inSession(text string) (call, error) {
	if r.session == nil {
		return call{}, unfit{"no command before opens a shell in a container"}
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
	return call{words: append(slices.Clone(r.session.words), "-c", quietly(script))}, nil
}

// inClusterPod is a command in the client Pod.
func (r *reader) inClusterPod(st *syntax.Stmt, text string) call {
	words := []string{"exec", ClientPod, "--"}
	text = quietly(text)
	if expr, ok := st.Cmd.(*syntax.CallExpr); ok && len(st.Redirs) == 0 && len(expr.Assigns) == 0 {
		var program []string
		for _, arg := range expr.Args {
			w, plain := textOf(arg.Parts)
			if !plain {
				program = nil
				break
			}
			program = append(program, w)
		}
		if len(program) > 0 {
			return call{words: append(words, quietWords(program)...)}
		}
	}
	return call{words: append(words, "sh", "-c", text)}
}

// quietly is a script whose curl shows no progress: on a terminal, as the page has it, it
// shows none either.
func quietly(script string) string {
	if rest, ok := strings.CutPrefix(script, "curl "); ok && !strings.Contains(" "+rest, " -s") {
		return "curl -sS " + rest
	}
	return script
}

func quietWords(program []string) []string {
	silent := func(w string) bool { return strings.HasPrefix(w, "-s") || w == "--silent" }
	if program[0] == "curl" && !slices.ContainsFunc(program, silent) {
		return slices.Insert(program, 1, "-sS")
	}
	return program
}
