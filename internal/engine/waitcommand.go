package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kubectl/pkg/cmd/get"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// waitCommand is a `kubectl wait`.
type waitCommand struct {
	*kubectl.Parsed
	// objects are TYPE/NAME, or, with a selector or --all, TYPE.
	objects []string
	// goals are met one after the other, each object for itself.
	goals []waitGoal
	// creation: the objects need not exist yet.
	creation bool
	// timeout is 0 where the objects are looked at once.
	timeout time.Duration
}

// waitGoal is what `kubectl wait` waits for.
type waitGoal struct {
	what string // "Ready", "deleted": for messages
	met  wait.Condition
	// deletion: a Pod that has failed is on its way out all the same.
	deletion bool
}

// deletion reports whether the wait is for the end of its objects.
func (w *waitCommand) deletion() bool {
	return slices.ContainsFunc(w.goals, func(g waitGoal) bool { return g.deletion })
}

// parseWait reads a `kubectl wait`. What could be read is returned beside an error.
func parseWait(words []string) (w *waitCommand, err error) {
	w = &waitCommand{}
	if w.Parsed, err = kubectl.Parse(words...); err != nil {
		return w, err
	}
	if err := cmp.Or(w.setGoals(), w.setObjects(w.Args)); err != nil {
		return w, fmt.Errorf("kubectl wait: %w", err)
	}
	if w.timeout, err = w.Flags.GetDuration("timeout"); w.timeout < 0 {
		w.timeout = 7 * 24 * time.Hour // as kubectl has it
	}
	return w, err
}

func (w *waitCommand) setGoals() error {
	if !w.Has("for") {
		_, err := parseGoal("") // which is none, and reported as such
		return err
	}
	for _, given := range w.Given {
		if given.Name != "for" || strings.Contains(given.Value, kubectl.Open) {
			continue
		}
		g, err := parseGoal(given.Value)
		if err != nil {
			return err
		}
		w.goals = append(w.goals, g)
		w.creation = w.creation || strings.EqualFold(given.Value, "create") // it comes first, wherever it stands
	}
	return nil
}

// setObjects takes TYPE/NAME…, TYPE NAME…, or, beside a selector or --all, TYPE[,TYPE].
func (w *waitCommand) setObjects(args []string) error {
	if w.Has("filename") {
		return nil // which is not allowed
	}
	if len(args) == 0 {
		return errors.New("expected TYPE/NAME or TYPE NAME, found none")
	}
	types, names, slash := args[0], args[1:], strings.Contains(args[0], "/")
	switch several := w.Has("selector") || w.Has("all"); {
	case several && (slash || len(names) > 0):
		return fmt.Errorf("expected TYPE alone beside --selector or --all, found %s", strings.Join(args, " "))
	case several:
		w.objects = strings.Split(types, ",")
		return nil
	case slash:
		w.objects = args
	case len(names) == 0:
		return fmt.Errorf("expected TYPE/NAME, TYPE NAME, or TYPE with --selector or --all, found %q", types)
	default:
		for kind := range strings.SplitSeq(types, ",") {
			for _, name := range names {
				if strings.Contains(name, "/") {
					return fmt.Errorf("expected a name after %s, found %q", types, name)
				}
				w.objects = append(w.objects, kind+"/"+name)
			}
		}
	}
	for _, object := range w.objects {
		if kind, name, ok := strings.Cut(object, "/"); !ok || kind == "" || name == "" {
			return fmt.Errorf("expected TYPE/NAME, found %q", object)
		}
	}
	return nil
}

// parseGoal takes a value of --for.
func parseGoal(text string) (waitGoal, error) {
	condition, isCondition := strings.CutPrefix(text, "condition=")
	path, isPath := strings.CutPrefix(text, "jsonpath=")
	switch {
	case strings.EqualFold(text, "delete"):
		return waitGoal{what: "deleted", met: wait.Deleted, deletion: true}, nil
	case strings.EqualFold(text, "create"):
		return waitGoal{what: "created", met: func(obj *unstructured.Unstructured) (bool, error) { return obj != nil, nil }}, nil
	case isPath:
		return pathGoal(path)
	case !isCondition || condition == "":
		return waitGoal{}, fmt.Errorf("--for: expected condition=NAME[=VALUE], jsonpath={EXPRESSION}[=VALUE], create or delete, found %q", text)
	}
	name, value, given := strings.Cut(condition, "=")
	if !given {
		return waitGoal{what: name, met: wait.StatusCondition(name, "True")}, nil
	}
	return waitGoal{what: condition, met: wait.StatusCondition(name, value)}, nil
}

// pathGoal takes EXPRESSION[=VALUE]: as kubectl has it, == is part of the expression.
func pathGoal(text string) (waitGoal, error) {
	const equals = "\x00"
	parts := strings.Split(strings.ReplaceAll(text, "==", equals), "=")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], equals, "==")
	}
	if len(parts) > 2 || parts[0] == "" || len(parts) == 2 && strings.Trim(parts[1], `'"`) == "" {
		return waitGoal{}, fmt.Errorf("--for: expected jsonpath={EXPRESSION}[=VALUE], found jsonpath=%s", text)
	}
	expression, err := get.RelaxedJSONPathExpression(parts[0])
	if err != nil {
		return waitGoal{}, fmt.Errorf("--for: %w", err)
	}
	value := ""
	if len(parts) == 2 {
		value = strings.Trim(parts[1], `'"`)
	}
	met, err := wait.JSONPath(expression, value)
	if err != nil {
		return waitGoal{}, fmt.Errorf("--for: %w", err)
	}
	return waitGoal{what: text, met: met}, nil
}
