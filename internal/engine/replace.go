package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/diagnose"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
	"github.com/kubectl-kbe/kubectl-kbe/internal/podpatch"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// ImageReplaced reports that an image cannot run on the cluster, and what runs instead for
// the rest of the run. Scenarios that have used it run again.
type ImageReplaced struct{ v1alpha1.Image }

// ReplacementPlanned reports, in a Preview, what would run where an image cannot.
type ReplacementPlanned struct{ v1alpha1.Image }

// superseded is why an attempt ends whose image was replaced.
type superseded struct{ v1alpha1.Image }

func (s superseded) Error() string {
	return fmt.Sprintf("the image %s cannot run here: %s", s.Reference, s.Replaced.Why)
}

// cause is what the second attempt of the scenario says of the first one.
func (s superseded) cause() *diagnose.Cause {
	return &diagnose.Cause{What: fmt.Sprintf("the image %s could not run", s.Reference), Why: s.Replaced.Why}
}

// uses reports whether a scenario uses an image of the example, by its short name.
func (p *Plan) uses(sc scenario, name string) bool {
	for _, st := range sc.steps {
		for _, x := range st.exprs {
			if x != nil && slices.ContainsFunc(x.Keys("images"), func(key expect.Key) bool { return key.Name == name }) {
				return true
			}
		}
		if slices.ContainsFunc(imageWords(st.command), func(w imageWord) bool { return sameImage(w.ref, p.Example.Image(name)) }) {
			return true
		}
		for _, file := range st.command.Files() {
			if slices.ContainsFunc(podpatch.ImagesOf(p.Example.Files[file]), func(ref string) bool { return sameImage(ref, p.Example.Image(name)) }) {
				return true
			}
		}
	}
	return false
}

// used reports whether a scenario of the plan uses an image.
func (p *Plan) used(name string) bool {
	return slices.ContainsFunc(p.scenarios, func(sc scenario) bool { return p.uses(sc, name) })
}

// inUse are the images as they are now.
func (r *runner) inUse() *Images {
	r.imagesMu.Lock()
	defer r.imagesMu.Unlock()
	return r.images
}

// replace replaces an image for the rest of the run, once: it reports it, and ends the attempts
// of the scenarios that use it.
func (r *runner) replace(name, why string) {
	r.imagesMu.Lock()
	replacement, can := r.images.replacement(name, why)
	if !can {
		r.imagesMu.Unlock()
		return
	}
	r.images = r.images.with(replacement)
	var end []func(error)
	for a, cancel := range r.attempts {
		if r.plan.uses(a.scenario, name) {
			end = append(end, cancel)
		}
	}
	r.imagesMu.Unlock()
	r.emit(WholeRun, ImageReplaced{replacement})
	for _, cancel := range end {
		cancel(superseded{replacement})
	}
}

// replaceBeforehand replaces the images of which the Nodes say that they cannot run.
// Without the permission to read Nodes the first sign of it decides.
func (r *runner) replaceBeforehand(ctx context.Context) {
	names := slices.DeleteFunc(r.inUse().replaceable(), func(name string) bool { return !r.plan.used(name) })
	if len(names) == 0 {
		return
	}
	nodes := r.nodes(ctx)
	for _, name := range names {
		if why := unfit(r.plan.Example.Spec.Images[name], nodes); why != "" {
			r.replace(name, why)
		}
	}
}

// replaceOnSigns replaces images at the first sign that they cannot run, until ctx ends.
func (r *runner) replaceOnSigns(ctx context.Context) {
	_ = wait.Until(ctx, r.watcher.next, func() (bool, error) { // whose error is the end of ctx
		r.readSigns(ctx)
		return len(r.inUse().replaceable()) == 0, nil
	})
}

// readSigns looks at all Pods of the run for signs that an image cannot run.
func (r *runner) readSigns(ctx context.Context) {
	images := r.inUse()
	for _, name := range images.replaceable() {
		for _, e := range r.watcher.evidence() {
			if why := r.sign(ctx, images, name, e); why != "" {
				r.replace(name, why)
				break
			}
		}
	}
}

// sign says why an image cannot run, by what the cluster says of a Pod that uses it,
// or is "".
func (r *runner) sign(ctx context.Context, images *Images, name string, e diagnose.Evidence) string {
	image := images.example.Spec.Images[name]
	for _, c := range slices.Concat(e.Pod.Spec.InitContainers, e.Pod.Spec.Containers) {
		if !sameImage(c.Image, images.refs[name]) {
			continue
		}
		for _, cause := range e.Images() {
			if cause.Container == c.Name {
				return strings.TrimPrefix(cause.What, fmt.Sprintf("container %q of pod %q: ", c.Name, e.Pod.Name))
			}
		}
		if ip := e.Pod.Status.PodIP; ip != "" && !e.Pod.Spec.HostNetwork {
			if why := wrongFamily(image.Families, familyOf(ip)); why != "" {
				return why
			}
		}
		if len(image.Platforms) > 0 && r.wrongFormat(ctx, e.Pod, c.Name) {
			return "its program is for another architecture than " + e.Pod.Spec.NodeName + " (exec format error)"
		}
	}
	return ""
}

// formatError is how the kernel refuses a program for another architecture (ENOEXEC), in
// the words of runc and crun.
const formatError = "exec format error"

// logTimeout bounds the look into the log of a container that has ended.
const logTimeout = 2 * time.Second

// wrongFormat reports whether a container ended because its program is for another
// architecture: runc says so in the container's log, and not in its status.
func (r *runner) wrongFormat(ctx context.Context, pod *corev1.Pod, container string) bool {
	for _, s := range pod.Status.ContainerStatuses {
		ended := s.State.Terminated
		if ended == nil {
			ended = s.LastTerminationState.Terminated
		}
		if s.Name != container || ended == nil || ended.ExitCode == 0 {
			continue
		}
		if strings.Contains(strings.ToLower(ended.Message), formatError) {
			return true
		}
		if _, before := r.logsSeen.LoadOrStore(string(pod.UID)+"/"+container, true); before {
			return false // one look is enough: a program for another architecture says nothing else
		}
		ctx, cancel := context.WithTimeout(ctx, logTimeout)
		defer cancel()
		log, err := r.Session.Logs(ctx, pod.Name, container)
		return err == nil && strings.Contains(strings.ToLower(log), formatError)
	}
	return false
}

// signTimeout is how long the run's own watch may be behind what a command has seen.
const signTimeout = time.Second

// awaitSigns ends the attempt where it does not count, because an image of it is being
// replaced. cause is what a failed command found, or nil.
func (r *attempt) awaitSigns(ctx context.Context, cause *diagnose.Cause) {
	waiting, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	_ = wait.Until(waiting, r.watcher.next, func() (bool, error) { // whose error is the end of its time
		r.readSigns(ctx)
		return cause == nil || !cause.Image, nil
	})
}

// plannedReplacements are what would run instead of each image that may be replaced.
func (m *Images) plannedReplacements() (out []v1alpha1.Image) {
	for _, name := range m.replaceable() {
		r, _ := m.replacement(name, ruleOf(m.example.Spec.Images[name]))
		out = append(out, r)
	}
	return out
}

// ruleOf says where an image runs.
func ruleOf(image example.Image) string {
	var parts []string
	if len(image.Platforms) > 0 {
		parts = append(parts, "is for "+strings.Join(image.Platforms, ", "))
	}
	if len(image.Families) > 0 {
		parts = append(parts, "listens on "+strings.Join(image.Families, ", "))
	}
	return strings.Join(parts, " and ")
}
