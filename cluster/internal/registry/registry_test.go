package registry

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// serve starts a registry on a unix socket, and the Front of it. It returns the socket, the Front, and its address. The
// registry is that of go-containerregistry: the e2e tests have the cluster's own.
func serve(t *testing.T) (socket string, front *Front, address string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "registry.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0))), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	front = NewFront(socket)
	// TLS is that of the supervisor's listener. Of "localhost" no client expects it.
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := httptest.NewRecorder()
		front.ServeHTTP(inner, r)
		for key, values := range inner.Header() {
			w.Header()[key] = values
		}
		challenge := w.Header().Get("WWW-Authenticate")
		w.Header().Set("WWW-Authenticate", strings.Replace(challenge, "https://", "http://", 1))
		w.WriteHeader(inner.Code)
		_, _ = io.Copy(w, inner.Body)
	}))
	t.Cleanup(plain.Close)
	return socket, front, "localhost" + plain.URL[strings.LastIndex(plain.URL, ":"):]
}

func image(t *testing.T, size int64) v1.Image {
	t.Helper()
	image, err := random.Image(size, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

// save writes an archive as of docker save.
func save(t *testing.T, images map[string]v1.Image) string {
	t.Helper()
	archive, tags := filepath.Join(t.TempDir(), "images.tar"), map[name.Tag]v1.Image{}
	for ref, image := range images {
		tag, err := name.NewTag(ref)
		if err != nil {
			t.Fatal(err)
		}
		tags[tag] = image
	}
	if err := tarball.MultiWriteToFile(archive, tags); err != nil {
		t.Fatal(err)
	}
	return archive
}

// pull asks for the manifest of a repository's tag 1.
func pull(t *testing.T, address, repository string, options ...remote.Option) (*remote.Descriptor, error) {
	t.Helper()
	ref, err := name.ParseReference(address + "/" + repository + ":1")
	if err != nil {
		t.Fatal(err)
	}
	return remote.Get(ref, options...)
}

func TestPushAndPull(t *testing.T) {
	socket, _, address := serve(t)
	app := image(t, 64)
	if err := Push(t.Context(), socket, save(t, map[string]v1.Image{"anything:latest": app}), "app:1"); err != nil {
		t.Fatal(err)
	}
	found, err := pull(t, address, "docker.io/library/app")
	if want, _ := app.Digest(); err != nil || found.Digest != want {
		t.Errorf("expected the image %s, found %+v, %v", want, found, err)
	}
	if _, err := pull(t, address, "docker.io/library/other"); err == nil || !strings.Contains(err.Error(), "NAME_UNKNOWN") {
		t.Errorf("what was not pushed: expected that the registry says so, found %v", err)
	}
	ref, _ := name.ParseReference(address + "/docker.io/library/app:2")
	if err := remote.Write(ref, app); err == nil || !strings.Contains(err.Error(), "kbe-cluster push") {
		t.Errorf("a push from a node: expected that it is refused, found %v", err)
	}
}

func TestPushOfLayouts(t *testing.T) {
	socket, _, address := serve(t)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add: image(t, 64), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "s390x"}}})
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := path.AppendIndex(index); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "layout.tar")
	file, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	writer := tar.NewWriter(file)
	if err := errors.Join(writer.AddFS(os.DirFS(dir)), writer.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	want, _ := index.Digest()
	for repository, content := range map[string]string{"ghcr.io/kbe/folder": dir, "quay.io/kbe/archive": archive} {
		if err := Push(t.Context(), socket, content, repository+":1"); err != nil {
			t.Error(err)
			continue
		}
		if found, err := pull(t, address, repository); err != nil || found.Digest != want || !found.MediaType.IsIndex() {
			t.Errorf("%s: expected the index %s, found %+v, %v", repository, want, found, err)
		}
	}
}

func TestPushThatCannotBe(t *testing.T) {
	socket, _, _ := serve(t)
	one := save(t, map[string]v1.Image{"app:1": image(t, 64)})
	two := save(t, map[string]v1.Image{"app:1": image(t, 64), "other:1": image(t, 64)})
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ archive, ref, says string }{
		{one, "example.com/app:1", "expected one of the registries that the cluster's registry mirrors: docker.io"},
		{one, "docker.io/App:1", "expected REGISTRY/NAME:TAG"},
		{two, "app:1", "expected a Docker or OCI archive of one image"},
		{text, "app:1", "expected a Docker or OCI archive of one image"},
		{text + "-missing", "app:1", "no such file"},
		{t.TempDir(), "app:1", "expected an OCI layout"},
	} {
		if err := Push(t.Context(), socket, c.archive, c.ref); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("push %s as %s: expected an error with %q, found %v", c.archive, c.ref, c.says, err)
		}
	}
}

func TestPushAll(t *testing.T) {
	socket, _, address := serve(t)
	app, base := image(t, 64), image(t, 64)
	archive := save(t, map[string]v1.Image{"docker.io/kbe/app:1": app, "quay.io/kbe/base:1": base})
	platforms := func(ref string) []string {
		if ref == "quay.io/kbe/base:1" {
			return []string{"amd64"} // this registry, unlike the cluster's, wants all images of an index
		}
		return nil
	}
	if err := PushAll(t.Context(), socket, archive, platforms); err != nil {
		t.Fatal(err)
	}
	found, err := pull(t, address, "docker.io/kbe/app")
	if want, _ := app.Digest(); err != nil || found.Digest != want {
		t.Errorf("one platform: expected the image %s itself, found %+v, %v", want, found, err)
	}
	if found, err = pull(t, address, "quay.io/kbe/base"); err != nil || !found.MediaType.IsIndex() {
		t.Errorf("with platforms: expected an index, found %+v, %v", found, err)
	}
}

func TestAnIndexNamesThePlatformsOfTheOriginal(t *testing.T) {
	base := image(t, 64)
	text, err := indexOf(base, []string{"amd64", "s390x"})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := v1.ParseIndexManifest(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := base.Digest()
	if m := manifest.Manifests; len(m) != 2 || m[0].Digest != want || m[0].Platform.Architecture != "amd64" || m[1].Digest == want || m[1].Platform.Architecture != "s390x" {
		t.Errorf("expected %s for amd64, and another for s390x, found %+v", want, m)
	}
}

func TestAnswers(t *testing.T) {
	socket, front, address := serve(t)
	archive := save(t, map[string]v1.Image{"app:1": image(t, 64)})
	if err := Push(t.Context(), socket, archive, "docker.io/kbe/app:1"); err != nil {
		t.Fatal(err)
	}
	for answer, status := range map[Answer]int{Private: 401, "403": 403, "404": 404, "429": 429, "503": 503} {
		front.Set(Behavior{Answers: map[string]Answer{"docker.io": answer}})
		_, err := pull(t, address, "docker.io/kbe/app", remote.WithRetryStatusCodes())
		var refused *transport.Error
		if !errors.As(err, &refused) || refused.StatusCode != status {
			t.Errorf("%s: expected that status, found %v", answer, err)
		}
	}
	front.Set(Behavior{Answers: map[string]Answer{"docker.io": "429", "docker.io/kbe/app": Private}})
	known := remote.WithAuth(&authn.Basic{Username: User, Password: Password})
	if _, err := pull(t, address, "docker.io/kbe/app", known); err != nil {
		t.Errorf("private, to its user: %v", err)
	}
	if _, err := pull(t, address, "docker.io/kbe/app", remote.WithAuth(&authn.Basic{Username: User, Password: "wrong"})); err == nil {
		t.Error("private, with a wrong password: expected an error")
	}
	front.Set(Behavior{Answers: map[string]Answer{"docker.io/kbe/app": Schema1}})
	if found, err := pull(t, address, "docker.io/kbe/app"); err != nil || !found.MediaType.IsSchema1() {
		t.Errorf("schema 1: found %+v, %v", found, err)
	}
	front.Set(Behavior{})
	if _, err := pull(t, address, "docker.io/kbe/app"); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

func TestRateOfEachNode(t *testing.T) {
	const size = 4 << 20
	socket, front, _ := serve(t)
	if err := Push(t.Context(), socket, save(t, map[string]v1.Image{"app:1": image(t, size)}), "docker.io/kbe/app:1"); err != nil {
		t.Fatal(err)
	}
	front.Set(Behavior{MegabitsPerSecond: 64})
	token := ""
	for each, user := range front.tokens {
		if user == anonymous {
			token = each
		}
	}
	request := httptest.NewRequest(http.MethodGet, "/v2/docker.io/kbe/app/manifests/1", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	manifest := httptest.NewRecorder()
	front.ServeHTTP(manifest, request)
	parsed, err := v1.ParseManifest(manifest.Body)
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Path = "/v2/docker.io/kbe/app/blobs/" + parsed.Layers[0].Digest.String()
	begin := time.Now()
	blob := httptest.NewRecorder()
	front.ServeHTTP(blob, request)
	if took, want := time.Since(begin), 450*time.Millisecond; blob.Body.Len() < size || took < want {
		t.Errorf("4 MiB at 64 Mbit/s: expected at least %s, found %d bytes after %s", want, blob.Body.Len(), took)
	}
}
