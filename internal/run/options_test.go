package run

import (
	"strings"
	"testing"
)

func TestReferences(t *testing.T) {
	defaults := map[string]string{"shell": "quay.io/centos/centos:stream9"}
	for want, opts := range map[string]Options{
		"quay.io/centos/centos:stream9": {},
		"mine:1":                        {Images: map[string]string{"shell": "mine:1"}, Registry: "mirror.example"},
		"mirror.example:5000/hub/centos/centos:stream9": {Registry: "mirror.example:5000/hub"},
	} {
		if refs, err := opts.References(defaults); err != nil || refs["shell"] != want {
			t.Errorf("expected %s, found %v, %v", want, refs, err)
		}
	}
	for want, opts := range map[string]Options{
		"one of the names shell":             {Images: map[string]string{"shel": "x"}},
		"expected a reference such as":       {Images: map[string]string{"shell": "Not A Reference"}},
		"registry, for the image shell: ":    {Registry: "not a host"},
		"image shell=: expected a reference": {Images: map[string]string{"shell": ""}},
	} {
		if _, err := opts.References(defaults); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected an error with %q, found %v", want, err)
		}
	}
}
