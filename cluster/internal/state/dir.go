package state

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// EnvRoot names the environment variable that moves the state of all clusters to another folder.
const EnvRoot = "KBE_CLUSTER_STATE"

const defaultRoot = "/var/lib/kbe-cluster"

// maxSocketPath is the longest path of a unix socket (sun_path in unix(7), without the closing zero byte).
const maxSocketPath = 107

// dnsLabel is what a Kubernetes name part may look like (RFC 1123).
var dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// Dir is the folder that holds everything that one cluster writes.
type Dir string

// Root returns the folder that holds the state of all clusters.
func Root() string {
	if root := os.Getenv(EnvRoot); root != "" {
		return filepath.Clean(root)
	}
	return defaultRoot
}

// Open checks the name of a cluster and returns its folder, which need not exist.
func Open(name string) (Dir, error) {
	if !dnsLabel.MatchString(name) || len(name) > 30 {
		return "", fmt.Errorf("cluster name %q: expected at most 30 of a-z, 0-9 and '-', starting and ending with a letter or digit; choose another --name", name)
	}
	root := Root()
	if !filepath.IsAbs(root) {
		return "", fmt.Errorf("%s=%s: expected an absolute path; set it to one, or unset it", EnvRoot, root)
	}
	dir := Dir(filepath.Join(root, name))
	if socket := dir.HostSocket("node-100"); len(socket) > maxSocketPath {
		return "", fmt.Errorf("state folder %s: a socket below it would have a path of %d bytes, and the kernel allows %d; shorten --name or %s",
			dir, len(socket), maxSocketPath, EnvRoot)
	}
	return dir, nil
}

// Name returns the name of the cluster.
func (d Dir) Name() string { return filepath.Base(string(d)) }

// Path returns a path below the folder.
func (d Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Exists reports whether the folder is there.
func (d Dir) Exists() bool {
	_, err := os.Stat(string(d))
	return err == nil
}

// Node returns a path below the folder of a node.
func (d Dir) Node(node string, elem ...string) string {
	return d.Path(append([]string{node}, elem...)...)
}

// HostSocket returns the path, outside the node's namespaces, of the node's containerd socket.
func (d Dir) HostSocket(node string) string {
	return d.Node(node, "run", "containerd", "containerd.sock")
}

// ControlSocket returns the path of the unix socket that the supervisor takes requests on.
func (d Dir) ControlSocket() string { return d.Path("control.sock") }

// RegistrySocket returns the path of the unix socket that the image registry listens on, for those who push.
func (d Dir) RegistrySocket() string { return d.Path("registry.sock") }

// Kubeconfig returns the path of the administrator's kubeconfig.
func (d Dir) Kubeconfig() string { return d.Path("admin.kubeconfig") }

// Log returns the path of a component's log, such as that of "apiserver" or "node-1/kubelet".
func (d Dir) Log(component string) string { return d.Path("log", component+".log") }

// AuditPolicy returns the path of the API server's audit policy; its log is that of "audit".
func (d Dir) AuditPolicy() string { return d.Path("audit-policy.yaml") }

// Logs returns the components that have a log, sorted.
func (d Dir) Logs() ([]string, error) {
	var names []string
	root := d.Path("log")
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if name, ok := strings.CutSuffix(path, ".log"); ok && !info.IsDir() {
			rel, err := filepath.Rel(root, name)
			names = append(names, rel)
			return err
		}
		return nil
	})
	if os.IsNotExist(err) {
		return nil, nil
	}
	return names, err
}
