package podpatch

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// moved moves each reference to a mirror, and has busybox run a program.
func moved(ref string) (Container, error) {
	switch {
	case ref == "broken":
		return Container{}, errors.New("broken")
	case strings.Contains(ref, "busybox"):
		return Container{Image: "m.example/" + ref, Command: []string{"sh", "-c", "echo 'a'\necho b"}}, nil
	default:
		return Container{Image: "m.example/" + ref}, nil
	}
}

// TestImagesAreFoundHoweverTheyAreWritten: YAML has many ways to write a text.
func TestImagesAreFoundHoweverTheyAreWritten(t *testing.T) {
	for name, container := range map[string]string{
		"plain":      "  - {name: a}\n  - name: b\n    image: alpine:3\n",
		"quoted":     "  - name: b\n    image: \"alpine:3\"\n",
		"single":     "  - name: b\n    image: 'alpine:3'\n",
		"comment":    "  - name: b\n    image: alpine:3 # why\n",
		"flow":       "  - {name: b, image: alpine:3, env: []}\n",
		"folded":     "  - name: b\n    image: >-\n      alpine:3\n",
		"literal":    "  - name: b\n    image: |-\n      alpine:3\n",
		"quoted key": "  - name: b\n    \"image\": alpine:3\n",
		"CRLF":       "  - name: b\r\n    image: alpine:3\r\n",
		"next line":  "  - name: b\n    image:\n      alpine:3\n",
	} {
		for _, list := range containerLists {
			out, err := Images([]byte("kind: Pod\nspec:\n  "+list+":\n"+container), moved)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var pod struct {
				Spec map[string][]struct{ Name, Image string }
			}
			if err := yaml.Unmarshal(out, &pod); err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, out)
			}
			found := pod.Spec[list]
			if last := found[len(found)-1]; last.Name != "b" || last.Image != "m.example/alpine:3" {
				t.Errorf("%s: expected the image from the mirror, found\n%s", name, out)
			}
		}
	}
}

func TestImagesOfTemplatesListsAndVolumes(t *testing.T) {
	out, err := Images([]byte(`
kind: List
items:
- kind: CronJob
  spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: a:1, name: image}]}}}}}
- kind: Deployment
  spec:
    image: not-a-container
    template:
      spec:
        # kept
        containers:
        - image: b:1
        volumes:
        - name: v
          image:
            reference: c:1
`), moved)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"image: 'm.example/a:1', name: image", "- image: m.example/b:1", "reference: m.example/c:1", "image: not-a-container", "# kept"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("expected %q in\n%s", want, out)
		}
	}
}

func TestAReplacedContainerGetsACommandUnlessItHasOne(t *testing.T) {
	out, err := Images([]byte("kind: Pod\nspec:\n  containers:\n  - name: a\n    image: busybox\n    args: [x]\n  - name: b\n    image: busybox\n    command: [own]\n"), moved)
	if err != nil {
		t.Fatal(err)
	}
	pod := corev1.Pod{}
	if err := yaml.Unmarshal(out, &pod); err != nil {
		t.Fatal(err)
	}
	a, b := pod.Spec.Containers[0], pod.Spec.Containers[1]
	if !slices.Equal(a.Command, []string{"sh", "-c", "echo 'a'\necho b"}) || !slices.Equal(a.Args, []string{"x"}) || !slices.Equal(b.Command, []string{"own"}) {
		t.Errorf("found\n%s", out)
	}
	if !strings.Contains(string(out), "|-\n") {
		t.Errorf("expected the program as a block, found\n%s", out)
	}
}

func TestAManifestWithoutChangesStaysToTheByte(t *testing.T) {
	manifest := "kind: Pod\r\nspec:   {containers: [ {image: \"a\"} ]} # x\r\n"
	out, err := Images([]byte(manifest), func(ref string) (Container, error) { return Container{Image: ref}, nil })
	if err != nil || string(out) != manifest {
		t.Errorf("found %q, %v", out, err)
	}
	if refs := ImagesOf([]byte(manifest)); !slices.Equal(refs, []string{"a"}) {
		t.Errorf("found %q", refs)
	}
	if _, err := Images([]byte("spec: {containers: [{image: broken}]}"), moved); err == nil {
		t.Error("expected the error of the replacement")
	}
}
