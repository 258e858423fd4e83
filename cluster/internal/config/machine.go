package config

import (
	"os"
	"strconv"
	"strings"
)

// Path is where every component looks for the machine's programs: runc, nft, iptables, mount.
const Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const capSysResource = 24 // CAP_SYS_RESOURCE, capabilities(7)

// Machine is what the configuration depends on besides the cluster.
type Machine struct {
	// MayProtect reports that a process may lower its own OOM score (CAP_SYS_RESOURCE).
	MayProtect bool
}

// ThisMachine looks at the machine that the process runs on.
func ThisMachine() Machine {
	status, _ := os.ReadFile("/proc/self/status")
	return Machine{MayProtect: mayProtect(string(status))}
}

// mayProtect looks for CAP_SYS_RESOURCE in a /proc/PID/status.
func mayProtect(status string) bool {
	for line := range strings.Lines(status) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			bits, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err == nil && bits&(1<<capSysResource) != 0
		}
	}
	return false
}

// oomScore is what a node's own daemons ask for: less likely to be killed than pods, where that is allowed.
func (m Machine) oomScore() int {
	if m.MayProtect {
		return -999
	}
	return 0
}
