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

// transcript is what curl says. The answers of transfers that run side by side come
// in any order, and on another stream than the lines that end one: each answer names
// the Host header that it was sent, which is the address and port.
type transcript struct {
	mark string
	opts Options
	// of holds what was said of each address, ports are those of all of them.
	of    map[netip.AddrPort]*tally
	ports []uint16
	// complaint is what curl said of itself last, such as of an option.
	complaint string
	// open is how many addresses are not known well enough, silent how many time out;
	// enough is called when nothing is worth waiting for those.
	open, silent int
	enough       func()

	mu          sync.Mutex
	closed      bool
	out, errors lines
	object      []byte // a JSON object on stdout, as far as it has come
}

// tally is what is known of an address.
type tally struct {
	endings []ending
	// answers are those that came from it; nil where one came in pieces that
	// cannot be told from others'.
	answers []*Answer
	// failure is what the kernel said of the last dial that failed.
	failure string
	// known: it is not open any more.
	known bool
}

// What is kept of a line, and of an object. A server decides what it sends.
const (
	maxLine   = 1 << 10
	maxObject = 4 << 10
)

// lines makes lines of a stream.
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

func newTranscript(targets []Target, mark string, opts Options, enough func()) *transcript {
	t := &transcript{mark: mark, opts: opts, of: map[netip.AddrPort]*tally{}, enough: enough}
	for _, target := range targets {
		t.of[target.Address] = &tally{}
		if port := target.Address.Port(); !slices.Contains(t.ports, port) {
			t.ports = append(t.ports, port)
		}
	}
	t.open = len(t.of)
	return t
}

// locked has read take what was written. After close nothing more is taken: the
// streams of an exec that was given up may still write.
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

func (t *transcript) readStdout(p []byte) {
	for _, c := range p {
		t.readObject(c)
	}
	t.out.read(p, func(line string) { t.readEnding(line) })
}

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

// readObject collects a JSON object without others in it, as the service's answer
// is one.
func (t *transcript) readObject(c byte) {
	switch {
	case c == '{':
		t.tear()
		t.object = append(t.object[:0], c)
	case len(t.object) == 0:
	case len(t.object) == maxObject:
		t.object = t.object[:0]
	default:
		if t.object = append(t.object, c); c == '}' && json.Valid(t.object) {
			host, answer, ok := parseAnswer(t.object)
			if of := t.hosted(host); ok && of != nil {
				of.answers = append(of.answers, &answer)
				t.review(of)
			}
			t.object = t.object[:0]
		}
	}
}

var hostField = regexp.MustCompile(`"host": *"([^"]+)"`)

// tear notes that an answer has come in pieces, with something else in between.
func (t *transcript) tear() {
	if m := hostField.FindSubmatch(t.object); m != nil {
		if of := t.hosted(string(m[1])); of != nil {
			of.answers = append(of.answers, nil)
			t.review(of)
		}
	}
}

// hosted is the address that was sent a Host header, or nil.
func (t *transcript) hosted(host string) *tally {
	a, err := netip.ParseAddrPort(host)
	if err != nil {
		return nil
	}
	return t.of[a]
}

// connectFailed is what a verbose curl says of a dial: from 8.0 on also where it came
// from, and without a port when the kernel did not even try.
var connectFailed = regexp.MustCompile(`^\* (?:connect to (\S+) port (\d+) .*failed|Immediate connect fail for (\S+)): (.+)$`)

// readFailure notes a dial that failed.
func (t *transcript) readFailure(address, port, words string) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return
	}
	for _, p := range t.ports {
		of := t.of[netip.AddrPortFrom(a, p)]
		if of != nil && (port == "" || port == strconv.Itoa(int(p))) {
			of.failure = words
			t.review(of)
		}
	}
}

// readEnding reads a line that ends a transfer, and no other. A curl older than 7.63
// writes it to stdout.
func (t *transcript) readEnding(line string) {
	text, ended := strings.CutPrefix(line, t.mark+"|")
	host, e, ok := parseEnding(text)
	if of := t.hosted(host); ended && ok && of != nil {
		of.endings = append(of.endings, e)
		t.review(of)
	}
}

// review notes whether an address is known well enough: it has three endings, or two
// that both timed out; and what comes on another stream has come, the answers, and
// the kernel's words for a dial that failed.
//
// An exec in which an address times out ends with that: all samples of it would take
// as many lanes, for as long as they time out.
func (t *transcript) review(of *tally) {
	codes := map[int]int{}
	for _, e := range of.endings {
		codes[e.code(t.opts.Timeout)]++
	}
	n := len(of.endings)
	silent := n >= 2 && n == codes[curlTimeout]
	known := (n >= min(3, t.opts.Samples) || silent) &&
		len(of.answers) >= codes[0] && (codes[curlNotConnected] == 0 || of.failure != "")
	if of.known || !known {
		return
	}
	of.known = true
	t.open--
	if silent {
		t.silent++
	}
	if t.open == 0 && t.silent > 0 {
		t.enough()
	}
}

// parseAnswer reads the body of /info, and the Host header that it was sent.
func parseAnswer(body []byte) (host string, answer Answer, ok bool) {
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

// ParseAnswer reads the body of /info; ok is false where it is not the service's.
func ParseAnswer(body string) (answer Answer, ok bool) {
	_, answer, ok = parseAnswer([]byte(body))
	return answer, ok
}
