package kubectl

import (
	"sync"

	"k8s.io/apimachinery/pkg/util/version"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/validation"
)

// factory is kubectl's, but for what its commands have in common.
type factory struct {
	cmdutil.Factory
	validators *validators
}

// Validator returns the one that all commands of a Kubectl share.
func (f *factory) Validator(directive string) (validation.Schema, error) {
	return &validator{f, directive}, nil
}

// validators are kubectl's own, by the value of --validate. To know whether the
// API server validates an object itself, kubectl reads and parses the OpenAPI
// document of its group: half a megabyte for Pods, and the most expensive part of
// a `kubectl create -f`. Here the version of the API server decides, where it can.
type validators struct {
	mu     sync.Mutex
	shared map[string]validation.Schema
	// server is that the API server validates; it is known once it has reported its
	// version.
	server *bool
}

// serverValidates is the first version in which every API server validates:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
var serverValidates = version.MustParseGeneric("1.27.0")

// validates reports whether the API server is of such a version.
func (v *validators) validates(f cmdutil.Factory) bool {
	if v.server == nil {
		client, err := f.ToDiscoveryClient()
		if err != nil {
			return false
		}
		info, err := client.ServerVersion()
		if err != nil {
			return false
		}
		found, err := version.ParseGeneric(info.GitVersion)
		v.server = new(err == nil && found.AtLeast(serverValidates))
	}
	return *v.server
}

type validator struct {
	factory   *factory
	directive string
}

// ValidateBytes validates an object. What failed is not kept: the connection may
// have been broken for a moment.
func (v *validator) ValidateBytes(data []byte) error {
	all := v.factory.validators
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.validates(v.factory) {
		return nil
	}
	s := all.shared[v.directive]
	if s == nil {
		var err error
		if s, err = v.factory.Factory.Validator(v.directive); err != nil {
			return err
		}
		all.shared[v.directive] = s
	}
	err := s.ValidateBytes(data)
	if err != nil {
		delete(all.shared, v.directive)
	}
	return err
}
