package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/parser"
)

// A translator turns CEL into bash, as far as bash can say the same. Its rule is
// that a claim which CEL would not find true must not pass in bash either: what
// cannot be read is false, also below a negation, so negations are pushed down
// to the comparisons.
//
// A word is bash source for one text; a condition is bash source whose exit
// code is 0 where it holds. What must be read first is assigned to variables.
type translator struct {
	reads []string // assignments that the present condition or command needs
	count *int     // numbers the variables
	// bound are the variables of macros such as all(), and the list element
	// that each stands for.
	bound map[string]object
}

// object is a place in an object that the script can read: a reader, such as
// `pod 'sise'`, and a JSONPath within double quotes.
type object struct{ reader, path string }

func newTranslator() *translator { return &translator{count: new(int), bound: map[string]object{}} }

func parseCEL(source string) (ast.Expr, error) {
	// Without macros: all() and has() stay the calls that they are written as.
	p, err := parser.NewParser()
	if err != nil {
		return nil, err
	}
	parsed, errs := p.Parse(common.NewTextSource(source))
	if len(errs.GetErrors()) > 0 {
		return nil, errNotTranslated
	}
	return parsed.Expr(), nil
}

// condition translates a claim's expression.
func (t *translator) condition(source string) (string, error) {
	x, err := parseCEL(source)
	if err != nil {
		return "", err
	}
	return t.cond(x, false)
}

// text translates an expression of a command to a word, and returns the
// assignments that it needs.
func (t *translator) text(source string) (word string, reads []string, err error) {
	x, err := parseCEL(source)
	if err != nil {
		return "", nil, err
	}
	outer := t.reads
	t.reads = nil
	word, err = t.word(x)
	reads, t.reads = t.reads, outer
	return word, reads, err
}

// cond translates a condition, or with not its contrary.
func (t *translator) cond(x ast.Expr, not bool) (string, error) {
	if x.Kind() == ast.CallKind {
		call := x.AsCall()
		switch name := call.FunctionName(); name {
		case operators.LogicalNot:
			return t.cond(call.Args()[0], !not)
		case operators.LogicalAnd, operators.LogicalOr:
			left, err := t.cond(call.Args()[0], not)
			if err != nil {
				return "", err
			}
			right, err := t.cond(call.Args()[1], not)
			if err != nil {
				return "", err
			}
			if (name == operators.LogicalAnd) != not {
				return left + " && " + right, nil
			}
			return fmt.Sprintf("{ { %s; } || { %s; }; }", left, right), nil
		case "all", "exists":
			if call.IsMemberFunction() {
				return t.quantified(call, name == "all", not)
			}
		}
	}
	outer := t.reads
	t.reads = nil
	test, err := t.test(x, not)
	reads := t.reads
	t.reads = outer
	return strings.Join(append(reads, test), " && "), err
}

// test translates a condition that holds no other conditions.
func (t *translator) test(x ast.Expr, not bool) (string, error) {
	bang := ""
	if not {
		bang = "! "
	}
	if x.Kind() != ast.CallKind {
		word, err := t.word(x)
		return fmt.Sprintf("[ %s = %t ]", word, !not), err
	}
	call := x.AsCall()
	if op, ok := comparisons[call.FunctionName()]; ok {
		return t.comparison(op, call.Args(), bang)
	}
	switch name := call.FunctionName(); {
	case name == "has" && !call.IsMemberFunction() && len(call.Args()) == 1:
		o, err := t.object(call.Args()[0])
		if err != nil {
			return "", err
		}
		if not {
			return fmt.Sprintf("absent %s %s", o.reader, o.quoted()), nil
		}
		return fmt.Sprintf("present %s %s", o.reader, o.quoted()), nil
	case name == operators.In && call.Args()[1].Kind() == ast.ListKind:
		return t.in(call, not)
	case !call.IsMemberFunction():
		return "", errNotTranslated
	case name == "isLoopback" && isCall(call.Target(), "ip", 1):
		word, err := t.word(call.Target().AsCall().Args()[0])
		if not {
			return "not_loopback " + word, err
		}
		return "is_loopback " + word, err
	case name == "matches" && len(call.Args()) == 1:
		return t.matches(call, bang)
	case textTests[name] != "" && len(call.Args()) == 1:
		text, err := t.word(call.Target())
		if err != nil {
			return "", err
		}
		part, err := t.word(call.Args()[0])
		return bang + fmt.Sprintf("[[ %s == "+textTests[name]+" ]]", text, part), err
	}
	return "", errNotTranslated
}

var textTests = map[string]string{"contains": "*%s*", "startsWith": "%s*", "endsWith": "*%s"}

// comparisons are the operators: of texts, which compares all values as they
// are written, and of numbers.
var comparisons = map[string]string{
	operators.Equals: "=", operators.NotEquals: "!=",
	operators.Less: "-lt", operators.LessEquals: "-le", operators.Greater: "-gt", operators.GreaterEquals: "-ge",
}

func (t *translator) comparison(op string, args []ast.Expr, bang string) (string, error) {
	if strings.HasPrefix(op, "-") && !slices.ContainsFunc(args, isInt) {
		return "", errNotTranslated // dates, durations, texts
	}
	_, known := variable(args[0])
	if !known && slices.ContainsFunc(args, isEmptyText) && (op == "=") != (bang != "") {
		return "", errNotTranslated // an empty value and a missing one look the same
	}
	left, err := t.word(args[0])
	if err != nil {
		return "", err
	}
	right, err := t.word(args[1])
	return fmt.Sprintf("%s[ %s %s %s ]", bang, left, op, right), err
}

func (t *translator) in(call ast.CallExpr, not bool) (string, error) {
	word, err := t.word(call.Args()[0])
	if err != nil {
		return "", err
	}
	var tests []string
	for _, x := range call.Args()[1].AsList().Elements() {
		one, err := t.word(x)
		if err != nil {
			return "", err
		}
		tests = append(tests, fmt.Sprintf("[ %s = %s ]", word, one))
	}
	if len(tests) == 0 {
		return "", errNotTranslated
	}
	any := "{ " + strings.Join(tests, " || ") + "; }"
	if not {
		return "! " + any, nil
	}
	return any, nil
}

// matches translates a regular expression that may be put together of texts and
// values, by way of characters that stand for the values.
func (t *translator) matches(call ast.CallExpr, bang string) (string, error) {
	text, err := t.word(call.Target())
	if err != nil {
		return "", err
	}
	const standIn = '\uE000' // of the private use area
	var pattern strings.Builder
	var values []string
	for _, part := range summands(call.Args()[0]) {
		if s, ok := literal(part).(string); ok {
			pattern.WriteString(s)
			continue
		}
		word, err := t.word(part)
		if err != nil {
			return "", err
		}
		pattern.WriteRune(standIn + rune(len(values)))
		values = append(values, word)
	}
	re, err := toERE(pattern.String())
	if err != nil || re.stricter && bang != "" {
		return "", errNotTranslated
	}
	word := bashQuote(re.pattern)
	for i, value := range values {
		word = strings.ReplaceAll(word, string(standIn+rune(i)), "'"+value+"'")
	}
	word = strings.TrimSuffix(strings.ReplaceAll(word, `"''"`, `""`), "''")
	function := "matches"
	if re.whole {
		function = "matches_whole"
	}
	return fmt.Sprintf("%s%s %s %s", bang, function, text, word), nil
}

// quantified translates all() and exists() to a loop over the list's elements.
func (t *translator) quantified(call ast.CallExpr, all, not bool) (string, error) {
	list, body, err := t.loop(call, func(x ast.Expr) (string, error) {
		// Not all are what exists one that is not.
		one, err := t.cond(x, not)
		if all != not {
			return "{ " + one + "; } || exit 1; done", err
		}
		return "{ " + one + "; } && exit 0; done; exit 1", err
	})
	return fmt.Sprintf("%s && (%s)", list, body), err
}

// loop translates the list of a macro to an assignment that counts it, and the
// predicate, by way of each, to a loop over it.
func (t *translator) loop(call ast.CallExpr, each func(ast.Expr) (string, error)) (count, body string, err error) {
	if len(call.Args()) != 2 || call.Args()[0].Kind() != ast.IdentKind {
		return "", "", errNotTranslated
	}
	list, err := t.object(call.Target())
	if err != nil {
		return "", "", err
	}
	*t.count++
	n, i := fmt.Sprintf("n%d", *t.count), fmt.Sprintf("i%d", *t.count)
	name := call.Args()[0].AsIdent()
	hidden, was := t.bound[name]
	t.bound[name] = object{list.reader, list.path + "[$" + i + "]"}
	body, err = each(call.Args()[1])
	delete(t.bound, name)
	if was {
		t.bound[name] = hidden
	}
	return fmt.Sprintf("%s=$(size %s %s)", n, list.reader, list.quoted()),
		fmt.Sprintf("for ((%[1]s = 0; %[1]s < %[2]s; %[1]s++)); do %[3]s", i, n, body), err
}

// word translates an expression to a bash word.
func (t *translator) word(x ast.Expr) (string, error) {
	switch x.Kind() {
	case ast.LiteralKind:
		switch v := literal(x).(type) {
		case string:
			return bashQuote(v), nil
		case int64, bool:
			return fmt.Sprint(v), nil
		}
		return "", errNotTranslated
	case ast.MapKind:
		return mapWord(x.AsMap())
	case ast.IdentKind, ast.SelectKind:
		if name, ok := variable(x); ok {
			return `"$` + name + `"`, nil
		}
		return t.value(x)
	case ast.CallKind:
		return t.callWord(x)
	default:
		return "", errNotTranslated
	}
}

// readers are the functions of two arguments that a command of the script stands for.
var readers = map[string]string{"hostport": "hostport %s %s", "logs": "kubectl logs %s -c %s"}

func (t *translator) callWord(x ast.Expr) (string, error) {
	call := x.AsCall()
	name, args := call.FunctionName(), call.Args()
	switch {
	case name == operators.Add:
		return t.sum(x)
	case name == operators.Index:
		if v, ok := variable(x); ok {
			return `"$` + v + `"`, nil
		}
		if text, n, ok := lineOf(call); ok {
			word, err := t.word(text)
			return t.read(fmt.Sprintf("line %d %s", n, word)), err
		}
		return t.value(x)
	case name == "lowerAscii" && call.IsMemberFunction():
		word, err := t.word(call.Target())
		return t.read("lower " + word), err
	case name == "family" && call.IsMemberFunction() && isCall(call.Target(), "ip", 1):
		word, err := t.word(call.Target().AsCall().Args()[0])
		return t.read("ip_family " + word), err
	case name == "file" && len(args) == 1:
		file, _ := literal(args[0]).(string)
		return `"$(cat "$dir"/` + bashQuote(file) + `)"`, nil
	case len(args) == 2 && readers[name] != "":
		return t.readTwo(readers[name], args)
	case name == "size" && call.IsMemberFunction() && len(args) == 0:
		return t.size(call.Target())
	case name == "size" && len(args) == 1:
		return t.size(args[0])
	}
	return "", errNotTranslated
}

// lineOf takes text.split("\n")[n] apart.
func lineOf(index ast.CallExpr) (text ast.Expr, n int64, ok bool) {
	of := index.Args()[0]
	if of.Kind() != ast.CallKind || of.AsCall().FunctionName() != "split" || !of.AsCall().IsMemberFunction() {
		return nil, 0, false
	}
	split := of.AsCall()
	if len(split.Args()) != 1 || literal(split.Args()[0]) != "\n" {
		return nil, 0, false
	}
	n, ok = literal(index.Args()[1]).(int64)
	return split.Target(), n, ok
}

// sum joins texts.
func (t *translator) sum(x ast.Expr) (string, error) {
	var word strings.Builder
	for _, part := range summands(x) {
		if isInt(part) {
			return "", errNotTranslated
		}
		w, err := t.word(part)
		if err != nil {
			return "", err
		}
		word.WriteString(w)
	}
	return word.String(), nil
}

// readTwo reads the output of a command that takes two words.
func (t *translator) readTwo(format string, args []ast.Expr) (string, error) {
	one, err := t.word(args[0])
	if err != nil {
		return "", err
	}
	two, err := t.word(args[1])
	return t.read(fmt.Sprintf(format, one, two)), err
}

// size counts the elements of a list, or of what filter() leaves of it.
func (t *translator) size(x ast.Expr) (string, error) {
	if x.Kind() == ast.CallKind && x.AsCall().FunctionName() == "filter" && x.AsCall().IsMemberFunction() {
		count, body, err := t.loop(x.AsCall(), t.counted)
		if err != nil {
			return "", err
		}
		t.reads = append(t.reads, count)
		return t.read("k=0; " + body + "; echo $k"), nil
	}
	o, err := t.object(x)
	if err != nil {
		return "", err
	}
	return t.read(fmt.Sprintf("size %s %s", o.reader, o.quoted())), nil
}

// counted adds 1 to k where a condition holds. Where neither it nor its contrary
// does, it could not be read, and no count is right.
func (t *translator) counted(x ast.Expr) (string, error) {
	yes, err := t.cond(x, false)
	if err != nil {
		return "", err
	}
	no, err := t.cond(x, true)
	return fmt.Sprintf("if %s; then k=$((k + 1)); elif %s; then :; else exit 1; fi; done", yes, no), err
}

// value reads a field of an object.
func (t *translator) value(x ast.Expr) (string, error) {
	o, err := t.object(x)
	if err != nil {
		return "", err
	}
	return t.read(fmt.Sprintf("value %s %s", o.reader, o.quoted())), nil
}

// read assigns what a bash command prints, and returns the variable. An
// assignment passes the command's exit code on.
func (t *translator) read(command string) string {
	for _, known := range t.reads {
		if name, c, _ := strings.Cut(known, "="); c == "$("+command+")" {
			return `"$` + name + `"`
		}
	}
	*t.count++
	name := fmt.Sprintf("v%d", *t.count)
	t.reads = append(t.reads, fmt.Sprintf("%s=$(%s)", name, command))
	return `"$` + name + `"`
}

// object translates a chain of fields and indices from its root on.
func (t *translator) object(x ast.Expr) (object, error) {
	switch x.Kind() {
	case ast.IdentKind:
		if o, ok := t.bound[x.AsIdent()]; ok {
			return o, nil
		}
	case ast.SelectKind:
		o, err := t.object(x.AsSelect().Operand())
		o.path += jsonPathField(x.AsSelect().FieldName())
		return o, err
	case ast.CallKind:
		call := x.AsCall()
		if call.FunctionName() == operators.Index {
			return t.element(call)
		}
		if path, ok := roots[call.FunctionName()]; ok && len(call.Args()) == 1 && !call.IsMemberFunction() {
			arg, err := t.word(call.Args()[0])
			return object{"read_" + call.FunctionName() + " " + arg, path}, err
		}
	default:
	}
	return object{}, errNotTranslated
}

// roots are the functions that return objects, and where in what kubectl prints
// of them the object, or the list, is.
var roots = map[string]string{"pod": "", "json": ".value", "pods": ".items", "events": ".items"}

func (t *translator) element(call ast.CallExpr) (object, error) {
	o, err := t.object(call.Args()[0])
	switch v := literal(call.Args()[1]).(type) {
	case int64:
		o.path += fmt.Sprintf("[%d]", v)
	case string:
		o.path += jsonPathField(v)
	default:
		return o, errNotTranslated
	}
	return o, err
}

var notInJSONPath = regexp.MustCompile(`[^A-Za-z0-9_/-]`)

func jsonPathField(name string) string {
	return "." + notInJSONPath.ReplaceAllStringFunc(name, func(c string) string { return `\` + c })
}

// quoted is the path as a bash word, in which only indices are variables.
func (o object) quoted() string {
	path := o.path
	if path == "" {
		return "''"
	}
	if !strings.ContainsAny(path, "\\\"`[] ") {
		return path
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`").Replace(path) + `"`
}

// variable returns the script's name for a variable of CEL.
func variable(x ast.Expr) (string, bool) {
	switch path := names(x); {
	case len(path) == 1:
		name, ok := map[string]string{"stdout": "stdout", "stderr": "stderr", "exitCode": "exit_code"}[path[0]]
		return name, ok
	case len(path) == 2 && path[0] == "run":
		name, ok := map[string]string{"id": "run_id", "namespace": "namespace"}[path[1]]
		return name, ok
	case len(path) == 2 && path[0] == "images":
		return imageVariable(path[1]), true
	case len(path) == 3 && path[0] == "steps" && slices.Contains([]string{"stdout", "stderr", "exitCode"}, path[2]):
		return stepVariable(path[1]) + "_" + strings.ToLower(path[2]), true
	}
	return "", false
}

var notInVariable = regexp.MustCompile(`[^A-Za-z0-9_]`)

func imageVariable(name string) string { return "image_" + notInVariable.ReplaceAllString(name, "_") }
func stepVariable(name string) string  { return "step_" + notInVariable.ReplaceAllString(name, "_") }

// names returns a chain of names and literal indices, such as steps["a"].stdout.
func names(x ast.Expr) []string {
	switch x.Kind() {
	case ast.IdentKind:
		return []string{x.AsIdent()}
	case ast.SelectKind:
		if of := names(x.AsSelect().Operand()); of != nil {
			return append(of, x.AsSelect().FieldName())
		}
	case ast.CallKind:
		if call := x.AsCall(); call.FunctionName() == operators.Index {
			of := names(call.Args()[0])
			if s, ok := literal(call.Args()[1]).(string); ok && of != nil {
				return append(of, s)
			}
		}
	default:
	}
	return nil
}

// mapWord writes a map of texts as kubectl's jsonpath prints maps: as JSON with
// sorted keys.
func mapWord(m ast.MapExpr) (string, error) {
	out := map[string]string{}
	for _, e := range m.Entries() {
		key, isText := literal(e.AsMapEntry().Key()).(string)
		value, ok := literal(e.AsMapEntry().Value()).(string)
		if !isText || !ok {
			return "", errNotTranslated
		}
		out[key] = value
	}
	data, err := json.Marshal(out)
	return bashQuote(string(data)), err
}

// summands are the parts of a sum, from the left.
func summands(x ast.Expr) []ast.Expr {
	if x.Kind() == ast.CallKind && x.AsCall().FunctionName() == operators.Add {
		return append(summands(x.AsCall().Args()[0]), summands(x.AsCall().Args()[1])...)
	}
	return []ast.Expr{x}
}

func literal(x ast.Expr) any {
	if x.Kind() != ast.LiteralKind || x.AsLiteral().Type() == types.BytesType {
		return nil
	}
	return x.AsLiteral().Value()
}

func isEmptyText(x ast.Expr) bool { return literal(x) == "" }

// isInt: a whole number, as a literal or by what it is.
func isInt(x ast.Expr) bool {
	if _, ok := literal(x).(int64); ok {
		return true
	}
	if x.Kind() == ast.CallKind {
		name := x.AsCall().FunctionName()
		return name == "size" || name == "family"
	}
	return x.Kind() == ast.IdentKind && x.AsIdent() == "exitCode"
}

func isCall(x ast.Expr, name string, args int) bool {
	return x.Kind() == ast.CallKind && !x.AsCall().IsMemberFunction() &&
		x.AsCall().FunctionName() == name && len(x.AsCall().Args()) == args
}
