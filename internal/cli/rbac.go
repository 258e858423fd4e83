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
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/rbac"
)

// rbacOptions are the flags of `kubectl kbe rbac`.
type rbacOptions struct {
	features       map[string]func(ownNamespace bool) rbac.Needs
	purposes       []string
	file           string
	name           string
	users, groups  []string
	serviceAccount []string
}

func newRBACCommand(catalogue []*example.Example, flags *genericclioptions.ConfigFlags, streams genericiooptions.IOStreams) *cobra.Command {
	o := &rbacOptions{features: map[string]func(bool) rbac.Needs{
		"reach":       inNamespace(rbac.Reach),
		"reach-nodes": inNamespace(rbac.ReachNodes),
		"cleanup":     inNamespace(rbac.Cleanup),
	}}
	o.features["conformance"] = func(own bool) rbac.Needs {
		suite, err := conformance.Load()
		if err != nil {
			return nil // the command itself tells
		}
		return suite.Needs(own, conformance.Profiles()...)
	}
	for _, e := range catalogue {
		o.features[e.Metadata.Name] = func(own bool) rbac.Needs {
			plan, err := engine.Compile(e)
			if err != nil {
				return nil // root would have no subcommand for it
			}
			return plan.Needs(own)
		}
	}
	known := slices.Sorted(maps.Keys(o.features))
	c := &cobra.Command{
		Use:   "rbac",
		Short: "Print the least permissions that a run needs, as YAML",
		Long: templates.LongDesc(`
			Print the least permissions that a run needs, as YAML that 'kubectl apply -f -' takes. No
			cluster is asked.

			With -n they are a Role and a RoleBinding of that namespace; what lies outside, such as the
			nodes, is in a ClusterRole. Without -n they are a ClusterRole and a ClusterRoleBinding, for
			runs that make a namespace of their own.`),
		Example: templates.Examples(`
			# Let a user run everything in the namespace playground
			kubectl kbe rbac -n playground --user jane | kubectl apply -f -

			# Let the ServiceAccount of a CI job run the pods page in namespaces of its own
			kubectl kbe rbac --for pods --serviceaccount ci:runner | kubectl apply -f -

			# What an example of one's own needs
			kubectl kbe rbac -n playground -f my-example`),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			grant, err := o.grant(c.Context(), *flags.Namespace, known, streams)
			if err != nil {
				return err
			}
			manifest, err := grant.Manifest()
			if err != nil {
				return err
			}
			if len(grant.Subjects) == 0 {
				fmt.Fprintln(streams.Out, "# To bind this to somebody, add --user, --group or --serviceaccount NAMESPACE:NAME.")
			}
			_, err = streams.Out.Write(manifest)
			return err
		},
	}
	c.Flags().StringSliceVar(&o.purposes, "for", nil, "What it is for, out of "+strings.Join(known, ", ")+" (default: all)")
	completeFlag(c, "for", list(known...))
	c.Flags().StringVarP(&o.file, "filename", "f", "", "What it is for is an example of your own: a folder, a file, or - for standard input")
	c.Flags().StringVar(&o.name, "name", "kubectl-kbe", "Name of the roles and bindings")
	c.Flags().StringArrayVar(&o.users, "user", nil, "Bind to this user")
	c.Flags().StringArrayVar(&o.groups, "group", nil, "Bind to this group")
	c.Flags().StringArrayVar(&o.serviceAccount, "serviceaccount", nil, "Bind to this ServiceAccount, as NAMESPACE:NAME")
	return c
}

// inNamespace adds what a Namespace of the run's own needs.
func inNamespace(needs func() rbac.Needs) func(bool) rbac.Needs {
	return func(own bool) rbac.Needs { return rbac.InNamespace(needs(), own) }
}

func (o *rbacOptions) grant(ctx context.Context, namespace string, known []string, streams genericiooptions.IOStreams) (rbac.Grant, error) {
	g := rbac.Grant{Name: o.name, Namespace: namespace}
	if o.file != "" && len(o.purposes) > 0 {
		return g, errors.New("--for and -f exclude each other: each says what the permissions are for")
	}
	if o.file != "" {
		plan, err := readPlan(ctx, o.file, streams.In)
		if err != nil {
			return g, refuse(streams.ErrOut, err)
		}
		g.Needs = plan.Needs(namespace == "")
	} else {
		purposes := o.purposes
		if len(purposes) == 0 {
			purposes = known
		}
		for _, p := range purposes {
			needs := o.features[p]
			if needs == nil {
				return g, fmt.Errorf("--for %s: %s", p, example.Unknown("purpose", p, known))
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
	for _, account := range o.serviceAccount {
		s, err := rbac.ServiceAccount(account)
		if err != nil {
			return nil, fmt.Errorf("--serviceaccount: %w", err)
		}
		subjects = append(subjects, s)
	}
	return subjects, nil
}
