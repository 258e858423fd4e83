package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/types"
	"sigs.k8s.io/e2e-framework/third_party/k3d"
	"sigs.k8s.io/e2e-framework/third_party/kind"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
)

var (
	clusterFlag = flag.String("cluster", "", "embedded: a cluster of its own, by kbe-cluster; kind, k3d: one by these tools; "+
		"existing: the one of --context; default: embedded, where it can be made")
	kubernetesFlag = flag.String("kubernetes", "", "version of Kubernetes of the embedded clusters, such as v1.36; default: the newest of kbe-cluster")
	configFlag     = flag.String("cluster-config", "", "configuration file for a cluster of kind or k3d")
	imageFlag      = flag.String("node-image", "", "image of the nodes of a cluster of kind or k3d")
	loadFlag       = flag.String("load", "", "image archives to load into a cluster of kind or k3d, separated by commas")
	artifactsFlag  = flag.String("artifacts", "", "folder for the logs of the cluster's components when a test fails")
)

var (
	testenv env.Environment
	// cluster is the one that the suite made, or nil; embedded is the same, where it
	// is one of kbe-cluster.
	cluster  types.E2EClusterProvider
	embedded *provider.Embedded
	// dir is a folder that goes when the suite ends.
	dir string
	// kube finds the cluster, as kubectl does.
	kube *genericclioptions.ConfigFlags
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) (code int) {
	cfg, err := envconf.NewFromFlags()
	if err != nil {
		return fail(err)
	}
	mode, err := chooseCluster(*clusterFlag)
	if err != nil {
		return fail(err)
	}
	// e2e-framework has no signal handling: without this, Ctrl-C would leave
	// the cluster.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if dir, err = os.MkdirTemp("", "kbe-e2e-"); err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	// kubectl keeps what it discovers by the API server's address, and that of
	// an embedded cluster is new each time.
	if err := os.Setenv("KUBECACHEDIR", filepath.Join(dir, "cache")); err != nil {
		return fail(err)
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if mode == "existing" {
		if err := provider.Existing(cfg.KubeContext(), kubeconfig); err != nil {
			return fail(err)
		}
	} else {
		// A signal ends the suite while its tests may end by themselves.
		var once sync.Once
		end := func(code int) (err error) {
			once.Do(func() { err = finish(code) })
			return err
		}
		// Before the cluster is made: what cannot be completed is removed, too.
		defer func() {
			if err := end(code); err != nil {
				code = fail(err)
			}
		}()
		if kubeconfig, err = create(ctx, mode); err != nil {
			return fail(err)
		}
		interrupted := context.AfterFunc(ctx, func() {
			_ = errors.Join(end(1), os.RemoveAll(dir))
			os.Exit(130)
		})
		defer interrupted()
	}
	cfg.WithKubeconfigFile(kubeconfig)
	kube = genericclioptions.NewConfigFlags(true)
	kube.KubeConfig = &kubeconfig
	testenv = env.NewWithConfig(cfg)
	code = testenv.Run(m)
	if err := results.write(*artifactsFlag); err != nil {
		return fail(err)
	}
	return code
}

// chooseCluster decides what to test on. It never falls back to a cluster that
// the user did not name.
func chooseCluster(name string) (string, error) {
	switch name {
	case "existing", "kind", "k3d":
		return name, nil
	case "embedded", "":
		_, err := provider.FindKBECluster()
		if os.Geteuid() == 0 && err == nil {
			return "embedded", nil
		}
		return "", fmt.Errorf("there is no cluster to test on: for one of its own, run `make e2e` as root (kbe-cluster found: %t, root: %t); "+
			"for one of your kubeconfig, run `go test ./e2e -args --cluster=existing --context NAME`", err == nil, os.Geteuid() == 0)
	default:
		return "", fmt.Errorf("--cluster: expected embedded, existing, kind or k3d, found %q", name)
	}
}

// create makes the cluster, under a random name, and returns its kubeconfig.
func create(ctx context.Context, mode string) (string, error) {
	name := envconf.RandomName("kbe-e2e", 12)
	switch mode {
	case "kind":
		owned := provider.NewKind(name)
		owned.WithOpts(kind.WithImage(*imageFlag))
		return createOwned(ctx, owned)
	case "k3d":
		owned := provider.NewK3d(name)
		owned.WithOpts(k3d.WithImage(*imageFlag))
		return createOwned(ctx, owned)
	default:
		embedded = provider.NewEmbedded()
		embedded.WithName(name).WithVersion(*kubernetesFlag)
		cluster = embedded
		return embedded.Create(ctx, "--audit", "--network-policy")
	}
}

func createOwned(ctx context.Context, owned *provider.Owned) (kubeconfig string, err error) {
	cluster = owned
	if *configFlag != "" {
		kubeconfig, err = owned.CreateWithConfig(ctx, *configFlag)
	} else {
		kubeconfig, err = owned.Create(ctx)
	}
	for archive := range strings.SplitSeq(*loadFlag, ",") {
		if err == nil && archive != "" {
			err = owned.LoadImageArchive(ctx, archive)
		}
	}
	return kubeconfig, err
}

// finish keeps the components' logs of a failed run, and destroys the cluster.
func finish(code int) error {
	if cluster == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if code != 0 && *artifactsFlag != "" {
		dir := filepath.Join(*artifactsFlag, "cluster")
		if err := os.MkdirAll(dir, 0o750); err != nil {
			fail(err)
		} else if err := cluster.ExportLogs(ctx, dir); err != nil {
			fail(err)
		}
	}
	return cluster.Destroy(ctx)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}

// exhaustive leaves a test to `make test-all`: its capability is shown by another one, and
// this one tries what is rare, or each of many.
func exhaustive(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make test-all runs it")
	}
}

// unobserved is where a run shows nothing.
var unobserved = report.NewTerminal(io.Discard, nil, 80, false)

// clientsOf are clients that make each request once.
func clientsOf(getter genericclioptions.RESTClientGetter) *run.Clients {
	return &run.Clients{RESTClientGetter: getter}
}
