package kubectl

import (
	"sync"

	"k8s.io/apimachinery/pkg/util/version"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/validation"
)

// factory is kubectl's, except that it leaves validation to an API server that validates.
type factory struct {
	cmdutil.Factory
	server *server
}

// Validator returns kubectl's own only for an API server that does not validate. To know
// that, kubectl reads and parses the OpenAPI document of an object's group: half a megabyte
// for Pods, and the most expensive part of a `kubectl create -f`. Here the version of the
// API server decides.
func (f *factory) Validator(directive string) (validation.Schema, error) {
	if f.server.validates(f) {
		return validation.NullSchema{}, nil
	}
	return f.Factory.Validator(directive)
}

// server is what is known of the API server.
type server struct {
	mu sync.Mutex
	// validating is known once it has reported its version.
	validating *bool
}

// serverValidates is the first version in which every API server validates:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
var serverValidates = version.MustParseGeneric("1.27.0")

// validates reports whether the API server is of such a version.
func (s *server) validates(f cmdutil.Factory) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.validating == nil {
		client, err := f.ToDiscoveryClient()
		if err != nil {
			return false
		}
		info, err := client.ServerVersion()
		if err != nil {
			return false // the connection may be broken for a moment
		}
		found, err := version.ParseGeneric(info.GitVersion)
		s.validating = new(err == nil && found.AtLeast(serverValidates))
	}
	return *s.validating
}
