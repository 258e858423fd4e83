// Package reach is connectivity: where a Pod is reachable from (RunPod, a table
// of vantage points), and which nodes' Pods reach which (RunNodes, a matrix of pairs).
//
// Both do only the probing, in a session that is open: Pods to probe from and to are
// made, waited for and judged in one place (pods), and package probe probes from within
// them. What the outcomes mean is in tables: vantageTable has a row for each vantage
// point, causeTable one for each cause that explains a table, patternTexts one for
// each pattern that failing pairs form. AddTo puts a result into a report.
//
// A vantage point that is not permitted or not possible is skipped, with the reason. It
// is never replaced by a weaker one.
package reach
