package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// auditEvent is what this test reads of the API server's audit log.
type auditEvent struct {
	Stage, Verb, RequestURI, UserAgent string
	ObjectRef                          struct{ Resource, Namespace, Name, Subresource string }
}

// TestWhatIsShownIsWhatTheAPIServerSees compares the commands that a run shows
// with the API server's audit log: the same writes, nothing hidden beyond the
// namespace, the questions what is permitted, and the cleanup.
func TestWhatIsShownIsWhatTheAPIServerSees(t *testing.T) {
	if embedded == nil {
		t.Skip("needs the audit log of the embedded cluster")
	}
	pods, err := example.Load(examples.FS, "pods")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := engine.Compile(pods)
	if err != nil {
		t.Fatal(err)
	}
	agent := envconf.RandomName("audited", 16)
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig = kube.KubeConfig
	flags.WrapConfigFn = func(cfg *rest.Config) *rest.Config {
		cfg.UserAgent = agent
		return cfg
	}
	namespace := ""
	var expected []string
	manifests, shown := map[int]string{}, map[int][]string{} // scenarios run in parallel
	verdict := engine.Run(t.Context(), clientsOf(flags), plan, engine.Options{FailFast: true}, unobserved, func(ev engine.Event) {
		switch b := ev.Body.(type) {
		case engine.RunStarted:
			namespace = b.Run.Namespace
			expected = append(expected, "create namespaces "+namespace)
		case engine.FileShown:
			manifests[ev.Scenario] = b.Content
		case engine.CommandShown:
			shown[ev.Scenario] = writes(t, b.Line, manifests[ev.Scenario])
			expected = append(expected, shown[ev.Scenario]...)
		case engine.CommandRetried:
			for range b.Tries - 1 {
				expected = append(expected, shown[ev.Scenario]...)
			}
		case engine.RunEnded:
			for _, pod := range b.Cleanup.Unconfirmed { // by a kubelet in time: deleted again
				name, _, _ := strings.Cut(pod, " on ")
				name, _, _ = strings.Cut(name, "keeper-")
				expected = append(expected, strings.TrimSpace("delete pods "+name))
			}
		}
	})
	if verdict != v1alpha1.Passed {
		t.Fatalf("expected that all claims hold, found verdict %s", verdict)
	}
	// The cleanup: controllers, the Pods, the Namespace.
	expected = append(expected, "delete replicationcontrollers keeper", "deletecollection pods", "delete namespaces "+namespace)

	found := audited(t, agent, namespace)
	if hastened := "patch namespaces " + namespace; slices.Contains(found.writes, hastened) {
		expected = append(expected, hastened) // once, where the Pods took more than 5 s to end
	}
	slices.Sort(expected)
	slices.Sort(found.writes)
	if !slices.Equal(expected, found.writes) {
		t.Errorf("the commands shown ask for\n  %s\nthe audit log records\n  %s", strings.Join(expected, "\n  "), strings.Join(found.writes, "\n  "))
	}
	// One watch each for the whole run, and one of the cleanup, until the Pods are
	// gone; other watches are of single objects.
	if want := []string{"events", "pods", "pods"}; !slices.Equal(slices.Sorted(slices.Values(found.watched)), want) {
		t.Errorf("expected that the run watches its namespace once for each of %v, found %v", want, found.watched)
	}
	if found.dryRuns != 1 {
		t.Errorf("expected one dry-run, found %d", found.dryRuns)
	}
	assertWithinBudget(t, found.reads)
}

// budget is the most requests that a run of the pods page may send, by kind, and
// why it sends them. Those that read Pods depend on how often the Pods change
// while claims wait; all others are the same on any machine.
var budget = []struct {
	request string
	most    int
	why     string
}{
	{"create selfsubjectaccessreviews", 14, "what the run needs is asked beforehand, all at once"},
	{"create selfsubjectreviews", 1, "who asks, for the answer to a permission that is missing"},
	{"get serviceaccounts", 2, "a namespace takes no pods without its own"},
	{"watch serviceaccounts", 1, "the same"},
	{"list namespaces", 1, "what earlier runs have left"},
	{"get pods/exec", 13 + 3*8, "one for each kubectl exec, and up to 8 more for each of the three that wait until a program listens"},
	{"list nodes", 1, "whether they can run the page's image"},
	{"list resourcequotas", 1, "whether there is room for the pods"},
	{"get pods/log", 5, "one for each container of a kubectl logs"},
	{"get pods/proxy", 1, "kubectl get --raw"},
	{"watch pods", 16, "one for the run, one for its cleanup, one for each kubectl wait and kubectl delete"},
	{"watch events", 1, "one for the run"},
	{"list events", 2, "kubectl describe"},
	{"get pods", 95 + 3*8, "kubectl itself before each exec, log and wait; the claims of a step read the pods that they name once"},
	{"list pods", 25, "claims that select pods; kubectl get; the cleanup"},
	{"list networkpolicies", 13, "those between a kubectl exec and a pod that gives no answer for a second and a half, as on a machine with much to do"},
	{"get nodes", 60, "that of a pod that takes longer than three seconds to become Ready, as on a machine with much to do"},
	{"get replicationcontrollers", 1, "the cleanup looks whether the garbage collector has let it go"},
	{"watch replicationcontrollers", 1, "the same, where that takes a moment"},
	{"get namespaces", 3, "the cleanup looks whether it is still the run's, and waits until it is gone"},
	{"watch namespaces", 1, "the same"},
}

// assertWithinBudget also checks the number of each kind.
func assertWithinBudget(t *testing.T, reads map[string]int) {
	t.Helper()
	total := 0
	left := maps.Clone(reads)
	for _, b := range budget {
		n := reads[b.request]
		total += n
		delete(left, b.request)
		t.Logf("%3d of at most %3d  %s: %s", n, b.most, b.request, b.why)
		if n > b.most {
			t.Errorf("%s: expected at most %d, found %d", b.request, b.most, n)
		}
	}
	if len(left) > 0 {
		t.Errorf("expected no requests of other kinds, found %v", left)
	}
	t.Logf("%3d in all, beside the writes that the commands ask for", total)
}

// requests are what the audit log records of one client.
type requests struct {
	writes  []string
	reads   map[string]int
	watched []string // as a whole
	dryRuns int
}

// audited reads the audit log for the requests of a user agent, which must not
// leave the Namespace.
func audited(t *testing.T, agent, namespace string) requests {
	t.Helper()
	log, err := embedded.Log(t.Context(), "audit")
	if err != nil {
		t.Fatal(err)
	}
	found := requests{reads: map[string]int{}}
	for line := range strings.Lines(log) {
		var ev auditEvent
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if ev.UserAgent != agent || ev.ObjectRef.Resource == "" || ev.Stage != "ResponseComplete" {
			continue // someone else's, or discovery, or the beginning of a long request
		}
		found.add(ev)
		if o := ev.ObjectRef; o.Namespace != "" && o.Namespace != namespace && o.Resource != "namespaces" {
			t.Errorf("a request left the run's namespace %q: %s", namespace, ev.RequestURI)
		}
	}
	return found
}

func (r *requests) add(ev auditEvent) {
	o := ev.ObjectRef
	switch {
	case strings.Contains(ev.RequestURI, "dryRun=All"):
		r.dryRuns++
	case o.Subresource == "exec":
		r.writes = append(r.writes, "exec "+o.Name)
		r.reads["get pods/exec"]++
	case strings.HasPrefix(o.Resource, "selfsubject"): // a question; nothing is stored
		r.reads[ev.Verb+" "+o.Resource]++
	case ev.Verb == "get" || ev.Verb == "list" || ev.Verb == "watch":
		if ev.Verb == "watch" && !strings.Contains(ev.RequestURI, "fieldSelector=") && !strings.Contains(ev.RequestURI, "labelSelector=") {
			r.watched = append(r.watched, o.Resource)
		}
		r.reads[ev.Verb+" "+strings.TrimSuffix(o.Resource+"/"+o.Subresource, "/")]++
	default:
		// A controller's Pods have names that cannot be known before.
		name, _, _ := strings.Cut(o.Name, "keeper-")
		r.writes = append(r.writes, strings.TrimSpace(fmt.Sprintf("%s %s %s", ev.Verb, o.Resource, name)))
	}
}

// writes are the API writes that a shown command asks for.
func writes(t *testing.T, line, manifest string) []string {
	t.Helper()
	line, _, _ = strings.Cut(line, " | grep ")
	cmd, err := example.ParseCommand(line)
	if err != nil {
		t.Fatal(err)
	}
	words, err := cmd.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	switch words[1] {
	case "run":
		return []string{"create pods " + words[2]}
	case "create":
		var object struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
			t.Fatal(err)
		}
		return []string{"create " + strings.ToLower(object.Kind) + "s " + object.Metadata.Name}
	case "exec":
		return []string{"exec " + words[2]}
	case "delete":
		if words[3] == "-l" {
			return []string{"delete " + words[2]}
		}
		return []string{"delete " + words[2] + "s " + words[3]}
	}
	return nil
}
