package registry

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Behavior is how the registry deviates from one that answers at once; the zero Behavior does not.
type Behavior struct {
	// Answers are for repositories, by their names with the registry, as in docker.io/library/busybox. One for a name is
	// for all repositories below it, too.
	Answers map[string]Answer
	// MegabitsPerSecond is what each node gets; 0: as much as there is.
	MegabitsPerSecond float64
}

// Answer is what the nodes get instead of an image.
type Answer string

// The answers that are no mere status.
const (
	// Private is 401 to all but User.
	Private Answer = "401"
	// Schema1 is a manifest as of 2015.
	Schema1 Answer = "schema1"
)

// answers are those that there are, with the error's code and message.
var answers = map[Answer]struct {
	status        int
	code, message string
}{
	Private: {},
	"403":   {http.StatusForbidden, "DENIED", "requested access to the resource is denied"},
	"404":   {http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry"},
	"429":   {http.StatusTooManyRequests, "TOOMANYREQUESTS", "you have reached your pull rate limit"},
	"503":   {http.StatusServiceUnavailable, "UNKNOWN", "the store is away"},
	Schema1: {},
}

// Answers returns the answers that a repository can have, in order.
func Answers() []Answer { return slices.Sorted(maps.Keys(answers)) }

func (a Answer) status() int { return answers[a].status }

// of returns the answer for a repository: that of the longest name that it is, or is below.
func (b Behavior) of(repository string) (found Answer) {
	longest := 0
	for name, answer := range b.Answers {
		if (repository == name || strings.HasPrefix(repository, name+"/")) && len(name) > longest {
			found, longest = answer, len(name)
		}
	}
	return found
}

// serveSchema1 answers with what the registry itself refuses to hold.
func serveSchema1(w http.ResponseWriter, r *http.Request) {
	const manifest = `{"schemaVersion": 1, "name": "old", "tag": "1", "architecture": "amd64", "fsLayers": [], "history": [], "signatures": []}`
	w.Header().Set("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, manifest) // who went away does not want it
	}
}
