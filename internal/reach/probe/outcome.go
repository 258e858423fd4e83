package probe

import "strings"

// Outcome is how a probe ended, from no verdict to the worst.
type Outcome uint8

// The outcomes.
const (
	// None: nothing was probed.
	None Outcome = iota
	// Answered: the service's JSON came back, every time.
	Answered
	// Slow: it came back, but half of the connections took longer than the limit.
	Slow
	// Flaky: it came back some of the times.
	Flaky
	// WrongAnswer: another service answered, at least once.
	WrongAnswer
	// Protocol: something answered, but not as the service does.
	Protocol
	// Refused: the address is there, and nothing listens on the port.
	Refused
	// Reset: the connection was cut before the answer was complete.
	Reset
	// Timeout: nothing came back in time. Connected shows of what: of the dial, or of
	// the request.
	Timeout
	// Unreachable: there is no route, or something on the path says so (ICMP).
	Unreachable
	// Failed: the probe itself could not find out.
	Failed

	// Outcomes is how many there are.
	Outcomes
)

// outcomes are how an Outcome is named in a table of the API, and in a sentence.
var outcomes = [Outcomes]struct{ name, words string }{
	{"", "not probed"}, {"answered", "reachable"}, {"slow", "slow"}, {"flaky", "flaky"}, {"wrongAnswer", "wrong answer"},
	{"protocol", "wrong answer"}, {"refused", "refused"}, {"reset", "reset"}, {"timeout", "timed out"}, {"unreachable", "unreachable"},
	{"error", "error"},
}

// String is the outcome's name.
func (o Outcome) String() string { return outcomes[o].name }

// Words is the outcome in a sentence.
func (o Outcome) Words() string { return outcomes[o].words }

// Failing reports that the target is not reachable as it should be.
func (o Outcome) Failing() bool { return o >= Flaky }

// errorTexts are what errors say, in lower case, and the outcome that they stand for:
// those of the kernel (strerror), as curl prints them, of Go, and of the API server,
// which passes on what it, or a kubelet, has found. The first row that fits counts.
var errorTexts = []struct {
	text    string
	outcome Outcome
}{
	{"malformed http", Protocol}, // it quotes the server
	{"refused", Refused},
	{"reset", Reset},
	{"forcibly closed", Reset}, // Windows
	{"broken pipe", Reset},
	{"timed out", Timeout},
	{"timeout", Timeout},
	{"deadline exceeded", Timeout},
	{"unreachable", Unreachable},
	{"no route", Unreachable},
	{"permission denied", Unreachable}, // a packet filter on the caller's node
	{"not permitted", Unreachable},
	{"cannot assign", Unreachable},
	{"not supported", Unreachable},
	{"invalid argument", Unreachable}, // a route of the kind blackhole
	{"eof", Reset},
}

// OutcomeOf returns the outcome that the text of an error stands for, or otherwise.
func OutcomeOf(text string, otherwise Outcome) Outcome {
	text = strings.ToLower(text)
	for _, row := range errorTexts {
		if strings.Contains(text, row.text) {
			return row.outcome
		}
	}
	return otherwise
}

// Judge returns what a result shows of a service that alone answers a version. Where
// version is "", which is for one that is not known, any version is right that all
// answers have.
func (r Result) Judge(version string) Outcome {
	switch {
	case r.Outcome != Answered:
		return r.Outcome
	case version != "" && r.Version != version, r.Other != nil && r.Other.Version != r.Version:
		return WrongAnswer
	case r.Failed > 0:
		return Flaky
	default:
		return Answered
	}
}
