package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
)

func TestNeedsComeFromTheStepsOfTheExample(t *testing.T) {
	always := []string{"get pods", "list pods", "watch pods"}
	for run, want := range map[string][]string{
		"kubectl run x --image=i":                                    {"create pods", "delete pods"},
		"kubectl run x --image=i --port=1 --expose":                  {"create pods", "delete pods", "create services", "delete services"},
		"kubectl wait --for=condition=Available deploy/x":            {"get deployments.apps", "watch deployments.apps"},
		"kubectl get deploy,svc":                                     {"list deployments.apps", "list services"},
		"kubectl get svc x -o name":                                  {"get services"},
		"kubectl get svc -l a=b -o wide":                             {"list services"},
		"kubectl get rc/x rs/y":                                      {"get replicasets.apps", "get replicationcontrollers"},
		"kubectl get --raw /api/v1/namespaces/n/pods/x:1/proxy/info": {"get pods/proxy"},
		"kubectl get --raw /apis/apps/v1/namespaces/n/deployments":   {"list deployments.apps"},
		"kubectl get --raw /version":                                 nil,
		"kubectl describe pod x":                                     nil,
		"kubectl exec x -c y -- rm -rf z":                            {"create pods/exec", "get pods/exec"},
		"kubectl exec deploy/x -- ls":                                {"create pods/exec", "get pods/exec", "get deployments.apps"},
		"kubectl attach x -i":                                        {"create pods/attach", "get pods/attach"},
		"kubectl logs x -f":                                          {"get pods/log"},
		"kubectl create configmap c --from-literal=a=b":              {"create configmaps", "delete configmaps"},
		"kubectl create deployment d --image=i":                      {"create deployments.apps", "delete deployments.apps"},
		"kubectl expose deployment d --port=1":                       {"get deployments.apps", "create services", "delete services"},
		"kubectl scale deployment d --replicas=2":                    {"get deployments.apps", "get deployments.apps/scale", "patch deployments.apps/scale", "update deployments.apps/scale"},
		"kubectl autoscale deploy d --max=3":                         {"get deployments.apps", "create horizontalpodautoscalers.autoscaling", "delete horizontalpodautoscalers.autoscaling"},
		"kubectl explain pods.spec":                                  nil,
		"kubectl api-resources":                                      nil,
		"kubectl label svc x a=b":                                    {"get services", "patch services"},
		"kubectl annotate deploy/d a=b c-":                           {"get deployments.apps", "patch deployments.apps"},
		"kubectl set image deployment d c=i:2":                       {"get deployments.apps", "patch deployments.apps"},
		"kubectl set env deploy/d --from=configmap/c A=b":            {"get deployments.apps", "patch deployments.apps", "get configmaps"},
		"kubectl events --for pod/x -w":                              {"list events", "watch events"},
		"kubectl patch svc x -p {}":                                  {"get services", "patch services"},
		"kubectl patch deploy/d --subresource=scale -p {}":           {"get deployments.apps", "get deployments.apps/scale", "patch deployments.apps/scale"},
		"kubectl delete svc -l a=b":                                  {"delete services", "get services", "list services", "watch services"},
		"kubectl rollout status deploy/d":                            {"get deployments.apps", "list deployments.apps", "watch deployments.apps"},
		"kubectl get widgets.example.com":                            {"list widgets.example.com"},

		// What hangs on an expression is left to the run.
		"kubectl get $(run.id)": nil,
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)/$(run.id)":                        nil,
		"kubectl get --raw /api/v1/namespaces/$(run.namespace)/pods/$(run.id):1/proxy/$(run.id)": {"get pods/proxy"},
		"kubectl scale rc r --replicas=$(size(run.id))":                                          {"get replicationcontrollers", "get replicationcontrollers/scale", "patch replicationcontrollers/scale", "update replicationcontrollers/scale"},
	} {
		e := &example.Example{Spec: example.Spec{Scenarios: []example.Scenario{{Steps: []example.Step{{Run: run}}}}}}
		plan, err := Compile(e)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, n := range plan.Needs(false).Required() {
			if !slices.Contains(always, n.String()) {
				found = append(found, n.String())
			}
		}
		slices.Sort(found)
		slices.Sort(want)
		if !slices.Equal(found, want) {
			t.Errorf("%s: expected\n  %s\nfound\n  %s", run, strings.Join(want, "\n  "), strings.Join(found, "\n  "))
		}
	}
}

func TestNeedsOfClaims(t *testing.T) {
	for that, want := range map[string]string{
		`events("x").size() == 0`:     "list events",
		`logs("x", "c").contains("")`: "get pods/log",
	} {
		e := &example.Example{Spec: example.Spec{Scenarios: []example.Scenario{{Steps: []example.Step{{
			Run: "kubectl get pods", Expect: []example.Expectation{{Claim: "c", That: that}},
		}}}}}}
		plan, err := Compile(e)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, n := range plan.Needs(false).Required() {
			found = found || n.String() == want
		}
		if !found {
			t.Errorf("%s: expected %q among %v", that, want, plan.Needs(false))
		}
	}
}
