package page

import (
	"slices"
	"strings"
	"testing"
)

// TestAnOutputInComments: an output that is written as comments is one where it is for certain one, and an ordinary
// comment is none.
func TestAnOutputInComments(t *testing.T) {
	const pods = "kubectl get pods\n"
	for name, tc := range map[string]struct {
		lines string
		want  []string
	}{
		"a table":                              {pods + "# NAME    READY   STATUS    RESTARTS     AGE\n# web-1   1/1     Running   1 (5s ago)   2m3s\n", []string{"NAME    READY   STATUS    RESTARTS     AGE", "web-1   1/1     Running   1 (5s ago)   2m3s"}},
		"a table with a label":                 {pods + "# Output:\n# NAME READY AGE\n# web-1 1/1 5s\n# ...\n", []string{"NAME READY AGE", "web-1 1/1 5s", "..."}},
		"other signs":                          {pods + "#> NAME   READY\n#> web    1/1\n", []string{"NAME   READY", "web    1/1"}},
		"events":                               {"kubectl events\n# LAST SEEN   TYPE     REASON    OBJECT    MESSAGE\n# 5s          Normal   Pulling   Pod/web   Pulling image\n", []string{"LAST SEEN   TYPE     REASON    OBJECT    MESSAGE", "5s          Normal   Pulling   Pod/web   Pulling image"}},
		"a sentence behind a table":            {pods + "# NAME    READY   STATUS    RESTARTS   AGE\n# web-1   1/1     Running   0          2m\n# Now we can delete it\n", []string{"NAME    READY   STATUS    RESTARTS   AGE", "web-1   1/1     Running   0          2m"}},
		"a result":                             {"kubectl apply -f a.yaml\n# pod/web created\n# deployment.apps/a configured\n# Done\n", []string{"pod/web created", "deployment.apps/a configured"}},
		"a result of run":                      {"kubectl run web --image=b\n# pod/web created\n", []string{"pod/web created"}},
		"no objects":                           {pods + "# No resources found in default namespace.\n", []string{"No resources found in default namespace."}},
		"a comment":                            {pods + "# web-1 is Running\n", nil},
		"capitals":                             {pods + "# NOTE THIS\n# NAME YOUR PODS\n# TODO FIX THE STATUS\n", nil},
		"a sentence on nothing":                {pods + "# No resources found yet, so create one\n", nil},
		"a result of a command that reads":     {pods + "# pod/web created\n", nil},
		"a table of a command that changes":    {"kubectl delete pod a\n# NAME   READY   AGE\n# web    1/1     5s\n", nil},
		"a sentence on a result":               {"kubectl delete pod web\n# pod/web deleted by the controller\n", nil},
		"a deletion":                           {"kubectl delete pod web --force\n# pod \"web\" force deleted from default namespace\n", []string{`pod "web" force deleted from default namespace`}},
		"a comment on the next command":        {"kubectl delete pod a\n# Delete it\n\n# pod/web created\n", nil},
		"an output of a command in a sentence": {pods + "# kubectl get pods shows:\n# NAME   READY   AGE\n", nil},
		"a comment behind a table":             {pods + "NAME   READY   AGE\nweb    1/1     5s\n# Now delete it\n\n", []string{"NAME   READY   AGE", "web    1/1     5s"}},
	} {
		for _, language := range []string{"bash", "console"} {
			lines := tc.lines + "make x\n"
			if language == "console" {
				lines = "$ " + tc.lines
			}
			p := read(t, "page.md", "```"+language+"\n"+lines+"```\n")
			var found []string
			for _, l := range p.commands[0].output {
				found = append(found, strings.TrimSpace(l.text))
			}
			if last := p.commands[len(p.commands)-1]; !slices.Equal(found, tc.want) || language == "bash" && last.text != "make x" {
				t.Errorf("%s in %s: expected %q, found %q; the last command is %q", name, language, tc.want, found, last.text)
			}
		}
	}
}

// TestAChangeOfAnOutputInComments: it stays one.
func TestAChangeOfAnOutputInComments(t *testing.T) {
	p := read(t, "page.md", "```bash\nkubectl get pods\n# NAME   READY   AGE\n# a      1/1     5s\n# b      1/1     5s\n\n# Next\nkubectl get cm\n```\n")
	out := outputsOf{"2": {Stdout: "NAME   READY   AGE\na      2/2     7s\nb      1/1     7s\nc      1/1     7s\n"}}
	found, corrected := findings(p, out)
	if want := []string{"4: READY: the page shows 1/1; the cluster shows 2/2", "5: the cluster shows a row that the page does not show"}; !slices.Equal(found, want) {
		t.Errorf("expected %q, found %q", want, found)
	}
	if want := "# NAME   READY   AGE\n# a      2/2     5s\n# b      1/1     5s\n# c      1/1     7s\n\n# Next\n"; !strings.Contains(corrected, want) {
		t.Errorf("expected\n%s\nin\n%s", want, corrected)
	}
	if again, _ := findings(read(t, "page.md", corrected), out); len(again) > 0 {
		t.Errorf("expected that the corrected page is true, found %q", again)
	}
}
