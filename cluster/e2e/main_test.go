//go:build e2e

package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

var kubernetes = flag.String("kubernetes", "", "version of Kubernetes of the clusters, such as v1.36; default: the newest")

var (
	// program is the kbe-cluster that is tested.
	program string
	// made are the kubeconfigs of the clusters that tests may have started, by name.
	made sync.Map
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		if os.Geteuid() != 0 {
			fmt.Fprintln(os.Stderr, "these tests start real clusters: run them as root")
			return 1
		}
		dir, err := os.MkdirTemp("", "kbe-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := os.Chmod(dir, 0o755); err != nil { // one test runs as another user
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		program = filepath.Join(dir, "kbe-cluster")
		build := exec.Command("go", "build", "-trimpath", "-o", program, "../cmd/kbe-cluster")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		parts := exec.Command(program, "build", "--kubernetes", *kubernetes)
		for _, cmd := range []*exec.Cmd{build, parts} {
			cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
			if err := cmd.Run(); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", cmd, err)
				return 1
			}
		}
		removeOnSignal(dir)
		return m.Run()
	}())
}

// removeOnSignal has the first signal to stop remove the clusters and the folder of the tests.
func removeOnSignal(dir string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		made.Range(func(name, config any) bool {
			down := exec.Command(program, "down", "--name", name.(string))
			down.Env = append(os.Environ(), "KUBECONFIG="+config.(string))
			down.Stdout, down.Stderr = os.Stderr, os.Stderr
			if err := down.Run(); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", down, err)
			}
			return true
		})
		_ = os.RemoveAll(dir)
		os.Exit(130)
	}()
}

// exhaustive leaves a test to `make test-all`: its capability is shown by another one, and
// this one tries what is rare, or each of many.
func exhaustive(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make test-all runs it")
	}
}
