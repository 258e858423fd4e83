package example

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// LongestName is the most letters of an example's name. It leaves room in the
	// 63 of a Namespace's name for what a run puts around it: "kbe-" and "-" with
	// five letters.
	LongestName = 50
	// longestWithin is how long a claim may take to become true.
	longestWithin = 10 * time.Minute
	// MostSteps is how many steps an example may have in all: many times more
	// than a reader of a page wants.
	MostSteps = 500
)

// imageName is a name that an expression can read as images.NAME.
var imageName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// validator collects what can be known without a cluster and without CEL. What
// is missing, or of another type, decode has reported already.
type validator struct{ problems Problems }

func (v *validator) fail(at Place, format string, args ...any) {
	v.problems = append(v.problems, at.Problem(fmt.Sprintf(format, args...)))
}

func (e *Example) validate() Problems {
	v := &validator{}
	v.oneOf(e.At.Field("apiVersion"), "apiVersion", e.APIVersion, APIVersion)
	v.oneOf(e.At.Field("kind"), "kind", e.Kind, Kind)
	v.label(e.Metadata.At.Field("name"), "name", e.Metadata.Name, LongestName)
	for name, image := range e.Spec.Images {
		if !imageName.MatchString(name) {
			v.fail(e.Spec.At.Field("images").Key(name), "images: expected a name of letters, digits and underscores, found %s: expressions read it as images.NAME", code(name))
		}
		v.image("images."+name, name, image, e.Spec.Images)
	}
	names, claims, steps := map[string]bool{}, map[string]bool{}, 0
	for _, sc := range e.Spec.Scenarios {
		steps += len(sc.Steps)
		v.unique(sc.At.Field("name"), "name", "scenario", sc.Name, names)
		v.label(sc.At.Field("name"), "name", sc.Name, validation.DNS1123LabelMaxLength)
		v.steps(sc, claims)
	}
	if steps > MostSteps {
		v.fail(e.Spec.At.Field("scenarios"), "expected at most %d steps in all, found %d", MostSteps, steps)
	}
	return v.problems
}

// steps checks a scenario's; claims are the IDs of the scenarios before it.
func (v *validator) steps(sc Scenario, claims map[string]bool) {
	names := map[string]bool{}
	for _, st := range sc.Steps {
		v.unique(st.At.Field("name"), "name", "step", st.Name, names)
		v.label(st.At.Field("name"), "name", st.Name, validation.DNS1123LabelMaxLength)
		if strings.TrimSpace(st.Run) != "" && st.NotRun == "" {
			v.command(st.At.Field("run"), st.Run)
		}
		if _, err := regexp.Compile(st.Show); err != nil {
			v.fail(st.At.Field("show"), "show: expected a regular expression: %v", err)
		}
		v.within(st.At, st.Within)
		for _, x := range st.Expect {
			v.within(x.At, x.Within)
			v.unique(x.At.Field("id"), "id", "claim", x.ID, claims)
			v.label(x.At.Field("id"), "id", x.ID, validation.DNS1123LabelMaxLength)
			if st.Within != "" && x.Within != "" {
				v.fail(x.At.Field("within"), "within: the step has it already, for all of its claims; expected it in one of the two places")
			}
		}
	}
}

var (
	platform = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$`)
	size     = regexp.MustCompile(`^[0-9]+(MB|GB)$`)
)

// image checks an image; field is what the problems call it.
func (v *validator) image(field, name string, image Image, all map[string]Image) {
	if image.Reference != "" {
		if _, err := reference.ParseNormalizedNamed(image.Reference); err != nil {
			v.fail(image.At.Field("reference"), "%s: expected an image reference, found %s: %v", field, code(image.Reference), err)
		}
	}
	for i, p := range image.Platforms {
		if !platform.MatchString(p) {
			v.fail(image.At.Field("platforms").Item(i), "%s.platforms: expected OS/ARCHITECTURE such as linux/amd64, found %s", field, code(p))
		}
	}
	for i, f := range image.Families {
		if f != "IPv4" && f != "IPv6" {
			v.fail(image.At.Field("families").Item(i), "%s.families: expected IPv4 or IPv6, found %s", field, code(f))
		}
	}
	if image.Size != "" && !size.MatchString(image.Size) {
		v.fail(image.At.Field("size"), "%s.size: expected a size such as 690MB, found %s", field, code(image.Size))
	}
	other, known := all[image.Instead.Image]
	switch at := image.Instead.At.Field("image"); {
	case image.Instead.Image == "":
	case !known:
		v.fail(at, "%s.instead.image: %s", field, Unknown("image", image.Instead.Image, slices.Sorted(maps.Keys(all))))
	case image.Instead.Image == name || other.Instead.Image != "":
		v.fail(at, "%s.instead.image: expected an image that is not replaced itself, found %s", field, code(image.Instead.Image))
	}
}

func (v *validator) oneOf(at Place, field, found, want string) {
	if found != "" && found != want {
		v.fail(at, "%s: expected %s, found %s", field, want, code(found))
	}
}

func (v *validator) unique(at Place, field, what, name string, names map[string]bool) {
	if name != "" && names[name] {
		v.fail(at, "%s: the %s %s is defined twice; rename one of them", field, what, code(name))
	}
	names[name] = true
}

func (v *validator) label(at Place, field, name string, longest int) {
	if name == "" {
		return
	}
	if len(name) > longest {
		v.fail(at, "%s: expected at most %d characters, found %d", field, longest, len(name))
	} else if len(validation.IsDNS1123Label(name)) > 0 {
		v.fail(at, "%s: expected lower-case letters, digits and dashes between them, found %s", field, code(name))
	}
}

func (v *validator) within(of Place, within string) {
	if within == "" {
		return
	}
	d, err := time.ParseDuration(within)
	switch at := of.Field("within"); {
	case err != nil:
		v.fail(at, "within: expected a duration such as 30s, found %s", code(within))
	case d <= 0 || d > longestWithin:
		v.fail(at, "within: expected more than 0s and at most 10m, found %s", code(within))
	}
}

func (v *validator) command(at Place, run string) {
	fail := func(offset int, format string, args ...any) {
		v.problems = append(v.problems, at.ProblemAt(offset, "run: "+fmt.Sprintf(format, args...)))
	}
	cmd, err := ParseCommand(run)
	if wrong, ok := errors.AsType[*commandError](err); ok {
		fail(wrong.Offset, "%s", wrong.Text)
		return
	}
	if !cmd.IsKubectl() {
		fail(0, "expected a command that starts with kubectl, found %s", code(run))
		return
	}
	if len(cmd) == 1 {
		fail(0, "expected a kubectl command, found kubectl alone")
	}
}

var fileFlag = regexp.MustCompile(`^(?:--filename(?:=(.*))?|-f=?(.*))$`)

// Files returns the manifests that a command names with -f or --filename, together with the
// flag or as the word after it. What else would have kubectl read files is not allowed (engine,
// allow.go).
func (c Command) Files() (files []string) {
	verb, _ := c.Verb()
	if slices.Contains([]string{"logs", "wait"}, verb) {
		return nil // -f of logs means --follow; the engine's own wait has none
	}
	for i, w := range c {
		text, literal := w.Literal()
		if text == "--" {
			break // what follows belongs to a program in a container
		}
		m := fileFlag.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		name := m[1] + m[2]
		if name == "" && i+1 < len(c) {
			name, literal = c[i+1].Literal()
		}
		if literal && name != "" {
			files = append(files, name)
		}
	}
	return files
}
