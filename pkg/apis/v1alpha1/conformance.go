package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConformanceReportKind is that of a ConformanceReport.
const ConformanceReportKind = "ConformanceReport"

// ConformanceReport is the report of the conformance suite: what a cluster is,
// and which requirements it meets. Two of them can be compared (`kubectl kbe diff`).
type ConformanceReport struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	// Verdict is the worst of the profiles'; Error is what kept the suite from
	// being run.
	Verdict Verdict `json:"verdict"`
	Error   string  `json:"error,omitempty"`
	// Interrupted is the signal that ended the run early.
	Interrupted string `json:"interrupted,omitempty"`

	// Date is when the run began.
	Date metav1.Time `json:"date"`
	// ElapsedMilliseconds is the time of the whole run, with its cleanup.
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds"`
	// ToolVersion is that of the suite.
	ToolVersion string             `json:"toolVersion,omitempty"`
	Cluster     ConformanceCluster `json:"cluster"`
	// Images are those that the suite's Pods use.
	Images   []Image              `json:"images,omitempty"`
	Profiles []ConformanceProfile `json:"profiles,omitempty"`
}

// ConformanceCluster is what the suite ran on.
type ConformanceCluster struct {
	// Context is that of the kubeconfig, where there is one.
	Context string `json:"context,omitempty"`
	// Version is the API server's, such as v1.37.2.
	Version string `json:"version,omitempty"`
	// CNI is the network plugin, with its version where its image has it: what
	// DaemonSets of the cluster are known by. It is "" where it is not known.
	CNI string `json:"cni,omitempty"`
	// IPFamilies are those of the Nodes' addresses: IPv4, IPv6.
	IPFamilies []string `json:"ipFamilies,omitempty"`
	// Nodes are left out where listing them is not permitted.
	Nodes []ConformanceNode `json:"nodes,omitempty"`
}

// ConformanceNode is a Node of the cluster.
type ConformanceNode struct {
	Name string `json:"name"`
	// Ready is the status of its condition: True, False or Unknown.
	Ready string `json:"ready"`
	// Kubelet and all below are from status.nodeInfo.
	Kubelet          string `json:"kubelet"`
	ContainerRuntime string `json:"containerRuntime"`
	OSImage          string `json:"osImage"`
	Kernel           string `json:"kernel"`
	Architecture     string `json:"architecture"`
}

// ConformanceProfile is the result of a part of the suite.
type ConformanceProfile struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Core and Extended count the assertions by level.
	Core       AssertionCounts   `json:"core"`
	Extended   AssertionCounts   `json:"extended"`
	Assertions []AssertionResult `json:"assertions"`
	// Problems are what went wrong besides, such as a cleanup that is not
	// complete, each with what is left to do.
	Problems []string `json:"problems,omitempty"`
	// Warnings are what no assertion forbids and yet is not as it should be, such as slow
	// connections.
	Warnings []string `json:"warnings,omitempty"`
	// ElapsedMilliseconds is the time of the profile's runs, with their cleanup.
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds"`
}

// AssertionOutcome is what an assertion comes to.
type AssertionOutcome string

// The outcomes of an assertion.
const (
	AssertionPassed AssertionOutcome = "Passed"
	AssertionFailed AssertionOutcome = "Failed"
	// AssertionSkipped: the cluster has nothing to show it on, or the user said so.
	AssertionSkipped AssertionOutcome = "Skipped"
	// AssertionNotChecked: it could not be decided, for something is in the way.
	AssertionNotChecked AssertionOutcome = "NotChecked"
)

// Assertion is a requirement on a cluster.
type Assertion struct {
	// ID is a DNS label that stays the same from version to version of the suite:
	// reports are compared by it. Where assertions stand in a file, it is their key.
	ID string `json:"id" jsonschema:"-"`
	// Requirement is one line with a key word of RFC 2119, such as MUST.
	Requirement string `json:"requirement" jsonschema:"required"`
	// Source is the address of the page where Kubernetes states it.
	Source string `json:"source" jsonschema:"required"`
	// Level is core or extended.
	Level string `json:"level" jsonschema:"required"`
}

// The levels of an Assertion.
const (
	Core = "core"
	// Extended is what some clusters leave out on purpose.
	Extended = "extended"
)

// AssertionResult is an assertion and whether the cluster meets it.
type AssertionResult struct {
	Assertion `json:",inline"`
	Result    AssertionOutcome `json:"result"`
	// Reason says why the result is not Passed.
	Reason string `json:"reason,omitempty"`
	// ElapsedMilliseconds is how long the step took that decided it, where it is the first
	// assertion of that step.
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds,omitempty"`
}

// AssertionCounts count assertions by their result.
type AssertionCounts struct {
	Passed     int `json:"passed"`
	Failed     int `json:"failed"`
	Skipped    int `json:"skipped"`
	NotChecked int `json:"notChecked"`
}
