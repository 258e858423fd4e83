package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func TestTheCatalogueIsConfined(t *testing.T) {
	catalogue, err := example.LoadAll(examples.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range catalogue {
		plan, err := Compile(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Confined(false); err != nil {
			t.Error(err)
		}
	}
}

func TestConfinedRefusesWhatTheTableDoesNotHave(t *testing.T) {
	const elsewhere, noNamespace, flag, file, raw, verb = "leaves the run's namespace", "are cluster-scoped", "is not allowed with",
		"which read no file", "it is outside of the run's namespace", "is not allowed in an example"
	const unserved, noObject, noProgram, noManifest, endless = "an example may not request", "is no object of", "no program can follow", "expected a manifest of the example", "would never end"
	scoped := []string{elsewhere, noNamespace, raw, unserved, noObject} // what --allow-cluster-scope permits
	for run, want := range map[string]string{
		"kubectl get pods":                                                   "",
		"kubectl exec x -- ls -A --namespace y":                              "",
		"kubectl exec x -- cat --from-file=/etc/passwd -f x":                 "",
		"kubectl run x --image=i --command -- sh -c $(run.id)":               "",
		"kubectl create job x --image=i -- date":                             "",
		"kubectl get --raw /version":                                         "",
		"kubectl get --raw /openapi/v3/apis/apps/v1":                         "",
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)/pods":         "",
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)/pods?limit=1": "",
		"kubectl create configmap c --from-literal=a=b":                      "",
		"kubectl get pods -o jsonpath={.metadata.name}":                      "",
		"kubectl label pod x a.b/c=d e-":                                     "",
		"kubectl wait --for=delete pod/x":                                    "",
		"kubectl wait pods -l a=b --for=condition=Ready":                     "",
		`kubectl get $(pod("x").metadata.name)`:                              "",
		"kubectl get pods -A":                                                elsewhere,
		"kubectl get pods -wo name":                                          endless,
		"kubectl get pods --watch-only":                                      endless,
		"kubectl events --watch":                                             endless,
		"kubectl get pods --watch=false":                                     "",
		"kubectl get pods --all-namespaces=true":                             elsewhere,
		"kubectl get nodes":                                                  noNamespace,
		"kubectl get ns/default":                                             noNamespace,
		"kubectl describe node x":                                            noNamespace,
		"kubectl delete pods,pv x":                                           noNamespace,
		"kubectl create namespace x":                                         noNamespace,
		"kubectl create clusterrolebinding x --clusterrole=y":                noNamespace,
		"kubectl label node x a=b":                                           noNamespace,
		"kubectl wait --for=condition=Ready node/x":                          noNamespace,
		"kubectl get widgets.example.com":                                    unserved,
		"kubectl create ingress x --rule=h/=s:80":                            unserved,
		"kubectl get --raw /api/v1/nodes":                                    raw,
		"kubectl get --raw=/api/v1/namespaces/kube-system/pods":              raw,
		"kubectl get --raw /apis/apps/v1/deployments":                        raw,
		"kubectl get --raw /x/api/v1/namespaces/$(run.namespace)/pods":       noObject,
		"kubectl get --raw /metrics":                                         noObject,
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)/../x/pods":    "without encoded, empty or dotted parts",
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)%2fx":          "without encoded, empty or dotted parts",
		"kubectl create configmap c --from-file=/etc/passwd":                 flag,
		"kubectl create configmap x --field-manager -- --from-file=id=x":     flag,
		"kubectl create secret generic s --from-env-file x":                  flag,
		"kubectl create secret tls s --cert=a --key=b":                       verb,
		"kubectl create token default":                                       verb,
		"kubectl apply edit-last-applied -f x":                               verb,
		"kubectl create --raw /api/v1/namespaces/x/pods":                     flag,
		"kubectl delete --raw /api/v1/namespaces/x/pods":                     flag,
		"kubectl apply --server-side":                                        flag,
		"kubectl apply --field-manager -- -k x":                              flag,
		"kubectl apply --field-manager -- -f http://127.0.0.1:1/x":           noManifest,
		"kubectl get -wf http://127.0.0.1:1/x":                               noManifest,
		"kubectl create -fother.yaml":                                        noManifest,
		"kubectl create --filename=$(run.id)":                                "`--filename $(…)`: " + noManifest,
		"kubectl create -f $(run.id)":                                        "`--filename $(…)`: " + noManifest,
		"kubectl create -Rf .":                                               "`--recursive` is not allowed with",
		"kubectl get pods -o go-template-file=/etc/passwd":                   file,
		"kubectl get pods -o go-template-file --template /etc/passwd":        file,
		"kubectl get pods -wo templatefile --template /etc/passwd":           file,
		"kubectl get pods -o=jsonpath-file=/etc/passwd":                      file,
		"kubectl get pods --output custom-columns-file=x":                    file,
		"kubectl wait --local --for=delete pod/x":                            flag + " `kubectl wait` in an example; expected one of --all, --for, --selector, --timeout",
		"kubectl wait --for=delete -f x":                                     "`--filename` is not allowed with",
		"kubectl get pods -- x":                                              noProgram,
		"kubectl get pods ../x/y":                                            "expected TYPE, NAME or TYPE/NAME",
	} {
		e := &example.Example{Spec: example.Spec{Scenarios: []example.Scenario{{Steps: []example.Step{{Run: run}}}}}}
		plan, err := Compile(e)
		if err != nil {
			t.Fatalf("%s: %v", run, err)
		}
		err = plan.Confined(false)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected %q, found %v", run, want, err)
		}
		if err := plan.Confined(true); (err != nil) != (want != "" && !slices.Contains(scoped, want)) && !strings.HasPrefix(want, "without") {
			t.Errorf("%s, with cluster scope: found %v", run, err)
		}
	}
}

func TestAFlagNeverComesFromAnExpression(t *testing.T) {
	for _, run := range []string{
		`kubectl create configmap x --from-$("file")=x`, `kubectl create configmap x --$("from-file=x")`,
		`kubectl get pods -$("A")`, `kubectl get pods -w$("A")`, `kubectl get pods --$(run.id)`,
	} {
		e := &example.Example{Spec: example.Spec{Scenarios: []example.Scenario{{Steps: []example.Step{{Run: run}}}}}}
		if _, err := Compile(e); err == nil || !strings.Contains(err.Error(), "expected the name of a flag, found an expression") {
			t.Errorf("%s: found %v", run, err)
		}
	}
}

func TestTheValueOfAnExpressionMakesNoOtherCommand(t *testing.T) {
	for _, tc := range []struct {
		run, value string
		refused    bool
	}{
		{"kubectl get pods $(stdout)", "--all-namespaces", true},
		{"kubectl get pods $(stdout)", "--", true},
		{"kubectl get pods $(stdout)", "-wA", true},
		{"kubectl get pods $(stdout)", "x", false},
		{"kubectl get pods $(stdout)", "", false},
		{"kubectl get pods $(stdout)", "a\x00b", true},
		{"kubectl get pods -l $(stdout)", "--all-namespaces", true},
		{"kubectl get pods -l $(stdout)", "a=b", false},
		{"kubectl get pods --selector=$(stdout)", "--all-namespaces", false},
		{"kubectl create $(stdout) x --from-literal=a=b", "configmap", true},
		{"kubectl exec x -- ls $(stdout)", "--all-namespaces", false},
		{"kubectl exec x -- $(stdout)", "--", false},
		{"kubectl scale deploy x --replicas=$(stdout)", "1", false},
		{"kubectl scale deploy x --replicas=$(stdout)", "x", true},
		{"kubectl wait pod/x --for=$(stdout) --timeout=$(stdout)s", "1", true},
		{"kubectl wait pod/x --for=condition=$(stdout) --timeout=1s", "Ready", false},
		{"kubectl wait pod/x --for=$(stdout)", "delete", false},
		{"kubectl wait pod/x --for=delete --timeout=$(stdout)s", "5", false},
	} {
		command, err := example.ParseCommand(tc.run)
		if err != nil {
			t.Fatal(err)
		}
		words, err := command.Expand(func(string) (string, error) { return tc.value, nil })
		if err != nil {
			t.Fatal(err)
		}
		if err := keepsShape(command, words[1:]); (err != nil) != tc.refused {
			t.Errorf("%s, with %q: expected that it is refused: %t, found %v", tc.run, tc.value, tc.refused, err)
		}
	}
}

// TestTheTableHasKubectlsFlags compares the table with the flags that kubectl has:
// what it does not have can be in no example.
func TestTheTableHasKubectlsFlags(t *testing.T) {
	for command, form := range allowed {
		parsed, err := parseWords(strings.Fields(command))
		if parsed == nil || strings.Join(parsed.Path, " ") != command {
			t.Fatalf("kubectl %s: expected a command, found %+v, %v", command, parsed, err)
		}
		for flag := range form.flags {
			if parsed.Flags.Lookup(flag) == nil {
				t.Errorf("kubectl %s: expected a flag --%s, found none", command, flag)
			}
		}
	}
}
