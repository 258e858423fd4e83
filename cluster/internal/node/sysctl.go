package node

import (
	"os"
	"path/filepath"
)

// sysctls are the kernel settings that the kubelet insists on, and the values that it wants (setupKernelTunables in
// pkg/kubelet/cm/container_manager_linux.go).
var sysctls = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// hideSysctls shows the node a file of its own in place of each: they are settings of the whole machine, and the kubelet
// would change them for good.
func hideSysctls(root string) error {
	for name, value := range sysctls {
		real := filepath.Join(root, "proc/sys", name)
		if _, err := os.Stat(real); err != nil {
			continue // not in this kernel
		}
		own := filepath.Join(root, "opt/kbe/sysctl", name)
		if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(own, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := bind(own, real, 0); err != nil {
			return err
		}
	}
	return nil
}
