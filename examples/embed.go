// Package examples is the catalogue: a folder per page, with an example.yaml
// and the manifests that it uses. Adding an example touches nothing else.
package examples

import "embed"

// FS holds the folders of the catalogue.
//
//go:embed */*.yaml
var FS embed.FS
