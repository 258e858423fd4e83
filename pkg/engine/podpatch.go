package engine

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// podPatch is what a cluster's policy asks of every Pod of a run, beyond what
// the page shows. It is added where everybody sees it: to the command that is
// shown, and to the manifest.
type podPatch struct {
	// hardened: the Namespace enforces the Pod Security Standard restricted.
	hardened bool
	// pullSecret is the name of a Secret with the registry's credentials, or "".
	pullSecret string
}

// restrictedUser is a user ID that the images of the catalogue work with; the
// restricted standard wants one that is not root, and a number.
const restrictedUser = 65532

func (p podPatch) empty() bool { return !p.hardened && p.pullSecret == "" }

// pod returns the fields of the Pod, container those of each of its containers
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
func (p podPatch) pod() map[string]any {
	fields := map[string]any{}
	if p.hardened {
		fields["securityContext"] = map[string]any{
			"runAsNonRoot":   true,
			"runAsUser":      restrictedUser,
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		}
	}
	if p.pullSecret != "" {
		fields["imagePullSecrets"] = []any{map[string]any{"name": p.pullSecret}}
	}
	return fields
}

func (p podPatch) container() map[string]any {
	if !p.hardened {
		return nil
	}
	return map[string]any{"securityContext": map[string]any{
		"allowPrivilegeEscalation": false,
		"capabilities":             map[string]any{"drop": []any{"ALL"}},
	}}
}

// command adds the fields to a `kubectl run NAME …`: before "--", if there is one.
func (p podPatch) command(words []string) ([]string, error) {
	if p.empty() || len(words) < 3 || words[1] != "run" {
		return words, nil
	}
	spec := p.pod()
	if c := p.container(); c != nil {
		c["name"] = words[2] // kubectl run calls the container as the Pod
		spec["containers"] = []any{c}
	}
	overrides, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return nil, err
	}
	var out []string
	for i, w := range words {
		if w == "--" {
			return append(append(out, "--override-type=strategic", "--overrides="+string(overrides)), words[i:]...), nil
		}
		out = append(out, w)
	}
	return append(out, "--override-type=strategic", "--overrides="+string(overrides)), nil
}

// manifest adds the fields to a Pod, or to the Pod template of another kind.
func (p podPatch) manifest(content []byte) ([]byte, error) {
	if p.empty() {
		return content, nil
	}
	var object map[string]any
	if err := yaml.Unmarshal(content, &object); err != nil {
		return nil, err
	}
	spec, _ := object["spec"].(map[string]any)
	if template, ok := spec["template"].(map[string]any); ok {
		spec, _ = template["spec"].(map[string]any)
	} else if object["kind"] != "Pod" {
		return content, nil
	}
	if spec == nil {
		return nil, fmt.Errorf("%v: expected a spec", object["kind"])
	}
	merge(spec, p.pod())
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			if fields, ok := c.(map[string]any); ok {
				merge(fields, p.container())
			}
		}
	}
	return yaml.Marshal(object)
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
