package session

import (
	"maps"
	"slices"
)

// reference is an object that a Pod reads.
type reference struct{ resource, name string }

// readers are the fields of a Pod by which it reads an object: the object's resource,
// and the fields that name it. The credentials of its images are not among them: only
// the kubelet reads those.
var readers = map[string]struct {
	resource string
	names    []string
}{
	"spec":                  {"serviceaccounts", []string{"serviceAccountName", "serviceAccount"}},
	"configMap":             {"configmaps", []string{"name"}},
	"configMapRef":          {"configmaps", []string{"name"}},
	"configMapKeyRef":       {"configmaps", []string{"name"}},
	"secret":                {"secrets", []string{"secretName", "name"}},
	"secretRef":             {"secrets", []string{"name"}},
	"secretKeyRef":          {"secrets", []string{"name"}},
	"persistentVolumeClaim": {"persistentvolumeclaims", []string{"claimName"}},
	"resourceClaims":        {"resourceClaims", []string{"name"}},
}

// sources are, for lists of volumes and of what a volume projects, the kinds that read
// nothing, or by a field of readers. Any other kind may read what others have.
var sources = map[string][]string{
	"volumes": {"name", "configMap", "secret", "persistentVolumeClaim", "projected", "emptyDir", "downwardAPI", "hostPath", "image"},
	"sources": {"configMap", "secret", "downwardAPI", "serviceAccountToken"},
}

// referencesOf are the objects that a field, and what is in it, refers to: all that the
// Pods of an object read.
func referencesOf(field string, value any) (found []reference) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			found = append(found, referencesOf(field, item)...)
		}
	case map[string]any:
		reader, reads := readers[field]
		for _, name := range reader.names {
			if named, ok := value[name].(string); ok {
				found = append(found, reference{reader.resource, named})
			}
		}
		if reads && len(found) == 0 { // what names nothing may name a default
			found = append(found, reference{reader.resource, ""})
		}
		kinds, isSource := sources[field]
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if isSource && !slices.Contains(kinds, name) {
				found = append(found, reference{"volumes of this kind", ""})
			}
			found = append(found, referencesOf(name, value[name])...)
		}
	}
	return found
}
