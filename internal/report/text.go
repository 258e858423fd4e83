package report

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// visible writes control characters, and what is no text, as escapes: XML may
// not hold them, and a terminal that shows a report would obey them.
func visible(s string) string {
	return PrintableJSON(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"))
}

// logCommand is what CI systems obey in the log of a job: "::" before the first word of a line
// and "##[" anywhere (GitHub Actions, ActionCommand.cs of actions/runner), "##vso[" anywhere
// (Azure Pipelines, Command.cs of its agent), "##teamcity[". Any word may become the first one
// of a line when prose is wrapped.
var logCommand = regexp.MustCompile(`(?:^|[\s\p{Z}])::[A-Za-z-]+(?:::|[\s\p{Z}])|##(?:vso|teamcity)?\[`)

// lineCommand is in each logCommand that has no "##". It begins with a text, which is found fast.
var lineCommand = regexp.MustCompile(`::[A-Za-z-]+(?:::|[\s\p{Z}])`)

// PrintableJSON writes as JSON escapes the characters that a terminal would obey, and those that
// begin a command to a CI system: a JSON text, which lets them be, means the same.
func PrintableJSON(text string) string {
	if strings.Contains(text, "##") || lineCommand.MatchString(text) {
		text = logCommand.ReplaceAllStringFunc(text, func(command string) string {
			return strings.NewReplacer("::", `\u003a:`, "[", `\u005b`).Replace(command)
		})
	}
	if !strings.ContainsFunc(text, isHidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if !isHidden(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// isHidden: control characters, those that change the direction of text
// (Unicode TR 36), and what is no character at all.
func isHidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' ||
		unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}

// Reason says in one line why a claim does not hold.
func Reason(c v1alpha1.Claim) string { return oneLine(strings.Join(detailLines(found(c)), "; ")) }

// longest is the length of the longest part of a text that matches.
func longest(pattern *regexp.Regexp, text string) (length int) {
	for _, at := range pattern.FindAllStringIndex(text, -1) {
		length = max(length, at[1]-at[0])
	}
	return length
}

// transcript is a command and what it printed, as on a terminal.
func transcript(st v1alpha1.Step) string {
	if st.Command == "" {
		return ""
	}
	text := "$ " + st.Command + "\n" + st.Stdout
	if st.Stdout != "" && !strings.HasSuffix(st.Stdout, "\n") {
		text += "\n"
	}
	return text + st.Stderr
}

func millis(ms int64) string { return seconds(time.Duration(ms) * time.Millisecond) }

// Printable makes text that comes from a cluster, or from someone's example,
// harmless for a terminal: escape sequences and other control characters, and
// those that change the direction of text, are shown and not obeyed.
func Printable(s string) string {
	return visible(printers.EscapeTerminal(strings.ReplaceAll(s, "\r\n", "\n")))
}

func clean(s string) string { return Printable(s) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// wrap breaks text between words into lines of at most width columns.
func wrap(text string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if length > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		if length > 0 {
			line += " "
			length++
		}
		line += word
		length += n
	}
	return append(lines, line)
}

// breakCommand breaks a command between words, where no quote is open, into
// lines of at most width columns, where words allow it.
func breakCommand(line string, width int) []string {
	var words []string
	start, quote := 0, rune(0)
	for i, r := range line {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == 0 && r == ' ':
			words = append(words, line[start:i])
			start = i + 1
		}
	}
	words = append(words, line[start:])
	lines := []string{""}
	for _, w := range words {
		last := lines[len(lines)-1]
		switch {
		case last == "":
			lines[len(lines)-1] = w
		case len([]rune(last))+1+len([]rune(w)) > width:
			lines = append(lines, w)
		default:
			lines[len(lines)-1] += " " + w
		}
	}
	return lines
}

type style struct{ colour bool }

func (s style) sgr(code, text string) string {
	if !s.colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string { return s.sgr("1", t) }
func (s style) dim(t string) string  { return s.sgr("2", t) }

// mark is a mark in the colour of its class.
func (s style) mark(m mark) string {
	return s.sgr(map[string]string{"met": "32", "failed": "31", "open": "33", "soft": "2"}[m.Class], m.Sign)
}

// below has the lines of a text begin below the first one, which stands beside a label.
func below(label, text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", len(label)))
}

// detailLines are details as lines of text beside their labels.
func detailLines(all []Detail) (lines []string) {
	width := labelWidth(all)
	for _, d := range all {
		label := fmt.Sprintf("%-*s  ", width, d.Label)
		line := label + below(label, d.Text)
		if d.Of != "" {
			line += "  = " + d.Of
		}
		lines = append(lines, line)
	}
	return lines
}
