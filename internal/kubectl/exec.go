package kubectl

import (
	"cmp"
	"context"
	"io"

	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/kubectl/pkg/cmd/exec"
	"k8s.io/kubectl/pkg/scheme"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Exec returns a function that runs a program in a container, as `kubectl exec
// -i` does: by WebSocket, or by SPDY where a proxy breaks that. Unlike Run it
// hands the output on as it comes. The error of a program that ran and failed is a
// k8s.io/client-go/util/exec.CodeExitError. Where ctx ends first, the error is its cause, and the
// program may still write.
func (k *Kubectl) Exec(pod, container string) func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
	return func(ctx context.Context, command []string, stdin io.Reader, stdout, stderr io.Writer) error {
		cfg, err := k.getter.ToRESTConfig()
		if err != nil {
			return err
		}
		client, err := corev1client.NewForConfig(cfg)
		if err != nil {
			return err
		}
		req := client.RESTClient().Post().Resource("pods").Namespace(k.getter.namespace).Name(pod).SubResource("exec").
			VersionedParams(&corev1.PodExecOptions{
				Container: container,
				Command:   command,
				Stdin:     stdin != nil,
				Stdout:    stdout != nil,
				Stderr:    stderr != nil,
			}, scheme.ParameterCodec)
		// Until the connection is upgraded, nothing ends with the context: on a node that stands still,
		// the kubelet never answers.
		ended, err := wait.Call(ctx, func() error {
			return (&exec.DefaultRemoteExecutor{}).ExecuteWithContext(ctx, req.URL(), cfg, stdin, stdout, stderr, false, nil)
		})
		return cmp.Or(ended, err)
	}
}
