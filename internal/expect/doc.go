// Package expect decides claims: it compiles CEL expressions, evaluates them
// over what a command left behind, and explains a claim that does not hold by
// the value of each of its operands.
//
// It reads objects through a function that it is given; no client enters here.
package expect
