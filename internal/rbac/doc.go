// Package rbac is what a feature needs of the API server: as a list of Needs, as
// the Role that grants it and no more, and as the question what of it a user
// lacks.
//
// Which Needs an example has is not known here: its steps decide (see
// engine.Plan.Needs).
package rbac
