package reach

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

// The containers of the run's Pods.
const (
	serviceContainer = "sise"
	shellContainer   = "shell"
)

// versionEnv is the variable by which the service knows which version to answer: a text
// that nothing else answers proves who did.
const versionEnv = "SIMPLE_SERVICE_VERSION"

// awaitListening ends when the service listens; also after half a minute, or without
// curl, so that the probes find out what is wrong.
const awaitListening = `i=0
until curl -qs -o /dev/null http://127.0.0.1:%d/health; do
	[ $? != 127 ] && [ $((i += 1)) -le 300 ] || break
	sleep 0.1
done`

// ServiceContainer runs the examples' service in a Pod of a run, on an image with
// Python 3 (3.8 or later), curl and a shell. The version should be one that nothing else
// answers.
//
// A Pod with it is Ready when the service listens, however long Python takes to start:
// the kubelet reports a container as running when its postStart hook has ended. The
// hook runs in the container, so a kubelet that does not reach its own Pods does not
// keep them from becoming Ready, as it would with a readiness probe.
func ServiceContainer(name, image, version string, port uint16) corev1.Container {
	hook := []string{"sh", "-c", fmt.Sprintf(awaitListening, port)}
	return corev1.Container{
		Name: name, Image: image, Command: []string{"python3", "-c", examples.Service},
		Env: []corev1.EnvVar{
			{Name: versionEnv, Value: version},
			{Name: "PORT0", Value: fmt.Sprint(port)},
		},
		Ports:     []corev1.ContainerPort{{ContainerPort: int32(port)}},
		Lifecycle: &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: hook}}},
		Resources: requests("24Mi"), // Python's 18 MiB
	}
}

// shell probes and serves nothing: in the network namespace of a node it must not take
// a port.
func shell(image string) corev1.Container {
	return corev1.Container{Name: shellContainer, Image: image, Command: []string{"sleep", "infinity"}, Resources: requests("8Mi")}
}

// requests are enough for a namespace whose quota requires them, and too little to be
// turned away by a busy node.
func requests(memory string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse(memory),
	}}
}

// limits are for a namespace whose quota requires them.
var limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("200m"), corev1.ResourceMemory: resource.MustParse("64Mi")}

// minimum is what a LimitRange requires of each container.
var minimum = regexp.MustCompile(`minimum (cpu|memory) usage per Container is (\S+),`)

// fit changes what a Pod requests where a quota denied it, which requires limits, or a LimitRange, which
// requires more. It reports whether it did.
func fit(pod *corev1.Pod, denied string) bool {
	least := minimum.FindAllStringSubmatch(denied, -1)
	needsLimits := strings.Contains(denied, "must specify limits.")
	for i := range pod.Spec.Containers {
		r := &pod.Spec.Containers[i].Resources
		if needsLimits {
			r.Limits = limits
		}
		for _, m := range least {
			if quantity, err := resource.ParseQuantity(m[2]); err == nil {
				r.Requests[corev1.ResourceName(m[1])] = quantity
			}
		}
	}
	return needsLimits || len(least) > 0
}

// versionOf is the version that a Pod's service answers, or "" where it has none.
func versionOf(pod *corev1.Pod) string {
	for _, c := range pod.Spec.Containers {
		for _, env := range c.Env {
			if env.Name == versionEnv {
				return env.Value
			}
		}
	}
	return ""
}
