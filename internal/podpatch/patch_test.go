package podpatch

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

// TestTheCatalogueCanBeHardened asks the code that enforces the standard in an
// API server.
func TestTheCatalogueCanBeHardened(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
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
			meta, spec := podOf(t, hard)
			for _, result := range evaluator.EvaluatePod(restricted, meta, spec) {
				if !result.Allowed {
					t.Errorf("%s: %s: %s\n%s", name, result.ForbiddenReason, result.ForbiddenDetail, hard)
				}
			}
		}
	}
}

func podOf(t *testing.T, manifest []byte) (*metav1.ObjectMeta, *corev1.PodSpec) {
	t.Helper()
	var rc corev1.ReplicationController
	if err := yaml.Unmarshal(manifest, &rc); err != nil {
		t.Fatal(err)
	}
	if rc.Spec.Template != nil {
		return &rc.Spec.Template.ObjectMeta, &rc.Spec.Template.Spec
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(manifest, &pod); err != nil {
		t.Fatal(err)
	}
	return &pod.ObjectMeta, &pod.Spec
}

func TestAHardenedCommandShowsItsOverrides(t *testing.T) {
	p := Patch{Hardened: true, PullSecret: "regcred"}
	words, err := p.Command(strings.Fields("kubectl run client --image=centos -- sleep infinity"))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(words, "--"); i != 6 || words[4] != "--override-type=strategic" || !strings.Contains(words[5], `"name":"client"`) || !strings.Contains(words[5], "regcred") {
		t.Errorf("found %q", words)
	}
	for _, same := range []string{"kubectl get pods", "kubectl create -f run"} {
		if words, err := p.Command(strings.Fields(same)); err != nil || strings.Join(words, " ") != same {
			t.Errorf("%s: expected no change, found %q, %v", same, words, err)
		}
	}
	plain := "kubectl run client --image=centos"
	if words, err := (Patch{}).Command(strings.Fields(plain)); err != nil || strings.Join(words, " ") != plain {
		t.Errorf("expected no change, found %q, %v", words, err)
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
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
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
