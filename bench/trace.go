package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// traceEvent is one of the Trace Event Format, which Perfetto and chrome://tracing open
// (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
type traceEvent struct {
	Name     string `json:"name"`
	Category string `json:"cat,omitempty"`
	// Phase is X for what has a length, b and e for the ends of what may overlap with
	// others, i for a moment, and M for the name of a process or thread.
	Phase string `json:"ph"`
	// TS and Dur are in microseconds.
	TS   int64          `json:"ts"`
	Dur  int64          `json:"dur,omitempty"`
	PID  int            `json:"pid"`
	TID  int            `json:"tid"`
	ID   int            `json:"id,omitempty"`
	Args map[string]any `json:"args,omitempty"`
}

// trace has on one time axis what a run did, and what the cluster did meanwhile.
type trace struct {
	from, to  time.Time
	events    []traceEvent
	processes []string
}

// traces are those of the runs so far, by what was measured and its seconds.
type traces map[string]map[float64]*trace

func (t traces) keep(name string, seconds float64, tr *trace) {
	if t[name] == nil {
		t[name] = map[float64]*trace{}
	}
	t[name][seconds] = tr
}

// write writes the trace of the run that is nearest to the median.
func (t traces) write(file, name string, median float64) error {
	var nearest *trace
	distance := math.Inf(1)
	for seconds, tr := range t[name] {
		if d := math.Abs(seconds - median); d < distance {
			nearest, distance = tr, d
		}
	}
	if nearest == nil {
		return nil
	}
	text, err := json.Marshal(map[string]any{"traceEvents": nearest.events, "displayTimeUnit": "ms"})
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// trace collects what the cluster did during a run that has just ended.
func (l *lab) trace(ctx context.Context, r *v1alpha1.Report) (*trace, error) {
	end := r.EndTime.Time
	t := &trace{from: end.Add(-time.Duration(r.ElapsedMilliseconds) * time.Millisecond), to: end}
	t.run(r)
	for _, component := range l.components() {
		c := l.command(ctx, "kbe-cluster", "logs", "--name", l.name, component)
		if _, err := c.measure(); err != nil {
			return nil, err
		}
		if component == "audit" {
			t.audit(c.stdout.Bytes())
		} else {
			t.log(component, c.stdout.Bytes())
		}
	}
	return t, nil
}

// components are those whose logs explain how pods come up.
func (l *lab) components() []string {
	all := []string{"audit", "kube-scheduler", "kube-controller-manager"}
	for i := range l.nodes {
		all = append(all, fmt.Sprintf("node-%d/kubelet", i+1), fmt.Sprintf("node-%d/containerd", i+1))
	}
	return all
}

// process returns the ID of a process of the trace.
func (t *trace) process(name string) int {
	if i := slices.Index(t.processes, name); i >= 0 {
		return i + 1
	}
	t.processes = append(t.processes, name)
	t.events = append(t.events, traceEvent{Name: "process_name", Phase: "M", PID: len(t.processes), Args: map[string]any{"name": name}})
	return len(t.processes)
}

func (t *trace) thread(pid, tid int, name string) {
	t.events = append(t.events, traceEvent{Name: "thread_name", Phase: "M", PID: pid, TID: tid, Args: map[string]any{"name": name}})
}

// run adds the scenarios, a thread for each, with their steps, and the pods.
func (t *trace) run(r *v1alpha1.Report) {
	pid := t.process("kubectl-kbe")
	verdict := t.from.Add(time.Duration(r.VerdictMilliseconds) * time.Millisecond)
	t.thread(pid, 0, "run")
	t.events = append(t.events,
		traceEvent{Name: "checks", Phase: "X", TS: t.from.UnixMicro(), Dur: verdict.Sub(t.from).Microseconds(), PID: pid},
		traceEvent{Name: "cleanup", Phase: "X", TS: verdict.UnixMicro(), Dur: t.to.Sub(verdict).Microseconds(), PID: pid})
	longest := slices.MaxFunc(r.Scenarios, func(a, b v1alpha1.Scenario) int { return cmp.Compare(a.ElapsedMilliseconds, b.ElapsedMilliseconds) })
	// Scenarios begin together, and the last one ends with the verdict.
	begin := verdict.Add(-time.Duration(longest.ElapsedMilliseconds) * time.Millisecond)
	for i, sc := range r.Scenarios {
		t.thread(pid, i+1, sc.Name)
		at := begin.UnixMicro()
		for _, st := range sc.Steps {
			t.events = append(t.events, traceEvent{Name: st.Command, Phase: "X", TS: at, Dur: st.ElapsedMilliseconds * 1000, PID: pid, TID: i + 1})
			at += st.ElapsedMilliseconds * 1000
		}
	}
	pid = t.process("pods")
	for i, pod := range r.Pods {
		t.thread(pid, i, pod.Name+" on "+pod.Node)
		for _, m := range pod.Timeline {
			took := m.TookMilliseconds * 1000
			t.events = append(t.events, traceEvent{
				Name: strings.TrimSpace(m.What + " " + m.Container), Phase: "X", TS: m.Time.UnixMicro() - took, Dur: max(took, 1), PID: pid, TID: i,
			})
		}
	}
}

// audit adds the requests to the API server.
func (t *trace) audit(log []byte) {
	pid := t.process("kube-apiserver")
	id := 0
	for ev := range auditedRequests(log) {
		if !t.during(ev.StageTimestamp) {
			continue
		}
		id++
		name, _, _ := strings.Cut(ev.UserAgent, "/")
		for phase, at := range map[string]time.Time{"b": ev.RequestReceivedTimestamp, "e": ev.StageTimestamp} {
			t.events = append(t.events, traceEvent{Name: ev.Verb + " " + ev.RequestURI, Category: name, Phase: phase, TS: at.UnixMicro(), PID: pid, ID: id})
		}
	}
}

// The times of klog and of containerd.
var (
	klogTime   = regexp.MustCompile(`^[IWEF](\d{4} \d\d:\d\d:\d\d\.\d{6}) +\d+ (.*)`)
	logfmtTime = regexp.MustCompile(`^time="([^"]+)" (.*)`)
)

// log adds the lines of a component's log as moments.
func (t *trace) log(component string, log []byte) {
	pid := t.process(component)
	for line := range strings.Lines(string(log)) {
		line = strings.TrimSpace(line)
		var at time.Time
		var text string
		if m := klogTime.FindStringSubmatch(line); m != nil {
			at, _ = time.ParseInLocation("20060102 15:04:05.000000", t.to.Format("2006")+m[1], time.Local)
			text = m[2]
		} else if m := logfmtTime.FindStringSubmatch(line); m != nil {
			at, _ = time.Parse(time.RFC3339Nano, m[1])
			text = m[2]
		}
		if t.during(at) {
			t.events = append(t.events, traceEvent{Name: text, Phase: "i", TS: at.UnixMicro(), PID: pid})
		}
	}
}

func (t *trace) during(at time.Time) bool { return !at.Before(t.from) && !at.After(t.to) }
