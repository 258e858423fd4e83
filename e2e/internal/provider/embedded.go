package provider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/e2e-framework/klient"
	"sigs.k8s.io/e2e-framework/pkg/types"
)

// Embedded is a cluster of kbe-cluster, which it creates and destroys.
type Embedded struct {
	name       string
	path       string
	kubeconfig string
	created    bool
	flags      []string // of kbe-cluster up
}

var _ types.E2EClusterProviderWithImageLoader = (*Embedded)(nil)

// FindKBECluster looks for the kbe-cluster binary: $KBE_CLUSTER, the bin folder
// of this repository, PATH.
func FindKBECluster() (string, error) {
	if path := os.Getenv("KBE_CLUSTER"); path != "" {
		return exec.LookPath(path)
	}
	// Tests run in their package's folder.
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path, err := exec.LookPath(filepath.Join(dir, "bin", "kbe-cluster")); err == nil {
			return path, nil
		}
	}
	return exec.LookPath("kbe-cluster")
}

// NewEmbedded returns a provider; nothing runs before Create.
func NewEmbedded() *Embedded { return &Embedded{} }

// SetDefaults does nothing: the defaults are those of kbe-cluster.
func (e *Embedded) SetDefaults() types.E2EClusterProvider { return e }

// WithName sets the cluster's name.
func (e *Embedded) WithName(name string) types.E2EClusterProvider {
	e.name = name
	return e
}

// WithVersion sets the version of Kubernetes, or its minor, such as v1.36: one
// of those that kbe-cluster pins. Empty, it is the newest of them.
func (e *Embedded) WithVersion(version string) types.E2EClusterProvider {
	if version != "" {
		e.flags = append(e.flags, "--kubernetes="+version)
	}
	return e
}

// WithPath names the kbe-cluster binary.
func (e *Embedded) WithPath(path string) types.E2EClusterProvider {
	e.path = path
	return e
}

// WithOpts applies options.
func (e *Embedded) WithOpts(opts ...types.ClusterOpts) types.E2EClusterProvider {
	for _, o := range opts {
		o(e)
	}
	return e
}

// Create brings the cluster up, with more flags for kbe-cluster up, and returns the path of its kubeconfig, a file
// of its own: the user's kubeconfig stays as it is. A cluster of that name that
// is already up is refused, because Destroy would take someone's cluster down.
func (e *Embedded) Create(ctx context.Context, args ...string) (string, error) {
	if e.path == "" {
		path, err := FindKBECluster()
		if err != nil {
			return "", fmt.Errorf("the embedded cluster needs kbe-cluster: run `make build` first, or set KBE_CLUSTER: %w", err)
		}
		e.path = path
	}
	if err := exec.CommandContext(ctx, e.path, "status", "--name", e.name).Run(); err == nil {
		return "", fmt.Errorf("the cluster %q exists already, and was not made by these tests: use another name", e.name)
	}
	dir, err := os.MkdirTemp("", "kbe-e2e-")
	if err != nil {
		return "", err
	}
	e.kubeconfig, e.created = filepath.Join(dir, "kubeconfig"), true
	up := exec.CommandContext(ctx, e.path, append([]string{"up", "--name", e.name, "--kubeconfig", e.kubeconfig}, slices.Concat(e.flags, args)...)...)
	// On cancellation `up` takes down what it has started.
	up.Cancel = func() error { return up.Process.Signal(os.Interrupt) }
	up.Stdout, up.Stderr = os.Stderr, os.Stderr
	if err := up.Run(); err != nil {
		return "", fmt.Errorf("kbe-cluster up --name %s: %w", e.name, err)
	}
	return e.kubeconfig, nil
}

// CreateWithConfig is not possible; its error says so.
func (e *Embedded) CreateWithConfig(context.Context, string) (string, error) {
	return "", errors.New("kbe-cluster has no configuration file: use Create with flags")
}

// GetKubeconfig returns the path of the cluster's kubeconfig.
func (e *Embedded) GetKubeconfig() string { return e.kubeconfig }

// GenerateKubeconfig returns the path that Create returned.
func (e *Embedded) GenerateKubeconfig(...string) (string, error) { return e.kubeconfig, nil }

// GetKubectlContext returns the context that kbe-cluster adds.
func (e *Embedded) GetKubectlContext() string { return "kbe-cluster-" + e.name }

// ExportLogs writes one file per component into the folder dest.
func (e *Embedded) ExportLogs(ctx context.Context, dest string) error {
	list, err := e.output(ctx, "logs")
	if err != nil {
		return err
	}
	var errs []error
	for _, component := range strings.Fields(list) {
		log, err := e.Log(ctx, component)
		if err == nil {
			err = os.WriteFile(filepath.Join(dest, strings.ReplaceAll(component, "/", "-")+".log"), []byte(log), 0o600)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Log returns the log of a component, such as audit or node-1/kubelet.
func (e *Embedded) Log(ctx context.Context, component string) (string, error) {
	return e.output(ctx, "logs", component)
}

// Destroy takes the cluster down, if Create made it.
func (e *Embedded) Destroy(ctx context.Context) error {
	if !e.created {
		return nil
	}
	if _, err := e.output(ctx, "down"); err != nil {
		return err
	}
	e.created = false
	return os.RemoveAll(filepath.Dir(e.kubeconfig))
}

// WaitForControlPlane does nothing: `up` ends when every node is Ready.
func (e *Embedded) WaitForControlPlane(context.Context, klient.Client) error { return nil }

// KubernetesRestConfig returns nil where the kubeconfig cannot be read, because
// the interface has no error.
func (e *Embedded) KubernetesRestConfig() *rest.Config {
	cfg, err := clientcmd.BuildConfigFromFlags("", e.kubeconfig)
	if err != nil {
		return nil
	}
	return cfg
}

// LoadImage is not possible: there is no image store outside the cluster.
func (e *Embedded) LoadImage(_ context.Context, image string, _ ...string) error {
	return fmt.Errorf("image %q: kbe-cluster loads archives: use LoadImageArchive", image)
}

// LoadImageArchive loads a Docker or OCI archive into every node.
func (e *Embedded) LoadImageArchive(ctx context.Context, archive string, _ ...string) error {
	_, err := e.output(ctx, "load", archive)
	return err
}

// Push pushes an image archive, or the folder of an OCI layout, to the cluster's registry,
// for the nodes to pull as ref.
func (e *Embedded) Push(ctx context.Context, archive, ref string) error {
	_, err := e.output(ctx, "push", archive, ref)
	return err
}

// Kubectl is the path of the kubectl that was built with the cluster.
func (e *Embedded) Kubectl() string { return filepath.Join(filepath.Dir(e.path), "kubectl") }

// Simpleservice says how a stand-in of simpleservice differs from the one that every
// node has; a field that is empty changes nothing.
type Simpleservice struct {
	// Version is what it reports, such as 0.4.0.
	Version string
	// ListenAfter is the time from its start until it listens, such as 3s, or never.
	ListenAfter string
	// Arch is the architecture that its configuration names: amd64 or arm64.
	Arch string
	// ProgramArch is the one that its programs are for; empty: Arch. On a node of
	// another one they end with "exec format error".
	ProgramArch string
}

// SimpleserviceVariant builds an archive of the service's image under another
// reference, and returns its path.
func (e *Embedded) SimpleserviceVariant(ctx context.Context, ref string, how Simpleservice) (string, error) {
	args := []string{"image", ref}
	for _, flag := range [][2]string{{"--version", how.Version}, {"--listen-after", how.ListenAfter}, {"--arch", how.Arch}, {"--program-arch", how.ProgramArch}} {
		if flag[1] != "" {
			args = append(args, flag[0], flag[1])
		}
	}
	out, err := e.output(ctx, args...)
	return strings.TrimSpace(out), err
}

func (e *Embedded) output(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.path, append([]string{args[0], "--name", e.name}, args[1:]...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kbe-cluster %s --name %s: %w: %s", strings.Join(args, " "), e.name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
