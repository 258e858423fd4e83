package diagnose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// captured reads what a cluster said of a fault: testdata is what `--dump` wrote
// when the e2e suite provoked it (go test ./e2e -run TestFaults -args --capture).
func captured(t *testing.T, fault string) Evidence {
	t.Helper()
	read := func(file string, into any) {
		text, err := os.ReadFile(filepath.Join("testdata", fault, file))
		if err == nil {
			err = yaml.UnmarshalStrict(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var pods corev1.PodList
	var events corev1.EventList
	read("pods.yaml", &pods)
	read("events.yaml", &events)
	return Evidence{Pod: &pods.Items[0], Events: events.Items}
}

// start begins what is said of the container of all captured Pods.
const start = `container "main" of pod "subject"`

var podCauses = map[string]struct {
	what     string // the whole of it; $node stands for the Pod's Node
	why      string // a part of it
	outlook  Outlook
	workload bool
}{
	"noimage":       {start + `: the image localhost:5000/missing:1 does not exist`, "not found", Retried, false},
	"noregistry":    {start + `: node "$node" cannot reach the registry of the image localhost:5999/missing:1`, "connection refused", Unsettled, false},
	"private":       {start + `: the registry requires credentials for the image localhost:5000/private/app:1 on node "$node" (401), or the image does not exist`, "authorization failed", Retried, false},
	"denied":        {start + `: the registry denies node "$node" the image localhost:5000/denied/app:1 (403)`, "403 Forbidden", Retried, false},
	"limited":       {start + `: the registry limits pulls of the image localhost:5000/limited/app:1 (429)`, "429 Too Many Requests", Unsettled, false},
	"broken":        {start + `: the registry of the image localhost:5000/broken/app:1 has an internal error`, "503 Service Unavailable", Unsettled, false},
	"mainframe":     {start + `: the image localhost:5000/mainframe:1 has no variant for node "$node"`, "no match for platform", Retried, false},
	"old":           {start + `: the image localhost:5000/old:1 has a schema 1 manifest, which container runtimes no longer support`, "no longer supported", Retried, false},
	"unschedulable": {`pod "subject" is not scheduled: no node can run it (Unschedulable)`, "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector", Unsettled, false},
	"toobig":        {`pod "subject" is not scheduled: no node can run it (Unschedulable)`, "3 Insufficient cpu", Unsettled, false},
	"crash":         {start + ` exited`, "Error: exit code 3", Retried, true},
	"initcrash":     {`container "prepare" of pod "subject" exited`, "Error: exit code 7", Retried, true},
	"nocommand":     {start + ` does not start: its image has no executable "nosuchprogram"`, "executable file not found", Retried, false},
	"oom":           {start + ` was killed, because it used more memory than its limit of 20Mi (OOMKilled)`, "OOMKilled: exit code 137", Retried, true},
	"root":          {start + ` does not start: securityContext.runAsNonRoot forbids root, and its image runs as root`, "image will run as root", Retried, false},
	"notready":      {start + ` runs, but its probe fails`, "Readiness probe failed: HTTP probe failed with statuscode: 404", Slow, false},
	"noconfig":      {start + ` does not start: it needs the configmap "absent", which does not exist`, "CreateContainerConfigError", Retried, false},
	"nomount":       {`pod "subject" does not start: one of its volumes needs the secret "absent", which does not exist`, "MountVolume.SetUp failed", Unsettled, false},
	"sandbox":       {`pod "subject" does not start: node "$node" cannot create its sandbox`, "ip_unprivileged_port_start: invalid argument", Unsettled, false},
	"liveness":      {start + ` is restarted, because its liveness probe fails`, "statuscode: 404", Retried, true},
	"hook":          {start + ` is killed repeatedly, because its postStart hook fails`, "PostStartHook failed", Retried, true},
	"deadline":      {`pod "subject" exceeded its activeDeadlineSeconds`, "longer than the specified deadline", Hopeless, false},
}

func TestThePodsOfACluster(t *testing.T) {
	for fault, want := range podCauses {
		t.Run(fault, func(t *testing.T) {
			e := captured(t, fault)
			c := e.Cause()
			if c == nil {
				t.Fatal("expected a cause, found none")
			}
			what := strings.ReplaceAll(want.what, "$node", e.Pod.Spec.NodeName)
			if c.What != what || c.Outlook != want.outlook || c.Workload != want.workload {
				t.Errorf("expected %s (%s, workload: %t), found %s (%s, workload: %t)", what, want.outlook, want.workload, c.What, c.Outlook, c.Workload)
			}
			if !strings.Contains(c.Why, want.why) {
				t.Errorf("expected the cluster's own words %q, found %q", want.why, c.Why)
			}
			if c.Remedy == "" || c.Since.IsZero() {
				t.Errorf("expected a remedy and the time since when, found %+v", c)
			}
		})
	}
}

func TestAllThatWasCapturedIsTested(t *testing.T) {
	captures, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range captures {
		if _, tested := podCauses[c.Name()]; !tested && c.Name() != "ready" {
			t.Errorf("testdata/%s: expected a row in this test, found none", c.Name())
		}
	}
}

func TestAPodThatIsReadyOrOnItsWayHasNoCause(t *testing.T) {
	e := captured(t, "ready")
	if c := e.Cause(); c != nil {
		t.Errorf("ready: expected no cause, found %v", c)
	}
	// As it was when it had just been scheduled, with all Events of its later life.
	e.Pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	e.Pod.Status.Conditions = nil
	if c := e.Cause(); c != nil {
		t.Errorf("on its way: expected no cause, found %v", c)
	}
}

func TestAWarningThatIsOverIsNoCause(t *testing.T) {
	e := captured(t, "nomount")
	e.Pod.Status.ContainerStatuses = captured(t, "ready").Pod.Status.ContainerStatuses // it was mounted after all
	if c := e.Cause(); c != nil {
		t.Errorf("expected no cause, found %v", c)
	}
}

func TestTheNodeMakesACauseMoreExact(t *testing.T) {
	e := captured(t, "mainframe")
	e.Node = &corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64"}}}
	if c := e.Cause(); c == nil || !strings.HasSuffix(c.What, `(linux/amd64)`) {
		t.Errorf("expected the node's platform, found %v", c)
	}
	other := captured(t, "noregistry")
	without := other.Cause()
	other.Node = e.Node
	if with := other.Cause(); with.What != without.What {
		t.Errorf("expected that the platform is named only where it matters, found %q, then %q", without.What, with.What)
	}
}

// An old kubelet says in the container's state only that it backs off.
func TestTheEventsShowWhatTheStateDoesNot(t *testing.T) {
	e := captured(t, "noimage")
	for i := range e.Pod.Status.ContainerStatuses {
		e.Pod.Status.ContainerStatuses[i].State.Waiting.Message = `Back-off pulling image "localhost:5000/missing:1"`
	}
	if c := e.Cause(); c == nil || !strings.Contains(c.What, "does not exist") {
		t.Errorf("expected that the image does not exist, found %v", c)
	}
}
