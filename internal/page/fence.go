package page

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The names of fences, by what they hold.
var (
	shells   = []string{"bash", "sh", "shell", "shellscript", "zsh"}
	sessions = []string{"", "console", "shell-session", "shellsession", "sh-session", "bash-session", "terminal"}
	outputs  = []string{"text", "output", "cat", "plain", "plaintext", "txt", "none", "log"}
	data     = []string{"yaml", "yml", "json"}
	contents = map[content][]string{shellContent: shells, sessionContent: sessions, outputContent: outputs, dataContent: data}
)

// languageIn is the name in the first line of a fence; what follows it, or stands alone in braces, are attributes.
var languageIn = regexp.MustCompile(`^\s*(?:\{?\s*\.?([\w+#-]*)(?:[^\w+#=-]|$))?`)

// content is what a fence holds, as far as its name says.
type content int

const (
	unknownContent content = iota
	shellContent
	sessionContent
	outputContent
	dataContent
)

func contentOf(language string) content {
	for content, names := range contents {
		if slices.Contains(names, language) {
			return content
		}
	}
	return unknownContent
}

// fence reads the lines of a fence, which is named by info.
func (r *reader) fence(info string, lines []line) {
	r.takeNote()
	if len(lines) == 0 {
		r.open = nil
		return
	}
	r.code = append(r.code, span{lines[0].start, lines[len(lines)-1].end})
	language := strings.ToLower(languageIn.FindStringSubmatch(info)[1])
	holds := contentOf(language)
	switch begins := isManifest.MatchString(lines[0].text); { // some fences have the wrong name
	case holds == dataContent && (hasCommand(lines) || slices.ContainsFunc(lines, isKubectl)):
		holds = shellContent
	case begins && (holds == shellContent || holds == sessionContent && r.open == nil):
		holds = dataContent
	}
	switch holds {
	case shellContent, sessionContent:
		r.commandFence(holds, lines)
	case outputContent:
		r.outputFence(language, lines)
	case dataContent:
		isManifestOf := r.open != nil && len(r.open.words) > 0 && r.open.words[0] == "describe" && startsLower.MatchString(lines[0].text) && isPartOfManifest(lines)
		if !r.named(info, lines) && !isManifestOf {
			r.outputOfOpen(lines)
		}
	default:
		r.unread(lines, fmt.Sprintf("it stands in a fence of `%s`, which verify does not read: expected one of %s", language, strings.Join(append(slices.Clone(shells), sessions[1:]...), ", ")))
	}
}

// commandFence reads a fence for commands, which may hold what the command before prints.
func (r *reader) commandFence(holds content, lines []line) {
	switch {
	case hasPrompt(lines, holds == sessionContent && r.session != nil):
		r.transcript(lines, false)
	case holds == sessionContent && hasCommand(lines):
		r.script(lines)
	case slices.ContainsFunc(lines, isRootPrompt) && !hasCommand(lines) && (holds == sessionContent || slices.ContainsFunc(lines, isResult)):
		r.transcript(lines, true)
	case holds == shellContent && !isResult(lines[0]):
		r.script(lines)
	default:
		r.outputOfOpen(lines)
	}
}

// outputFence reads a fence for output, which may hold commands.
func (r *reader) outputFence(language string, lines []line) {
	switch {
	case slices.ContainsFunc(lines, isKubectl):
		r.transcript(lines, false)
	case r.open == nil && hasCommand(lines):
		r.unread(lines, fmt.Sprintf("it stands in a fence of `%s`, which is for output: expected a prompt, such as $, before it", language))
	default:
		r.outputOfOpen(lines)
	}
}

// unread lists the commands of a block that is not run.
func (r *reader) unread(lines []line, why string) {
	r.open = nil
	for i, l := range lines {
		if isKubectl(l) || i == 0 && bareCommand.MatchString(l.text) {
			r.add(strings.TrimSpace(l.text), l.span).notRun = why
		}
	}
}

// startsLower is a field of a manifest: kubectl describe writes its keys in capitals.
var startsLower = regexp.MustCompile(`^[a-z]`)

// outputOfOpen gives the lines that are not blank, each a statement, to the command whose output they are.
func (r *reader) outputOfOpen(lines []line) {
	if r.open == nil {
		return
	}
	c := r.open
	if !c.prints(lines) {
		return
	}
	for _, l := range c.withoutComments(lines) {
		if l.text = strings.TrimSuffix(l.text, interrupt); strings.TrimSpace(l.text) != "" {
			l.id = r.id(l.start)
			c.output, r.open = append(c.output, l), nil
		}
	}
}

// changers are the commands of kubectl that change objects, as far as pages use them.
var changers = []string{"annotate", "apply", "autoscale", "cordon", "create", "delete", "drain", "edit", "expose", "label", "patch", "replace", "rollout", "run", "scale", "set", "taint", "uncordon"}

// changes reports whether a command changes objects. One that cannot run has its text only.
func (c *command) changes() bool {
	words := c.words
	if len(words) == 0 {
		words = strings.Fields(strings.TrimPrefix(c.text, "kubectl "))
	}
	isRead := len(words) > 0 && isHelp(words) || len(words) > 1 && words[0] == "rollout" && (words[1] == "history" || words[1] == "status")
	return len(words) > 0 && slices.Contains(changers, words[0]) && !isRead
}

// reportsChange is what a line has in which kubectl reports what it has done, or why it has not.
var reportsChange = regexp.MustCompile(`(?i)\b(?:created|configured|unchanged|applied|exposed|(?:auto)?scaled|(?:un)?label+ed|annotated|patched|updated|restarted|replaced|` +
	`deleted|pruned|rolled|edited|error|warning|invalid|forbidden|not found|denied|failed|exists|waiting|successfully)\b`)

// prints reports whether a command may print lines that a page has behind it. What changes objects prints only what it has
// done, and a table has no fields of YAML.
func (c *command) prints(lines []line) bool {
	switch {
	case len(c.words) == 0 || c.words[0] == "run":
		return true
	case c.changes() && c.format() == "":
		return slices.ContainsFunc(lines, func(l line) bool { return isElision(l.text) || reportsChange.MatchString(l.text) }) && !isPartOfManifest(lines)
	case c.words[0] == "get" && slices.Contains([]string{"", "name", "wide"}, c.format()):
		return !isPartOfManifest(lines)
	}
	return true
}

// isPartOfManifest reports whether lines are fields in YAML: a page may show a part of what it has
// applied.
func isPartOfManifest(lines []line) bool {
	text := strings.Join(textsOf(lines), "\n")
	n := nextNodeOf(yaml.NewDecoder(strings.NewReader(text))) // the first of several
	return len(lines) > 1 && !failure.MatchString(text) && n != nil && n.Kind == yaml.MappingNode
}

// hasCommand reports whether the first line that is no comment is a command, or another one is of kubectl.
func hasCommand(lines []line) bool {
	isFirst := true
	for _, l := range lines {
		switch text := strings.TrimSpace(l.text); {
		case text == "" || strings.HasPrefix(text, "#"):
		case isFirst && bareCommand.MatchString(l.text), strings.HasPrefix(l.text, "kubectl "):
			return true
		default:
			isFirst = false
		}
	}
	return false
}

// add adds a command of the page.
func (r *reader) add(text string, at span) *command {
	c := &command{span: at, id: r.id(at.start), text: text, say: r.said, note: r.noted, section: r.section, block: r.blocks}
	c.step = cmp.Or(c.note.Name, "line-"+c.id)
	r.said = ""
	r.commands = append(r.commands, c)
	return c
}
