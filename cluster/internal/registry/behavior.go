package registry

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Behavior is how the registry deviates from a healthy one; the zero value is healthy.
type Behavior struct {
	// Answers are the responses to pulls, by repository, such as docker.io/library/busybox. They also apply to all
	// repositories below it.
	Answers map[string]Answer
	// MegabitsPerSecond limits the bandwidth to each node; 0 is unlimited.
	MegabitsPerSecond float64
}

// Answer is the response to pulls, instead of an image.
type Answer string

// Answers that are more than an HTTP status.
const (
	// Private is 401 for everyone except User.
	Private Answer = "401"
	// Schema1 is a manifest of the format that was deprecated in 2015.
	Schema1 Answer = "schema1"
)

// answers are all answers, with the code and message of the error.
var answers = map[Answer]struct {
	status        int
	code, message string
}{
	Private: {},
	"403":   {http.StatusForbidden, "DENIED", "requested access to the resource is denied"},
	"404":   {http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry"},
	"429":   {http.StatusTooManyRequests, "TOOMANYREQUESTS", "you have reached your pull rate limit"},
	"503":   {http.StatusServiceUnavailable, "UNKNOWN", "the storage backend is unavailable"},
	Schema1: {},
}

// Answers returns all answers, sorted.
func Answers() []Answer { return slices.Sorted(maps.Keys(answers)) }

func (a Answer) status() int { return answers[a].status }

// of returns the answer for a repository: the one with the longest matching prefix.
func (b Behavior) of(repository string) (found Answer) {
	longest := 0
	for name, answer := range b.Answers {
		if (repository == name || strings.HasPrefix(repository, name+"/")) && len(name) > longest {
			found, longest = answer, len(name)
		}
	}
	return found
}

// serveSchema1 responds with a manifest that the registry itself refuses to store.
func serveSchema1(w http.ResponseWriter, r *http.Request) {
	const manifest = `{"schemaVersion": 1, "name": "old", "tag": "1", "architecture": "amd64", "fsLayers": [], "history": [], "signatures": []}`
	w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, manifest) // the client has disconnected
	}
}
