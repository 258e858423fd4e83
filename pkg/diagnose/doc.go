// Package diagnose tells why a Pod is not what it should be: what is wrong,
// why, and what to do. It is a pure function of objects; it fetches nothing.
package diagnose
