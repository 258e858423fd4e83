package probe

import (
	"encoding/json"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// transcript is what curl has said. The answers of transfers that run side by side
// come in any order, between the lines that end one: each answer says the Host
// header that it was sent, which is the address and port.
type transcript struct {
	mark string
	// of holds what was said of each address, ports are those of all of them.
	of    map[netip.AddrPort]*tally
	ports []uint16
	// complaint is what curl said of itself last, such as of an option.
	complaint string

	mu      sync.Mutex
	closed  bool
	out     []byte // the last line of stdout, as far as it has come
	object  []byte // a JSON object on stdout, likewise, or empty
	errLine []byte // the last line of stderr
}

// tally is what is known of an address.
type tally struct {
	endings []ending
	// answers are those that came from it; nil where one came in pieces that
	// cannot be told from others'.
	answers []*Answer
	// failure is what the kernel said of a dial that failed last, failures how often.
	failure  string
	failures int
}

// What is kept of a line, and of an object. A server decides what it sends.
const (
	maxLine   = 1 << 10
	maxObject = 4 << 10
)

func newTranscript(targets []Target, mark string) *transcript {
	t := &transcript{mark: mark, of: map[netip.AddrPort]*tally{}}
	for _, target := range targets {
		t.of[target.Address] = &tally{}
		if port := target.Address.Port(); !slices.Contains(t.ports, port) {
			t.ports = append(t.ports, port)
		}
	}
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
		if c != '\n' {
			t.out = append(t.out, c)[:min(len(t.out)+1, maxLine)]
			continue
		}
		if text, ended := strings.CutPrefix(string(t.out), t.mark+"|"); ended {
			t.readEnding(text)
		}
		t.out = t.out[:0]
	}
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

func (t *transcript) readStderr(p []byte) {
	for _, c := range p {
		if c != '\n' {
			t.errLine = append(t.errLine, c)[:min(len(t.errLine)+1, maxLine)]
			continue
		}
		text := strings.TrimSpace(string(t.errLine))
		t.errLine = t.errLine[:0]
		if m := connectFailed.FindStringSubmatch(text); m != nil {
			t.readFailure(m[1]+m[3], m[2], m[4])
		} else if strings.HasPrefix(text, "curl: ") {
			t.complaint = text
		}
	}
}

// readFailure notes a dial that failed.
func (t *transcript) readFailure(address, port, words string) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return
	}
	for _, p := range t.ports {
		of := t.of[netip.AddrPortFrom(a, p)]
		if of != nil && (port == "" || port == strconv.Itoa(int(p))) {
			of.failure, of.failures = words, of.failures+1
		}
	}
}

// readEnding reads the line that ends a transfer.
func (t *transcript) readEnding(text string) {
	fields := strings.SplitN(text, "|", 7)
	if len(fields) != 7 {
		return // it was cut off; the target then has one ending too few
	}
	e := ending{exit: -1, message: strings.TrimSpace(fields[6])}
	host, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "http://"), "/")
	of := t.hosted(host)
	var errs [5]error
	e.status, errs[0] = strconv.Atoi(fields[1])
	e.size, errs[1] = strconv.Atoi(fields[2])
	e.connect, errs[2] = seconds(fields[3])
	e.total, errs[3] = seconds(fields[4])
	if fields[5] != "" {
		e.exit, errs[4] = strconv.Atoi(fields[5])
	}
	if of != nil && errs == [5]error{} {
		of.endings = append(of.endings, e)
	}
}

func seconds(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
	return time.Duration(math.Round(s * float64(time.Second))), err
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
