//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const workload = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: sise
        image: quay.io/centos/centos:stream9
        command: [python3, -c, SERVICE]
        ports: [{containerPort: 9876, hostPort: 9999}]
        resources: {limits: {memory: 64Mi, cpu: 200m}}
        readinessProbe: {tcpSocket: {port: 9876}, periodSeconds: 1}
      - {name: shell, image: "quay.io/centos/centos:stream9", command: [bash, -c, "echo shell of $HOSTNAME; sleep infinity"]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, type: NodePort, ports: [{port: 80, targetPort: 9876, nodePort: 30080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: host}
spec:
  hostNetwork: true
  nodeName: node-1
  terminationGracePeriodSeconds: 0
  containers: [{name: shell, image: "quay.io/centos/centos:stream9", command: [sleep, infinity]}]
`

func TestPods(t *testing.T) {
	c := newCluster(t)
	c.up()
	c.apply(strings.Replace(workload, "SERVICE", quoted(service(t)), 1))
	c.kubectl("rollout", "status", "daemonset/web", "--timeout=60s")
	c.kubectl("wait", "--for=condition=Ready", "pod/host", "--timeout=30s")
	c.look()
	const list = "jsonpath={range .items[*]}{.metadata.name} {.status.podIP} {.spec.nodeName}{'\\n'}{end}"
	pods := strings.Split(c.kubectl("get", "pods", "-l", "app=web", "-o", list), "\n")
	if len(pods) != 3 {
		t.Fatalf("expected a pod on each of 3 nodes, found %v", pods)
	}
	service := c.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")

	t.Run("every pod reaches every pod, without address translation", func(t *testing.T) {
		for _, from := range pods {
			for _, to := range pods {
				if f, ip := strings.Fields(from), strings.Fields(to)[1]; true {
					out := c.shell(f[0], "curl -sS -m 5 http://"+ip+":9876/info")
					if !strings.Contains(out, `"from": "`+f[1]+`"`) && !strings.Contains(out, `"from":"`+f[1]+`"`) {
						t.Errorf("from %s to %s: expected an answer that names the caller, found %s", from, to, out)
					}
				}
			}
		}
	})
	t.Run("services", func(t *testing.T) {
		pod := strings.Fields(pods[0])[0]
		for _, from := range []string{pod, "host"} {
			for _, url := range []string{service, "10.89.0.12:30080", "10.89.0.13:9999"} {
				if out := c.shell(from, "curl -sS -m 5 http://"+url+"/health"); !strings.Contains(out, "healthy") {
					t.Errorf("from %s to %s: %s", from, url, out)
				}
			}
		}
		if out := c.shell(pod, "curl -sSk -m 5 https://10.96.0.1/version"); !strings.Contains(out, "Unauthorized") {
			t.Errorf("the API server's service: expected it to refuse an anonymous caller, found %s", out)
		}
	})
	t.Run("what cannot be reached fails at once", func(t *testing.T) {
		for _, url := range []string{"http://no-such-name.example", "http://192.0.2.1"} {
			begin := time.Now()
			for range 5 { // more than one: the kernel limits how many strays it answers
				if out := c.shell(strings.Fields(pods[0])[0], "curl -sS -m 10 "+url+" 2>&1 || true"); !strings.Contains(out, "curl: ") {
					t.Errorf("%s: expected it to fail, found %s", url, out)
				}
			}
			took := time.Since(begin)
			t.Logf("%s: 5 failures took %s", url, took)
			if took > 10*time.Second {
				t.Errorf("%s: expected less than 10s", url)
			}
		}
		c.kubectl("run", "absent", "--image=registry.example/kbe/absent:1")
		c.eventually("a missing image is reported", func() bool {
			return strings.Contains(c.kubectl("get", "events", "-o", "jsonpath={.items[*].message}"), "lookup registry.example")
		})
	})
	t.Run("logs and the API server's way to pods", func(t *testing.T) {
		pod := strings.Fields(pods[1])[0]
		if out := c.kubectl("logs", pod, "-c", "shell"); out != "shell of "+pod {
			t.Errorf("logs: %s", out)
		}
		if out := c.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/"+pod+":9876/proxy/health"); !strings.Contains(out, "healthy") {
			t.Errorf("pod proxy: %s", out)
		}
	})
	t.Run("a node's pods have its own host name", func(t *testing.T) {
		if out := c.shell("host", "uname -n"); out != "node-1" {
			t.Errorf("expected node-1, found %s", out)
		}
	})
	t.Run("no certificate is for everybody", func(t *testing.T) {
		for _, who := range []string{"system:node:node-1", "system:kube-proxy", "system:anonymous"} {
			out, _ := c.run("kubectl", "auth", "can-i", "create", "pods", "--subresource=exec", "--as="+who)
			if strings.HasPrefix(out, "yes") {
				t.Errorf("%s may exec into pods: %s", who, out)
			}
		}
	})
}

// shell runs a command in the shell container of a pod.
func (c *cluster) shell(pod, command string) string {
	c.t.Helper()
	return c.kubectl("exec", pod, "-c", "shell", "--", "bash", "-c", command)
}

// TestFigures holds the cluster to its promises about time and memory.
func TestFigures(t *testing.T) {
	c := newCluster(t)
	begin := time.Now()
	c.up()
	t.Logf("up took %s", time.Since(begin))
	total := c.memory()
	t.Logf("resident memory of all parts: %d MiB", total>>20)
	if limit := 1_300_000_000; total > limit {
		t.Errorf("resident memory: expected at most 1.3 GB (%d MiB), found %d MiB", limit>>20, total>>20)
	}
}

// memory is the resident memory of all processes of the cluster, in bytes. What they share counts for each.
func (c *cluster) memory() int {
	total := 0
	for pid := range c.members() {
		data, _ := os.ReadFile("/proc/" + pid + "/status")
		for line := range strings.Lines(string(data)) {
			var kib int
			if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
				total += kib << 10
			}
		}
	}
	return total
}

func (c *cluster) members() map[string]bool {
	pids := map[string]bool{}
	for _, dir := range controlGroups(c.name) {
		data, _ := os.ReadFile(dir + "/cgroup.procs")
		for pid := range strings.FieldsSeq(string(data)) {
			pids[pid] = true
		}
	}
	return pids
}
