// Command simpleservice is the twin of mhausenblas/simpleservice 0.5.0: the small
// HTTP service that the pods page of Kubernetes by Example runs.
//
// It is written from the original's contract, not from its code. What a client can
// tell of the original's answers (status, body, Content-Type, Content-Length, Etag)
// is the same, and its tests pin it to the lengths and Etags that the original's
// documentation shows. What differs is deliberate: it also listens on IPv6, runs as
// any user, and leaves at once on SIGTERM.
//
// Environment:
//
//	PORT0                   the port, 1 to 65535 (9876)
//	BIND                    the IP address to listen on (all, IPv4 and IPv6)
//	SIMPLE_SERVICE_VERSION  the version that it answers (0.5.0)
//	HEALTH_MIN, HEALTH_MAX  /health waits a random time in [min, max) milliseconds (0, 0)
//
// With the argument probe it serves nothing: it reads a request from standard input,
// asks other services from where it runs, and writes what it finds, a line of JSON for
// each (package probe).
//
// Exit codes: 0 after SIGTERM or SIGINT, 1 when it cannot listen, 2 when a variable, an
// argument or the request of a probe is invalid.
package main
