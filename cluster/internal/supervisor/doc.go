// Package supervisor is the one long-lived process of a cluster: it makes the namespaces, starts every component in its
// place, restarts what dies, and passes connections to the API server in. It decides how, never what: configurations
// come from package config. Nothing here cleans up: whoever ends this process removes the cluster.
package supervisor
