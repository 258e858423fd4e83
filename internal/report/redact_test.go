package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// samples are texts with a credential of each form. They are put together here,
// so that no scanner takes this file for one that holds credentials.
func samples() map[string][]struct{ text, secret string } {
	letters := strings.Repeat("aB3dE6gH9jK2mN5p", 4)
	jwt := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"
	akia := "AKIA" + strings.Repeat("Q", 16)
	type one = struct{ text, secret string }
	return map[string][]one{
		"JSON Web Token":            {{"token: " + jwt + "\n", jwt}, {"--token=" + jwt, jwt}, {jwt + "." + letters + "." + letters, letters}},
		"PEM block":                 {{"a\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nb", "MIIE"}, {`"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n`, "MIIE"}},
		"Bearer token":              {{"Authorization: Bearer abc123def", "abc123def"}, {"authorization: bearer " + letters, letters}},
		"Basic authentication":      {{"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me:hunter2")), "bWU6aHVudGVyMg"}, {"curl -H 'authorization: basic YTpi'", "YTpi"}},
		"other authorization":       {{"Authorization: token " + letters, letters}, {`"authorization": "AWS4-HMAC-SHA256 Credential=a/b, Signature=c"`, "Credential"}},
		"password for curl":         {{"kubectl exec p -- curl -s -u me:hunter2 http://x", "hunter2"}, {"curl http://x --user 'me:hunter2'", "hunter2"}},
		"password in a URL":         {{"https://me:hunter2@git.example/x.git", "hunter2"}, {"redis://:hunter2@redis:6379/0", "hunter2"}, {"postgres://me:hu@nter2@db/x", "nter2"}},
		"GitHub token":              {{"ghp_" + letters[:36], letters[:36]}, {"x github_pat_" + letters + " y", letters}},
		"GitLab token":              {{"glpat-" + letters[:20], letters[:20]}},
		"Slack token":               {{"xoxb-" + letters, letters}, {"xapp-1-" + letters, letters}},
		"Slack webhook":             {{"https://hooks.slack.com/services/T0/B0/" + letters, letters}},
		"Google API key":            {{"key=AIza" + letters[:35], letters[:35]}},
		"Google OAuth":              {{"ya29." + letters, letters}, {"GOCSPX-" + letters[:28], letters[:28]}},
		"AWS access key":            {{"aws_access_key_id = " + akia, akia}},
		"AWS secret beside its key": {{akia + "," + letters[:40] + "\n", letters[:40]}},
		"AWS secret by name":        {{"aws_secret_access_key = " + letters[:40], letters[:40]}, {`"SecretAccessKey": "` + letters[:40] + `"`, letters[:40]}, {"AWS_SESSION_TOKEN=" + letters, letters}},
	}
}

func TestEachFormOfCredentialIsRemoved(t *testing.T) {
	all := samples()
	for _, f := range forms {
		if len(all[f.name]) == 0 {
			t.Errorf("%s: expected an example of it", f.name)
		}
		for _, e := range all[f.name] {
			if got := f.remove(e.text); strings.Contains(got, e.secret) || !strings.Contains(got, gap) {
				t.Errorf("%s: %q: found %q", f.name, e.text, got)
			}
			once := Redact(e.text)
			if strings.Contains(once, e.secret) || Redact(once) != once {
				t.Errorf("%s: %q: found %q, and again %q", f.name, e.text, once, Redact(once))
			}
		}
	}
}

// TestACredentialWithinAnotherIsRemovedOnce: what is around it is removed, too.
func TestACredentialWithinAnotherIsRemovedOnce(t *testing.T) {
	token := samples()["GitLab token"][0].text
	for text, want := range map[string]string{
		"curl -u me:" + token + " http://x":           "curl -u me:" + removed + " http://x",
		"curl -u me:a-" + token + " http://x":         "curl -u me:" + removed + " http://x",
		"curl -u me:" + token + ".hunter2 http://x":   "curl -u me:" + removed + " http://x",
		"https://me:a." + token + "@git.example/x":    "https://me:" + removed + "@git.example/x",
		"Authorization: token " + token + " and more": "Authorization: token " + removed,
	} {
		if found := Redact(text); found != want || Redact(found) != want {
			t.Errorf("%q: expected %q, found %q, and again %q", text, want, found, Redact(found))
		}
	}
}

// TestOrdinaryTextsStay: a report in which too much is removed says nothing.
func TestOrdinaryTextsStay(t *testing.T) {
	for _, text := range []string{
		"image: quay.io/centos/centos@sha256:9f0a4e5c1d2b3a4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f0a1b2c3",
		"uid: 0f8fad5b-d9cb-469f-a165-70867728950e", "containerd://4f9c1d2b3a4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f0a1b2c3d4e5",
		"http://10.244.1.5:9876/info", "http://[fd00::1]:9876/info?a=b@c", "https://user@host/path", "oci://registry:5000/a/b@sha256:abc",
		"Basic authentication is off", "Bearer authentication failed", `WWW-Authenticate: Bearer realm="x"`, "basic data types",
		"authorization:\n  mode: Webhook\n", "authorization: AlwaysAllow", "ssh://git@github.com/a/b",
		"kubectl exec p -- id -u", "chown -u 1000:1000", "data:\n  key: value\nkind: ConfigMap\n",
		`{"apiVersion":"v1","data":{"key":"value"},"kind":"ConfigMap"}`, "kubectl create configmap c --from-literal=password=visible",
		"secretName: my-secret", "kubectl get secret my-secret -o name", "AKIA is a prefix", "the -----BEGIN of a text",
		`{"host": "10.244.1.5:9876", "version": "0.5.0", "from": "10.244.2.7"}`,
	} {
		if got := Redact(text); got != text {
			t.Errorf("expected it as it is, %q, found %q", text, got)
		}
	}
}

//nolint:gosec // it is what must be removed
const secretYAML = `apiVersion: v1
data:
  .dockerconfigjson: aHVudGVyMg==
  password: aHVudGVyMg==
kind: Secret
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","kind":"Secret","stringData":{"a":"hunt\"er2}\\","password":"hunter2"},"type":"Opaque"}
  name: s
stringData:
  long: |
    hunter2
    hunter2
  flow: "hunter2"
type: Opaque
`

// TestTheDataOfASecretIsRemoved from YAML, JSON, JSON within JSON, and lists.
func TestTheDataOfASecretIsRemoved(t *testing.T) {
	asJSON, err := yaml.YAMLToJSON([]byte(secretYAML))
	if err != nil {
		t.Fatal(err)
	}
	var indented any
	if err := json.Unmarshal(asJSON, &indented); err != nil {
		t.Fatal(err)
	}
	long, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "items": []any{indented, indented}, "kind": "List"}, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	list := "apiVersion: v1\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(secretYAML), "\n", "\n  ") + "\nkind: List\n"
	for name, text := range map[string]string{
		"YAML": secretYAML, "JSON": string(asJSON), "list of JSON": string(long), "list of YAML": list,
		"flow": "kind: Secret\nstringData: {password: hunter2}\nmetadata: {name: s}\n",
	} {
		got := Redact(text)
		for _, secret := range []string{"hunter2", "aHVudGVyMg", `er2}`} {
			if strings.Contains(got, secret) {
				t.Errorf("%s: found %s in\n%s", name, secret, got)
			}
		}
		if Redact(got) != got {
			t.Errorf("%s: found another text when it is removed again:\n%s", name, Redact(got))
		}
		if name != "flow" && !strings.Contains(got, "password") || !strings.Contains(got, "Secret") {
			t.Errorf("%s: expected the names to stay, found\n%s", name, got)
		}
		var still any
		if err := yaml.Unmarshal([]byte(got), &still); err != nil {
			t.Errorf("%s: expected a text that can still be read, found %v in\n%s", name, err, got)
		}
	}
}

// TestNoFormatHoldsACredential lets credentials come by every way there is into a
// run's events, and writes the report in all formats.
func TestNoFormatHoldsACredential(t *testing.T) {
	jwt, pem := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln", "-----BEGIN PRIVATE KEY-----\nMIIEhunter2\n-----END PRIVATE KEY-----"
	text := jwt + " " + pem
	c := NewCollector()
	step := func(command string, bodies ...engine.Body) {
		c.Handle(engine.Event{Body: engine.StepStarted{Step: planned(text, v1alpha1.Claim{Claim: text, Expression: `stdout == "` + text + `"`})}})
		for _, b := range append([]engine.Body{engine.CommandShown{Line: command}}, bodies...) {
			c.Handle(engine.Event{Body: b})
		}
	}
	c.Handle(engine.Event{Body: engine.ScenarioStarted{Name: "a", Title: text}})
	step("kubectl exec p -- echo '"+text+"'", engine.FileShown{Name: "s.yaml", Content: secretYAML}, engine.Output{Stdout: text, Stderr: text},
		engine.StepFailed{Err: text}, engine.EvidenceKept{Evidence: v1alpha1.Evidence{Pod: "p", Logs: []v1alpha1.Log{{Container: "c", Lines: strings.Split(text, "\n")}}}})
	step("kubectl create secret generic s --from-literal=password=hunter2hunter2 --from-literal 'pin=hunter2 pin'", engine.StepFailed{Err: "kubectl create secret generic s --from-literal=password=hunter2hunter2: exit code 1"})
	step("kubectl get secret s -o jsonpath={.data.password}", engine.Output{Stdout: "aHVudGVyMg=="})
	r := c.Report()
	for _, format := range append(Formats(&v1alpha1.Report{}), "json") {
		var out strings.Builder
		var err error
		if format == "json" {
			err = json.NewEncoder(&out).Encode(r)
		} else {
			err = Write(&out, format, r)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"eyJhbG", "MIIE", "hunter2", "aHVudGVyMg"} {
			if at := strings.Index(out.String(), secret); at >= 0 {
				t.Errorf("%s: found %s in …%s…", format, secret, out.String()[max(0, at-100):min(at+50, out.Len())])
			}
		}
	}
}

// TestOtherReportsHoldNoCredential: they are removed in whatever field they are.
func TestOtherReportsHoldNoCredential(t *testing.T) {
	const jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln"
	reach := Redacted(&v1alpha1.Reach{RunResult: v1alpha1.RunResult{Error: jwt}, Vantages: []v1alpha1.Vantage{{Error: jwt}}, Causes: []v1alpha1.ReachCause{{What: jwt, Remedy: jwt}}})
	conformance := Redacted(&v1alpha1.ConformanceReport{Profiles: []v1alpha1.ConformanceProfile{{Problems: []string{jwt}}}})
	if text := fmt.Sprintf("%+v %+v", *reach, *conformance); strings.Contains(text, "eyJ") {
		t.Errorf("found a token in %s", text)
	}
}
