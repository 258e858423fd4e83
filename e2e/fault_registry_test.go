package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// registryAddress is the same on each node: its own loopback, where containerd
// speaks plain HTTP.
const registryAddress = "127.0.0.1:5000"

// startRegistry serves a registry on the loopback of each node, once: a real one,
// but for repositories that are named after what is wrong with them.
var startRegistry = sync.OnceValue(func() error {
	content := registry.New(registry.Logger(discard))
	if err := fill(content); err != nil {
		return err
	}
	nodes, err := embedded.Nodes(context.Background())
	if err != nil {
		return err
	}
	for _, node := range nodes {
		l, err := embedded.Listen(context.Background(), node+"/containerd", registryAddress)
		if err != nil {
			return err
		}
		go func() { _ = newServer(faulty(content)).Serve(l) }() // ends with the suite
	}
	return nil
})

// faulty answers for the repositories of the same name as the errors of the OCI
// Distribution Specification.
func faulty(content http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status int, code, message string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"errors": [{"code": %q, "message": %q}]}`, code, message)
		}
		switch repository, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/"); repository {
		case "private":
			w.Header().Set("WWW-Authenticate", `Basic realm="the registry of the tests"`)
			refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		case "denied":
			refuse(http.StatusForbidden, "DENIED", "requested access to the resource is denied")
		case "limited":
			refuse(http.StatusTooManyRequests, "TOOMANYREQUESTS", "you have reached your pull rate limit")
		case "broken":
			refuse(http.StatusServiceUnavailable, "UNKNOWN", "the store is away")
		default:
			content.ServeHTTP(w, r)
		}
	})
}

// fill pushes an image for another architecture, and one with a schema 1
// manifest, as of 2015.
func fill(content http.Handler) error {
	server := httptest.NewServer(content)
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	image, err := random.Image(64, 1)
	if err != nil {
		return err
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}},
	})
	ref, err := name.ParseReference(host + "/mainframe:1")
	if err != nil {
		return err
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		return err
	}
	return push(server.URL+"/v2/old/manifests/1", types.DockerManifestSchema1Signed,
		`{"schemaVersion": 1, "name": "old", "tag": "1", "architecture": "amd64", "fsLayers": [], "history": [], "signatures": []}`)
}

func push(url string, mediaType types.MediaType, manifest string) error {
	put, err := http.NewRequestWithContext(context.Background(), http.MethodPut, url, strings.NewReader(manifest))
	if err != nil {
		return err
	}
	put.Header.Set("Content-Type", string(mediaType))
	resp, err := http.DefaultClient.Do(put)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("push %s: expected status 201, found %s", url, resp.Status)
	}
	return nil
}

// pull is an example whose image is one of the registry on the nodes.
func pull(reference string) func(*scene) []string {
	return func(s *scene) []string {
		if err := startRegistry(); err != nil {
			s.Fatal(err)
		}
		return s.pod("  containers: [{name: main, image: '" + strings.ReplaceAll(reference, "REGISTRY", "localhost:5000") + "'}]")
	}
}

// registryFaults are what a registry answers to the nodes.
var registryFaults = []fault{
	{row: 10, name: "noimage", how: "a registry answers 404: no such image", code: 3, provoke: pull("REGISTRY/missing:1"),
		want: []string{"the image localhost:5000/missing:1 does not exist", "not found", "--image NAME=REF"}},
	{row: 10, name: "noregistry", how: "nothing listens at the registry's address", code: 3, provoke: pull("localhost:5999/missing:1"),
		want: []string{"cannot reach the registry of the image localhost:5999/missing:1", "connection refused"}},
	{row: 12, name: "private", how: "a registry answers 401", code: 3, provoke: pull("REGISTRY/private/app:1"),
		want: []string{"requires credentials for the image localhost:5000/private/app:1", "(401), or the image does not exist", "--image-pull-secret"}},
	{row: 12, name: "denied", how: "a registry answers 403", code: 3, provoke: pull("REGISTRY/denied/app:1"),
		want: []string{"(403)", "--image-pull-secret"}},
	{row: 12, name: "limited", how: "a registry answers 429", code: 3, provoke: pull("REGISTRY/limited/app:1"),
		want: []string{"(429)", "--registry HOST"}},
	{row: 12, name: "broken", how: "a registry answers 503", code: 3, provoke: pull("REGISTRY/broken/app:1"),
		want: []string{"has an internal error"}},
	{row: 13, name: "mainframe", how: "an image for linux/s390x alone", code: 3, provoke: pull("REGISTRY/mainframe:1"),
		want: []string{"has no variant for node", "(linux/"}},
	{row: 13, name: "old", how: "an image with a schema 1 manifest", code: 3, provoke: pull("REGISTRY/old:1"),
		want: []string{"has a schema 1 manifest"}},
}
