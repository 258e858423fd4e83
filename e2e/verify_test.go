package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// verified is the report of `kubectl kbe verify` on a page of a folder.
func verified(t *testing.T, dir, page string, args ...string) (r v1alpha1.Report, code int) {
	t.Helper()
	cmd := plugin(t, append([]string{"verify", page, "-o", "json"}, args...)...)
	cmd.Dir = dir
	stdout, stderr, code := outcome(t, cmd)
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("expected a report, found exit code %d, %v:\n%s%s", code, err, stdout, stderr)
	}
	return r, code
}

// findingsOf are what a report says is not true, as LINE: TEXT, sorted.
func findingsOf(r v1alpha1.Report) (found []string) {
	for _, sc := range r.Scenarios {
		for _, st := range sc.Steps {
			if st.Failure != nil {
				found = append(found, fmt.Sprintf("%d: %s", st.Position.Line, st.Failure.Message))
			}
			for _, c := range st.Claims {
				for _, m := range c.Mismatches {
					found = append(found, fmt.Sprintf("%d: %s", c.Position.Line, m.Text+m.Expression))
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// pages is a copy of the pages in testdata.
func pages(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/pages")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestThePageOf2017 is the page that this project began with, as it was published: what is
// no longer true of it is found, and nothing else. With the patch, it is true, twice.
func TestThePageOf2017(t *testing.T) {
	t.Parallel()
	dir := pages(t)
	r, code := verified(t, dir, "pods-2017.md", "--update")
	want := []string{
		"24: the page shows the name sise-3210265840-k705b, with a suffix that a controller generates; the cluster has sise, without one",
		"35: from: the page shows 172.17.0.1, the first address of its network, which is that of a node or a gateway; the cluster has ",
		"38: the page says that this creates a deployment; the cluster has a pod, sise",
		"39: there is no deployment sise: kubectl run creates a pod since kubectl 1.18, so the command must name the pod",
	}
	assertFindings(t, r, want)
	if code != 1 {
		t.Errorf("expected exit code 1, found %d", code)
	}
	patched := read(t, filepath.Join(dir, "pods-2017.md"))
	for again := range 2 {
		if again > 0 && testing.Short() {
			return
		}
		r, code := verified(t, dir, "pods-2017.md", "--update")
		if assertFindings(t, r, nil); code != 0 {
			t.Errorf("expected exit code 0, found %d", code)
		}
	}
	if again := read(t, filepath.Join(dir, "pods-2017.md")); again != patched {
		t.Errorf("expected that a page that is true stays as it is, found\n%s", again)
	}
}

// TestAFolderOfPages has one report for all pages, with the verdict and the lines of each.
func TestAFolderOfPages(t *testing.T) {
	exhaustive(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"true.md": "# True\n```console\n$ kubectl get pods\nNo resources found in default namespace.\n```\n",
		"sub/wrong.md": "# Wrong\n```console\n$ kubectl create configmap a --from-literal=x=1\nconfigmap \"a\" created\n```\n" +
			"<!-- kbe: {known: of version 1.30} -->\n```console\n$ kubectl get configmap a -o jsonpath={.data.x}\n2\n```\n" +
			"<!-- kbe: {known: it was so} -->\n```console\n$ kubectl get configmap a -o name\nconfigmap/a\n```\n",
		"prose.md":  "# Prose\n",
		"binary.md": "\x00",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := plugin(t, "verify", ".", "--report-file", "junit=kbe.xml", "--report-file", "sarif=kbe.sarif")
	cmd.Dir = dir
	stdout, stderr, code := outcome(t, cmd)
	if code != 3 || !strings.Contains(stderr, "prose.md: skipped: it shows no command") {
		t.Errorf("expected exit code 3, for a page cannot be read, found %d:\n%s%s", code, stdout, stderr)
	}
	for _, want := range []string{"✓ true.md", "✗ sub/wrong.md", "✗ binary.md"} {
		if !strings.Contains(stdout, "\n  "+want) {
			t.Errorf("expected the line %s in\n%s", want, stdout)
		}
	}
	for name, verdict := range map[string]string{"true.md": "Passed", "sub/wrong.md": "ClaimFailed", "binary.md": "CouldNotRun"} {
		if want := regexp.MustCompile(`<testsuite name="` + name + `"[^>]*>\s*<properties>\s*<property name="verdict" value="` + verdict + `">`); !want.MatchString(read(t, filepath.Join(dir, "kbe.xml"))) {
			t.Errorf("%s: expected the verdict %s in\n%s", name, verdict, read(t, filepath.Join(dir, "kbe.xml")))
		}
	}
	var sarif struct {
		Runs []struct {
			Results []struct {
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "kbe.sarif"))), &sarif); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, r := range sarif.Runs[0].Results {
		at := r.Locations[0].PhysicalLocation
		found = append(found, fmt.Sprintf("%s:%d", at.ArtifactLocation.URI, at.Region.StartLine))
	}
	if want := []string{"binary.md:1", "sub/wrong.md:4", "sub/wrong.md:11"}; !slices.Equal(found, want) {
		t.Errorf("expected findings at %q, found %q", want, found)
	}
}

// TestAnInterruptedPageStaysAsItIs: what a signal cuts short says nothing about the page.
func TestAnInterruptedPageStaysAsItIs(t *testing.T) {
	exhaustive(t)
	dir := t.TempDir()
	const text = "# Page\n```console\n$ kubectl create configmap a --from-literal=x=1\nconfigmap \"a\" created\n$ kubectl get configmap a -o name\nconfigmap/b\n```\n"
	if err := os.WriteFile(filepath.Join(dir, "page.md"), []byte("<!-- kbe: {within: 5m} -->\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := plugin(t, "verify", "page.md", "--update", "--view=story")
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "configmap/a") { // the first command has printed
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("expected exit code 130, found %v", err)
	}
	if now := read(t, filepath.Join(dir, "page.md")); now != "<!-- kbe: {within: 5m} -->\n"+text {
		t.Errorf("expected that the page stays as it is, found\n%s", now)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestATutorialAsTheyAre is a page with the forms that tutorials of several years have: it is true.
func TestATutorialAsTheyAre(t *testing.T) {
	t.Parallel()
	r, code := verified(t, pages(t), "tutorial.md")
	want := []string{"110: not run: `kubectl exec -it rcsise-6nq3k -c shell -- ping 172.17.0.3`: the page ends it with Ctrl-C"}
	if assertFindings(t, r, want); code != 3 {
		t.Errorf("expected exit code 3, found %d", code)
	}
	if met := r.Claims.Met; met != 40 {
		t.Errorf("expected that 40 claims hold, found %+v", r.Claims)
	}
	if r.Cleanup == nil || len(r.Cleanup.Unconfirmed) > 0 {
		t.Errorf("expected kubelets that confirm the end of all pods, found %+v", r.Cleanup)
	}
}

// TestAPageAboutTheCluster: its nodes have other names than those of the cluster, which has more APIs; no node is changed.
func TestAPageAboutTheCluster(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	page := "# Nodes\n```console\n$ kubectl get nodes\nNAME       STATUS   ROLES    AGE    VERSION\nminikube   Ready    master   102d   v1.14.6\n" +
		"$ kubectl get node minikube -o name\nnode/minikube\n$ kubectl describe node minikube\nName:           minikube\n...\nUnschedulable:  true\n" +
		"$ kubectl api-versions\napps/v1\nextensions/v1beta1\n$ kubectl explain pod.spec.nodeSelectors\nKIND:       Pod\nVERSION:    v1\n\nerror: field \"nodeSelectors\" does not exist\n" +
		"$ kubectl label node minikube disk=ssd\nnode/minikube labeled\n```\n"
	if err := os.WriteFile(filepath.Join(dir, "nodes.md"), []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	r, code := verified(t, dir, "nodes.md", "--allow-cluster-scope")
	assertFindings(t, r, []string{"11: Unschedulable: the page shows true; the cluster has false", "14: the command does not print this"})
	if code != 1 || r.Claims.NotChecked != 2 {
		t.Errorf("expected exit code 1, and that what a run does not do to a node is not checked; found %d, %+v", code, r.Claims)
	}
}

// assertFindings expects findings, each by its begin.
func assertFindings(t *testing.T, r v1alpha1.Report, want []string) {
	t.Helper()
	found := findingsOf(r)
	ok := len(found) == len(want)
	for i, begin := range want {
		ok = ok && i < len(found) && strings.HasPrefix(found[i], begin)
	}
	if !ok {
		t.Errorf("expected\n  %s\nfound\n  %s", strings.Join(want, "\n  "), strings.Join(found, "\n  "))
	}
}

// planted is an error that a test puts into a page that is true.
type planted struct {
	page string
	// true is what the page has, wrong takes its place.
	true, wrong string
	// sentence is how it is reported.
	sentence string
	// before is how many lines before the wrong text the sentence stands.
	before int
}

const elsewhere = "the command prints something else"

// plantedErrors are forty, in pages of the styles of the Kubernetes, Istio and Helm websites and of
// READMEs.
var plantedErrors = []planted{
	{"website-deployment.md", "   deployment.apps/hello created", `   deployment "hello" created`, elsewhere, 0},
	{"website-deployment.md", "hello   2/2     2 ", "hello   3/3     2 ", "READY: the page shows 3/3; the cluster shows 2/2", 0},
	{"website-deployment.md", "2 desired | 2 updated | 2 total | 2 available", "1 desired | 1 updated | 1 total | 1 available",
		"Replicas: the page shows 1 desired | 1 updated | 1 total | 1 available | 0 unavailable; the cluster has 2 desired | 2 updated | 2 total | 2 available | 0 unavailable", 0},
	{"website-deployment.md", "Port:          9876/TCP", "Port:          80/TCP", "Port: the page shows 80/TCP; the cluster has 9876/TCP", 0},
	{"website-deployment.md", "   hello-7fb96c846b-kt7wc   1/1     Running   0          16h\n", "", "the cluster shows a row that the page does not show", 1},
	{"website-configmap.md", `lives: "3"`, `lives: "5"`, "data.lives: the page shows 5; the cluster has 3", 0},
	{"website-configmap.md", "Name:         game-settings", "Name:         game-config", "Name: the page shows game-config; the cluster has game-settings", 0},
	{"website-configmap.md", "```\nlives=3", "```\nlives=4", elsewhere, -1},
	{"website-configmap.md", "configmap/game-settings created", `configmap "game-settings" created`, elsewhere, 0},
	{"website-shell.md", "greeting\nHello\n", "greeting\nHallo\n", elsewhere, -1},
	{"website-shell.md", "1/1     Running   0          4s", "1/1     Started   0          4s", "STATUS: the page shows Started; the cluster shows Running", 0},
	{"website-shell.md", "```\nfrom the workbench", "```\nfrom workbench", elsewhere, -1},
	{"website-job.md", "Complete   1/1           4s", "Complete   3/3           4s", "COMPLETIONS: the page shows 3/3; the cluster shows 1/1", 0},
	{"website-job.md", "round 3\n```\n\nThe Pod", "round 4\n```\n\nThe Pod", elsewhere, 0},
	{"website-job.md", "Succeeded", "Completed", elsewhere, 0},
	{"website-service.md", "ClusterIP   10.0.0.123", "NodePort    10.0.0.123", "TYPE: the page shows NodePort; the cluster shows ClusterIP", 0},
	{"website-service.md", "TargetPort:        9876/TCP", "TargetPort:        80/TCP", "TargetPort: the page shows 80/TCP; the cluster has 9876/TCP", 0},
	{"website-service.md", `"version": "0.5.0"`, `"version": "0.4.0"`, "version: the page shows 0.4.0; the cluster has 0.5.0", 0},
	{"website-service.md", `{"healthy": true}`, `{"status": "ok"}`, "the page shows the field status; the cluster has no such field", 0},
	{"helm-chart.md", "READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/my-release-hello   2/2     2 ",
		"DESIRED   CURRENT   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/my-release-hello   2         2         2 ",
		"the cluster has no column DESIRED, CURRENT; the page does not show the column READY", 0},
	{"helm-chart.md", `serviceaccount "my-release-hello" deleted from default namespace`, `serviceaccount "my-release-hello" deleted`, "kubectl prints the namespace, too", 0},
	{"istio-sleep.md", "    200\n", "    204\n", elsewhere, 0},
	{"istio-sleep.md", `"host": "10.96.14.229:8000"`, `"host": "10.96.14.229:80"`, "host: the page shows 10.96.14.229:80; the cluster has ", 0},
	{"istio-sleep.md", "8000 9876", "80 9876", elsewhere, 0},
	{"istio-sleep.md", "pod/curl created", "pod/sleep created", elsewhere, 0},
	{"istio-labels.md", "reviews-v2   1/1     Running   0          20s   v2", "reviews-v2   1/1     Running   0          20s   v1", "VERSION: the page shows v1; the cluster shows v2", 0},
	{"istio-labels.md", "wc -l\n1", "wc -l\n2", elsewhere, -1},
	{"istio-labels.md", "pod/reviews-v1 labeled", `pod "reviews-v1" labeled`, elsewhere, 0},
	{"readme-quickstart.md", "`kubectl run` creates a pod", "`kubectl run` creates a deployment", "the page says that this creates a deployment; the cluster has a pod, tiny", 0},
	{"readme-quickstart.md", "Always", "OnFailure", elsewhere, 0},
	{"readme-quickstart.md", "containerPort'\n9876", "containerPort'\n8080", elsewhere, -1},
	{"readme-quickstart.md", "Image:          mhausenblas/simpleservice:0.5.0", "Image:          mhausenblas/simpleservice:0.4.0",
		"Image: the page shows mhausenblas/simpleservice:0.4.0; the cluster has mhausenblas/simpleservice:0.5.0", 0},
	{"readme-heredoc.md", `"memory": "64Mi"`, `"memory": "128Mi"`, "limits.memory: the page shows 128Mi; the cluster has 64Mi", 0},
	{"readme-heredoc.md", "QoS Class:                   Burstable", "QoS Class:                   Guaranteed", "QoS Class: the page shows Guaranteed; the cluster has Burstable", 0},
	{"readme-heredoc.md", "bounded   1/1", "bounded   2/2", "READY: the page shows 2/2; the cluster shows 1/1", 0},
	{"readme-scale.md", "6   3         3         3 ", "6   1         3         3 ", "DESIRED: the page shows 1; the cluster shows 3", 0},
	{"readme-scale.md", "1         <none>", "2         <none>", elsewhere, 0},
	{"readme-scale.md", "replicas}'\n0", "replicas}'\n1", elsewhere, -1},
	{"readme-errors.md", `error: failed to create configmap: configmaps "once" already exists`, `Error from server (AlreadyExists): configmaps "once" already exists`, elsewhere, 0},
	{"readme-errors.md", "kubectl get pods box", "kubectl get pods bx", "the command fails with exit code 1", 0},
}

// TestPlantedErrorsAreFound finds each error that was planted into twelve pages, and nothing
// else.
func TestPlantedErrorsAreFound(t *testing.T) {
	dir := pages(t)
	want := map[string][]string{}
	texts := map[string]string{}
	for _, e := range plantedErrors {
		if texts[e.page] == "" {
			texts[e.page] = read(t, filepath.Join(dir, e.page))
		}
		if strings.Count(texts[e.page], e.true) != 1 {
			t.Fatalf("%s: expected %q once", e.page, e.true)
		}
		texts[e.page] = strings.Replace(texts[e.page], e.true, e.wrong, 1)
	}
	for _, e := range plantedErrors {
		at := strings.Index(texts[e.page], e.wrong)
		if e.wrong == "" {
			original := read(t, filepath.Join(dir, e.page))
			at = strings.Index(original, e.true)
		}
		line := 1 + strings.Count(texts[e.page][:at], "\n") - e.before
		want[e.page] = append(want[e.page], fmt.Sprintf("%d: %s", line, e.sentence))
	}
	if len(plantedErrors) != 40 || len(want) != 12 {
		t.Fatalf("expected 40 errors in 12 pages, found %d in %d", len(plantedErrors), len(want))
	}
	for page, all := range want {
		if err := os.WriteFile(filepath.Join(dir, page), []byte(texts[page]), 0o600); err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		t.Run(page, func(t *testing.T) {
			if !slices.Contains([]string{"website-deployment.md", "istio-sleep.md", "helm-chart.md", "readme-errors.md"}, page) {
				exhaustive(t) // one page of each style is enough for make test
			}
			t.Parallel()
			r, _ := verified(t, dir, page)
			assertFindings(t, r, all)
		})
	}
}
