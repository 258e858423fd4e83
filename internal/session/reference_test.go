package session

import (
	"testing"

	"sigs.k8s.io/yaml"
)

// TestWhatAnObjectRefersTo: what the Pods of an object read, wherever its templates are, and nothing
// in objects that have none.
func TestWhatAnObjectRefersTo(t *testing.T) {
	const pod = "{volumes: [{name: v, secret: {secretName: s}}], containers: [{name: c, image: i, envFrom: [{configMapRef: {name: m}}]}]}"
	account, secret, configMap := reference{"serviceaccounts", ""}, reference{"secrets", "s"}, reference{"configmaps", "m"}
	for manifest, want := range map[string][]reference{
		"{kind: Pod, spec: " + pod + "}":                                                    {account, secret, configMap},
		"{kind: Deployment, spec: {template: {spec: " + pod + "}}}":                         {account, secret, configMap},
		"{kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: " + pod + "}}}}}":     {account, secret, configMap},
		"{kind: PodTemplate, template: {spec: " + pod + "}}":                                {account, secret, configMap},
		"{kind: Pod, spec: {serviceAccountName: robot}}":                                    {{"serviceaccounts", "robot"}},
		"{kind: Pod, spec: {volumes: [{name: v, csi: {driver: d}}]}}":                       {account, {"volumes of this kind", ""}},
		"{kind: Service, spec: {selector: {secret: s}}}":                                    {account},
		"{kind: ConfigMap, metadata: {labels: {secret: s}}, data: {configMap: m, spec: x}}": nil,
		"{kind: ServiceAccount, secrets: [{name: s}]}":                                      nil,
		"{kind: PersistentVolumeClaim, metadata: {annotations: {volumes: v}}, status: {}}":  nil,
	} {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
			t.Fatal(err)
		}
		found := map[reference]bool{}
		for _, r := range referencesOf("", object) {
			found[r] = true
		}
		for _, r := range want {
			if !found[r] {
				t.Errorf("%s: expected %v, found %v", manifest, r, found)
			}
			delete(found, r)
		}
		delete(found, account) // that of each object with a spec
		if len(found) > 0 {
			t.Errorf("%s: found, besides, %v", manifest, found)
		}
	}
}
