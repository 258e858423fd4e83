package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// admissionFaults are what the API server denies in an existing Namespace.
var admissionFaults = []fault{
	{row: 5, name: "forbidden", how: "a user who may do nothing", code: 3,
		provoke: func(s *scene) []string { return append(s.service(), "-n", s.ownNamespace(nil), "--as", "jane") },
		want:    []string{`nothing was created, because user "jane" lacks these permissions:`, `create pods in namespace "fforbidden"`, "kubectl kbe rbac -n fforbidden "}},
	{row: 6, name: "nonamespaces", how: "a user who may not create namespaces", code: 3,
		provoke: func(s *scene) []string { return append(s.service(), "--as", "jane") },
		want:    []string{"create namespaces in the cluster", "To run in an existing namespace instead, use -n NAMESPACE", "kubectl kbe rbac "}},
	{row: 31, name: "taken", how: "a pod of somebody else has the name", code: 3,
		provoke: func(s *scene) []string {
			ns := s.ownNamespace(nil)
			theirs := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "subject"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "theirs"}}}}
			made, err := client(s.T).CoreV1().Pods(ns).Create(s.Context(), theirs, metav1.CreateOptions{})
			if err != nil {
				s.Fatal(err)
			}
			s.Cleanup(func() {
				now, err := client(s.T).CoreV1().Pods(ns).Get(context.Background(), "subject", metav1.GetOptions{})
				if err != nil || now.UID != made.UID || now.DeletionTimestamp != nil {
					s.Errorf("expected that the pod of somebody else is untouched, found %v, %v", now, err)
				}
			})
			return append(s.service(), "-n", ns)
		},
		want: []string{`pods "subject" already exists (made`, "was not changed: delete it, or run in another namespace"}},
	{row: 7, name: "quota", how: "a ResourceQuota of 0 pods", code: 3,
		provoke: func(s *scene) []string {
			ns := s.ownNamespace(nil)
			createQuota(s.T, ns, "no-pods", corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")})
			return append(s.service(), "-n", ns)
		},
		want: []string{"exceeded quota: no-pods", `the quota "no-pods" is used up: requested pods=1, used pods=0, limit pods=0`}},
	{row: 7, name: "limitrange", how: "a LimitRange of 64Mi, and a pod with 128Mi", code: 3,
		provoke: func(s *scene) []string {
			ns := s.ownNamespace(nil)
			limit := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "small"}, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
				Type: corev1.LimitTypeContainer, Max: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}}}}}
			if _, err := client(s.T).CoreV1().LimitRanges(ns).Create(s.Context(), limit, metav1.CreateOptions{}); err != nil {
				s.Fatal(err)
			}
			return append(s.pod(`
  containers: [{name: main, image: SERVICE, resources: {limits: {memory: 128Mi}}}]`), "-n", ns)
		},
		want: []string{"maximum memory usage per Container is 64Mi, but limit is 128Mi", "a LimitRange of the namespace forbids it"}},
	{row: 8, name: "restricted", how: "hostNetwork where the Pod Security Standard restricted is enforced", code: 3,
		provoke: func(s *scene) []string {
			ns := s.ownNamespace(map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
			return append(s.pod(`
  hostNetwork: true
  containers: [{name: main, image: SERVICE}]`), "-n", ns)
		},
		want: []string{`violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)`, "the namespace enforces the Pod Security Standard restricted:latest"}},
	{row: 9, name: "webhook", how: "an admission webhook that denies", code: 3,
		provoke: func(s *scene) []string {
			return s.behindWebhook(func(w http.ResponseWriter, r *http.Request) {
				var review admissionv1.AdmissionReview
				if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Result: &metav1.Status{Message: "pods need a cost centre"}}
				_ = json.NewEncoder(w).Encode(review) // the API server may be gone
			})
		},
		want: []string{`nothing was created, because namespace "fwebhook" does not admit these objects`, `admission webhook "pods.faults.example" denied the request: pods need a cost centre`, `the admission webhook "pods.faults.example" denied it`}},
	{row: 9, name: "slowhook", how: "an admission webhook that does not answer within its second", code: 3,
		provoke: func(s *scene) []string {
			return s.behindWebhook(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		},
		want: []string{`failed calling webhook "pods.faults.example"`, "does not respond, and nothing is admitted without it"}},
}

// behindWebhook is an example in a Namespace whose Pods a webhook has to admit.
func (s *scene) behindWebhook(answer http.HandlerFunc) []string {
	s.Helper()
	if embedded == nil {
		s.Skip("needs an address that the API server reaches, as in the embedded cluster")
	}
	ns := s.ownNamespace(nil)
	s.register(ns, s.webhookServer(answer))
	return append(s.service(), "-n", ns)
}

// webhookServer serves a webhook where the API server reaches it: in its own network
// namespace.
func (s *scene) webhookServer(answer http.HandlerFunc) admissionregistration.WebhookClientConfig {
	s.Helper()
	l, err := embedded.Listen(s.Context(), "kube-apiserver", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	ca, pair := certificate(s, time.Now().Add(time.Hour))
	s.serve(tls.NewListener(l, tlsConfig(pair)), answer)
	return admissionregistration.WebhookClientConfig{URL: ptr.To("https://" + l.Addr().String() + "/"), CABundle: ca}
}

func (s *scene) register(namespace string, at admissionregistration.WebhookClientConfig) {
	s.Helper()
	webhooks := client(s.T).AdmissionregistrationV1().ValidatingWebhookConfigurations()
	config := &admissionregistration.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: s.name},
		Webhooks: []admissionregistration.ValidatingWebhook{{
			Name:              "pods.faults.example",
			ClientConfig:      at,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
			Rules: []admissionregistration.RuleWithOperations{{
				Operations: []admissionregistration.OperationType{admissionregistration.Create},
				Rule:       admissionregistration.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
			FailurePolicy: ptr.To(admissionregistration.Fail), TimeoutSeconds: ptr.To[int32](1),
			SideEffects: ptr.To(admissionregistration.SideEffectClassNone), AdmissionReviewVersions: []string{"v1"},
		}},
	}
	if _, err := webhooks.Create(s.Context(), config, metav1.CreateOptions{}); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := webhooks.Delete(context.Background(), s.name, metav1.DeleteOptions{}); err != nil {
			s.Error(err)
		}
	})
	// It counts once the API server has read it.
	probe := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "probe-"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "none"}}}}
	eventually(s.T, "the webhook is asked", func(ctx context.Context) bool {
		_, err := client(s.T).CoreV1().Pods(namespace).Create(ctx, probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err != nil && strings.Contains(err.Error(), "pods.faults.example")
	})
}
