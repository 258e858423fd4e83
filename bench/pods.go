package main

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// prepare learns the example's pods from a run, and writes the scripts.
func (l *lab) prepare(ctx context.Context) error {
	l.script, l.page, l.markdown = filepath.Join(l.dir, "script.sh"), filepath.Join(l.dir, "page.sh"), filepath.Join(l.dir, "page.md")
	if err := os.WriteFile(l.markdown, markdown, 0o600); err != nil {
		return err
	}
	pods := l.client.CoreV1().Pods(metav1.NamespaceAll)
	before, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var r v1alpha1.Report
	if _, err := l.report(ctx, &r, "pods", "--report-file", "script="+l.script); err != nil {
		return err
	}
	// The API server reports what has happened since.
	w, err := pods.Watch(ctx, metav1.ListOptions{ResourceVersion: before.ResourceVersion})
	if err != nil {
		return err
	}
	defer w.Stop()
	for ev := range w.ResultChan() {
		if pod, ok := ev.Object.(*corev1.Pod); ok && ev.Type == watch.Added && pod.Namespace == r.Run.Namespace {
			l.pods = append(l.pods, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Labels: pod.Labels}, Spec: pod.Spec})
		}
		if len(l.pods) == len(r.Pods) {
			return os.WriteFile(l.page, []byte(page), 0o600)
		}
	}
	return fmt.Errorf("the watch ended with %d of the %d pods of a run", len(l.pods), len(r.Pods))
}

// page is the page of 2017, by hand: two pods, and one to ask from.
const page = `set -eu
kubectl create namespace by-hand
trap 'kubectl delete namespace by-hand' EXIT
until kubectl get serviceaccount default -n by-hand >/dev/null 2>&1; do :; done
kubectl run sise -n by-hand --image=docker.io/mhausenblas/simpleservice:0.5.0 --port=9876
kubectl run client -n by-hand --image=quay.io/centos/centos:stream9 -- sleep infinity
kubectl wait -n by-hand --for=condition=Ready pod/sise pod/client
kubectl get pods -n by-hand
ip=$(kubectl describe pod sise -n by-hand | sed -n 's/^IP: *//p')
kubectl exec client -n by-hand -- curl -sS --retry 9 --retry-delay 1 --retry-connrefused "$ip:9876/info"
kubectl delete pod sise client -n by-hand --now
kubectl create -n by-hand -f - <<'POD'
apiVersion: v1
kind: Pod
metadata: {name: twocontainers}
spec:
  containers:
  - {name: sise, image: "docker.io/mhausenblas/simpleservice:0.5.0"}
  - {name: shell, image: "quay.io/centos/centos:stream9", command: [sleep, infinity]}
POD
kubectl wait -n by-hand --for=condition=Ready pod/twocontainers
kubectl exec twocontainers -n by-hand -c shell -- curl -sS --retry 9 --retry-delay 1 --retry-connrefused localhost:9876/info
kubectl delete pod twocontainers -n by-hand --now
`

// markdown is a page of 20 commands, which is true.
//
//go:embed testdata/page.md
var markdown []byte

// podsStart watches the cluster's pods while something runs, and says how long at least one pod
// of a namespace was on its way from its creation until it is as ready as it gets, and until its
// program listens: what a run cannot be faster than, as limit has it. The times are those at which
// the watch saw it, since the cluster's own are in whole seconds.
func (l *lab) podsStart(ctx context.Context, run func() (namespace string, err error)) (all time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w, err := l.client.CoreV1().Pods(metav1.NamespaceAll).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	type key struct{ namespace, name string }
	type start struct{ created, ready time.Time }
	starts := map[key]*start{}
	var following sync.WaitGroup
	following.Go(func() {
		asked := map[key]bool{}
		for ev := range w.ResultChan() {
			pod, ok := ev.Object.(*corev1.Pod)
			if !ok {
				continue
			}
			k := key{pod.Namespace, pod.Name}
			s := starts[k]
			if s == nil {
				s = &start{created: time.Now()}
				starts[k] = s
			}
			if !asked[k] && isReady(pod) {
				asked[k] = true
				following.Go(func() {
					if l.awaitListening(ctx, pod) == nil {
						s.ready = time.Now()
					}
				})
			}
		}
	})
	namespace, err := run()
	stop()
	w.Stop()
	following.Wait()
	maps.DeleteFunc(starts, func(k key, s *start) bool { return k.namespace != namespace || s.ready.IsZero() })
	var until time.Time
	for _, s := range slices.SortedFunc(maps.Values(starts), func(a, b *start) int { return a.created.Compare(b.created) }) {
		if s.created.After(until) {
			until = s.created
		}
		if s.ready.After(until) {
			all, until = all+s.ready.Sub(until), s.ready
		}
	}
	return all, err
}

// limit makes all the pods of a run at once, and waits by watch until each is as
// ready as it gets, and until the programs that serve listen. It is what a run cannot be
// faster than.
func (l *lab) limit(ctx context.Context) (s sample, err error) {
	namespace := fmt.Sprintf("limit-%d", time.Now().UnixNano())
	core := l.client.CoreV1()
	if _, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		return s, err
	}
	defer func() {
		if e := l.removeNamespace(context.WithoutCancel(ctx), namespace); err == nil {
			err = e
		}
	}()
	for {
		if _, err := core.ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{}); err == nil {
			break
		} else if !apierrors.IsNotFound(err) {
			return s, err
		}
	}
	w, err := core.Pods(namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return s, err
	}
	defer w.Stop()
	begin, used := time.Now(), cpuSeconds()
	errs := make(chan error, len(l.pods))
	for _, pod := range l.pods {
		go func() {
			_, err := core.Pods(namespace).Create(ctx, pod, metav1.CreateOptions{})
			errs <- err
		}()
	}
	for range l.pods {
		if err := <-errs; err != nil {
			return s, err
		}
	}
	ready := map[string]bool{}
	var listening errgroup.Group
	for ev := range w.ResultChan() {
		if pod, ok := ev.Object.(*corev1.Pod); ok && ev.Type != watch.Deleted && !ready[pod.Name] && isReady(pod) {
			ready[pod.Name] = true
			listening.Go(func() error { return l.awaitListening(ctx, pod) })
		}
		if len(ready) == len(l.pods) {
			err := listening.Wait()
			return sample{Seconds: time.Since(begin).Seconds(), CPUSeconds: cpuSeconds() - used}, err
		}
	}
	return s, fmt.Errorf("the watch of namespace %s ended with %d of %d pods ready", namespace, len(ready), len(l.pods))
}

// awaitListening waits until the page's program in a pod answers through the API server; a
// pod without it, or with one that has ended, is not waited for.
func (l *lab) awaitListening(ctx context.Context, pod *corev1.Pod) error {
	if pod.Spec.RestartPolicy == corev1.RestartPolicyNever ||
		!slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return strings.Contains(c.Image, "simpleservice") }) {
		return nil
	}
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := l.client.CoreV1().Pods(pod.Namespace).ProxyGet("http", pod.Name, "9876", "/health", nil).DoRaw(ctx)
		return err == nil, nil
	})
}

// isReady reports whether the pod is Ready, or has ended a container for good: then
// it never will be.
func isReady(pod *corev1.Pod) bool {
	if pod.Spec.RestartPolicy == corev1.RestartPolicyNever && slices.ContainsFunc(pod.Status.ContainerStatuses,
		func(c corev1.ContainerStatus) bool { return c.State.Terminated != nil }) {
		return true
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// removeNamespace removes a namespace and its pods, and waits until it is deleted.
func (l *lab) removeNamespace(ctx context.Context, name string) error {
	_, err := l.command(ctx, "kubectl", "delete", "pods", "--all", "--now", "--wait=false", "-n", name).measure()
	if err == nil {
		_, err = l.command(ctx, "kubectl", "delete", "namespace", name).measure()
	}
	return err
}

// byHand runs a script with the real kubectl.
func (l *lab) byHand(ctx context.Context, script string) (sample, error) {
	return l.counted(ctx, "kubectl/", l.command(ctx, "bash", script).measure)
}
