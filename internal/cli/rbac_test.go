package cli

import (
	"strings"
	"testing"
)

func TestRBACContactsNoClusterAndRefusesBadInput(t *testing.T) {
	noCluster(t)
	for name, tc := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"a namespace":           {[]string{"-n", "play", "--user", "jane"}, exitPassed, []string{"kind: RoleBinding", "namespace: play", "name: jane", "pods/portforward"}},
		"namespaces of its own": {[]string{"--for", "pods", "--group", "devs"}, exitPassed, []string{"kind: ClusterRoleBinding", "- namespaces", "kind: Group"}},
		"nobody":                {[]string{"-n", "play"}, exitPassed, []string{"# To bind these roles", "# Not included, because it is cluster-scoped (see --cluster-scoped): get nodes, list nodes, watch nodes\n", "kind: Role"}},
		"with cluster roles":    {[]string{"-n", "play", "--cluster-scoped"}, exitPassed, []string{"kind: ClusterRole\n", "kind: Role\n"}},
		"an unknown purpose":    {[]string{"--for", "podz"}, exitUsage, []string{"did you mean `pods`?"}},
		"a bad account":         {[]string{"--serviceaccount", "runner"}, exitUsage, []string{"expected NAMESPACE:NAME"}},
		"two purposes":          {[]string{"--for", "pods", "-f", "x"}, exitUsage, []string{"cannot be combined"}},
		"no such file":          {[]string{"-f", "nowhere"}, exitUsage, []string{"nowhere"}},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"rbac"}, tc.args...)...)
		for _, want := range tc.want {
			if code != tc.code || !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s: expected exit code %d and %q, found %d: %s%s", name, tc.code, want, code, stdout, stderr)
			}
		}
	}
	if code, stdout, stderr := execute(t, starterText(t), "rbac", "-f", "-"); code != exitUsage || stdout != "" {
		t.Errorf("an example whose manifest is not there: found %d, %s, %s", code, stdout, stderr)
	}
}
