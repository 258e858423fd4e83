package diagnose

const (
	otherImage = "check the reference, or use an image that the nodes can pull: --image NAME=REF, or --registry HOST for a mirror"
	thePull    = `container "$container" of pod "$pod": `
)

// pulls are the causes of a container that waits for its image. The messages
// are those of containerd 1.7 to 2.x, of CRI-O, and of registries (OCI
// Distribution Specification, error codes).
var pulls = []row{
	{at: pull, reason: "InvalidImageName",
		what:   thePull + `the image reference "$image" is not valid`,
		remedy: "write it as [HOST[:PORT]/]NAME[:TAG][@DIGEST], in lower case", outlook: Hopeless},
	{at: pulling,
		what:   thePull + `the image $image is still being pulled on $arch`,
		remedy: "give it time, use a mirror that is nearer (--registry HOST), or put the image on the nodes beforehand: kubectl kbe images", outlook: Slow},
	{at: pull, reason: "ErrImageNeverPull",
		what:   thePull + `the image $image is not on $arch, and imagePullPolicy is Never`,
		remedy: "load the image into the node, or let it be pulled: imagePullPolicy: IfNotPresent", outlook: Hopeless},
	{at: pull, message: `pull QPS exceeded`,
		what:   thePull + `$arch pulls as many images as it may at once`,
		remedy: "give it time; the kubelet's registryPullQPS and registryBurst are its limits", outlook: Slow},
	// CRI-O (short_name_mode, enforcing since 1.34), containers/image.
	{at: pull, message: `short name mode is enforcing|short-name "[^"]*" did not resolve to an alias|while trying to pull an unqualified image`,
		what:   thePull + `$arch does not pull the image $image by its short name: the container runtime knows no one registry for it`,
		remedy: "qualify the name with its registry, such as docker.io/NAME:TAG: --image NAME=REF", outlook: Retried},
	{at: pull, message: `(?i)media type "?(?P<type>application/vnd\.docker\.distribution\.manifest\.v1\S*?)"? is no longer supported|schema ?(version )?1 .*(not|no longer|deprecated)`,
		what:   thePull + `the image $image has a schema 1 manifest, which containerd 2.1 and later refuse`,
		remedy: "use an image that was built or pushed again since 2017: --image NAME=REF", outlook: Retried},
	// None of the runtimes says which platforms there are (containerd, images.Manifest;
	// CRI-O, containers/image; Docker).
	{at: pull, message: `(?i)no match for platform in manifest|no matching manifest for|no image found in (image index|manifest list) for architecture`,
		what:   thePull + `the image $image has no variant for $arch`,
		remedy: "use an image that is built for that architecture: --image NAME=REF. To list the architectures of this image: docker manifest inspect $image", outlook: Retried},
	{at: pull, message: `(?i)toomanyrequests|too many requests|\b429\b`,
		what:   thePull + `the registry limits pulls of the image $image (429)`,
		remedy: "pull as a known user (--image-pull-secret NAME with -n), from a mirror (--registry HOST), or later", outlook: Unsettled},
	{at: pull, message: `no space left on device`,
		what:   thePull + `$arch has no disk space for the image $image`,
		remedy: "free space on the node, or use a smaller image: --image NAME=REF", outlook: Unsettled},
	// Docker Hub says so of a repository that does not exist, too.
	{at: pull, message: `(?i)repository does not exist or may require|requested access to the resource is denied|\b401\b|unauthorized|authorization failed|authentication required|no basic auth credentials`,
		what:   thePull + `the registry requires credentials for the image $image on $arch (401), or the image does not exist`,
		remedy: "check the reference, and provide credentials: --image-pull-secret NAME with -n, or use a mirror: --registry HOST", outlook: Retried},
	{at: pull, message: `(?i)\b403\b|forbidden|denied`,
		what:   thePull + `the registry denies $arch the image $image (403)`,
		remedy: "ask for access, give other credentials (--image-pull-secret NAME with -n), or use a mirror: --registry HOST", outlook: Retried},
	{at: pull, message: `(?i)x509|certificate`,
		what:   thePull + `$arch does not trust the certificate of the registry of the image $image`,
		remedy: "add the registry's CA to the nodes' container runtime, or use a mirror: --registry HOST", outlook: Retried},
	{at: pull, message: `(?i)dial tcp|no such host|connection refused|i/o timeout|deadline exceeded|EOF|connection reset|no route to host|server gave HTTP response to HTTPS`,
		what:   thePull + `$arch cannot reach the registry of the image $image`,
		remedy: "check the registry's name and the nodes' network, or use a mirror: --registry HOST", outlook: Unsettled},
	{at: pull, message: `(?i)\b5\d\d\b|service unavailable|internal server error|bad gateway`,
		what:   thePull + `the registry of the image $image has an internal error`,
		remedy: "try again later, or use a mirror: --registry HOST", outlook: Unsettled},
	{at: pull, message: `(?i)not found|manifest unknown|name unknown|\b404\b`,
		what:   thePull + `the image $image does not exist`,
		remedy: otherImage, outlook: Retried},
	{at: pull, reason: "ImageInspectError", what: thePull + `the image $image cannot be read on $arch`,
		remedy: "remove the image from the node, so that it is pulled again", outlook: Retried},
	{at: pull, reason: "RegistryUnavailable", what: thePull + `the registry of the image $image does not respond`,
		remedy: "try again later, or use a mirror: --registry HOST", outlook: Unsettled},
	{at: pull, reason: "SignatureValidationFailed", what: thePull + `the signature of the image $image is not accepted`,
		remedy: "use an image that the cluster's policy accepts: --image NAME=REF", outlook: Retried},
	{at: pull, what: thePull + `the image $image cannot be pulled`, remedy: otherImage, outlook: Unsettled},
}
