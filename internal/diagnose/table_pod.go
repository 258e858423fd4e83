package diagnose

import "time"

const (
	theContainer = `container "$container" of pod "$pod" `
	// In runc's words and in crun's (find_executable). CRI-O prints runc's log line, with escaped
	// quotation marks.
	noProgram = "(?:exec: \\\\?\"?|executable file `|the path `)(?P<program>[^\\\\\":`]+)[\\\\\"`]*:? ?(?:stat .*)?" +
		"(?:executable file not found|not found|no such file|permission denied|is a directory|exists but it is not executable|is not a regular file)"
	readLog = "read its output: kubectl logs $pod -n $namespace -c $container --previous"
)

const (
	// helpTime is within what an autoscaler, or whoever else helps a Pod that is not
	// scheduled, is heard of: cluster-autoscaler looks every 10 s (--scan-interval),
	// Karpenter collects Pods for 10 s at most (BATCH_MAX_DURATION).
	helpTime = 15 * time.Second
	// bootTime is within what a Node that has just come becomes Ready.
	bootTime = 20 * time.Second
	// lostTime is within what a Node whose heartbeats are only late is back.
	lostTime = time.Second
)

const (
	lostContainer = "was lost: $aNode, or its container runtime, was restarted or no longer knows it"
	// The kubelet's time is over, and it tries again: containerd; CRI-O.
	tooSlow    = `(^|desc = )context deadline exceeded$|name (".*" )?is reserved|due to system load`
	lookAtLoad = "look at the load and the disk of the node: kubectl describe node $node"

	notReadyNode = `node "$node", which pod "$pod" is on, is not Ready`
	lookAtNode   = "look at the node and at its kubelet: kubectl describe node $node"
)

// ends are the reasons that are given for the end of a Pod as a whole. They come
// before the containers, which end with it.
var ends = []row{
	{at: whole, message: "^Pod was rejected: ",
		what: `node "$node" does not admit pod "$pod"`, remedy: "fix the problem in the message, or run the pod on another node", outlook: Hopeless},
	{at: whole, reason: "EvictionByEvictionAPI|PreemptionByScheduler|DeletionByTaintManager|DeletionByPodGC|TerminationByKubelet|Preempted|TaintManagerEviction|Evicted",
		what: `pod "$pod" was evicted from node "$node"`, remedy: "run it again; if it repeats, look at what the node lacks: kubectl describe node $node", outlook: Hopeless},
	{at: whole, reason: "DeadlineExceeded", what: `pod "$pod" exceeded its activeDeadlineSeconds`,
		remedy: "raise the deadline, or remove it", outlook: Hopeless},
	{at: whole, reason: "Preempting|Terminated|NodeShutdown|Shutdown|NodeLost", what: `pod "$pod" was stopped by node "$node"`,
		remedy: "run it again; look at the node: kubectl describe node $node", outlook: Hopeless},
}

// containers are the causes of a container that does not start, or has ended
// (k8s.io/kubernetes, pkg/kubelet/kuberuntime and pkg/kubelet/container).
var containers = []row{
	{at: stopped, reason: "FailedPostStartHook", what: theContainer + "is killed repeatedly, because its postStart hook fails",
		remedy: "run the hook's command by hand: kubectl exec $pod -n $namespace -c $container -- COMMAND", outlook: Retried, workload: true},
	{at: stopped, reason: "Unhealthy", message: "^Liveness probe (failed|errored)", what: theContainer + "is restarted, because its liveness probe fails",
		remedy: "compare the probe's path, port and delay with what the program serves: kubectl describe pod $pod -n $namespace", outlook: Retried, workload: true},
	{at: stopped, reason: "Unhealthy", message: "^Startup probe (failed|errored)", what: theContainer + "is restarted, because its startup probe fails",
		remedy: "compare the probe's path, port and failureThreshold with what the program serves, and how soon: kubectl describe pod $pod -n $namespace", outlook: Retried, workload: true},
	// The kubelet, of a container that no longer exists; containerd, of one without its process.
	{at: crashed, reason: "ContainerStatusUnknown|Unknown", what: theContainer + lostContainer, remedy: lookAtNode, outlook: Retried},
	{at: restarting, reason: "ContainerStatusUnknown|Unknown", what: theContainer + lostContainer, remedy: lookAtNode, outlook: Slow},
	{at: crashed, reason: "OOMKilled", what: theContainer + "was killed, because it used more memory than its limit of $memory (OOMKilled)",
		remedy: "raise resources.limits.memory, or reduce the program's memory use", outlook: Retried, workload: true},
	{at: crashed, message: "(?i)exec format error", what: theContainer + "does not start: its program is for another architecture than $arch",
		remedy: "use an image that is built for that architecture: --image NAME=REF", outlook: Retried},
	// runc; crun.
	{at: crashed, message: "exec (container process (\\(missing dynamic library\\?\\) )?)?`?(?P<program>/[^:`\\s]+)`?: (no|No) such file",
		what:   theContainer + "does not start: its image lacks the interpreter or the loader that $program needs",
		remedy: "check the script's first line and its line endings, or how the program is linked", outlook: Retried},
	{at: crashed, reason: "StartError|ContainerCannotRun", message: noProgram,
		what:   theContainer + `does not start: its image has no executable "$program"`,
		remedy: "correct the command, or use an image that has it: --image NAME=REF", outlook: Retried},
	{at: crashed, reason: "StartError|ContainerCannotRun", what: theContainer + "does not start",
		remedy: "check the container's command, arguments and securityContext", outlook: Retried},
	{at: crashed, what: theContainer + "exited", remedy: readLog, outlook: Retried, workload: true},
	// It may run well the second time.
	{at: restarting, reason: "OOMKilled", what: theContainer + "was killed, because it used more memory than its limit of $memory (OOMKilled)",
		remedy: "raise resources.limits.memory, or reduce the program's memory use", outlook: Slow, workload: true},
	{at: restarting, what: theContainer + "exited and is restarted (CrashLoopBackOff)", remedy: readLog, outlook: Slow, workload: true},

	{at: waiting, reason: "CreateContainerConfigError", message: "runAsNonRoot and image (will run as root|has non-numeric user)",
		what:   theContainer + "does not start: securityContext.runAsNonRoot forbids root, and its image runs as root",
		remedy: "set securityContext.runAsUser to a number other than 0, or use an image with a non-root user: --image NAME=REF", outlook: Retried},
	{at: waiting, reason: "CreateContainerConfigError", message: `configmap "(?P<name>[^"]+)" not found`,
		what:   theContainer + `does not start: it needs the configmap "$name", which does not exist`,
		remedy: "create it: kubectl create configmap $name -n $namespace --from-literal=KEY=VALUE; or leave the reference out", outlook: Retried},
	{at: waiting, reason: "CreateContainerConfigError", message: `secret "(?P<name>[^"]+)" not found`,
		what:   theContainer + `does not start: it needs the secret "$name", which does not exist`,
		remedy: "create it: kubectl create secret generic $name -n $namespace --from-literal=KEY=VALUE; or leave the reference out", outlook: Retried},
	{at: waiting, reason: "CreateContainerConfigError", message: `couldn't find key (?P<key>\S+) in (ConfigMap|Secret) (?P<object>\S+)`,
		what:   theContainer + `does not start: it needs the key "$key" of $object, which has no such key`,
		remedy: "add the key, or correct its name in the container's env", outlook: Retried},
	{at: waiting, reason: "CreateContainerConfigError", message: "failed to sync (configmap|secret) cache|services have not yet been read",
		what:   theContainer + "does not start yet: the API server does not give $aNode what it needs",
		remedy: "give it time: that passes when the kubelet has been up for a moment", outlook: Slow},
	{at: waiting, reason: "CreateContainerConfigError", what: theContainer + "does not start: its configuration is invalid",
		remedy: "fix the field or the object in the message", outlook: Retried},
	// Kubelets up to 1.30; later ones reject the Pod.
	{at: waiting, reason: "Blocked", what: theContainer + "does not start: $aNode cannot enforce its AppArmor profile",
		remedy: "load the profile into the node, run the pod on a node that has it, or leave the profile out", outlook: Retried},
	{at: waiting, reason: "CreateContainerError|RunContainerError", message: noProgram, what: theContainer + `does not start: its image has no executable "$program"`,
		remedy: "correct the command, or use an image that has it: --image NAME=REF", outlook: Retried},
	{at: waiting, reason: "CreateContainerError|RunContainerError", message: tooSlow, what: theContainer + "does not start: the container runtime of $aNode does not finish in time",
		remedy: lookAtLoad, outlook: Unsettled},
	{at: waiting, reason: "CreateContainerError|RunContainerError", what: theContainer + "cannot be created on $aNode",
		remedy: "fix the problem in the message; otherwise check the node's container runtime", outlook: Unsettled},
	{at: waiting, reason: "PreStartHookError|PostStartHookError|PreCreateHookError", what: theContainer + "does not start: one of its hooks fails",
		remedy: "check the hook", outlook: Retried, workload: true},
	// ContainerCreating and PodInitializing are on their way, and have no row.
}

// pods are the other causes that are a Pod's as a whole.
var pods = []row{
	{at: whole, reason: "Succeeded", what: `pod "$pod" has ended: all its containers exited with 0, and its restartPolicy lets them`,
		remedy: "wait for it with --for=jsonpath or let its program stay", outlook: Hopeless, workload: true},
	{at: whole, what: `pod "$pod" has ended`, remedy: "look at it, and at its node: kubectl describe pod $pod -n $namespace; kubectl describe node $node", outlook: Hopeless},

	{at: scheduling, reason: "SchedulingGated", what: `pod "$pod" is held back by its scheduling gates`,
		remedy: "the owner of spec.schedulingGates must remove them", outlook: Unsettled, settle: helpTime},
	{at: scheduling, reason: "TriggeredScaleUp|Nominated", what: `pod "$pod" is not scheduled yet: the autoscaler adds a node for it`,
		remedy: "give it time; otherwise look at the autoscaler: kubectl describe pod $pod -n $namespace", outlook: Slow},
	{at: scheduling, reason: "NotTriggerScaleUp", what: `pod "$pod" is not scheduled: no node can run it, and the autoscaler adds none`,
		remedy: "free or add a matching node, or change the constraints (nodeSelector, requests, taints, cordon)", outlook: Retried},
	{at: scheduling, message: `persistentvolumeclaim "(?P<claim>[^"]+)" not found`, what: `pod "$pod" is not scheduled: its persistentvolumeclaim "$claim" does not exist`,
		remedy: "create it, or leave the volume out", outlook: Unsettled, settle: helpTime},
	{at: scheduling, message: `pod has unbound immediate PersistentVolumeClaims`, what: `pod "$pod" is not scheduled: one of its persistentvolumeclaims is not bound to a volume`,
		remedy: "see why: kubectl describe pvc -n $namespace", outlook: Unsettled, settle: helpTime},
	// Where each Pod is alone on its Node, as on Fargate and virtual kubelets.
	{at: scheduling, reason: "Unschedulable", message: `didn't match pod affinity rules`,
		what:   `pod "$pod" cannot be placed beside another: no node can run both`,
		remedy: "free a node for both, where the cluster places several pods on one node", outlook: Unsettled, settle: lostTime, harmless: true},
	{at: scheduling, reason: "Unschedulable", what: `pod "$pod" is not scheduled: no node can run it (Unschedulable)`,
		remedy: "free or add a matching node, or change the constraints (nodeSelector, requests, taints, cordon)", outlook: Unsettled, settle: helpTime},
	{at: scheduling, what: `pod "$pod" is not scheduled`, remedy: "look at the scheduler's log", outlook: Unsettled, settle: helpTime},

	// containerd; CRI-O; cri-dockerd.
	{at: starting, reason: "FailedCreatePodSandBox", message: `(failed to get sandbox image "|desc = failed to pull image "|creating pod sandbox .*docker://|failed pulling image ")(?P<sandbox>[^"\s]+?)("|:?\s)`,
		what:   `pod "$pod" does not start: $aNode cannot pull the image of its sandbox, $sandbox`,
		remedy: "load this image into the node, or have the container runtime pull it from a mirror", outlook: Unsettled},
	{at: starting, reason: "FailedCreatePodSandBox", message: `no runtime for "(?P<containerd>[^"]+)" is configured|failed to find runtime handler (?P<crio>\S+) from runtime list|RuntimeHandler "(?P<docker>[^"]+)" not supported`,
		what:   `pod "$pod" does not start: $aNode has no runtime "$containerd$crio$docker", which the pod's runtimeClassName requires`,
		remedy: "install it on the node, run the pod on a node that has it, or leave runtimeClassName out", outlook: Unsettled},
	// host-local; Amazon's; Cilium's; Calico's.
	{at: starting, reason: "FailedCreatePodSandBox", message: `no IP addresses available in range set|failed to assign an IP address to container|range is full|no more free affine blocks`,
		what:   `pod "$pod" does not start: the network plugin (CNI) of $aNode has no free IP address for it`,
		remedy: "wait, if pods are being deleted; otherwise enlarge the plugin's address range, or run fewer pods on the node", outlook: Unsettled},
	// containerd; CRI-O; cri-dockerd; flannel's file; Calico's.
	{at: starting, reason: "FailedCreatePodSandBox|NetworkNotReady", message: `cni (plugin not initialized|config not initialized|config uninitialized)|[Nn]o CNI configuration file in|NetworkPluginNotReady|flannel/subnet\.env: no such file|calico/nodename: no such file`,
		what:   `pod "$pod" does not start: the network plugin (CNI) of $aNode is not ready`,
		remedy: "wait, if the node has just started; otherwise look at the plugin's pod there: kubectl get pods -A --field-selector spec.nodeName=$node", outlook: Unsettled},
	{at: starting, reason: "FailedCreatePodSandBox", message: tooSlow, what: `pod "$pod" does not start: the container runtime of $aNode does not finish its sandbox in time`,
		remedy: lookAtLoad, outlook: Unsettled},
	{at: starting, reason: "FailedCreatePodSandBox", what: `pod "$pod" does not start: $aNode cannot create its sandbox`,
		remedy: "look at the node's network plugin (CNI) and container runtime: kubectl describe node $node", outlook: Unsettled},
	{at: starting, reason: "FailedMount", message: `failed to fetch token|failed to sync (configmap|secret) cache|configmap "kube-root-ca.crt" not found|references non-existent config key: ca.crt|not registered`,
		what:   `pod "$pod" does not start yet: $aNode cannot get the contents of a volume from the API server`,
		remedy: "wait: this resolves soon after the API server has started; otherwise check the API server and the node's kubelet", outlook: Slow},
	{at: starting, reason: "FailedMount|FailedAttachVolume", message: `(?P<kind>configmap|secret) "(?P<name>[^"]+)" not found`,
		what: `pod "$pod" does not start: one of its volumes needs the $kind "$name", which does not exist`, remedy: "create it, or leave the volume out", outlook: Unsettled},
	{at: starting, reason: "FailedMount", message: `references non-existent (config|secret) key: (?P<key>\S+)`,
		what:   `pod "$pod" does not start: one of its volumes needs the key "$key" of a configmap or secret, which has no such key`,
		remedy: "add the key, or correct its name in the volume's items", outlook: Unsettled},
	{at: starting, reason: "FailedMount|FailedAttachVolume|FailedMapVolume", message: `driver name (?P<driver>\S+) not found in the list of registered CSI drivers`,
		what:   `pod "$pod" does not start: $aNode has no CSI driver $driver, which one of its volumes needs`,
		remedy: "wait, if the node has just started; otherwise look at the driver's pod there: kubectl get pods -A --field-selector spec.nodeName=$node", outlook: Unsettled},
	{at: starting, reason: "FailedMount|FailedAttachVolume|FailedMapVolume", what: `pod "$pod" does not start: one of its volumes cannot be mounted`,
		remedy: "fix the problem in the message", outlook: Unsettled},

	{at: starting, reason: "FailedCreatePodContainer|FailedPrepareDynamicResources", what: `pod "$pod" does not start: $aNode cannot prepare what it needs`,
		remedy: "fix the problem in the message; otherwise look at the node: kubectl describe node $node", outlook: Unsettled},

	{at: alone, what: `node "$node" is not Ready`, remedy: lookAtNode, outlook: Unsettled, settle: lostTime},
	{at: node, reason: "KubeletNotReady", what: notReadyNode, remedy: lookAtNode, outlook: Unsettled, settle: bootTime},
	{at: node, what: notReadyNode, remedy: lookAtNode, outlook: Unsettled, settle: lostTime},

	{at: running, reason: "Unhealthy", message: "^Liveness", what: theContainer + "runs, but its liveness probe fails",
		remedy: "compare the probe's path, port and delay with what the program serves: kubectl describe pod $pod -n $namespace", outlook: Slow},
	{at: running, reason: "Unhealthy", what: theContainer + "runs, but its probe fails",
		remedy: "wait; otherwise compare the probe's path and port with what the program serves, and read its output: kubectl logs $pod -n $namespace -c $container", outlook: Slow},
}

// paths are the causes of a Pod that does not answer another one. The words are curl's.
var paths = []row{
	{at: path, reason: "Policy", message: unanswered,
		what:   `pod "$from" got no answer from pod "$to"; NetworkPolicies of namespace "$namespace" restrict the traffic between them: $policies`,
		remedy: "allow traffic between the pods of this namespace in a NetworkPolicy, or use a namespace without these policies: -n NAMESPACE", outlook: Hopeless},
	{at: path, reason: "OtherNodeFails", message: unanswered,
		what:   `pod "$from" on node "$fromNode" got no answer from pod "$to" on node "$toNode": the network between these nodes fails`,
		remedy: reachNodes, outlook: Hopeless},
	{at: path, reason: "OtherNode", message: unanswered,
		what:   `pod "$from" on node "$fromNode" got no answer from pod "$to" on node "$toNode"`,
		remedy: reachNodes + "; from where pod \"$to\" answers at all: kubectl kbe reach $to -n $namespace", outlook: Hopeless},
	{at: path, reason: "SameNode", message: unanswered,
		what:   `pod "$from" got no answer from pod "$to", on the same node "$toNode"`,
		remedy: "see from where it answers, with the NetworkPolicies that select it: kubectl kbe reach $to -n $namespace", outlook: Hopeless},
}

const (
	unanswered = `no answer yet|timed out|Timeout was reached|Timed out|No route to host|Host is unreachable|Network is unreachable`
	reachNodes = "see which nodes' pods reach which: kubectl kbe reach --nodes"
)
