package probe

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// transcript is what curl reported. The bodies of parallel transfers come in any order,
// and on another stream than the lines that end the transfers: a body belongs to the
// address in its field "host", which is the Host header of the request.
type transcript struct {
	mark string
	opts Options
	// addresses are the targets, each once, with what was reported of them.
	addresses []netip.AddrPort
	reports   map[netip.AddrPort]*report
	ports     []uint16
	// complaint is the last error of curl itself, such as about an option.
	complaint string
	// undecided is how many addresses need more transfers, timedOut how many answer
	// none, and running how many transfers have not ended. enough is called when none has, or
	// only those to addresses that time out.
	undecided, timedOut, running int
	enough                       func()

	mu          sync.Mutex
	closed      bool
	out, errors lines
	object      []byte // a JSON object on stdout, as far as it has come
}

// report is what curl reported of an address.
type report struct {
	endings []ending
	// answers are its bodies; nil for one that was torn apart by another body.
	answers []*Answer
	// failure is the kernel's reason why a connection failed, the last one.
	failure string
	decided bool
}

// How much is kept of a line and of an object: the server decides what it sends.
const (
	maxLine   = 1 << 10
	maxObject = 4 << 10
)

func newTranscript(mark string, targets []netip.AddrPort, opts Options, enough func()) *transcript {
	t := &transcript{mark: mark, opts: opts, reports: map[netip.AddrPort]*report{}, enough: enough}
	for _, a := range targets {
		if t.reports[a] != nil {
			continue
		}
		t.addresses, t.reports[a] = append(t.addresses, a), &report{}
		if !slices.Contains(t.ports, a.Port()) {
			t.ports = append(t.ports, a.Port())
		}
	}
	t.undecided, t.running = len(t.addresses), len(t.addresses)*opts.Samples
	return t
}

// locked reads a part of a stream. After close nothing is read: the streams of an
// exec that was given up may still write.
func (t *transcript) locked(read func([]byte), p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		read(p)
	}
}

func (t *transcript) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// lines splits a stream into lines.
type lines struct{ part []byte }

func (l *lines) read(p []byte, each func(line string)) {
	for line := range bytes.Lines(p) {
		l.part = append(l.part, line[:min(len(line), maxLine-len(l.part))]...)
		if line[len(line)-1] == '\n' {
			each(strings.TrimSpace(string(l.part)))
			l.part = l.part[:0]
		}
	}
}

func (t *transcript) readStdout(p []byte) {
	for _, c := range p {
		t.readObject(c)
	}
	t.out.read(p, t.readEnding)
}

// readObject collects JSON objects without nested ones, as the service's answer is.
func (t *transcript) readObject(c byte) {
	switch {
	case c == '{':
		if m := hostField.FindSubmatch(t.object); m != nil {
			t.answered(string(m[1]), nil)
		}
		t.object = append(t.object[:0], c)
	case len(t.object) == 0:
	case len(t.object) == maxObject:
		t.object = t.object[:0]
	default:
		if t.object = append(t.object, c); c == '}' && json.Valid(t.object) {
			if host, answer, ok := ParseAnswer(t.object); ok {
				t.answered(host, &answer)
			}
			t.object = t.object[:0]
		}
	}
}

var hostField = regexp.MustCompile(`"host": *"([^"]+)"`)

// answered notes a body, by the Host header that it repeats.
func (t *transcript) answered(host string, a *Answer) {
	if r := t.of(host); r != nil {
		r.answers = append(r.answers, a)
		t.decide(r)
	}
}

// of is the report of an address, or nil.
func (t *transcript) of(host string) *report {
	a, err := netip.ParseAddrPort(host)
	if err != nil {
		return nil
	}
	return t.reports[a]
}

// connectFailed is how a verbose curl reports a connection that failed: from 8.0 on also
// where, and without a port where the kernel did not even try.
var connectFailed = regexp.MustCompile(`^\* (?:connect to (\S+) port (\d+) .*failed|Immediate connect fail for (\S+)): (.+)$`)

func (t *transcript) readStderr(p []byte) {
	t.errors.read(p, func(line string) {
		if m := connectFailed.FindStringSubmatch(line); m != nil {
			t.readFailure(m[1]+m[3], m[2], m[4])
		} else if strings.HasPrefix(line, "curl: ") {
			t.complaint = line
		} else {
			t.readEnding(line)
		}
	})
}

func (t *transcript) readFailure(address, port, reason string) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return
	}
	for _, p := range t.ports {
		r := t.reports[netip.AddrPortFrom(a, p)]
		if r != nil && (port == "" || port == strconv.Itoa(int(p))) {
			r.failure = reason
		}
	}
}

// readEnding reads a line that ends a transfer (see config); all others it leaves alone. A
// transfer that failed has two; curl before 7.75 knows no exit code, and writes both for each.
func (t *transcript) readEnding(line string) {
	text, marked := strings.CutPrefix(line, t.mark)
	if !marked || text == "" {
		return
	}
	host, e, ok := parseEnding(text[1:])
	ofFailed := text[0] == '!'
	if r := t.of(host); ok && r != nil && ofFailed == (e.exit > 0) {
		r.endings = append(r.endings, e)
		t.decide(r)
		// The end of curl itself has a long way. A reason has another stream, and may come later.
		if t.running--; t.running == 0 && !t.opts.verbose {
			t.enough()
		}
	}
}

// decide finds out whether enough is known of an address: three transfers have ended, or
// two and both timed out; and the bodies have arrived that may come later.
//
// Once an address times out, that is enough for all: to wait for all of its samples
// would take as long again, and there are never enough parallel transfers for them.
func (t *transcript) decide(r *report) {
	codes := map[int]int{}
	for _, e := range r.endings {
		codes[e.code(t.opts.Timeout)]++
	}
	n := len(r.endings)
	timedOut := n >= 2 && n == codes[curlTimeout]
	complete := len(r.answers) >= codes[0]
	if r.decided || !complete || !timedOut && n < min(3, t.opts.Samples) {
		return
	}
	r.decided = true
	t.undecided--
	if timedOut {
		t.timedOut++
	}
	if t.undecided == 0 && t.timedOut > 0 {
		t.enough()
	}
}

// unexplained are the addresses to which a connection failed, without the kernel's reason.
func (t *transcript) unexplained() (list []netip.AddrPort) {
	for _, a := range t.addresses {
		r := t.reports[a]
		failed := func(e ending) bool { return e.code(t.opts.Timeout) == curlNotConnected }
		if r.failure == "" && slices.ContainsFunc(r.endings, failed) {
			list = append(list, a)
		}
	}
	return list
}

// explain takes the reasons of a later, verbose transcript. An address that another connection
// got through to has one transfer more.
func (t *transcript) explain(later *transcript) {
	for a, again := range later.reports {
		r := t.reports[a]
		if r.failure = again.failure; r.failure == "" {
			r.endings, r.answers = append(r.endings, again.endings...), append(r.answers, again.answers...)
		}
	}
}

// ParseAnswer reads the body of /info, with the Host header of its request; ok is false
// where it is not the service's.
func ParseAnswer(body []byte) (host string, answer Answer, ok bool) {
	var info struct {
		Version *string `json:"version"`
		Host    string  `json:"host"`
		From    string  `json:"from"`
	}
	if err := json.Unmarshal(body, &info); err != nil || info.Version == nil {
		return "", Answer{}, false
	}
	from, _ := netip.ParseAddr(info.From) // a text that is no address proves nothing
	return info.Host, Answer{Version: *info.Version, From: from.Unmap()}, true
}
