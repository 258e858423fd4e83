package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/rand"
	utilexec "k8s.io/client-go/util/exec"
)

// lanes is how many connections curl keeps open at a time: some more than there are
// addresses, so that those that time out do so side by side and the others still
// get on; but few, for curl and the service have one thread each, and what waits for
// them looks like a slow network. Measured on two processors, with 50 services, from
// the dial to the connection and to the end of the answer (medians): 300 lanes 25 ms
// and 151 ms, 128 lanes 10 ms and 91 ms, 62 lanes 1.3 ms and 37 ms, 4 lanes 0.1 ms and
// 2 ms. The kernel answers the dial by itself: that is why latencies are those of it.
func lanes(addresses int) int { return min(max(16, addresses*5/4), 64) }

// silence is for how long curl may write nothing, beyond the time-out of a
// connection: it says something of each one when it begins and when it ends.
const silence = 10 * time.Second

// errEnough ends an exec of which enough is known.
var errEnough = errors.New("enough is known")

// curl has the container's curl probe all targets, and returns what it has said. Its
// exit code is that of one of its transfers, and no error.
func curl(ctx context.Context, exec Exec, targets []Target, opts Options) (*transcript, error) {
	// Nobody else knows the mark, so no answer can pretend to be the end of one.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	said := newTranscript(targets, "kbe-"+rand.String(16), opts, func() { cancel(errEnough) })
	defer said.close()
	patience := silence + opts.Timeout
	silent := time.AfterFunc(patience, func() {
		cancel(fmt.Errorf("nothing came from it for %s: is the node gone?", patience))
	})
	defer silent.Stop()
	heard := func(read func([]byte)) io.Writer {
		return writer(func(p []byte) { silent.Reset(patience); said.locked(read, p) })
	}
	err := exec(ctx, []string{"curl", "-q", "-K", "-"}, bytes.NewReader(config(targets, opts, said.mark, len(said.of))),
		heard(said.readStdout), heard(said.readStderr))
	switch {
	case err == nil:
	case errors.Is(context.Cause(ctx), errEnough):
		err = nil
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case hasNoCurl(err):
		err = ErrNoTool
	case exited(err):
		err = nil
	}
	return said, err
}

// config is what curl reads from its standard input: there is no limit to the number
// of targets there, and a line that an old curl does not know is only a warning.
//
// A curl older than 7.66 does not know parallel, and probes one after the other.
// It is verbose because from 7.78 on only that tells "refused" from "no route"; and
// writes the end of a transfer to stderr, for it keeps back what it writes to stdout.
// http1.1 and parallel-immediate keep connections to one address from waiting for
// each other. The first samples of all targets come before the second ones. There is
// no retry: it would hide what fails at times, and a curl of 7.66 to 7.69 sleeps
// through it, while all else times out.
func config(targets []Target, opts Options, mark string, addresses int) []byte {
	var b bytes.Buffer
	b.WriteString("silent\nno-progress-meter\nverbose\nparallel\nparallel-immediate\n")
	fmt.Fprintf(&b, "parallel-max = %d\n", lanes(addresses))
	b.WriteString("globoff\nhttp1.1\nnoproxy = \"*\"\nheader = \"Connection: close\"\nmax-filesize = 65536\n")
	fmt.Fprintf(&b, "max-time = %.3f\n", opts.Timeout.Seconds())
	fmt.Fprintf(&b, "write-out = \"%%{stderr}\\n%s|%%{url_effective}|%%{http_code}|%%{size_download}|%%{time_connect}|%%{time_total}|%%{exitcode}|%%{errormsg}\\n\"\n", mark)
	for range opts.Samples {
		seen := map[netip.AddrPort]bool{}
		for _, t := range targets {
			if !seen[t.Address] {
				seen[t.Address] = true
				fmt.Fprintf(&b, "url = \"http://%s%s\"\n", t.Address, opts.Path)
			}
		}
	}
	return b.Bytes()
}

// hasNoCurl: a shell's exit codes, or the words of a container runtime, whose error
// comes as one of the API server.
func hasNoCurl(err error) bool {
	var exit utilexec.CodeExitError
	if errors.As(err, &exit) {
		return exit.Code == 126 || exit.Code == 127
	}
	text := err.Error()
	return strings.Contains(text, "executable file not found") ||
		strings.Contains(text, "exec failed") && strings.Contains(text, "no such file or directory")
}

// exited tells that the program ran, and ended by itself.
func exited(err error) bool {
	var exit utilexec.CodeExitError
	return errors.As(err, &exit)
}

// writer is an io.Writer that takes everything.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
