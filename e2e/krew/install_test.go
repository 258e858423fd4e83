package krew

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sigs.k8s.io/e2e-framework/pkg/envconf"

	"github.com/kubectl-kbe/kubectl-kbe/e2e/internal/provider"
)

// user is someone who has kubectl and krew.
type user struct {
	t   *testing.T
	env []string
	// root is where krew keeps what it installs.
	root string
}

func newUser(t *testing.T, env ...string) *user {
	t.Helper()
	root, tools := t.TempDir(), t.TempDir()
	for _, name := range []string{"kubectl", "kubectl-krew"} { // and no kubectl-kbe
		file, err := filepath.Abs(filepath.Join("../../bin", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	// krew works with an index alone, which it would clone.
	run(t, exec.CommandContext(t.Context(), "git", "init", "--quiet", filepath.Join(root, "index", "default")))
	return &user{t: t, root: root, env: append(env,
		"HOME="+t.TempDir(), "KREW_ROOT="+root, "KREW_NO_UPGRADE_CHECK=1",
		"HTTPS_PROXY=http://127.0.0.1:1", // whatever asks the network is refused
		"PATH="+strings.Join([]string{tools, filepath.Join(root, "bin"), os.Getenv("PATH")}, string(os.PathListSeparator)))}
}

// kubectl returns what a command prints, and logs both as they are on a screen.
func (u *user) kubectl(args ...string) string {
	u.t.Helper()
	out, err := u.command(args...).CombinedOutput()
	u.t.Logf("$ kubectl %s\n%s", strings.Join(args, " "), out)
	if err != nil {
		u.t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

func (u *user) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(u.t.Context(), "../../bin/kubectl", args...)
	c.Env = u.env
	return c
}

// installed are the files that krew has of plugins, below its root.
func (u *user) installed() string {
	u.t.Helper()
	var found []string
	for _, pattern := range []string{"store/*/*/*", "bin/*"} {
		files, err := filepath.Glob(filepath.Join(u.root, pattern))
		if err != nil {
			u.t.Fatal(err)
		}
		for _, file := range files {
			found = append(found, strings.TrimPrefix(file, u.root+"/"))
		}
	}
	return strings.Join(found, " ")
}

func TestInstall(t *testing.T) {
	version, platforms := released(t)
	for _, p := range platforms {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			u := newUser(t, "KREW_OS="+p.Selector.MatchLabels.OS, "KREW_ARCH="+p.Selector.MatchLabels.Arch)
			u.kubectl("krew", "install", "--manifest="+manifest, "--archive="+p.archive())
			store := "store/kbe/" + version + "/"
			want := store + "LICENSE " + store + "THIRD_PARTY_LICENSES " + store + p.Bin + " bin/" + p.Bin
			if found := u.installed(); found != want {
				t.Errorf("expected %s, found %s", want, found)
			}
			if found := u.kubectl("krew", "list"); !strings.Contains(found, "kbe") {
				t.Errorf("krew list: found %s", found)
			}
			u.kubectl("krew", "uninstall", "kbe")
			if found := u.installed(); found != "" {
				t.Errorf("expected nothing after uninstall, found %s", found)
			}
		})
	}
}

// TestFromKrewToTheFirstGreenRun does what the screen says, and nothing else.
func TestFromKrewToTheFirstGreenRun(t *testing.T) {
	version, platforms := released(t)
	here := platforms[0]
	for _, p := range platforms {
		if p.String() == runtime.GOOS+"/"+runtime.GOARCH {
			here = p
		}
	}
	cluster := provider.NewEmbedded()
	cluster.WithName(envconf.RandomName("kbe-krew", 12))
	kubeconfig, err := cluster.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Destroy(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	u := newUser(t, "KUBECONFIG="+kubeconfig)
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"krew", "install", "--manifest=" + manifest, "--archive=" + here.archive()}, "kubectl kbe\n"},
		{[]string{"kbe"}, "kubectl kbe pods  "},
		{[]string{"kbe", "version"}, "Client Version: " + version + "\n"},
		{[]string{"kbe", "pods"}, "claims hold. Finished in"},
		{[]string{"krew", "uninstall", "kbe"}, "Uninstalled plugin: kbe"},
	} {
		if found := u.kubectl(step.args...); !strings.Contains(found, step.want) {
			t.Errorf("%v: expected %q", step.args, step.want)
		}
	}
	if out, err := u.command("kbe", "pods").CombinedOutput(); err == nil || !strings.Contains(string(out), `unknown command "kbe"`) {
		t.Errorf("after uninstall: expected that kubectl knows no kbe, found %v, %s", err, out)
	}
}
