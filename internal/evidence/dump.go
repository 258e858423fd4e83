package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/kubernetes/scheme"
)

// maxLog is how much of a container's log a dump keeps, in bytes.
const maxLog = 1 << 20

// Dump writes all that there is into a folder, which it makes: namespace.yaml,
// pods.yaml, events.yaml, and logs/POD.CONTAINER.log. Only the user may read the
// files. What may not be read is left out; the error says what that was.
func (r Reader) Dump(ctx context.Context, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
		return err
	}
	var errs []error
	keep := func(err error) { errs = append(errs, err) }
	if ns, err := r.Core.Namespaces().Get(ctx, r.Namespace, metav1.GetOptions{}); err != nil {
		keep(fmt.Errorf("read namespace %q: %w", r.Namespace, err))
	} else {
		keep(write(filepath.Join(dir, "namespace.yaml"), bare(ns)))
	}
	pods, err := r.Pods(ctx)
	keep(err)
	all, events := &corev1.PodList{}, &corev1.EventList{}
	for i := range pods {
		found, err := r.Events(ctx, &pods[i])
		keep(err)
		for j := range found {
			events.Items = append(events.Items, *bare(&found[j]))
		}
		keep(r.dumpLogs(ctx, &pods[i], filepath.Join(dir, "logs")))
		all.Items = append(all.Items, *withoutValues(bare(&pods[i])))
	}
	keep(write(filepath.Join(dir, "pods.yaml"), all))
	keep(write(filepath.Join(dir, "events.yaml"), events))
	return errors.Join(errs...)
}

func (r Reader) dumpLogs(ctx context.Context, pod *corev1.Pod, dir string) error {
	logs, err := r.Logs(ctx, pod, 0, maxLog)
	errs := []error{err}
	for _, log := range logs {
		name := log.Pod + "." + log.Container
		if log.Previous {
			name += ".previous"
		}
		errs = append(errs, os.WriteFile(filepath.Join(dir, name+".log"), []byte(log.Text), 0o600))
	}
	return errors.Join(errs...)
}

// bare leaves out of an object what only machines read; an annotation of kubectl
// holds the whole object again.
func bare[T metav1.Object](obj T) T {
	obj.SetManagedFields(nil)
	annotations := obj.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	obj.SetAnnotations(annotations)
	return obj
}

// withoutValues blanks out the values of environment variables, where many keep
// secrets.
func withoutValues(pod *corev1.Pod) *corev1.Pod {
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		blank(c.Env)
	}
	for _, c := range pod.Spec.EphemeralContainers { // of who has debugged the Pod meanwhile
		blank(c.Env)
	}
	return pod
}

func blank(variables []corev1.EnvVar) {
	for i := range variables {
		if variables[i].Value != "" {
			variables[i].Value = "[not kept]"
		}
	}
}

func write(path string, obj runtime.Object) error {
	var text bytes.Buffer
	if err := printers.NewTypeSetter(scheme.Scheme).ToPrinter(&printers.YAMLPrinter{}).PrintObj(obj, &text); err != nil {
		return err
	}
	return os.WriteFile(path, text.Bytes(), 0o600)
}
