//go:build linux

package confine

import (
	"context"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// FuzzExamples runs examples made of kubectl's own grammar, of expressions, manifests
// and names of files, in a Namespace that others use, and records every request,
// every file that is opened and every address that is dialled. For long, guided by
// coverage, for which all of kubectl is compiled again, or at random:
//
//	go test ./e2e/confine -run '^$' -fuzz FuzzExamples -fuzztime 30m -parallel 2
//	go test ./e2e/confine -run FuzzExamples -timeout 0 -args -seeds 20000 -random 7
func FuzzExamples(f *testing.F) {
	b := newBench(f)
	b.namespace(f, shared)
	b.namespace(f, "elsewhere")
	b.recorder.enter(shared)
	s, err := session.Open(f.Context(), b.server.Config, "hostile", shared, session.Options{Confined: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close(context.Background()) })
	for _, line := range b.lines() {
		f.Add([]byte{byExample}, line)
	}
	for i := range manifests {
		f.Add([]byte{byExample, byte(i)}, "kubectl create -f m.yaml")
	}
	random := rand.New(rand.NewPCG(*randomFlag, 0)) //nolint:gosec // the same each time
	for range *seedsFlag {
		seed := make([]byte, 16+random.IntN(48))
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		f.Add(seed, "")
		f.Add(append([]byte{byRequest}, seed...), "")
	}
	before := b.theirs(f, shared, "elsewhere", "kube-system")
	f.Fuzz(func(t *testing.T, seed []byte, line string) {
		d := &dice{seed, b}
		printed := ""
		switch d.roll(8) {
		case byKubectl:
			b.byKubectl(t, s, d)
		case byRequest:
			b.byRequest(t, s, d)
		default:
			printed = b.byExample(t, d, line)
		}
		b.assertNothingElse(t, line, printed)
		if after := b.theirs(t, shared, "elsewhere", "kube-system"); after != before {
			t.Fatalf("expected that what others have is as it was:\n%s\nfound\n%s", before, after)
		}
	})
}

var (
	seedsFlag  = flag.Int("seeds", 150, "how often FuzzExamples tries each of two ways at random")
	randomFlag = flag.Uint64("random", 1, "what makes these other attempts")
)

const shared = "shared"

// How an attacker goes about it; most often by an example.
const (
	byExample = iota
	byKubectl
	byRequest
)

// byExample runs an example; what would be refused when it is loaded is run as well.
func (b *bench) byExample(t *testing.T, d *dice, line string) string {
	a := attempt{steps: []string{line}, files: map[string]string{"m.yaml": pick(d, manifests), "n.yaml": pick(d, manifests)}}
	if line == "" {
		a.steps = nil
		for range 1 + d.roll(3) {
			a.steps = append(a.steps, d.line())
		}
	}
	if d.roll(2) == 0 {
		a.steps = append([]string{pick(d, usual)}, a.steps...)
	}
	plan, err := a.plan()
	if err != nil {
		return ""
	}
	t.Logf("%q %q", a.steps, a.files)
	opts := engine.Options{Options: run.Options{Namespace: shared, Options: session.Options{Timeout: 2 * time.Second}}, FailFast: true}
	if d.roll(8) == 7 {
		opts.Namespace = ""
	}
	return b.run(t, plan, a, opts)
}

// byKubectl runs a command that was not judged: only its requests are held back.
func (b *bench) byKubectl(t *testing.T, s *session.Session, d *dice) {
	words := d.words()
	t.Logf("%q", words)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, _ = kubectl.New(b.getter, shared, s.Wrap).Run(ctx, words...) // what came of it does not matter
	b.opens.reset(t)
	b.recorder.forget(func(r request) bool {
		return strings.Contains(r.body, sentinel) || r.host == strings.TrimPrefix(b.elsewhere.URL, "http://")
	})
}

// byRequest sends a request that no command may ever send.
func (b *bench) byRequest(t *testing.T, s *session.Session, d *dice) {
	cfg := rest.CopyConfig(b.server.Config)
	cfg = b.recorder.wrap(cfg)
	s.Wrap(cfg)
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	path := pick(d, bases)
	if d.roll(4) > 0 {
		path += "/" + pick(d, resources)
	}
	for range d.roll(4) {
		path += "/" + pick(d, segments)
	}
	if d.roll(2) == 0 {
		path += "?" + pick(d, queries) + "&" + pick(d, queries)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	method := pick(d, []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
	req, err := http.NewRequestWithContext(ctx, method, cfg.Host+path, strings.NewReader(pick(d, bodies)))
	if err != nil {
		return
	}
	t.Logf("%s %s", method, path)
	req.Header.Set("Content-Type", pick(d, []string{"application/json", "application/merge-patch+json", "application/json-patch+json",
		"application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf"}))
	if resp, err := client.Do(req); err == nil {
		resp.Body.Close()
	}
}

// dice decide by the fuzzer's bytes.
type dice struct {
	seed []byte
	b    *bench
}

func (d *dice) roll(n int) int {
	if len(d.seed) == 0 {
		return 0
	}
	value := int(d.seed[0])
	d.seed = d.seed[1:]
	return value % n
}

func pick[T any](d *dice, all []T) T { return all[d.roll(len(all))] }

// paths are the commands and subcommands that kubectl has, also those that no example may have.
var paths = []string{"apply", "apply edit-last-applied", "apply set-last-applied", "apply view-last-applied", "attach", "create", "create clusterrole",
	"create clusterrolebinding", "create configmap", "create cronjob", "create deployment", "create ingress", "create job", "create namespace",
	"create poddisruptionbudget", "create priorityclass", "create quota", "create role", "create rolebinding", "create secret docker-registry",
	"create secret generic", "create secret tls", "create service clusterip", "create service externalname", "create service loadbalancer",
	"create service nodeport", "create serviceaccount", "annotate", "api-resources", "api-versions", "autoscale", "explain", "create token", "delete", "describe", "events", "exec", "expose", "get", "label", "logs", "patch",
	"rollout history", "rollout pause", "rollout restart", "rollout resume", "rollout status", "rollout undo", "run", "scale", "set env", "set image",
	"set resources", "set selector", "set serviceaccount", "set subject"}

// words are a command of kubectl's grammar, after kubectl.
func (d *dice) words() []string {
	path := strings.Fields(pick(d, paths))
	parsed, _ := kubectl.Parse(path...)
	var flags []*pflag.Flag
	parsed.Flags.VisitAll(func(f *pflag.Flag) { flags = append(flags, f) })
	rest := []string{}
	for n := d.roll(4); n > 0 && len(flags) > 0; n-- { // kubectl api-versions has none
		rest = append(rest, d.flag(pick(d, flags))...)
	}
	for range d.roll(4) {
		rest = slices.Insert(rest, d.roll(len(rest)+1), d.value())
	}
	if d.roll(4) == 0 {
		rest = slices.Insert(rest, d.roll(len(rest)+1), "--")
	}
	return append(path, rest...)
}

// flag writes a flag in one of the ways that there are.
func (d *dice) flag(f *pflag.Flag) []string {
	switch d.roll(6) {
	case 0:
		return []string{"--" + f.Name}
	case 1:
		return []string{"--" + f.Name, "--"}
	case 2:
		return []string{"-" + f.Shorthand + d.value()}
	case 3:
		return []string{"-w" + f.Shorthand, d.value()}
	case 4:
		return []string{"--" + f.Name, d.value()}
	default:
		return []string{"--" + f.Name + "=" + d.value()}
	}
}

func (d *dice) value() string {
	file, elsewhere := filepath.Join(d.b.home, "id"), d.b.elsewhere.URL+"/x"
	return pick(d, []string{"m.yaml", "n.yaml", "x", "theirs", "pods", "pod/theirs", "pod/x", "deployment/x", "service/theirs", "secret/theirs", "secrets",
		"configmaps", "configmap/theirs", "nodes", "ns/kube-system", "clusterroles", "all", "events", "ingresses", "cm,secret,svc",
		"id", "config", file, "id=" + file, "kustomization.yaml", ".", d.b.home, "..", "../id", elsewhere, "-", "--", "@id",
		"go-template-file", "go-template-file=" + file, "jsonpath-file=" + file, "custom-columns-file=" + file, "templatefile", "json", "yaml", "name", "wide",
		"go-template={{.}}", "jsonpath={.}", "{{.}}", "app=theirs", "app=ours", "app-", "a=b", "kubectl-kbe.github.io/run-", "kubectl-kbe.github.io/run=abcde",
		"/metrics", "/version", "/api/v1/namespaces/" + shared + "/configmaps?dryRun=All", "/api/v1/namespaces/" + shared + "/pods/theirs",
		"/api/v1/namespaces/elsewhere/secrets", "/api/v1/namespaces/" + shared + "/../elsewhere/secrets", "/apis/apps/v1/deployments", "kube-system",
		"server", "client", "none", "0", "1", "true", "false", "1s", "i", "merge", "strategic", "json", "null", "status", "ephemeralcontainers",
		`[{"op":"replace","path":"/metadata/labels","value":{"app":"theirs"}}]`, `{"metadata":null}`, `{"spec":{"externalIPs":["1.2.3.4"]}}`,
		`{"spec":{"volumes":[{"name":"v","secret":{"secretName":"theirs"}}]}}`, `{"metadata":{"labels":{"app":"theirs"},"namespace":"elsewhere"}}`,
		"cluster-admin", "default", "", "--all-namespaces", "--namespace=elsewhere", "cronjob/x"})
}

// line is a command as an example has it, with expressions here and there.
func (d *dice) line() string {
	line := []string{"kubectl"}
	for _, w := range d.words() {
		cut := d.roll(len(w) + 1)
		switch d.roll(6) {
		case 0:
			line = append(line, plainly(w[:cut])+"$("+strconv.Quote(w[cut:])+")")
		case 1:
			line = append(line, "$("+strconv.Quote(w)+")")
		default:
			line = append(line, example.Quote([]string{w}))
		}
	}
	return strings.Join(line, " ")
}

func plainly(text string) string {
	if text == "" {
		return ""
	}
	return example.Quote([]string{text})
}

// usual are commands that make something.
var usual = []string{"kubectl run x --image=i", "kubectl create -f m.yaml", "kubectl apply -f m.yaml", "kubectl create deployment x --image=i",
	"kubectl create configmap x --from-literal=a=b", "kubectl create secret generic x --from-literal=a=b"}

// lines are the attempts that once succeeded.
func (b *bench) lines() []string {
	file, elsewhere := filepath.Join(b.home, "id"), b.elsewhere.URL+"/x"
	return []string{
		"kubectl create configmap x --field-manager -- --from-file=id=" + file, `kubectl create configmap x --from-$("file")=` + file,
		`kubectl create configmap x --$("from-file=` + file + `")`, `kubectl create configmap x $("--from-file=` + file + `")`,
		"kubectl get pods -o go-template-file --template " + file, "kubectl get -wf " + elsewhere, "kubectl apply --field-manager -- -f " + elsewhere,
		"kubectl apply --field-manager -- -k " + b.home, "kubectl delete --raw /api/v1/namespaces/shared/configmaps?dryRun=All -f m.yaml",
		"kubectl get --raw /metrics", "kubectl get --raw /api/v1/namespaces/elsewhere/pods", "kubectl create -f m.yaml", "kubectl apply -f n.yaml", "kubectl label pod theirs a=b",
		`kubectl patch pod theirs -p '{"metadata":{"labels":{"app":"ours"}}}'`, "kubectl patch pod x --patch-file " + file, "kubectl events -A", "kubectl exec theirs -- yes",
		"kubectl delete pods --all", "kubectl get secrets -o yaml", `kubectl get $("nodes")`, `kubectl wait --for=delete $("ns")/kube-system --timeout=1s`,
	}
}

var (
	bases = []string{"/api/v1/namespaces/" + shared, "/api/v1/namespaces/elsewhere", "/api/v1/namespaces/" + shared, "/api/v1/namespaces/kube-system", "/apis/apps/v1/namespaces/" + shared, "/api/v1", "/apis", "/openapi/v3", "",
		"/x/api/v1/namespaces/" + shared, "/api/v1/namespaces/" + shared + "/..", "/api/v1/watch/namespaces/" + shared, "/apis/authorization.k8s.io/v1",
		"/apis/autoscaling/v2/namespaces/" + shared, "/api//v1/namespaces/" + shared, "/api/v1/namespaces/" + shared + "%2f"}
	resources = []string{"pods", "configmaps", "secrets", "services", "deployments", "serviceaccounts", "bindings", "events", "endpoints"}
	segments  = []string{"pods", "configmaps", "secrets", "services", "theirs", "x", "exec", "proxy", "status", "..", "%2e%2e", "", ".", "deployments", "scale",
		"elsewhere", "namespaces", "finalize", "token", "eviction", "ephemeralcontainers", "selfsubjectrulesreviews", "http:theirs:80", "serviceaccounts"}
	queries = []string{"dryRun=All", "dryRun=", "watch=true", "watch", "labelSelector=app%3Dtheirs", "fieldSelector=a;b", "force=true", "fieldManager=x",
		url.QueryEscape("dryRun") + "=All", "propagationPolicy=Foreground", "gracePeriodSeconds=0", "command=true", "%zz"}
	bodies = []string{"", "{}", `{"apiVersion":"v1","kind":"DeleteOptions"}`, `{"apiVersion":"v1","kind":"DeleteOptions","dryRun":["All"]}`,
		`{"metadata":{"labels":{"app":"ours"}}}`, `{"metadata":{"uid":null}}`, `[{"op":"replace","path":"/metadata/labels","value":{}}]`,
		`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"theirs"}}`, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"theirs"}}`,
		`{"spec":{"namespace":"kube-system"}}`, `{"spec":{"replicas":0}}`, "["}
)

// manifests are what an example has beside it.
var manifests = func() []string {
	const pods = "  template:\n    metadata: {labels: {app: theirs}}\n    spec: {containers: [{name: c, image: i}]}\n"
	of := func(version, kind, rest string) string {
		return "apiVersion: " + version + "\nkind: " + kind + "\nmetadata: {name: x}\n" + rest
	}
	all := []string{
		of("v1", "Pod", "spec: {containers: [{name: c, image: i}]}\n"), of("v1", "Pod", "spec: {volumes: [{name: v, secret: {secretName: theirs}}], containers: [{name: c, image: i}]}\n"),
		of("v1", "ConfigMap", "data: {a: b}\n"), of("v1", "Service", "spec: {selector: {app: theirs}, ports: [{port: 80}]}\n"),
		of("v1", "Service", "spec: {externalIPs: [1.2.3.4], ports: [{port: 80}]}\n"),
		of("policy/v1", "PodDisruptionBudget", "spec: {selector: {}, maxUnavailable: 0}\n"), of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}}\n"),
		of("autoscaling/v2", "HorizontalPodAutoscaler", "spec: {maxReplicas: 1, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: theirs}}\n"),
		of("v1", "ResourceQuota", "spec: {hard: {pods: \"0\"}}\n"), of("v1", "LimitRange", "spec: {limits: [{type: Pod, max: {cpu: 1m}}]}\n"),
		of("authorization.k8s.io/v1", "SelfSubjectRulesReview", "spec: {namespace: kube-system}\n"), of("v1", "DeleteOptions", ""),
		of("rbac.authorization.k8s.io/v1", "ClusterRole", "rules: []\n"), of("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef: {kind: ClusterRole, name: admin}\n"),
		of("v1", "Namespace", ""), of("v1", "Binding", "target: {kind: Node, name: n}\n"), of("v1", "List", "items: []\n"),
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs, namespace: elsewhere}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: x, annotations: {kubernetes.io/service-account.name: default}}\ntype: kubernetes.io/service-account-token\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, ownerReferences: [{apiVersion: v1, kind: Pod, name: theirs, uid: 6f1c39b0-0000-4000-8000-000000000000}]}\n",
	}
	for _, kind := range []string{"ReplicaSet", "Deployment", "DaemonSet"} {
		all = append(all, of("apps/v1", kind, "spec:\n  selector: {matchLabels: {app: theirs}}\n"+pods),
			of("apps/v1", kind, "spec:\n  selector: {matchExpressions: [{key: app, operator: Exists}]}\n"+pods))
	}
	return append(all, of("v1", "ReplicationController", "spec:\n  replicas: 0\n  selector: {app: theirs}\n"+pods))
}()
