// Package image builds the images of the embedded cluster without Docker, and keeps
// them in a cache, one archive per image.
//
// Every image is a stand-in: it carries the public name that the examples use, is made
// on this machine from sources of this repository or of Kubernetes, or from packages of
// its own distribution, and says so in its labels. Loading an archive into a node is not
// decided here.
package image
