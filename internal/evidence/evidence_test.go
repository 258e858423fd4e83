package evidence

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestADumpHoldsNoValues(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "sise", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
			Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "hunter2", "team": "a"},
		},
		Spec: corev1.PodSpec{
			InitContainers:      []corev1.Container{{Env: []corev1.EnvVar{{Name: "A", Value: "hunter2"}}}},
			Containers:          []corev1.Container{{Env: []corev1.EnvVar{{Name: "B", Value: "hunter2"}, {Name: "C"}}}},
			EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Env: []corev1.EnvVar{{Name: "D", Value: "hunter2"}}}}},
		},
	}
	file := filepath.Join(t.TempDir(), "pod.yaml")
	if err := write(file, withoutValues(bare(pod))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for want, there := range map[string]bool{"hunter2": false, "managedFields": false, "name: B": true, "name: D": true, "team: a": true, "kind: Pod": true} {
		if strings.Contains(string(text), want) != there {
			t.Errorf("%q: expected it there: %t, found:\n%s", want, there, text)
		}
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("expected a file for its owner alone, found %v, %v", info.Mode(), err)
	}
}

func TestAnEventInWords(t *testing.T) {
	at := time.Date(2026, 11, 23, 18, 4, 35, 0, time.UTC)
	for want, ev := range map[string]corev1.Event{
		"18:04:35  Failed: no such image (3 times)": {Reason: "Failed", Message: "no such image\n", Count: 3, LastTimestamp: metav1.NewTime(at)},
		"18:04:35  FailedScheduling: no node":       {Reason: "FailedScheduling", Message: "no node", EventTime: metav1.NewMicroTime(at)},
	} {
		if got := Words(ev); got != want {
			t.Errorf("expected %q, found %q", want, got)
		}
	}
}
