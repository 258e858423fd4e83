package service

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// wait ends when the program listens; also after half a minute, or without curl, so
// that the probes find out what is wrong.
const wait = `i=0
until curl -qs -o /dev/null http://127.0.0.1:%d/health; do
	[ $? != 127 ] && [ $((i += 1)) -le 300 ] || break
	sleep 0.1
done`

// Container runs the program in a Pod of a run, on an image with Python 3, curl and a
// shell. The version should be one that nothing else answers.
//
// A Pod with it is Ready when the program listens, however long Python takes to start:
// the kubelet reports a container as running when its postStart hook has ended. The
// hook runs in the container, so a kubelet that does not reach its own Pods does not
// keep them from becoming Ready, as it would with a readiness probe.
func Container(name, image, version string, port uint16) corev1.Container {
	return corev1.Container{
		Name: name, Image: image, Command: Command(),
		Env: []corev1.EnvVar{
			{Name: "SIMPLE_SERVICE_VERSION", Value: version},
			{Name: "PORT0", Value: fmt.Sprint(port)},
		},
		Ports:     []corev1.ContainerPort{{ContainerPort: int32(port)}},
		Lifecycle: &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", fmt.Sprintf(wait, port)}}}},
		// Python's 18 MiB: enough for a namespace whose quota asks for requests, and too
		// little to be turned away by a busy node.
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("24Mi"),
		}},
	}
}
