package example

import (
	"fmt"
	"strconv"
	"strings"
)

// listed is how many names an error's text lists; more would hide what it says.
const listed = 20

// Unknown is the text of a problem: a name that is none of the valid ones, and
// the nearest of them, or all where none is near and they are few.
func Unknown(what, name string, valid []string) string {
	text := fmt.Sprintf("unknown %s %s", what, code(name))
	if near := Nearest(name, valid); near != "" {
		return fmt.Sprintf("%s; did you mean %s?", text, code(near))
	}
	switch {
	case len(valid) == 0:
		return text + "; there is none"
	case len(valid) > listed:
		return text
	}
	return text + "; expected one of " + strings.Join(valid, ", ")
}

// Nearest returns the valid name that a mistyped one was most likely meant to
// be, or "" where none is near.
func Nearest(name string, valid []string) string {
	const longest = 64 // longer than any name; the distance takes time by length²
	if len(name) > longest {
		return ""
	}
	best, nearest := max(1, (len(name)+1)/3), ""
	for _, v := range valid {
		if d := distance(strings.ToLower(name), strings.ToLower(v)); d <= best && d < len(v) {
			best, nearest = d-1, v
		}
	}
	return nearest
}

// distance is the number of letters to add, to drop, to replace or to swap with
// the next one (optimal string alignment).
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// code quotes a name from a file for an error: shortened, and without characters
// that a terminal would obey.
func code(name string) string {
	const longest = 60
	if cut := prefix(name, longest); cut != name {
		name = cut + "…"
	}
	quoted := strconv.Quote(name)
	return "`" + strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`) + "`"
}
