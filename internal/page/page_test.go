package page

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// read reads a page.
func read(t testing.TB, name, text string) *Page {
	t.Helper()
	p, err := Read(name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// outputsOf is what commands printed, by the line of the page that they are in.
type outputsOf map[string]expect.Outcome

// findings are what a page has wrong, as LINE: TEXT, and the page with the changes.
func findings(p *Page, out outputsOf) (found []string, corrected string) {
	outcomes := map[string]expect.Outcome{}
	for line, o := range out {
		outcomes["line-"+line] = o
	}
	h, corrected := judged(p, outcomes)
	for _, d := range h.differences {
		found = append(found, d.id+": "+d.Text)
	}
	return found, corrected
}

// boundOf is what each step of a page has bound, as LINE KIND PAGE → CLUSTER.
func boundOf(p *Page, out outputsOf) (all []string) {
	f := expect.Facts{Namespace: "kbe-page-abcde", Steps: map[string]expect.Outcome{}}
	for _, c := range p.commands {
		c.prepare()
		f.Step, f.Outcome = c.step, out[c.id]
		for _, b := range p.Bindings(f) {
			all = append(all, fmt.Sprintf("%d %s %s → %s", b.Position.Line, b.Kind, b.Page, b.Cluster))
		}
		f.Steps[c.step] = f.Outcome
	}
	return all
}

func pageOf2017(t testing.TB) *Page {
	t.Helper()
	text, err := os.ReadFile("../../e2e/testdata/pages/pods-2017.md")
	if err != nil {
		t.Fatal(err)
	}
	return read(t, "pods.md", string(text))
}

// TestThePageOf2017IsAnExample: every command is there, in the order of the page.
func TestThePageOf2017IsAnExample(t *testing.T) {
	pod, err := os.ReadFile("../../examples/pods/pod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e, err := pageOf2017(t).Example(Sources{Beside: fstest.MapFS{"pod.yaml": {Data: pod}}})
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, st := range e.Spec.Scenarios[0].Steps {
		if st.NotRun != "" {
			t.Errorf("expected that each command runs, found %s", st.NotRun)
		}
		commands = append(commands, st.Run)
	}
	want := []string{
		"kubectl run sise --image=mhausenblas/simpleservice:0.5.0 --port=9876",
		"kubectl get pods",
		`kubectl describe pod $(bound("sise-3210265840-k705b"))`,
		"kubectl run kbe-client --image=$(images.cluster) -- sleep infinity",
		"kubectl wait --for=condition=Ready pod/kbe-client --timeout=2m",
		`kubectl exec kbe-client -- curl -sS $(bound("172.17.0.3")):9876/info`,
		"kubectl delete deployment sise",
		"kubectl delete pod sise --ignore-not-found --now",
		"kubectl create -f pod.yaml",
		"kubectl get pods",
		"kubectl exec twocontainers -c shell -- bash -c true",
		"kubectl exec twocontainers -c shell -- bash -c 'curl -sS localhost:9876/info'",
	}
	if !slices.Equal(commands, want) {
		t.Errorf("expected the commands\n%s\nfound\n%s", strings.Join(want, "\n"), strings.Join(commands, "\n"))
	}
}

// TestNodesHaveTheNamesOfThePage: a list of the nodes defines their names, and each later command is about the
// cluster's node.
func TestNodesHaveTheNamesOfThePage(t *testing.T) {
	p := read(t, "page.md", "```\n$ kubectl get nodes\nNAME      STATUS   AGE\nworker-a  Ready    9d\n$ kubectl label nodes worker-a disk=ssd\nnode/worker-a labeled\n"+
		"$ kubectl describe node worker-a\nName:    worker-a\nLabels:  kubernetes.io/hostname=worker-a\n```\n")
	e, err := p.Example(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.Spec.Scenarios[0].Steps[1].Run, `kubectl label nodes $(bound("worker-a")) disk=ssd`; got != want {
		t.Errorf("expected %s, found %s", want, got)
	}
	outputs := outputsOf{"2": {Stdout: "NAME     STATUS   AGE\nnode-1   Ready    9m\nnode-10   Ready    9m\n"}, "5": {Stdout: "node/node-1 labeled\n"},
		"7": {Stdout: "Name:    node-1\nLabels:  kubernetes.io/hostname=node-10\n"}}
	found, _ := findings(p, outputs)
	if want := []string{"9: Labels: the page shows kubernetes.io/hostname=worker-a; the cluster has kubernetes.io/hostname=node-10"}; !slices.Equal(found, want) {
		t.Errorf("expected %q, found %q", want, found)
	}
	if got, want := boundOf(p, outputs), []string{"4 age 9d → 9m", "4 node worker-a → node-1"}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("expected %q, found %q", want, got)
	}
}

// TestCommandsThatAreRunAgain: a wait looks once for the objects that it is for, and the page may
// have made them a moment before.
func TestCommandsThatAreRunAgain(t *testing.T) {
	text := "```sh\nkubectl scale rc web --replicas=2\nkubectl wait pod -l app=web --for=condition=Ready\nkubectl get pods\n```\nAfter 35 seconds, list them:\n```sh\nkubectl get pods\n```\nAfter 2 minutes, at most 35 seconds more:\n```sh\nkubectl get pods\n```\n<!-- kbe: {within: 20s} -->\n```sh\nkubectl get pods\n```\n"
	e, err := read(t, "page.md", text).Example(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	var within []string
	var settles []time.Duration
	for _, st := range e.Spec.Scenarios[0].Steps {
		within, settles = append(within, st.Within), append(settles, st.Settles)
	}
	if want := []string{"", defaultWithin, defaultWithin, defaultWithin, defaultWithin, "20s"}; !slices.Equal(within, want) {
		t.Errorf("expected %q, found %q", want, within)
	}
	if want := []time.Duration{0, settleTime, settleTime, 35 * time.Second, 2 * time.Minute, 0}; !slices.Equal(settles, want) {
		t.Errorf("expected that what takes time has as much as its sentence names: %v, found %v", want, settles)
	}
}

// TestTheNamespaceDefault: what names it on a page is the namespace of the run.
func TestTheNamespaceDefault(t *testing.T) {
	for command, want := range map[string]string{
		"[cluster] $ curl web.default.svc":                                   "kubectl exec kbe-client -- curl -sS web.$(run.namespace).svc",
		"[cluster] $ curl http://web.default.svc.cluster.local:80/x":         "kubectl exec kbe-client -- curl -sS http://web.$(run.namespace).svc.cluster.local:80/x",
		"[cluster] $ curl http://web.default/ && nslookup db-0.db.default":   "kubectl exec kbe-client -- sh -c 'curl -sS http://web.'$(run.namespace)'/ && nslookup db-0.db.'$(run.namespace)",
		"$ kubectl exec a -- nslookup web.default":                           "kubectl exec a -- nslookup web.$(run.namespace)",
		"$ kubectl exec a -- wget -qO- web.default:8080/x web.default.svc":   "kubectl exec a -- wget -qO- web.$(run.namespace):8080/x web.$(run.namespace).svc",
		"$ kubectl exec a -- sh -c 'wget -qO- web.default | grep default'":   "kubectl exec a -- sh -c 'wget -qO- web.'$(run.namespace)' | grep default'",
		"$ kubectl exec a -- cat nginx.conf.default /etc/default/locale":     "kubectl exec a -- cat nginx.conf.default /etc/default/locale",
		"$ kubectl exec a -- curl https://kubernetes.default.svc/":           "kubectl exec a -- curl https://kubernetes.default.svc/",
		"$ kubectl get --raw /api/v1/namespaces/default/pods":                "kubectl get --raw /api/v1/namespaces/$(run.namespace)/pods",
		"$ kubectl create rolebinding a --role=b --serviceaccount=default:c": "kubectl create rolebinding a --role=b --serviceaccount=$(run.namespace):c",
		"$ kubectl -n default get pods":                                      "kubectl get pods",
		"$ kubectl get pods --namespace=default":                             "kubectl get pods",
		"$ kubectl get pods --namespace default -l app=default":              "kubectl get pods -l app=default",
		"$ kubectl exec -n default a -- echo -n default":                     "kubectl exec a -- echo -n default",
		"$ kubectl get serviceaccount default":                               "kubectl get serviceaccount default",
	} {
		p := read(t, "page.md", "```console\n"+command+"\n```\n")
		e, err := p.Example(Sources{})
		if err != nil {
			t.Errorf("%s: %v", command, err)
			continue
		}
		steps := e.Spec.Scenarios[0].Steps
		if st := steps[len(steps)-1]; st.Run != want || st.NotRun != "" {
			t.Errorf("%s: expected %s, found %s %s", command, want, st.Run, st.NotRun)
		}
	}
}

// TestTheNamespaceOfAPage: the one that a page creates before anything else is the namespace of the run.
func TestTheNamespaceOfAPage(t *testing.T) {
	const manifest = "```yaml\n# a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\n```\n"
	const standsFor = "`: the namespace of the run stands for it"
	for name, tc := range map[string]struct {
		script string
		want   []string
	}{
		"one": {"kubectl create namespace shop\nkubectl apply -f a.yaml --namespace=shop\nkubectl exec a -n shop -- curl b.shop.svc\nkubectl delete ns shop",
			[]string{"not run: `kubectl create namespace shop" + standsFor, "kubectl apply -f a.yaml", "kubectl exec a -- curl b.$(run.namespace).svc", "not run: `kubectl delete ns shop" + standsFor}},
		"the second":    {"kubectl create ns shop\nkubectl create ns bar\nkubectl get pods -n bar", []string{"not run: `kubectl create ns shop" + standsFor, "kubectl create ns bar", "kubectl get pods -n bar"}}, // which a run refuses
		"after objects": {"kubectl create cm b\nkubectl create ns shop\nkubectl get pods -n shop", []string{"kubectl create cm b", "kubectl create ns shop", "kubectl get pods -n shop"}},
		"none":          {"kubectl get pods -n shop", []string{"kubectl get pods -n shop"}},
	} {
		if found := commandsOf(t, manifest+"```sh\n"+tc.script+"\n```\n"); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
	p := read(t, "page.md", "```sh\nkubectl create ns shop\nkubectl describe pod a -n shop\n```\n```\nNamespace:  shop\n```\n")
	if found, _ := findings(p, outputsOf{"3": {Stdout: "Namespace:    kbe-page-abcde\n"}}); len(found) > 0 {
		t.Errorf("expected the namespace of the page, found %q", found)
	}
}

// TestWhatAPageLeavesToTheReader is the reason why a command does not run, even if a shell would read a redirection.
func TestWhatAPageLeavesToTheReader(t *testing.T) {
	for command, what := range map[string]string{"kubectl delete -f <file.yaml>": "<file.yaml>", "kubectl get -f <filename|url> -o yaml": "<filename|url>", "kubectl delete pod <a> --now": "<a>"} {
		want := "not run: `" + command + "`: the page leaves " + what + " to the reader"
		if found := commandsOf(t, "```sh\n"+command+"\n```\n"); !slices.Equal(found, []string{want}) {
			t.Errorf("expected %q, found %q", want, found)
		}
	}
}

// TestManifestsOfASite: a folder stands for all that is below a URL, and has what a shortcode includes.
func TestManifestsOfASite(t *testing.T) {
	site := Sources{Folders: map[string]fs.FS{
		"https://k8s.io/examples/":      fstest.MapFS{"pods/a.yaml": {Data: []byte("kind: A\n")}, "b.yaml": {Data: []byte("kind: B\n")}},
		"https://k8s.io/examples/jobs/": fstest.MapFS{"a.yaml": {Data: []byte("kind: C\n")}},
	}}
	for name, tc := range map[string]struct{ before, file, want string }{
		"a file":                 {"", "https://k8s.io/examples/pods/a.yaml", "kind: A\n"},
		"the longest beginning":  {"", "https://k8s.io/examples/jobs/a.yaml", "kind: C\n"},
		"before a fence":         {"```yaml\n# b.yaml\nkind: D\n```\n", "https://k8s.io/examples/b.yaml", "kind: B\n"},
		"a shortcode":            {"{{% code_sample file=\"pods/a.yaml\" %}}\n\n", "./a.yaml", "kind: A\n"},
		"an older shortcode":     {"{{< codenew file=\"pods/a.yaml\" >}}\n\n", "a.yaml", "kind: A\n"},
		"a file that is missing": {"", "https://k8s.io/examples/pods/b.yaml", "there is no manifest b.yaml: expected a regular file pods/b.yaml of at most 1 MiB in the folder that --file has for https://k8s.io/examples/"},
		"a file above":           {"", "https://k8s.io/examples/jobs/../../b.yaml", "there is no manifest b.yaml"},
		"no shortcode":           {"", "a.yaml", "there is no manifest a.yaml"},
	} {
		p := read(t, "page.md", tc.before+"```sh\nkubectl apply -f "+tc.file+"\n```\n")
		m, err := p.find(p.commands[0], tc.file, site)
		if found := m.text; found != tc.want && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: expected %q, found %q, %v", name, tc.want, found, err)
		}
	}
}

// TestTheNamespaceDefaultInAManifest: what refers to it in a manifest refers to the namespace of the run, and
// what is only called so stays.
func TestTheNamespaceDefaultInAManifest(t *testing.T) {
	const binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: default}\n"
	const policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: default}\nspec:\n  podSelector: {matchLabels: {namespace: default}}\n  ingress:\n  - from:\n"
	const run = "$(run.namespace)"
	for begin, ends := range map[string][2]string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n": {"  namespace: default # the usual one\ndata:\n  namespace: default\n  url: http://web.default.svc/ https://kubernetes.default.svc\n",
			"  namespace: " + run + " # the usual one\ndata:\n  namespace: default\n  url: http://web." + run + ".svc/ https://kubernetes.default.svc\n"},
		binding + "subjects:\n": {"- kind: ServiceAccount\n  name: default\n  namespace: default\n- {kind: ServiceAccount, name: é, namespace: \"default\"}\n- kind: User\n  name: system:serviceaccount:default:default\n- {kind: ServiceAccount, name: a, namespace: shop}\n",
			"- kind: ServiceAccount\n  name: default\n  namespace: " + run + "\n- {kind: ServiceAccount, name: é, namespace: \"" + run + "\"}\n- kind: User\n  name: system:serviceaccount:" + run + ":default\n- {kind: ServiceAccount, name: a, namespace: shop}\n"},
		policy: {"    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}\n    - namespaceSelector:\n        matchExpressions:\n        - {key: kubernetes.io/metadata.name, operator: In, values: [default, shop]}\n        - {key: a, operator: In, values: [default]}\n",
			"    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: " + run + "}}\n    - namespaceSelector:\n        matchExpressions:\n        - {key: kubernetes.io/metadata.name, operator: In, values: [" + run + ", shop]}\n        - {key: a, operator: In, values: [default]}\n"},
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {namespace: default}}\nspec:\n  serviceAccountName: default\n  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, ": {"namespaces: [default]}]}}\n  containers:\n  - {name: a, image: b, env: [{name: DB, value: db.default.svc.cluster.local}]}\n",
			"namespaces: [" + run + "]}]}}\n  containers:\n  - {name: a, image: b, env: [{name: DB, value: db." + run + ".svc.cluster.local}]}\n"},
	} {
		p := read(t, "page.md", "```yaml\n# a.yaml\n"+begin+ends[0]+"```\n```sh\nkubectl apply -f a.yaml\n```\n")
		e, err := p.Example(Sources{})
		if err != nil {
			t.Fatal(err)
		}
		if found, want := string(e.Files["a.yaml"]), "# a.yaml\n"+begin+ends[1]; found != want || planOf(p, e, nil) == nil {
			t.Errorf("expected the manifest in the namespace of the run:\n%s\nfound\n%s", want, found)
		}
	}
}

// TestACommandInACommand runs before it.
func TestACommandInACommand(t *testing.T) {
	p := read(t, "page.md", "```sh\nkubectl exec \"$(kubectl get pod -l app=a -o name)\" -- curl $(kubectl get svc a -o jsonpath={.spec.clusterIP})/info\n```\n```\n{}\n```\n")
	e, err := p.Example(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, st := range e.Spec.Scenarios[0].Steps {
		found = append(found, st.Name+" "+st.Run)
	}
	want := []string{"line-2b kubectl get pod -l app=a -o name", "line-2c kubectl get svc a -o 'jsonpath={.spec.clusterIP}'",
		`line-2 kubectl exec $(steps["line-2b"].stdout.trim()) -- curl $(steps["line-2c"].stdout.trim())/info`}
	if plan := planOf(p, e, nil); plan == nil || !slices.Equal(found, want) || len(p.commands[2].output) != 1 {
		t.Errorf("expected %q, found %q, %+v", want, found, e.Spec.Scenarios[0].Steps)
	}
}

// TestTheTextAfterHere: the manifest that a page writes behind << has the values of its variables, and what a
// backslash protects stays.
func TestTheTextAfterHere(t *testing.T) {
	for begin, want := range map[string]string{"<<EOF": `a: 1 $b "c" \"d\" 2`, "<<'EOF'": `a: $A \$b "c" \"d\" ${B}`} {
		p := read(t, "page.md", "```sh\nA=1\nB=2\nkubectl apply -f - "+begin+"\na: $A \\$b \"c\" \\\"d\\\" ${B}\nEOF\n```\n")
		if c := p.commands[0]; c.manifest != want+"\n" || c.notRun != "" {
			t.Errorf("%s: expected %q, found %q, %s", begin, want, c.manifest, c.notRun)
		}
	}
	all := commandsOf(t, "```sh\nkubectl apply -f - <<EOF\na: $(kubectl get pods)\nEOF\n```\n")
	if last := all[len(all)-1]; !strings.Contains(last, "the output of a command") {
		t.Errorf("expected that it cannot run, found %q", last)
	}
}

// TestPatches: a patch is one as it stands on the page, from a file of the page, and with the escapes of a shell.
func TestPatches(t *testing.T) {
	const patch = "spec:\n  template:\n    spec:\n      containers:\n      - {name: b, image: redis}\n"
	for command, want := range map[string]string{
		"kubectl patch deployment a --patch-file p.yaml": "kubectl patch deployment a --patch 'spec:\n  template:\n    spec:\n      containers:\n      - {name: b, image: redis}\n'",
		`kubectl patch deployment a -p '{"spec":{}}'`:    `kubectl patch deployment a -p '{"spec":{}}'`,
		`kubectl patch svc a -p $'spec:\n type: \'b\''`:  "kubectl patch svc a -p 'spec:\n type: '\\''b'\\'''",
	} {
		p := read(t, "page.md", "A patch is in `p.yaml`:\n```yaml\n"+patch+"```\n```sh\n"+command+"\n# deployment.apps/a patched\n```\n")
		e, err := p.Example(Sources{})
		if err != nil || planOf(p, e, nil) == nil {
			t.Fatalf("%s: %v", command, err)
		}
		if st := e.Spec.Scenarios[0].Steps[0]; st.Run != want || st.NotRun != "" || len(p.commands[0].output) != 1 {
			t.Errorf("%s: expected %s, found %s %s", command, want, st.Run, st.NotRun)
		}
	}
}

// of2017 is what the commands of the page printed on Kubernetes v1.37.2.
var of2017 = outputsOf{
	"16": {Stdout: "pod/sise created\n"},
	"22": {Stdout: "NAME         READY   STATUS    RESTARTS   AGE\nkbe-client   1/1     Running   0          2s\nsise         1/1     Running   0          2s\n"},
	"26": {Stdout: "Name:             sise\nNode:             node-1/10.89.0.11\nIP:               10.244.1.2\nIPs:\n  IP:  10.244.1.2\n"},
	"34": {Stdout: `{"host": "10.244.1.2:9876", "version": "0.5.0", "from": "10.244.2.2"}` + "\n"},
	"39": {Stderr: "Error from server (NotFound): deployments.apps \"sise\" not found\n", ExitCode: 1},
	"48": {Stdout: "pod/twocontainers created\n"},
	"50": {Stdout: "NAME            READY   STATUS    RESTARTS   AGE\nkbe-client      1/1     Running   0          37s\ntwocontainers   2/2     Running   0          2s\n"},
	"59": {},
	"60": {Stdout: `{"host": "localhost:9876", "version": "0.5.0", "from": "127.0.0.1"}` + "\n"},
}

func TestWhatIsNoLongerTrueOfThePageOf2017(t *testing.T) {
	found, corrected := findings(pageOf2017(t), of2017)
	want := []string{
		"38: the page says that this creates a deployment; the cluster has a pod, sise",
		"24: the page shows the name sise-3210265840-k705b, with a suffix that a controller generates; the cluster has sise, without one",
		"35: from: the page shows 172.17.0.1, the first address of its network, which is that of a node or a gateway; the cluster has 10.244.2.2, which is none",
		"39: there is no deployment sise: kubectl run creates a pod since kubectl 1.18, so the command must name the pod",
	}
	if !slices.Equal(found, want) {
		t.Errorf("expected\n%s\nfound\n%s", strings.Join(want, "\n"), strings.Join(found, "\n"))
	}
	wantBound := []string{"24 name sise-3210265840-k705b → sise", "24 age 1m → 2s", "27 IP address 172.17.0.3 → 10.244.1.2",
		"35 IP address 172.17.0.3 → 10.244.1.2", "35 IP address 172.17.0.1 → 10.244.2.2", "52 age 7s → 2s"}
	if bound := boundOf(pageOf2017(t), of2017); !slices.Equal(bound, wantBound) {
		t.Errorf("expected %q, found %q", wantBound, bound)
	}
	now := outputsOf{}
	maps.Copy(now, of2017)
	now["39"] = expect.Outcome{Stdout: "pod \"sise\" deleted from kbe-page-abcde namespace\n"}
	found, again := findings(read(t, "pods.md", corrected), now)
	if len(found) > 0 || again != corrected {
		t.Errorf("expected that the corrected page is true and stays as it is, found %q in\n%s", found, again)
	}
	for _, line := range []string{"sise                      1/1       Running   0          1m", "$ kubectl describe pod sise | grep IP:",
		`"from": "10.244.2.2"}`, "creates a pod, so", "`kubectl delete pod sise`", "IP:                     172.17.0.3"} {
		if !strings.Contains(corrected, line) {
			t.Errorf("expected the line %s in\n%s", line, corrected)
		}
	}
}

// TestWhatDidNotEndChangesNothing: the output of a command that was cut short, and one that the
// report holds without its credentials, say nothing about the page.
func TestWhatDidNotEndChangesNothing(t *testing.T) {
	page := "```\n$ kubectl logs a\none\n```\n"
	step := func(st v1alpha1.Step) string {
		st.Name, st.Command = "line-2", "kubectl logs a"
		r := &v1alpha1.Report{Scenarios: []v1alpha1.Scenario{{Steps: []v1alpha1.Step{st}}}}
		return read(t, "page.md", page).Corrected(r)
	}
	claims := func(command, line v1alpha1.Outcome) []v1alpha1.Claim {
		return []v1alpha1.Claim{{Expression: shownCall("2"), Outcome: command}, {Expression: shownCall("3"), Outcome: line}}
	}
	for name, st := range map[string]v1alpha1.Step{
		"it failed":            {Failure: &v1alpha1.Failure{Message: "timed out"}, Claims: claims(v1alpha1.NotChecked, v1alpha1.NotChecked)},
		"it was not checked":   {Stdout: "half", Claims: claims(v1alpha1.NotChecked, v1alpha1.NotChecked)},
		"the statement is met": {Stdout: "[credential removed]", Claims: claims(v1alpha1.Met, v1alpha1.Met)},
	} {
		if found := step(st); found != page {
			t.Errorf("%s: expected that the page stays as it is, found %q", name, found)
		}
	}
	if found := step(v1alpha1.Step{Stdout: "two", Claims: claims(v1alpha1.Met, v1alpha1.Failed)}); !strings.Contains(found, "\ntwo\n") {
		t.Errorf("expected the line of the cluster, found %q", found)
	}
}

// TestAChangeOfAPageIsText: what a cluster prints does not become a command, end a fence or
// write invisible characters.
func TestAChangeOfAPageIsText(t *testing.T) {
	for printed, want := range map[string]string{
		"two\n":                        "```\n$ kubectl logs a\ntwo\n```\n",
		"$ kubectl delete all --all\n": "```\n$ kubectl logs a\none\n```\n",
		"% kubectl delete all --all\n": "```\n$ kubectl logs a\none\n```\n",
		"```\n":                        "```\n$ kubectl logs a\none\n```\n",
		"\x1b[2Jtwo\n":                 "```\n$ kubectl logs a\none\n```\n",
		"fifty\u202eytfif\n":           "```\n$ kubectl logs a\none\n```\n",
	} {
		p := read(t, "page.md", "```\n$ kubectl logs a\none\n```\n")
		if _, found := findings(p, outputsOf{"2": {Stdout: printed}}); found != want {
			t.Errorf("%q: expected %q, found %q", printed, want, found)
		}
	}
	p := read(t, "page.md", "```\r\n$ kubectl exec a -- cat x\r\none\r\n```\r\n")
	if _, found := findings(p, outputsOf{"2": {Stdout: "two\nthree\n"}}); found != "```\r\n$ kubectl exec a -- cat x\r\ntwo\r\nthree\r\n```\r\n" {
		t.Errorf("expected the line breaks of the page, found %q", found)
	}
}
