package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTool puts an executable on PATH, alone, that keeps clusters as kind and k3d
// list, make and delete them: as lines of a file. It stands in for tools that need
// Docker, so that what is tested is who may delete what. It returns that file, and one
// with all its command lines.
func fakeTool(t *testing.T, name string, clusters ...string) (list, log string) {
	t.Helper()
	dir := t.TempDir()
	list, log = filepath.Join(dir, "clusters"), filepath.Join(dir, "log")
	script := `#!/bin/sh
echo "$*" >>` + log + `
case "$*" in
"get clusters" | "cluster list"* | "cluster get"*) cat ` + list + ` ;;
"create cluster --name "*) echo "$4" >>` + list + ` ;;
"cluster create "*) echo "$3" >>` + list + ` ;;
"get kubeconfig"* | "kubeconfig get"*) cat ` + dir + `/kubeconfig ;;
"delete cluster --name "*) grep -vx "$4" ` + list + ` >` + list + `.new; mv ` + list + `.new ` + list + ` ;;
"cluster delete "*) grep -vx "$3" ` + list + ` >` + list + `.new; mv ` + list + `.new ` + list + ` ;;
esac
`
	const kubeconfig = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: https://127.0.0.1:1}}]\n" +
		"users: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\ncurrent-context: c\n"
	for path, text := range map[string]string{
		filepath.Join(dir, name): script, filepath.Join(dir, "kubeconfig"): kubeconfig, log: "",
		list: strings.Join(append(clusters, ""), "\n"),
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return list, log
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var owned = map[string]func(string) *Owned{"kind": NewKind, "k3d": NewK3d}

func TestAClusterThatWeMadeIsDeletedAndNoOther(t *testing.T) {
	for tool, newCluster := range owned {
		t.Run(tool, func(t *testing.T) {
			list, log := fakeTool(t, tool, "theirs")
			c := newCluster("kbe-e2e-mine")
			kubeconfig, err := c.Create(t.Context(), "--wait", "60s")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(kubeconfig); err != nil || !strings.Contains(read(t, log), "--wait 60s") {
				t.Errorf("found %v and the commands\n%s", err, read(t, log))
			}
			if found := read(t, list); found != "theirs\nkbe-e2e-mine\n" {
				t.Errorf("expected both clusters, found %q", found)
			}
			if err := c.Destroy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.Destroy(t.Context()); err != nil { // again
				t.Fatal(err)
			}
			if found := read(t, list); found != "theirs\n" || strings.Count(read(t, log), "delete") != 1 {
				t.Errorf("expected that theirs stays, found %q and the commands\n%s", found, read(t, log))
			}
			if _, err := os.Stat(kubeconfig); err == nil {
				t.Errorf("expected that %s is gone", kubeconfig)
			}
		})
	}
}

func TestAClusterThatExistsIsRefusedAndStays(t *testing.T) {
	for tool, newCluster := range owned {
		t.Run(tool, func(t *testing.T) {
			list, log := fakeTool(t, tool, "theirs")
			c := newCluster("theirs")
			if _, err := c.Create(t.Context()); err == nil || !strings.Contains(err.Error(), `cluster "theirs" exists already, and was not made by these tests`) {
				t.Errorf("found %v", err)
			}
			if err := c.Destroy(t.Context()); err != nil {
				t.Error(err)
			}
			if found := read(t, list); found != "theirs\n" || strings.Contains(read(t, log), "delete") || strings.Contains(read(t, log), "create") {
				t.Errorf("expected that it stays, found %q and the commands\n%s", found, read(t, log))
			}
		})
	}
}

func TestAToolThatIsMissingIsNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for tool, newCluster := range owned {
		c := newCluster("kbe-e2e-mine")
		if _, err := c.Create(t.Context()); err == nil || !strings.Contains(err.Error(), "a cluster of "+tool+" needs "+tool+" on PATH: install it") {
			t.Errorf("%s: found %v", tool, err)
		}
		if err := c.Destroy(t.Context()); err != nil {
			t.Errorf("%s: %v", tool, err)
		}
	}
}

func TestAListThatFailsMakesNothing(t *testing.T) {
	fakeTool(t, "kind")
	path := filepath.Join(strings.Split(os.Getenv("PATH"), ":")[0], "kind")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho no docker >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := NewKind("kbe-e2e-mine")
	if _, err := c.Create(t.Context()); err == nil || !strings.Contains(err.Error(), "kind get clusters: exit status 1: no docker") {
		t.Errorf("found %v", err)
	}
	if err := c.Destroy(t.Context()); err != nil {
		t.Error(err)
	}
}
