package page

import (
	"slices"
	"testing"
)

// TestWhatIsBound: each kind of value that is another one on every cluster stands for what
// the cluster has, and for nothing else.
func TestWhatIsBound(t *testing.T) {
	for _, tc := range []struct {
		// rule is the one that binds, or why none does.
		rule, where, shown, found string
		binds                     bool
	}{
		{"age", "AGE", "1m", "2d3h", true},
		{"age", "AGE", "<unknown>", "5s", true},
		{"age in a text counts", "", "1m", "2m", false},
		{"age", "", "restarted 5m ago", "restarted 3s ago", true},
		{"age", "LAST SEEN", "3m (x2 over 5m)", "5s", true},
		{"node name", "NODE", "minikube", "node-1", true},
		{"no node", "NODE", "<none>", "node-1", false},
		{"node name", "Node", "minikube/192.168.64.3", "node-1/10.89.0.11", true},
		{"a version of an app counts", "VERSION", "v2", "v1", false},
		{"version", "OS-IMAGE", "Ubuntu 18.04 LTS", "Debian GNU/Linux 13", true},
		{"version", "VERSION", "v1.20.1", "v1.37.2", true},
		{"version", "", "Server Version: v1.20.1", "Server Version: v1.37.2", true},
		{"version of an image counts", "", "nginx:1.7.9", "nginx:1.9.1", false},
		{"version of a program counts", "version", "0.5.0", "0.6.0", false},
		{"namespace", "Namespace", "default", "kbe-pods-abcde", true},
		{"namespace", "", `pod "a" deleted from default namespace`, `pod "a" deleted from kbe-pods-abcde namespace`, true},
		{"namespace", "", "Name: web.default.svc.cluster.local", "Name: web.kbe-pods-abcde.svc.cluster.local", true},
		{"namespace", "", `pods is forbidden: User "system:serviceaccount:default:a" cannot list resource "pods" in the namespace "default"`,
			`pods is forbidden: User "system:serviceaccount:kbe-pods-abcde:a" cannot list resource "pods" in the namespace "kbe-pods-abcde"`, true},
		{"namespace", "", "Host: web.default:80", "Host: web.kbe-pods-abcde:80", true},
		{"namespace", "selfLink", "/api/v1/namespaces/default/pods/a", "/api/v1/namespaces/kbe-pods-abcde/pods/a", true},
		{"a file is no namespace", "", "nginx.conf.default", "nginx.conf.d", false},
		{"a path is no namespace", "", "/etc/default/", "/etc/nginx/", false},
		{"a namespace that is not the run's", "", "web.default.svc", "web.kube-system.svc", false},
		{"another namespace counts", "Namespace", "shop", "kbe-pods-abcde", false},
		{"UID", "uid", "b4952dc3-d670-11e5-8cd0-68f728db1985", "7b6e5a1c-0d5f-4a6e-9a3e-0f7d3f1f2a3b", true},
		{"UID", "", "id b4952dc3-d670-11e5-8cd0-68f728db1985", "id 7b6e5a1c-0d5f-4a6e-9a3e-0f7d3f1f2a3b", true},
		{"UID", "resourceVersion", "516", "90210", true},
		{"digest", "", "pulled app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "pulled app@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", true},
		{"date", "", "at 2022-02-18T18:52:05Z", "at 2026-11-28T04:00:00Z", true},
		{"date", "", "Tue, 30 Aug 2016 18:11:37 -0700", "Sat, 28 Nov 2026 04:17:23 +0000", true},
		{"date", "", "Tue Aug 30 18:11:37 UTC 2016", "Sat Nov 28 04:17:23 UTC 2026", true},
		{"IP address", "", "http://172.17.0.3:9876/", "http://10.244.1.2:9876/", true},
		{"IP address", "IP", "172.17.0.3", "fd00:10:244:1::2", true},
		{"loopback counts", "", "127.0.0.1", "10.244.1.2", false},
		{"where a request came from counts", "from", "172.17.0.1", "10.244.1.2", false},
		{"IP address", "from", "172.17.0.1", "10.244.1.1", true},
		{"IP address", "CLUSTER-IP", "10.0.171.1", "10.96.3.4", true},
		{"IP address", "", "http://10.0.0.1:443/", "http://10.96.0.7:443/", true},
		{"name", "NAME", "web-3210265840-k705b", "web-7fb96c846b-6xrb2", true},
		{"name", "NAME", "web-7fb96c846b", "web-6d4cf56db6", true},
		{"name", "", "pod/web-7fb96c846b-6xrb2 condition met", "pod/web-6d4cf56db6-dq2vb condition met", true},
		{"name", "NAME", "rcsise-6nq3k", "rcsise-p7wl7", true},
		{"name", "", "pods/rcex-1rh9r", "pods/rcex-m94x2", true},
		{"name with a number of its own counts", "NAME", "web-app01", "web-app02", false},
		{"name without a suffix counts", "NAME", "web-3210265840-k705b", "web", false},
		{"name of another kind counts", "NAME", "web-7fb96c846b-6xrb2", "api-7fb96c846b-6xrb2", false},
		{"a name that ends in a word", "NAME", "my-nginx", "my-other", false},
		{"label of a hash", "LABELS", "app=web,pod-template-hash=3046", "app=web,pod-template-hash=7fb96c846b", true},
		{"node port", "PORT(S)", "80:31234/TCP", "80:30007/TCP", true},
		{"node port", "", "nodePort: 31704", "nodePort: 30007", true},
		{"node port", "NodePort", "http  31704/TCP", "http  30007/TCP", true},
		{"node port", "nodePort", "31704", "30007", true},
		{"the name of a port counts", "NodePort", "http  31704/TCP", "web  30007/TCP", false},
		{"a port that is no node port counts", "port", "8080", "8081", false},
		{"a port counts", "PORT(S)", "80/TCP", "81/TCP", false},
		{"the order of words counts", "", "one,two", "two,one", false},
		{"text counts", "", "pod/web created", "pod/web configured", false},
		{"", "", "Image: app@sha256:…", "Image: app@sha256:ffff", true}, // an ellipsis, which no rule is for
	} {
		b := &bindings{found: map[string]string{}, renamed: map[string]string{}, patterns: map[[2]string]pattern{}, namespace: "kbe-pods-abcde"}
		m, ok := b.match(tc.shown, tc.found, tc.where)
		if binds := ok && m.why == ""; binds != tc.binds {
			t.Errorf("%s: %q for %q: expected %t, found %t, %s", tc.rule, tc.shown, tc.found, tc.binds, binds, m.why)
		}
		if tc.binds && tc.rule != "" && !slices.ContainsFunc(m.values, func(v boundValue) bool { return v.rule.name == tc.rule }) {
			t.Errorf("%s: %q for %q: expected this rule, found %+v", tc.rule, tc.shown, tc.found, m.values)
		}
		if m, ok := b.match(tc.shown, tc.shown, tc.where); !ok || m.why != "" {
			t.Errorf("%s: expected that %q matches itself", tc.rule, tc.shown)
		}
	}
}

// TestAListInAnotherOrder: the order in which a cluster lists endpoints is chance; what is in the list is not.
func TestAListInAnotherOrder(t *testing.T) {
	for found, binds := range map[string]bool{"10.244.1.2:80,10.244.2.2:80": true, "10.244.2.2:80,10.244.1.2:80": true, "10.244.2.2:80,10.244.3.3:80": false, "10.244.1.2:80": false} {
		b := &bindings{found: map[string]string{"172.17.0.3": "10.244.1.2", "172.17.0.4": "10.244.2.2"}, patterns: map[[2]string]pattern{}}
		if m, ok := b.match("172.17.0.3:80,172.17.0.4:80", found, "Endpoints"); (ok && m.why == "") != binds {
			t.Errorf("%s: expected %t, found %t, %s", found, binds, ok, m.why)
		}
	}
}

// TestWhatIsBoundStaysSo: a value that the page shows twice is the same one on the cluster.
func TestWhatIsBoundStaysSo(t *testing.T) {
	b := &bindings{found: map[string]string{}, renamed: map[string]string{}, patterns: map[[2]string]pattern{}}
	m, _ := b.match("172.17.0.3", "10.244.1.2", "")
	b.keep(m, line{})
	if m, ok := b.match("172.17.0.3", "10.244.1.9", ""); !ok || m.why == "" {
		t.Errorf("expected a sentence on the two addresses, found %+v", m)
	}
	if m, ok := b.match("172.17.0.3", "10.244.1.2", ""); !ok || m.why != "" {
		t.Errorf("expected that the address matches again, found %+v", m)
	}
}

// TestASourceThatIsAPod: an address that the page has shown of a Pod is no gateway's, whatever its
// last byte is.
func TestASourceThatIsAPod(t *testing.T) {
	p := read(t, "page.md", "```\n$ kubectl get pod a -o wide\nNAME   IP\na      192.168.3.1\n$ kubectl exec b -- curl b\n{\"from\": \"192.168.3.1\"}\n```\n")
	found, _ := findings(p, outputsOf{"2": {Stdout: "NAME   IP\na      10.244.1.2\n"}, "5": {Stdout: `{"from": "10.244.1.2"}`}})
	if len(found) > 0 {
		t.Errorf("expected no finding, found %q", found)
	}
}
