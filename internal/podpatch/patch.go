package podpatch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// Patch is what a cluster's policy requires of every Pod of a run, beyond what is
// shown. It is added where everybody sees it: to the command, and to the manifest.
type Patch struct {
	// Hardened: Pods must meet the Pod Security Standard restricted.
	Hardened bool
	// ServerUser: admission sets the user of hardened Pods, and refuses another.
	ServerUser bool
	// PullSecret is the name of a Secret with the registry's credentials, or "".
	PullSecret string
	// Requests and Limits are those of each container, or empty.
	Requests, Limits Resources
}

// restrictedUser is a user ID that the images of the catalogue work with; the
// restricted standard wants one that is not root, and a number.
const restrictedUser = 65532

// Empty reports whether nothing is added.
func (p Patch) Empty() bool { return p == Patch{} }

// pod returns the fields of the Pod, container those of each of its containers
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
func (p Patch) pod() map[string]any {
	fields := map[string]any{}
	if p.Hardened {
		security := map[string]any{
			"runAsNonRoot":   true,
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		}
		if !p.ServerUser {
			security["runAsUser"] = restrictedUser
		}
		fields["securityContext"] = security
	}
	if p.PullSecret != "" {
		fields["imagePullSecrets"] = []any{map[string]any{"name": p.PullSecret}}
	}
	return fields
}

func (p Patch) container() map[string]any {
	fields := map[string]any{}
	if p.Hardened {
		fields["securityContext"] = map[string]any{
			"allowPrivilegeEscalation": false,
			"capabilities":             map[string]any{"drop": []any{"ALL"}},
		}
	}
	resources := map[string]any{}
	for name, of := range map[string]Resources{"requests": p.Requests, "limits": p.Limits} {
		if of != (Resources{}) {
			resources[name] = map[string]any{"cpu": of.CPU, "memory": of.Memory}
		}
	}
	if len(resources) > 0 {
		fields["resources"] = resources
	}
	return fields
}

// Overrides are the fields for `kubectl run --override-type=json`, the same for each Pod, or
// "" where nothing is added. They are a JSON patch (RFC 6902), for a strategic one would
// have to name the container.
func (p Patch) Overrides() (string, error) {
	if p.Empty() {
		return "", nil
	}
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	var patch []operation
	for _, added := range []struct {
		path   string
		fields map[string]any
	}{{"/spec/", p.pod()}, {"/spec/containers/0/", p.container()}} {
		for _, name := range slices.Sorted(maps.Keys(added.fields)) {
			patch = append(patch, operation{"add", added.path + name, added.fields[name]})
		}
	}
	text, err := json.MarshalIndent(patch, "", "  ")
	return string(text), err
}

// Manifest adds the fields to a Pod, or to the Pod template of another kind.
func (p Patch) Manifest(content []byte) ([]byte, error) {
	if p.Empty() {
		return content, nil
	}
	var object map[string]any
	if err := yaml.Unmarshal(content, &object); err != nil {
		return nil, err
	}
	patched, err := p.add(object)
	if err != nil || !patched {
		return content, err
	}
	return yaml.Marshal(object)
}

// Pod adds the fields to a Pod.
func (p Patch) Pod(pod *corev1.Pod) error {
	if p.Empty() {
		return nil
	}
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return err
	}
	object["kind"] = "Pod"
	if _, err := p.add(object); err != nil {
		return err
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object, pod)
}

// add reports whether the object is, or makes, a Pod.
func (p Patch) add(object map[string]any) (bool, error) {
	spec, _ := object["spec"].(map[string]any)
	if template, ok := spec["template"].(map[string]any); ok {
		spec, _ = template["spec"].(map[string]any)
	} else if object["kind"] != "Pod" {
		return false, nil
	}
	if spec == nil {
		return false, fmt.Errorf("%v: expected a spec", object["kind"])
	}
	merge(spec, p.pod())
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			fields, ok := c.(map[string]any)
			if !ok {
				continue
			}
			merge(fields, p.besides(fields).container())
		}
	}
	return true, nil
}

// besides is the patch for a container with resources of its own: its limits are its requests, too, and limits are
// not less than its requests.
func (p Patch) besides(container map[string]any) Patch {
	own, _ := container["resources"].(map[string]any)
	if own["limits"] != nil {
		p.Requests = Resources{}
	}
	requests, _ := own["requests"].(map[string]any)
	for name, quantity := range requests {
		if p.Limits != (Resources{}) {
			p.Limits.keep("minimum", name, fmt.Sprint(quantity))
		}
	}
	return p
}

// merge adds fields to an object; what the object says itself stays.
func merge(object, fields map[string]any) {
	for name, value := range fields {
		mine, has := object[name]
		if !has {
			object[name] = value
			continue
		}
		inner, ok := mine.(map[string]any)
		more, moreOK := value.(map[string]any)
		if ok && moreOK {
			merge(inner, more)
		}
	}
}
