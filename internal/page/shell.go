package page

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call is what runs for a command.
type call struct {
	// words are those of kubectl, without the name kubectl; see mark.
	words []string
	// filters are the programs that its output is piped into.
	filters []filter
	// manifest is what the command reads from standard input.
	manifest string
	// watches: it is one that watches, whose output has a row for each state of an object.
	watches bool
	// notRun is why it cannot run, or ""; harmless: nothing is lost by that.
	notRun   string
	harmless bool
}

// mark stands around a CEL expression in a word of a command: no page holds such a character.
const mark = "\x00"

// statement adds the commands of a statement in shell.
func (r *reader) statement(text string, st *syntax.Stmt, at span, label string) {
	if all := operands(st, syntax.AndStmt); len(all) > 1 && label == "" {
		for _, one := range all {
			r.statement(printed(one), one, at, label)
		}
		return
	}
	if programOf(st) == interrupt {
		r.interrupted()
		return
	}
	where := r.placeOf(label, st)
	if where == here {
		if r.assignment(st, at) || r.writes(st, text, at) {
			return
		}
	}
	c := r.add(text, at)
	c.where = where
	r.open = c
	begin := len(r.commands)
	var err error
	switch where {
	case inContainer:
		c.call, err = r.inSession(c.text)
	case inCluster:
		c.call = r.inClusterPod(st, c.text, at)
	default:
		c.call, err = r.calls(st, at)
		if err == nil && c.notRun == "" {
			err = r.opensSession(c)
		}
	}
	if err != nil {
		c.notRun = err.Error()
	}
	if len(r.commands) > begin { // what is in $( ) runs before
		r.commands = append(slices.Delete(r.commands, begin-1, begin), c)
	}
}

// interrupt is how pages write that the reader presses Ctrl-C.
const interrupt = "^C"

// interrupted is the end of the last command: one that a run does not make end by itself
// cannot run.
func (r *reader) interrupted() {
	if len(r.commands) == 0 {
		return
	}
	if c := r.commands[len(r.commands)-1]; len(c.words) > 0 && (c.words[0] == "exec" || c.words[0] == "attach") {
		c.notRun = "the page ends it with Ctrl-C: verify runs commands that end by themselves"
	}
}

func printed(st *syntax.Stmt) string {
	var b strings.Builder
	_ = syntax.NewPrinter().Print(&b, st) // a Builder takes everything
	return b.String()
}

// placeOf is where a command runs, by its prompt and by the shell that is open.
func (r *reader) placeOf(label string, st *syntax.Stmt) place {
	program := programOf(st)
	switch {
	case clusterLabel.MatchString(label):
		return inCluster
	case r.session != nil && (label == "#" || inside.MatchString(label)) && program != "kubectl":
		return inContainer
	}
	r.session = nil
	return here
}

func programOf(st *syntax.Stmt) string {
	if call, ok := st.Cmd.(*syntax.CallExpr); ok && len(call.Args) > 0 {
		return call.Args[0].Lit()
	}
	return ""
}

// calls is a command of this machine: kubectl, and the programs that it is piped into.
func (r *reader) calls(st *syntax.Stmt, at span) (call, error) {
	stages := operands(st, syntax.Pipe, syntax.PipeAll)
	first, feeds, err := r.fed(stages, at)
	if err != nil {
		return call{}, err
	}
	main := stages[first]
	expr, ok := main.Cmd.(*syntax.CallExpr)
	if !ok {
		return call{}, errors.New("it is more than one command: verify runs single commands of kubectl")
	}
	words, err := r.words(expr.Args, at)
	if err != nil {
		return call{}, err
	}
	words = r.home.withoutHome(words)
	switch program := words[0]; {
	case program == "sleep":
		return call{notRun: "verify waits until the cluster shows what the page shows", harmless: true}, nil
	case program != "kubectl":
		return call{}, fmt.Errorf("`%s` is another program: verify runs kubectl, and programs in containers", program)
	case r.isOfHome(words[1:]):
		return call{notRun: "the namespace of the run stands for it", harmless: true}, nil
	case len(words) == 1:
		return call{}, errors.New("it is kubectl without a command")
	case isHelp(words[1:]):
		return call{}, errors.New("it prints the help of kubectl, which verify does not compare")
	case len(expr.Assigns) > 0:
		return call{}, errors.New("it sets a variable of the machine for kubectl")
	}
	c := call{words: without(words[1:], endless[words[1]]), manifest: feeds}
	c.watches = c.words[0] == "get" && len(c.words) < len(words)-1
	if c.manifest == "" {
		c.manifest, err = r.hereDocument(main, at)
	}
	for _, stage := range stages[first+1:] {
		f, wrong := r.filter(stage, at)
		if wrong != nil {
			return call{}, wrong
		}
		c.filters = append(c.filters, f)
	}
	return c, err
}

// isHelp reports whether a command of kubectl only prints help.
func isHelp(words []string) bool {
	if i := slices.Index(words, "--"); i >= 0 {
		words = words[:i]
	}
	return words[0] == "help" || slices.Contains(words, "-h") || slices.Contains(words, "--help")
}

// operands are the commands between operators, such as those of a pipe.
func operands(st *syntax.Stmt, operators ...syntax.BinCmdOperator) []*syntax.Stmt {
	if both, ok := st.Cmd.(*syntax.BinaryCmd); ok && slices.Contains(operators, both.Op) {
		return append(operands(both.X, operators...), operands(both.Y, operators...)...)
	}
	return []*syntax.Stmt{st}
}

// fed is the index of the main command of a pipe, and the text that `cat` or `echo` feeds it.
func (r *reader) fed(stages []*syntax.Stmt, at span) (first int, text string, err error) {
	if program := programOf(stages[0]); len(stages) < 2 || program != "cat" && program != "echo" {
		return 0, "", nil
	}
	text, err = r.content(stages[0], at)
	return 1, text, err
}

// hereDocument is the text after << of a command. Another redirection cannot be followed.
func (r *reader) hereDocument(st *syntax.Stmt, at span) (text string, err error) {
	for _, redirect := range st.Redirs {
		switch {
		case redirect.Hdoc != nil && redirect.Word.Lit() == "": // the text after <<'EOF' has no values
			return redirect.Hdoc.Lit(), nil
		case redirect.Hdoc != nil:
			return r.pieces(redirect.Hdoc.Parts, inHereDocument, at)
		case redirect.Op == syntax.DplOut, redirect.Word != nil && redirect.Word.Lit() == "/dev/null":
		default:
			return "", fmt.Errorf("it reads or writes a file of the machine (%s)", redirect.Op)
		}
	}
	return "", nil
}

// The characters that a backslash can stand before.
const (
	inQuotes       = "$`\"\\\n"
	inHereDocument = "$`\\\n"
	anywhere       = ""
)

// words are those of a command, with the values of the page's variables.
func (r *reader) words(args []*syntax.Word, at span) ([]string, error) {
	out := make([]string, 0, len(args))
	for _, arg := range args {
		w, err := r.pieces(arg.Parts, anywhere, at)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// pieces are the parts of a word, with the values of the page's variables.
func (r *reader) pieces(parts []syntax.WordPart, escaped string, at span) (string, error) {
	var w strings.Builder
	for _, part := range parts {
		var more string
		var err error
		switch p := part.(type) {
		case *syntax.Lit:
			more = unescaped(p.Value, escaped)
		case *syntax.SglQuoted:
			if more = p.Value; p.Dollar {
				more = escapes.Replace(more)
			}
		case *syntax.DblQuoted:
			more, err = r.pieces(p.Parts, inQuotes, at)
		case *syntax.ParamExp:
			more, err = r.variable(p)
		case *syntax.CmdSubst:
			more, err = r.substitution(p, at)
		default:
			err = errors.New("it has an expansion of the shell that verify does not know")
		}
		if err != nil {
			return "", err
		}
		w.WriteString(more)
	}
	return w.String(), nil
}

// escapes are those of $'…' that pages use.
var escapes = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\'`, "'", `\"`, `"`)

// unescaped is what a shell makes of the backslashes in a text.
func unescaped(text, escaped string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (escaped == anywhere || strings.IndexByte(escaped, text[i+1]) >= 0) {
			if i++; text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func (r *reader) variable(p *syntax.ParamExp) (string, error) {
	value, known := r.vars[p.Param.Value]
	if !known || p.Exp != nil || p.Repl != nil || p.Slice != nil || p.Length {
		return "", fmt.Errorf("the page does not say what $%s is", p.Param.Value)
	}
	return value, r.take(value)
}

// substitution runs the command of a $( ) as a step of its own, and is its output.
func (r *reader) substitution(p *syntax.CmdSubst, at span) (string, error) {
	if len(p.Stmts) != 1 {
		return "", errors.New("verify runs one command in $( )")
	}
	inner, err := r.calls(p.Stmts[0], at)
	if err != nil {
		return "", err
	}
	if len(inner.filters) > 0 {
		return "", errors.New("verify does not run a pipe in $( )")
	}
	c := r.add(printed(p.Stmts[0]), at)
	c.call = inner
	c.step, c.note.Claims = "line-"+c.id, nil // the name and the claims of a comment are the whole command's
	return mark + fmt.Sprintf("steps[%q].stdout.trim()", c.step) + mark, nil
}

// assignment reads NAME=VALUE and export NAME=VALUE.
func (r *reader) assignment(st *syntax.Stmt, at span) bool {
	var assigns []*syntax.Assign
	switch cmd := st.Cmd.(type) {
	case *syntax.CallExpr:
		if len(cmd.Args) > 0 {
			return false
		}
		assigns = cmd.Assigns
	case *syntax.DeclClause:
		assigns = cmd.Args
	}
	if len(assigns) == 0 {
		return false
	}
	for _, a := range assigns {
		if a.Name == nil || a.Value == nil {
			continue
		}
		value, err := r.pieces(a.Value.Parts, anywhere, at)
		if err != nil {
			c := r.add(printed(st), at)
			c.notRun = err.Error()
			delete(r.vars, a.Name.Value)
			continue
		}
		r.vars[a.Name.Value] = value
	}
	return true
}

// endless are flags by which a command would never end: one of a page is run again until it shows
// what the page shows.
var endless = map[string][]string{"events": {"-w", "--watch", "--watch=true"}, "get": {"-w", "--watch", "--watch=true"}, "logs": {"-f", "--follow", "--follow=true"}}

// without are the words of a command without some flags; what follows -- is another program's.
func without(words, flags []string) []string {
	end := len(words)
	if i := slices.Index(words, "--"); i >= 0 {
		end = i
	}
	kept := slices.DeleteFunc(slices.Clone(words[:end]), func(w string) bool { return slices.Contains(flags, w) })
	return append(kept, words[end:]...)
}

// withoutFlag are the words of a command without a flag that has a value, its values, and where the first one
// stood.
func withoutFlag(words []string, short, long string) (rest, values []string, at int) {
	for i := 0; i < len(words); i++ {
		w := words[i]
		value, isLong := strings.CutPrefix(w, long+"=")
		attached, isShort := strings.CutPrefix(w, short)
		switch {
		case w == "--":
			return append(rest, words[i:]...), values, at
		case (w == short || w == long) && i+1 < len(words):
			i++
			value = words[i]
		case isLong:
		case isShort && attached != "": // -fFILE or -f=FILE
			value = strings.TrimPrefix(attached, "=")
		default:
			rest = append(rest, w)
			continue
		}
		if values = append(values, value); len(values) == 1 {
			at = len(rest)
		}
	}
	return rest, values, at
}
