package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
)

// rbacOptions are the flags of `kubectl kbe rbac`.
type rbacOptions struct {
	globals
	features        map[string]func(ownNamespace bool) rbac.Needs
	purposes        []string
	file            string
	name            string
	users, groups   []string
	serviceAccounts []string
	clusterScoped   bool
}

func newRBACCommand(catalogue []*example.Example, g globals) *cobra.Command {
	o := &rbacOptions{globals: g, features: features(catalogue)}
	known := o.known()
	c := &cobra.Command{
		Use:   "rbac",
		Short: "Print the minimum permissions for a run",
		Long: longDesc(`
			Print the minimum permissions for a run, as YAML for 'kubectl apply -f -'.

			With -n, the output is a Role and a RoleBinding, which an administrator of
			that namespace can apply. Permissions on cluster-scoped resources, such as
			nodes, are not included; --cluster-scoped adds them as a ClusterRole and a
			ClusterRoleBinding.

			Without -n, the output is a ClusterRole and a ClusterRoleBinding, for runs that
			create their own namespace.`),
		Example: templates.Examples(`
			# Allow a user to run everything in the namespace playground
			kubectl kbe rbac -n playground --user jane | kubectl apply -f -

			# Allow a service account to run the pods page in new namespaces
			kubectl kbe rbac --for pods --serviceaccount ci:runner | kubectl apply -f -

			# Print the permissions for your own example
			kubectl kbe rbac -n playground -f my-example`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.print(c.Context()) },
	}
	c.Flags().StringSliceVar(&o.purposes, "for", nil, "Commands to permit: "+strings.Join(known, ", ")+" (default: all)")
	completeFlag(c, "for", words(known...))
	c.Flags().StringVarP(&o.file, "filename", "f", "", "Your own example to permit: a folder, a file, or - for standard input")
	c.Flags().BoolVar(&o.clusterScoped, "cluster-scoped", false, "With -n: include permissions on cluster-scoped resources, such as nodes")
	c.Flags().StringVar(&o.name, "name", "kubectl-kbe", "Name of the roles and bindings")
	c.Flags().StringArrayVar(&o.users, "user", nil, "Bind to this user")
	c.Flags().StringArrayVar(&o.groups, "group", nil, "Bind to this group")
	c.Flags().StringArrayVar(&o.serviceAccounts, "serviceaccount", nil, "Bind to this service account, as NAMESPACE:NAME")
	return c
}

// features are what can be permitted, by name.
func features(catalogue []*example.Example) map[string]func(ownNamespace bool) rbac.Needs {
	all := map[string]func(bool) rbac.Needs{
		"reach":       inNamespace(rbac.Reach),
		"reach-nodes": inNamespace(rbac.ReachNodes),
		"cleanup":     inNamespace(rbac.Cleanup),
		"conformance": func(own bool) rbac.Needs {
			suite, err := conformance.Load()
			if err != nil {
				return nil // the command itself reports it
			}
			return suite.Needs(own, conformance.Profiles()...)
		},
	}
	for _, e := range catalogue {
		all[e.Metadata.Name] = func(own bool) rbac.Needs {
			plan, err := engine.Compile(e)
			if err != nil {
				return nil // root would have no subcommand for it
			}
			return plan.Needs(own)
		}
	}
	return all
}

// known are the names of the features.
func (o *rbacOptions) known() []string { return slices.Sorted(maps.Keys(o.features)) }

// inNamespace adds what a Namespace of the run's own needs.
func inNamespace(needs func() rbac.Needs) func(bool) rbac.Needs {
	return func(own bool) rbac.Needs { return rbac.InNamespace(needs(), own) }
}

// print prints the Roles and the bindings.
func (o *rbacOptions) print(ctx context.Context) error {
	grant, err := o.grant(ctx)
	if err != nil {
		return err
	}
	if *o.flags.Namespace != "" && !o.clusterScoped {
		if leftOut := grant.Needs.Cluster(); len(leftOut) > 0 {
			fmt.Fprintf(o.streams.Out, "# Not included, because it is cluster-scoped (see --cluster-scoped): %s\n", leftOut)
		}
		grant.Needs = grant.Needs.Namespaced()
	}
	manifest, err := grant.Manifest()
	if err != nil {
		return err
	}
	if len(grant.Subjects) == 0 {
		fmt.Fprintln(o.streams.Out, "# To bind these roles, add --user, --group or --serviceaccount NAMESPACE:NAME.")
	}
	_, err = o.streams.Out.Write(manifest)
	return err
}

func (o *rbacOptions) grant(ctx context.Context) (rbac.Grant, error) {
	namespace := *o.flags.Namespace
	g := rbac.Grant{Name: o.name, Namespace: namespace}
	if o.file != "" && len(o.purposes) > 0 {
		return g, errors.New("--for and -f cannot be combined: each selects the permissions")
	}
	if o.file != "" {
		plan, err := readPlan(ctx, o.file, o.streams.In)
		if err != nil {
			return g, refuse(o.streams.ErrOut, err)
		}
		g.Needs = plan.Needs(namespace == "")
	} else {
		purposes := o.purposes
		if len(purposes) == 0 {
			purposes = o.known()
		}
		for _, p := range purposes {
			needs := o.features[p]
			if needs == nil {
				return g, fmt.Errorf("--for %s: %s", p, example.Unknown("purpose", p, o.known()))
			}
			g.Needs = rbac.Join(g.Needs, needs(namespace == ""))
		}
	}
	var err error
	g.Subjects, err = o.subjects()
	return g, err
}

func (o *rbacOptions) subjects() ([]rbacv1.Subject, error) {
	var subjects []rbacv1.Subject
	for _, user := range o.users {
		subjects = append(subjects, rbac.SubjectOf(user))
	}
	for _, group := range o.groups {
		subjects = append(subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group})
	}
	for _, account := range o.serviceAccounts {
		s, err := rbac.ServiceAccount(account)
		if err != nil {
			return nil, fmt.Errorf("--serviceaccount: %w", err)
		}
		subjects = append(subjects, s)
	}
	return subjects, nil
}
