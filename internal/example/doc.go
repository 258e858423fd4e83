// Package example holds what an example is: kubectl commands, each with what
// must be true after it, loaded from a folder with an example.yaml.
//
// It knows the format and nothing else: no client, no CEL, no output. What an
// expression or a verb means is for the packages that run it.
package example
