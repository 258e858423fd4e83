package kubectl

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// at returns a Kubectl for the API server at a URL.
func at(t *testing.T, url string) *Kubectl {
	t.Helper()
	flags := genericclioptions.NewConfigFlags(true)
	// A discovery cache that cannot be written: a command that was left behind
	// would still write to it when the test has ended.
	cache, namespace, none := "/dev/null/cache", "n", ""
	flags.APIServer, flags.CacheDir, flags.Namespace, flags.KubeConfig = &url, &cache, &namespace, &none
	t.Setenv("KUBECONFIG", "/nonexistent")
	return New(flags, namespace, nil)
}

func TestRunRejectsOtherCommands(t *testing.T) {
	k := at(t, "http://127.0.0.1:1")
	for _, args := range [][]string{{}, {"edit", "pod"}} {
		if _, err := k.Run(t.Context(), args...); err == nil || !strings.Contains(err.Error(), "expected one of annotate") {
			t.Errorf("%q: expected an error that names the commands, found %v", args, err)
		}
	}
	if !slices.IsSorted(Verbs()) {
		t.Error("Verbs must be sorted")
	}
}

func TestAFailureIsAResult(t *testing.T) {
	k := at(t, "http://127.0.0.1:1")
	refused := "connection to the server 127.0.0.1:1 w"
	if runtime.GOOS == "windows" { // kubectl does not know its words for that
		refused = "Unable to connect to the server: dial tcp 127.0.0.1:1"
	}
	for want, args := range map[string][]string{
		refused:                                 {"get", "pods"},
		"unknown flag: --nope":                  {"get", "--nope"},
		"required flag(s) \"image\" not set":    {"run", "sise"},
		"unknown shorthand flag: 'n'":           {"get", "pods", "-n", "other"},
		"the path \"/nonexistent.yaml\" does n": {"create", "-f", "/nonexistent.yaml"},
	} {
		res, err := k.Run(t.Context(), args...)
		if err != nil || res.ExitCode != 1 || res.Remote || !strings.Contains(res.Stderr, want) {
			t.Errorf("%q: expected exit code 1 and %q, found %+v, %v", args, want, res, err)
		}
	}
}

func TestRunsSideBySideKeepTheirOutput(t *testing.T) {
	k := at(t, "http://127.0.0.1:1")
	var wg sync.WaitGroup
	for _, verb := range []string{"get", "describe", "delete", "get", "describe", "delete"} {
		wg.Go(func() {
			res, err := k.Run(t.Context(), verb, "--nope-"+verb)
			if err != nil || strings.Count(res.Stderr, "unknown flag") != 1 || !strings.Contains(res.Stderr, "--nope-"+verb) {
				t.Errorf("%s: found %+v, %v", verb, res, err)
			}
		})
	}
	wg.Wait()
}

func TestWhatBlocksIsLeftBehind(t *testing.T) {
	for name, call := range map[string]func(*Kubectl, context.Context) error{
		"a command": func(k *Kubectl, ctx context.Context) error { _, err := k.Run(ctx, "get", "pods"); return err },
		// As a kubelet that stands still, through the API server.
		"an exec": func(k *Kubectl, ctx context.Context) error {
			return k.Exec("p", "c")(ctx, []string{"true"}, nil, io.Discard, io.Discard)
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked, release := make(chan struct{}, 100), make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				asked <- struct{}{}
				<-release
			}))
			defer server.Close()
			defer close(release)
			k := at(t, server.URL)
			ctx, cancel := context.WithCancelCause(t.Context())
			stop := errors.New("stopped by a signal")
			go func() {
				<-asked
				cancel(stop)
			}()
			if err := call(k, ctx); !errors.Is(err, stop) {
				t.Errorf("expected the cause of the context, found %v", err)
			}
		})
	}
}
