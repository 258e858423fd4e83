package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// onCluster are events as Kubernetes v1.37 prints them.
const onCluster = `Name:             web
Events:
  Type     Reason     Age                From               Message
  ----     ------     ----               ----               -------
  Normal   Scheduled  65s                default-scheduler  Successfully assigned kbe-page-abcde/web to node-1
  Normal   Pulling    64s                kubelet            spec.containers{app}: Pulling image "nginx:1.29"
  Normal   Pulled     61s                kubelet            spec.containers{app}: Successfully pulled image "nginx:1.29" in 2.811s (2.811s including waiting). Image size: 59000000 bytes.
  Normal   Created    60s (x2 over 61s)  kubelet            spec.containers{app}: Container created
  Normal   Started    60s (x2 over 61s)  kubelet            spec.containers{app}: Container started
  Warning  Unhealthy  3s (x4 over 33s)   kubelet            spec.containers{app}: Readiness probe failed: Get "http://10.244.1.2:80/": dial tcp 10.244.1.2:80: connect: connection refused
`

// TestEvents: what a page shows of events, what is reported, and the rows as they are corrected.
func TestEvents(t *testing.T) {
	const header = "  Type    Reason     Age    From               Message\n  ----    ------     ----   ----               -------\n"
	got := "LAST SEEN   TYPE      REASON      OBJECT    MESSAGE\n3s          Warning   Unhealthy   pod/web   Readiness probe failed\n5s          Normal    Scheduled   pod/web   Successfully assigned kbe-page-abcde/web to node-1\n"
	pending := "  Warning  FailedScheduling  35s   default-scheduler  0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.\n"
	for name, tc := range map[string]struct {
		command, shown, found string
		want                  []string
		corrected             string
	}{
		"other ages, nodes and durations": {"describe pod web", "Name:   web\nEvents:\n" + header +
			"  Normal  Scheduled  3m (x4 over 5m)  default-scheduler  Successfully assigned default/web to minikube\n" +
			"  Normal  Pulled     2m     kubelet            Successfully pulled image \"nginx:1.29\" in 12.1s (12.1s including waiting)\n" +
			"  Normal  Started    <unknown>     kubelet, minikube            Started container app", onCluster, nil, ""},
		"another order, and an image that the node has": {"describe pod web", "Events:\n" + header +
			"  Normal  Created    2m     kubelet            Created container: app\n" +
			"  Normal  Pulled     2m     kubelet            Container image \"nginx:1.29\" already present on machine\n" +
			"  Normal  Scheduled  2m     default-scheduler  Successfully assigned web to minikube", onCluster, nil, ""},
		"more rows on the page": {"describe pod web", "Events:\n" + header +
			"  Warning Unhealthy  2m     kubelet            Readiness probe failed: Get \"http://172.17.0.3:80/\": dial tcp 172.17.0.3:80: connect: connection refused\n" +
			"  Warning Unhealthy  1m     kubelet            Readiness probe failed: Get \"http://172.17.0.3:80/\": dial tcp 172.17.0.3:80: connect: connection refused", onCluster, nil, ""},
		"single blanks":            {"describe pod web", "Events:\n  Type Reason Age From Message\n  ---- ------ ---- ---- -------\n  Normal Scheduled 34s default-scheduler Successfully assigned  default/web to kube-worker-1", onCluster, nil, ""},
		"the end of a description": {"describe pod web | tail -n 2", "  Normal  Started  5s  kubelet  Started container app\n  Normal  Pulling  8s  kubelet  pulling image \"nginx:1.29\"", onCluster, nil, ""},
		"no events any more":       {"describe pod web", "Name:   web\nEvents:  <none>", onCluster, nil, ""},
		"some that are left out":   {"describe pod web", "Name:   web\n...\n  Normal  Started  5s  kubelet  Started container app\n...", onCluster, nil, ""},
		"other numbers of nodes":   {"describe pod web", "Events:\n  Warning  FailedScheduling  9h (x108 over 18h)  default-scheduler  0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.", pending, nil, ""},
		"the words of a version and a runtime": {"describe deployment web", "Events:\n" + header +
			"  Normal   ScalingReplicaSet  5m  deployment-controller  Scaled up replica set web-7fb96c846b to 3\n" +
			"  Warning  BackOff            5m  kubelet  Back-off restarting failed container\n" +
			"  Warning  Failed             5m  kubelet  Failed to pull image \"nginx:0\": rpc error: code = NotFound", "Events:\n" + header +
			"  Normal   ScalingReplicaSet  5s  deployment-controller  Scaled up replica set web-6d4cf56db6 from 0 to 3\n" +
			"  Warning  BackOff            5s  kubelet  spec.containers{app}: Back-off restarting failed container app in pod web_kbe-page-abcde(5f0b5f3e)\n" +
			"  Warning  Failed             5s  kubelet  spec.containers{app}: Failed to pull image \"nginx:0\": failed to resolve reference", nil, ""},
		"another number of replicas": {"describe deployment web", "Events:\n" + header + "  Normal  ScalingReplicaSet  5m  deployment-controller  Scaled up replica set web-7fb96c846b to 3",
			"Events:\n" + header + "  Normal  ScalingReplicaSet  5s  deployment-controller  Scaled up replica set web-6d4cf56db6 from 0 to 2\n", []string{"7: the cluster shows another event with the reason ScalingReplicaSet"}, ""},
		"before Kubernetes 1.8": {"describe pod web", "Events:\n  FirstSeen\tLastSeen\tCount\tFrom\tSubObjectPath\tType\tReason\tMessage\n  ---------\t--------\t-----\t----\t-------------\t--------\t------\t-------\n" +
			"  5m\t5m\t1\t{default-scheduler }\t\tNormal\tScheduled\tSuccessfully assigned web to minikube\n  5m\t5m\t1\t{kubelet minikube}\tspec.containers{app}\tNormal\tPulling\tpulling image \"nginx:1.29\"",
			onCluster, []string{"5: the cluster shows events in other columns"}, ""},
		"get": {"get events", "LAST SEEN   TYPE     REASON      OBJECT    MESSAGE\n12m         Normal   Scheduled   pod/web   Successfully assigned default/web to kind-worker", got, nil, ""},
		"kubectl events": {"events --for pod/web -w", "LAST SEEN            TYPE      REASON      OBJECT    MESSAGE\n12m                  Normal    Scheduled   Pod/web   Successfully assigned default/web to kind-worker\n3s (x2 over 5m12s)   Warning   Unhealthy   Pod/web   Readiness probe failed",
			strings.ReplaceAll(got, "pod/", "Pod/"), nil, ""},
		"columns that are left out": {"describe pod web", "Name:   web\n...\nEvents:\n" + header +
			"  Normal  Scheduled  ...  default-scheduler  Successfully assigned default/web to minikube\n" +
			"  Normal  Pulling    ...  kubelet            ...\n" +
			"  ...     Started    5s   kubelet            Started container app\n  Normal  Started    5s   kubelet            ...\n  …  …  …  kubelet  Pulling image \"nginx:1.29\"", onCluster, nil, ""},
		"columns of get that are left out": {"get events", "LAST SEEN   TYPE     ...   OBJECT    MESSAGE\n12m         Normal   ...   pod/web   Successfully assigned default/web to kind-worker\n...", got, nil, ""},
		"an error beside a column that is left out": {"describe pod web", "Name:   web\n...\nEvents:\n" + header + "  Normal  Pulling  ...  kubelet  Pulling image \"nginx:1.7\"", onCluster,
			[]string{"9: the cluster shows another event with the reason Pulling"}, "Name:   web\n...\nEvents:\n" + header + "  Normal  Pulling  ...  kubelet  Pulling image \"nginx:1.29\""},
		"a reason that never occurs": {"describe pod web", "Name:   web\nEvents:\n" + header + "  Normal  Scheduled  2m     default-scheduler  Successfully assigned default/web to minikube\n  Warning  FailedMount  1m  kubelet  Unable to attach or mount volumes", onCluster,
			[]string{"9: the cluster shows no event with the reason FailedMount"}, "Name:   web\nEvents:\n" + header + "  Normal  Scheduled  2m     default-scheduler  Successfully assigned default/web to minikube"},
		"another image": {"describe pod web", "Events:\n" + header + "  Normal  Pulling  1m  kubelet  Pulling image \"nginx:1.7\"", onCluster,
			[]string{"7: the cluster shows another event with the reason Pulling"}, "Events:\n" + header + "  Normal  Pulling  1m  kubelet  Pulling image \"nginx:1.29\""},
		"another container": {"describe pod web", "Events:\n" + header + "  Normal  Started  1m  kubelet  Started container db", onCluster,
			[]string{"7: the cluster shows another event with the reason Started"}, ""},
		"another pod": {"describe pod web", "Events:\n" + header + "  Normal  Scheduled  1m  default-scheduler  Successfully assigned default/db to minikube", onCluster, []string{"7: the cluster shows another event with the reason Scheduled"}, ""},
		"another reason of get": {"get events", "LAST SEEN   TYPE     REASON      OBJECT    MESSAGE\n12m         Normal   Evicted   pod/web   The node was low on resource", got,
			[]string{"5: the cluster shows no event with the reason Evicted"}, "LAST SEEN   TYPE     REASON      OBJECT    MESSAGE"},
		"none": {"describe pod web", "Name:   web\nEvents:\n" + header + "  Normal  Killing  1m  kubelet  Stopping container app", "Name:  web\nEvents:  <none>\n",
			[]string{"8: the cluster shows no event with the reason Killing"}, "Name:   web\nEvents:\n" + strings.TrimSuffix(header, "\n")},
	} {
		p := read(t, "page.md", fmt.Sprintf("# Page\n```\n$ kubectl %s\n%s\n```\n", tc.command, tc.shown))
		out := outputsOf{"3": {Stdout: tc.found}}
		found, corrected := findings(p, out)
		if !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
		if len(tc.want) == 0 && corrected != p.Text() || !strings.Contains(corrected, "\n"+tc.corrected) {
			t.Errorf("%s: expected\n%s\nfound\n%s", name, tc.corrected, corrected)
		}
		if again, _ := findings(read(t, "page.md", corrected), out); tc.corrected != "" && len(again) > 0 {
			t.Errorf("%s: expected that the corrected page is true, found %q", name, again)
		}
	}
}
