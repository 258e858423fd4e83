package podpatch

import "testing"

func TestARegistryTakesTheOthersPlace(t *testing.T) {
	for ref, want := range map[string]string{
		"mhausenblas/simpleservice:0.5.0": "mirror.example:5000/hub/mhausenblas/simpleservice:0.5.0",
		"centos:9":                        "mirror.example:5000/hub/library/centos:9",
		"quay.io/centos/centos@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "mirror.example:5000/hub/centos/centos@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	} {
		if got, err := FromRegistry(ref, "mirror.example:5000/hub/"); err != nil || got != want {
			t.Errorf("%s: expected %s, found %s, %v", ref, want, got, err)
		}
	}
	if _, err := FromRegistry("centos:9", "not a host"); err == nil {
		t.Error("expected an error for a registry that is no host")
	}
}
