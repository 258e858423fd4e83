package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/e2e-framework/pkg/env"
	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/provider"
)

var (
	clusterFlag    = flag.String("cluster", "", "embedded: a cluster of its own, by kbe-cluster; existing: the one of the kubeconfig; default: embedded, where it can be made")
	kubernetesFlag = flag.String("kubernetes", "", "version of Kubernetes of the embedded clusters, such as v1.36; default: the newest of kbe-cluster")
	artifactsFlag  = flag.String("artifacts", "", "folder for the logs of the cluster's components when a test fails")
)

var (
	testenv env.Environment
	// embedded is the cluster that the suite made, or nil.
	embedded *provider.Embedded
	// dir is a folder that goes when the suite ends.
	dir string
	// kube finds the cluster, as kubectl does.
	kube *genericclioptions.ConfigFlags
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	cfg, err := envconf.NewFromFlags()
	if err != nil {
		return fail(err)
	}
	// Tests wait more than they compute: more of them run side by side than there
	// are processors.
	if err := flag.Set("test.parallel", "6"); err != nil {
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
	kubeconfig := ""
	if mode == "embedded" {
		embedded = provider.NewEmbedded()
		embedded.WithName(envconf.RandomName("kbe-e2e", 12)).WithVersion(*kubernetesFlag)
		if kubeconfig, err = embedded.Create(ctx, "--audit"); err != nil {
			return fail(err)
		}
		defer func() {
			if err := finish(code); err != nil {
				code = fail(err)
			}
		}()
		interrupted := context.AfterFunc(ctx, func() {
			_ = errors.Join(finish(1), os.RemoveAll(dir))
			os.Exit(130)
		})
		defer interrupted()
	} else {
		kubeconfig = clientcmd.NewDefaultPathOptions().GetDefaultFilename()
	}
	cfg.WithKubeconfigFile(kubeconfig)
	kube = genericclioptions.NewConfigFlags(true)
	kube.KubeConfig = &kubeconfig
	testenv = env.NewWithConfig(cfg)
	return testenv.Run(m)
}

// chooseCluster decides what to test on. It never falls back to a cluster that
// the user did not name.
func chooseCluster(name string) (string, error) {
	switch name {
	case "existing":
		return name, nil
	case "embedded", "":
		_, err := provider.FindKBECluster()
		if os.Geteuid() == 0 && err == nil {
			return "embedded", nil
		}
		return "", fmt.Errorf("there is no cluster to test on: for one of its own, run `make e2e` as root (kbe-cluster found: %t, root: %t); "+
			"for the cluster of your kubeconfig, run `go test ./e2e -args --cluster=existing`", err == nil, os.Geteuid() == 0)
	default:
		return "", fmt.Errorf("--cluster: expected embedded or existing, found %q", name)
	}
}

// finish keeps the components' logs of a failed run, and destroys the cluster.
func finish(code int) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if code != 0 && *artifactsFlag != "" {
		dir := filepath.Join(*artifactsFlag, "cluster")
		if err := os.MkdirAll(dir, 0o750); err != nil {
			fail(err)
		} else if err := embedded.ExportLogs(ctx, dir); err != nil {
			fail(err)
		}
	}
	return embedded.Destroy(ctx)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "e2e:", err)
	return 1
}
