package progress

import (
	"strings"
	"testing"
	"time"
)

func TestPlainLines(t *testing.T) {
	now := time.Unix(0, 0)
	var out strings.Builder
	p := &Printer{out: &out, now: func() time.Time { return now }, last: now}
	p.Live("too early")
	now = now.Add(every)
	p.Live("after a while")
	p.Live("again too early")
	p.Line("a line")
	if want := "after a while\na line\n"; out.String() != want {
		t.Errorf("expected %q, found %q", want, out.String())
	}
}

func TestTerminal(t *testing.T) {
	var out strings.Builder
	p := &Printer{out: &out, now: time.Now, width: 10}
	p.Live("longer than the terminal")
	p.Line("a line")
	p.Line("another")
	if want := "\r\x1b[Klonger th\r\x1b[Ka line\nanother\n"; out.String() != want {
		t.Errorf("expected %q, found %q", want, out.String())
	}
}
