package engine

import (
	"strings"
	"testing"
	"testing/fstest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

const replaceable = `
apiVersion: kubectl-kbe.github.io/v1alpha1
kind: Example
metadata: {name: x}
spec:
  title: X
  images:
    old: {reference: "docker.io/a/old:1", platforms: [linux/amd64], families: [IPv4], instead: {image: shell, command: [python3, -c], file: service.py}}
    shell: docker.io/a/shell:1
  scenarios:
  - name: one
    title: One
    steps:
`

func planOf(t *testing.T, steps string) *Plan {
	t.Helper()
	e, err := example.LoadDir("x", fstest.MapFS{
		"example.yaml": {Data: []byte(replaceable + steps)},
		"pod.yaml":     {Data: []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: a/old:1}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(e)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// commandOf is what a user would type for the first step, with images.
func commandOf(t *testing.T, p *Plan, images *Images) string {
	t.Helper()
	st := p.scenarios[0].steps[0]
	a := &attempt{runner: &runner{plan: p, watcher: &watcher{}}, images: images}
	inv, err := a.invocation(t.Context(), st, expect.Facts{Images: images.References(), Texts: p.Example.Texts, RunID: "id"})
	if err != nil {
		t.Fatal(err)
	}
	return inv.line
}

func TestAReplacedImageRunsItsServiceInstead(t *testing.T) {
	const program = `--command -- python3 -c "$(cat service.py)"`
	for step, want := range map[string]string{
		`kubectl run p --image=$(images.old) --port=1`:            `kubectl run p --image=docker.io/a/shell:1 --port=1 ` + program,
		`kubectl run p --image=$(images["old"])`:                  `kubectl run p --image=docker.io/a/shell:1 ` + program,
		`kubectl run p --image a/old:1`:                           `kubectl run p --image docker.io/a/shell:1 ` + program,
		`kubectl run p --image=a/old:1 -- x y`:                    `kubectl run p --image=docker.io/a/shell:1 ` + program + ` x y`,
		`kubectl run p --image=$(images.old) --command -- own`:    `kubectl run p --image=docker.io/a/shell:1 --command -- own`,
		`kubectl run p --image=$(images.shell) -- sleep infinity`: `kubectl run p --image=docker.io/a/shell:1 -- sleep infinity`,
		`kubectl set image deployment/p a=a/old:1 b=c`:            `kubectl set image deployment/p a=docker.io/a/shell:1 b=c`,
		`kubectl exec p -- curl --image=a/old:1`:                  `kubectl exec p -- curl --image=a/old:1`,
	} {
		p := planOf(t, "    - run: >-\n        "+step+"\n")
		images, err := p.Images(&run.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, can := images.replacement("old", "why")
		if !can {
			t.Fatal("expected something to run instead")
		}
		if found := commandOf(t, p, images.with(r)); found != want {
			t.Errorf("%s:\nexpected %s\nfound    %s", step, want, found)
		}
	}
}

func TestAReplacedImageOfAManifest(t *testing.T) {
	p := planOf(t, "    - run: kubectl create -f pod.yaml\n")
	images, err := p.Images(&run.Options{Registry: "m.example/{registry}/p"})
	if err != nil {
		t.Fatal(err)
	}
	before, err := images.manifest("pod.yaml")
	if err != nil || !strings.Contains(string(before), "image: 'm.example/docker.io/p/a/old:1'") {
		t.Errorf("expected the image from the mirror, found %s, %v", before, err)
	}
	r, _ := images.replacement("old", "why")
	after, err := images.with(r).manifest("pod.yaml")
	if err != nil || !strings.Contains(string(after), "image: 'm.example/docker.io/p/a/shell:1'") || !strings.Contains(string(after), "serve_forever()") {
		t.Errorf("found %s, %v", after, err)
	}
	if _, again := images.with(r).replacement("old", "why"); again {
		t.Error("an image is replaced once")
	}
	chosen, err := p.Images(&run.Options{Images: map[string]string{"old": "b/c:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, can := chosen.replacement("old", "why"); can {
		t.Error("an image that the user has chosen is not replaced")
	}
}

func TestAManifestNamesTheNamespaceOfTheRun(t *testing.T) {
	p := planOf(t, "    - run: kubectl create -f pod.yaml\n")
	p.Example.Files["pod.yaml"] = []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\ndata: {url: http://web.$(run.namespace).svc}\n")
	images, err := p.Images(&run.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var shown, placed string
	err = p.showFiles(images, podpatch.Patch{}, "kbe-x-abcde", p.scenarios[0].steps[0].command,
		func(b Body) { shown = b.(FileShown).Content }, func(_ string, content []byte) error { placed = string(content); return nil })
	if err != nil || !strings.Contains(placed, "http://web.kbe-x-abcde.svc") || shown != placed {
		t.Errorf("expected the namespace of the run, found %s, shown %s, %v", placed, shown, err)
	}
}

func TestWhatNodesSayOfImages(t *testing.T) {
	node := func(name, arch, cidr string, change ...func(*corev1.Node)) corev1.Node {
		n := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDRs: []string{cidr}},
			Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: arch}}}
		for _, c := range change {
			c(&n)
		}
		return n
	}
	cordoned := func(n *corev1.Node) { n.Spec.Unschedulable = true }
	tainted := func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: "x", Effect: corev1.TaintEffectNoSchedule}} }
	windows := func(n *corev1.Node) { n.Status.NodeInfo.OperatingSystem = "windows" }
	p := planOf(t, "    - run: kubectl create -f pod.yaml\n")
	for name, tc := range map[string]struct {
		nodes []corev1.Node
		why   string
	}{
		"not permitted":   {nil, ""},
		"it runs":         {[]corev1.Node{node("a", "amd64", "10.0.0.0/24")}, ""},
		"arm64":           {[]corev1.Node{node("a", "amd64", "10.0.0.0/24"), node("b", "arm64", "10.0.1.0/24")}, `it is for linux/amd64, and node "b" is linux/arm64`},
		"arm64, cordoned": {[]corev1.Node{node("a", "amd64", "10.0.0.0/24"), node("b", "arm64", "10.0.1.0/24", cordoned)}, ""},
		"arm64, tainted":  {[]corev1.Node{node("a", "amd64", "10.0.0.0/24"), node("b", "arm64", "10.0.1.0/24", tainted)}, ""},
		"windows":         {[]corev1.Node{node("a", "amd64", "10.0.0.0/24"), node("b", "amd64", "10.0.1.0/24", windows)}, ""},
		"IPv6":            {[]corev1.Node{node("a", "amd64", "fd00::/64")}, "it listens on IPv4 only, but the pod IPs of this cluster are IPv6"},
		"an old kubelet":  {[]corev1.Node{node("a", "", "10.0.0.0/24")}, ""},
	} {
		if found := unfit(p.Example.Spec.Images["old"], tc.nodes); found != tc.why {
			t.Errorf("%s: expected %q, found %q", name, tc.why, found)
		}
	}
}

func TestScenariosThatUseAnImage(t *testing.T) {
	for step, want := range map[string]bool{
		"kubectl create -f pod.yaml":              true,
		"kubectl run p --image=$(images.old)":     true,
		"kubectl run p --image=$(images.shell)":   false,
		"kubectl run p --image=docker.io/a/old:1": true,
		"kubectl get pods":                        false,
	} {
		p := planOf(t, "    - run: "+step+"\n")
		if p.uses(p.scenarios[0], "old") != want {
			t.Errorf("%s: expected %v", step, want)
		}
	}
}
