package podpatch

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Container is what a container of a Pod runs.
type Container struct {
	// Image is its reference.
	Image string
	// Command is set where the container has none of its own; nil leaves it.
	Command []string
}

// Images gives each container of a manifest, in whatever kind of object, what replace
// makes of its image's reference, and each volume of an image its reference. It works
// on the parsed YAML, however that is written; a manifest in which nothing changes stays
// as it is, to the byte.
func Images(manifest []byte, replace func(ref string) (Container, error)) ([]byte, error) {
	doc := yaml.Node{}
	if err := yaml.Unmarshal(manifest, &doc); err != nil {
		return nil, err
	}
	w := imageWalk{replace: replace}
	w.visit(&doc)
	if w.err != nil || !w.changed {
		return manifest, w.err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	enc.CompactSeqIndent()
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("write the manifest with its images: %w", err)
	}
	return out.Bytes(), enc.Close()
}

// ImagesOf are the references of a manifest's containers and volumes; none where it is no
// YAML.
func ImagesOf(manifest []byte) (refs []string) {
	_, err := Images(manifest, func(ref string) (Container, error) {
		refs = append(refs, ref)
		return Container{Image: ref}, nil
	})
	if err != nil {
		return nil
	}
	return refs
}

type imageWalk struct {
	replace func(string) (Container, error)
	changed bool
	err     error
}

// containerLists are the fields that hold the containers of a Pod.
var containerLists = []string{"containers", "initContainers", "ephemeralContainers"}

func (w *imageWalk) visit(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			w.visit(c)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		switch {
		case slices.Contains(containerLists, name) && value.Kind == yaml.SequenceNode:
			for _, c := range value.Content {
				w.container(c)
			}
		case name == "volumes" && value.Kind == yaml.SequenceNode:
			for _, v := range value.Content {
				if image := field(v, "image"); image != nil {
					w.reference(field(image, "reference"))
				}
			}
		default:
			w.visit(value)
		}
	}
}

func (w *imageWalk) container(c *yaml.Node) {
	found := w.reference(field(c, "image"))
	if found.Command == nil || field(c, "command") != nil {
		return
	}
	command := &yaml.Node{Kind: yaml.SequenceNode}
	for _, word := range found.Command {
		n := &yaml.Node{}
		n.SetString(word) // of several lines: as a block
		command.Content = append(command.Content, n)
	}
	key := &yaml.Node{}
	key.SetString("command")
	c.Content = append(c.Content, key, command)
	w.changed = true
}

// reference replaces a reference where it stands; n may be nil.
func (w *imageWalk) reference(n *yaml.Node) Container {
	if n == nil || n.Kind != yaml.ScalarNode || w.err != nil {
		return Container{}
	}
	found, err := w.replace(n.Value)
	if err != nil {
		w.err = err
		return Container{}
	}
	if found.Image != n.Value {
		n.Value, n.Style, w.changed = found.Image, n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle), true
	}
	return found
}

// field is the value of a mapping's field, or nil.
func field(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
