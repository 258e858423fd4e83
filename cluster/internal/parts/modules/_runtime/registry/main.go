// Command registry is the registry of the CNCF Distribution project. Its own main links the clients of three clouds' stores
// as well, which take longer to build than all the rest.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	// It would send traces to a collector that nobody runs.
	os.Setenv("OTEL_TRACES_EXPORTER", "none")
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
