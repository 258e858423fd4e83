package page

import (
	"slices"
	"strings"
	"testing"
)

// TestReadingAPage: the commands of a page in each form that editors and renderers know, and
// what is not run of them.
func TestReadingAPage(t *testing.T) {
	for name, tc := range map[string]struct {
		page string
		want []string
	}{
		"CRLF":                         {"# A\r\n```console\r\n$ kubectl get pods\r\nNo resources\r\n```\r\n", []string{"3 kubectl get pods: No resources"}},
		"a byte order mark":            {"\ufeff---\ntitle: A\n---\n```sh\nkubectl get pods\n```\n", []string{"5 kubectl get pods"}},
		"a tab behind the prompt":      {"```console\n$\tkubectl get pods\n```\n", []string{"2 kubectl get pods"}},
		"an indented block":            {"A:\n\n    $ kubectl get pods\n    No resources\n", []string{"3 kubectl get pods: No resources"}},
		"nested lists":                 {"1. A\n   - B\n\n     ```sh\n     kubectl get pods\n     ```\n\n     ```\n     No resources\n     ```\n", []string{"5 kubectl get pods: No resources"}},
		"a quote":                      {"> ```console\n> $ kubectl get pods\n> No resources\n> ```\n", []string{"2 kubectl get pods: No resources"}},
		"details":                      {"<details>\n<summary>A</summary>\n\n```sh\nkubectl get pods\n```\n\n</details>\n", []string{"5 kubectl get pods"}},
		"a fence of waves":             {"~~~~ bash\nkubectl get pods\n~~~~\n", []string{"2 kubectl get pods"}},
		"attributes of a fence":        {"```{.bash .copy}\nkubectl get pods\n```\n```bash title=\"run\"\nkubectl get cm\n```\n", []string{"2 kubectl get pods", "5 kubectl get cm"}},
		"a command in a fence of text": {"```text\n$ kubectl get pods\nNo resources\n```\n", []string{"2 kubectl get pods: No resources"}},
		"a fence that is not closed":   {"```sh\nkubectl get pods\n", []string{"2 kubectl get pods"}},
		"a comment of several lines":   {"<!-- kbe:\n  skip: it takes an hour\n-->\n```sh\nkubectl get pods\n```\n", []string{"5 kubectl get pods (it takes an hour)"}},
		"a fence within details":       {"<details>\n<summary>A</summary>\n```console\n$ kubectl get pods\n```\n</details>\n", []string{"4 $ kubectl get pods (it stands in HTML)"}},
		"HTML":                         {"<pre>\n$ kubectl get pods\n</pre>\n", []string{"2 $ kubectl get pods (it stands in HTML)"}},
		"a comment":                    {"<!--\n$ kubectl get pods\n-->\n```sh\nkubectl get cm\n```\n", []string{"5 kubectl get cm"}},
		"another shell":                {"```powershell\nkubectl get pods\n```\n", []string{"2 kubectl get pods (it stands in a fence of `powershell`)"}},
		// Forms that other programs for such pages were reported to ignore, or to run wrongly: mktestdocs#14 and rumdl#423 (notes and
		// tabs of MkDocs), CosmWasm/docs#37 (components of MDX), runme#723 (attributes in JSON), mdx#372 (names of a session),
		// website#13418 and mdn/content#28205 (output behind commands without prompts).
		// byexample#35 (a $ in an output), kubernetes/website#7249 (a text after << that is indented with its command), mdx#270 (an empty line
		// before an output), dune#1767 (a text after << with prompts), rumdl#175 (a fence in one line), runme#723 (a snippet of MkDocs above
		// the title), runme#61 (commands that are indented in a fence).
		"a sign of a prompt in an output":        {"```console\n$ kubectl logs a\nNotes:\n     $: trailing spaces\n     $ app serve\n$ kubectl get cm\n```\n", []string{"2 kubectl logs a: Notes:: $: trailing spaces: $ app serve", "6 kubectl get cm"}},
		"an indented text after <<":              {"   ```shell\n    kubectl apply -f - <<EOF\n    a: 1\n    EOF\n    kubectl get cm\n   ```\n", []string{"2  kubectl apply -f - <<EOF\n a: 1\n EOF (this is not a command that a shell understands: unclosed here-document `EOF`)", "5 kubectl get cm"}},
		"an empty line before an output":         {"```sh\n$ kubectl get pods\n\nNo resources\n```\n", []string{"2 kubectl get pods: No resources"}},
		"a text after << with prompts":           {"```console\n$ kubectl apply -f - <<EOF\n> a:\n>   b: 1\n> EOF\npod/a created\n$ kubectl get cm\n```\n", []string{"2 kubectl apply -f - <<EOF\na:\n  b: 1\nEOF: pod/a created", "7 kubectl get cm"}},
		"a fence in one line":                    {"```something```\n\n```bash\n# Have a look\nkubectl get pods\n```\n", []string{"5 kubectl get pods"}},
		"a snippet above the title":              {"--8<-- \"a.md\"\n\n## A\n\n```bash\nkubectl get pods\n```\n", []string{"6 kubectl get pods"}},
		"indented commands":                      {"```sh\n    $ kubectl get pods\n    No resources\n    $ kubectl get cm\n```\n", []string{"2 kubectl get pods: No resources", "4 kubectl get cm"}},
		"a note of MkDocs":                       {"!!! note\n\n    Run this:\n\n    ```bash\n    kubectl get pods\n    ```\n\n    ```\n    No resources\n    ```\n", []string{"6 kubectl get pods: No resources"}},
		"tabs of MkDocs":                         {"=== \"kubectl\"\n    ```bash\n    kubectl get pods\n    ```\n\n=== \"YAML\"\n\n    ???+ tip\n        ```bash\n        kubectl get cm\n        ```\n", []string{"3 kubectl get pods", "10 kubectl get cm"}},
		"the output of a test of Go":             {"```sh\nkubectl logs a\n```\n```\n=== RUN   TestA\n    a_test.go:5: b\n```\n", []string{"2 kubectl logs a: === RUN   TestA: a_test.go:5: b"}},
		"components of MDX":                      {"<Tabs>\n    <Tab>\n\n      ```bash\n      kubectl get pods\n      ```\n\n      ```\n      No resources\n      ```\n\n    </Tab>\n</Tabs>\n", []string{"5 kubectl get pods: No resources"}},
		"attributes in JSON":                     {"``` {\"name\": \"list\"}\nkubectl get pods\n```\n```sh {\"id\": \"01\"}\nkubectl get cm\n```\n", []string{"2 kubectl get pods", "5 kubectl get cm"}},
		"attributes without a name":              {"```{ name=list }\nkubectl get pods\n```\n```sh{name=b}\nkubectl get cm\n```\n```bash,copy\nkubectl get svc\n```\n", []string{"2 kubectl get pods", "5 kubectl get cm", "8 kubectl get svc"}},
		"names of a session":                     {"```bash session\n$ kubectl get pods\nNo resources\n```\n```sh-session\n$ kubectl get cm\n```\n", []string{"2 kubectl get pods: No resources", "6 kubectl get cm"}},
		"shortcodes":                             {"{{< highlight bash >}}\nkubectl get pods\n{{< /highlight >}}\n\n{% highlight shell %}\n$ kubectl get cm\n{% endhighlight %}\n\n{{< tab name=\"A\" codelang=\"bash\" >}}\nkubectl get svc\n{{< /tab >}}\n\n{{% tab name=\"B\" %}}\n```sh\nkubectl get jobs\n```\n{{% /tab %}}\n", []string{"2 kubectl get pods", "6 kubectl get cm", "10 kubectl get svc", "15 kubectl get jobs"}},
		"prompts of other shells":                {"```console\n% kubectl get pods\nNo resources\n> kubectl get cm\n❯ kubectl get svc\n$kubectl get jobs\n```\n", []string{"2 kubectl get pods: No resources", "4 kubectl get cm", "5 kubectl get svc", "6 kubectl get jobs"}},
		"the progress of curl":                   {"```console\n$ kubectl exec a -- curl b\n% Total    % Received\n```\n", []string{"2 kubectl exec a -- curl b: % Total    % Received"}},
		"the prompt of root":                     {"```console\n# kubectl get pods\nNo resources\n```\n```console\n# kubectl get pods lists them\n$ kubectl get cm\n```\n", []string{"2 kubectl get pods: No resources", "7 kubectl get cm"}},
		"a comment before a command":             {"```\n# List them\nkubectl get pods\n```\n", []string{"3 kubectl get pods"}},
		"a table behind a command":               {"```bash\nkubectl get pods\nNAME  READY\na     1/1\n\nkubectl get cm\nNo resources found in default namespace.\n```\n", []string{"2 kubectl get pods: NAME  READY: a     1/1", "6 kubectl get cm: No resources found in default namespace."}},
		"a text after << without prompts":        {"```console\n$ kubectl apply -f - <<EOF\na:\n b: |\n  c\nEOF\npod/a created\n```\n", []string{"2 kubectl apply -f - <<EOF\na:\n b: |\n  c\nEOF: pod/a created"}},
		"help":                                   {"```console\n$ kubectl create -h\nCreate a resource from a file.\n$ kubectl exec a -- ls -h\n$ kubectl help\n```\n", []string{"2 kubectl create -h: Create a resource from a file. (it prints the help of kubectl)", "4 kubectl exec a -- ls -h", "5 kubectl help (it prints the help of kubectl)"}},
		"a result behind a command":              {"```bash\nkubectl apply -f - <<EOF\nNAME READY\nEOF\nconfigmap/a created\nkubectl delete cm a\nconfigmap \"a\" deleted\n```\n", []string{"2 kubectl apply -f - <<EOF\nNAME READY\nEOF: configmap/a created", "6 kubectl delete cm a: configmap \"a\" deleted"}},
		"fields in a fence of commands":          {"```sh\nkubectl get cm\n```\n```shell\ncommand: [\"/bin/sh\"]\nargs: [\"-c\"]\n```\n", []string{"2 kubectl get cm"}},
		"an output in a fence of commands":       {"```sh\nkubectl exec a -- redis-cli INFO\n```\n```shell\n1) \"maxmemory\"\n2) \"0\"\n```\n```sh\nkubectl describe cm a\n```\n```shell\nName: a\n```\n", []string{"2 kubectl exec a -- redis-cli INFO: 1) \"maxmemory\": 2) \"0\"", "9 kubectl describe cm a: Name: a"}},
		"a part of a manifest":                   {"```sh\nkubectl describe pod a\n```\n```yaml\nports:\n- name: b\n```\n```sh\nkubectl get pod a\n```\n```\nspec:\n  a: b\n```\n", []string{"2 kubectl describe pod a", "9 kubectl get pod a"}},
		"a part of a manifest, with an ellipsis": {"```sh\nkubectl apply -f a\n```\n```\nspec:\n...\nstatus: b\n```\n", []string{"2 kubectl apply -f a"}},
		"an output of another command":           {"```sh\nkubectl apply -f a\n```\nThe command `ls /b` prints this:\n```\nSPECIAL\n```\n", []string{"2 kubectl apply -f a"}},
		"an output of a command in a sentence":   {"```sh\nkubectl apply -f a\n```\nRun `kubectl get deployments`:\n```\nNAME  READY\na     0/3\n```\n", []string{"2 kubectl apply -f a", "4 kubectl get deployments: NAME  READY: a     0/3"}},
		"a command without a name":               {"Use the `kubectl create configmap` command, or run `kubectl delete pod/a`.\n", []string{"1 kubectl delete pod/a"}},
		"a history":                              {"```sh\nkubectl rollout history deployment a\n```\n```\nREVISION\n1\n```\n", []string{"2 kubectl rollout history deployment a: REVISION: 1"}},
		"an output in another section":           {"```sh\nkubectl describe pod a\n```\n## B\n```\nName: b\n```\n", []string{"2 kubectl describe pod a"}},
		"an indented output":                     {"```shell\nkubectl get pods -o custom-columns=POD_IP:.status.podIPs\n    POD_IP\n    [map[ip:10.244.3.4]]\n```\n", []string{"2 kubectl get pods -o custom-columns=POD_IP:.status.podIPs: POD_IP: [map[ip:10.244.3.4]]"}},
		"an output that begins with an ellipsis": {"```shell\nkubectl exec a -- curl b \\\n  --fail\n...\n<title>C</title>\n```\n", []string{"2 kubectl exec a -- curl b \\\n  --fail: ...: <title>C</title>"}},
		"a manifest in a fence of shell":         {"```bash\napiVersion: v1\nkind: Pod\n```\n```bash\nkubectl get pods\n```\n", []string{"6 kubectl get pods"}},
		"an indented command":                    {"```shell\nA=1\n  make B\n  kubectl get pods\n  # C\n```\n", []string{"3 make B (`make` is another program: verify runs kubectl)", "4 kubectl get pods"}},
		"a command after one of another program": {"```console\nkind create cluster\n\n# Create it\nkubectl create namespace a\n```\n", []string{"2 kind create cluster (`kind` is another program: verify runs kubectl)", "5 kubectl create namespace a (the namespace of the run stands for it)"}},
		"a command before the first prompt":      {"```bash\nkubectl exec -it a -- bash\nroot@a:/# ls\nb\n```\n", []string{"2 kubectl exec -it a -- bash", "3 ls: b"}},
		"a command in a fence of YAML":           {"```yaml\nkubectl apply -f - <<EOF\na: 1\nEOF\n```\n```yaml\n$ kubectl get cm\n```\n", []string{"2 kubectl apply -f - <<EOF\na: 1\nEOF", "7 kubectl get cm"}},
		"a prompt of root before a table":        {"```bash\n# kubectl get cm\nNAME   DATA\na      1\n```\n", []string{"2 kubectl get cm: NAME   DATA: a      1"}},
		"several tables behind a command":        {"```bash\nkubectl get all\nNAME    READY\npod/a   1/1\n\nNAME    TYPE\nsvc/a   ClusterIP\n```\n", []string{"2 kubectl get all: NAME    READY: pod/a   1/1: NAME    TYPE: svc/a   ClusterIP"}},
		"a word that never ends":                 {"```bash\nhelm install a \\\n  --version [[VAR::v]] \\\n  --wait\n\nkubectl get cm\n```\n", []string{"2 helm install a \\\n  --version [[VAR::v]] \\\n  --wait (`helm` is another program: verify runs kubectl)", "6 kubectl get cm"}},
		"a pause":                                {"```bash\nsleep 5\nkubectl get cm\n```\n", []string{"2 sleep 5 (verify waits until the cluster shows what the page shows)", "3 kubectl get cm"}},
		"output in a fence of shell":             {"```shell\nkubectl get pods\n```\nprints\n```shell\nNAME  READY\na     1/1\n```\n", []string{"2 kubectl get pods: NAME  READY: a     1/1"}},
		"a command in a fence of output":         {"```text\nkubectl get pods\n```\n", []string{"2 kubectl get pods (it stands in a fence of `text`)"}},
		"a variable of the machine":              {"```sh\nKUBECONFIG=other kubectl get pods\n```\n", []string{"2 KUBECONFIG=other kubectl get pods (it sets a variable of the machine for kubectl)"}},
		"a program that names commands":          {"```go\n// kubectl get pods\nrun()\n```\n```sh\nkubectl get cm\n```\n", []string{"6 kubectl get cm"}},
	} {
		var found []string
		for _, c := range read(t, "page.md", tc.page).commands {
			text := c.id + " " + c.text
			for _, l := range c.output {
				text += ": " + strings.TrimSpace(l.text)
			}
			if why, _, _ := strings.Cut(c.note.Skip+c.notRun, ", "); why != "" {
				text += " (" + why + ")"
			}
			found = append(found, text)
		}
		if !slices.Equal(found, tc.want) {
			t.Errorf("%s: expected %q, found %q", name, tc.want, found)
		}
	}
}
