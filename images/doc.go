// Package images holds the sources of the programs that run inside the images of
// the embedded cluster, so that whoever builds those images needs no checkout.
//
// It is a module of its own, and has no dependency but the standard library:
// `go build` of what is in here never needs a network. How a binary becomes an
// image is not decided here (cluster/internal/image).
package images
