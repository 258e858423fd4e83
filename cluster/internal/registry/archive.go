package registry

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// open returns the image or index of an archive of `docker save`, of an OCI archive, or of a folder with an OCI layout.
func open(archive string) (content remote.Taggable, done func(), err error) {
	info, err := os.Stat(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("image archive: %w", err)
	}
	if info.IsDir() {
		content, err = laidOut(archive)
		return content, func() {}, err
	}
	image, docker := tarball.ImageFromPath(archive, nil)
	if docker == nil {
		return image, func() {}, nil
	}
	dir, oci := unpack(archive)
	done = func() { os.RemoveAll(dir) }
	if oci == nil {
		content, oci = laidOut(dir)
	}
	if oci != nil {
		done()
		return nil, nil, fmt.Errorf("%s: expected a Docker or OCI archive of one image: %w; %w", archive, docker, oci)
	}
	return content, done, nil
}

// laidOut returns the only image or index of an OCI layout.
func laidOut(dir string) (remote.Taggable, error) {
	all, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("expected an OCI layout: %w", err)
	}
	manifest, err := all.IndexManifest()
	if err != nil {
		return nil, err
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("expected an OCI layout of one image, found %d", len(manifest.Manifests))
	}
	only := manifest.Manifests[0]
	if only.MediaType.IsIndex() {
		return all.ImageIndex(only.Digest)
	}
	return all.Image(only.Digest)
}

// unpack copies the files of a tar into a new folder.
func unpack(archive string) (dir string, err error) {
	file, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer file.Close()
	dir, err = os.MkdirTemp("", "kbe-cluster-")
	if err != nil {
		return "", err
	}
	for in := tar.NewReader(file); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return dir, nil
		}
		if err != nil {
			return dir, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpackFile(dir, header.Name, in); err != nil {
			return dir, err
		}
	}
}

func unpackFile(dir, name string, content io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("found a file outside of the archive: %s", name)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

// named is an image and its name in the archive.
type named struct {
	v1.Image
	ref string
}

// saved returns all images of an archive of `docker save`.
func saved(archive string) (images []named, err error) {
	opener := func() (io.ReadCloser, error) { return os.Open(archive) }
	manifest, err := tarball.LoadManifest(opener)
	if err != nil {
		return nil, fmt.Errorf("%s: expected an archive of docker save: %w", archive, err)
	}
	for _, descriptor := range manifest {
		for _, ref := range descriptor.RepoTags {
			tag, err := tagOf(ref)
			if err != nil {
				return nil, err
			}
			image, err := tarball.Image(opener, &tag)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", archive, ref, err)
			}
			images = append(images, named{image, ref})
		}
	}
	return images, nil
}
