package image

// Names that kbe-cluster and the examples count on.
const (
	// PauseRef is the sandbox image to configure in containerd.
	PauseRef = "registry.k8s.io/pause:3.10.1"
	// DNSRef is the image that resolves names for pods.
	DNSRef     = "registry.k8s.io/coredns/coredns:v1.15.0"
	serviceRef = "docker.io/mhausenblas/simpleservice:0.5.0"
	shellRef   = "quay.io/centos/centos:stream9"
)

// Labels of an image that stands in for another.
const (
	standsInFor = "io.github.kubectl-kbe.stands-in-for"
	description = "org.opencontainers.image.description"
)

// Image is one image that the cluster has from the start.
type Image struct {
	// Ref is the name that pods use, with registry and tag.
	Ref string
	// StandsInFor says which image of the world this one is instead of.
	StandsInFor string
	// Description is one sentence: what it really is.
	Description string
	// Architectures are those that the image of the world is for, where it is an index. The registry's index names them; it
	// has this machine's alone.
	Architectures []string
}

// Architectures returns those of the image of the catalogue with that name; none, when it is for one alone.
func Architectures(ref string) []string {
	for _, i := range append(catalogue(), dnsImage) {
		if i.Ref == ref {
			return i.Architectures
		}
	}
	return nil
}

// catalogue is every image that Build makes.
func catalogue() []Image {
	return []Image{serviceImage(serviceRef), shellImage, pauseImage(PauseRef)}
}

func serviceImage(ref string) Image {
	return Image{
		Ref:         ref,
		StandsInFor: "mhausenblas/simpleservice",
		Description: "Stand-in: a Python program that answers as the original does, on the Debian packages of the shell's stand-in.",
	}
}

var shellImage = Image{
	Ref:           shellRef,
	StandsInFor:   "quay.io/centos/centos:stream9",
	Description:   "Stand-in with bash, curl, coreutils, grep, sed and python3 from this machine's distribution; sleep is a script, as in the original.",
	Architectures: []string{"amd64", "arm64", "ppc64le", "s390x"},
}

var dnsImage = Image{
	Ref:           DNSRef,
	StandsInFor:   "registry.k8s.io/coredns/coredns",
	Description:   "Stand-in: CoreDNS itself, with the plugins that a cluster without a way out needs.",
	Architectures: []string{"amd64", "arm", "arm64", "ppc64le", "riscv64", "s390x"},
}

func pauseImage(ref string) Image {
	return Image{
		Ref:           ref,
		StandsInFor:   "registry.k8s.io/pause",
		Description:   "Stand-in written in Go: holds a pod's namespaces, reaps orphans, ends on SIGTERM.",
		Architectures: []string{"amd64", "arm", "arm64", "ppc64le", "s390x"},
	}
}

// WhatItIs says of an image with the given labels which image of the world it stands in for and what it really is.
func WhatItIs(labels map[string]string) string {
	if labels[standsInFor] == "" {
		return "not a stand-in"
	}
	return labels[description]
}
