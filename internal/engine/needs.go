package engine

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-kbe/kubectl-kbe/internal/kubectl"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// Needs are what a run of the Plan requests from the API server: what the run itself
// does, and what each of its steps does. A resource that is known to the cluster
// only, because it is custom and named without its group, is left out.
func (p *Plan) Needs(ownNamespace bool) rbac.Needs {
	needs := rbac.Run()
	if ownNamespace {
		needs = rbac.Join(needs, rbac.OwnNamespace())
	} else {
		needs = rbac.Join(needs, session.SharedNeeds())
	}
	for _, sc := range p.scenarios {
		for _, st := range sc.steps {
			needs = rbac.Join(needs, p.commandNeeds(st), st.claimNeeds())
		}
	}
	for name, image := range p.Example.Spec.Images {
		// A Role, as for an existing Namespace, cannot grant it: the first sign that an
		// image does not run is enough there.
		if ownNamespace && image.Instead.Image != "" && p.used(name) {
			needs = rbac.Join(needs, rbac.Core("nodes", "list").Optional())
		}
	}
	return needs
}

// claimNeeds are what the step's expressions read, beyond Pods.
func (st step) claimNeeds() rbac.Needs {
	var needs rbac.Needs
	reads := func(function string) bool {
		for _, x := range st.exprs {
			if x.Calls(function) {
				return true
			}
		}
		return slices.ContainsFunc(st.claims, func(c claim) bool { return c.that.Calls(function) })
	}
	if reads("events") {
		needs = append(needs, rbac.Core("events", "list")...)
	}
	if reads("logs") {
		needs = append(needs, rbac.Core("pods/log", "get")...)
	}
	return needs
}

// commandNeeds are what the step's command does, and the removal of its resources. What hangs
// on an expression is left to the run.
func (p *Plan) commandNeeds(st step) rbac.Needs {
	if st.parsed == nil {
		return nil
	}
	var needs rbac.Needs
	if raw := st.parsed.Text("raw"); raw != "" && st.parsed.Path[0] == "get" {
		needs = session.ReadNeeds(strings.ReplaceAll(raw, unknownYet, kubectl.Open)) // one part of the path
	} else if find := commandNeeds[st.parsed.Path[0]]; find != nil {
		needs = find(st.parsed, p.filesOf(st))
	}
	return slices.DeleteFunc(needs, func(n rbac.Need) bool { return strings.Contains(n.Group+n.Resource, kubectl.Open) })
}

// commandNeeds are, by kubectl's command, what it requests; files are the
// resources of the manifests that it names.
var commandNeeds = map[string]func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs{
	"run": func(cmd *kubectl.Parsed, _ []schema.GroupResource) rbac.Needs {
		needs := rbac.Core("pods", "create", "delete")
		if cmd.Has("expose") {
			needs = append(needs, rbac.Core("services", "create", "delete")...)
		}
		if cmd.Has("attach") || cmd.Has("stdin") || cmd.Has("rm") {
			needs = append(needs, rbac.Core("pods/attach", "create", "get")...)
		}
		return needs
	},
	"attach": func(cmd *kubectl.Parsed, _ []schema.GroupResource) rbac.Needs {
		return rbac.Join(ofWorkload(cmd.Args), rbac.Core("pods", "get"), rbac.Core("pods/attach", "create", "get"))
	},
	"create": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		if len(cmd.Path) > 1 {
			files = named(cmd.Path[1])
		}
		// The list is for `kubectl kbe cleanup`, should the run be killed: what it
		// cannot find makes new Pods.
		return rbac.Join(on(files, "create", "delete"), on(files, "list").Optional())
	},
	"apply": func(_ *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		return rbac.Join(on(files, "create", "delete", "get", "patch"), on(files, "list").Optional())
	},
	"autoscale": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		return rbac.Join(onTargets(cmd.Args, "get"), on(files, "get"), on(named("hpa"), "create", "delete"))
	},
	"expose": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		return rbac.Join(onTargets(cmd.Args, "get"), on(files, "get"), rbac.Core("services", "create", "delete"))
	},
	"delete": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		// To wait for its deletion, kubectl lists and watches. Of what a controller has
		// made, it is looked whose it is.
		return rbac.Join(onTargets(cmd.Args, "delete", "get", "list", "watch"), on(files, "delete", "list", "watch"))
	},
	"get": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		verbs := []string{"get"}
		if len(cmd.Args) == 1 && !strings.Contains(cmd.Args[0], "/") {
			verbs = []string{"list"}
		}
		if cmd.Has("watch") || cmd.Has("watch-only") {
			verbs = append(verbs, "list", "watch")
		}
		return rbac.Join(onTargets(cmd.Args, verbs...), on(files, verbs...))
	},
	"describe": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		verbs := []string{"get"}
		if len(cmd.Args) < 2 && !strings.Contains(strings.Join(cmd.Args, ""), "/") {
			verbs = append(verbs, "list")
		}
		return rbac.Join(onTargets(cmd.Args, verbs...), on(files, verbs...), rbac.Core("events", "list").Optional())
	},
	"events": func(cmd *kubectl.Parsed, _ []schema.GroupResource) rbac.Needs {
		if cmd.Has("watch") {
			return rbac.Core("events", "list", "watch")
		}
		return rbac.Core("events", "list")
	},
	"exec": func(cmd *kubectl.Parsed, _ []schema.GroupResource) rbac.Needs {
		return rbac.Join(ofWorkload(cmd.Args), rbac.Exec())
	},
	"logs": func(cmd *kubectl.Parsed, _ []schema.GroupResource) rbac.Needs {
		return rbac.Join(ofWorkload(cmd.Args), rbac.Core("pods", "get"), rbac.Core("pods/log", "get"))
	},
	"annotate": labelNeeds,
	"label":    labelNeeds,
	"set":      labelNeeds,
	"patch": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		if sub := cmd.Text("subresource"); sub != "" {
			return ofSubresource(sub, rbac.Join(onTargets(cmd.Args, "get"), on(files, "get")), "get", "patch")
		}
		return rbac.Join(onTargets(cmd.Args, "get", "patch"), on(files, "get", "patch"))
	},
	"scale": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		return ofSubresource("scale", rbac.Join(onTargets(cmd.Args, "get"), on(files, "get")), "get", "patch", "update")
	},
	"rollout": func(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
		verbs := []string{"get", "list", "watch"}
		if len(cmd.Path) > 1 && cmd.Path[1] != "status" && cmd.Path[1] != "history" {
			verbs = append(verbs, "patch")
		}
		needs := rbac.Join(onTargets(cmd.Args, verbs...), on(files, verbs...))
		if len(cmd.Path) > 1 && (cmd.Path[1] == "history" || cmd.Path[1] == "undo") {
			apps := func(r string) schema.GroupResource { return schema.GroupResource{Group: "apps", Resource: r} }
			needs = rbac.Join(needs, rbac.On(apps("replicasets"), "list"), rbac.On(apps("controllerrevisions"), "list"))
		}
		return needs
	},
	verbWait: func(cmd *kubectl.Parsed, _ []schema.GroupResource) rbac.Needs {
		if cmd.Has("selector") || cmd.Has("all") {
			return onTargets(cmd.Args, "get", "list", "watch")
		}
		return onTargets(cmd.Args, "get", "watch")
	},
}

// labelNeeds are those of a command that changes objects, after the words that say what to set.
func labelNeeds(cmd *kubectl.Parsed, files []schema.GroupResource) rbac.Needs {
	needs := rbac.Join(onTargets(withoutLabels(cmd.Args), "get", "patch"), on(files, "get", "patch"))
	if from := cmd.Text("from"); from != "" {
		needs = rbac.Join(needs, onTargets([]string{from}, "get"))
	}
	return needs
}

// ofSubresource adds to the needs of objects what changes a subresource of each.
func ofSubresource(sub string, needs rbac.Needs, verbs ...string) rbac.Needs {
	for _, n := range slices.Clone(needs) {
		n.Resource += "/" + sub
		for _, n.Verb = range verbs {
			needs = append(needs, n)
		}
	}
	return needs
}

// ofWorkload are what exec and logs ask for to find a Pod of another kind.
func ofWorkload(args []string) rbac.Needs {
	if len(args) == 0 || !strings.Contains(args[0], "/") || strings.HasPrefix(args[0], "pod") {
		return nil
	}
	return rbac.Join(onTargets(args[:1], "get"), rbac.Core("pods", "list"))
}

// onTargets are verbs on what kubectl takes as TYPE[,TYPE] [NAME…] or TYPE/NAME….
func onTargets(args []string, verbs ...string) rbac.Needs {
	var needs rbac.Needs
	for i, arg := range args {
		kinds, _, slash := strings.Cut(arg, "/")
		if strings.HasPrefix(arg, "-") || i > 0 && !slash {
			continue
		}
		for kind := range strings.SplitSeq(kinds, ",") {
			needs = append(needs, on(named(kind), verbs...)...)
		}
	}
	return needs
}

func on(resources []schema.GroupResource, verbs ...string) rbac.Needs {
	var needs rbac.Needs
	for _, r := range resources {
		needs = append(needs, rbac.On(r, verbs...)...)
	}
	return needs
}

func named(name string) []schema.GroupResource {
	if r, ok := rbac.Lookup(name); ok {
		return []schema.GroupResource{r}
	}
	return nil
}

// filesOf are the resources of the manifests that a step names.
func (p *Plan) filesOf(st step) []schema.GroupResource {
	var out []schema.GroupResource
	for _, name := range st.command.Files() {
		resource, _ := identity(p.Example.Files[name])
		out = append(out, resource)
	}
	return out
}
