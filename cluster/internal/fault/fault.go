package fault

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// Fault is a fault that is set. Cleared faults are described by patterns: a Fault whose arguments, or name too, may be
// missing.
type Fault struct {
	// Name is that of a Kind.
	Name string `json:"name"`
	// Args are the values of the parameters, in their order.
	Args []string `json:"args"`
}

// New returns the fault of a kind with these arguments, or an error that says which of them does not fit the cluster.
func New(c state.Cluster, k Kind, args []string) (Fault, error) {
	args, err := k.parse(c, args)
	if err == nil && k.Check != nil {
		err = k.Check(args)
	}
	return Fault{Name: k.Name, Args: args}, err
}

// Pattern returns the pattern that the words describe: nothing, or the name of a fault and some of its arguments.
func Pattern(c state.Cluster, words []string) (Fault, error) {
	if len(words) == 0 {
		return Fault{}, nil
	}
	k := find(words[0])
	if k.Name == "" {
		return Fault{}, unknown(words[0])
	}
	args, err := k.parse(c, words[1:])
	return Fault{Name: k.Name, Args: args}, err
}

// Matches reports whether f has the name and all arguments of a pattern.
func (f Fault) Matches(pattern Fault) bool {
	if pattern.Name != "" && pattern.Name != f.Name {
		return false
	}
	return !slices.ContainsFunc(pattern.Args, func(arg string) bool { return !slices.Contains(f.Args, arg) })
}

// Equal reports whether both are the same fault.
func (f Fault) Equal(other Fault) bool {
	return f.Name == other.Name && slices.Equal(f.Args, other.Args)
}

// String returns the words that set the fault, as in "partition node-1 node-2".
func (f Fault) String() string { return strings.Join(append([]string{f.Name}, f.Args...), " ") }

// Kind returns the kind of the fault, which is empty when there is none of that name.
func (f Fault) Kind() Kind { return find(f.Name) }

// State returns what is so while the fault is set, as in "node-1 is paused".
func (f Fault) State() string {
	var args []any
	for _, arg := range f.Args {
		args = append(args, arg)
	}
	return fmt.Sprintf(f.Kind().State, args...)
}

// Change sets a fault, or clears all that match it as a pattern.
type Change struct {
	Fault Fault
	Clear bool
}

// Of returns the faults that are to be set after the change, in the order in which they were set.
func (c Change) Of(now []Fault) []Fault {
	if !c.Clear && slices.ContainsFunc(now, c.Fault.Equal) {
		return now
	}
	next := slices.DeleteFunc(slices.Clone(now), func(f Fault) bool {
		if c.Clear {
			return f.Matches(c.Fault)
		}
		return c.Fault.replaces(f)
	})
	if !c.Clear {
		next = append(next, c.Fault)
	}
	return next
}

// replaces reports whether both faults are in one slot: see Kind.Slot.
func (f Fault) replaces(other Fault) bool {
	slot := f.Kind().Slot
	return slot != "" && slot == other.Kind().Slot && f.Args[0] == other.Args[0]
}

// Without returns the faults that are not in others.
func Without(faults, others []Fault) []Fault {
	return slices.DeleteFunc(slices.Clone(faults), func(f Fault) bool { return slices.ContainsFunc(others, f.Equal) })
}
