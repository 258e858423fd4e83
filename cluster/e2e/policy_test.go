//go:build e2e

package e2e

import "testing"

const defaultDeny = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
`

const allowClients = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-clients}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 9876}]}]
`

// TestNetworkPolicy makes policies, of addresses of both families, and takes them away again.
func TestNetworkPolicy(t *testing.T) {
	c := newCluster(t)
	c.up("--nodes=2", "--ip-family=dual", "--network-policy")
	probes := c.startProbes()
	c.expectReach(probes)

	c.apply(defaultDeny)
	c.expectPolicy(probes, map[string]string{"client": timedOut, "web": timedOut, "host": timedOut})
	c.apply(allowClients)
	c.expectPolicy(probes, map[string]string{"client": answered, "web": timedOut, "host": timedOut})
	c.kubectl("delete", "networkpolicy", "--all")
	c.expectPolicy(probes, map[string]string{"client": answered, "web": answered, "host": answered})
	c.expectReach(probes)
}

// expectPolicy waits until the pods of each kind on node-1 find the server of node-2 so, and those on its own node, too. The
// server itself and its node always reach it.
func (c *cluster) expectPolicy(probes map[string]map[string]probe, want map[string]string) {
	c.t.Helper()
	target := probes["web"]["node-2"]
	expect := func(app, node, code string) {
		c.t.Helper()
		c.eventually(app+" of "+node+" finds curl's exit code "+code, func() bool {
			for _, got := range c.ask(probes[app][node].pod, target.addresses...) {
				if got != code {
					return false
				}
			}
			return true
		})
	}
	for app, code := range want {
		expect(app, "node-1", code)
	}
	expect("client", "node-2", want["client"])
	expect("web", "node-2", answered)
	expect("host", "node-2", answered)
}
