// Package v1alpha1 is the Report of a run as an API type: what `-o json` and
// `-o yaml` print, and what every other form of report is made from. It holds
// types and their scheme, no logic. Fields are only ever added to it.
package v1alpha1
