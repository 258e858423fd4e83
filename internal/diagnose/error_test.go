package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The texts are what kubectl v1.37 and client-go v0.37 said on the embedded
// cluster when the fault was provoked by hand or by the e2e suite. Their forms are those of
// client-go (tools/clientcmd, plugin/pkg/client/auth/exec), kubectl (pkg/cmd/util/helpers.go),
// apimachinery (pkg/api/errors), apiserver (pkg/endpoints/handlers/responsewriters) and of Go's
// crypto/x509, crypto/tls and net.
var requestCauses = map[string]struct{ said, what string }{
	"context":        {`context "nowhere" does not exist`, `the kubeconfig has no such context`},
	"kubectlcontext": {`Error in configuration: context was not found for specified context: nowhere`, `the kubeconfig has no such context`},
	"file":           {`stat /nonexistent/config: no such file or directory`, `a file of the kubeconfig cannot be read`},
	"yaml":           {`error loading config file "/home/me/.kube/config": yaml: line 1: did not find expected ',' or '}'`, `the kubeconfig cannot be read`},
	"none":           {`invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable`, `no cluster is selected: there is no kubeconfig, or it has no current context`},
	"no context":     {`request to the API server http://localhost:8080, tried for 0.0 s: Get "http://localhost:8080/version": dial tcp 127.0.0.1:8080: connect: connection refused`, `no cluster is selected: there is no kubeconfig, or it has no current context`},
	"no PEM":         {`unable to load root certificates: unable to parse bytes as PEM block`, `a certificate or key of the kubeconfig is not in PEM format`},
	"plugin":         {`Get "https://api.example:6443/version": getting credentials: exec: executable kbe-no-such-plugin not found`, `the kubeconfig's credential plugin is not installed: kbe-no-such-plugin`},
	"login":          {`Get "https://api.example:6443/version": getting credentials: exec: executable oidc failed with exit code 1`, `the kubeconfig's credential plugin returned no credentials`},
	"401":            {`error: You must be logged in to the server (Unauthorized)`, `the API server https://api.example:6443 rejects your credentials (401)`},
	"expired": {`tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T18:08:16Z is after 2026-11-23T17:08:15Z`,
		`the certificate of the API server https://api.example:6443 is not valid at this time: now is 2026-11-23T18:08:16Z, after 2026-11-23T17:08:15Z`},
	"unknownca": {`tls: failed to verify certificate: x509: certificate signed by unknown authority`, `the certificate of the API server https://api.example:6443 is not from the CA that the kubeconfig trusts`},
	"quota": {`Error from server (Forbidden): pods "x" is forbidden: exceeded quota: no-pods, requested: pods=1, used: pods=0, limited: pods=0`,
		`the quota "no-pods" is used up: requested pods=1, used pods=0, limit pods=0`},
	"mustspecify": {`Error from server (Forbidden): pods "x" is forbidden: failed quota: compute: must specify limits.memory for: x`,
		`the quota "compute" requires limits.memory for: x of every pod`},
	"limitrange": {`Error from server (Forbidden): error when creating "pod.yaml": pods "subject" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi`,
		`a LimitRange of the namespace forbids it: maximum memory usage per Container is 64Mi, but limit is 128Mi`},
	"podsecurity": {`pods "subject" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)`,
		`the namespace enforces the Pod Security Standard restricted:latest: host namespaces (hostNetwork=true), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)`},
	"webhook": {`error: admission webhook "pods.faults.example" denied the request: pods need a cost centre`,
		`the admission webhook "pods.faults.example" denied it: pods need a cost centre`},
	"slowhook": {`Error from server (InternalError): Internal error occurred: failed calling webhook "pods.faults.example": failed to call webhook: Post "https://127.0.0.1:34507/?timeout=1s": context deadline exceeded`,
		`the admission webhook "pods.faults.example" does not respond, and nothing is admitted without it`},
	"terminating": {`Error from server (Forbidden): pods "x" is forbidden: unable to create new content in namespace t because it is being terminated`, `the namespace is being deleted`},
	"rbac": {`error: failed to create configmap: configmaps is forbidden: User "alice" cannot create resource "configmaps" in API group "" in the namespace "q"`,
		`user "alice" may not create configmaps in namespace "q"`},
	"rbaccluster": {`Error from server (Forbidden): nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope`, `user "alice" may not list nodes`},
	"rbacpath":    {`Error from server (Forbidden): forbidden: User "alice" cannot get path "/metrics"`, `user "alice" may not get /metrics`},
	"noprogram": {`error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "2412": OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH`,
		`cannot check: the container's image has no program "curl"`},
	"notrunning": {`error: unable to upgrade connection: container not found ("sibling")`, `container "sibling" is not running, so nothing can run in it`},
	"namespace":  {`Error from server (NotFound): namespaces "absent" not found`, `the namespace "absent" does not exist`},
	"refused":    {`Get "https://127.0.0.1:1/version": dial tcp 127.0.0.1:1: connect: connection refused`, `the API server https://api.example:6443 does not answer`},
	"504":        {`Error from server (Timeout): the server was unable to return a response in the time allotted, but may still be processing the request (post pods)`, `the API server https://api.example:6443 does not answer in time`},
	"listing":    {`Error from server (ServerTimeout): The list operation against pods could not be completed at this time, please try again.`, `the API server https://api.example:6443 does not answer in time`},
	"503":        {`Error from server (ServiceUnavailable): the server is currently unable to handle the request`, `the API server https://api.example:6443 has an internal error`},
	"429":        {`Error from server (TooManyRequests): the server has received too many requests and has asked us to try again later (get pods)`, `the API server https://api.example:6443 is busy and rejects requests (429)`},
	"missing":    {`error: invalid configuration: [context was not found for specified context: c, no server found for cluster "k"]`, `the kubeconfig has no such context`},
	"cluster":    {`error: cluster "k" does not exist`, `the kubeconfig's context refers to a missing cluster or user`},
	"provider":   {`error: no Auth Provider found for name "openstack"`, `the kubeconfig has the auth provider "openstack", which Kubernetes clients do not have`},
	"gcp": {"error: The gcp auth plugin has been removed.\nPlease use the \"gke-gcloud-auth-plugin\" kubectl/client-go credential plugin instead.\nSee https://example.com for further details",
		`the kubeconfig has the auth provider "gcp", which Kubernetes clients no longer have`},
	"v1alpha1":   {`error: exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"`, `the credential plugin that the kubeconfig names has the API client.authentication.k8s.io/v1alpha1, which Kubernetes clients no longer have`},
	"name":       {`Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for kubernetes, not api.example`, `the certificate of the API server https://api.example:6443 is not for that name`},
	"clientcert": {`Get "https://api.example:6443/version": remote error: tls: certificate required`, `the API server https://api.example:6443 does not accept the kubeconfig's client certificate`},
	"plain":      {`Unable to connect to the server: http: server gave HTTP response to HTTPS client`, `the server at https://api.example:6443 does not use TLS`},
	"proxy":      {`Unable to connect to the server: proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused`, `the HTTP proxy for the API server https://api.example:6443 blocks the request`},
	"dns":        {`Unable to connect to the server: dial tcp: lookup api.example on 192.0.2.53:53: no such host`, `the host name of the API server https://api.example:6443 cannot be resolved`},
	"broken":     {`Get "https://api.example:6443/version": http2: client connection lost`, `the connection to the API server https://api.example:6443 broke`},
	"goaway":     {`http2: server sent GOAWAY and closed the connection; LastStreamID=7, ErrCode=NO_ERROR, debug=""`, `the connection to the API server https://api.example:6443 broke`},
	"etcd":       {`Error from server: etcdserver: request timed out`, `the API server's etcd has a fault`},
	"silent":     {`Get "https://127.0.0.1:44321/version": context deadline exceeded`, `the API server https://api.example:6443 does not answer in time`},
}

func TestWhatRequestsFailWith(t *testing.T) {
	way := Connection{Host: "https://api.example:6443", File: "/home/me/.kube/config", Contexts: []string{"prod", "test"}}
	for name, tc := range requestCauses {
		c := way.Output(tc.said)
		switch {
		case c == nil:
			t.Errorf("%s: expected a cause, found none", name)
		case c.What != tc.what || c.Why != tc.said || c.Remedy == "":
			t.Errorf("%s: expected %q, found %q; %q; %q", name, tc.what, c.What, c.Why, c.Remedy)
		case strings.Contains(c.Remedy, "insecure"):
			t.Errorf("%s: a remedy must not make it insecure, found %q", name, c.Remedy)
		}
	}
}

func TestTheExistingContextsAreListed(t *testing.T) {
	for want, contexts := range map[string][]string{
		"use one of the contexts of config, with --context: prod, test":                   {"prod", "test"},
		"use another kubeconfig, with KUBECONFIG or --kubeconfig: config has no contexts": nil,
	} {
		if c := (Connection{File: "config", Contexts: contexts}).Output(requestCauses["context"].said); c == nil || c.Remedy != want {
			t.Errorf("expected %q, found %v", want, c)
		}
	}
}

func TestAnErrorOfAnotherKindHasNoCause(t *testing.T) {
	for _, said := range []string{"", "error: unknown flag: --iamge", "curl: (6) Could not resolve host: sise"} {
		if c := (Connection{}).Output(said); c != nil {
			t.Errorf("%q: expected no cause, found %+v", said, c)
		}
	}
}

// Each name in a text is one that the row's sign has: another would be filled in
// as nothing.
func TestTheTableUsesNamesThatExist(t *testing.T) {
	about := map[place]string{
		api:  "host file contexts kubelet proxy",
		pull: "pod namespace node aNode arch container image memory", pulling: "pod namespace node aNode arch container image memory", crashed: "pod namespace node aNode arch container image memory",
		waiting: "pod namespace node aNode arch container image memory", restarting: "pod namespace node aNode arch container image memory",
		running: "pod namespace node aNode arch container image memory", stopped: "pod namespace node aNode arch container image memory",
		starting: "pod namespace node aNode arch", whole: "pod namespace node aNode arch", scheduling: "pod namespace node aNode arch", node: "pod namespace node aNode arch", alone: "node", path: "from fromNode to toNode namespace policies",
	}
	name, aboutPod := regexp.MustCompile(`\$(\w+)`), regexp.MustCompile(`kubectl (?:describe pod|logs|exec) \$pod( -n \$namespace)?`)
	for _, r := range table() {
		known := strings.Fields(about[r.at] + " " + strings.Join(r.message.SubexpNames(), " "))
		for _, m := range name.FindAllStringSubmatch(r.what+" "+r.remedy, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%q: expected one of %v, found $%s", r.what, known, m[1])
			}
		}
		// A run's Namespace is none that a kubeconfig has.
		if m := aboutPod.FindStringSubmatch(r.remedy); m != nil && m[1] == "" && r.at != api {
			t.Errorf("%q: expected the namespace in a command, found %q", r.what, r.remedy)
		}
		if r.what == "" || r.remedy == "" || r.outlook == "" {
			t.Errorf("expected a row with all texts and an outlook, found %+v", r.row)
		}
	}
}
