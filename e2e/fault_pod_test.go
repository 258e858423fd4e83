package e2e

import (
	"io"
	"os"
	"os/exec"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// interruptedNever: a command that Ctrl-C ends has not failed.
var interruptedNever = []string{"✗ interrupt", "did not become"}

// interrupted is an example that would run for long, and is interrupted at a line.
func interrupted(at string) func(*scene) []string {
	return func(s *scene) []string {
		s.when, s.at = at, func(c *exec.Cmd, _ io.Closer) {
			s.known = time.Now()
			if err := c.Process.Signal(os.Interrupt); err != nil {
				s.Error(err)
			}
		}
		return s.pod("  containers: [{name: main, image: SHELL, command: [sleep, infinity]}]", "exec subject -- sleep 600")
	}
}

// podFaults are wrong with the Pod itself, its program, or what it asks for.
var podFaults = []fault{
	{row: 15, name: "unschedulable", how: "a nodeSelector that no node has", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  nodeSelector: {disk: ssd}
  containers: [{name: main, image: SHELL}]`)
		},
		want: []string{`pod "subject" is not scheduled: no node can run it (Unschedulable)`, "nodes are available", "didn't match Pod's node affinity/selector"}},
	{row: 15, name: "toobig", how: "a request of 1000 CPUs", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers: [{name: main, image: SHELL, resources: {requests: {cpu: "1000"}}}]`)
		},
		want: []string{`pod "subject" is not scheduled: no node can run it (Unschedulable)`, "Insufficient cpu"}},
	{row: 16, name: "crash", how: "a program that exits with 3", code: 1,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers:
  - name: main
    image: SHELL
    command: [sh, -c, "echo cannot open the database >&2; exit 3"]
    readinessProbe: {tcpSocket: {port: 9}}`)
		},
		want: []string{`container "main" of pod "subject" exited why Error: exit code 3`, "cannot open the database"}},
	{row: 16, name: "initcrash", how: "an init container that exits with 7", code: 1,
		provoke: func(s *scene) []string {
			return s.pod(`
  initContainers: [{name: prepare, image: SHELL, command: [sh, -c, "echo no migration found; exit 7"]}]
  containers: [{name: main, image: SHELL, command: [sleep, "60"]}]`)
		},
		want: []string{`container "prepare" of pod "subject" exited why Error: exit code 7`, "no migration found"}},
	{row: 16, name: "nocommand", how: "a command that the image does not have", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers: [{name: main, image: SHELL, command: [nosuchprogram]}]`)
		},
		want: []string{`its image has no executable "nosuchprogram"`, "executable file not found"}},
	{row: 17, name: "oom", how: "a program that needs more memory than its limit", code: 1,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers:
  - name: main
    image: SHELL
    command: [sh, -c, 'x=$(tr "\\0" x </dev/zero); echo $x']
    resources: {limits: {memory: 20Mi}}
    readinessProbe: {tcpSocket: {port: 9}}`)
		},
		want: []string{"used more memory than its limit of 20Mi (OOMKilled) why OOMKilled: exit code 137"}},
	{row: 18, name: "root", how: "runAsNonRoot with an image that runs as root", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers: [{name: main, image: SHELL, command: [sleep, "60"], securityContext: {runAsNonRoot: true}}]`)
		},
		want: []string{"securityContext.runAsNonRoot forbids root, and its image runs as root", "securityContext.runAsUser"}},
	{row: 19, name: "noprogram", how: "hostname in an image that has none", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`  containers: [{name: main, image: SHELL, command: [sleep, "60"]}]`, "exec subject -- hostname")
		},
		want: []string{`cannot check: the container's image has no program "hostname"`}, never: []string{"refused"}},
	{row: 22, name: "notready", how: "a readiness probe that gets 404, shown while it is waited for", code: 3,
		provoke: func(s *scene) []string {
			args := s.pod(`
  containers: [{name: main, image: SERVICE, readinessProbe: {httpGet: {path: /nope, port: 9876}, periodSeconds: 1, initialDelaySeconds: 3}}]`)
			return append(args, "--timeout", "12s")
		},
		want: []string{`container "main" of pod "subject" runs, but its probe fails: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404`, "timed out after 12s"}},
	{row: 30, name: "held", how: "a finalizer in the namespace, removed when the run has reported it", code: 0,
		provoke: func(s *scene) []string {
			s.when, s.at = "pod/subject created", func(*exec.Cmd, io.Closer) {
				namespace := s.ownedNamespace()
				release := hold(s.T, namespace)
				s.when, s.at = "is stuck terminating", func(*exec.Cmd, io.Closer) {
					s.known = conditionSince(s.T, namespace, corev1.NamespaceFinalizersRemaining)
					release()
				}
			}
			return s.service()
		},
		want: []string{"is stuck terminating: NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: example.com/hold", "whoever set a finalizer must remove it", "✓ 0 of 0 claims hold"}},
	{row: 32, name: "interruptedcreate", how: "Ctrl-C when a pod is created", code: 130,
		provoke: interrupted("$ kubectl create -f"), want: []string{"Interrupted (interrupt): cleaning up", "A second signal exits at once; then run: kubectl delete namespace"}, never: interruptedNever},
	{row: 32, name: "interruptedwait", how: "Ctrl-C when a pod is waited for", code: 130,
		provoke: interrupted("$ kubectl wait"), want: []string{"Interrupted (interrupt): cleaning up"}, never: interruptedNever},
	{row: 32, name: "interruptedexec", how: "Ctrl-C during an exec", code: 130,
		provoke: interrupted("$ kubectl exec"), want: []string{"Interrupted (interrupt): cleaning up"}, never: interruptedNever},
	{row: 40, name: "hostile", how: "escape sequences in a pod's log", code: 0,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers: [{name: main, image: SHELL, command: [bash, -c, 'printf "\e]0;owned\a\e[31mred\n"; sleep 60']}]`, "logs subject")
		},
		want: []string{"^[[31mred"}, never: []string{"\x1b]0;", "\x1b[31m"}},
	{row: 16, name: "noconfig", how: "envFrom a configmap that does not exist", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers: [{name: main, image: SHELL, command: [sleep, "60"], envFrom: [{configMapRef: {name: absent}}]}]`)
		},
		want: []string{`it needs the configmap "absent", which does not exist`}},
	{row: 16, name: "nomount", how: "a volume of a secret that does not exist", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  volumes: [{name: v, secret: {secretName: absent}}]
  containers: [{name: main, image: SHELL, command: [sleep, "60"], volumeMounts: [{name: v, mountPath: /v}]}]`)
		},
		want: []string{`one of its volumes needs the secret "absent", which does not exist`}},
	{row: 16, name: "sandbox", how: "a sysctl value that the kernel refuses", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: x}]}
  containers: [{name: main, image: SHELL, command: [sleep, "60"]}]`)
		},
		want: []string{"cannot create its sandbox"}},
	{row: 16, name: "liveness", how: "a liveness probe that gets 404, shown while it is waited for", code: 1,
		provoke: func(s *scene) []string {
			// The service is deaf to SIGTERM: its restart takes the grace period.
			return s.pod(`
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: SERVICE
    livenessProbe: {httpGet: {path: /nope, port: 9876}, periodSeconds: 1, failureThreshold: 2}
    readinessProbe: {tcpSocket: {port: 9}}`)
		},
		// A probe before the program listens finds no connection.
		want: []string{"runs, but its liveness probe fails: Unhealthy: Liveness probe failed", "statuscode: 404", "is restarted, because its liveness probe fails"}},
	{row: 16, name: "hook", how: "a postStart hook that fails", code: 1,
		provoke: func(s *scene) []string {
			return s.pod(`
  containers: [{name: main, image: SHELL, command: [sleep, "60"], lifecycle: {postStart: {exec: {command: ["false"]}}}}]`)
		},
		want: []string{"its postStart hook fails"}},
	{row: 16, name: "deadline", how: "activeDeadlineSeconds that pass", code: 3,
		provoke: func(s *scene) []string {
			return s.pod(`
  activeDeadlineSeconds: 3
  containers: [{name: main, image: SHELL, command: [sleep, "60"], readinessProbe: {tcpSocket: {port: 9}}}]`)
		},
		want: []string{"exceeded its activeDeadlineSeconds"}},
}
