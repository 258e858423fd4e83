package engine

import "testing"

// Each is what kubectl prints of a server-side dry run, in the form of k8s.io/kubectl,
// pkg/cmd/util/helpers.go.
func TestWhyTheAPIServerRefusesAnObject(t *testing.T) {
	for stderr, want := range map[string]string{
		"Error from server (Forbidden): error when creating \"pod.yaml\": pods \"sise\" is forbidden: exceeded quota: few\n": `pods "sise" is forbidden: exceeded quota: few`,
		"Error from server: admission webhook \"a\" denied the request: \n\nfirst\nsecond\n":                                 "admission webhook \"a\" denied the request: \n\nfirst\nsecond",
		"Error from server ([no] such (reason)): admission webhook \"a\" denied the request: [no] such (reason)\n":           `admission webhook "a" denied the request: [no] such (reason)`,
		// A ValidatingAdmissionPolicy without a reason.
		"The pods \"sise\" is invalid: : ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: no owner\n": `ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: no owner`,
		// What validation says of the example itself is for the run to show.
		"The Pod \"sise\" is invalid: spec.containers[0].image: Required value\n": "",
		"error: unknown flag: --iamge\n":                                          "",
	} {
		if found := refused(stderr); found != want {
			t.Errorf("%q:\nexpected %q,\nfound    %q", stderr, want, found)
		}
	}
}
