package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// every is how often a plain line repeats what is being waited for.
const every = 4 * time.Second

// Printer writes progress. It can be used by several goroutines.
type Printer struct {
	mu    sync.Mutex
	out   io.Writer
	width int // of the terminal, 0 when there is none
	shown bool
	last  time.Time
	now   func() time.Time
}

// New returns a printer on f.
func New(f *os.File) *Printer {
	p := &Printer{out: f, now: time.Now, last: time.Now()}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && os.Getenv("TERM") != "dumb" {
		p.width = max(width, 20)
	}
	return p
}

// Line writes a line that stays.
func (p *Printer) Line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(fmt.Sprintf(format, args...))
}

// Done writes that a part is ready, and after how long.
func (p *Printer) Done(part, what string, after time.Duration) {
	p.Line("  %-24s %-32s %6.1fs", part, what, after.Seconds())
}

// Live says what is going on right now: the next call, or the next line, takes its place. Where that is impossible it
// becomes a line of its own once nothing has been written for some seconds.
func (p *Printer) Live(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	switch {
	case p.width > 0:
		if len(text) >= p.width {
			text = text[:p.width-1]
		}
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
		p.shown = true
	case p.now().Sub(p.last) >= every:
		p.line(text)
	}
}

func (p *Printer) line(text string) {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
	fmt.Fprintln(p.out, text)
	p.last = p.now()
}

// Every calls f often enough for Live to keep its promise, until stop is called; stop waits for the last call.
func Every(f func()) (stop func()) {
	ticker, done, ended := time.NewTicker(250*time.Millisecond), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				f()
			case <-done:
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		ticker.Stop()
		close(done)
		<-ended
	})
}
