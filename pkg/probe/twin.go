package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// program is where the service's image has it (cluster/internal/image).
const program = "/simpleservice"

// maxLine bounds a line of the probe: 8 KiB of bodies, each byte of which JSON
// may write as six.
const maxLine = 128 << 10

// request is that of `simpleservice probe` (images/simpleservice/probe).
type request struct {
	Targets   []requestTarget `json:"targets"`
	Samples   int             `json:"samples"`
	TimeoutMS int64           `json:"timeoutMs"`
	SettleMS  int64           `json:"settleMs"`
	Parallel  int             `json:"parallel"`
}

type requestTarget struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// line is a result of `simpleservice probe`.
type line struct {
	ID        string        `json:"id"`
	Outcome   Outcome       `json:"outcome"`
	Connected bool          `json:"connected"`
	Body      string        `json:"body"`
	Other     string        `json:"other"`
	Answered  int           `json:"answered"`
	Failed    int           `json:"failed"`
	Connect   latency       `json:"connect"`
	Total     latency       `json:"total"`
	Settled   time.Duration `json:"settled"`
	Error     string        `json:"error"`
}

type latency struct {
	P50 time.Duration `json:"p50"`
	P99 time.Duration `json:"p99"`
}

// askTwin has the container's own `simpleservice probe` ask.
func askTwin(ctx context.Context, exec Exec, targets []Target, opts Options, each func(Result)) error {
	asked := request{
		Samples: opts.Samples, Parallel: opts.Parallel,
		TimeoutMS: opts.Timeout.Milliseconds(), SettleMS: opts.Settle.Milliseconds(),
	}
	missing := map[string]bool{}
	for _, t := range targets {
		asked.Targets = append(asked.Targets, requestTarget{t.ID, opts.url(t)})
		missing[t.ID] = true
	}
	stdin, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	turns := (len(targets)/opts.Parallel + 1) * (opts.Samples + 1)
	ctx, cancel := within(ctx, turns, opts)
	defer cancel()
	var stderr limited
	err = run(ctx, exec, []string{program, "probe"}, stdin, &stderr, func(stdout io.Reader) error {
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, maxLine)
		for lines.Scan() {
			var l line
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil || !missing[l.ID] {
				return fmt.Errorf("%s probe: expected a result of one of the targets, found %.200q", program, lines.Bytes())
			}
			delete(missing, l.ID)
			each(l.result())
		}
		return lines.Err()
	})
	switch {
	case errors.Is(err, errNoProgram):
		return err
	case err == nil && len(missing) > 0:
		err = errors.New("it ended early")
	case err == nil:
		return nil
	}
	return fmt.Errorf("%s probe told of %d of %d targets: %w%s", program, len(targets)-len(missing), len(targets), err, stderr.suffix())
}

func (l line) result() Result {
	r := Result{
		ID: l.ID, Outcome: l.Outcome, Connected: l.Connected, Answered: l.Answered, Failed: l.Failed,
		P50: l.Total.P50, P99: l.Total.P99, ConnectP50: l.Connect.P50, Settled: l.Settled, Tool: ToolTwin, Err: l.Error,
	}
	if l.Outcome == Answered {
		r.take(l.Body, l.Other)
	}
	return r
}

// take reads the answers: the first one, and another that differs from it, or "".
func (r *Result) take(body, other string) {
	first, _ := ParseAnswer(body)
	r.Version, r.Host, r.From = first.Version, first.Host, first.From
	if second, ok := ParseAnswer(other); ok && second != first {
		r.Other = &second
	}
}

// ParseAnswer reads the body of /info; ok is false where it is not the service's.
func ParseAnswer(body string) (answer Answer, ok bool) {
	var info struct {
		Version *string `json:"version"`
		Host    string  `json:"host"`
		From    string  `json:"from"`
	}
	if err := json.Unmarshal([]byte(body), &info); err != nil || info.Version == nil {
		return Answer{}, false
	}
	from, _ := netip.ParseAddr(info.From) // a text that is no address proves nothing
	return Answer{Version: *info.Version, Host: info.Host, From: from.Unmap()}, true
}
