package reach

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

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
	}
}

// shell probes and serves nothing: in the network namespace of a node it must not take
// a port.
func shell(image string) corev1.Container {
	return corev1.Container{Name: shellContainer, Image: image, Command: []string{"sleep", "infinity"}}
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
