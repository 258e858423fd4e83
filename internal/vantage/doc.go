// Package vantage asks one Pod from everywhere, all at once: from its own
// containers, from other Pods, from its node, through the API server, and from
// the machine of who runs it. Run does so on a cluster; what the answers mean,
// Outcome and Explain, is pure.
//
// A vantage that is not permitted or not possible is skipped, with the reason. It
// is never replaced by a weaker one.
package vantage
