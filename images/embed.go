package images

import "embed"

// Sources is this module as files: go.mod and one folder per program, tests
// included. Written to a directory, it builds with
// `go build ./simpleservice ./pause`.
//
//go:embed go.mod pause simpleservice
var Sources embed.FS
