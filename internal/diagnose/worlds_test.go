package diagnose

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	tunnelFails               = `the tunnel between the API server and the kubelet of node "node-2" does not work`
	noServingCertificate      = `the kubelet of node "node-2" has no serving certificate`
	kubeletUnreachable        = `the API server cannot reach the kubelet of node "node-2" at 10.0.3.123:10250`
	clientCertificateRejected = `the kubelet of node "node-2" does not accept the API server's client certificate`
	kubeletKnowsNoPod         = `the kubelet of node "node-2" does not know the pod`
	notYet                    = `the container does not run yet, so nothing in it can be run or read`
	notRunning                = `the container is not running, so nothing can run in it`
	noLog                     = `the kubelet of node "node-2" no longer has the log`
	noUpgrade                 = `a proxy before the API server https://api.example:6443 blocks upgraded connections (WebSocket, SPDY)`
	nothingListens            = `nothing listens on port 80 of the pod's localhost`
	noSandbox                 = `the pod's sandbox is not running, so no port can be forwarded to it`
)

// What other clusters than the embedded one say, in the form that their sources and public
// reports show. The name says which programs print it, in which versions.
var otherWorlds = map[string]struct{ said, what string }{
	// kyverno/kyverno, pkg/webhooks/utils/block.go: gopkg.in/yaml.v2 folds lines of 80 characters.
	"Kyverno 1.10 to 1.17: policy and rule on lines of their own, a message of two lines": {
		"Error from server: error when creating \"pod.yaml\": admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nresource Pod/team/sise was blocked due to the following policies \n\nneeds-owner:\n  label-owner: 'validation error: every pod names its owner. rule label-owner failed\n    at path /metadata/labels/owner/'\n",
		`the policy "needs-owner" denied it by its rule "label-owner": 'validation error: every pod names its owner. rule label-owner failed at path /metadata/labels/owner/'`},
	"Kyverno 1.8 to 1.19: a rule with spaces, a message with a line break, a second policy": {
		"admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nresource Pod/team/sise was blocked due to the following policies \n\nneeds-owner:\n  label of owner: |-\n    every pod\n    names its owner\nno-latest:\n  tag: not the latest\n",
		`the policy "needs-owner" denied it by its rule "label of owner": every pod names its owner`},
	"Kyverno 1.8 and 1.9": {
		"admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\npolicy Pod/team/sise for resource violation: \n\nneeds-owner:\n  label-owner: every pod names its owner\n",
		`the policy "needs-owner" denied it by its rule "label-owner": every pod names its owner`},
	// pkg/webhooks/resource/vpol and ivpol: policies.kyverno.io.
	"Kyverno 1.14 to 1.19: a ValidatingPolicy of its CEL API": {
		`Error from server: admission webhook "vpol.validate.kyverno.svc-fail" denied the request: Policy needs-owner failed: every pod names its owner; Policy no-latest error: no such key: tag`,
		`the policy "needs-owner" denied it: every pod names its owner; Policy no-latest error: no such key: tag`},
	// open-policy-agent/gatekeeper, pkg/webhook/policy.go.
	"Gatekeeper 3.8 to 3.24": {
		`Error from server (Forbidden): admission webhook "validation.gatekeeper.sh" denied the request: [must-have-owner] label owner is missing`,
		`the policy "must-have-owner" denied it: label owner is missing`},
	"Gatekeeper up to 3.3": {
		`Error from server ([denied by must-have-owner] label owner is missing): admission webhook "validation.gatekeeper.sh" denied the request: [denied by must-have-owner] label owner is missing`,
		`the policy "must-have-owner" denied it: label owner is missing`},
	"Azure Policy with Gatekeeper 3.4 to 3.7: a reason with brackets": {
		`Error from server ([azurepolicy-noroot-1a2b3c] root is not allowed): admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-noroot-1a2b3c] root is not allowed`,
		`the policy "azurepolicy-noroot-1a2b3c" denied it: root is not allowed`},
	// The form of livekit/livekit-helm#147 and argoproj/argo-workflows#13073.
	"GKE Warden since 2023: a reason with spaces, quotation marks": {
		"Error from server (GKE Warden constraints violations): error when creating \"pod.yaml\": admission webhook \"warden-validating.common-webhooks.networking.gke.io\" denied the request: GKE Warden rejected the request because it violates one or more constraints.\nViolations details: {\"[denied by autogke-no-host-port]\":[\"container \\\"main\\\" specifies a host port\",\"so does another\"]}\nRequested by user: 'me', groups: 'system:authenticated'.",
		`the policy "autogke-no-host-port" denied it: container \"main\" specifies a host port`},
	// The form of rancher/rancher#39052.
	"GKE Warden up to 2022": {
		"Error from server ([denied by autogke-no-host-port]): admission webhook \"gkepolicy.common-webhooks.networking.gke.io\" denied the request: GKE Policy Controller rejected the request because it violates one or more policies: {\"[denied by autogke-no-host-port]\":[\"container main specifies a host port. Requested by user: 'me', groups: 'system:authenticated'.\"]}",
		`the policy "autogke-no-host-port" denied it: container main specifies a host port. Requested by user: 'me', groups: 'system:authenticated'.`},
	// The form of tailscale/tailscale#9475.
	"GKE Warden: a namespace of the provider": {
		`Error from server (Forbidden): pods is forbidden: User "me" cannot create resource "pods" in API group "" in the namespace "kube-system": GKE Warden authz [denied by managed-namespaces-limitation]: the namespace "kube-system" is managed and the request's verb "create" is denied`,
		`the policy "managed-namespaces-limitation" denied it: the namespace "kube-system" is managed and the request's verb "create" is denied`},
	// openshift/apiserver-library-go, pkg/securitycontextconstraints/sccadmission and sccmatching.
	"OpenShift SCC, 4.11 to 4.20": {
		`Error from server (Forbidden): pods "sise" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: Invalid value: 65532: must be in the ranges: [1000680000, 1000689999], provider "restricted": Forbidden: not usable by user or serviceaccount]`,
		`none of the security context constraints (SCC) that the service account may use admits it`},
	"OpenShift SCC up to 4.10": {
		`Error from server (Forbidden): pods "sise" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, spec.containers[0].securityContext.runAsUser: Invalid value: 65532: must be in the ranges: [1000680000, 1000689999]]`,
		`none of the security context constraints (SCC) that the service account may use admits it`},
	"OpenShift SCC in a namespace that was just created": {
		`Error from server (Forbidden): pods "sise" is forbidden: unable to find annotation openshift.io/sa.scc.uid-range`,
		`OpenShift's controllers have not prepared the namespace yet: it has no range of user IDs`},

	// k8s.io/apiserver, pkg/admission/plugin/policy/validating/dispatcher.go; k8s.io/kubectl,
	// pkg/cmd/util/helpers.go: the reason is Invalid where the policy has none.
	"ValidatingAdmissionPolicy, as kubectl 1.30 to 1.37 prints it": {
		`The pods "sise" is invalid: : ValidatingAdmissionPolicy 'owners' with binding 'owners-everywhere' denied request: failed expression: has(object.metadata.labels.owner)`,
		`the admission policy "owners" denied it: failed expression: has(object.metadata.labels.owner)`},
	"ValidatingAdmissionPolicy with the reason Forbidden": {
		`Error from server (Forbidden): error when creating "pod.yaml": pods "sise" is forbidden: ValidatingAdmissionPolicy 'owners' with binding 'owners-everywhere' denied request: every pod names its owner`,
		`the admission policy "owners" denied it: every pod names its owner`},
	"ValidatingAdmissionPolicy that is not configured well": {
		`pods "sise" is forbidden: ValidatingAdmissionPolicy 'owners' denied request: failed to configure policy: no such parameter`,
		`the admission policy "owners" denied it: failed to configure policy: no such parameter`},

	// k8s.io/apiserver, pkg/admission/plugin/webhook/errors and pkg/util/webhook.
	"a webhook that says nothing but line breaks": {
		"Error from server: admission webhook \"pods.example.com\" denied the request: \n\nfirst line\nsecond line",
		`the admission webhook "pods.example.com" denied it: first line`},
	"a webhook that says nothing": {
		`Error from server: admission webhook "pods.example.com" denied the request without explanation`,
		`the admission webhook "pods.example.com" denied it, without a reason`},
	"a webhook whose certificate is not trusted": {
		`Error from server (InternalError): Internal error occurred: failed calling webhook "pods.example.com": failed to call webhook: Post "https://hook.example.svc:443/pods?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
		`the API server cannot call the admission webhook "pods.example.com", and nothing is admitted without it`},
	"a webhook without pods": {
		`Error from server (InternalError): Internal error occurred: failed calling webhook "pods.example.com": failed to call webhook: Post "https://hook.example.svc:443/pods?timeout=10s": no endpoints available for service "hook"`,
		`the admission webhook "pods.example.com" does not respond, and nothing is admitted without it`},
	"a webhook of which the API server says nothing": {
		`Error from server (InternalError): Internal error occurred: failed calling webhook "pods.example.com"; no further details available`,
		`the API server cannot call the admission webhook "pods.example.com", and nothing is admitted without it`},

	// The plugins of the API server: k8s.io/apiserver, pkg/admission/plugin/resourcequota;
	// k8s.io/kubernetes, plugin/pkg/admission.
	"ResourceQuota whose usage is not known yet": {
		`Error from server (Forbidden): pods "sise" is forbidden: status unknown for quota: compute, resources: limits.cpu,pods`,
		`the quota "compute" is so new that its usage is not known yet`},
	"ResourceQuota that the API server requires": {
		`Error from server (Forbidden): pods "sise" is forbidden: insufficient quota to match these scopes: [{PriorityClass In [system-cluster-critical system-node-critical]}]`,
		`no quota of the namespace covers it, and the API server requires one: [{PriorityClass In [system-cluster-critical system-node-critical]}]`},
	"LimitRanger: the ratio": {
		`Error from server (Forbidden): pods "sise" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000]`,
		`a LimitRange of the namespace forbids it: maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000`},
	"ImagePolicyWebhook": {
		`Error from server (Forbidden): pods "sise" is forbidden: image policy webhook backend denied one or more images: example.com/a:1 is not signed`,
		`the API server's image policy denied an image of it: example.com/a:1 is not signed`},
	"RuntimeClass": {
		`Error from server (Forbidden): error when creating "pod.yaml": pods "sise" is forbidden: pod rejected: RuntimeClass "gvisor" not found`,
		`the API server does not admit it: pod rejected: RuntimeClass "gvisor" not found`},
	"PodNodeSelector": {
		`Error from server (Forbidden): pods "sise" is forbidden: pod node label selector conflicts with its namespace node label selector`,
		`the API server does not admit it: pod node label selector conflicts with its namespace node label selector`},
	"kube-apiserver that has just started": {
		`Error from server (Forbidden): pods "sise" is forbidden: not yet ready to handle request`,
		`the API server https://api.example:6443 has just started, and does not admit anything yet`},

	// Between the API server and the kubelet.
	"konnectivity 0.29 to 0.36: without an agent": {`Error from server: error dialing backend: No agent available`, tunnelFails},
	"konnectivity 0.29 to 0.36: without an agent, logs": {
		`Error from server: Get "https://10.0.3.123:10250/containerLogs/team/sise/sise": No agent available`, tunnelFails},
	"konnectivity-client 0.29 to 0.36: an agent that does not answer": {`Error from server: error dialing backend: dial timeout, backstop`, tunnelFails},
	"kube-apiserver 1.29 to 1.37: konnectivity's server is down": {
		`Error from server: error dialing backend: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /etc/kubernetes/konnectivity-server/konnectivity-server.socket: connect: no such file or directory"`, tunnelFails},
	"kube-apiserver 1.29 to 1.37: the tunnel of RKE2": {
		`Error from server: error dialing backend: proxy error from 127.0.0.1:9345 while dialing 10.10.2.24:10250, code 502: 502 Bad Gateway`, tunnelFails},
	"kube-apiserver 1.29 to 1.37: a kubelet without a serving certificate": {
		`Error from server: error dialing backend: remote error: tls: internal error`, noServingCertificate},
	"kube-apiserver 1.29 to 1.37: a kubelet without a serving certificate, logs": {
		`Error from server: Get "https://10.0.3.123:10250/containerLogs/team/sise/sise": remote error: tls: internal error`, noServingCertificate},
	"kube-apiserver 1.30 to 1.37: a kubelet without a serving certificate, exec by WebSocket": {
		`error: Internal error occurred: error sending request: Post "https://10.0.3.123:10250/exec/team/sise/sise?command=ls&error=1&output=1": remote error: tls: internal error`, noServingCertificate},
	"kube-apiserver 1.29 to 1.37: a kubelet with a certificate of another CA": {
		`Error from server: error dialing backend: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
		`the API server does not trust the serving certificate of the kubelet of node "node-2"`},
	"kube-apiserver 1.29 to 1.37: a kubelet with a certificate of another CA, logs": {
		`Error from server: Get "https://10.0.3.123:10250/containerLogs/team/sise/sise": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
		`the API server does not trust the serving certificate of the kubelet of node "node-2"`},
	"kube-apiserver 1.29 to 1.37: a firewall before the kubelet, logs": {
		`Error from server: Get "https://10.0.3.123:10250/containerLogs/team/sise/sise": dial tcp 10.0.3.123:10250: i/o timeout`, kubeletUnreachable},
	"kube-apiserver 1.29 to 1.37: a firewall before the kubelet, exec by SPDY": {
		`Error from server: error dialing backend: dial tcp 10.0.3.123:10250: i/o timeout`, kubeletUnreachable},
	"kube-apiserver 1.30 to 1.37: a kubelet that is down, exec by WebSocket": {
		`error: Internal error occurred: error sending request: Post "https://10.0.3.123:10250/exec/team/sise/sise?command=ls&error=1&output=1": dial tcp 10.0.3.123:10250: connect: connection refused`, kubeletUnreachable},
	"kubectl 1.29 to 1.37: a kubelet that is down, port-forward": {
		`error: error upgrading connection: error dialing backend: dial tcp 10.0.3.123:10250: connect: connection refused`, kubeletUnreachable},
	"kubelet 1.29 to 1.31: the API server's user has no permission, exec": {
		`error: unable to upgrade connection: Forbidden (user=kube-apiserver-kubelet-client, verb=create, resource=nodes, subresource=proxy)`,
		`the kubelet of node "node-2" rejects the API server, whose user kube-apiserver-kubelet-client may not create nodes/proxy`},
	"kubelet 1.32 to 1.37: the API server's user has no permission, logs": {
		`Error from server (Forbidden): Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource(s)=[proxy]) ( pods/log sise)`,
		`the kubelet of node "node-2" rejects the API server, whose user system:anonymous may not get nodes/proxy`},
	"kubelet 1.29 to 1.37: a client certificate of the API server that has expired, exec": {
		`error: unable to upgrade connection: Unauthorized`, clientCertificateRejected},
	"kubelet 1.29 to 1.37: a client certificate of the API server that has expired, logs": {
		`error: You must be logged in to the server (the server has asked for the client to provide credentials ( pods/log sise))`, clientCertificateRejected},
	"kubelet 1.29 to 1.37: that of another node, exec": {`error: unable to upgrade connection: pod does not exist`, kubeletKnowsNoPod},
	"kubelet 1.29 to 1.37: that of another node, logs": {
		`Error from server (NotFound): the server could not find the requested resource ( pods/log sise)`, kubeletKnowsNoPod},
	"kube-apiserver 1.29 to 1.37: an overlay network that the control plane is not part of": {
		`Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.244.3.5:9876: i/o timeout`,
		`the API server cannot reach the pod at 10.244.3.5:9876 through its proxy`},
	"kube-apiserver 1.29 to 1.37: a pod that hangs up": {
		`Error from server (ServiceUnavailable): error trying to reach service: EOF`, `the API server cannot reach the pod through its proxy`},

	// Exec, attach and logs.
	"kube-apiserver 1.29 to 1.37: exec in a pod that is not scheduled": {`Error from server (BadRequest): pod sise does not have a host assigned`,
		`the pod is not scheduled yet, so nothing in it can be run or read`},
	"kubectl 1.29 to 1.37: exec in a pod that has ended": {`error: cannot exec into a container in a completed pod; current phase is Succeeded`,
		`the pod has ended, so nothing in it can be run`},
	"kubectl 1.29 to 1.37: attach to a pod that has ended": {`error: cannot attach a container in a completed pod; current phase is Failed`,
		`the pod has ended, so nothing in it can be run`},
	"kubelet 1.29 to 1.37: logs of a container that does not run yet": {
		`Error from server (BadRequest): container "sise" in pod "sise" is waiting to start: ContainerCreating`, notYet},
	"kubelet 1.29 to 1.37: logs of a container that is not in the status yet": {
		`Error from server (BadRequest): container "sise" in pod "sise" is not available`, notYet},
	"kubelet 1.29 to 1.37: logs of a container without an image": {
		`Error from server (BadRequest): container "sise" in pod "sise" is waiting to start: trying and failing to pull image`,
		`container "sise" does not start, so it has no log: trying and failing to pull image`},
	"kubelet 1.29 to 1.37: logs of a container whose configuration is wrong": {
		`Error from server (BadRequest): container "sise" in pod "sise" is waiting to start: CreateContainerConfigError`,
		`container "sise" does not start, so it has no log: CreateContainerConfigError`},
	"kubelet 1.29 to 1.37: exec in a container that does not run": {
		`error: Internal error occurred: unable to upgrade connection: container not found ("sise")`,
		`container "sise" is not running, so nothing can run in it`},
	"containerd 1.7 with runc 1.1 to 1.5: a missing program": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`,
		`cannot check: the container's image has no program "curl"`},
	"containerd 2.0 to 2.3 with runc 1.1 to 1.5: a missing path, by WebSocket": {
		`error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: exec failed: unable to start container process: exec: "/no/such": stat /no/such: no such file or directory`,
		`cannot check: the container's image has no program "/no/such"`},
	"containerd with runc: a program that may not be run": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: exec failed: unable to start container process: exec: "/etc/hosts": permission denied: unknown`,
		`cannot check: the container's image has no program "/etc/hosts"`},
	"containerd with runc: a directory": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: exec failed: unable to start container process: exec: "/etc": is a directory: unknown`,
		`cannot check: the container's image has no program "/etc"`},
	"containerd with crun up to 1.20: a missing program": {
		"error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"8f0\": OCI runtime exec failed: executable file `curl` not found in $PATH: No such file or directory: unknown",
		`cannot check: the container's image has no program "curl"`},
	"containerd with crun 1.21 to 1.29: a program that may not be run": {
		"error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"8f0\": OCI runtime exec failed: the path `/etc/hosts` exists but it is not executable: Operation not permitted: unknown",
		`cannot check: the container's image has no program "/etc/hosts"`},
	"containerd with crun up to 1.20: a program that may not be run": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: open executable: Operation not permitted: unknown`,
		`the container runtime cannot run the program in the container`},
	"containerd with runc: a working directory that does not exist": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd ("/gone") set in config.json failed: no such file or directory: unknown`,
		`the container runtime cannot run the program in the container`},
	"containerd 1.7 to 2.3: exec in a container that has ended": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to load task: no running task found: task 5d4c1f not found: not found`, notRunning},
	"containerd 1.7 to 2.3: exec in a container that ends just now": {
		`error: Internal error occurred: error executing command in container: container is in CONTAINER_EXITED state`, notRunning},
	"containerd 1.7 to 2.3: exec in a container that is deleted": {
		`error: Internal error occurred: error executing command in container: failed to find container "5d4c1f" in store: not found`, notRunning},
	"runc 1.1 to 1.5: exec in a container that has ended": {
		`error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "8f0": OCI runtime exec failed: cannot exec in a stopped container: unknown`, notRunning},
	"crun 1.14 to 1.29: exec in a container that has ended": {
		"error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec \"8f0\": OCI runtime exec failed: the container `5d4c1f` is not running: unknown", notRunning},
	"CRI-O 1.28 to 1.34: exec in a container that has ended": {
		`error: Internal error occurred: error executing command in container: container is not created or running`, notRunning},
	"CRI-O 1.28 to 1.34: exec in a container that is deleted": {
		`error: Internal error occurred: error executing command in container: rpc error: code = NotFound desc = could not find container "5d4c1f": container with ID starting with 5d4c1f not found: ID does not exist`, notRunning},
	"cri-dockerd 0.3 and 0.4: exec in a container that has ended": {
		`error: Internal error occurred: error executing command in container: container not running (5d4c1f)`, notRunning},
	"Docker 24 to 29, by cri-dockerd: exec in a container that is restarted": {
		`error: Internal error occurred: error executing command in container: failed to exec in container - Exec setup failed - Error response from daemon: Container 5d4c1f is restarting, wait until the container is running`, notRunning},
	"kubelet 1.29 to 1.37: a log that is rotated away": {
		`Error from server (BadRequest): failed to try resolving symlinks in path "/var/log/pods/team_sise_1/sise/0.log": lstat /var/log/pods/team_sise_1/sise/0.log: no such file or directory`, noLog},
	"kubelet 1.29 to 1.37: the log of a container that the runtime no longer knows": {
		`Error from server (BadRequest): unable to retrieve container logs for containerd://5d4c1f`, noLog},
	"kubelet 1.29 to 1.37: the log of a container that was never created": {
		`Error from server (BadRequest): container "sise" in pod "sise" is terminated`, noLog},
	"kubelet 1.29 to 1.37: the log of a container that has not been restarted": {
		`Error from server (BadRequest): previous terminated container "sise" in pod "sise" not found`,
		`container "sise" has not been restarted, or its earlier log is deleted`},
	"client-go 0.29 to 0.37: a proxy without upgrades, by SPDY": {
		`error: unable to upgrade connection: <html><body><h1>Resource not found</h1></body></html>`, noUpgrade},
	"client-go 0.31 to 0.37: a proxy without upgrades, by WebSocket": {
		`error: unable to upgrade streaming request: websocket: bad handshake (403 Forbidden): blocked`, noUpgrade},
	"kube-apiserver 1.29 to 1.37: a proxy that drops the headers": {`Error from server (BadRequest): Upgrade request required`, noUpgrade},

	// Port-forward.
	"kubectl 1.30 to 1.36 and containerd 1.7 to 2.3: port-forward to a port that nothing listens on": {
		`E1128 11:00:00.000000    4121 portforward.go:424] "Unhandled Error" err="an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod 5d4c1f, uid : failed to execute portforward in network namespace \"/var/run/netns/cni-1\": failed to connect to localhost:80 inside namespace \"5d4c1f\", IPv4: dial tcp4 127.0.0.1:80: connect: connection refused IPv6 dial tcp6 [::1]:80: connect: connection refused "`, nothingListens},
	"kubectl 1.37 and CRI-O 1.28 to 1.34: port-forward to a port that nothing listens on": {
		`E1128 11:00:00.000000    4121 portforward.go:549] "An error occurred forwarding" err="error forwarding port 80 to pod 5d4c1f, uid : port forward into network namespace \"/var/run/netns/1\": failed to connect to localhost:80 inside namespace 5d4c1f: dial tcp [::1]:80: connect: connection refused" logger="UnhandledError" localPort=8080 remotePort=80`, nothingListens},
	"kubectl 1.29 and cri-dockerd 0.3 and 0.4: port-forward to a port that nothing listens on": {
		`E1128 11:00:00.000000    4121 portforward.go:409] an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod 5d4c1f, uid : exit status 1: 2026/11/28 11:00:00 socat[4121] E connect(5, AF=2 127.0.0.1:80, 16): Connection refused`, nothingListens},
	"cri-dockerd 0.3 and 0.4: port-forward on a node without socat": {
		`an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod 5d4c1f, uid : unable to do port forwarding: socat not found`,
		`the kubelet of node "node-2" cannot forward ports: its node has no socat`},
	"containerd 1.7 to 2.3: port-forward to a sandbox that has ended": {
		`an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod 5d4c1f, uid : network namespace for sandbox "5d4c1f" is closed`, noSandbox},
	"CRI-O 1.28 to 1.34: port-forward to a sandbox that has ended": {
		`an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod 5d4c1f, uid : sandbox 5d4c1f is not running`, noSandbox},
	"cri-dockerd 0.3 and 0.4: port-forward to a sandbox that has ended": {
		`an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod 5d4c1f, uid : container not running (5d4c1f)`, noSandbox},
	"kubectl 1.29 to 1.37: port-forward to a pod that does not run": {
		`error: unable to forward port because pod is not running. Current status=Pending`, `the pod is Pending, so no port can be forwarded to it`},
	"client-go 0.29 to 0.37: port-forward from a port that is in use": {
		"Unable to listen on port 8080: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:8080: bind: address already in use unable to create listener: Error listen tcp6 [::1]:8080: bind: address already in use]\nerror: unable to listen on any of the requested ports: [{8080 80}]",
		`port 8080 of this machine is in use`},

	// The way to the API server.
	"kubectl 1.29 to 1.37: without a kubeconfig": {
		`The connection to the server localhost:8080 was refused - did you specify the right host or port?`, `no cluster is selected: there is no kubeconfig, or it has no current context`},
	"kubectl 1.29 to 1.37: a cluster that is down": {
		`The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?`, `the API server https://api.example:6443 does not answer`},
	"Rancher 2.9 and 2.10: a cluster whose agent is down": {
		`Error from server (InternalError): an error on the server ("lost connection to cluster: failed to find Session for client stv-cluster-c-m-1") has prevented the request from succeeding`,
		`the Rancher server at https://api.example:6443 has no connection to the cluster`},
}

func TestWhatOtherClustersSay(t *testing.T) {
	for name, tc := range otherWorlds {
		c := Connection{Host: "https://api.example:6443", Node: "node-2"}.Output(tc.said)
		if c == nil || c.What != tc.what || c.Why != strings.TrimSpace(tc.said) || c.Remedy == "" {
			t.Errorf("%s:\nexpected %q,\nfound    %+v", name, tc.what, c)
		}
	}
}

func TestAProgramThatIsNotThere(t *testing.T) {
	for by, text := range map[string]string{
		"runc, by Docker":           `OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`,
		"runc":                      `exec: "/etc/hosts": permission denied: unknown`,
		"runc 1.1 to 1.5, by CRI-O": `time="2026-11-27T23:00:00Z" level=error msg="exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH"`,
		"runc, by CRI-O, a path":    `time="2026-11-27T23:00:00Z" level=error msg="exec failed: unable to start container process: exec: \"/bin/curl\": stat /bin/curl: no such file or directory"`,
		"crun up to 1.20":           "executable file `curl` not found in $PATH: No such file or directory",
		"crun 1.21 to 1.29":         "executable file `/bin/curl` not found: No such file or directory",
		"crun 1.21 to 1.29, a file": "the path `/etc/hosts` exists but it is not executable: Operation not permitted",
		"crun 1.21 to 1.29, a dir":  "the path `/etc` is not a regular file: Operation not permitted",
	} {
		if !NoProgram(text) {
			t.Errorf("%s: expected a missing program, found none in %q", by, text)
		}
	}
	if text := "curl: (6) Could not resolve host: sise"; NoProgram(text) {
		t.Errorf("expected no missing program in %q", text)
	}
}

func warning(reason, message, path string, times int32) corev1.Event {
	return corev1.Event{Type: corev1.EventTypeWarning, Reason: reason, Message: message, Count: times, FirstTimestamp: noon, LastTimestamp: noon,
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "p", FieldPath: path}}
}

// A pull that has begun and not ended is no fault; an attempt that has failed is over.
func TestAnImageIsStillBeingPulled(t *testing.T) {
	pod := onNode("node-1")
	pod.Spec.Containers = []corev1.Container{{Name: "main", Image: "a/b:1"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
	event := func(reason, message string, times int32) corev1.Event {
		ev := warning(reason, message, "spec.containers{main}", times)
		if reason != "Failed" {
			ev.Type = corev1.EventTypeNormal
		}
		return ev
	}
	begun := event("Pulling", `Pulling image "a/b:1"`, 1)
	for name, tc := range map[string]struct {
		events []corev1.Event
		is     bool
	}{
		"not begun":      {nil, false},
		"begun":          {[]corev1.Event{begun}, true},
		"of another":     {[]corev1.Event{{Reason: "Pulling", InvolvedObject: corev1.ObjectReference{FieldPath: "spec.containers{other}"}}}, false},
		"ended":          {[]corev1.Event{begun, event("Pulled", `Successfully pulled image "a/b:1" in 42s`, 1)}, false},
		"failed":         {[]corev1.Event{begun, event("Failed", `Failed to pull image "a/b:1": EOF`, 1), event("Failed", "Error: ErrImagePull", 1)}, false},
		"the second try": {[]corev1.Event{event("Pulling", `Pulling image "a/b:1"`, 2), event("Failed", `Failed to pull image "a/b:1": EOF`, 1)}, true},
	} {
		e := Evidence{Pod: pod, Events: tc.events}
		c := e.Pulling()
		if (c != nil) != tc.is || c != nil && (c.What != `container "main" of pod "p": the image a/b:1 is still being pulled on node "node-1"` || c.Ends(true)) {
			t.Errorf("%s: expected that it is being pulled: %t, found %+v", name, tc.is, c)
		}
	}
}

// What often passes is shown, and ends a wait when the cluster has tried again in vain.
func TestTheSecondFailureDecides(t *testing.T) {
	sandbox := func(id string) corev1.Event {
		return warning("FailedCreatePodSandBox", "Failed to create pod sandbox: plugin type=\"vpc\" failed (add): "+id, "", 1)
	}
	backsOff := func(name, image string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, Image: image, State: corev1.ContainerState{
			Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: `Back-off pulling image "` + image + `": ErrImagePull: 503 Service Unavailable`}}}
	}
	pulling, sharing := onNode("node-1"), onNode("node-1")
	pulling.Status.ContainerStatuses = []corev1.ContainerStatus{backsOff("main", "a/b:1")}
	sharing.Status.ContainerStatuses = []corev1.ContainerStatus{backsOff("beside", "a/b:1"), backsOff("main", "a/b:1")}
	twice := []corev1.Event{warning("Failed", `Failed to pull image "a/b:1": 503 Service Unavailable`, "spec.containers{main}", 2)}
	for name, tc := range map[string]struct {
		evidence Evidence
		ends     bool
	}{
		"the first sandbox":                           {Evidence{Pod: onNode("node-1"), Events: []corev1.Event{sandbox("a")}}, false},
		"the second sandbox":                          {Evidence{Pod: onNode("node-1"), Events: []corev1.Event{sandbox("a"), sandbox("b")}}, true},
		"a sandbox that is said to have failed twice": {Evidence{Pod: onNode("node-1"), Events: []corev1.Event{warning("FailedCreatePodSandBox", "x", "", 2)}}, true},
		"the first pull": {Evidence{Pod: pulling, Events: []corev1.Event{
			warning("Failed", `Failed to pull image "a/b:1": 503 Service Unavailable`, "spec.containers{main}", 1),
			warning("Failed", "Error: ErrImagePull", "spec.containers{main}", 1), warning("Failed", "Error: ImagePullBackOff", "spec.containers{main}", 4)}}, false},
		"the second pull":                    {Evidence{Pod: pulling, Events: twice}, true},
		"the second pull of an image of two": {Evidence{Pod: sharing, Events: twice}, true},
		"a root certificate that is late": {Evidence{Pod: onNode("node-1"), Events: []corev1.Event{
			warning("FailedMount", `MountVolume.SetUp failed for volume "kube-api-access-x" : configmap "kube-root-ca.crt" not found`, "", 5)}}, false},
	} {
		c := tc.evidence.Cause()
		if c == nil || c.Ends(true) != tc.ends || c.Ends(false) {
			t.Errorf("%s: expected that it ends a wait: %t, found %+v", name, tc.ends, c)
		}
	}
}

func TestWhatAnAutoscalerSaysOfAPod(t *testing.T) {
	pod := onNode("", corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available: 3 node(s) were unschedulable.", LastTransitionTime: noon})
	said := func(reason, message string, after time.Duration) corev1.Event {
		at := metav1.NewTime(noon.Add(after))
		return corev1.Event{Type: corev1.EventTypeNormal, Reason: reason, Message: message, FirstTimestamp: at, LastTimestamp: at}
	}
	for name, tc := range map[string]struct {
		events  []corev1.Event
		outlook Outlook
		settle  time.Duration
		why     string
	}{
		"nothing":              {nil, Unsettled, helpTime, "Unschedulable: 0/3 nodes are available: 3 node(s) were unschedulable."},
		"cluster-autoscaler":   {[]corev1.Event{said("TriggeredScaleUp", "pod triggered scale-up: [{pool 3->4 (max: 10)}]", 0)}, Slow, 0, "TriggeredScaleUp: pod triggered scale-up: [{pool 3->4 (max: 10)}]; Unschedulable: 0/3 nodes"},
		"Karpenter":            {[]corev1.Event{said("Nominated", "Pod should schedule on: nodeclaim/default-x", 0)}, Slow, 0, "Nominated: Pod should schedule on: nodeclaim/default-x; "},
		"that it adds none":    {[]corev1.Event{said("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached", 0)}, Retried, 0, "NotTriggerScaleUp: "},
		"the last word counts": {[]corev1.Event{said("NotTriggerScaleUp", "pod didn't trigger scale-up", 0), said("TriggeredScaleUp", "pod triggered scale-up", time.Second)}, Slow, 0, "TriggeredScaleUp: "},
	} {
		c := Evidence{Pod: pod, Events: tc.events}.Cause()
		if c == nil || c.Outlook != tc.outlook || c.Settle != tc.settle || !strings.HasPrefix(c.Why, tc.why) {
			t.Errorf("%s: expected %s, %s, %q, found %+v", name, tc.outlook, tc.settle, tc.why, c)
		}
	}
}

func TestAControllerThatCannotCreateItsPods(t *testing.T) {
	of := corev1.ObjectReference{Kind: "ReplicationController", Name: "kept"}
	event := func(kind, reason, message string, times int32, after time.Duration) corev1.Event {
		at := metav1.NewTime(noon.Add(after))
		return corev1.Event{Type: kind, Reason: reason, Message: message, Count: times, FirstTimestamp: at, LastTimestamp: at, InvolvedObject: of}
	}
	denied := event("Warning", "FailedCreate", `Error creating: admission webhook "pods.example.com" denied the request: not by this account`, 2, 0)
	c := Controller([]corev1.Event{denied})
	if want := `replicationcontroller "kept" cannot create its pods: the admission webhook "pods.example.com" denied it: not by this account`; c == nil || c.What != want || !c.Ends(true) {
		t.Errorf("expected %q, found %+v", want, c)
	}
	late := event("Warning", "FailedCreate", `Error creating: pods "kept-" is forbidden: error looking up service account team/default: serviceaccount "default" not found`, 5, 0)
	if c := Controller([]corev1.Event{late}); c == nil || c.Ends(true) {
		t.Errorf("a service account that is late: expected that waiting helps, found %+v", c)
	}
	if c := Controller([]corev1.Event{denied, event("Normal", "SuccessfulCreate", "Created pod: kept-x", 1, time.Second)}); c != nil {
		t.Errorf("it has created one since: expected no cause, found %v", c)
	}
}
