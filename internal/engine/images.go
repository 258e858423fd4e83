package engine

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// Images are the images of a run. A value of it does not change: what replaces an image
// makes another one.
type Images struct {
	example  *example.Example
	refs     map[string]string // by short name, with the user's choices
	registry string
	// chosen are those that the user has named: they are never replaced.
	chosen map[string]string
	// replaced are those that run something else, with their references in the example.
	replaced map[string]v1alpha1.Image
}

// Images are the example's, as the user has chosen (see run.Options.References).
func (p *Plan) Images(opts *run.Options) (*Images, error) {
	refs, err := opts.References(p.Example.References())
	return &Images{example: p.Example, refs: refs, registry: opts.Registry, chosen: opts.Overrides(p.Example.References())}, err
}

// anImage is one of the references in use, the same in each run, or "".
func (p *Plan) anImage(opts *run.Options) string {
	images, err := p.Images(opts)
	if refs := slices.Sorted(maps.Values(images.References())); err == nil && len(refs) > 0 {
		return refs[0]
	}
	return "" // the run reports the error
}

// References are those in use, by short name.
func (m *Images) References() map[string]string {
	refs := maps.Clone(m.refs)
	for name, r := range m.replaced {
		refs[name] = r.Replaced.Reference
	}
	return refs
}

// replacement is what would run instead of an image, or false where nothing would: it has
// nothing, the user has chosen the image, or it is replaced already.
func (m *Images) replacement(name, why string) (v1alpha1.Image, bool) {
	instead := m.example.Spec.Images[name].Instead
	_, chosen := m.chosen[name]
	_, replaced := m.replaced[name]
	if instead.Image == "" || chosen || replaced {
		return v1alpha1.Image{}, false
	}
	by := &v1alpha1.Replaced{Why: why, Reference: m.refs[instead.Image], Command: m.quote(m.insteadCommand(name))}
	return v1alpha1.Image{Name: name, Reference: m.refs[name], Replaced: by}, true
}

// replaceable are the short names of the images that may be replaced.
func (m *Images) replaceable() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(m.refs)) {
		if _, can := m.replacement(name, ""); can {
			names = append(names, name)
		}
	}
	return names
}

// with is the images with one of them replaced.
func (m *Images) with(r v1alpha1.Image) *Images {
	next := *m
	next.replaced = maps.Clone(m.replaced)
	if next.replaced == nil {
		next.replaced = map[string]v1alpha1.Image{}
	}
	next.replaced[r.Name] = r
	return &next
}

// insteadCommand are the words that a container runs in place of an image.
func (m *Images) insteadCommand(name string) []string {
	instead := m.example.Spec.Images[name].Instead
	words := slices.Clone(instead.Command)
	if instead.File != "" {
		words = append(words, m.example.Texts[instead.File])
	}
	return words
}

// named is the short name of the image that has a reference in the example, or "".
func (m *Images) named(ref string) string {
	for name, image := range m.example.Spec.Images {
		if sameImage(image.Reference, ref) {
			return name
		}
	}
	return ""
}

// sameImage reports whether two references mean the same image.
func sameImage(a, b string) bool {
	x, errX := reference.ParseNormalizedNamed(a)
	y, errY := reference.ParseNormalizedNamed(b)
	return errX == nil && errY == nil && reference.TagNameOnly(x).String() == reference.TagNameOnly(y).String()
}

// container is what a container runs that has a reference in the example. One that
// has no short name comes from the registry as well.
func (m *Images) container(ref string) (podpatch.Container, error) {
	name := m.named(ref)
	if name == "" {
		moved, err := podpatch.FromRegistry(ref, m.registry)
		return podpatch.Container{Image: moved}, err
	}
	if r, replaced := m.replaced[name]; replaced {
		return podpatch.Container{Image: r.Replaced.Reference, Command: m.insteadCommand(name)}, nil
	}
	if now := m.refs[name]; !sameImage(now, ref) {
		ref = now
	}
	return podpatch.Container{Image: ref}, nil
}

// manifest is one of the example's, with the images in use.
func (m *Images) manifest(name string) ([]byte, error) {
	return podpatch.Images(m.example.Files[name], m.container)
}

// command is a command of the example with the images in use: a literal --image is
// replaced as one in a manifest is, and `kubectl run` of an image that is replaced gets
// the command that runs instead, unless it has its own.
func (m *Images) command(cmd example.Command) (example.Command, error) {
	verb, _ := cmd.Verb()
	out := slices.Clone(cmd)
	name := ""
	for _, w := range imageWords(cmd) {
		if name = m.nameOf(w); w.ref == "" {
			continue // an expression knows the image in use
		}
		c, err := m.container(w.ref)
		if err != nil {
			return nil, err
		}
		out[w.index] = example.Word{{Text: w.flag + c.Image, Offset: cmd[w.index].Offset()}}
	}
	if _, replaced := m.replaced[name]; !replaced || verb != "run" {
		return out, nil
	}
	return m.withCommand(out, name), nil
}

// imageWord is a word of a command that holds an image: the value of --image, or what
// `kubectl set image` sets.
type imageWord struct {
	index int
	flag  string // "--image=", or "CONTAINER=", where the word begins with it
	ref   string // "" where it is an expression
	expr  string
}

// imageWords are those of a command, up to what belongs to a program in a container.
func imageWords(cmd example.Command) (found []imageWord) {
	const flag = "--image="
	verb, _ := cmd.Verb()
	for i, w := range cmd {
		text, literal := w.Literal()
		switch {
		case literal && text == "--":
			return found
		case literal && strings.HasPrefix(text, flag):
			found = append(found, imageWord{index: i, flag: flag, ref: strings.TrimPrefix(text, flag)})
		case literal && verb == "set" && strings.Contains(text, "=") && !strings.HasPrefix(text, "-"):
			if kind, _ := cmd[2].Literal(); kind == "image" {
				container, ref, _ := strings.Cut(text, "=")
				found = append(found, imageWord{index: i, flag: container + "=", ref: ref})
			}
		case !literal && len(w) == 2 && w[0].Text == flag && w[1].IsExpr:
			found = append(found, imageWord{index: i, flag: flag, expr: w[1].Text})
		default:
			if before, _ := cmd[max(0, i-1)].Literal(); before != "--image" {
				continue
			}
			found = append(found, imageWord{index: i, ref: text})
			if !literal && len(w) == 1 {
				found[len(found)-1].expr = w[0].Text
			}
		}
	}
	return found
}

// nameOf is the short name of the image of a word, or "".
func (m *Images) nameOf(w imageWord) string {
	if w.ref != "" {
		return m.named(w.ref)
	}
	if parts := imageExpr.FindStringSubmatch(w.expr); parts != nil {
		return parts[1] + parts[2]
	}
	return ""
}

// imageExpr is an expression that stands for an image.
var imageExpr = regexp.MustCompile(`^images(?:\.(\w+)|\[\s*["'](\w+)["']\s*\])$`)

// withCommand gives a `kubectl run` the command that runs in place of an image; words
// after its "--", which are arguments, stay.
func (m *Images) withCommand(cmd example.Command, name string) example.Command {
	word := func(text string) example.Word { return example.Word{{Text: text}} }
	instead := m.example.Spec.Images[name].Instead
	command := []example.Word{word("--command"), word("--")}
	for _, w := range instead.Command {
		command = append(command, word(w))
	}
	if instead.File != "" {
		command = append(command, example.Word{{Text: example.TextCall(instead.File), IsExpr: true}})
	}
	for i, w := range cmd {
		switch text, _ := w.Literal(); text {
		case "--command":
			return cmd
		case "--":
			return slices.Concat(cmd[:i], command, cmd[i+1:])
		}
	}
	return slices.Concat(cmd, command)
}

// quote writes words as a user would type them: a file's content as "$(cat NAME)".
func (m *Images) quote(words []string) string {
	return withTexts(example.Quote(words), m.example.Texts)
}

// withTexts writes the content of files in a line of words as "$(cat NAME)", which a
// shell reads as the same words.
func withTexts(line string, texts map[string]string) string {
	for name, text := range texts {
		if text != "" {
			line = strings.ReplaceAll(line, example.Quote([]string{text}), `"$(cat `+name+`)"`)
		}
	}
	return line
}

// unfit says why an image cannot run, by what the Nodes say of themselves, or "".
func unfit(image example.Image, nodes []corev1.Node) string {
	return cmp.Or(wrongPlatform(image.Platforms, nodes), wrongFamily(image.Families, familyOfNodes(nodes)))
}

// wrongPlatform says which Node that may get a Pod has another platform than the image,
// or "".
func wrongPlatform(platforms []string, nodes []corev1.Node) string {
	if len(platforms) == 0 {
		return ""
	}
	for i := range nodes {
		info := nodes[i].Status.NodeInfo
		has := info.OperatingSystem + "/" + info.Architecture
		if isSchedulable(&nodes[i]) && info.Architecture != "" && !slices.ContainsFunc(platforms, func(p string) bool {
			return p == has || strings.HasPrefix(p, has+"/")
		}) {
			return fmt.Sprintf("it is for %s, and node %q is %s", strings.Join(platforms, ", "), nodes[i].Name, has)
		}
	}
	return ""
}

// isSchedulable reports whether a Linux Node can run Pods of a run: it is not cordoned, and has
// no taint that keeps them away.
func isSchedulable(n *corev1.Node) bool {
	return !n.Spec.Unschedulable && n.Status.NodeInfo.OperatingSystem != "windows" &&
		!slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule })
}

// wrongFamily says that an image does not listen on the family of a Pod's address, or "".
func wrongFamily(families []string, family string) string {
	if len(families) == 0 || family == "" || slices.Contains(families, family) {
		return ""
	}
	return fmt.Sprintf("it listens on %s only, but the pod IPs of this cluster are %s", strings.Join(families, ", "), family)
}

// familyOfNodes is the family of the first address that Pods get: that of the Nodes'
// first Pod CIDR, or else of their own address. It is "" where that is not known.
func familyOfNodes(nodes []corev1.Node) string {
	for i := range nodes {
		if cidrs := nodes[i].Spec.PodCIDRs; len(cidrs) > 0 {
			return familyOf(cidrs[0])
		}
		for _, a := range nodes[i].Status.Addresses {
			if a.Type == corev1.NodeInternalIP {
				return familyOf(a.Address)
			}
		}
	}
	return ""
}

func familyOf(address string) string {
	if strings.Contains(address, ":") {
		return "IPv6"
	}
	return "IPv4"
}
