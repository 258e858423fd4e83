package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// containersAnnotation holds the names of the containers that the run has in a Pod:
// another one was added by admission, as meshes do.
const containersAnnotation = "kubectl-kbe.github.io/containers"

// optOut are the usual labels and annotations by which a Pod declines a sidecar
// (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/,
// https://linkerd.io/2/features/proxy-injection/).
var optOut = map[string]map[string]string{
	"labels":      {"sidecar.istio.io/inject": "false"},
	"annotations": {"linkerd.io/inject": "disabled"},
}

// markPod marks a Pod, or a template of Pods, as the run's own: it names its containers,
// declines sidecars, and goes to Linux nodes, which all images of examples are for. What it
// says itself stays.
func (s *Session) markPod(pod map[string]any) error {
	own := containersOf(pod)
	if own == "" {
		return nil // it is a template of Jobs, or the API server will refuse it
	}
	if err := unstructured.SetNestedField(pod, own, "metadata", "annotations", containersAnnotation); err != nil {
		return fmt.Errorf("metadata.annotations: %w", err)
	}
	if !s.opts.WithSidecars {
		for field, entries := range optOut {
			for key, value := range entries {
				if err := setDefault(pod, value, "metadata", field, key); err != nil {
					return err
				}
			}
		}
	}
	if spec, _ := pod["spec"].(map[string]any); spec["nodeName"] != nil || spec["os"] != nil {
		return nil
	}
	return setDefault(pod, string(corev1.Linux), "spec", "nodeSelector", corev1.LabelOSStable)
}

// setDefault sets a field that is not set.
func setDefault(object map[string]any, value string, path ...string) error {
	if _, has, err := unstructured.NestedFieldNoCopy(object, path...); has || err != nil {
		return err
	}
	return unstructured.SetNestedField(object, value, path...)
}

// containersOf are the names of the containers of a Pod, or of a template of Pods, as
// containersAnnotation has them.
func containersOf(pod map[string]any) string {
	var names []string
	for _, list := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(pod, "spec", list)
		for _, c := range containers {
			if name := nameOf(c); name != "" {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, ",")
}

// nameOf is the name of a container, or of the one that a status is of.
func nameOf(container any) string {
	fields, _ := container.(map[string]any)
	name, _ := fields["name"].(string)
	return name
}

// AddedContainers are the names of the containers of a Pod of a run that admission has
// added: those of containers, and of init containers that stay, as native sidecars do.
// kubectl counts them in its column READY. own is the first container of the run's own, or
// "": a command that names none means this one, whatever admission has added.
func AddedContainers(pod *corev1.Pod) (own string, added []string) {
	names, marked := ownContainers(pod)
	if !marked {
		return "", nil
	}
	for _, c := range pod.Spec.InitContainers {
		stays := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		if stays && !slices.Contains(names, c.Name) {
			added = append(added, c.Name)
		}
	}
	for _, c := range pod.Spec.Containers {
		if slices.Contains(names, c.Name) {
			own = cmp.Or(own, c.Name)
		} else {
			added = append(added, c.Name)
		}
	}
	return own, added
}

func ownContainers(pod metav1.Object) (names []string, marked bool) {
	text, marked := pod.GetAnnotations()[containersAnnotation]
	return strings.Split(text, ","), marked
}

// withoutAdded leaves the containers of a Pod that admission has added out of what is
// claimed of it.
func withoutAdded(pod *unstructured.Unstructured) map[string]any {
	own, marked := ownContainers(pod)
	if !marked {
		return pod.Object
	}
	for _, path := range [][]string{
		{"spec", "initContainers"}, {"spec", "containers"}, {"status", "initContainerStatuses"}, {"status", "containerStatuses"},
	} {
		containers, found, err := unstructured.NestedSlice(pod.Object, path...)
		if !found || err != nil {
			continue
		}
		mine := slices.DeleteFunc(containers, func(c any) bool { return !slices.Contains(own, nameOf(c)) })
		// It fails only where a value on the way is no object; it was read this way.
		_ = unstructured.SetNestedSlice(pod.Object, mine, path...)
	}
	return pod.Object
}
