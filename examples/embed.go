// Package examples is the catalogue: a folder per page, with an example.yaml
// and the manifests that it uses. Adding an example touches nothing else.
package examples

import "embed"

// FS holds the folders of the catalogue.
//
//go:embed */*.yaml
var FS embed.FS

// ServiceFile is the name of the file that every example has.
const ServiceFile = "service.py"

// Service is its content: a small HTTP service for any image with Python 3.8 or later.
//
//go:embed service.py
var Service string
