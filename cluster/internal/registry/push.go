package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Push pushes the image of an archive as ref, whose registry must be one of Mirrored. The registry listens on socket.
func Push(ctx context.Context, socket, archive, ref string) error {
	tag, err := tagFor(ref)
	if err != nil {
		return err
	}
	content, done, err := open(archive)
	if err != nil {
		return err
	}
	defer done()
	pusher, err := newPusher(socket)
	if err != nil {
		return err
	}
	if err := pusher.Push(ctx, tag, content); err != nil {
		return fmt.Errorf("push %s: %w", ref, err)
	}
	return nil
}

// PushAll pushes all images of an archive of `docker save`, each under its own name. An image with several platforms gets an
// index that lists them all, although the registry has only the image for this machine's platform.
func PushAll(ctx context.Context, socket, archive string, platforms func(ref string) []string) error {
	images, err := saved(archive)
	if err != nil {
		return err
	}
	pusher, err := newPusher(socket)
	if err != nil {
		return err
	}
	var first name.Tag
	for i, image := range images {
		tag, err := tagFor(image.ref)
		if err != nil {
			return err
		}
		if i == 0 {
			first = tag
		}
		if err := pushFor(ctx, pusher, tag, sharing{image.Image, first}, platforms(image.ref)); err != nil {
			return fmt.Errorf("push %s: %w", image.ref, err)
		}
	}
	return nil
}

func pushFor(ctx context.Context, pusher *remote.Pusher, tag name.Tag, image v1.Image, platforms []string) error {
	if len(platforms) == 0 {
		return pusher.Push(ctx, tag, image)
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	if err := pusher.Push(ctx, tag.Digest(digest.String()), image); err != nil {
		return err
	}
	index, err := indexOf(image, platforms)
	if err != nil {
		return err
	}
	return pusher.Push(ctx, tag, index)
}

// index is the text of an image index. Given a v1.ImageIndex, the pusher would also push its images.
type index []byte

// RawManifest returns the text.
func (i index) RawManifest() ([]byte, error) { return i, nil }

// MediaType is that of the text.
func (i index) MediaType() (types.MediaType, error) { return types.DockerManifestList, nil }

// indexOf lists an image for its own platform, and, for each of the others, the same image with another configuration.
func indexOf(image v1.Image, architectures []string) (index, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	list := mutate.IndexMediaType(empty.Index, types.DockerManifestList)
	for _, architecture := range architectures {
		variant := image
		if architecture != config.Architecture {
			other := config.DeepCopy()
			other.Architecture = architecture
			if variant, err = mutate.ConfigFile(image, other); err != nil {
				return nil, err
			}
		}
		list = mutate.AppendManifests(list, mutate.IndexAddendum{
			Add: variant, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: config.OS, Architecture: architecture}}})
	}
	return list.RawManifest()
}

// sharing is an image whose layers may already be in another repository: layers that several images share are uploaded once.
type sharing struct {
	v1.Image
	with name.Tag
}

// Layers returns the image's layers, each with the repository that it can be mounted from.
func (s sharing) Layers() ([]v1.Layer, error) {
	layers, err := s.Image.Layers()
	for i, layer := range layers {
		layers[i] = &remote.MountableLayer{Layer: layer, Reference: s.with}
	}
	return layers, err
}

// host is the name of the registry in requests that are sent to its socket.
const host = "localhost"

func newPusher(socket string) (*remote.Pusher, error) {
	return remote.NewPusher(remote.WithTransport(onSocket(socket)))
}

// tagFor returns the tag under which the registry stores a reference.
func tagFor(ref string) (name.Tag, error) {
	tag, err := tagOf(ref)
	if err != nil {
		return tag, err
	}
	repository, err := Repository(tag.Repository.Name())
	if err != nil {
		return tag, err
	}
	return name.NewTag(host+"/"+repository+":"+tag.TagStr(), name.Insecure)
}

func tagOf(ref string) (name.Tag, error) {
	tag, err := name.NewTag(ref)
	if err != nil {
		return tag, fmt.Errorf("image name %q: expected REGISTRY/NAME:TAG: %w", ref, err)
	}
	return tag, nil
}

// Repository returns the name under which the registry stores a repository, such as docker.io/library/busybox for busybox.
func Repository(text string) (string, error) {
	repository, err := name.NewRepository(text)
	if err != nil {
		return "", fmt.Errorf("repository %q: expected REGISTRY/NAME, as in docker.io/library/busybox: %w", text, err)
	}
	of := repository.RegistryStr()
	if of == name.DefaultRegistry {
		of = "docker.io" // as containerd has it
	}
	if !slices.Contains(Mirrored, of) {
		return "", fmt.Errorf("repository %q: expected one of the registries that the cluster's registry mirrors: %s", text, strings.Join(Mirrored, ", "))
	}
	return of + "/" + repository.RepositoryStr(), nil
}
