package engine

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
)

// object is one that a step creates.
type object struct {
	schema.GroupResource
	name string
}

// maker is the step that creates it.
type maker struct {
	scenario string
	at       example.Place
}

// unique finds an object that another scenario creates as well: scenarios run
// in parallel in one Namespace.
func (c *compiler) unique(at example.Place, cmd example.Command, parsed *kubectl.Parsed) {
	for _, o := range c.creates(cmd, parsed) {
		other, twice := c.made[o]
		if !twice {
			c.made[o] = maker{c.scenario, at}
			continue
		}
		if other.scenario == c.scenario {
			continue // which may delete it first
		}
		c.fail(at, 0, fmt.Sprintf("run: creates %s %q, as line %d does for the scenario %s; scenarios run in parallel: rename one of the objects",
			o.Resource, o.name, other.at.Problem("").Line, other.scenario))
	}
}

// creates are the objects that a command makes, as far as their names are known
// before it runs.
func (c *compiler) creates(cmd example.Command, parsed *kubectl.Parsed) []object {
	if parsed.Has("dry-run") {
		return nil
	}
	var made []object
	add := func(r schema.GroupResource, name string) {
		if name != "" && !strings.Contains(name, unknownYet) {
			made = append(made, object{r, name})
		}
	}
	switch verb := parsed.Path[0]; {
	case verb == "run" && len(parsed.Args) > 0:
		add(schema.GroupResource{Resource: "pods"}, parsed.Args[0])
	case verb == "create" && len(parsed.Path) > 1 && len(parsed.Args) > 0:
		if r, known := rbac.Lookup(parsed.Path[1]); known {
			add(r, parsed.Args[0])
		}
	case verb == "create", verb == "apply":
		for _, file := range cmd.Files() {
			add(identity(c.example.Files[file]))
		}
	}
	return made
}

// identity is the resource and the name of a manifest's object.
func identity(manifest []byte) (schema.GroupResource, string) {
	var o struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
	}
	if err := yaml.Unmarshal(manifest, &o); err != nil {
		return schema.GroupResource{}, "" // the loader has reported it
	}
	return rbac.ResourceOf(schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)), o.Metadata.Name
}
