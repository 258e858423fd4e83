//go:build linux

package confine

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// TestAttempts has an attacker try, in a Namespace that others use as well.
func TestAttempts(t *testing.T) {
	b := newBench(t)
	t.Run("files and addresses", b.testFiles)
	t.Run("others' objects", b.testOthers)
	t.Run("controllers", b.testControllers)
	t.Run("requests", b.testRequests)
	t.Run("another under the same name", b.testReplaced)
	t.Run("another namespace under the same name", b.testNamespaceReplaced)
	t.Run("labels of others", b.testLabels)
	t.Run("patches", b.testPatches)
	t.Run("in shared namespaces examples work", b.testShared)
}

// testFiles: what is refused when it is loaded is refused by the run, too.
func (b *bench) testFiles(t *testing.T) {
	b.namespace(t, "files")
	file := filepath.Join(b.home, "id")
	elsewhere := b.elsewhere.URL + "/x"
	for step, want := range map[string]string{ //nolint:gosec // no credentials
		"kubectl create configmap x --field-manager -- --from-file=id=" + file:       "`--from-file` is not allowed with",
		"kubectl create configmap x --from-$(\"file\")=" + file:                      "expected the name of a flag, found an expression",
		"kubectl create configmap x --$(\"from-file=" + file + "\")":                 "expected the name of a flag, found an expression",
		"kubectl create configmap x $(\"--from-file=" + file + "\")":                 "expected a value, found the flag",
		"kubectl create $(\"token\") default":                                        "kubectl create: expected flags only",
		"kubectl get pods -o go-template-file --template " + file:                    "which read no file",
		"kubectl get pods -o $(\"go-template-file\") --template " + file:             "which read no file",
		"kubectl get -wf " + elsewhere:                                               "expected a manifest of the example",
		"kubectl apply --field-manager -- -f " + elsewhere:                           "expected a manifest of the example",
		"kubectl apply --field-manager -- -k " + b.home:                              "`--kustomize` is not allowed with",
		"kubectl delete --raw /api/v1/namespaces/files/configmaps?dryRun=All":        "`--raw` is not allowed with",
		"kubectl create --raw /apis/authorization.k8s.io/v1/selfsubjectrulesreviews": "`--raw` is not allowed with",
		"kubectl patch configmap x --patch-file " + file:                             "`--patch-file` is not allowed with",
		"kubectl patch configmap x --local -p {}":                                    "`--local` is not allowed with",
		"kubectl events --all-namespaces":                                            "this leaves the run's namespace",
		"kubectl events -o go-template-file --template " + file:                      "which read no file",
		"kubectl set serviceaccount deployment x theirs":                             "`kubectl set serviceaccount` is not allowed in an example",
		"kubectl set image deployment x c=i --local -o yaml":                         "`--local` is not allowed with",
		"kubectl get --raw /metrics":                                                 "it is no object of the run's namespace",
		"kubectl get --raw $(\"/metrics\")":                                          "it is no object of the run's namespace",
		"kubectl wait --for=delete $(\"namespace\")/kube-system --timeout=1s":        "namespaces are cluster-scoped",
	} {
		a := attempt{steps: []string{step}}
		plan, err := a.plan()
		printed := fmt.Sprint(err)
		if err == nil {
			printed = fmt.Sprint(plan.Confined(false)) + b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "files"}, FailFast: true})
		}
		if !strings.Contains(printed, want) {
			t.Errorf("%s: expected %q, found\n%s", step, want, printed)
		}
		b.assertNothingElse(t, step, printed)
	}
}

// assertNothingElse looks at what was recorded since the last time.
func (b *bench) assertNothingElse(t testing.TB, step, printed string) {
	t.Helper()
	for _, problem := range b.misrouted(t, printed) {
		t.Errorf("%s: %s", step, problem)
	}
}

func (b *bench) testOthers(t *testing.T) {
	b.namespace(t, "others")
	before := b.theirs(t, "others", "kube-system")
	pods := "pods \"theirs\" is not of this run (made"
	for step, want := range map[string]string{ //nolint:gosec // no credentials
		"kubectl delete pods -l app=theirs":                                                                      pods,
		"kubectl delete pods --all":                                                                              pods,
		"kubectl delete pod theirs --dry-run=server":                                                             pods,
		"kubectl label pod theirs app=ours --overwrite":                                                          pods,
		`kubectl patch pod theirs -p '{"metadata":{"labels":{"app":"ours"}}}'`:                                   pods,
		`kubectl patch pod theirs --type=json -p '[{"op":"remove","path":"/metadata/labels"}]' --dry-run=server`: pods,
		"kubectl annotate pod theirs a=b":                                                                        pods,
		"kubectl set image pod theirs c=i:2":                                                                     pods,
		"kubectl patch pod theirs --type=merge -p null":                                                          pods,
		"kubectl patch $(\"nodes\") x -p {}":                                                                     "it is outside of the run's namespace",
		"kubectl patch secret theirs -p {}":                                                                      "secrets \"theirs\" is not of this run (made",
		"kubectl exec theirs -- true":                                                                            pods,
		"kubectl attach theirs":                                                                                  pods,
		"kubectl get --raw /api/v1/namespaces/others/pods/theirs:80/proxy/x":                                     pods,
		"kubectl get secret theirs -o yaml":                                                                      "secrets \"theirs\" is not of this run (made",
		"kubectl get secrets -o yaml":                                                                            "an example may read only its own",
		"kubectl describe secret theirs":                                                                         "secrets \"theirs\" is not of this run (made",
		"kubectl autoscale rs theirs --max=1 --cpu=50%":                                                          "it would affect objects of other runs or users",
		"kubectl get $(\"nodes\")":                                                                               "nodes: it is outside of the run's namespace",
		"kubectl get $(\"clusterroles\") x":                                                                      "it is outside of the run's namespace",
		"kubectl get $(\"ingresses\")":                                                                           "an example may not request this",
	} {
		a := attempt{steps: []string{step}}
		plan, err := a.plan()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		printed := b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "others"}, FailFast: true})
		if !strings.Contains(printed, want) {
			t.Errorf("%s: expected %q, found\n%s", step, want, printed)
		}
		b.assertNothingElse(t, step, printed)
	}
	if after := b.theirs(t, "others", "kube-system"); after != before {
		t.Errorf("expected that what others have is as it was:\n%s\nfound\n%s", before, after)
	}
}

const podTemplate = `
  template:
    metadata: {labels: {app: theirs}}
    spec: {containers: [{name: c, image: i}]}
`

// testControllers: what a controller would do for an example.
func (b *bench) testControllers(t *testing.T) {
	b.namespace(t, "controllers")
	bound := "kubectl get -f m.yaml -o jsonpath={.spec}"
	const isBound = `"kubectl-kbe.github.io/run":"`
	for name, tc := range map[string]struct{ manifest, want string }{
		"a replicaset of others' pods": {"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: x}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: theirs}}" + podTemplate, isBound},
		"a replicaset by expressions": {"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: x}\nspec:\n  replicas: 0\n" +
			"  selector: {matchExpressions: [{key: app, operator: Exists}]}" + podTemplate, isBound},
		"a replicationcontroller": {"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: x}\nspec:\n  replicas: 0\n  selector: {app: theirs}" + podTemplate, isBound},
		"a job":                   {"apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\nspec:\n  manualSelector: true\n  selector: {matchLabels: {app: theirs}}\n  template:\n    metadata: {labels: {app: theirs}}\n    spec: {restartPolicy: Never, containers: [{name: c, image: i}]}\n", isBound},
		"a service":               {"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: theirs}, ports: [{port: 80}]}\n", isBound},
		"a disruption budget":     {"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {}, maxUnavailable: 0}\n", isBound},
		"a network policy":        {"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n", isBound},
		"an autoscaler": {"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\n" +
			"spec: {maxReplicas: 1, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: theirs}}\n", "it would affect objects of other runs or users"},
		"a quota":       {"apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x}\nspec: {hard: {pods: \"0\"}}\n", "it would affect objects of other runs or users"},
		"a limit range": {"apiVersion: v1\nkind: LimitRange\nmetadata: {name: x}\nspec: {limits: [{type: Pod, max: {cpu: 1m}}]}\n", "it would affect objects of other runs or users"},
		"a role binding": {"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\n" +
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}\nsubjects: [{kind: ServiceAccount, name: default}]\n", "it would affect objects of other runs or users"},
		"endpoints of theirs": {"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x, labels: {kubernetes.io/service-name: theirs}}\n" +
			"addressType: IPv4\nendpoints: [{addresses: [10.1.2.3]}]\n", "it would affect objects of other runs or users"},
		"a webhook":           {"apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: x}\n", "it is outside of the run's namespace"},
		"a review":            {"apiVersion: authorization.k8s.io/v1\nkind: SelfSubjectRulesReview\nspec: {namespace: kube-system}\n", "it is outside of the run's namespace"},
		"an external address": {"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {externalIPs: [1.2.3.4], ports: [{port: 80}]}\n", "would take traffic that is not the run's"},
		"others' secret":      {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {volumes: [{name: v, secret: {secretName: theirs}}], containers: [{name: c, image: i}]}\n", `secrets "theirs", which is not of this run`},
		"others' secret in the environment": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n" +
			"spec: {containers: [{name: c, image: i, envFrom: [{secretRef: {name: theirs}}]}]}\n", `secrets "theirs", which is not of this run`},
		"others' configmap by projection": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n" +
			"spec: {volumes: [{name: v, projected: {sources: [{configMap: {name: theirs}}]}}], containers: [{name: c, image: i}]}\n", `configmaps "theirs", which is not of this run`},
		"a claim of others": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {volumes: [{name: v, persistentVolumeClaim: {claimName: theirs}}], containers: [{name: c, image: i}]}\n",
			"which this run has not made yet"},
		"an account of others": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {serviceAccountName: robot, containers: [{name: c, image: i}]}\n", "which this run has not made yet"},
		"an owner of others": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, ownerReferences: [{apiVersion: v1, kind: Pod, name: theirs, uid: 6f1c39b0-0000-4000-8000-000000000000}]}\n",
			"is not of this run"},
		"a token of others": {"apiVersion: v1\nkind: Secret\nmetadata: {name: x, annotations: {kubernetes.io/service-account.name: default}}\ntype: kubernetes.io/service-account-token\n", "it would hold the token"},
		"a pod for others' service": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {web: theirs}}\nspec: {containers: [{name: c, image: i}]}\n",
			`would be taken for those of service "theirs"`},
		"a pod for others' replicaset": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {role: theirs}}\nspec: {containers: [{name: c, image: i}]}\n",
			`would be taken for those of replicaset "theirs"`},
		"pods for others' service": {"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: x}\nspec:\n  replicas: 0\n  template:\n    metadata: {labels: {web: theirs}}\n    spec: {containers: [{name: c, image: i}]}\n",
			`would be taken for those of service "theirs"`},
		"a volume": {"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\n" +
			"spec: {volumeName: theirs, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n", "is in no namespace"},
		"a stateful set's claims": {"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: x}\nspec:\n  replicas: 0\n  serviceName: x\n  selector: {matchLabels: {app: theirs}}\n" +
			"  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]" + podTemplate, "may be claims that others have made"},
	} {
		a := attempt{steps: []string{"kubectl create -f m.yaml", bound}, files: map[string]string{"m.yaml": tc.manifest}}
		plan, err := a.plan()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before := b.theirs(t, "controllers")
		printed := b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "controllers"}, FailFast: true})
		if !strings.Contains(printed, tc.want) {
			t.Errorf("%s: expected %q, found\n%s", name, tc.want, printed)
		}
		if after := b.theirs(t, "controllers"); after != before {
			t.Errorf("%s: expected that what others have is as it was:\n%s\nfound\n%s", name, before, after)
		}
		b.assertNothingElse(t, name, printed)
	}
}

// testRequests sends what no command of kubectl would.
func (b *bench) testRequests(t *testing.T) {
	b.namespace(t, "requests")
	before := b.theirs(t, "requests", "kube-system")
	for name, s := range b.sessions(t, "requests") {
		cfg := rest.CopyConfig(b.server.Config)
		s.Wrap(cfg)
		client, err := rest.HTTPClientFor(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ns := s.Namespace
		own := "/api/v1/namespaces/" + ns
		if _, err := kubernetes.NewForConfigOrDie(cfg).CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "ours"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		const deleteOptions = `{"apiVersion":"v1","kind":"DeleteOptions"}`
		for _, tc := range []struct{ method, path, contentType, body string }{
			{"DELETE", own + "/configmaps?dryRun=All", "", deleteOptions},
			{"DELETE", own + "/configmaps", "", ""},
			{"GET", "/metrics", "", ""},
			{"GET", "/logs/", "", ""},
			{"GET", "/healthz", "", ""},
			{"POST", "/foo/bar", "", "{}"},
			{"POST", "/version", "", "{}"},
			{"GET", "/api/v1/namespaces/kube-system/configmaps", "", ""},
			{"GET", "/api/v1/watch/namespaces/" + ns + "/configmaps", "", ""},
			{"GET", own + "/../kube-system/configmaps", "", ""},
			{"GET", own + "/%2e%2e/kube-system/configmaps", "", ""},
			{"GET", "/api//v1/namespaces/" + ns + "/configmaps", "", ""},
			{"GET", "/x" + own + "/configmaps", "", ""},
			{"GET", own, "", ""},
			{"POST", own + "/serviceaccounts/default/token", "", "{}"},
			{"POST", own + "/pods/theirs/eviction", "", "{}"},
			{"POST", own + "/pods/theirs/binding", "", "{}"},
			{"PATCH", own + "/pods/theirs/ephemeralcontainers", "application/merge-patch+json", "{}"},
			{"PATCH", own + "/services/ours/status", "application/merge-patch+json", "{}"},
			{"POST", own + "/pods/theirs/portforward", "", ""},
			{"PUT", own + "/configmaps/ours", "", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ours"}}`},
			{"PATCH", own + "/configmaps/ours", "application/apply-patch+yaml", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ours"}}`},
			{"POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "", `{"spec":{"namespace":"kube-system"}}`},
			{"POST", "/apis/authorization.k8s.io/v1/namespaces/" + ns + "/localsubjectaccessreviews", "", `{}`},
		} {
			req, err := http.NewRequestWithContext(t.Context(), tc.method, b.server.Config.Host+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", tc.contentType)
			resp, err := client.Do(req)
			if err != nil {
				if !apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "may not request") {
					t.Errorf("%s: %s %s: %v", name, tc.method, tc.path, err)
				}
				continue
			}
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || resp.Header.Get("Audit-Id") != "" {
				t.Errorf("%s: %s %s: expected that it is not sent, found %s\n%s", name, tc.method, tc.path, resp.Status, text)
			}
		}
		if _, err := b.admin.CoreV1().ConfigMaps(ns).Get(t.Context(), "ours", metav1.GetOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if out := s.Close(t.Context()); out.Err != nil {
			t.Error(out.Err)
		}
	}
	if after := b.theirs(t, "requests", "kube-system"); after != before {
		t.Errorf("expected that what others have is as it was:\n%s\nfound\n%s", before, after)
	}
}

// sessions are one in an existing Namespace, and one in its own Namespace.
func (b *bench) sessions(t *testing.T, existing string) map[string]*session.Session {
	t.Helper()
	all := map[string]*session.Session{}
	for _, namespace := range []string{existing, ""} {
		s, err := session.Open(t.Context(), b.server.Config, "hostile", namespace, session.Options{Confined: true})
		if err != nil {
			t.Fatal(err)
		}
		all["in namespace "+s.Namespace] = s
	}
	return all
}

// testReplaced: the run's pod is deleted, and someone makes another of that name.
func (b *bench) testReplaced(t *testing.T) {
	b.namespace(t, "replaced")
	for _, step := range []string{"kubectl exec x -- true", "kubectl attach x", "kubectl label pod x a=b", `kubectl patch pod x -p '{"metadata":{"labels":{"a":"b"}}}'`, "kubectl delete pod x --grace-period=1"} {
		var theirs *corev1.Pod
		a := attempt{steps: []string{"kubectl run x --image=i", "kubectl delete pod x --now", step}}
		a.before = func(command string) {
			if command == step {
				theirs = b.pod(t, "replaced", "x")
			}
		}
		plan, err := a.plan()
		if err != nil {
			t.Fatal(err)
		}
		printed := b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "replaced"}, FailFast: true})
		if want := `pods "x" is not of this run (made`; !strings.Contains(printed, want) {
			t.Errorf("%s: expected %q, found\n%s", step, want, printed)
		}
		found, err := b.admin.CoreV1().Pods("replaced").Get(t.Context(), "x", metav1.GetOptions{})
		if err != nil || found.ResourceVersion != theirs.ResourceVersion {
			t.Fatalf("%s: expected that their pod is as it was, found %v, %v", step, found, err)
		}
		if err := b.admin.CoreV1().Pods("replaced").Delete(t.Context(), "x", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// testNamespaceReplaced: the run's Namespace is deleted, and someone makes another
// of that name.
func (b *bench) testNamespaceReplaced(t *testing.T) {
	var theirs *corev1.Pod
	a := attempt{steps: []string{"kubectl create configmap x", "kubectl label pod theirs a=b"}}
	a.before = func(command string) {
		if !strings.Contains(command, "label") {
			return
		}
		name := b.recorder.namespaceOfRun()
		if err := b.admin.CoreV1().Namespaces().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		for {
			_, err := b.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			if err == nil {
				break
			}
			if !apierrors.IsAlreadyExists(err) {
				t.Fatal(err)
			}
		}
		theirs = b.pod(t, name, "theirs")
	}
	plan, err := a.plan()
	if err != nil {
		t.Fatal(err)
	}
	printed := b.run(t, plan, a, engine.Options{FailFast: true})
	for _, want := range []string{`pods "theirs" is not of this run (made`, "was deleted, and is another one now"} {
		if !strings.Contains(printed, want) {
			t.Errorf("expected %q, found\n%s", want, printed)
		}
	}
	found, err := b.admin.CoreV1().Pods(theirs.Namespace).Get(t.Context(), "theirs", metav1.GetOptions{})
	if err != nil || found.ResourceVersion != theirs.ResourceVersion {
		t.Errorf("expected that their pod is as it was, found %v, %v", found, err)
	}
}

// testLabels: the run's own pod is given the labels of others' later.
func (b *bench) testLabels(t *testing.T) {
	b.namespace(t, "labels")
	a := attempt{steps: []string{"kubectl run x --image=i", "kubectl label pod x role=theirs"}}
	plan, err := a.plan()
	if err != nil {
		t.Fatal(err)
	}
	printed := b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "labels"}, FailFast: true})
	if want := `would be taken for those of replicaset "theirs"`; !strings.Contains(printed, want) {
		t.Errorf("expected %q, found\n%s", want, printed)
	}
}

// testPatches: the run's own objects are made to point at others' later.
func (b *bench) testPatches(t *testing.T) {
	b.namespace(t, "patches")
	for step, want := range map[string]string{
		`kubectl patch deployment x -p '{"spec":{"template":{"spec":{"volumes":[{"name":"v","secret":{"secretName":"theirs"}}]}}}}'`:  `secrets "theirs", which is not of this run`,
		`kubectl patch deployment x --type=json -p '[{"op":"add","path":"/spec/template/spec/serviceAccountName","value":"robot"}]'`:  "which this run has not made yet",
		`kubectl patch deployment x --type=merge -p '{"spec":{"template":{"metadata":{"labels":{"web":"theirs"}}}}}'`:                 `would be taken for those of service "theirs"`,
		`kubectl patch deployment x -p '{"metadata":{"labels":{"kubectl-kbe.github.io/run":null}}}'`:                                  "expected that it keeps the label",
		`kubectl patch service x --type=merge -p '{"spec":{"selector":{"kubectl-kbe.github.io/run":null}}}'`:                          "expected that it selects by the label",
		`kubectl patch service x -p '{"spec":{"externalIPs":["1.2.3.4"]}}'`:                                                           "would take traffic that is not the run's",
		`kubectl patch deployment x --subresource=status -p '{"status":{"replicas":1}}'`:                                              "an example may not request this",
		`kubectl patch pod x --subresource=$("ephemeralcontainers") -p '{"spec":{"ephemeralContainers":[{"name":"e","image":"i"}]}}'`: "an example may not request this",
		"kubectl patch deployment x --type=merge -p null":                                                                             "expected an object, found null",
	} {
		a := attempt{steps: []string{"kubectl create deployment x --image=i --replicas=0", "kubectl expose deployment x --port=80", "kubectl run x --image=i", step}}
		plan, err := a.plan()
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		before := b.theirs(t, "patches")
		printed := b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "patches"}, FailFast: true})
		if !strings.Contains(printed, want) {
			t.Errorf("%s: expected %q, found\n%s", step, want, printed)
		}
		if after := b.theirs(t, "patches"); after != before {
			t.Errorf("%s: expected that what others have is as it was:\n%s\nfound\n%s", step, before, after)
		}
		b.assertNothingElse(t, step, printed)
	}
}

// testShared: what examples do works beside others, and claims see it as the page has it.
func (b *bench) testShared(t *testing.T) {
	b.namespace(t, "shared")
	a := attempt{
		files: map[string]string{
			"m.yaml":   "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  replicas: 0\n  selector: {matchLabels: {app: theirs}}" + podTemplate,
			"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: kept}}\nspec: {volumes: [{name: v, configMap: {name: c}}], containers: [{name: c, image: i}]}\n",
			"rc.yaml":  "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: k}\nspec:\n  replicas: 0\n  selector: {app: kept}\n  template:\n    metadata: {labels: {app: kept}}\n    spec: {containers: [{name: c, image: i}]}\n",
		},
		steps: []string{
			"kubectl create configmap c --from-literal=a=b", "kubectl create -f pod.yaml", "kubectl create -f rc.yaml",
			"kubectl explain pods.spec", "kubectl api-resources -o wide", "kubectl api-versions",
			"kubectl apply -f m.yaml", "kubectl apply -f m.yaml", "kubectl scale deployment x --replicas=2", "kubectl rollout restart deployment x",
			"kubectl label pod p a=b", "kubectl annotate pod p a=b", "kubectl set image deployment x c=i:2", "kubectl set env deployment x A=b --from=configmap/c",
			"kubectl set resources deployment x --limits=cpu=1", `kubectl patch deployment x -p '{"spec":{"template":{"spec":{"containers":[{"name":"d","image":"i"}]}}}}'`,
			`kubectl patch deployment x --type=json -p '[{"op":"replace","path":"/spec/replicas","value":1}]'`, "kubectl events", "kubectl expose deployment x --port=80", "kubectl describe pod p",
			"kubectl get pods -l app=kept -o name", "kubectl get rc,deploy,svc -o wide", "kubectl create secret generic s --from-literal=a=b",
			"kubectl get secret s", "kubectl delete -f pod.yaml", "kubectl get pods --ignore-not-found",
		},
	}
	plan, err := a.plan()
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Confined(false); err != nil {
		t.Fatal(err)
	}
	before := b.theirs(t, "shared")
	printed := b.run(t, plan, a, engine.Options{Options: run.Options{Namespace: "shared"}, FailFast: true})
	if strings.Contains(strings.ToLower(printed), "error") || !strings.Contains(printed, "pod/p\n") || strings.Contains(printed, "exit code") {
		t.Errorf("expected that all commands run, found\n%s", printed)
	}
	if after := b.theirs(t, "shared"); after != before {
		t.Errorf("expected that what others have is as it was:\n%s\nfound\n%s", before, after)
	}
	left, err := b.objects.Resource(schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}).Namespace("shared").List(t.Context(), metav1.ListOptions{})
	if err != nil || slices.ContainsFunc(left.Items, func(unstructured.Unstructured) bool { return true }) {
		t.Errorf("expected that the run has left nothing, found %v, %v", left, err)
	}
}
