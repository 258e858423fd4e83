package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// visible writes control characters, and what is no text, as escapes: XML may
// not hold them, and a terminal that shows a report would obey them.
func visible(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	if !strings.ContainsFunc(s, isHidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isHidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// PrintableJSON writes, in a JSON text, the characters as escapes that a terminal
// would obey and that JSON lets be: the text means the same.
func PrintableJSON(text string) string {
	if !strings.ContainsFunc(text, isHidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if isHidden(r) {
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		} else {
			b.WriteRune(r)
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

// found tells what a claim that failed has found, in lines.
func found(c v1alpha1.Claim) []string {
	var lines []string
	if len(c.Mismatches) == 0 {
		lines = append(lines, "expression  "+c.Expression)
	}
	for _, m := range c.Mismatches {
		lines = append(lines, "expression  "+m.Expression)
		if m.Expected != "" {
			lines = append(lines, "expected    "+m.Expected)
		}
		for i, v := range m.Found {
			label := "found       "
			if i > 0 {
				label = "with        "
			}
			lines = append(lines, label+v.Value+"  = "+v.Expression)
		}
	}
	if c.Error != "" {
		lines = append(lines, "because     "+c.Error)
	}
	return lines
}

// reasonMost is how much of a value is told in a line, in characters.
const reasonMost = 120

// Reason says in one line why a claim does not hold.
func Reason(c v1alpha1.Claim) string {
	var parts []string
	for _, m := range c.Mismatches {
		part := m.Expression
		if m.Expected != "" {
			part += ": expected " + m.Expected
		}
		for _, v := range m.Found {
			value := v.Value
			if r := []rune(value); len(r) > reasonMost {
				value = string(r[:reasonMost]) + "…"
			}
			part += fmt.Sprintf(": found %s = %s", value, v.Expression)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		parts = append(parts, c.Expression)
	}
	if c.Error != "" {
		parts = append(parts, c.Error)
	}
	return strings.Join(strings.Fields(strings.Join(parts, "; ")), " ")
}

// told is a command and what it printed, as on a terminal.
func told(st v1alpha1.Step) string {
	if st.Command == "" {
		return ""
	}
	text := "$ " + st.Command + "\n" + st.Stdout
	if st.Stdout != "" && !strings.HasSuffix(st.Stdout, "\n") {
		text += "\n"
	}
	return text + st.Stderr
}

// replacedText says which image cannot run, and what runs instead.
func replacedText(r engine.Replacement) []string {
	return []string{
		fmt.Sprintf("The image %s cannot run here: %s.", r.Reference, r.Why),
		insteadText(r) + ".",
	}
}

// replacedImageText is replacedText of a Report's image.
func replacedImageText(image v1alpha1.Image) string {
	r := image.Replaced
	return strings.Join(replacedText(engine.Replacement{Reference: image.Reference, Why: r.Why, Instead: r.Reference, Command: r.Command}), " ")
}

// plannedText says where an image would be replaced.
func plannedText(r engine.Replacement) string {
	where := ""
	if r.Why != "" {
		where = " It " + r.Why + "."
	}
	return fmt.Sprintf("The image %s runs where it can.%s Otherwise %s.", r.Reference, where, lowerFirst(insteadText(r)))
}

func insteadText(r engine.Replacement) string {
	if r.Command == "" {
		return fmt.Sprintf("Its containers run %s instead", r.Instead)
	}
	return fmt.Sprintf("Its containers run %s on %s instead", r.Command, r.Instead)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// attemptText says why what a Scenario shows is another attempt, or is "".
func attemptText(sc v1alpha1.Scenario) string {
	if sc.Repeated == nil {
		return ""
	}
	return fmt.Sprintf("This is the second attempt. In the first, %s (%s).", sc.Repeated.What, sc.Repeated.Why)
}

// verdictText says the counts of a Report in words.
func verdictText(r *v1alpha1.Report) string {
	text := fmt.Sprintf("%d of %d claims hold", r.Claims.Met, r.Claims.Total)
	if r.Claims.Failed > 0 {
		text += fmt.Sprintf(", %d failed", r.Claims.Failed)
	}
	if r.Claims.NotChecked > 0 {
		text += fmt.Sprintf(", %d not checked", r.Claims.NotChecked)
	}
	return text
}

func millis(ms int64) string { return seconds(time.Duration(ms) * time.Millisecond) }
