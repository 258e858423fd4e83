package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

var captureFlag = flag.Bool("capture", false, "keep what the cluster says of each fault of a pod as the test data of internal/diagnose")

// fault is a row of the table of faults: something real that is wrong, and what
// a user reads of it.
type fault struct {
	row int
	// name is its own DNS label: runs of the fault's example differ from
	// others by it.
	name string
	// how it is provoked, in words.
	how string
	// provoke makes it and returns the arguments of kubectl-kbe.
	provoke func(s *scene) []string
	// want are the words that the user must read; the first one is the verdict.
	want []string
	// never are words that must not be read.
	never []string
	code  int
	// slow: the fault's own time is longer than a verdict may take, such as a
	// deadline that has to pass.
	slow bool
}

// maxSeconds is how long the verdict may take from when the cluster knew, or,
// where it does not say when it knew, from the start of the command.
const maxSeconds = 6.0

// TestFaults provokes each fault and asserts what is read of it, in what time,
// with which exit code, and that nothing is left.
func TestFaults(t *testing.T) {
	exhaustive(t)
	for _, group := range []struct {
		name     string
		faults   []fault
		embedded bool
	}{
		{"client", clientFaults, false},
		{"admission", admissionFaults, false},
		{"proxy", proxyFaults, false},
		{"pod", podFaults, false},
		{"registry", registryFaults, true},
		{"node", nodeFaults, true},
		{"restart", restartFaults, true},
	} {
		t.Run(group.name, func(t *testing.T) {
			if group.embedded && embedded == nil {
				t.Skip("needs the inside of the embedded cluster")
			}
			for _, f := range group.faults {
				t.Run(f.name, func(t *testing.T) {
					t.Parallel()
					f.run(t)
				})
			}
		})
	}
}

func (f fault) run(t *testing.T) {
	s := &scene{T: t, name: "f" + f.name, tmp: t.TempDir(), kubeconfig: *kube.KubeConfig}
	args := f.provoke(s)
	report := filepath.Join(t.TempDir(), "report.json")
	if len(args) > 0 && args[0] == "run" && !s.noReport {
		args = append(args, "--report-file", "json="+report)
	}
	if *captureFlag && len(args) > 0 && args[0] == "run" {
		args = append(args, "--dump", filepath.Join("..", "internal", "diagnose", "testdata", f.name))
	}
	printed := s.execute(args)
	outcome := row{fault: f, code: printed.code, leftovers: s.leftovers()}
	printed.assert(t, f.want, f.never, f.code)
	if len(outcome.leftovers) > 0 {
		t.Errorf("expected that nothing is left, found %s", strings.Join(outcome.leftovers, ", "))
	}
	outcome.seconds, outcome.basis = printed.seconds(f.want[0], s.known, since(report))
	if outcome.seconds > maxSeconds && !f.slow {
		t.Errorf("expected the verdict within %.0f s, found %.1f s (from %s)", maxSeconds, outcome.seconds, outcome.basis)
	}
	if t.Failed() {
		t.Logf("kubectl kbe %s\n%s", strings.Join(args, " "), printed.text)
	}
	outcome.text = printed.around(f.want[0])
	results.add(outcome)
}

// scene is where a fault is provoked.
type scene struct {
	*testing.T
	// name is that of the example that runs.
	name string
	// runs are the names of the runs, where it is not that one.
	runs []string
	// namespace is one of the fault's own, where it needs one.
	namespace  string
	kubeconfig string
	env        []string
	// tmp is the folder for temporary files.
	tmp string
	// known is when the cluster knew, where the report does not say.
	known time.Time
	// noReport: the arguments have a report of their own, or must have none.
	noReport bool
	// at, where it is not nil, is called once with the process when a line
	// contains when; it may set another.
	when string
	at   func(c *exec.Cmd, stdout io.Closer)
}

// account is what a command printed, and when.
type account struct {
	text    string
	started time.Time
	lines   []toldLine
	code    int
}

type toldLine struct {
	at   time.Time
	text string
}

// execute runs kubectl-kbe to its end, and notes the time of each line, be it of
// standard output or standard error.
func (s *scene) execute(args []string) account {
	s.Helper()
	c := plugin(s.T, args...)
	c.Env = append(c.Env, "KUBECONFIG="+s.kubeconfig, "TMPDIR="+s.tmp)
	c.Env = append(c.Env, s.env...)
	read, write, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	c.Stdout, c.Stderr = write, write
	out := account{started: time.Now()}
	err = c.Start()
	write.Close()
	if err != nil {
		s.Fatal(err)
	}
	for lines := bufio.NewScanner(read); lines.Scan(); {
		out.lines = append(out.lines, toldLine{time.Now(), lines.Text()})
		out.text += lines.Text() + "\n"
		if at := s.at; at != nil && strings.Contains(lines.Text(), s.when) {
			s.at = nil
			at(c, read)
		}
	}
	read.Close()
	_ = c.Wait() // the exit code shows it
	if s.at != nil {
		s.Errorf("expected a line with %q", s.when)
	}
	out.code = c.ProcessState.ExitCode()
	return out
}

var space = regexp.MustCompile(`\s+`)

// flat is a text without the line breaks that a terminal's width has made.
func flat(text string) string { return space.ReplaceAllString(text, " ") }

// assert asserts what is read, what is not, and the exit code.
func (s account) assert(t *testing.T, want, never []string, code int) {
	t.Helper()
	for _, text := range want {
		if !s.contains(text) {
			t.Errorf("expected to read %q", text)
		}
	}
	for _, text := range never {
		if s.contains(text) {
			t.Errorf("expected not to read %q", text)
		}
	}
	if s.code != code {
		t.Errorf("expected exit code %d, found %d", code, s.code)
	}
}

func (s account) contains(want string) bool { return strings.Contains(flat(s.text), want) }

// seconds is the time from when the cluster knew to the line that shows it. The
// cluster's times are in whole seconds, cut off: a verdict may seem to have
// taken up to a second longer than it did.
func (s account) seconds(want string, known, reported time.Time) (seconds float64, basis string) {
	begin, basis := s.started, fromStart
	switch {
	case !known.IsZero():
		begin, basis = known, "the fault"
	case !reported.IsZero():
		begin, basis = reported, "the cluster"
	}
	text := ""
	for _, l := range s.lines {
		if text += l.text + "\n"; strings.Contains(flat(text), want) {
			return max(0, l.at.Sub(begin).Seconds()), basis
		}
	}
	return 0, basis
}

// around is the paragraph that holds the words, for people.
func (s account) around(want string) string { return around(s.text, want) }

func around(text, want string) string {
	text = flat(text)
	i := strings.Index(text, want)
	if i < 0 {
		return ""
	}
	return text[i:min(len(text), i+len(want)+100)]
}

// since is when the cluster knew, as the report's first Cause says. Where it
// does not say, it is when the Pod was scheduled, which is before that.
func since(report string) (at time.Time) {
	var r v1alpha1.Report
	if data, err := os.ReadFile(report); err != nil || json.Unmarshal(data, &r) != nil {
		return at
	}
	causes := []*v1alpha1.Cause{r.Cause}
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			if st.Failure != nil {
				causes = append(causes, &st.Failure.Cause)
			}
		}
	}
	for _, c := range causes {
		if c != nil && c.Since != nil {
			return c.Since.Time
		}
	}
	for _, pod := range r.Pods {
		for _, m := range pod.Timeline {
			if m.What == "Scheduled" && r.Verdict == v1alpha1.CouldNotRun {
				at = m.Time.Time
			}
		}
	}
	return at
}

// leftovers lists what remains of a run: its own Namespaces, objects in one of
// others, temporary files.
func (s *scene) leftovers() (left []string) {
	s.Helper()
	ctx := context.Background()
	ours := metav1.ListOptions{LabelSelector: session.RunLabel}
	namespaces, err := client(s.T).CoreV1().Namespaces().List(ctx, ours)
	if err != nil {
		s.Fatal(err)
	}
	names := s.runs
	if names == nil {
		names = []string{s.name}
	}
	for _, ns := range namespaces.Items {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(ns.Name, "kbe-"+name+"-") }) {
			left = append(left, "namespace/"+ns.Name)
		}
	}
	if s.namespace != "" {
		pods, err := client(s.T).CoreV1().Pods(s.namespace).List(ctx, ours)
		if err != nil {
			s.Fatal(err)
		}
		for _, p := range pods.Items {
			left = append(left, "pod/"+p.Name)
		}
	}
	files, err := os.ReadDir(s.tmp)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.Fatal(err)
	}
	for _, f := range files {
		left = append(left, f.Name())
	}
	return left
}
