// Package image builds the images of the embedded cluster without Docker, and keeps
// them in a cache, in archives.
//
// Every image is a stand-in: it carries the public name that the examples use, behaves as
// the image of that name does, limits included, and says in its labels what it is. It is
// made on this machine from sources of this repository or of Kubernetes, or from packages
// of the machine's own distribution. It also loads archives into nodes, and lists the
// images that nodes have.
package image
