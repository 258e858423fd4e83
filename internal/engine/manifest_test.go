package engine

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func TestManifestsAreChecked(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c, image: i}\n"
	for manifest, want := range map[string]string{
		pod: "",
		strings.Replace(pod, "containers", "continers", 1):                                          "demo/m.yaml:5:3: unknown field `continers`; did you mean `containers`?",
		strings.Replace(pod, "image: i", "imge: i", 1):                                              "demo/m.yaml:6:15: unknown field `imge`; did you mean `image`?",
		strings.Replace(pod, "metadata", "metdata", 1):                                              "demo/m.yaml:3:1: unknown field `metdata`; did you mean `metadata`?",
		strings.Replace(pod, "image: i", "resources: {limits: {cpu: 1}, limit: {}}", 1):             "unknown field `limit`; did you mean `limits`?",
		strings.Replace(pod, "image: i", "volumeMounts: [{mountpath: /a, name: a}]", 1):             "unknown field `mountpath`; did you mean `mountPath`?",
		strings.Replace(pod, "name: c", "name: 7", 1):                                               "demo/m.yaml:6:12: spec.containers.name: expected a value of type string, found a number",
		strings.Replace(pod, "kind: Pod", "kind: Pdo", 1):                                           "demo/m.yaml:2:7: kind: unknown kind of v1 `Pdo`; did you mean `Pod`?",
		strings.Replace(pod, "apiVersion: v1\nkind: Pod", "apiVersion: x.example/v1\nkind: Pdo", 1): "",
	} {
		e, err := example.Load(fstest.MapFS{
			"demo/example.yaml": {Data: []byte(head + "    - run: kubectl create -f m.yaml")},
			"demo/m.yaml":       {Data: []byte(manifest)},
		}, "demo")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = Compile(e); (err == nil) != (want == "") || err != nil && !strings.Contains(filepath.ToSlash(err.Error()), want) {
			t.Errorf("%s: expected %q, found %v", manifest, want, err)
		}
	}
}
