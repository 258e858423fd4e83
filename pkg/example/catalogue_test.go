package example

import (
	"testing"

	"github.com/kubectl-kbe/kubectl-kbe/examples"
)

func TestTheCatalogueLoads(t *testing.T) {
	all, err := LoadAll(examples.FS)
	if err != nil || len(all) == 0 {
		t.Fatalf("found %d examples, %v", len(all), err)
	}
}
