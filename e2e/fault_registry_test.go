package e2e

import (
	"context"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// refused are repositories that are named after what the cluster's registry answers for
// them.
var refused = map[string]string{"private": "401", "denied": "403", "limited": "429", "broken": "503", "old": "schema1"}

// startRegistry has the registry of the suite's cluster refuse these repositories, once.
var startRegistry = sync.OnceValue(func() error {
	for repository, answer := range refused {
		if err := embedded.SetFault(context.Background(), "registry", "docker.io/kbe-test/"+repository, answer); err != nil {
			return err
		}
	}
	return pushMainframe()
})

// pushMainframe pushes an image for another architecture.
func pushMainframe() error {
	image, err := random.Image(64, 1)
	if err != nil {
		return err
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}},
	})
	folder := dir + "/mainframe"
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index); err != nil {
		return err
	}
	return embedded.Push(context.Background(), folder, "docker.io/kbe-test/mainframe:1")
}

// pull is an example whose image is one of the cluster's registry.
func pull(reference string) func(*scene) []string {
	return func(s *scene) []string {
		if err := startRegistry(); err != nil {
			s.Fatal(err)
		}
		return s.pod("  containers: [{name: main, image: '" + strings.ReplaceAll(reference, "REGISTRY", "docker.io/kbe-test") + "'}]")
	}
}

// registryFaults are what a registry answers to the nodes.
var registryFaults = []fault{
	{row: 10, name: "noimage", how: "a registry answers 404: no such image", code: 3, provoke: pull("REGISTRY/missing:1"),
		want: []string{"the image docker.io/kbe-test/missing:1 does not exist", "not found", "--image NAME=REF"}},
	{row: 10, name: "noregistry", how: "nothing listens at the registry's address", code: 3, provoke: pull("localhost:5999/missing:1"),
		want: []string{"cannot reach the registry of the image localhost:5999/missing:1", "connection refused"}},
	{row: 12, name: "private", how: "a registry answers 401", code: 3, provoke: pull("REGISTRY/private:1"),
		want: []string{"requires credentials for the image docker.io/kbe-test/private:1", "(401), or the image does not exist", "--image-pull-secret"}},
	{row: 12, name: "denied", how: "a registry answers 403", code: 3, provoke: pull("REGISTRY/denied:1"),
		want: []string{"(403)", "--image-pull-secret"}},
	{row: 12, name: "limited", how: "a registry answers 429", code: 3, provoke: pull("REGISTRY/limited:1"),
		want: []string{"(429)", "--registry HOST"}},
	{row: 12, name: "broken", how: "a registry answers 503", code: 3, provoke: pull("REGISTRY/broken:1"),
		want: []string{"has an internal error"}},
	{row: 13, name: "mainframe", how: "an image for linux/s390x alone", code: 3, provoke: pull("REGISTRY/mainframe:1"),
		want: []string{"has no variant for node", "(linux/"}},
	{row: 13, name: "old", how: "an image with a schema 1 manifest", code: 3, provoke: pull("REGISTRY/old:1"),
		want: []string{"has a schema 1 manifest"}},
}
