package diagnose

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// runtimeText is what a container runtime, or a kubelet, says of a Pod "p" on Node "node-1",
// whose container "main" has the image a/b:1. The key of a table of them says which programs
// print it, in which versions.
type runtimeText struct {
	said, what string
	outlook    Outlook
}

const (
	noImage       = `the image a/b:1 does not exist`
	noCredentials = `the registry requires credentials for the image a/b:1 on node "node-1" (401), or the image does not exist`
	denied        = `the registry denies node "node-1" the image a/b:1 (403)`
	noRegistry    = `node "node-1" cannot reach the registry of the image a/b:1`
	registryError = `the registry of the image a/b:1 has an internal error`
	tooMany       = `the registry limits pulls of the image a/b:1 (429)`
	noVariant     = `the image a/b:1 has no variant for node "node-1"`
	oldManifest   = `the image a/b:1 has a schema 1 manifest, which container runtimes no longer support`
	shortName     = `node "node-1" does not pull the image a/b:1 by its short name: the container runtime knows no one registry for it`
	noSignature   = `the signature policy of node "node-1" does not accept the image a/b:1`
	diskFull      = `node "node-1" has no disk space for the image a/b:1`
	notUnpacked   = `node "node-1" cannot unpack the image a/b:1`
)

// The kubelet leaves out the code of an error of the runtime where it is Unknown.
var imageTexts = map[string]runtimeText{
	"containerd 1.7 to 2.3: no such image": {
		`rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": docker.io/a/b:1: not found`, noImage, Retried},
	"containerd 1.7 to 2.3: a tag that looks like a status": {
		`rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:403": failed to resolve reference "docker.io/a/b:403": docker.io/a/b:403: not found`, noImage, Retried},
	"CRI-O 1.28 to 1.33: no such image": {`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: manifest unknown`, noImage, Retried},
	"CRI-O 1.34: no such image": {
		`unable to pull image or OCI artifact: pull image err: initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: manifest unknown; artifact err: get manifest: build image source: reading manifest 1 in docker.io/a/b: manifest unknown`, noImage, Retried},
	"CRI-O 1.28 to 1.34: no such image, without a reason": {`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: StatusCode: 404, ""`, noImage, Retried},
	"Docker 24 to 29: no such image":                      {`Error response from daemon: manifest for a/b:1 not found: manifest unknown: manifest unknown`, noImage, Retried},

	"containerd 1.7 to 2.3: Docker Hub, no such repository": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`, noCredentials, Retried},
	"containerd 1.7 to 2.3: ECR, no credentials": {
		`failed to pull and unpack image "1.dkr.ecr.eu-west-1.amazonaws.com/a/b:1": failed to resolve reference "1.dkr.ecr.eu-west-1.amazonaws.com/a/b:1": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`, noCredentials, Retried},
	"CRI-O 1.28 to 1.34: Docker Hub, no such repository": {
		`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: requested access to the resource is denied`, noCredentials, Retried},
	"CRI-O 1.28 to 1.34: a wrong password": {
		`initializing source docker://a/b:1: unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password`, noCredentials, Retried},
	"Docker 24 to 28: Docker Hub, no such repository": {
		`Error response from daemon: pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`, noCredentials, Retried},
	"containerd 1.7 to 2.3: GHCR, no such repository": {
		`failed to pull and unpack image "ghcr.io/a/b:1": failed to resolve reference "ghcr.io/a/b:1": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aa%2Fb%3Apull&service=ghcr.io: 403 Forbidden`, denied, Retried},
	"CRI-O 1.28 to 1.34: a registry that denies without a reason": {
		`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: StatusCode: 403, ""`, denied, Retried},

	"containerd 1.7 to 2.3: too many pulls": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": unexpected status from HEAD request to https://registry-1.docker.io/v2/a/b/manifests/1: 429 Too Many Requests`, tooMany, Unsettled},
	"CRI-O 1.28 to 1.34: too many pulls": {
		`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: toomanyrequests: You have reached your pull rate limit.`, tooMany, Unsettled},
	"CRI-O 1.28 to 1.34: too many pulls, without a reason": {`reading blob sha256:1: fetching blob: too many requests to registry`, tooMany, Unsettled},
	"kubelet 1.29 to 1.37: too many pulls at once":         {`pull QPS exceeded`, `node "node-1" pulls as many images as it may at once`, Slow},

	"CRI-O 1.28 to 1.34: a registry that does not answer": {
		`initializing source docker://a/b:1: pinging container registry registry.example: Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: i/o timeout`, noRegistry, Unsettled},
	"CRI-O 1.28 to 1.34 and kubelet 1.29 to 1.37: a registry that is down": {
		`image pull failed for a/b:1 because the registry is unavailable: initializing source docker://a/b:1: pinging container registry registry.example: Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused`, noRegistry, Unsettled},
	"Docker 24 to 29: a registry that does not answer": {
		`Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`, noRegistry, Unsettled},
	"Docker 24 to 29: a registry behind a proxy that does not answer": {
		`Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout`, noRegistry, Unsettled},
	"containerd 1.7 to 2.3: a pull without progress": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://registry-1.docker.io/v2/a/b/blobs/sha256:1": context canceled`, noRegistry, Unsettled},
	"containerd 1.7 to 2.3: a registry without TLS": {
		`failed to pull and unpack image "registry.example:5000/a/b:1": failed to resolve reference "registry.example:5000/a/b:1": failed to do request: Head "https://registry.example:5000/v2/a/b/manifests/1": http: server gave HTTP response to HTTPS client`,
		`the registry of the image a/b:1 does not use TLS, which node "node-1" requires`, Retried},
	"containerd 1.7 to 2.3: a registry that fails": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/a/b/blobs/sha256:1: 503 Service Unavailable`, registryError, Unsettled},
	"CRI-O 1.28 to 1.34: a registry that fails": {
		`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: received unexpected HTTP status: 502 Bad Gateway`, registryError, Unsettled},
	"CRI-O 1.28 to 1.34: a registry that fails without a reason": {
		`initializing source docker://a/b:1: reading manifest 1 in docker.io/a/b: StatusCode: 500, "oops"`, registryError, Unsettled},
	"cri-dockerd 0.3 and 0.4, kubelet 1.29 to 1.37: a registry that fails": {
		`image pull failed for a/b:1 because the registry is unavailable: received unexpected HTTP status: 503 Service Unavailable`, registryError, Unsettled},

	"containerd 1.7 to 2.3: another architecture": {
		`rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/a/b:1": no match for platform in manifest: not found`, noVariant, Retried},
	"CRI-O 1.28 to 1.30: another architecture": {
		`choosing an image from manifest list docker://a/b:1: no image found in manifest list for architecture arm64, variant "v8", OS linux`, noVariant, Retried},
	"CRI-O 1.31 to 1.34: another architecture": {
		`choosing an image from manifest list docker://a/b:1: no image found in image index for architecture "arm64", variant "v8", OS "linux"`, noVariant, Retried},
	"Docker 24 to 28: another architecture": {`Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries`, noVariant, Retried},
	"Docker 29: another architecture": {
		`Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries: no match for platform in manifest: not found`, noVariant, Retried},
	"Docker 24 to 29: another operating system": {`Error response from daemon: image operating system "windows" cannot be used on this platform`, noVariant, Retried},

	"containerd 2.1 to 2.3: schema 1": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1, please rebuild the image as "application/vnd.docker.distribution.manifest.v2+json" or "application/vnd.oci.image.manifest.v1+json"`, oldManifest, Retried},
	"Docker 27 and 28: schema 1": {
		`Error response from daemon: [DEPRECATION NOTICE] Docker Image Format v1 and Docker Image manifest version 2, schema 1 support is disabled by default and will be removed in an upcoming release. Suggest the author of docker.io/a/b:1 to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2.`, oldManifest, Retried},
	"Docker 29: schema 1": {
		`Error response from daemon: Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of docker.io/a/b:1 to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2.`, oldManifest, Retried},

	"CRI-O 1.34 and kubelet 1.34 to 1.37: a short name with two registries": {
		`Failed to inspect image "": rpc error: code = Unknown desc = short name mode is enforcing, but image name mhausenblas/simpleservice:0.5.0 returns ambiguous list`, shortName, Retried},
	"CRI-O 1.28 to 1.34: a short name without registries": {
		`Failed to inspect image "a/b:1": rpc error: code = Unknown desc = short-name "a/b:1" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"`, shortName, Retried},
	"CRI-O 1.28 to 1.34: a registry that is blocked": {
		`initializing source docker://quay.example/a/b:1: registry quay.example is blocked in /etc/containers/registries.conf or /etc/containers/registries.conf.d`,
		`node "node-1" blocks the registry quay.example of the image a/b:1`, Retried},
	"CRI-O 1.28 to 1.34 and kubelet 1.29 to 1.37: no signature": {
		`image pull failed for a/b:1 because the signature validation failed: Source image rejected: A signature was required, but no signature exists`, noSignature, Retried},
	"CRI-O 1.28 to 1.34: a signature without a certificate": {
		`SignatureValidationFailed: Source image rejected: missing dev.sigstore.cosign/certificate annotation`, noSignature, Retried},
	"CRI-O 1.28 to 1.34: an image that the policy rejects": {`Source image rejected: Running image docker://a/b:1 is rejected by policy.`, noSignature, Retried},

	"containerd 1.7: a full disk": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to extract layer sha256:1: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs/x: no space left on device: unknown`, diskFull, Unsettled},
	"CRI-O 1.28 to 1.34: a full disk": {`writing blob: storing blob to file "/var/tmp/container_images_storage1/1": write /var/tmp/container_images_storage1/1: no space left on device`, diskFull, Unsettled},
	"Docker 24 to 29: a full disk":    {`failed to register layer: write /usr/lib/x: no space left on device`, diskFull, Unsettled},
	"containerd 2.3: a snapshotter that fails": {
		`failed to pull and unpack image "docker.io/a/b:1": failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip sha256:1) to overlayfs as "extract-1": failed to mount /tmp/1: operation not permitted`, notUnpacked, Unsettled},
	"CRI-O 1.28 to 1.34: no permission for a file of the image": {
		`writing blob: adding layer with blob "sha256:1": processing tar file(lchown /x: permission denied): exit status 1`, notUnpacked, Unsettled},
	"Docker 24 to 29: no permission for a file of the image": {`failed to register layer: lchown /x: operation not permitted`, notUnpacked, Unsettled},
}

func TestWhatOtherRuntimesSayOfAnImage(t *testing.T) {
	for name, tc := range imageTexts {
		pod := withContainer(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: tc.said}})
		if c := (Evidence{Pod: pod}).Cause(); c == nil || c.What != `container "main" of pod "p": `+tc.what || c.Outlook != tc.outlook || !c.Image {
			t.Errorf("%s:\nexpected %q (%s),\nfound    %+v", name, tc.what, tc.outlook, c)
		}
	}
}

func withContainer(state corev1.ContainerState) *corev1.Pod {
	pod := onNode("node-1")
	pod.Spec.Containers = []corev1.Container{{Name: "main", Image: "a/b:1"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: state, RestartCount: 1}}
	return pod
}

const (
	noPause    = `node "node-1" cannot pull the image of its sandbox, registry.k8s.io/pause:3.10`
	noRuntime  = `node "node-1" has no runtime "gvisor", which the pod's runtimeClassName requires`
	noAddress  = `the network plugin (CNI) of node "node-1" has no free IP address for it`
	noCNI      = `the network plugin (CNI) of node "node-1" is not ready`
	slowNode   = `the container runtime of node "node-1" does not finish its sandbox in time`
	otherwise  = `node "node-1" cannot create its sandbox`
	sandboxErr = `Failed to create pod sandbox: rpc error: code = Unknown desc = `
)

// What keeps a sandbox from being made: FailedCreatePodSandBox of kubelets 1.29 to 1.37.
var sandboxTexts = map[string]struct{ said, what string }{
	"containerd 1.7: its image": {
		sandboxErr + `failed to get sandbox image "registry.k8s.io/pause:3.10": failed to pull image "registry.k8s.io/pause:3.10": failed to pull and unpack image "registry.k8s.io/pause:3.10": failed to resolve reference "registry.k8s.io/pause:3.10": failed to do request: Head "https://registry.k8s.io/v2/pause/manifests/3.10": dial tcp 192.0.2.1:443: i/o timeout`, noPause},
	"containerd 2.0 to 2.2: its image": {
		`Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = failed to start sandbox "5d4c": failed to get sandbox image "registry.k8s.io/pause:3.10": failed to pull image "registry.k8s.io/pause:3.10": context deadline exceeded`, noPause},
	"containerd 2.3: its image": {
		sandboxErr + `failed to pull image "registry.k8s.io/pause:3.10": failed to pull and unpack image "registry.k8s.io/pause:3.10": failed to resolve image: failed to do request: Head "https://registry.k8s.io/v2/pause/manifests/3.10": dial tcp 192.0.2.1:443: i/o timeout`, noPause},
	"containerd 1.7: its image, of a registry with a port": {
		sandboxErr + `failed to get sandbox image "registry.example:5000/pause:3.10": failed to pull image "registry.example:5000/pause:3.10": x`, `node "node-1" cannot pull the image of its sandbox, registry.example:5000/pause:3.10`},
	"CRI-O 1.28 to 1.34: its image": {
		sandboxErr + `creating pod sandbox with name "k8s_p_team_1_0": initializing source docker://registry.k8s.io/pause:3.10: pinging container registry registry.k8s.io: Get "https://registry.k8s.io/v2/": dial tcp 192.0.2.1:443: i/o timeout`, noPause},
	"cri-dockerd 0.3 and 0.4: its image": {
		sandboxErr + `failed pulling image "registry.k8s.io/pause:3.10": Error response from daemon: Get "https://registry.k8s.io/v2/": dial tcp 192.0.2.1:443: i/o timeout`, noPause},

	"containerd 1.7: no such runtime":          {sandboxErr + `failed to get sandbox runtime: no runtime for "gvisor" is configured`, noRuntime},
	"containerd 2.0 to 2.3: no such runtime":   {sandboxErr + `unable to get OCI runtime for sandbox "5d4c": no runtime for "gvisor" is configured`, noRuntime},
	"CRI-O 1.28 to 1.34: no such runtime":      {sandboxErr + `failed to find runtime handler gvisor from runtime list map[crun:0xc0001 runc:0xc0002]`, noRuntime},
	"cri-dockerd 0.3 and 0.4: no such runtime": {sandboxErr + `RuntimeHandler "gvisor" not supported`, noRuntime},

	"containerd 1.7 to 2.3 with host-local: no address": {
		sandboxErr + `failed to setup network for sandbox "5d4c": plugin type="flannel" failed (add): failed to delegate add: failed to allocate for range 0: no IP addresses available in range set: 10.42.1.1-10.42.1.254`, noAddress},
	"containerd 1.7 to 2.3 with Amazon's plugin: no address": {
		sandboxErr + `failed to setup network for sandbox "5d4c": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container`, noAddress},
	"cri-dockerd 0.3 and 0.4 with Cilium: no address": {
		sandboxErr + `failed to set up sandbox container "5d4c" network for pod "p": networkPlugin cni failed to set up pod "p_team" network: unable to allocate IP via local cilium agent: [POST /ipam][502] postIpamFailure  range is full`, noAddress},

	"containerd 1.7 to 2.3: no network plugin": {sandboxErr + `failed to setup network for sandbox "5d4c": cni plugin not initialized`, noCNI},
	"CRI-O 1.28 to 1.34: no network plugin": {
		sandboxErr + `failed to create pod network sandbox k8s_p_team_1_0(5d4c): no CNI configuration file in /etc/cni/net.d/. Has your network provider started?`, noCNI},
	"cri-dockerd 0.3 and 0.4: no network plugin": {
		sandboxErr + `failed to set up sandbox container "5d4c" network for pod "p": networkPlugin cni failed to set up pod "p_team" network: cni config uninitialized`, noCNI},
	"containerd 1.7 to 2.3: flannel has not started": {
		sandboxErr + `failed to setup network for sandbox "5d4c": plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory`, noCNI},

	"kubelet 1.29 to 1.37: a runtime that is slow": {`Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded`, slowNode},
	"containerd 1.7 to 2.3: a runtime that is slow": {
		sandboxErr + `failed to reserve sandbox name "p_team_1_0": name "p_team_1_0" is reserved for "5d4c"`, slowNode},
	"CRI-O 1.28 to 1.34: a runtime that is slow": {
		sandboxErr + `kubelet may be retrying requests that are timing out in CRI-O due to system load. Currently at stage sandbox network ready: context deadline exceeded: error reserving pod name k8s_p_team_1_0 for id 5d4c: name is reserved`, slowNode},

	"containerd 1.7 to 2.3 with Calico: an API server that rejects the plugin": {
		sandboxErr + `failed to setup network for sandbox "5d4c": plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized`, otherwise},
	"CRI-O 1.28 to 1.34 with Multus: an API server that the plugin does not reach": {
		sandboxErr + `failed to create pod network sandbox k8s_p_team_1_0(5d4c): error adding pod team_p to CNI network "multus-cni-network": plugin type="multus" name="multus-cni-network" failed (add): Multus: [team/p/1]: error waiting for pod: Get "https://10.96.0.1:443/api/v1/namespaces/team/pods/p": context deadline exceeded`, otherwise},
}

func TestWhatOtherRuntimesSayOfASandbox(t *testing.T) {
	for name, tc := range sandboxTexts {
		c := Evidence{Pod: onNode("node-1"), Events: []corev1.Event{warning("FailedCreatePodSandBox", tc.said, "", 1)}}.Cause()
		if c == nil || c.What != `pod "p" does not start: `+tc.what || c.Outlook != Unsettled {
			t.Errorf("%s:\nexpected %q,\nfound    %+v", name, tc.what, c)
		}
	}
}

// Other Warnings of kubelets 1.29 to 1.37 about a Pod that does not start.
func TestWhatAKubeletSaysOfAPodThatDoesNotStart(t *testing.T) {
	for name, tc := range map[string]struct{ reason, said, what string }{
		"no network plugin": {"NetworkNotReady",
			`network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized`, noCNI},
		"no cgroup": {"FailedCreatePodContainer", `unable to ensure pod container exists: failed to create container for [kubepods burstable pod1] : mkdir /sys/fs/cgroup/kubepods.slice: no space left on device`,
			`node "node-1" cannot prepare what it needs`},
		"a key that a configmap does not have": {"FailedMount", `MountVolume.SetUp failed for volume "settings" : configmap references non-existent config key: colour`,
			`one of its volumes needs the key "colour" of a configmap or secret, which has no such key`},
		"a key that a secret does not have": {"FailedMount", `MountVolume.SetUp failed for volume "settings" : references non-existent secret key: colour`,
			`one of its volumes needs the key "colour" of a configmap or secret, which has no such key`},
		"no CSI driver": {"FailedMount", `MountVolume.MountDevice failed for volume "pvc-1" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name ebs.csi.aws.com not found in the list of registered CSI drivers`,
			`node "node-1" has no CSI driver ebs.csi.aws.com, which one of its volumes needs`},
	} {
		c := Evidence{Pod: onNode("node-1"), Events: []corev1.Event{warning(tc.reason, tc.said, "", 1)}}.Cause()
		if c == nil || c.What != `pod "p" does not start: `+tc.what || c.Outlook != Unsettled {
			t.Errorf("%s:\nexpected %q,\nfound    %+v", name, tc.what, c)
		}
	}
}

// Kubelets 1.29 to 1.37 reject a Pod that has been scheduled, for reasons that differ.
func TestAPodThatItsKubeletRejects(t *testing.T) {
	for reason, said := range map[string]string{
		"OutOfcpu":                      `Node didn't have enough resource: cpu, requested: 500, used: 3900, capacity: 4000`,
		"OutOfpods":                     `Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110`,
		"NodeAffinity":                  `Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector`,
		"TaintToleration":               `Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate`,
		"UnexpectedAdmissionError":      `Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected`,
		"Evicted":                       `The node had condition: [DiskPressure]. `,
		"NodeShutdown":                  `Pod was rejected as the node is shutting down.`,
		"AppArmor":                      `Cannot enforce AppArmor: AppArmor is not enabled on the host`,                                                                                  // since 1.31
		"VolumeAttachmentLimitExceeded": `Node has reached its volume attachment limit, rejecting pod. unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: x`, // since 1.35
	} {
		pod := onNode("node-1")
		pod.Status.Phase, pod.Status.Reason, pod.Status.Message = corev1.PodFailed, reason, "Pod was rejected: "+said
		if c := (Evidence{Pod: pod}).Cause(); c == nil || c.What != `node "node-1" does not admit pod "p"` || c.Outlook != Hopeless {
			t.Errorf("%s: expected that the node does not admit it, found %+v", reason, c)
		}
	}
}

// What a kubelet says of a container that does not start, or has ended.
func TestWhatOtherRuntimesSayOfAContainer(t *testing.T) {
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	ended := func(reason, message string, exitCode int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, Message: message, ExitCode: exitCode}}
	}
	const noCurl, slow = `does not start: its image has no executable "curl"`, `does not start: the container runtime of node "node-1" does not finish in time`
	const noLoader, lost = `does not start: its image lacks the interpreter or the loader that /app/run needs`, `was lost: node "node-1", or its container runtime, was restarted or no longer knows it`
	for name, tc := range map[string]struct {
		state    corev1.ContainerState
		what     string
		workload bool
	}{
		"CRI-O 1.28 to 1.34 with runc: a missing program": {waiting("CreateContainerError",
			`container create failed: time="2026-11-28T11:00:00Z" level=error msg="runc create failed: unable to start container process: exec: \"curl\": executable file not found in $PATH"`), noCurl, false},
		"CRI-O 1.28 to 1.34 with runc 1.2 to 1.5: a missing program": {waiting("CreateContainerError",
			`container create failed: time="2026-11-28T11:00:00Z" level=error msg="runc create failed: unable to start container process: error during container init: exec: \"curl\": executable file not found in $PATH"`), noCurl, false},
		"CRI-O 1.28 to 1.34 with crun: a missing program": {waiting("CreateContainerError",
			"container create failed: executable file `curl` not found in $PATH: No such file or directory\n"), noCurl, false},
		"cri-dockerd 0.3 and 0.4: a missing program": {waiting("RunContainerError",
			`failed to start container "5d4c": Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`), noCurl, false},
		"containerd 1.7 to 2.3: a missing program": {ended("StartError",
			`failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`, 128), noCurl, false},
		"kubelet 1.29 to 1.37: a key that a configmap does not have": {waiting("CreateContainerConfigError", `couldn't find key colour in ConfigMap team/settings`),
			`does not start: it needs the key "colour" of team/settings, which has no such key`, false},
		"kubelet 1.29 to 1.37: a runtime that is slow": {waiting("CreateContainerError", `context deadline exceeded`), slow, false},
		"containerd 1.7 to 2.3: a runtime that is slow": {waiting("CreateContainerError",
			`failed to reserve container name "main_p_team_1_0": name "main_p_team_1_0" is reserved for "5d4c"`), slow, false},
		"CRI-O 1.28 to 1.34: a runtime that is slow": {waiting("CreateContainerError",
			`kubelet may be retrying requests that are timing out in CRI-O due to system load. Currently at stage container storage creation: context deadline exceeded: error reserving ctr name k8s_main_p_team_1_0 for id 5d4c: name is reserved`), slow, false},
		"runc: a script without its interpreter":          {ended("Error", "exec /app/run: no such file or directory", 255), noLoader, false},
		"crun: a program without its loader":              {ended("Error", "exec container process (missing dynamic library?) `/app/run`: No such file or directory", 1), noLoader, false},
		"crun: another architecture":                      {ended("Error", "exec container process `/app/run`: Exec format error", 1), `does not start: its program is for another architecture than node "node-1"`, false},
		"containerd 1.7 to 2.3: a node that was rebooted": {ended("Unknown", "", 255), lost, false},
		"kubelet 1.29 to 1.37: a container that no longer exists": {ended("ContainerStatusUnknown",
			"The container could not be located when the pod was deleted.  The container used to be Running", 137), lost, false},
		"kubelet 1.29 to 1.37: a program that fails": {ended("Error", "", 1), `exited`, true},
	} {
		if c := (Evidence{Pod: withContainer(tc.state)}).Cause(); c == nil || c.What != `container "main" of pod "p" `+tc.what || c.Workload != tc.workload {
			t.Errorf("%s:\nexpected %q (workload: %t),\nfound    %+v", name, tc.what, tc.workload, c)
		}
	}
}

// Kubelets up to 1.30 (pkg/kubelet/kubelet.go, syncPod) say why with the Pod; the form is that
// of kubernetes/kubernetes#104888.
func TestAPodThatAppArmorRefuses(t *testing.T) {
	pod := withContainer(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "Blocked"}})
	pod.Status.Phase, pod.Status.Reason, pod.Status.Message = corev1.PodPending, "AppArmor", `Cannot enforce AppArmor: profile "deny-write" is not loaded`
	c := (Evidence{Pod: pod}).Cause()
	if c == nil || c.What != `container "main" of pod "p" does not start: node "node-1" cannot enforce its AppArmor profile` || c.Outlook != Retried ||
		c.Why != `Blocked: Cannot enforce AppArmor: profile "deny-write" is not loaded` {
		t.Errorf("expected the profile, found %+v", c)
	}
}

// Kubelets since 1.28 (pkg/kubelet/kubelet_pods.go; since 1.37 kubelet.go, only of a pull that fails).
func TestAPullSecretThatDoesNotExist(t *testing.T) {
	secrets := warning("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (one, two); attempting to pull the image may not succeed.", "", 1)
	backoff := warning("Failed", `Failed to pull image "a/b:1": failed to pull and unpack image "docker.io/a/b:1": failed to resolve reference "docker.io/a/b:1": pull access denied, repository does not exist or may require authorization: authorization failed`, "spec.containers{main}", 1)
	const missing = `the registry requires credentials for the image a/b:1, and node "node-1" cannot read the pod's image pull secrets: one, two`
	for name, tc := range map[string]struct {
		said   string
		events []corev1.Event
		what   string
	}{
		"401": {imageTexts["containerd 1.7 to 2.3: ECR, no credentials"].said, []corev1.Event{secrets}, missing},
		"403": {imageTexts["CRI-O 1.28 to 1.34: a registry that denies without a reason"].said, []corev1.Event{secrets}, missing},
		"a kubelet that says only that it backs off": {`Back-off pulling image "a/b:1"`, []corev1.Event{secrets, backoff}, missing},
		"no such image":                  {imageTexts["CRI-O 1.34: no such image"].said, []corev1.Event{secrets}, noImage},
		"401, and the secrets are there": {imageTexts["containerd 1.7 to 2.3: ECR, no credentials"].said, nil, noCredentials},
	} {
		pod := withContainer(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: tc.said}})
		c := Evidence{Pod: pod, Events: tc.events}.Cause()
		if c == nil || c.What != `container "main" of pod "p": `+tc.what || c.Outlook != Retried {
			t.Errorf("%s:\nexpected %q,\nfound    %+v", name, tc.what, c)
		}
	}
	// The image may be pulled without them.
	for _, state := range []corev1.ContainerState{{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}, {Running: &corev1.ContainerStateRunning{}}} {
		if c := (Evidence{Pod: withContainer(state), Events: []corev1.Event{secrets}}).Cause(); c != nil {
			t.Errorf("%+v: expected no cause, found %v", state, c)
		}
	}
}

// Kubelets report the end of a container whose startup probe fails as that of any other. One that
// ends by itself meanwhile, or whose status still shows no start, is not restarted because of the probe.
func TestAStartupProbeThatFails(t *testing.T) {
	const (
		restarted = `container "main" of pod "p" is restarted, because its startup probe fails`
		runs      = `container "main" of pod "p" runs, but its probe fails`
		exited    = `container "main" of pod "p" exited`
	)
	ended := func(code int32, reason string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}
	}
	unhealthy := warning("Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 404", "spec.containers{main}", 3)
	killing := warning("Killing", "Container main failed startup probe, will be restarted", "spec.containers{main}", 1)
	killing.Type = corev1.EventTypeNormal
	for name, tc := range map[string]struct {
		state  corev1.ContainerState
		events []corev1.Event
		want   string
		ends   bool
	}{
		"SIGKILL":               {ended(137, "Error"), []corev1.Event{unhealthy}, restarted, true},
		"SIGTERM":               {ended(143, "Error"), []corev1.Event{unhealthy}, restarted, true},
		"a clean end when told": {ended(0, "Completed"), []corev1.Event{unhealthy, killing}, restarted, true},
		"an exit of its own":    {ended(1, "Error"), []corev1.Event{unhealthy}, exited, true},
		"too much memory":       {ended(137, "OOMKilled"), []corev1.Event{unhealthy}, `container "main" of pod "p" was killed, because it used more memory than its limit of 0 (OOMKilled)`, true},
		"a status that is late": {corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}, []corev1.Event{unhealthy}, runs, false},
		"it runs":               {corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, []corev1.Event{unhealthy}, runs, false},
	} {
		c := Evidence{Pod: withContainer(tc.state), Events: tc.events}.Cause()
		if c == nil || c.What != tc.want || c.Ends(true) != tc.ends {
			t.Errorf("%s: expected %q, which ends a wait: %t; found %+v", name, tc.want, tc.ends, c)
		}
	}
}

// kube-scheduler 1.29 to 1.37.
func TestWhatTheSchedulerSaysOfAPod(t *testing.T) {
	const noNode = `pod "p" is not scheduled: no node can run it (Unschedulable)`
	for said, want := range map[string]string{
		`0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.`: noNode,
		`0/3 nodes are available: 3 Too many pods. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.`:                                                                                    noNode,
		`no nodes available to schedule pods`: noNode,
		`0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`: `pod "p" is not scheduled: one of its persistentvolumeclaims is not bound to a volume`,
		`0/3 nodes are available: persistentvolumeclaim "data" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`:           `pod "p" is not scheduled: its persistentvolumeclaim "data" does not exist`,
		`0/3 nodes are available: 3 node(s) didn't match pod affinity rules. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.`:        `pod "p" cannot be placed beside another: no node can run both`,
	} {
		pod := onNode("", corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: said, LastTransitionTime: noon})
		if c := (Evidence{Pod: pod}).Cause(); c == nil || c.What != want || c.Outlook != Unsettled {
			t.Errorf("%s:\nexpected %q,\nfound    %+v", said, want, c)
		}
	}
}
