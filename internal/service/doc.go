// Package service is a small HTTP service that runs on any image with Python 3: it
// answers as mhausenblas/simpleservice:0.5.0 does, the image of the page, and adds
// what a Pod of today needs (IPv6, an end on SIGTERM).
//
// It is text that other packages put into Pods; what asks it is package probe.
package service
