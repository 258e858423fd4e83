// Package page reads a Markdown page as a program: the commands that it shows, what it says
// they print, and the manifests that they use. It makes an example of it, so that a page is
// checked, confined, run and reported as every example is; it decides whether what the page
// shows is what happened; and it finds the smallest change that makes the page true.
//
// Nothing here contacts a cluster or writes a file.
package page
