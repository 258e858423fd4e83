package kubectl

import (
	"cmp"
	"fmt"
	"maps"
	"sort"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd/util/podcmd"
	"k8s.io/kubectl/pkg/polymorphichelpers"
	"k8s.io/kubectl/pkg/util/podutils"
)

func init() { polymorphichelpers.LogsForObjectFn = chosen(polymorphichelpers.LogsForObjectFn) }

// chosen chooses the Pod and the container before `kubectl logs` does: that would say which, on
// the standard error of the process, and not on that of the command.
func chosen(logs polymorphichelpers.LogsForObjectFunc) (choose polymorphichelpers.LogsForObjectFunc) {
	choose = func(getter genericclioptions.RESTClientGetter, object, options runtime.Object, timeout time.Duration, allContainers bool) (map[corev1.ObjectReference]rest.ResponseWrapper, error) {
		f, isOurs := getter.(factory)
		opts, isLog := options.(*corev1.PodLogOptions)
		if !isOurs || !isLog {
			return logs(getter, object, options, timeout, allContainers)
		}
		if list, isList := object.(*corev1.PodList); isList {
			all := map[corev1.ObjectReference]rest.ResponseWrapper{}
			for i := range list.Items {
				of, err := choose(getter, &list.Items[i], options, timeout, allContainers)
				if err != nil {
					return nil, err
				}
				maps.Copy(all, of)
			}
			return all, nil
		}
		pod, isPod := object.(*corev1.Pod)
		if !isPod {
			var err error
			if pod, err = f.firstPod(object, timeout); err != nil {
				return nil, err
			}
		}
		if opts.Container == "" && !allContainers {
			opts = opts.DeepCopy()
			opts.Container = f.container(pod)
		}
		return logs(getter, pod, opts, timeout, allContainers)
	}
	return choose
}

// firstPod is the Pod of a workload whose logs are shown.
func (f factory) firstPod(object runtime.Object, timeout time.Duration) (*corev1.Pod, error) {
	cfg, err := f.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := corev1client.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	namespace, selector, err := polymorphichelpers.SelectorsForObject(object)
	if err != nil {
		return nil, fmt.Errorf("cannot get the logs from %T: %w", object, err)
	}
	pod, count, err := polymorphichelpers.GetFirstPod(client, namespace, selector.String(), timeout,
		func(pods []*corev1.Pod) sort.Interface { return podutils.ByLogging(pods) })
	if err == nil && count > 1 {
		fmt.Fprintf(f.stderr, "Found %d pods, using pod/%s\n", count, pod.Name)
	}
	return pod, err
}

// container is the one whose logs are shown of a Pod.
func (f factory) container(pod *corev1.Pod) string {
	annotated := pod.Annotations[podcmd.DefaultContainerAnnotationName]
	if c, _ := podcmd.FindContainerByName(pod, annotated); annotated != "" && c == nil {
		fmt.Fprintf(f.stderr, "Default container name %q not found in pod %s\n", annotated, pod.Name)
		annotated = ""
	}
	name := cmp.Or(annotated, pod.Spec.Containers[0].Name)
	if annotated == "" && len(pod.Spec.Containers)+len(pod.Spec.InitContainers)+len(pod.Spec.EphemeralContainers) > 1 {
		fmt.Fprintf(f.stderr, "Defaulted container %q out of: %s\n", name, podcmd.AllContainerNames(pod))
	}
	return name
}
