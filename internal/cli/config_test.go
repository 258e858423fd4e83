package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const configHead = "apiVersion: kubectl-kbe.github.io/v1alpha1\nkind: Config\n"

// configFile writes a file with defaults.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kbe.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsFromAFile(t *testing.T) {
	noCluster(t)
	path := configFile(t, configHead+"namespace: shop\nregistry: mirror.example\nview: commands\n"+
		"images: {shell: \"mirror.example/tools:1\", other: \"mirror.example/other:1\"}\n")
	run := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := execute(t, "", args...)
		if code != exitPassed {
			t.Fatalf("%v: expected exit code 0, found %d: %s", args, code, stderr)
		}
		return stdout
	}
	file := run("pods", "two-containers", "--dry-run", "--config", path, "--view=story")
	for _, want := range []string{"image: mirror.example/mhausenblas/simpleservice:0.5.0", "image: mirror.example/tools:1"} {
		if !strings.Contains(file, want) {
			t.Errorf("expected %q in\n%s", want, file)
		}
	}
	t.Setenv(configVariable, path)
	line := run("pods", "two-containers", "--dry-run", "--registry", "typed.example", "--image", "shell=typed.example/shell:2", "--view=story")
	for _, want := range []string{"image: typed.example/mhausenblas/simpleservice:0.5.0", "image: typed.example/shell:2"} {
		if !strings.Contains(line, want) {
			t.Errorf("expected the command line's %q in\n%s", want, line)
		}
	}
	if commands := run("pods", "two-containers", "--dry-run"); !strings.Contains(commands, "kubectl create") || strings.Contains(commands, "runs a program in a container") {
		t.Errorf("expected the view commands, found\n%s", commands)
	}
	if images := run("images", "pods"); !strings.Contains(images, "mirror.example/mhausenblas") {
		t.Errorf("expected the images of the mirror, found\n%s", images)
	}
	if role := run("rbac", "--for", "pods"); !strings.Contains(role, "namespace: shop") {
		t.Errorf("expected the permissions in namespace shop, found\n%s", role)
	}
	run("version", "--client") // has none of these flags
}

func TestAFileWithDefaultsThatIsWrongIsRefused(t *testing.T) {
	noCluster(t)
	for text, want := range map[string]string{
		"registry: mirror.example\n":                      "expected apiVersion: kubectl-kbe.github.io/v1alpha1 and kind: Config, found apiVersion: (none)",
		configHead + "mirror: mirror.example\n":           `unknown field "mirror"`,
		configHead + "view: everything\n":                 `view: expected one of story, summary, commands, found "everything"`,
		configHead + "registry: https://mirror.example\n": "registry: ",
		configHead + "images: {shell: \"A B\"}\n":         "shell=A B: expected a reference",
		configHead + "images: [shell]\n":                  "cannot unmarshal",
	} {
		path := configFile(t, text)
		code, stdout, stderr := execute(t, "", "pods", "--config", path)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, "--config "+path) || !strings.Contains(stderr, want) {
			t.Errorf("%q: expected exit code 2 and %q, found %d: %s%s", text, want, code, stdout, stderr)
		}
	}
	t.Setenv(configVariable, "/nowhere.yaml")
	if code, _, stderr := execute(t, "", "pods"); code != exitUsage || !strings.Contains(stderr, "KUBECTL_KBE_CONFIG /nowhere.yaml") {
		t.Errorf("expected exit code 2 and the variable, found %d: %s", code, stderr)
	}
}
