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

// parallelMax is how many connections curl has open at a time: two for each address, as
// many as show that one times out (see decide), so that all do so in parallel; but
// few, because curl and the service use one thread each, and waiting for a thread looks
// like a slow network. Medians with 50 services on two processors, until the connection
// was established and until the answer was read: 300 at a time 25 ms and 151 ms, 128:
// 10 ms and 91 ms, 96: 1.1 ms and 33 ms, 4: 0.1 ms and 2 ms. The kernel accepts
// connections by itself, so latencies are those of the connection.
func parallelMax(addresses int) int { return min(max(4, 2*addresses), 96) }

// quiet is how long curl may write nothing, in addition to the timeout of a
// connection: it reports when each one begins and ends.
const quiet = 10 * time.Second

// errEnough ends an exec that has reported enough.
var errEnough = errors.New("enough is known")

// command is what runs in the container.
var command = []string{"curl", "-q", "-K", "-"}

// curl has the container's curl probe all targets, and returns what it reported. That
// transfers failed is no error.
func curl(ctx context.Context, exec Exec, targets []netip.AddrPort, opts Options) (*transcript, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A random mark, so that no answer can forge the end of a transfer; a short one, because
	// curl writes it with a system call for each character.
	t := newTranscript(rand.String(8), targets, opts, func() { cancel(errEnough) })
	defer t.close()
	limit := quiet + opts.Timeout
	watchdog := time.AfterFunc(limit, func() {
		cancel(fmt.Errorf("no output from curl for %s: is the node down?", limit))
	})
	defer watchdog.Stop()
	reading := func(read func([]byte)) io.Writer {
		return writer(func(p []byte) { watchdog.Reset(limit); t.locked(read, p) })
	}
	err := exec(ctx, command, bytes.NewReader(t.config()), reading(t.readStdout), reading(t.readStderr))
	exit, exited := errors.AsType[utilexec.CodeExitError](err)
	switch {
	case err == nil, errors.Is(context.Cause(ctx), errEnough):
		return t, nil
	case ctx.Err() != nil:
		return t, context.Cause(ctx)
	case exited && (exit.Code == 126 || exit.Code == 127), !exited && notFound(err.Error()):
		return t, ErrNoTool
	case exited:
		return t, nil
	}
	return t, err
}

// notFound recognizes what container runtimes report through the API server.
func notFound(text string) bool {
	return strings.Contains(text, "executable file not found") ||
		strings.Contains(text, "exec failed") && strings.Contains(text, "no such file or directory")
}

// config is what curl reads from its standard input, which has no size limit. A line
// that an old curl does not know is only a warning there: before 7.66 it does not know
// parallel, and probes one address after the other.
//
// Each write of curl's goes through the kubelet and the API server, and stderr has one for each
// character. So the end of a transfer goes to stdout, which no-buffer has written with the
// next body at the latest; only the end of one that failed goes to stderr, at once. From 7.78 on
// nothing but verbose shows the kernel's reason for a connection that failed, by a hundred writes.
//
// http1.1 and parallel-immediate keep connections to one address from waiting
// for each other. There is no retry: it would hide failures that come and go, and curl
// 7.66 to 7.69 sleeps through it while all other transfers time out.
func (t *transcript) config() []byte {
	var b bytes.Buffer
	b.WriteString("silent\nno-progress-meter\nno-buffer\nparallel\nparallel-immediate\n")
	if t.opts.verbose {
		b.WriteString("verbose\n")
	}
	fmt.Fprintf(&b, "parallel-max = %d\n", parallelMax(len(t.addresses)))
	b.WriteString("globoff\nhttp1.1\nnoproxy = \"*\"\nheader = \"Connection: close\"\nmax-filesize = 65536\n")
	fmt.Fprintf(&b, "max-time = %.3f\n", t.opts.Timeout.Seconds())
	end := "%{url_effective}|%{http_code}|%{size_download}|%{time_connect}|%{time_total}|%{exitcode}|%{errormsg}"
	fmt.Fprintf(&b, "write-out = \"\\n%[1]s|%[2]s\\n%%{onerror}%%{stderr}\\n%[1]s!%[2]s\\n\"\n", t.mark, end)
	for range t.opts.Samples {
		for _, a := range t.addresses {
			fmt.Fprintf(&b, "url = \"http://%s/info\"\n", a)
		}
	}
	return b.Bytes()
}

// writer is an io.Writer that takes everything.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}
