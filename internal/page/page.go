package page

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// Page is a Markdown page.
type Page struct {
	// Name is its file, as the user knows it.
	Name  string
	Title string
	text  []byte
	// lines are the offsets at which the lines begin.
	lines []int

	// home is the namespace that it is written for.
	home      home
	commands  []*command
	manifests []manifest
	files     []written
	// includes are files that shortcodes include, by their names.
	includes []string
	// sentences are what prose says that commands do.
	sentences []sentence
	// code are the spans of all code, in which a value of the page may stand.
	code []span
	// blocks is how many blocks of code, prose and comments it has.
	blocks int
	// ids are how many statements a line has, by its number.
	ids map[int]int
	// copied are the bytes of what commands take from variables and files.
	copied int
	judged judgement
	// patterns are those of texts that were compared.
	patterns map[[2]string]pattern
}

// span is a part of the page's text, in bytes.
type span struct{ start, end int }

// command is one that the page shows.
type command struct {
	span
	// id is what shown() knows it by, step is the step that runs it.
	id, step string
	// text is the command, without its prompt.
	text string
	// say is the sentence before it.
	say string
	// section is the chapter of the page, block the block in it, that it stands in.
	section, block int
	// where it runs.
	where place
	// output is what the page shows that it prints; nil where it shows nothing.
	output []line
	note   note
	call
}

// place is where a command runs.
type place int

const (
	here place = iota
	// inCluster is a Pod of the run.
	inCluster
	// inContainer is the container that a command before has opened a shell in.
	inContainer
)

// line is one that the page shows of what a command prints.
type line struct {
	span
	id   string
	text string
}

// manifest is a file that the page shows, or names.
type manifest struct {
	name string
	// at is the line of the page, or of the file, that it begins at.
	at   int
	text string
}

func newPage(name string, text []byte) *Page {
	p := &Page{Name: name, text: text, lines: []int{0}, home: homeOf("default"), ids: map[int]int{}, patterns: map[[2]string]pattern{}}
	for i, b := range text {
		if b == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	return p
}

// Text is the page as it was read.
func (p *Page) Text() string { return string(p.text) }

// line is the number of the line that an offset is in, counted from 1.
func (p *Page) line(offset int) int { return sort.SearchInts(p.lines, offset+1) }

// id is a new number for a statement: that of its line, with a letter where a line has
// several.
func (p *Page) id(offset int) string {
	line := p.line(offset)
	p.ids[line]++
	if n := p.ids[line]; n > 1 {
		return fmt.Sprintf("%d%c", line, 'a'+n-1)
	}
	return fmt.Sprint(line)
}

// isFull reports whether the page has more commands than an example has steps: no more is read.
func (p *Page) isFull() bool { return len(p.commands) > example.MostSteps }

// mostCopied is how many bytes the commands of a page may take from variables and files.
const mostCopied = 4 << 20

// take counts what a command takes from a variable or a file: a page has it once, and may name it again
// and again.
func (p *Page) take(text string) error {
	if p.copied += len(text); p.copied > mostCopied {
		return fmt.Errorf("the commands of the page take more than %d MiB from variables and files", mostCopied>>20)
	}
	return nil
}

// lineBegin is the offset at which the line begins that an offset is in.
func (p *Page) lineBegin(offset int) int { return p.lines[p.line(offset)-1] }

// lineEnd is the offset after the line that an offset is in, with its line break.
func (p *Page) lineEnd(offset int) int {
	if i := bytes.IndexByte(p.text[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(p.text)
}
