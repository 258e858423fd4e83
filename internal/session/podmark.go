package session

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ContainersAnnotation holds the names of the containers that the run has in a Pod:
// another one was added by admission, as meshes do.
const ContainersAnnotation = "kubectl-kbe.github.io/containers"

// optOut are the usual labels and annotations by which a Pod declines a sidecar
// (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/,
// https://linkerd.io/2/features/proxy-injection/).
var optOut = map[string]map[string]string{
	"labels":      {"sidecar.istio.io/inject": "false"},
	"annotations": {"linkerd.io/inject": "disabled"},
}

// markPod makes the Pod, or the template of Pods, at a path of an object the run's own: it
// names its containers, declines sidecars, and goes to Linux nodes, which all images of
// examples are for. What the object says itself stays.
func (s *Session) markPod(object map[string]any, path ...string) error {
	at := func(field ...string) []string { return append(slices.Clone(path), field...) }
	spec, _, err := unstructured.NestedMap(object, at("spec")...)
	if err != nil || spec == nil {
		return err // the API server will say so
	}
	own := containersOf(spec)
	if own == "" {
		return nil // the API server will refuse it
	}
	if err := unstructured.SetNestedField(object, own, at("metadata", "annotations", ContainersAnnotation)...); err != nil {
		return fmt.Errorf("metadata.annotations: %w", err)
	}
	if !s.opts.WithSidecars {
		for field, entries := range optOut {
			for key, value := range entries {
				if err := setDefault(object, value, at("metadata", field, key)...); err != nil {
					return err
				}
			}
		}
	}
	if spec["nodeName"] != nil || spec["os"] != nil {
		return nil
	}
	return setDefault(object, string(corev1.Linux), at("spec", "nodeSelector", corev1.LabelOSStable)...)
}

// setDefault sets a field that is not set.
func setDefault(object map[string]any, value string, path ...string) error {
	if _, has, err := unstructured.NestedFieldNoCopy(object, path...); has || err != nil {
		return err
	}
	return unstructured.SetNestedField(object, value, path...)
}

// containersOf are the names of the containers of a Pod, as ContainersAnnotation has them.
func containersOf(spec map[string]any) string {
	return strings.Join(slices.Concat(containerNames(spec, "initContainers"), containerNames(spec, "containers")), ",")
}

func containerNames(spec map[string]any, list string) (names []string) {
	containers, _, _ := unstructured.NestedSlice(spec, list)
	for _, c := range containers {
		if fields, ok := c.(map[string]any); ok {
			if name, ok := fields["name"].(string); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// AddedContainers are the names of the containers of a Pod of a run that admission has
// added: those of containers, and of init containers that stay, as native sidecars do.
// kubectl counts them in its column READY.
func AddedContainers(pod *unstructured.Unstructured) (added []string) {
	own, marked := ownContainers(pod)
	if !marked {
		return nil
	}
	for _, list := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", list)
		for _, c := range containers {
			fields, _ := c.(map[string]any)
			name, _ := fields["name"].(string)
			if !slices.Contains(own, name) && (list == "containers" || fields["restartPolicy"] == string(corev1.ContainerRestartPolicyAlways)) {
				added = append(added, name)
			}
		}
	}
	return added
}

// OwnContainer is the first container of a Pod of the run's own, or "": a
// command that names none means this one, whatever admission has added.
func OwnContainer(pod *unstructured.Unstructured) string {
	own, _ := ownContainers(pod)
	spec, _ := pod.Object["spec"].(map[string]any)
	for _, name := range containerNames(spec, "containers") {
		if slices.Contains(own, name) {
			return name
		}
	}
	return ""
}

func ownContainers(pod *unstructured.Unstructured) (names []string, marked bool) {
	text, marked := pod.GetAnnotations()[ContainersAnnotation]
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
		mine := slices.DeleteFunc(containers, func(c any) bool {
			fields, _ := c.(map[string]any)
			name, _ := fields["name"].(string)
			return !slices.Contains(own, name)
		})
		// It fails only where a value on the way is no object; it was read this way.
		_ = unstructured.SetNestedSlice(pod.Object, mine, path...)
	}
	return pod.Object
}
