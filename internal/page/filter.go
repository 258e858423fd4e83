package page

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"
	"github.com/spf13/pflag"
	"mvdan.cc/sh/v3/syntax"
)

// filter is a program that the output of a command is piped into.
type filter struct {
	// words are those of the program.
	words []string
	apply program
}

// program is what a program makes of its input.
type program func(input string) (string, error)

// filters are the programs that verify runs by itself, by their arguments. What is not here cannot run.
var filters = map[string]func(args []string) (program, error){
	"base64": base64Of,
	"cat":    withoutFlags(func(lines []string) []string { return lines }),
	"grep":   grep, "head": head, "tail": tail, "jq": jq, "wc": count,
	"sort": withoutFlags(func(lines []string) []string { return slices.Sorted(slices.Values(lines)) }),
	"uniq": withoutFlags(slices.Compact[[]string]),
}

// filter is a stage of a pipe.
func (r *reader) filter(st *syntax.Stmt, at span) (filter, error) {
	expr, ok := st.Cmd.(*syntax.CallExpr)
	if !ok || len(expr.Args) == 0 || len(st.Redirs) > 0 {
		return filter{}, errors.New("its output goes to more than a program")
	}
	words, err := r.words(expr.Args, at)
	if err != nil {
		return filter{}, err
	}
	withArgs, known := filters[words[0]]
	if !known {
		return filter{}, fmt.Errorf("its output is piped into `%s`: verify knows base64, grep, head, jq, sort, tail, uniq and wc", words[0])
	}
	apply, err := withArgs(words[1:])
	if err != nil {
		return filter{}, fmt.Errorf("verify cannot run `%s`: %w", strings.Join(words, " "), err)
	}
	return filter{words, apply}, nil
}

func byLines(f func([]string) []string) program {
	return func(text string) (string, error) {
		if text = strings.TrimSuffix(text, "\n"); text == "" {
			return joined(f(nil)), nil
		}
		return joined(f(strings.Split(text, "\n"))), nil
	}
}

func joined(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// grep knows -i, -v, -w, -E, -F, -o, -A, -B and -C.
func grep(args []string) (program, error) {
	g := grepFlags{flags: pflag.NewFlagSet("grep", pflag.ContinueOnError)}
	for short, name := range map[string]string{"i": "ignore-case", "v": "invert-match", "w": "word-regexp", "E": "extended-regexp", "F": "fixed-strings", "o": "only-matching"} {
		g.flags.BoolP(name, short, false, "")
	}
	before, after := g.flags.IntP("before-context", "B", 0, ""), g.flags.IntP("after-context", "A", 0, "")
	context, pattern := g.flags.IntP("context", "C", 0, ""), g.flags.StringP("regexp", "e", "", "")
	if err := g.flags.Parse(args); err != nil {
		return nil, err
	}
	if rest := g.flags.Args(); *pattern == "" && len(rest) == 1 {
		*pattern = rest[0]
	} else if len(rest) > 0 || *pattern == "" {
		return nil, errors.New("expected one pattern and no file")
	}
	re, err := g.pattern(*pattern)
	if err != nil {
		return nil, err
	}
	g.before, g.after = max(0, *before, *context), max(0, *after, *context)
	return byLines(func(lines []string) []string { return g.matching(re, lines) }), nil
}

// grepFlags are those of a grep, and how many lines it keeps around one that matches.
type grepFlags struct {
	flags         *pflag.FlagSet
	before, after int
}

func (g grepFlags) has(name string) bool { return g.flags.Lookup(name).Value.String() == "true" }

// matching are the lines, or the parts of them, that grep prints.
func (g grepFlags) matching(re *regexp.Regexp, lines []string) (out []string) {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if re.MatchString(l) == g.has("invert-match") {
			continue
		}
		for j := max(0, i-g.before); j <= min(len(lines)-1, i+g.after); j++ {
			keep[j] = true
		}
	}
	for i, l := range lines {
		switch {
		case !keep[i]:
		case g.has("only-matching"):
			out = append(out, re.FindAllString(l, -1)...)
		default:
			out = append(out, l)
		}
	}
	return out
}

// basic are the characters that are literal in a basic regular expression of POSIX, and
// special in one of Go.
var basic = strings.NewReplacer(`\|`, "|", `\(`, "(", `\)`, ")", `\+`, "+", `\?`, "?", `\{`, "{", `\}`, "}",
	"|", `\|`, "(", `\(`, ")", `\)`, "+", `\+`, "?", `\?`, "{", `\{`, "}", `\}`)

func (g grepFlags) pattern(text string) (*regexp.Regexp, error) {
	switch {
	case g.has("fixed-strings"):
		text = regexp.QuoteMeta(text)
	case !g.has("extended-regexp"):
		text = basic.Replace(text)
	}
	if g.has("word-regexp") {
		text = `\b(?:` + text + `)\b`
	}
	if g.has("ignore-case") {
		text = "(?i)" + text
	}
	return regexp.Compile(text)
}

// lineCount reads -n N, -nN and -N.
func lineCount(args []string) (int, error) {
	text := strings.TrimPrefix(strings.TrimPrefix(strings.Join(args, ""), "-n"), "-")
	if len(args) == 0 {
		return 10, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, errors.New("expected -n and a number of lines")
	}
	return n, nil
}

func head(args []string) (program, error) {
	n, err := lineCount(args)
	return byLines(func(lines []string) []string { return lines[:min(n, len(lines))] }), err
}

func tail(args []string) (program, error) {
	n, err := lineCount(args)
	return byLines(func(lines []string) []string { return lines[max(0, len(lines)-n):] }), err
}

// withoutFlags is a program that takes none.
func withoutFlags(f func([]string) []string) func([]string) (program, error) {
	return func(args []string) (program, error) {
		if len(args) > 0 {
			return nil, errors.New("expected no flags")
		}
		return byLines(f), nil
	}
}

// base64Of encodes, in lines of 76 characters, or decodes.
func base64Of(args []string) (program, error) {
	decodes, wraps := false, true
	for _, arg := range args {
		switch arg {
		case "-d", "-D", "--decode":
			decodes = true
		case "-w0", "-w", "0", "--wrap=0":
			wraps = false
		default:
			return nil, errors.New("expected --decode or -w0")
		}
	}
	if decodes {
		return func(text string) (string, error) {
			plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			return string(plain), err
		}, nil
	}
	return func(text string) (string, error) {
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		if !wraps {
			return encoded, nil
		}
		var lines []string
		for line := range slices.Chunk([]byte(encoded), 76) {
			lines = append(lines, string(line))
		}
		return joined(lines), nil
	}, nil
}

func count(args []string) (program, error) {
	if !slices.Equal(args, []string{"-l"}) {
		return nil, errors.New("expected -l")
	}
	return byLines(func(lines []string) []string { return []string{strconv.Itoa(len(lines))} }), nil
}

// query is one of jq.
type query struct {
	code *gojq.Code
	// raw: texts have no quotes. compact: each result is one line.
	raw, compact bool
}

// jq knows -r, -c, -M and -S.
func jq(args []string) (program, error) {
	q, text := query{}, "."
	for _, arg := range args {
		switch arg {
		case "-r", "--raw-output":
			q.raw = true
		case "-c", "--compact-output":
			q.compact = true
		case "-M", "-S": // it has no colors, and sorts keys always
		default:
			text = arg
		}
	}
	parsed, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	q.code, err = gojq.Compile(parsed)
	return q.run, err
}

// A query may have no end: it has some time, and mostResults are kept.
const (
	longestQuery = time.Second
	mostResults  = 1000
)

func (q query) run(text string) (string, error) {
	var input any
	if err := json.Unmarshal([]byte(text), &input); err != nil {
		return "", fmt.Errorf("jq: expected JSON: %w", err)
	}
	var out []string
	ctx, cancel := context.WithTimeout(context.Background(), longestQuery)
	defer cancel()
	results := q.code.RunWithContext(ctx, input)
	for range mostResults {
		v, more := results.Next()
		if !more {
			break
		}
		if err, is := v.(error); is {
			return "", fmt.Errorf("jq: %w", err)
		}
		written, err := q.write(v)
		if err != nil {
			return "", err
		}
		out = append(out, written)
	}
	return joined(out), nil
}

func (q query) write(result any) (string, error) {
	if text, is := result.(string); is && q.raw {
		return text, nil
	}
	written, err := gojq.Marshal(result)
	if q.compact || err != nil {
		return string(written), err
	}
	var b bytes.Buffer
	err = json.Indent(&b, written, "", "  ")
	return b.String(), err
}
