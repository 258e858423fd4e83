package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistration "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordination "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"

	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// world is a healthy cluster that looks different, or one whose policies forbid what a run
// does.
type world struct {
	name string
	// title is the world in words, outcome what becomes of a run there: a row of
	// docs/clusters.md.
	title, outcome string
	// build makes it and returns the arguments of kubectl-kbe.
	build func(s *scene) []string
	code  int
	// first is what is read of it first, and within how many seconds of the start, or 0.
	first  string
	within float64
	want   []string
	never  []string
	// reach and conformance are what becomes of the other commands there, where that is not
	// the same.
	reach, conformance *result
	// apart: the commands change it for each other, and run in worlds of their own.
	apart bool
	// stays: the Namespace cannot be removed as long as the world is so.
	stays bool
}

// result is what becomes of a command in a world.
type result struct {
	// outcome is that in words, for docs/clusters.md.
	outcome string
	// args are more arguments.
	args []string
	code int
	want []string
}

// command is one that a world is tried with beside pods: its arguments, the names of its runs,
// and what it prints where all is well.
type command struct {
	args, runs []string
	well       string
	// shows: it shows what it waits for.
	shows bool
	of    func(world) *result
}

var commands = []command{
	{[]string{"reach", "--from", inCluster}, []string{"reach"}, "eachable", true, func(w world) *result { return w.reach }},
	{[]string{"conformance", "--profile", "network"}, []string{"network", "nodes", "vantages"}, "passed", false, func(w world) *result { return w.conformance }},
}

const allHold = "40 of 40 claims hold"

var worlds = []world{
	{name: "autoscaler", title: "Nodes that an autoscaler adds",
		outcome: "works: shows within 2 s that no node can run the pod yet, and waits for the node", build: func(s *scene) []string {
			s.cordon()
			s.autoscale(2*time.Second, "TriggeredScaleUp", "pod triggered scale-up: [{pool 3->4 (max: 10)}]", 12*time.Second)
			return []string{"pods", "single-pod"}
		}, apart: true, first: "0/3 nodes are available", within: 8, want: []string{"the autoscaler adds a node for it", "claims hold"},
		conformance: &result{outcome: "does not check the pairs of nodes while none is schedulable", code: 3, want: []string{"no schedulable node", "14 of 18 assertions passed"}}},
	{name: "noautoscaler", title: "No node that can run a pod, and no autoscaler",
		outcome: "ends after 15 s with exit code 3 and the scheduler's reason", build: func(s *scene) []string {
			s.cordon()
			return []string{"pods", "single-pod"}
		}, code: 3, first: "0/3 nodes are available", within: 8, want: []string{"no node can run it (Unschedulable)"}},
	{name: "cnifailsonce", title: "A network plugin that fails once for each pod (AWS VPC CNI with security groups)",
		outcome: "works: shows the failure at once, and waits for the second attempt", build: func(s *scene) []string {
			s.networkFailsOnce()
			return []string{"pods"}
		}, first: "failed to assign an IP address to container", within: 10, want: []string{allHold, "this may resolve itself"}},
	{name: "slowpull", title: "A registry so slow that a pull takes longer than the step's timeout",
		outcome: "works: shows that the image is still being pulled, and waits for it", build: func(s *scene) []string {
			s.slowImages("pods", "reach", "conformance")
			return s.pod("  containers: [{name: main, image: '" + slowRef("pods") + "'}]")
		}, first: "the image " + slowRef("pods") + " is still being pulled on node", within: 10, want: []string{"pod/subject condition met"},
		reach:       &result{args: []string{"--image", "shell=" + slowRef("reach")}, want: []string{"the image " + slowRef("reach") + " is still being pulled on node", "eachable"}},
		conformance: &result{args: []string{"--image", "shell=" + slowRef("conformance")}, want: []string{"18 of 18 assertions passed"}}},
	{name: "late", title: "A service account and a root certificate that come seconds after the namespace",
		outcome: "works", build: func(s *scene) []string {
			s.late("serviceaccounts", "configmaps")
			return []string{"pods", "single-pod"}
		}, want: []string{"claims hold"}},
	{name: "sidecarlast", title: "A service mesh that adds a sidecar after the other containers",
		outcome: "works, and names the container that admission added", build: func(s *scene) []string {
			s.mutatePods(func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, proxyContainer(s)) })
			return []string{"pods"}
		}, want: []string{allHold, `Admission added to pod "sise": container proxy`}},
	{name: "sidecarfirst", title: "A service mesh that adds a sidecar before the others, as the default container",
		outcome: "works, and names the container in `kubectl exec`", build: func(s *scene) []string {
			s.mutatePods(func(p *corev1.Pod) {
				p.Spec.Containers = slices.Insert(p.Spec.Containers, 0, proxyContainer(s))
				metav1.SetMetaDataAnnotation(&p.ObjectMeta, "kubectl.kubernetes.io/default-container", "proxy")
			})
			return []string{"pods"}
		}, want: []string{allHold, "exec client -c client -- curl"}},
	{name: "sidecarnative", title: "A service mesh that adds a native sidecar",
		outcome: "works, and names the container that admission added", build: func(s *scene) []string {
			s.mutatePods(func(p *corev1.Pod) {
				c := proxyContainer(s)
				c.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
				p.Spec.InitContainers = append(p.Spec.InitContainers, c)
			})
			return []string{"pods"}
		}, want: []string{allHold, `Admission added to pod "sise": container proxy`}},
	{name: "sidecarproxy", title: "A service mesh whose proxy answers for the service (Istio: 127.0.0.6)",
		outcome: "ends with exit code 3 and names the proxy", build: func(s *scene) []string {
			s.mutatePods(answeredByProxy(s))
			return []string{"pods", "single-pod"}
		}, code: 3, first: "a proxy that admission added (container proxy) answers for the service: the service sees 127.0.0.6", within: 20,
		reach: &result{outcome: "works, with a note that names the proxy", want: []string{"a proxy in the pod answers for its service"}}},
	{name: "autopilot", title: "Resource requests that admission raises, and tolerations that it adds (GKE Autopilot)",
		outcome: "works", build: func(s *scene) []string {
			s.mutatePods(func(p *corev1.Pod) {
				for i := range p.Spec.Containers {
					if len(p.Spec.Containers[i].Resources.Limits) > 0 {
						continue
					}
					least := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("52Mi")}
					p.Spec.Containers[i].Resources = corev1.ResourceRequirements{Requests: least, Limits: least}
				}
				p.Spec.Tolerations = append(p.Spec.Tolerations, corev1.Toleration{Key: "arch", Operator: corev1.TolerationOpExists})
			})
			return []string{"pods"}
		}, want: []string{allHold}},
	{name: "restrictedbypolicy", title: "A policy engine that enforces the Pod Security Standard restricted",
		outcome: "works: the pods comply, and the commands are shown as they then run", build: func(s *scene) []string {
			s.denyPods(func(r *admissionv1.AdmissionRequest) *metav1.Status {
				if security := podOf(r).Spec.SecurityContext; security != nil && ptr.Deref(security.RunAsNonRoot, false) {
					return nil
				}
				return &metav1.Status{Code: http.StatusBadRequest, Message: "\n\nresource Pod was blocked due to the following policies \n\nrun-as-non-root:\n  check: 'runAsNonRoot is true'\n"}
			})
			return []string{"pods"}
		}, want: []string{allHold, "must meet the Pod Security Standard restricted"}},
	{name: "openshift", title: "OpenShift: users of pods in a range of the namespace, set seconds after it, and Pod Security",
		outcome: "works: the pods leave their user to the cluster", build: func(s *scene) []string {
			s.openShift(3 * time.Second)
			s.lateLabel(time.Second)
			return []string{"pods"}
		}, want: []string{allHold, "must meet the Pod Security Standard restricted"}, never: []string{"65532"}},
	{name: "latelabel", title: "A namespace that gets its Pod Security label a second after its creation",
		outcome: "works: a scenario that is denied runs again with pods that comply", build: func(s *scene) []string {
			s.lateLabel(time.Second)
			return []string{"pods"}
		}, want: []string{allHold}},
	{name: "windows", title: "Windows nodes without a taint",
		outcome: "works: pods go to Linux nodes", build: func(s *scene) []string {
			s.windowsNode()
			return []string{"pods"}
		}, want: []string{allHold}},
	{name: "quotaserial", title: "A quota of six pods",
		outcome: "works: the scenarios run one after the other", build: func(s *scene) []string {
			return []string{"pods", "-n", s.quota(corev1.ResourceList{corev1.ResourcePods: resource.MustParse("6")})}
		}, apart: true, want: []string{"leaves room for 6 pods", "they run one after the other", allHold}},
	// What the quota requires of pods still holds where it has no room for another.
	{name: "quotanarrow", title: "A quota of one pod",
		outcome: "does not: says so before anything is created", build: func(s *scene) []string {
			return []string{"pods", "-n", s.quota(corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1"), corev1.ResourceLimitsMemory: resource.MustParse("8Gi")})}
		}, apart: true, code: 3, want: []string{"leaves room for 1 pods", "nothing was created"},
		reach: &result{outcome: "works, with a note: places that need another pod are not checked", want: []string{`the quota "narrow" is used up`, "eachable"}}},
	{name: "quotalimits", title: "A quota of memory limits without a LimitRange",
		outcome: "works: the pods get limits, and the commands are shown as they then run", build: func(s *scene) []string {
			return []string{"pods", "-n", s.quota(corev1.ResourceList{corev1.ResourceLimitsMemory: resource.MustParse("8Gi")})}
		}, apart: true, want: []string{allHold, "must have requests or limits"}, reach: &result{want: []string{"eachable"}}},
	{name: "quotadefaults", title: "A quota of memory limits that the defaults of a LimitRange use up",
		outcome: "works: the scenarios run one after the other", build: func(s *scene) []string {
			ns := s.quota(corev1.ResourceList{corev1.ResourceLimitsMemory: resource.MustParse("4Gi")})
			s.limitRange(ns, corev1.LimitRangeItem{Default: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")}})
			return []string{"pods", "-n", ns}
		}, apart: true, want: []string{"leaves 4Gi of limits.memory", "they run one after the other", allHold}, never: []string{"must have requests or limits"}},
	{name: "limitspolicy", title: "A policy engine that requires requests of memory that are equal to the limits",
		outcome: "works: the pods get them, and the commands are shown as they then run", build: func(s *scene) []string {
			s.denyPods(func(r *admissionv1.AdmissionRequest) *metav1.Status {
				for _, c := range podOf(r).Spec.Containers {
					if r := c.Resources; r.Limits.Memory().IsZero() || r.Limits.Memory().Cmp(*r.Requests.Memory()) != 0 {
						return &metav1.Status{Code: http.StatusBadRequest, Message: "\n\nresource Pod was blocked due to the following policies \n\nmemory-requests-equal-limits:\n  check: 'resources.requests.memory must be equal to resources.limits.memory'\n"}
					}
				}
				return nil
			})
			return []string{"pods"}
		}, want: []string{allHold, "must have requests or limits"}},
	{name: "overlay", title: "An overlay network that the API server is not part of",
		outcome: "works, with a note: the claim about the API server's proxy is not checked", build: func(s *scene) []string {
			for _, node := range schedulableNodes(s.Context(), s.T) {
				must(s.Context(), s.T, setFault("overlay", node))
				s.Cleanup(func() { must(context.Background(), s.T, clearFault("overlay", node)) })
			}
			return []string{"pods"}
		}, want: []string{"39 of 40 claims hold", "1 not checked", "cannot reach the pod at", "through its proxy"},
		reach: &result{want: []string{"cannot reach the pod at", "through its proxy"}}},
	// The page gives a program 10 s to answer.
	{name: "denyall", title: "A NetworkPolicy in each new namespace that denies all traffic",
		outcome: "ends with exit code 3 and the name of the policy", build: func(s *scene) []string {
			s.denyAll()
			return []string{"pods"}
		}, code: 3, first: "restrict the traffic between them: default-deny", within: 20, want: []string{"got no answer from pod"},
		reach:       &result{outcome: "ends with exit code 1 and the name of the policy", code: 1, want: []string{"that select the pod: default-deny"}},
		conformance: &result{outcome: "fails, and names it", code: 1, want: []string{"NetworkPolicies select the pod: default-deny"}}},
	{name: "kubeletcert", title: "A kubelet whose serving certificate the API server does not trust",
		outcome: "ends with exit code 3 and names the node's kubelet", build: func(s *scene) []string {
			s.unknownKubelets()
			return []string{"pods", "two-containers"}
		}, code: 3, first: "the API server does not trust the serving certificate of the kubelet of node", within: 10, want: []string{"x509"}},
	{name: "tunnel", title: "A tunnel between the API server and the kubelets that is down (Konnectivity, k3s, RKE2)",
		outcome: "ends with exit code 3 and names the tunnel", build: func(s *scene) []string {
			s.tunnelDown()
			return []string{"pods", "two-containers"}
		}, code: 3, first: "the tunnel between the API server and the kubelet of node", within: 10, want: []string{"502 Bad Gateway"}},
	{name: "nocontrolleraccount", title: "A policy that denies pods of controllers",
		outcome: "ends with exit code 3 and the policy's reason", build: func(s *scene) []string {
			s.denyPods(func(r *admissionv1.AdmissionRequest) *metav1.Status {
				if r.UserInfo.Username != "system:serviceaccount:kube-system:replication-controller" {
					return nil
				}
				return &metav1.Status{Message: "pods are made by people"}
			})
			return []string{"pods", "supervision"}
		}, code: 3, first: `cannot create its pods: the admission webhook "pods.worlds.example" denied it: pods are made by people`, within: 10, never: []string{"timed out"},
		reach: &result{outcome: "works", want: []string{"eachable"}}},
	{name: "fargate", title: "One pod per node (Fargate, virtual kubelets)",
		outcome: "works, with a note: claims about two pods on one node are not checked", build: func(s *scene) []string {
			s.onePodPerNode()
			return []string{"pods", "reachability"}
		}, want: []string{"cannot be placed beside another: no node can run both", "claims hold", "not checked"}},
	{name: "kyverno", title: "A Kyverno policy that denies the pods",
		outcome: "ends with exit code 3, the policy and its rule", build: func(s *scene) []string {
			s.denyPods(func(r *admissionv1.AdmissionRequest) *metav1.Status {
				return &metav1.Status{Code: http.StatusBadRequest, Message: fmt.Sprintf("\n\nresource Pod/%s/%s was blocked due to the following policies \n\n"+
					"needs-owner:\n  label-owner: 'validation error: every pod names its owner'\n", r.Namespace, r.Name)}
			})
			return []string{"pods"}
		}, code: 3, first: `the policy "needs-owner" denied it by its rule "label-owner"`, within: 10, never: []string{"timed out"}},
	{name: "kyvernoin", title: "The same, with `-n`",
		outcome: "says so before anything is created", build: func(s *scene) []string {
			s.denyPods(func(*admissionv1.AdmissionRequest) *metav1.Status {
				return &metav1.Status{Code: http.StatusBadRequest, Message: "\n\nresource Pod was blocked due to the following policies \n\nneeds-owner:\n  label-owner: 'every pod names its owner'\n"}
			})
			return []string{"pods", "-n", s.ownNamespace(managed)}
		}, code: 3, want: []string{`the policy "needs-owner" denied it by its rule "label-owner"`, "nothing was created"}},
	{name: "gatekeeperin", title: "A Gatekeeper or Azure Policy constraint that denies the pods, with `-n`",
		outcome: "says so before anything is created", build: func(s *scene) []string {
			s.denyPods(func(*admissionv1.AdmissionRequest) *metav1.Status {
				return &metav1.Status{Code: http.StatusForbidden, Reason: "[azurepolicy-owners-1a2b] no owner", Message: "[azurepolicy-owners-1a2b] no owner"}
			})
			return []string{"pods", "-n", s.ownNamespace(managed)}
		}, code: 3, want: []string{`the policy "azurepolicy-owners-1a2b" denied it: no owner`, "nothing was created"}},
	{name: "wardenin", title: "A GKE Warden constraint that denies the pods, with `-n`",
		outcome: "says so before anything is created", build: func(s *scene) []string {
			s.denyPods(func(*admissionv1.AdmissionRequest) *metav1.Status {
				return &metav1.Status{Code: http.StatusForbidden, Reason: "GKE Warden constraints violations",
					Message: "GKE Warden rejected the request because it violates one or more constraints.\nViolations details: {\"[denied by no-such-pods]\":[\"pods are not allowed\"]}\nRequested by user: 'me'."}
			})
			return []string{"pods", "-n", s.ownNamespace(managed)}
		}, code: 3, want: []string{`the policy "no-such-pods" denied it: pods are not allowed`, "nothing was created"}},
	{name: "apidown", title: "An aggregated API whose server is down",
		outcome: "the claims are checked; the namespace stays Terminating, and the API is named before the run", build: func(s *scene) []string {
			s.apiWithoutServer()
			return []string{"pods", "resources"}
		}, code: 3, stays: true, want: []string{"The API worlds.example/v1 is not available", "the API worlds.example/v1 is not available; NamespaceDeletionDiscoveryFailure", "claims hold, but the cleanup is not complete", "kubectl describe apiservice v1.worlds.example"},
		never: []string{"kubectl delete namespace"}},
	{name: "deadproxy", title: "A proxy of the kubeconfig that does not answer",
		outcome: "ends with exit code 3 and names `proxy-url` and the file", build: func(s *scene) []string {
			s.configure(func(_ *clientcmdapi.Config, c *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
				c.ProxyURL = "http://127.0.0.1:1"
			})
			return []string{"pods"}
		}, code: 3, want: []string{"check proxy-url: http://127.0.0.1:1 of the cluster in " + os.TempDir()}, never: []string{"HTTPS_PROXY"}},
	{name: "gcp", title: "A kubeconfig with an auth provider that was removed",
		outcome: "ends with exit code 3 and names the successor", build: func(s *scene) []string {
			s.configure(func(_ *clientcmdapi.Config, _ *clientcmdapi.Cluster, u *clientcmdapi.AuthInfo) {
				*u = clientcmdapi.AuthInfo{AuthProvider: &clientcmdapi.AuthProviderConfig{Name: "gcp"}}
			})
			return []string{"pods"}
		}, code: 3, want: []string{`the auth provider "gcp", which Kubernetes clients no longer have`, "use its successor, gke-gcloud-auth-plugin"}},
	{name: "oidc", title: "A kubeconfig with the auth provider oidc",
		outcome: "works, as kubectl does", build: func(s *scene) []string {
			token := s.adminToken()
			s.configure(func(_ *clientcmdapi.Config, _ *clientcmdapi.Cluster, u *clientcmdapi.AuthInfo) {
				*u = clientcmdapi.AuthInfo{AuthProvider: &clientcmdapi.AuthProviderConfig{Name: "oidc", Config: map[string]string{
					"idp-issuer-url": "https://issuer.example", "client-id": "kbe", "id-token": token}}}
			})
			return []string{"pods", "single-pod"}
		}, want: []string{"claims hold"}},
	{name: "noexec", title: "A policy that denies `kubectl exec`",
		outcome: "ends with exit code 3 and the policy's reason", build: func(s *scene) []string {
			s.webhook(false, admissionregistration.Connect, []string{"pods/exec"}, func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
				return &admissionv1.AdmissionResponse{Result: &metav1.Status{Code: http.StatusForbidden, Message: "[no-exec] nobody runs programs in pods"}}
			})
			return []string{"pods", "two-containers"}
		}, code: 3, want: []string{`the policy "no-exec" denied it: nobody runs programs in pods`}},
}

var everyCommand = flag.Bool("every-command", false, "try each world with each command: half an hour, of which TestWorlds takes a part otherwise")

// TestWorlds runs pods in each world, and the other commands where something else becomes of them,
// or where reach must name a cause. The worlds are the cluster's, so one follows the other.
func TestWorlds(t *testing.T) {
	exhaustive(t)
	if embedded == nil {
		t.Skip("needs the inside of the embedded cluster")
	}
	for _, w := range worlds {
		trials := []trial{{world: w, command: "pods", runs: []string{"pods"}}}
		for _, c := range commands {
			if *everyCommand || c.of(w) != nil || c.shows && w.code != 0 {
				trials = append(trials, w.with(c))
			}
		}
		if !w.apart {
			t.Run(w.name, func(t *testing.T) { runTogether(t, trials) })
			continue
		}
		for _, each := range trials {
			t.Run(w.name, func(t *testing.T) { runTogether(t, []trial{each}) })
		}
	}
}

// outcomes are those of pods, and of the other commands where they differ.
func (w world) outcomes() string {
	text := w.outcome
	for _, c := range commands {
		if r := c.of(w); r != nil && r.outcome != "" {
			text += "; `" + c.args[0] + "` " + r.outcome
		}
	}
	return text
}

// trial is a command in a world.
type trial struct {
	world
	command string
	// args are its arguments, where they are not those that the world is built with.
	args []string
	// runs are the names of its runs.
	runs []string
}

// with is the world as another command meets it.
func (w world) with(c command) trial {
	of := c.of(w)
	w.never = nil
	switch {
	case of != nil:
		w.code, w.want, w.first = of.code, of.want, ""
	case w.code == 0:
		w.want = []string{c.well}
	case w.first != "":
		w.want = []string{w.first}
	default:
		w.want = w.want[:1]
	}
	if !c.shows {
		w.first = ""
	}
	args := slices.Clone(c.args)
	if of != nil {
		args = append(args, of.args...)
	}
	return trial{w, c.args[0], args, c.runs}
}

// runTogether runs commands in one world, at the same time.
func runTogether(t *testing.T, trials []trial) {
	s := &scene{T: t, name: "pods", kubeconfig: *kube.KubeConfig}
	s.Cleanup(func() { // the next world may have one of that name
		eventually(s.T, "the namespace of the world no longer exists", func(ctx context.Context) bool {
			_, err := client(s.T).CoreV1().Namespaces().Get(ctx, s.name, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
	})
	for _, each := range trials {
		s.runs = append(s.runs, each.runs...)
	}
	args := trials[0].build(s)
	for _, each := range trials {
		t.Run(each.command, func(t *testing.T) {
			t.Parallel()
			own := *s
			own.T, own.tmp, own.runs = t, t.TempDir(), each.runs
			each.run(&own, args)
		})
	}
}

// run runs the command in the world, which is built for pods with arguments.
func (r trial) run(s *scene, pods []string) {
	args := pods
	if r.args != nil {
		args = r.args
		if slices.Contains(pods, "-n") {
			args = append(args, "-n", s.namespace)
		}
	}
	printed := s.execute(args)
	printed.assert(s.T, append(slices.Clone(r.want), r.first), r.never, r.code)
	if left := s.leftovers(); len(left) > 0 != r.stays {
		s.Errorf("expected something left: %t, found %q", r.stays, left)
	}
	first := 0.0
	if r.first != "" {
		first, _ = printed.seconds(r.first, time.Time{}, time.Time{})
		if first > r.within {
			s.Errorf("expected the first word within %.0f s, found %.1f s", r.within, first)
		}
	}
	if s.Failed() {
		s.Logf("kubectl kbe %s\n%s", strings.Join(args, " "), printed.text)
	}
	last := printed.lines[len(printed.lines)-1]
	s.Logf("| %s | %s | exit %d | first word %.1f s | end %.1f s | %s |", r.name, args[0], printed.code, first, last.at.Sub(printed.started).Seconds(), strings.TrimSpace(last.text))
}

// TestTheWorldsAreDocumented compares docs/clusters.md with the worlds that TestWorlds
// provokes.
func TestTheWorldsAreDocumented(t *testing.T) {
	var page bytes.Buffer
	page.WriteString(`# Which clusters does it work on?

It needs no admin rights, and no particular network plugin, container runtime or provider. Clusters differ, though, and a healthy
one may lack what a page takes for granted. The tests provoke each of these on a real cluster (` + "`e2e/worlds_test.go`" + `), and
run a page, ` + "`kubectl kbe reach`" + ` and ` + "`kubectl kbe conformance`" + ` there. The three do the same where no other outcome is given:

| cluster | what a run does |
| --- | --- |
`)
	for _, w := range worlds {
		fmt.Fprintf(&page, "| %s | %s |\n", w.title, w.outcomes())
	}
	page.WriteString(`
What often passes by itself (a pod that is not scheduled, a sandbox that a network plugin fails to set up, a registry that has
an error) is shown at once. The run gives up when the cluster has tried again and failed in the same way, or, for a pod that
is not scheduled, when no autoscaler has spoken within 15 seconds; with ` + "`--fail-fast=false`" + ` it waits until the
timeout of the command.
`)
	assertPage(t, filepath.Join("..", "docs", "clusters.md"), page.Bytes())
}

// managed are the labels of the Namespaces that a world's webhooks are for.
var managed = map[string]string{session.ManagedByLabel: session.ManagedBy}

// webhook registers a webhook for what runs do in Namespaces of theirs.
func (s *scene) webhook(mutates bool, operation admissionregistration.OperationType, resources []string, answer func(*admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse) {
	s.Helper()
	asked := make(chan struct{})
	var once sync.Once
	config := s.webhookServer(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		once.Do(func() { close(asked) })
		review.Response = answer(review.Request)
		review.Response.UID = review.Request.UID
		_ = json.NewEncoder(w).Encode(review) // the API server may be gone
	})
	rules := []admissionregistration.RuleWithOperations{{
		Operations: []admissionregistration.OperationType{operation},
		Rule:       admissionregistration.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: resources},
	}}
	selector := &metav1.LabelSelector{MatchLabels: managed}
	hooks, none, versions := client(s.T).AdmissionregistrationV1(), ptr.To(admissionregistration.SideEffectClassNone), []string{"v1"}
	meta := metav1.ObjectMeta{Name: "worlds"}
	var err error
	if mutates {
		_, err = hooks.MutatingWebhookConfigurations().Create(s.Context(), &admissionregistration.MutatingWebhookConfiguration{ObjectMeta: meta,
			Webhooks: []admissionregistration.MutatingWebhook{{Name: "pods.worlds.example", ClientConfig: config, Rules: rules, NamespaceSelector: selector,
				SideEffects: none, AdmissionReviewVersions: versions}}}, metav1.CreateOptions{})
		s.Cleanup(func() {
			_ = hooks.MutatingWebhookConfigurations().Delete(context.Background(), meta.Name, metav1.DeleteOptions{})
		})
	} else {
		_, err = hooks.ValidatingWebhookConfigurations().Create(s.Context(), &admissionregistration.ValidatingWebhookConfiguration{ObjectMeta: meta,
			Webhooks: []admissionregistration.ValidatingWebhook{{Name: "pods.worlds.example", ClientConfig: config, Rules: rules, NamespaceSelector: selector,
				SideEffects: none, AdmissionReviewVersions: versions}}}, metav1.CreateOptions{})
		s.Cleanup(func() {
			_ = hooks.ValidatingWebhookConfigurations().Delete(context.Background(), meta.Name, metav1.DeleteOptions{})
		})
	}
	if err != nil {
		s.Fatal(err)
	}
	if operation != admissionregistration.Create || !slices.Contains(resources, "pods") {
		return
	}
	// It counts once the API server has read it.
	probes := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "worlds-probe", Labels: managed}}
	if _, err := client(s.T).CoreV1().Namespaces().Create(s.Context(), probes, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	probe := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "probe-"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "none"}}}}
	eventually(s.T, "the webhook is asked", func(ctx context.Context) bool {
		_, _ = client(s.T).CoreV1().Pods(probes.Name).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		select {
		case <-asked:
			return true
		default:
			return false
		}
	})
	s.Cleanup(func() {
		_ = client(s.T).CoreV1().Namespaces().Delete(context.Background(), probes.Name, metav1.DeleteOptions{})
		eventually(s.T, "the namespace of the probe no longer exists", func(ctx context.Context) bool {
			_, err := client(s.T).CoreV1().Namespaces().Get(ctx, probes.Name, metav1.GetOptions{})
			return err != nil
		})
	})
}

// denyPods registers a webhook that denies Pods for which deny returns a status.
func (s *scene) denyPods(deny func(*admissionv1.AdmissionRequest) *metav1.Status) {
	s.Helper()
	s.webhook(false, admissionregistration.Create, []string{"pods"}, func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		status := deny(r)
		return &admissionv1.AdmissionResponse{Allowed: status == nil, Result: status}
	})
}

// mutatePods registers a webhook that changes Pods.
func (s *scene) mutatePods(change func(*corev1.Pod)) {
	s.Helper()
	s.admitPods(func(p *corev1.Pod) *metav1.Status {
		change(p)
		return nil
	})
}

// podOf is the Pod that a request would create.
func podOf(r *admissionv1.AdmissionRequest) (pod corev1.Pod) {
	_ = json.Unmarshal(r.Object.Raw, &pod) // it comes from the API server
	pod.Namespace = r.Namespace
	return pod
}

// admitPods registers a webhook that changes Pods, or denies them with a status.
func (s *scene) admitPods(admit func(*corev1.Pod) *metav1.Status) {
	s.Helper()
	s.webhook(true, admissionregistration.Create, []string{"pods"}, func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		pod := podOf(r)
		if status := admit(&pod); status != nil {
			return &admissionv1.AdmissionResponse{Result: status}
		}
		patch, err := json.Marshal([]map[string]any{
			{"op": "replace", "path": "/spec", "value": pod.Spec}, {"op": "add", "path": "/metadata/annotations", "value": pod.Annotations},
		})
		if err != nil {
			return &admissionv1.AdmissionResponse{Result: &metav1.Status{Message: err.Error()}}
		}
		return &admissionv1.AdmissionResponse{Allowed: true, Patch: patch, PatchType: ptr.To(admissionv1.PatchTypeJSONPatch)}
	})
}

// proxyContainer is a container as a mesh adds it.
func proxyContainer(s *scene) corev1.Container {
	return corev1.Container{Name: "proxy", Image: s.image("shell"), Command: []string{"sleep", "infinity"}}
}

// proxyProgram takes connections to the service's port for it, and calls it from the address that
// Istio's proxies have.
const proxyProgram = `
import socket, socketserver, threading

def copy(source, to):
    while data := source.recv(65536):
        to.sendall(data)
    to.shutdown(socket.SHUT_WR)

class Proxy(socketserver.BaseRequestHandler):
    def handle(self):
        service = socket.create_connection(("127.0.0.1", 9877), 10, ("127.0.0.6", 0))
        back = threading.Thread(target=copy, args=(service, self.request))
        back.start()
        copy(self.request, service)
        back.join()

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 9876), Proxy).serve_forever()
`

// answeredByProxy adds a proxy in front of the service. A mesh redirects the packets to it;
// here the service is given another port.
func answeredByProxy(s *scene) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		if p.Spec.HostNetwork {
			return
		}
		for i, c := range p.Spec.Containers {
			port := func(e corev1.EnvVar) bool { return e.Name == "PORT0" }
			p.Spec.Containers[i].Env = append(slices.DeleteFunc(c.Env, port), corev1.EnvVar{Name: "PORT0", Value: "9877"})
		}
		proxy := proxyContainer(s)
		proxy.Command = []string{"python3", "-c", proxyProgram}
		proxy.ReadinessProbe = &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(9876)}}}
		p.Spec.Containers = slices.Insert(p.Spec.Containers, 0, proxy) // a hook of the service waits for its port
	}
}

// patchNodes patches all Nodes.
func (s *scene) patchNodes(patch string) {
	nodes, err := client(s.T).CoreV1().Nodes().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		s.Error(err)
		return
	}
	for _, n := range nodes.Items {
		if _, err := client(s.T).CoreV1().Nodes().Patch(context.Background(), n.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			s.Error(err)
		}
	}
}

// cordon cordons all Nodes until the world ends.
func (s *scene) cordon() {
	s.Helper()
	s.patchNodes(`{"spec": {"unschedulable": true}}`)
	s.Cleanup(func() {
		s.patchNodes(`{"spec": {"unschedulable": null}}`)
		for _, n := range []string{"node-1", "node-2", "node-3"} {
			awaitNode(s.T, n)
		}
	})
}

// autoscale does what an autoscaler does: it speaks of each Pod of a run that cannot be
// scheduled after some time, and has Nodes after some more.
func (s *scene) autoscale(speaks time.Duration, reason, message string, helps time.Duration) {
	seen := map[types.UID]bool{}
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.ToListWatcherWithWatchListSemantics(podsOfAll(s), client(s.T)), ObjectType: &corev1.Pod{},
		Handler: cache.ResourceEventHandlerFuncs{UpdateFunc: func(_, now any) {
			pod, _ := now.(*corev1.Pod)
			if pod.Labels[session.RunLabel] == "" || seen[pod.UID] || pod.Spec.NodeName != "" {
				return
			}
			seen[pod.UID] = true
			time.AfterFunc(speaks, func() {
				now := metav1.Now()
				_, _ = client(s.T).CoreV1().Events(pod.Namespace).Create(context.Background(), &corev1.Event{
					ObjectMeta:     metav1.ObjectMeta{GenerateName: pod.Name + "."},
					InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
					Type:           corev1.EventTypeNormal, Reason: reason, Message: message, FirstTimestamp: now, LastTimestamp: now, Count: 1,
					Source: corev1.EventSource{Component: "cluster-autoscaler"},
				}, metav1.CreateOptions{})
			})
			time.AfterFunc(helps, func() { s.patchNodes(`{"spec": {"unschedulable": null}}`) })
		}},
	})
	ctx, stop := context.WithCancel(context.Background())
	s.Cleanup(stop)
	go informer.RunWithContext(ctx)
}

func podsOfAll(s *scene) *cache.ListWatch {
	return cache.NewListWatchFromClient(client(s.T).CoreV1().RESTClient(), "pods", metav1.NamespaceAll, fields.Everything())
}

// late has the objects that controllers make for each new Namespace come five seconds late.
func (s *scene) late(resources ...string) {
	since := s.since()
	s.webhook(false, admissionregistration.Create, resources, func(r *admissionv1.AdmissionRequest) *admissionv1.AdmissionResponse {
		return &admissionv1.AdmissionResponse{Allowed: since(r.Namespace) > 5*time.Second, Result: &metav1.Status{Message: "not yet"}}
	})
}

// since reports how long a webhook has known a Namespace.
func (s *scene) since() func(namespace string) time.Duration {
	var mu sync.Mutex
	begun := map[string]time.Time{}
	return func(namespace string) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		if begun[namespace].IsZero() {
			begun[namespace] = time.Now()
		}
		return time.Since(begun[namespace])
	}
}

// openShift admits Pods as OpenShift does with the SCC restricted: it gives each the user of
// its Namespace, refuses every other user, and all Pods until the Namespace has its range.
func (s *scene) openShift(late time.Duration) {
	s.Helper()
	const user = int64(1000640000)
	since := s.since()
	s.admitPods(func(p *corev1.Pod) *metav1.Status {
		if since(p.Namespace) < late {
			return &metav1.Status{Code: http.StatusForbidden, Message: fmt.Sprintf("error fetching namespace %q: unable to find annotation openshift.io/sa.scc.uid-range", p.Namespace)}
		}
		security := ptr.Deref(p.Spec.SecurityContext, corev1.PodSecurityContext{})
		if found := ptr.Deref(security.RunAsUser, user); found != user {
			return &metav1.Status{Code: http.StatusForbidden, Message: fmt.Sprintf("unable to validate against any security context constraint: "+
				"[provider restricted-v2: .spec.securityContext.runAsUser: Invalid value: %d: must be in the ranges: [1000640000, 1000649999]]", found)}
		}
		security.RunAsUser = ptr.To(user)
		p.Spec.SecurityContext = &security
		return nil
	})
}

// lateLabel has the run's Namespaces enforce the Pod Security Standard restricted, some time
// after they were created.
func (s *scene) lateLabel(late time.Duration) {
	s.Helper()
	patch := []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`)
	s.eachNamespace(func(name string) {
		time.AfterFunc(late, func() { // it may be gone
			_, _ = client(s.T).CoreV1().Namespaces().Patch(context.Background(), name, types.MergePatchType, patch, metav1.PatchOptions{})
		})
	})
}

// eachNamespace does something with each Namespace that a run creates, as a controller does.
func (s *scene) eachNamespace(do func(name string)) {
	s.Helper()
	created, err := client(s.T).CoreV1().Namespaces().Watch(s.Context(), metav1.ListOptions{LabelSelector: labels.Set(managed).String()})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(created.Stop)
	go func() {
		for ev := range created.ResultChan() {
			if ns, is := ev.Object.(*corev1.Namespace); is && ev.Type == watch.Added {
				do(ns.Name)
			}
		}
	}()
}

// denyAll puts a NetworkPolicy into each Namespace of a run, which denies all traffic of Pods.
func (s *scene) denyAll() {
	s.Helper()
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "default-deny"},
		Spec: networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}}}
	s.eachNamespace(func(name string) {
		if _, err := client(s.T).NetworkingV1().NetworkPolicies(name).Create(context.Background(), policy, metav1.CreateOptions{}); err != nil {
			s.Error(err)
		}
	})
}

// adminToken is a token of a service account that may do everything; its expiry is what a
// client reads of it, as of one of an OpenID Connect issuer.
func (s *scene) adminToken() string {
	s.Helper()
	const namespace, name = "default", "worlds-admin"
	accounts, bindings := client(s.T).CoreV1().ServiceAccounts(namespace), client(s.T).RbacV1().ClusterRoleBindings()
	if _, err := accounts.Create(s.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = accounts.Delete(context.Background(), name, metav1.DeleteOptions{}) })
	if _, err := bindings.Create(s.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}}}, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = bindings.Delete(context.Background(), name, metav1.DeleteOptions{}) })
	token, err := accounts.CreateToken(s.Context(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return token.Status.Token
}

// windowsNode adds a Node of Windows that can run Pods, and keeps it Ready.
func (s *scene) windowsNode() {
	s.Helper()
	const name = "windows-1"
	nodes, leases := client(s.T).CoreV1().Nodes(), client(s.T).CoordinationV1().Leases(corev1.NamespaceNodeLease)
	room := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("500")}
	node, err := nodes.Create(s.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelOSStable: "windows", corev1.LabelArchStable: "amd64", corev1.LabelHostname: name}}}, metav1.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
	ready := func(ctx context.Context) error {
		now := metav1.Now()
		node.Status = corev1.NodeStatus{Capacity: room, Allocatable: room,
			NodeInfo:   corev1.NodeSystemInfo{OperatingSystem: "windows", Architecture: "amd64", KubeletVersion: "v1.37.2"},
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastHeartbeatTime: now, LastTransitionTime: now}}}
		_, err := nodes.UpdateStatus(ctx, node, metav1.UpdateOptions{})
		return err
	}
	eventually(s.T, "the Node is Ready", func(ctx context.Context) bool {
		node, err = nodes.Get(ctx, name, metav1.GetOptions{})
		return err == nil && ready(ctx) == nil
	})
	holder := metav1.NowMicro()
	lease, err := leases.Create(s.Context(), &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: coordination.LeaseSpec{HolderIdentity: ptr.To(name), LeaseDurationSeconds: ptr.To[int32](40), RenewTime: &holder}}, metav1.CreateOptions{})
	if err != nil {
		s.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		for tick := time.Tick(5 * time.Second); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick:
				now := metav1.NowMicro()
				lease.Spec.RenewTime = &now
				if renewed, err := leases.Update(ctx, lease, metav1.UpdateOptions{}); err == nil {
					lease = renewed
				}
			}
		}
	}()
	s.Cleanup(func() {
		stop()
		_ = leases.Delete(context.Background(), name, metav1.DeleteOptions{})
		if err := nodes.Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			s.Error(err)
		}
	})
	eventually(s.T, "the Node has no taint", func(ctx context.Context) bool {
		node, err := nodes.Get(ctx, name, metav1.GetOptions{})
		return err == nil && len(node.Spec.Taints) == 0
	})
}

// quota creates a Namespace with a quota.
func (s *scene) quota(hard corev1.ResourceList) string {
	s.Helper()
	ns := s.ownNamespace(nil)
	createQuota(s.T, ns, "narrow", hard)
	return ns
}

// limitRange creates a LimitRange for the containers of a Namespace.
func (s *scene) limitRange(namespace string, item corev1.LimitRangeItem) {
	s.Helper()
	item.Type = corev1.LimitTypeContainer
	limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "defaults"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{item}}}
	if _, err := client(s.T).CoreV1().LimitRanges(namespace).Create(s.Context(), limits, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
}

// apiWithoutServer registers an aggregated API whose Service does not exist.
func (s *scene) apiWithoutServer() {
	s.Helper()
	const path, name = "/apis/apiregistration.k8s.io/v1/apiservices", "v1.worlds.example"
	api := `{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "` + name + `"}, "spec": {"group": "worlds.example", "version": "v1",
		"service": {"namespace": "default", "name": "gone"}, "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true}}`
	rest := client(s.T).Discovery().RESTClient()
	if err := rest.Post().AbsPath(path).SetHeader("Content-Type", "application/json").Body([]byte(api)).Do(s.Context()).Error(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := rest.Delete().AbsPath(path, name).Do(context.Background()).Error(); err != nil {
			s.Error(err)
		}
		eventually(s.T, "the namespace of the run no longer exists", func(context.Context) bool { return len(s.leftovers()) == 0 })
	})
	eventually(s.T, "the API is known to be down", func(ctx context.Context) bool {
		text, err := rest.Get().AbsPath("/apis").SetHeader("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").Do(ctx).Raw()
		return err == nil && strings.Contains(string(text), `"freshness":"Stale"`)
	})
}

// onePodPerNode gives each Pod its own Node, as Fargate does: a webhook pins the Pods to
// the Nodes one after the other.
func (s *scene) onePodPerNode() {
	names := schedulableNodes(s.Context(), s.T)
	var mu sync.Mutex
	next := 0
	s.mutatePods(func(p *corev1.Pod) {
		mu.Lock()
		defer mu.Unlock()
		if p.Spec.NodeSelector == nil {
			p.Spec.NodeSelector = map[string]string{}
		}
		p.Spec.NodeSelector[corev1.LabelHostname] = names[next%len(names)]
		next++
	})
}
