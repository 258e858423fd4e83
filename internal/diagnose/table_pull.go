package diagnose

const (
	otherImage = "check the reference, or use an image that the nodes can pull: --image NAME=REF, or --registry HOST for a mirror"
	thePull    = `container "$container" of pod "$pod": `

	status401 = `repository does not exist or may require|requested access to the resource is denied|StatusCode: 401|unauthorized|authorization failed|authentication required|no basic auth credentials`
	status403 = `StatusCode: 403|forbidden|denied`
)

// pulls are the causes of a container that waits for its image. The messages
// are those of containerd 1.7 to 2.x, of CRI-O, and of registries (OCI
// Distribution Specification, error codes).
var pulls = []row{
	{at: pull, reason: "InvalidImageName",
		what:   thePull + `the image reference "$image" is not valid`,
		remedy: "write it as [HOST[:PORT]/]NAME[:TAG][@DIGEST], in lower case", outlook: Hopeless},
	{at: pulling,
		what:   thePull + `the image $image is still being pulled on $aNode`,
		remedy: "give it time, use a mirror that is nearer (--registry HOST), or put the image on the nodes beforehand: kubectl kbe images", outlook: Slow},
	{at: pull, reason: "ErrImageNeverPull",
		what:   thePull + `the image $image is not on $aNode, and imagePullPolicy is Never`,
		remedy: "load the image into the node, or let it be pulled: imagePullPolicy: IfNotPresent", outlook: Hopeless},
	{at: pull, message: `pull QPS exceeded`,
		what:   thePull + `$aNode pulls as many images as it may at once`,
		remedy: "give it time; the kubelet's registryPullQPS and registryBurst are its limits", outlook: Slow},
	// CRI-O (short_name_mode, enforcing since 1.34), containers/image.
	{at: pull, message: `short name mode is enforcing|short-name "[^"]*" did not resolve to an alias`,
		what:   thePull + `$aNode does not pull the image $image by its short name: the container runtime knows no one registry for it`,
		remedy: "qualify the name with its registry, such as docker.io/NAME:TAG: --image NAME=REF", outlook: Retried},
	// CRI-O, with the policy and the registries of containers/image.
	{at: pull, message: `SignatureValidationFailed|signature validation failed|Source image rejected: `,
		what:   thePull + `the signature policy of $aNode does not accept the image $image`,
		remedy: "use an image that the policy accepts: --image NAME=REF", outlook: Retried},
	{at: pull, message: `registry (?P<registry>\S+) is blocked in `,
		what:   thePull + `$aNode blocks the registry $registry of the image $image`,
		remedy: "use a mirror (--registry HOST), or have the cluster's administrator unblock it in registries.conf", outlook: Retried},
	// containerd 2.1, Docker 27.
	{at: pull, message: `media type "application/vnd\.docker\.distribution\.manifest\.v1\S*" is no longer supported|schema 1 (image manifests are no longer supported|support is disabled|support has been removed)`,
		what:   thePull + `the image $image has a schema 1 manifest, which container runtimes no longer support`,
		remedy: "use an image that was built or pushed again since 2017: --image NAME=REF", outlook: Retried},
	// None of the runtimes says which platforms there are (containerd, images.Manifest;
	// CRI-O, containers/image; Docker).
	{at: pull, message: `(?i)no match for platform in manifest|no matching manifest for|no image found in (image index|manifest list) for architecture|cannot be used on this platform`,
		what:   thePull + `the image $image has no variant for $arch`,
		remedy: "use an image that is built for that architecture: --image NAME=REF. To list the architectures of this image: docker manifest inspect $image", outlook: Retried},
	{at: pull, message: `(?i)toomanyrequests|too many requests|StatusCode: 429`,
		what:   thePull + `the registry limits pulls of the image $image (429)`,
		remedy: "pull as a known user (--image-pull-secret NAME with -n), from a mirror (--registry HOST), or later", outlook: Unsettled},
	{at: pull, message: `no space left on device|disk quota exceeded`,
		what:   thePull + `$aNode has no disk space for the image $image`,
		remedy: "free space on the node, or use a smaller image: --image NAME=REF", outlook: Unsettled},
	// containerd; Docker; CRI-O.
	{at: pull, message: `failed to extract layer|failed to unpack image on snapshotter|failed to register layer|adding layer with blob`,
		what:   thePull + `$aNode cannot unpack the image $image`,
		remedy: "fix what the message names on the node, or build and push the image again", outlook: Unsettled},
	// Kubelets since 1.28.
	{at: pull, message: `(?i)(` + status401 + `|` + status403 + `).*Unable to retrieve some image pull secrets \((?P<secrets>[^)]*)\)`,
		what:   thePull + `the registry requires credentials for the image $image, and $aNode cannot read the pod's image pull secrets: $secrets`,
		remedy: "create them in namespace $namespace: kubectl create secret docker-registry NAME --from-file=.dockerconfigjson=FILE -n $namespace; or correct their names in the pod or its service account", outlook: Retried},
	// Docker Hub says so of a repository that does not exist, too.
	{at: pull, message: `(?i)` + status401,
		what:   thePull + `the registry requires credentials for the image $image on $aNode (401), or the image does not exist`,
		remedy: "check the reference, and provide credentials: --image-pull-secret NAME with -n, or use a mirror: --registry HOST", outlook: Retried},
	// Some registries say so of an image that does not exist, too.
	{at: pull, message: `(?i)` + status403,
		what:   thePull + `the registry denies $aNode the image $image (403)`,
		remedy: "check the reference, ask for access, give other credentials (--image-pull-secret NAME with -n), or use a mirror: --registry HOST", outlook: Retried},
	{at: pull, message: `(?i)x509|certificate`,
		what:   thePull + `$aNode does not trust the certificate of the registry of the image $image`,
		remedy: "add the registry's CA to the nodes' container runtime, or use a mirror: --registry HOST", outlook: Retried},
	{at: pull, message: `server gave HTTP response to HTTPS client`,
		what:   thePull + `the registry of the image $image does not use TLS, which $aNode requires`,
		remedy: "serve it with TLS, or have the node's container runtime allow HTTP for it (hosts.toml; registries.conf; insecure-registries)", outlook: Retried},
	// A pull that makes no progress is canceled.
	{at: pull, message: `(?i)dial tcp|no such host|connection refused|i/o timeout|deadline exceeded|Client\.Timeout|request canceled|context canceled|TLS handshake timeout|EOF|connection reset|no route to host`,
		what:   thePull + `$aNode cannot reach the registry of the image $image`,
		remedy: "check the registry's name and the nodes' network, or use a mirror: --registry HOST", outlook: Unsettled},
	{at: pull, message: `(?i)StatusCode: 5\d\d|: 5\d\d\b|service unavailable|internal server error|bad gateway|gateway time-?out`,
		what:   thePull + `the registry of the image $image has an internal error`,
		remedy: "try again later, or use a mirror: --registry HOST", outlook: Unsettled},
	{at: pull, message: `(?i)StatusCode: 404|not found|manifest unknown|name unknown`,
		what:   thePull + `the image $image does not exist`,
		remedy: otherImage, outlook: Retried},
	{at: pull, reason: "ImageInspectError", what: thePull + `the image $image cannot be read on $aNode`,
		remedy: "remove the image from the node, so that it is pulled again", outlook: Retried},
	{at: pull, reason: "RegistryUnavailable", what: thePull + `the registry of the image $image does not respond`,
		remedy: "try again later, or use a mirror: --registry HOST", outlook: Unsettled},
	{at: pull, what: thePull + `the image $image cannot be pulled`, remedy: otherImage, outlook: Unsettled},
}
