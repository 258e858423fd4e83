package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// member is a name and its value, already encoded.
type member struct{ name, value string }

// object writes JSON with Python's separators: ", " and ": ".
func object(members ...member) string {
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = quoteJSON(m.name) + ": " + m.value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// quoteJSON writes a JSON string as Python's json.dumps does: everything but printable
// ASCII as \uXXXX. On top of that "</" is broken up, as Tornado's json_encode does to
// keep a value from ending a <script>.
func quoteJSON(text string) string {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case short[c] != "":
			b.WriteString(short[c])
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		default:
			for _, unit := range utf16.Encode([]rune{c}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	b.WriteByte('"')
	return strings.ReplaceAll(b.String(), "</", `<\/`)
}

// dictOf shows an environment as Python 2 prints a dict. Its order is arbitrary there;
// here it is sorted.
func dictOf(environ []string) string {
	parts := make([]string, len(environ))
	for i, entry := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(entry, "=")
		parts[i] = repr(name) + ": " + repr(value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// repr quotes as Python 2 does: single quotes, unless only those occur in the text.
func repr(text string) string {
	quote := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	short := map[byte]string{'\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, quote: `\` + string(quote)}
	var b strings.Builder
	b.WriteByte(quote)
	for _, c := range []byte(text) {
		switch {
		case short[c] != "":
			b.WriteString(short[c])
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}
