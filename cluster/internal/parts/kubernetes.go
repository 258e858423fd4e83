package parts

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const kubernetesPath = "k8s.io/kubernetes"

// Versions returns the versions of Kubernetes that can be built, the newest first. There is one of each supported minor.
func Versions() []string {
	var versions []string
	files, _ := fs.Glob(modules, "modules/kubernetes-*.mod") // a fixed pattern is never malformed
	slices.Reverse(files)                                    // minors have two digits: they are in order already
	for _, file := range files {
		versions = append(versions, readModule(strings.TrimSuffix(path.Base(file), ".mod")).version(kubernetesPath))
	}
	return versions
}

// Version returns the version that a user means by all of it (v1.36.3), by its minor (v1.36), or by nothing: the newest.
// The error names the versions that there are.
func Version(wanted string) (string, error) {
	for _, version := range Versions() {
		if wanted == "" || wanted == version || wanted == "v"+minor(version) {
			return version, nil
		}
	}
	return "", fmt.Errorf("%s: expected one of %s, or a minor of these, such as v%s", wanted, strings.Join(Versions(), ", "), minor(Versions()[0]))
}

// minor returns 1.37 of v1.37.2.
func minor(version string) string {
	version = strings.TrimPrefix(version, "v")
	return version[:strings.LastIndexByte(version, '.')]
}

// kubernetesModule returns the tool module of one of Versions.
func kubernetesModule(version string) module { return readModule("kubernetes-" + minor(version)) }
