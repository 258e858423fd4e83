// Package session is what a run owns on a cluster: its ID, its Namespace, the
// objects that it created, and their removal.
//
// Nothing is ever deleted that the session did not create.
package session
