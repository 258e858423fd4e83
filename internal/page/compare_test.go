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
		reported              []string
		corrected             string
	}{
		"a table in another order, with other white space": {"get pods", "NAME READY\nb 1/1\na 1/1", "NAME   READY\na      1/1\nb      1/1\n", nil, ""},
		"states of a watch": {"get pods -w", "NAME   READY   AGE\na      0/1     0s\nb      0/1     0s\na      1/1     2s\nb      2/2     3s", "NAME   READY   AGE\na      1/1     2s\nb      1/1     2s\n",
			[]string{"8: READY: the page shows 2/2; the cluster shows 1/1"}, "NAME   READY   AGE\na      0/1     0s\nb      0/1     0s\na      1/1     2s\nb      1/1     3s"},
		"headers of a watch":             {"get pods -w", "NAME   READY   AGE\na      0/1     0s\nNAME   READY   AGE\na      0/1     1s\na      1/1     2s", "NAME   READY   AGE\na      1/1     2s\n", nil, ""},
		"rows behind grep":               {"get pods | grep web", "web-7d4b9c6f5-x2x2x   1/1   Running   0   12s", "NAME                   READY   STATUS    RESTARTS   AGE\na                      1/1     Running   0          11s\nweb-5c5c8cb8fc-qhmvp   1/1     Running   0          11s\n", nil, ""},
		"a row of one blank behind grep": {"get pods | grep web", "web 1/1 Running 0 12s", "NAME   READY   STATUS    RESTARTS   AGE\nweb    0/1     Running   0          11s\n", []string{"4: READY: the page shows 1/1; the cluster shows 0/1"}, "web 0/1 Running 0 12s"},
		"rows without a header":          {"get pods --no-headers", "a   1/1   Running   0   12s\nb   1/1   Running   0   5s", "b   1/1   Running   0     11s\na   1/1   Running   0     11s\n", nil, ""},
		"a cell without a header":        {"get pods --no-headers", "a   2/2   Running   0   12s", "a   1/1   Running   0     11s\n", []string{"4: column 2: the page shows 2/2; the cluster shows 1/1"}, "a   1/1   Running   0   12s"},
		"a count of rows":                {"get pods --no-headers | wc -l", "2", "a   1/1   Running   0   11s\n", []string{"4: the command prints something else"}, "1"},
		"a table with tabs":              {"get pods", "NAME\tREADY\na\t1/1", "NAME   READY\na      1/1\n", nil, ""},
		"a cell": {"get pods", "NAME   READY   STATUS    AGE\na      2/2     Running   5s", "NAME   READY   STATUS    AGE\na      1/1     Running   2s\n",
			[]string{"5: READY: the page shows 2/2; the cluster shows 1/1"}, "NAME   READY   STATUS    AGE\na      1/1     Running   5s"},
		"columns": {"get deployments", "NAME   DESIRED   CURRENT   AGE\nweb    2         2         5m", "NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    2/2     2            2           8s\n",
			[]string{"4: the cluster has no column DESIRED, CURRENT; the page does not show the column READY, UP-TO-DATE, AVAILABLE"},
			"NAME   READY   UP-TO-DATE   AVAILABLE   AGE\nweb    2/2     2            2           5m"},
		"a row that is not there": {"get pods", "NAME   READY\na      1/1\nb      1/1", "NAME   READY\na      1/1\n",
			[]string{"6: the cluster shows no row for b"}, "NAME   READY\na      1/1"},
		"a row more":                     {"get pods", "NAME   READY\na      1/1", "NAME   READY\na      1/1\nb      1/1\n", []string{"5: the cluster shows a row that the page does not show"}, "NAME   READY\na      1/1\nb      1/1"},
		"rows that are left out":         {"get pods", "NAME   READY\na      1/1\n...", "NAME   READY\na      1/1\nb      1/1\n", nil, ""},
		"the pod of verify itself":       {"get pods", "NAME   READY\na      1/1", "NAME         READY\na            1/1\nkbe-client   1/1\n", nil, ""},
		"the service of every namespace": {"get svc", "NAME         TYPE        CLUSTER-IP\nkubernetes   ClusterIP   10.0.0.1\nweb          ClusterIP   10.0.0.7", "NAME   TYPE        CLUSTER-IP\nweb    ClusterIP   10.96.3.4\n", nil, ""},
		"no table":                       {"get pods", "NAME   READY\na      1/1", "", []string{"5: the page shows a table; the cluster shows none"}, ""},
		"JSON in another order":          {"get pod a -o json", `{"a": 1, "b": [true]}`, `{"b": [true], "c": 2, "a": 1}`, nil, ""},
		"a field":                        {"exec a -- curl x", `{"version": "0.4.0", "ok": true}`, `{"ok": true, "version": "0.5.0"}`, []string{"4: version: the page shows 0.4.0; the cluster has 0.5.0"}, `{"version": "0.5.0", "ok": true}`},
		"a field in YAML":                {"get cm a -o yaml", "data:\n  x: one", "data:\n  x: two\n", []string{"5: data.x: the page shows one; the cluster has two"}, "data:\n  x: two"},
		"a field that is not there":      {"get cm a -o yaml", "data:\n  y: one", "data:\n  x: two\n", []string{"5: the page shows the field data.y; the cluster has no such field"}, ""},
		"a list of another length":       {"get cm a -o yaml", "items: [a]", "items: [a, b]\n", []string{"4: items: the page shows an item; the cluster has 2 items"}, ""},
		"a key of a description":         {"describe pod a", "Name:  a\nStatus:  Pending", "Name:         a\nNode:         x\nStatus:       Running\n", []string{"5: Status: the page shows Pending; the cluster has Running"}, "Name:  a\nStatus:  Running"},
		"a key that is not there":        {"describe pod a", "Name:  a\nMood:  good", "Name:  a\n", []string{"5: the cluster shows no line with the key Mood"}, "Name:  a"},
		"no labels but those of the run": {"describe cm a", "Name:    a\nLabels:  <none>", "Name:    a\nLabels:  app.kubernetes.io/managed-by=kubectl-kbe\n         kubectl-kbe.github.io/run=abcde\n", nil, ""},
		"the same in a filter":           {"describe cm a | grep Labels", "Labels:  <none>", "Name:    a\nLabels:  app.kubernetes.io/managed-by=kubectl-kbe\n         kubectl-kbe.github.io/run=abcde\n", nil, ""},
		"a label in a filter":            {"describe pod a | grep Labels:", "Labels:  run=a", "Name:    a\nLabels:  app.kubernetes.io/managed-by=kubectl-kbe\n         kubectl-kbe.github.io/run=abcde\n         run=a\n", nil, ""},
		"Ctrl-C after a watch":           {"get pods -w", "NAME   READY   AGE\na      0/1     0s\na      1/1     2s\n^C", "NAME   READY   AGE\na      1/1     2s\n", nil, ""},
		"Ctrl-C behind a row":            {"get pods -w", "NAME   READY   STATUS\na      1/1     Running^C", "NAME   READY   STATUS\na      1/1     Running\n", nil, ""},
		"the namespace in a cell":        {"get pods", "NAME   MESSAGE\na      in default: web", "NAME   MESSAGE\na      in kbe-page-abcde: db\n", []string{"5: MESSAGE: the page shows in default: web; the cluster shows in kbe-page-abcde: db"}, "NAME   MESSAGE\na      in default: db"},
		"labels of the run in a map":     {"get pod a -o custom-columns=A:.metadata.labels", "A\nmap[a:b run:web]", "A\nmap[a:b app.kubernetes.io/managed-by:kubectl-kbe kubectl-kbe.github.io/run:abcde run:web sidecar.istio.io/inject:false]\n", nil, ""},
		"no others in a map":             {"get pod a -o custom-columns=A:.metadata.labels", "A\nmap[]", "A\nmap[app.kubernetes.io/managed-by:kubectl-kbe kubectl-kbe.github.io/run:abcde]\n", nil, ""},
		"the service of every namespace, in a table of its own": {"get all", "NAME    READY\npod/a   1/1\n\nNAME                 TYPE        CLUSTER-IP\nservice/kubernetes   ClusterIP   10.0.0.1", "NAME    READY\npod/a   1/1\n", nil, ""},
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
		"progress alone":                  {"rollout status deployment/a", "Waiting for rollout to finish: 2 out of 3", "Waiting for rollout to finish: 1 out of 3\ndeployment \"a\" successfully rolled out\n", nil, ""},
		"columns that are left out": {"get pods -o wide", "NAME   READY   ...   IP\na      2/2     ...   10.0.0.1", "NAME   READY   STATUS    AGE   IP           NODE\na      1/1     Running   2s    10.244.1.2   n\n",
			[]string{"5: READY: the page shows 2/2; the cluster shows 1/1"}, "NAME   READY   ...   IP\na      1/1     ...   10.0.0.1"},
		"processes": {"exec a -- ps aux", "USER PID %CPU COMMAND\nroot 1 0.1 app: master\nroot 12 0.0 /bin/bash\nroot 15 0.0 ps aux", "USER         PID %CPU COMMAND\nweb            1  0.0 app: master\nroot           7  3.0 ps aux\n",
			[]string{"5: USER: the page shows root; the cluster shows web"}, "USER PID %CPU COMMAND\nweb  1 0.1 app: master\nroot 12 0.0 /bin/bash\nroot 15 0.0 ps aux"},
		"a folder":                          {"exec a -- ls -l /x", "total 8\n-rw-r--r-- 1 root root 6 Jun  6 20:08 b\nlrwxrwxrwx 1 root root 6 Jun 6 2018 ..data -> ..2018_06_06_20_08_53.299", "total 4\n-rw-r--r-- 1 root root 6 Nov 29 03:14 b\nlrwxrwxrwx 1 root root 6 Nov 29 03:14 ..data -> ..2026_11_29_03_14_21.166\n", nil, ""},
		"names on a terminal":               {"exec -it a -- ls /x", "b  c", "b\nc\n", nil, ""},
		"other names on a terminal":         {"exec -it a -- ls /x", "b  d", "b\nc\n", []string{"4: the command prints something else", "4: the cluster shows a line that the page does not show"}, "b\nc"},
		"a log that repeats a line":         {"logs a", "Thu Jan  4 14:06:56 UTC 2024 one\nThu Jan  4 14:07:06 UTC 2024 one", "Sun Nov 29 03:19:24 UTC 2026 one\n", nil, ""},
		"JSON in an annotation":             {"get cm a -o yaml", "metadata:\n  annotations:\n    x: |\n      {\"a\":1,\n      \"namespace\":\"default\"}", "metadata:\n  annotations:\n    x: |\n      {\"a\":1,\"namespace\":\"kbe-page-abcde\"}\n", nil, ""},
		"a Pod of an old ReplicaSet":        {"get pods", "NAME                   READY\na-148880595-fxcez      1/1", "NAME                READY\na-584747c89d-qhmvp  1/1\n", nil, ""},
		"what a controller names":           {"get pod a -o yaml", "metadata:\n  generateName: a-67d4bdd6f5-\n  labels:\n    pod-template-hash: 67d4bdd6f5", "metadata:\n  generateName: a-5c5c8cb8fc-\n  labels:\n    pod-template-hash: 5c5c8cb8fc\n", nil, ""},
		"a part of a document":              {"get pod a -o yaml", "resources:\n  limits:\n    cpu: 2", "spec:\n  containers:\n  - name: b\n    resources:\n      limits:\n        cpu: 1\n", []string{"6: resources.limits.cpu: the page shows 2; the cluster has 1"}, "resources:\n  limits:\n    cpu: 1"},
		"an item that begins above":         {"get pod a -o yaml", "spec:\n  containers:\n    ...\n    image: c", "spec:\n  containers:\n  - name: b\n    image: d\n", []string{"7: spec.containers[0].image: the page shows c; the cluster has d"}, "spec:\n  containers:\n    ...\n    image: d"},
		"a restart":                         {"get pods", "NAME   READY   RESTARTS\na      1/1     1\nb      1/1     2", "NAME   READY   RESTARTS\na      1/1     1 (29s ago)\nb      1/1     1 (29s ago)\n", []string{"6: RESTARTS: the page shows 2; the cluster shows 1 (29s ago)"}, "NAME   READY   RESTARTS\na      1/1     1\nb      1/1     1 (29s ago)"},
		"the volume of a token":             {"describe pod a", "Volumes:\n  kube-api-access-bgsgp:\n    Type:  Projected", "Volumes:\n  kube-api-access-m29jl:\n    Type:  Projected\n", nil, ""},
		"the selector of the run":           {"describe pod a", "Node-Selectors:  <none>", "Node-Selectors:   kubernetes.io/os=linux\n", nil, ""},
		"the config map of every namespace": {"get cm", "NAME   DATA\na      1\n...", "NAME               DATA\nkube-root-ca.crt   1\n", []string{"5: the cluster shows no row for a"}, "NAME   DATA\n..."},
		"base64":                            {"get secret a -o jsonpath={.data.b} | base64 --decode", "hello", "aGVsbG8=", nil, ""},
		"base64 of something else":          {"get secret a -o jsonpath={.data.b} | base64 -d", "hallo", "aGVsbG8=", []string{"4: the command prints something else"}, "hello"},
		"nodes of other names":              {"get nodes", "NAME                STATUS   ROLES    AGE    VERSION\ncrc-rk2fc-master-0  Ready    master   102d   v1.14.6+888f9c630", "NAME     STATUS   ROLES    AGE   VERSION\nnode-1   Ready    <none>   14m   v1.37.2\nnode-2   Ready    <none>   14m   v1.37.2\n", nil, ""},
		"a node that is not ready": {"get no", "NAME    STATUS   ROLES    AGE    VERSION\nnode-2  Ready    <none>   102d   v1.37.0", "NAME     STATUS     ROLES           AGE   VERSION\nnode-1   Ready      control-plane   14m   v1.37.2\nnode-2   NotReady   <none>          14m   v1.37.2\n",
			[]string{"5: STATUS: the page shows Ready; the cluster shows NotReady"}, "NAME    STATUS   ROLES    AGE    VERSION\nnode-2  NotReady   <none>   102d   v1.37.0"},
		"namespaces of others":            {"get ns", "NAME      STATUS   AGE\ndefault   Active   9d\nshop      Active   9d", "NAME             STATUS   AGE\ndefault          Active   14m\nkbe-page-abcde   Active   5s\nteam             Active   5s\n", []string{"6: the cluster shows no row for shop"}, "NAME      STATUS   AGE\ndefault   Active   9d"},
		"fewer APIs":                      {"api-versions", "apps/v1\nextensions/v1beta1\nv1", "apps/v1\nautoscaling/v2\nv1\n", []string{"5: the command does not print this"}, "apps/v1\nv1"},
		"a namespace in what is reported": {"delete pod a", `pod "a" deleted`, "pod \"a\" deleted from kbe-page-abcde namespace\n", []string{"4: kubectl prints the namespace, too"}, `pod "a" deleted from default namespace`},
		"objects of jq in a line each":    {"get pods -o json | jq -c '.items[] | {a: .b}'", "{\"a\":1}\n{\"a\":\"<x>\"}", `{"items": [{"b": 1}, {"b": "<x>"}]}`, nil, ""},
		"another object of jq":            {"get pods -o json | jq --compact-output '.items[] | {a: .b}'", "{\"a\":1}\n{\"a\":2}", `{"items": [{"b": 1}, {"b": 3}]}`, []string{"5: [1].a: the page shows 2; the cluster has 3"}, "{\"a\":1}\n{\"a\":3}"},
		"objects of jq, with the keys in another order": {"get pods -o json | jq '.items[]'", "{\n  \"b\": 1,\n  \"a\": 2\n}\n{\n  \"b\": 3,\n  \"a\": 4\n}", `{"items": [{"b": 1, "a": 2}, {"b": 3, "a": 5}]}`,
			[]string{"10: [1].a: the page shows 4; the cluster has 5"}, "{\n  \"b\": 1,\n  \"a\": 2\n}\n{\n  \"b\": 3,\n  \"a\": 5\n}"},
		"an object of jq more":     {"get pods -o json | jq '.items[]'", "{\"a\": 1}\n{\"a\": 2}", `{"items": [{"a": 1}]}`, []string{"4: the page shows a list; the cluster has an object"}, ""},
		"texts of jq":              {"get pods -o json | jq '.items[]'", `"a"` + "\n" + `"b"`, `{"items": ["a", "c"]}`, []string{"5: the command prints something else"}, `"a"` + "\n" + `"c"`},
		"another document of YAML": {"get pods -o yaml", "a: 1\n---\nb: 2", "a: 1\n---\nb: 3\n", []string{"6: the command prints something else"}, "a: 1\n---\nb: 3"},
		"base64 in one line":       {"get secret a -o jsonpath={.data.b} | base64 -w 0", "aGVsbG8=", "hello", nil, ""},
	} {
		p := read(t, "page.md", fmt.Sprintf("# Page\n```\n$ kubectl %s\n%s\n```\n", tc.command, tc.shown))
		found, corrected := findings(p, outputsOf{"3": {Stdout: tc.found}})
		if !slices.Equal(found, tc.reported) {
			t.Errorf("%s: expected %q, found %q", name, tc.reported, found)
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

// TestOutputsOfAFence: an output below several commands may be that of all.
func TestOutputsOfAFence(t *testing.T) {
	for name, tc := range map[string]struct {
		page string
		out  outputsOf
		want []string
	}{
		"lines": {"```sh\nkubectl exec a -- cat b\nkubectl exec a -- cat c\n```\n```\none\ntwo\n```\n", outputsOf{"2": {Stdout: "one\n"}, "3": {Stdout: "two\n"}}, nil},
		"tables": {"```sh\nkubectl get pods\nkubectl get svc\n```\n```\nNAME  READY\na     1/1\n\nNAME  TYPE\nb     NodePort\n```\n", outputsOf{"2": {Stdout: "NAME  READY\na     1/1\n"}, "3": {Stdout: "NAME  TYPE\nb     ClusterIP\n"}},
			[]string{"10: TYPE: the page shows NodePort; the cluster shows ClusterIP"}},
		"the last one": {"```sh\nkubectl apply -f x\nkubectl get pods -o name\n```\n```\npod/a\n```\n", outputsOf{"2": {Stdout: "pod/a created\n"}, "3": {Stdout: "pod/a\n"}}, nil},
		"none of both": {"```sh\nkubectl exec a -- cat b\nkubectl exec a -- cat c\n```\n```\nthree\n```\n", outputsOf{"2": {Stdout: "one\n"}, "3": {Stdout: "two\n"}}, []string{"6: the command prints something else"}},
	} {
		if found, _ := findings(read(t, "page.md", tc.page), tc.out); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
}

// TestWhatAChangeThatHasNotRunDecides: a difference after it in the same section is none of the page's, and what
// it would have made need not be there. Elsewhere, a difference is a finding.
func TestWhatAChangeThatHasNotRunDecides(t *testing.T) {
	const missing, shows = "Error from server (NotFound): secrets \"b\" not found\n", "```sh\nkubectl logs a\n```\n```\ntwo\n```\n"
	logs := expect.Outcome{Stdout: "one\n"}
	for name, tc := range map[string]struct {
		page string
		out  outputsOf
		want []string
	}{
		"it has not run":                              {"```sh\nkubectl edit cm a\n```\n" + shows, outputsOf{"5": logs}, nil},
		"it has failed":                               {"```sh\nkubectl apply -f a\n```\n" + shows, outputsOf{"2": {ExitCode: 1}, "5": logs}, []string{"2: the command fails with exit code 1"}},
		"it changes nothing":                          {"```sh\nkubectl get cm <name>\n```\n" + shows, outputsOf{"5": logs}, []string{"8: the command prints something else"}},
		"another section":                             {"```sh\nkubectl edit cm a\n```\n## B\n" + shows, outputsOf{"6": logs}, []string{"9: the command prints something else"}},
		"what is in its files":                        {"```sh\nkubectl apply -k <folder>\n```\n## B\n```sh\nkubectl delete secret b\n```\n", outputsOf{"6": {Stderr: missing, ExitCode: 1}}, nil},
		"what another one has made":                   {"```sh\nkubectl edit cm a\n```\n## B\n```sh\nkubectl delete secret b\n```\n", outputsOf{"6": {Stderr: missing, ExitCode: 1}}, []string{"6: the command fails with exit code 1"}},
		"another way to do the same":                  {"```sh\nkubectl create secret generic b\n```\n```sh\nkubectl create secret generic b\n```\n", outputsOf{"2": {Stdout: "secret/b created\n"}, "5": {Stderr: "error: secrets \"b\" already exists\n", ExitCode: 1}}, []string{"5: the command in line 2 has created b before; if this is another way to do the same, the comment `<!-- kbe: {skip: \"another way\"} -->` before it says so"}},
		"what a run does not request":                 {"```sh\nkubectl get apiservices\n```\n", outputsOf{"2": {Stderr: "Error from server (Forbidden): it is outside of the run's namespace \"a\", which an example does not leave unless it is run with --allow-cluster-scope\n", ExitCode: 1}}, nil},
		"what a run does not change":                  {"```sh\nkubectl label nodes a x=y\n```\n" + shows, outputsOf{"5": logs, "2": {Stderr: "Error from server (Forbidden): nodes \"a\" is not of this run (made 9d ago with kubeadm); it was not changed\n", ExitCode: 1}}, nil},
		"what fails after a command that has not run": {"```sh\nkubectl edit pod a\nkubectl exec b -- false\n```\n", outputsOf{"3": {Stderr: "command terminated with exit code 1\n", ExitCode: 1}}, nil},
	} {
		if found, _ := findings(read(t, "page.md", tc.page), tc.out); !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
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
