package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/expect"
)

// TestComparers: what a page shows of an output of each form, what the cluster prints, what
// is reported, and the output as it is corrected.
func TestComparers(t *testing.T) {
	for name, tc := range map[string]struct {
		command, shown, found string
		told                  []string
		corrected             string
	}{
		"a table in another order, with other white space": {"get pods", "NAME READY\nb 1/1\na 1/1", "NAME   READY\na      1/1\nb      1/1\n", nil, ""},
		"states of a watch": {"get pods -w", "NAME   READY   AGE\na      0/1     0s\nb      0/1     0s\na      1/1     2s\nb      2/2     3s", "NAME   READY   AGE\na      1/1     2s\nb      1/1     2s\n",
			[]string{"8: READY: the page shows 2/2; the cluster shows 1/1"}, "NAME   READY   AGE\na      0/1     0s\nb      0/1     0s\na      1/1     2s\nb      1/1     3s"},
		"headers of a watch": {"get pods -w", "NAME   READY   AGE\na      0/1     0s\nNAME   READY   AGE\na      0/1     1s\na      1/1     2s", "NAME   READY   AGE\na      1/1     2s\n", nil, ""},
		"a table with tabs":  {"get pods", "NAME\tREADY\na\t1/1", "NAME   READY\na      1/1\n", nil, ""},
		"a cell": {"get pods", "NAME   READY   STATUS    AGE\na      2/2     Running   5s", "NAME   READY   STATUS    AGE\na      1/1     Running   2s\n",
			[]string{"5: READY: the page shows 2/2; the cluster shows 1/1"}, "NAME   READY   STATUS    AGE\na      1/1     Running   5s"},
		"columns": {"get deployments", "NAME   DESIRED   CURRENT   AGE\nweb    2         2         5m", "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    2/2     2            2           8s\n",
			[]string{"4: the cluster has no column DESIRED, CURRENT; the page does not show the column READY, UP-TO-DATE, AVAILABLE"},
			"NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    2/2     2            2           5m"},
		"a row that is not there": {"get pods", "NAME   READY\na      1/1\nb      1/1", "NAME   READY\na      1/1\n",
			[]string{"6: the cluster shows no row for b"}, "NAME   READY\na      1/1"},
		"a row more":                      {"get pods", "NAME   READY\na      1/1", "NAME   READY\na      1/1\nb      1/1\n", []string{"5: the cluster shows a row that the page does not show"}, "NAME   READY\na      1/1\nb      1/1"},
		"rows that are left out":          {"get pods", "NAME   READY\na      1/1\n...", "NAME   READY\na      1/1\nb      1/1\n", nil, ""},
		"the pod of verify itself":        {"get pods", "NAME   READY\na      1/1", "NAME         READY\na            1/1\nkbe-client   1/1\n", nil, ""},
		"the service of every namespace":  {"get svc", "NAME         TYPE        CLUSTER-IP\nkubernetes   ClusterIP   10.0.0.1\nweb          ClusterIP   10.0.0.7", "NAME   TYPE        CLUSTER-IP\nweb    ClusterIP   10.96.3.4\n", nil, ""},
		"no table":                        {"get pods", "NAME   READY\na      1/1", "", []string{"5: the page shows a table; the cluster shows none"}, ""},
		"JSON in another order":           {"get pod a -o json", `{"a": 1, "b": [true]}`, `{"b": [true], "c": 2, "a": 1}`, nil, ""},
		"a field":                         {"exec a -- curl x", `{"version": "0.4.0", "ok": true}`, `{"ok": true, "version": "0.5.0"}`, []string{"4: version: the page shows 0.4.0; the cluster has 0.5.0"}, `{"version": "0.5.0", "ok": true}`},
		"a field in YAML":                 {"get cm a -o yaml", "data:\n  x: one", "data:\n  x: two\n", []string{"5: data.x: the page shows one; the cluster has two"}, "data:\n  x: two"},
		"a field that is not there":       {"get cm a -o yaml", "data:\n  y: one", "data:\n  x: two\n", []string{"5: the page shows the field data.y; the cluster has no such field"}, ""},
		"a list of another length":        {"get cm a -o yaml", "items: [a]", "items: [a, b]\n", []string{"4: items: the page shows an item; the cluster has 2 items"}, ""},
		"a key of a description":          {"describe pod a", "Name:  a\nStatus:  Pending", "Name:         a\nNode:         x\nStatus:       Running\n", []string{"5: Status: the page shows Pending; the cluster has Running"}, "Name:  a\nStatus:  Running"},
		"a key that is not there":         {"describe pod a", "Name:  a\nMood:  good", "Name:  a\n", []string{"5: the cluster shows no line with the key Mood"}, "Name:  a"},
		"labels of the run":               {"describe pod a", "Labels:  run=a", "Labels:           app.kubernetes.io/managed-by=kubectl-kbe\n                  kubectl-kbe.github.io/run=abcde\n                  run=a\n", nil, ""},
		"a label that is not the first":   {"describe job a", "Labels:  job-name=a\n         uid=b", "Labels:      uid=b\n             job-name=a\n             x=y\n", nil, ""},
		"an annotation that is the first": {"describe pod a", "Annotations:  a: b\n              c/d: e", "Annotations:  c/d: e\n              a: b\n", nil, ""},
		"marks of the run before a key":   {"describe job a", "Pod Template:\n  Annotations:  <none>\n  Containers:\n   a:", "Pod Template:\n  Annotations:  kubectl-kbe.github.io/containers: a,b\n                linkerd.io/inject: disabled\n  Containers:\n   a:\n", nil, ""},
		"a node by its address":           {"describe pod a", "Node:  192.168.99.100/192.168.99.100", "Node:  node-1/10.89.0.11\n", nil, ""},
		"variables":                       {"exec a -- env", "A=1\n...\nB=2", "X=2\nB=3\nA=1\n", []string{"6: the command prints something else"}, "A=1\n...\nB=3"},
		"text":                            {"create -f a", `deployment "a" created`, "deployment.apps/a created\n", []string{"4: the command prints something else"}, "deployment.apps/a created"},
		"a line more":                     {"exec a -- cat x", "one", "one\ntwo\n", []string{"4: the cluster shows a line that the page does not show"}, "one\ntwo"},
		"a log grows":                     {"logs a", "one", "one\ntwo\n", nil, ""},
		"progress":                        {"rollout status deployment/a", `deployment "a" successfully rolled out`, "Waiting for deployment \"a\" rollout to finish\ndeployment \"a\" successfully rolled out\n", nil, ""},
		"a namespace in what is told":     {"delete pod a", `pod "a" deleted`, "pod \"a\" deleted from kbe-page-abcde namespace\n", []string{"4: kubectl prints the namespace, too"}, `pod "a" deleted from default namespace`},
	} {
		p := read(t, "page.md", fmt.Sprintf("# Page\n```\n$ kubectl %s\n%s\n```\n", tc.command, tc.shown))
		found, corrected := findings(p, outputsOf{"3": {Stdout: tc.found}})
		if !slices.Equal(found, tc.told) {
			t.Errorf("%s: expected %q, found %q", name, tc.told, found)
		}
		want := tc.corrected
		if want == "" {
			want = tc.shown
		}
		if !strings.Contains(corrected, "\n"+want+"\n```") {
			t.Errorf("%s: expected\n%s\nfound\n%s", name, want, corrected)
		}
		if again, _ := findings(read(t, "page.md", corrected), outputsOf{"3": {Stdout: tc.found}}); tc.corrected != "" && len(again) > 0 {
			t.Errorf("%s: expected that the corrected page is true, found %q", name, again)
		}
	}
}

// TestAnotherNumberOfFamilies: a page of a dual-stack cluster is true on one with a single IP family, and the other way
// round; what differs otherwise is found.
func TestAnotherNumberOfFamilies(t *testing.T) {
	for name, tc := range map[string]struct{ command, dual, single, other string }{
		"YAML": {"get pod a -o yaml", "status:\n  podIP: 10.0.0.4\n  podIPs:\n  - ip: 10.0.0.4\n  - ip: fd00::4\n", "status:\n  podIP: 10.244.1.2\n  podIPs:\n  - ip: 10.244.1.2\n",
			"status:\n  podIP: 10.244.1.2\n  podIPs:\n  - name: 10.244.1.2\n"},
		"JSON":           {"get pod a -o jsonpath={.status.podIPs}", `[{"ip":"10.0.0.4"},{"ip":"fd00::4"}]` + "\n", `[{"ip":"10.244.1.2"}]` + "\n", `[{"name":"10.244.1.2"}]`},
		"families":       {"get svc a -o yaml", "spec:\n  clusterIPs: [10.0.0.4, fd00::4]\n  ipFamilies: [IPv4, IPv6]\n", "spec:\n  clusterIPs: [10.96.1.2]\n  ipFamilies: [IPv4]\n", "spec:\n  clusterIPs: [None]\n  ipFamilies: [IPv4]\n"},
		"a description":  {"describe pod a", "IP:  10.0.0.4\nIPs:\n  IP:  10.0.0.4\n  IP:  fd00::4\n", "IP:  10.244.1.2\nIPs:\n  IP:  10.244.1.2\n", "IP:  <none>\nIPs:  <none>\n"},
		"of a service":   {"describe svc a", "IP Families:  IPv4,IPv6\nIPs:  10.0.0.4,fd00::4\n", "IP Families:  IPv4\nIPs:  10.96.1.2\n", "IP Families:  IPv4\nIPs:  None\n"},
		"lines":          {"get pod a -o go-template={{.}}", "10.0.0.4\nfd00::4\n", "10.244.1.2\n", "none\n"},
		"lines of hosts": {"exec a -- cat /etc/hosts", "127.0.0.1\tlocalhost\n10.0.0.4\ta\nfd00::4\ta\n", "127.0.0.1\tlocalhost\n10.244.1.2\ta\n", "127.0.0.1\tlocalhost\n10.244.1.2\tb\n"},
		"a column":       {"get pods -o custom-columns=A:.x,B:.y", "A   B\na   [map[ip:10.0.0.4] map[ip:fd00::4]]\n", "A   B\na   [map[ip:10.244.1.2]]\n", "A   B\na   [map[name:10.244.1.2]]\n"},
		"a variable":     {"exec a -- printenv IPS", "10.0.0.4,fd00::4\n", "10.244.1.2\n", "10.244.1.2,x\n"},
	} {
		shows := func(text string) *Page {
			return read(t, "page.md", fmt.Sprintf("# Page\n```\n$ kubectl %s\n%s```\n", tc.command, text))
		}
		onOne, onTwo := outputsOf{"3": {Stdout: tc.single}}, outputsOf{"3": {Stdout: tc.dual}}
		if found, corrected := findings(shows(tc.dual), onOne); len(found) > 0 || corrected != shows(tc.dual).Text() {
			t.Errorf("%s: expected that the page is true with one family, found %q", name, found)
		}
		if found, _ := findings(shows(tc.single), onTwo); len(found) > 0 {
			t.Errorf("%s: expected that the page is true with two families, found %q", name, found)
		}
		if found, _ := findings(shows(tc.dual), outputsOf{"3": {Stdout: tc.other}}); len(found) == 0 {
			t.Errorf("%s: expected a finding for\n%s", name, tc.other)
		}
		if found := boundOf(shows(tc.dual), onOne); !slices.ContainsFunc(found, func(b string) bool { return strings.Contains(b, "IP address fd00::4 → 10.") }) {
			t.Errorf("%s: expected that the second address is bound, found %q", name, found)
		}
	}
	p := read(t, "page.md", "```\n$ kubectl logs a\nfd00::4 a\n10.0.0.4 a\n10.0.0.5 b\n```\n")
	if found, _ := findings(p, outputsOf{"2": {Stdout: "fd00:1::4 a\n10.244.1.2 a\n10.244.1.3 c\n"}}); len(found) != 1 {
		t.Errorf("expected that with two families on both sides the lines are compared, found %q", found)
	}
}

// TestOneErrorIsOneFinding: what depends on a command that failed is not checked.
func TestOneErrorIsOneFinding(t *testing.T) {
	p := read(t, "page.md", "```\n$ kubectl create -f web.yaml\n$ kubectl get pod web\nNAME   READY\nweb    1/1\n$ kubectl delete pod web\npod \"web\" deleted\n```\n")
	failed := expect.Outcome{Stderr: "Error from server (NotFound): pods \"web\" not found\n", ExitCode: 1}
	found, _ := findings(p, outputsOf{"2": {Stdout: "pod/web created\n"}, "3": failed, "6": failed})
	if want := []string{"3: the command fails with exit code 1"}; !slices.Equal(found, want) {
		t.Errorf("expected %q, found %q", want, found)
	}
}
