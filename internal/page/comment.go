package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/text"
	"go.yaml.in/yaml/v3"
)

// note is what an HTML comment says about the fence or the paragraph that follows it:
//
//	<!-- kbe: {within: 2m} -->
type note struct {
	// Name is that of the step, which claims of later steps read.
	Name string `yaml:"name"`
	// Within is how long the command may take until it prints what the page shows.
	Within string `yaml:"within"`
	// Claims are CEL expressions that must hold after the command, by what they claim.
	Claims map[string]string `yaml:"claims"`
	// Known is the reason why the page differs from the cluster on purpose.
	Known string `yaml:"known"`
	// Skip is the reason why commands are not run.
	Skip string `yaml:"skip"`
	// at is where it stands; wrong is what is wrong with it.
	at    int
	wrong string
}

var kbeComment = regexp.MustCompile(`(?s)<!--\s*kbe:\s*(.*?)\s*-->`)

// comment reads a comment that is for this program.
func (r *reader) comment(segments *text.Segments) {
	var b bytes.Buffer
	for i := range segments.Len() {
		s := segments.At(i)
		b.Write(r.source[s.Start:s.Stop])
	}
	m := kbeComment.FindSubmatch(b.Bytes())
	if m == nil {
		return
	}
	r.note = note{at: segments.At(0).Start}
	dec := yaml.NewDecoder(bytes.NewReader(m[1]))
	dec.KnownFields(true)
	if err := dec.Decode(&r.note); err != nil && !errors.Is(err, io.EOF) {
		r.note.wrong = fmt.Sprintf("expected a comment such as <!-- kbe: {within: 2m} --> with the fields name, within, claims, known or skip: %s",
			strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
	}
}

// takeNote is the note for what is read next.
func (r *reader) takeNote() note {
	n := r.note
	r.note = note{}
	return n
}
