// Package wait waits for what an object must become, by watch: it returns the
// moment that it is true, and the moment that it can no longer come true.
//
// What is waited for, and what is hopeless, is the caller's Condition; nothing
// here knows Pods.
package wait
