package conformance

import (
	"reflect"
	"testing"
	"time"

	suite "github.com/kubectl-kbe/kubectl-kbe/internal/conformance"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

func TestTheOptionsAreTheSuites(t *testing.T) {
	images, skip := map[string]string{"shell": "mine:1"}, map[string]string{"hairpin": "why"}
	opts := Options{
		Profiles: []string{Pods}, Skip: skip, Namespace: "n", Images: images, Registry: "mirror.example", PullSecret: "s",
		WithSidecars: true, Timeout: time.Second, ArtifactsDir: "artifacts",
	}
	want := suite.Options{Profiles: []string{Pods}, Skip: skip, Options: run.Options{
		Namespace: "n", Images: images, Registry: "mirror.example", PullSecret: "s", Dump: "artifacts",
		Options: session.Options{WithSidecars: true, Timeout: time.Second},
	}}
	if found := opts.suite(); !reflect.DeepEqual(found, want) {
		t.Errorf("expected %+v, found %+v", want, found)
	}
}
