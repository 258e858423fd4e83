package session

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// TestLabelsThatOthersSelect: a Service gets the traffic of any Pod, and a ReplicaSet adopts one
// that no controller has.
func TestLabelsThatOthersSelect(t *testing.T) {
	s := &Session{ID: "x7k2p", Namespace: "n"}
	s.others.read = time.Now()
	s.others.selectors = []othersSelector{
		{"services", "web", false, labels.SelectorFromSet(labels.Set{"web": "theirs"})},
		{"replicasets", "rs", true, labels.SelectorFromSet(labels.Set{"role": "theirs"})},
	}
	for manifest, want := range map[string]string{
		"{kind: Pod, metadata: {labels: {web: theirs}}}":                                                          `service "web"`,
		"{kind: Pod, metadata: {labels: {role: theirs}}}":                                                         `replicaset "rs"`,
		"{kind: Pod, metadata: {labels: {role: theirs}, ownerReferences: [{uid: a, controller: true}]}}":          "",
		"{kind: Pod, metadata: {labels: {web: ours}}}":                                                            "",
		"{kind: Deployment, metadata: {labels: {web: theirs}}}":                                                   "",
		"{kind: Deployment, spec: {template: {metadata: {labels: {web: theirs}}}}}":                               `service "web"`,
		"{kind: Deployment, spec: {template: {metadata: {labels: {role: theirs}}}}}":                              "",
		"{kind: CronJob, spec: {jobTemplate: {metadata: {labels: {web: theirs}}}}}":                               "",
		"{kind: CronJob, spec: {jobTemplate: {spec: {template: {metadata: {labels: {web: theirs}}, spec: {}}}}}}": `service "web"`,
		"{kind: PodTemplate, template: {metadata: {labels: {web: theirs}}}}":                                      `service "web"`,
	} {
		if err := vettingOf(t, s, manifest).labels(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "would be taken for those of "+want) {
			t.Errorf("%s: expected %q, found %v", manifest, want, err)
		}
	}
}

// TestWhatIsNotTheRunsIsRefused: neither an object nor its templates may lose the run's label.
func TestWhatIsNotTheRunsIsRefused(t *testing.T) {
	const marked = "metadata: {labels: {kubectl-kbe.github.io/run: x7k2p}}"
	const bound = "selector: {matchLabels: {kubectl-kbe.github.io/run: x7k2p}}"
	for manifest, want := range map[string]string{
		"{kind: Pod, " + marked + "}": "",
		"{kind: Pod}":                 "keeps the label",
		"{kind: Deployment, " + marked + ", spec: {" + bound + ", template: {" + marked + "}}}":        "",
		"{kind: Deployment, " + marked + ", spec: {" + bound + ", template: {spec: {}}}}":              "the pods which it makes keep the label",
		"{kind: Deployment, " + marked + ", spec: {selector: {}, template: {" + marked + "}}}":         "selects by the label",
		"{kind: CronJob, " + marked + ", spec: {jobTemplate: {" + marked + ", spec: {template: {}}}}}": "the pods which it makes keep the label",
		"{kind: CronJob, " + marked + ", spec: {jobTemplate: {spec: {template: {" + marked + "}}}}}":   "the pods which it makes keep the label",
		"{kind: Deployment, spec: {" + bound + ", template: {" + marked + "}}}":                        "keeps the label",
		"{kind: PodTemplate, " + marked + ", template: {metadata: {labels: {a: b}}}}":                  "the pods which it makes keep the label",
		"{kind: PodTemplate, " + marked + ", template: {" + marked + ", spec: {containers: [{}]}}}":    "",
	} {
		if err := vettingOf(t, &Session{ID: "x7k2p", Namespace: "n"}, manifest).isTheRuns(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected %q, found %v", manifest, want, err)
		}
	}
}

func vettingOf(t *testing.T, s *Session, manifest string) *vetting {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &obj.Object); err != nil {
		t.Fatal(err)
	}
	resource := map[string]schema.GroupVersionResource{"Pod": pods, "Deployment": {Group: "apps", Version: "v1", Resource: "deployments"}}[obj.GetKind()]
	return &vetting{transport: &transport{session: s, confined: true}, ctx: t.Context(), obj: obj, at: target{resource: resource, namespace: "n"}}
}
