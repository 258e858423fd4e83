// Command registry is distribution, of the CNCF. The upstream main also links the storage drivers of three clouds, which take
// longer to build than everything else.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	// There is no collector for its traces.
	os.Setenv("OTEL_TRACES_EXPORTER", "none")
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
