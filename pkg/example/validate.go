package example

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// validate checks what can be known without a cluster and without CEL.
func (e *Example) validate(at locator) error {
	var errs []error
	fail := func(text string, where ...any) { errs = append(errs, at.at(text, where...)) }

	if e.APIVersion != APIVersion {
		fail(fmt.Sprintf("apiVersion: expected %q, found %q", APIVersion, e.APIVersion), "apiVersion")
	}
	if e.Kind != Kind {
		fail(fmt.Sprintf("kind: expected %q, found %q", Kind, e.Kind), "kind")
	}
	if msgs := validation.IsDNS1123Label(e.Metadata.Name); len(msgs) > 0 {
		fail(fmt.Sprintf("metadata.name: %q is not a DNS label: %s", e.Metadata.Name, msgs[0]), "metadata", "name")
	}
	if e.Spec.Title == "" {
		fail("spec.title: expected a title, found none", "spec")
	}
	for name, ref := range e.Spec.Images {
		if ref == "" || strings.ContainsAny(ref, " \t\n") {
			fail(fmt.Sprintf("spec.images.%s: expected an image reference, found %q", name, ref), "spec", "images", name)
		}
	}
	if len(e.Spec.Scenarios) == 0 {
		fail("spec.scenarios: expected at least one scenario, found none", "spec")
	}
	seen := map[string]bool{}
	for i, sc := range e.Spec.Scenarios {
		where := []any{"spec", "scenarios", i}
		if msgs := validation.IsDNS1123Label(sc.Name); len(msgs) > 0 {
			fail(fmt.Sprintf("scenario name: %q is not a DNS label: %s", sc.Name, msgs[0]), append(where, "name")...)
		}
		if seen[sc.Name] {
			fail(fmt.Sprintf("scenario name: %q is used twice", sc.Name), append(where, "name")...)
		}
		seen[sc.Name] = true
		if sc.Title == "" {
			fail(fmt.Sprintf("scenario %q: expected a title, found none", sc.Name), where...)
		}
		if len(sc.Steps) == 0 {
			fail(fmt.Sprintf("scenario %q: expected at least one step, found none", sc.Name), where...)
		}
		for j, st := range sc.Steps {
			e.validateStep(st, func(text string, more ...any) {
				fail(text, append([]any{"spec", "scenarios", i, "steps", j}, more...)...)
			})
		}
	}
	return errors.Join(errs...)
}

func (e *Example) validateStep(st Step, fail func(text string, where ...any)) {
	cmd, err := ParseCommand(st.Run)
	switch {
	case err != nil:
		fail("run: "+err.Error(), "run")
	case len(cmd) < 2:
		fail(fmt.Sprintf("run: expected a kubectl command, found %q", st.Run), "run")
	default:
		if tool, ok := cmd[0].Literal(); !ok || tool != "kubectl" {
			fail(fmt.Sprintf("run: expected a command that starts with kubectl, found %q", st.Run), "run")
		}
		for _, file := range cmd.Files() {
			if _, ok := e.Files[file]; !ok {
				fail(fmt.Sprintf("run: the manifest %q is not in the example's folder", file), "run")
			}
		}
	}
	if _, err := regexp.Compile(st.Show); err != nil {
		fail("show: "+err.Error(), "show")
	}
	for k, x := range st.Expect {
		if x.Claim == "" {
			fail("expect: a claim needs words that say what it proves", "expect", k)
		}
		if x.That == "" {
			fail(fmt.Sprintf("expect %q: expected a CEL expression in `that`, found none", x.Claim), "expect", k)
		}
	}
}

// Files returns the manifests that a command names with -f or --filename.
func (c Command) Files() []string {
	if verb, _ := c.Verb(); verb == "logs" {
		return nil // its -f means --follow
	}
	var files []string
	for i, w := range c {
		text, ok := w.Literal()
		if !ok {
			continue
		}
		if text == "--" {
			break // what follows belongs to a program in a container
		}
		if (text == "-f" || text == "--filename") && i+1 < len(c) {
			if next, ok := c[i+1].Literal(); ok {
				files = append(files, next)
			}
		}
		if file, ok := strings.CutPrefix(text, "--filename="); ok {
			files = append(files, file)
		}
	}
	return files
}
