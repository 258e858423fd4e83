package podpatch

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func TestTheCatalogueCanBeHardened(t *testing.T) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue {
		for name, content := range e.Files {
			hard, err := Patch{Hardened: true}.Manifest(content)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) { assertRestricted(t, podOf(t, hard)) })
		}
	}
}

// assertRestricted asks the code that enforces the standard in an API server.
func assertRestricted(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s in %+v", result.ForbiddenReason, result.ForbiddenDetail, pod.Spec)
		}
	}
}

func podOf(t *testing.T, manifest []byte) *corev1.Pod {
	t.Helper()
	var rc corev1.ReplicationController
	if err := yaml.Unmarshal(manifest, &rc); err != nil {
		t.Fatal(err)
	}
	if rc.Spec.Template != nil {
		return &corev1.Pod{ObjectMeta: rc.Spec.Template.ObjectMeta, Spec: rc.Spec.Template.Spec}
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(manifest, &pod); err != nil {
		t.Fatal(err)
	}
	return &pod
}

// The overrides are applied as kubectl run applies them.
func TestTheOverridesOfKubectlRunMeetTheStandard(t *testing.T) {
	overrides, err := Patch{Hardened: true, PullSecret: "regcred"}.Overrides()
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch([]byte(overrides))
	if err != nil {
		t.Fatal(err)
	}
	patched, err := patch.Apply([]byte(`{"kind": "Pod", "spec": {"containers": [{"name": "client", "image": "centos"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	pod := corev1.Pod{}
	if err := json.Unmarshal(patched, &pod); err != nil {
		t.Fatal(err)
	}
	assertRestricted(t, &pod)
	if pod.Spec.ImagePullSecrets[0].Name != "regcred" || pod.Spec.Containers[0].Name != "client" {
		t.Errorf("found %+v", pod.Spec)
	}
	if overrides, err := (Patch{}).Overrides(); err != nil || overrides != "" {
		t.Errorf("expected none, found %s, %v", overrides, err)
	}
}

func TestWhatAManifestSaysItselfStays(t *testing.T) {
	manifest := []byte("kind: Pod\nspec:\n  securityContext: {runAsUser: 1000}\n  containers: [{name: a, image: b}]\n")
	hard, err := Patch{Hardened: true}.Manifest(manifest)
	if err != nil || !strings.Contains(string(hard), "runAsUser: 1000") || !strings.Contains(string(hard), "runAsNonRoot: true") {
		t.Errorf("found %s, %v", hard, err)
	}
	if same, err := (Patch{}).Manifest(manifest); err != nil || string(same) != string(manifest) {
		t.Errorf("without a policy a manifest stays as it is, to the byte; found %s, %v", same, err)
	}
}

func TestAPodIsPatchedAsAManifestIs(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "b"}, {Name: "c", Image: "d"}}}}
	same := pod.DeepCopy()
	if err := (Patch{}).Pod(same); err != nil || !reflect.DeepEqual(same, pod) {
		t.Errorf("expected no change, found %+v, %v", same, err)
	}
	if err := (Patch{Hardened: true, PullSecret: "regcred"}).Pod(pod); err != nil {
		t.Fatal(err)
	}
	assertRestricted(t, pod)
	if pod.Spec.ImagePullSecrets[0].Name != "regcred" || pod.Spec.Containers[1].Image != "d" {
		t.Errorf("found %+v", pod.Spec)
	}
}

// OpenShift gives Pods a user of the Namespace's range, and refuses every other.
func TestAServerThatSetsTheUserIsLeftToIt(t *testing.T) {
	for server, want := range map[bool]bool{false: true, true: false} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a"}}}}
		if err := (Patch{Hardened: true, ServerUser: server}).Pod(pod); err != nil {
			t.Fatal(err)
		}
		security := pod.Spec.SecurityContext
		if !*security.RunAsNonRoot || (security.RunAsUser != nil) != want {
			t.Errorf("ServerUser %t: expected a user: %t, found %+v", server, want, security)
		}
	}
}
