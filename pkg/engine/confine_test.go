package engine

import (
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/example"
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

func TestConfinedRefusesWhatLeavesTheNamespace(t *testing.T) {
	const elsewhere, noNamespace, file, raw = "leaves the run's namespace", "are in no namespace", "reads a file", "the path of --raw"
	for run, want := range map[string]string{
		"kubectl get pods":                                           "",
		"kubectl exec x -- ls -A --namespace y":                      "",
		"kubectl get --raw /version":                                 "",
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)/pods": "",
		"kubectl create configmap c --from-literal=a=b":              "",
		"kubectl get pods -o jsonpath={.metadata.name}":              "",
		"kubectl get pods -A":                                        elsewhere,
		"kubectl get pods --all-namespaces=true":                     elsewhere,
		"kubectl get pods --token=x":                                 elsewhere,
		"kubectl get nodes":                                          noNamespace,
		"kubectl get ns/default":                                     noNamespace,
		"kubectl describe node x":                                    noNamespace,
		"kubectl delete pods,pv x":                                   noNamespace,
		"kubectl create namespace x":                                 noNamespace,
		"kubectl create clusterrolebinding x --clusterrole=y":        noNamespace,
		"kubectl label node x a=b":                                   noNamespace,
		"kubectl wait --for=condition=Ready node/x":                  noNamespace,
		"kubectl get --raw /api/v1/nodes":                            raw,
		"kubectl get --raw=/api/v1/namespaces/kube-system/pods":      raw,
		"kubectl get --raw /apis/apps/v1/deployments":                raw,
		"kubectl create configmap c --from-file=/etc/passwd":         file,
		"kubectl create secret generic s --from-env-file x":          file,
		"kubectl create secret tls s --cert=a --key=b":               file,
		"kubectl get pods -o go-template-file=/etc/passwd":           file,
		"kubectl get pods -o=jsonpath-file=/etc/passwd":              file,
		"kubectl get pods --output custom-columns-file=x":            file,
	} {
		e := &example.Example{Spec: example.Spec{Scenarios: []example.Scenario{{Steps: []example.Step{{Run: run}}}}}}
		plan, err := Compile(e)
		if err != nil {
			if want == elsewhere {
				continue // a flag that kubectl's command does not have
			}
			t.Fatal(err)
		}
		err = plan.Confined(false)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected %q, found %v", run, want, err)
		}
		if err := plan.Confined(true); (err != nil) != (want == file) && want != elsewhere {
			t.Errorf("%s, with cluster scope: found %v", run, err)
		}
	}
}

func TestAnExpressionBecomesNoFlag(t *testing.T) {
	for run, want := range map[string]bool{
		"kubectl get pods $(stdout)":     true,
		"kubectl get pods -l $(stdout)":  true,
		"kubectl get pods --x=$(stdout)": false,
		"kubectl exec x -- ls $(stdout)": false,
	} {
		command, err := example.ParseCommand(run)
		if err != nil {
			t.Fatal(err)
		}
		words, err := command.Expand(func(string) (string, error) { return "--all-namespaces", nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, found := becameFlag(command, words); found != want {
			t.Errorf("%s: expected %t", run, want)
		}
	}
}
