package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Report is what happened in one run of an example. Texts that a cluster sent
// are as they came, but for credentials, which are removed.
type Report struct {
	metav1.TypeMeta `json:",inline"`
	// The name is EXAMPLE-RUNID, or EXAMPLE where the run could not start.
	metav1.ObjectMeta `json:"metadata"`

	RunResult `json:",inline"`

	// Example is the name of the example; Title and Summary are its own words.
	Example string `json:"example"`
	Title   string `json:"title,omitempty"`
	Summary string `json:"summary,omitempty"`

	// Cause is the diagnosis of Error.
	Cause  *Cause `json:"cause,omitempty"`
	Claims Counts `json:"claims"`

	Images    []Image    `json:"images,omitempty"`
	Scenarios []Scenario `json:"scenarios,omitempty"`
	Pods      []Pod      `json:"pods,omitempty"`
}

// RunResult is what the reports of all runs have in common.
type RunResult struct {
	// Verdict is the outcome; Error is what kept the run from being made.
	Verdict Verdict `json:"verdict"`
	Error   string  `json:"error,omitempty"`
	// ToolVersion is the version of kubectl-kbe, and CommandLine how it was called.
	ToolVersion string `json:"toolVersion,omitempty"`
	CommandLine string `json:"commandLine,omitempty"`
	// TimedOut is the time limit that ended the run, as --timeout has it.
	TimedOut string `json:"timedOut,omitempty"`
	// Interrupted is the signal that ended the run early; "quit" is the answer to
	// --step.
	Interrupted string `json:"interrupted,omitempty"`

	// StartTime is when the run began; EndTime when all was removed.
	StartTime metav1.MicroTime `json:"startTime"`
	EndTime   metav1.MicroTime `json:"endTime"`
	// VerdictMilliseconds is the time until the verdict, ElapsedMilliseconds that of the
	// whole run, with its cleanup.
	VerdictMilliseconds int64 `json:"verdictMilliseconds"`
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds"`

	Run     Run      `json:"run"`
	Cleanup *Cleanup `json:"cleanup,omitempty"`
}

// Verdict is the outcome of a run.
type Verdict string

// The verdicts, and the exit codes of the command that go with them.
const (
	Passed      Verdict = "Passed"      // 0: all claims hold, and nothing is left behind
	ClaimFailed Verdict = "ClaimFailed" // 1: a claim does not hold
	CouldNotRun Verdict = "CouldNotRun" // 3: the cluster or a permission is in the way
	Stopped     Verdict = "Stopped"     // 128+n: signal n ended the run
)

// Run reports where the example ran.
type Run struct {
	// ID is the value of the label kubectl-kbe.github.io/run of the run's resources.
	ID        string `json:"id,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// OwnNamespace reports that the Namespace was made for the run.
	OwnNamespace bool `json:"ownNamespace"`
	// Context is that of the kubeconfig.
	Context string `json:"context,omitempty"`
	// ServerVersion is the API server's, such as v1.37.2.
	ServerVersion string `json:"serverVersion,omitempty"`
}

// Counts count the claims.
type Counts struct {
	Total      int `json:"total"`
	Met        int `json:"met"`
	Failed     int `json:"failed"`
	NotChecked int `json:"notChecked"`
}

// Image is an image in use.
type Image struct {
	// Name is the short one that the example and --image use, or "".
	Name string `json:"name,omitempty"`
	// Reference is the image in the specs of the Pods.
	Reference string `json:"reference"`
	// IDs are what the nodes found for it, with its digest; more than one where
	// they differ, none where no Pod of it ran.
	IDs []string `json:"ids,omitempty"`
	// Replaced is set where the image could not run: its containers ran something else.
	Replaced *Replaced `json:"replaced,omitempty"`
}

// Replaced is what ran in place of an image.
type Replaced struct {
	// Why the image could not run.
	Why string `json:"why"`
	// Reference is the image that ran, Command what its containers ran, as a user would
	// type it, or "" for the image's own command.
	Reference string `json:"reference"`
	Command   string `json:"command,omitempty"`
}

// Scenario is one scenario of the example.
type Scenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Repeated is why an attempt before does not count: the cluster took a Pod of it
	// away, or an image was replaced. Steps are those of the last attempt.
	Repeated *Cause `json:"repeated,omitempty"`
	Steps    []Step `json:"steps,omitempty"`
	// ElapsedMilliseconds is the time of all attempts.
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds"`
}

// Step is one command and its claims.
type Step struct {
	// Name is what later steps call it, or "".
	Name string `json:"name,omitempty"`
	// Say is the narration before the command.
	Say   string `json:"say,omitempty"`
	Files []File `json:"files,omitempty"`
	// Command is the one that ran, as a user would type it. It is "" where the
	// step did not run.
	Command string `json:"command,omitempty"`
	// Show is the pattern that standard output is filtered by.
	Show string `json:"show,omitempty"`
	// MayFail: a claim judges the exit code.
	MayFail bool `json:"mayFail,omitempty"`
	// Repeats is how often the command was run again, because the connection to
	// the API server broke under it.
	Repeats int `json:"repeats,omitempty"`
	// WithinMilliseconds is how long the command is run again until its claims hold, and
	// Tries how often it ran for that; both are 0 where it runs once.
	WithinMilliseconds int64 `json:"withinMilliseconds,omitempty"`
	Tries              int   `json:"tries,omitempty"`
	// Skipped: an earlier step of the scenario could not do its work.
	Skipped bool     `json:"skipped,omitempty"`
	Stdout  string   `json:"stdout,omitempty"`
	Stderr  string   `json:"stderr,omitempty"`
	Claims  []Claim  `json:"claims,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
	// Bound are the values of the page that stand for what the cluster has.
	Bound []Bound `json:"bound,omitempty"`
	// NotApplicable is why the step is not for this cluster, as healthy as it may be; its
	// claims are not checked, and fail no run.
	NotApplicable *Cause `json:"notApplicable,omitempty"`
	// Evidence is what the cluster said of the Pods that a failure, or a claim
	// that does not hold, is about.
	Evidence []Evidence `json:"evidence,omitempty"`
	// Position is where the command is on the page that it is made from.
	Position *Position `json:"position,omitempty"`

	// ElapsedMilliseconds is the time of the command, and until its claims were decided.
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds"`
}

// File is a manifest, or another file, that a command used, as it was sent.
type File struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

// Outcome is that of a claim.
type Outcome string

// The outcomes of a claim.
const (
	Met        Outcome = "Met"
	Failed     Outcome = "Failed"
	NotChecked Outcome = "NotChecked"
)

// Claim is a statement and what decided it.
type Claim struct {
	// ID is the claim's short name, unique in the example, or "".
	ID    string `json:"id,omitempty"`
	Claim string `json:"claim"`
	// Expression is in CEL.
	Expression string `json:"expression,omitempty"`
	// WithinMilliseconds is how long it may take to become true.
	WithinMilliseconds int64   `json:"withinMilliseconds,omitempty"`
	Outcome            Outcome `json:"outcome"`
	// Mismatches are the parts of the expression that do not hold.
	Mismatches []Mismatch `json:"mismatches,omitempty"`
	// Error says why the expression could not be evaluated to its end.
	Error string `json:"error,omitempty"`
	// Position is where the claim is on the page that it is made from.
	Position *Position `json:"position,omitempty"`
}

// Position is a line of a file, counted from 1.
type Position struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Bound is a value that a page shows and the cluster has otherwise, as each cluster does.
type Bound struct {
	// Kind is what the value is, such as age or IP address.
	Kind string `json:"kind"`
	// Page is what the page shows, Cluster what the cluster has.
	Page    string `json:"page"`
	Cluster string `json:"cluster"`
	// Position is where the page shows it first.
	Position Position `json:"position"`
}

// Mismatch is a part of an expression that is not true.
type Mismatch struct {
	Expression string `json:"expression"`
	// Text says in words how a page differs from the cluster. Expected is then what the page
	// shows, and Found what the cluster has.
	Text string `json:"text,omitempty"`
	// Expected is the value, as JSON, that an equality requires.
	Expected string  `json:"expected,omitempty"`
	Found    []Value `json:"found,omitempty"`
}

// Value is what a part of an expression was.
type Value struct {
	Expression string `json:"expression"`
	// Value is JSON.
	Value string `json:"value"`
}

// Failure is why a command could not do its work.
type Failure struct {
	Message string `json:"message"`
	// Verdict is ClaimFailed where a program in a container ended with an error,
	// CouldNotRun where the command did not come that far.
	Verdict Verdict `json:"verdict,omitempty"`
	Cause   `json:",inline"`
}

// Cause is a diagnosis: What is wrong, Why, and the Remedy.
type Cause struct {
	What   string `json:"what,omitempty"`
	Why    string `json:"why,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// Since is when the cluster knew, in whole seconds, where it reports one.
	Since *metav1.Time `json:"since,omitempty"`
}

// Evidence is what the cluster said of a Pod.
type Evidence struct {
	Pod string `json:"pod"`
	// Status says how the Pod and its containers stand; Events are its last ones.
	Status []string `json:"status,omitempty"`
	Events []string `json:"events,omitempty"`
	Logs   []Log    `json:"logs,omitempty"`
}

// Log is the end of a container's output.
type Log struct {
	Container string `json:"container"`
	// Previous: the container has been started again since.
	Previous bool     `json:"previous,omitempty"`
	Lines    []string `json:"lines"`
}

// Pod is a Pod of the run: as it was last seen, and its way to Ready.
type Pod struct {
	Name       string      `json:"name"`
	UID        string      `json:"uid"`
	Node       string      `json:"node,omitempty"`
	Phase      string      `json:"phase,omitempty"`
	IPs        []string    `json:"ips,omitempty"`
	Containers []Container `json:"containers,omitempty"`
	Timeline   []Moment    `json:"timeline,omitempty"`
}

// Container is one container of a Pod.
type Container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// ImageID holds the digest of what the node has found for Image.
	ImageID  string `json:"imageID,omitempty"`
	Restarts int32  `json:"restarts"`
}

// Moment is a step of a Pod on its way from creation to Ready.
type Moment struct {
	// What is Created, Scheduled, ImagePulled, ContainerStarted or Ready.
	What      string `json:"what"`
	Container string `json:"container,omitempty"`
	// Time is the cluster's, in whole seconds.
	Time metav1.Time `json:"time"`
	// ObservedMilliseconds is when the run saw it, by watch and its own clock,
	// after it first saw the Pod. It is absent where nothing watched the Pod.
	ObservedMilliseconds *int64 `json:"observedMilliseconds,omitempty"`
	// TookMilliseconds is how long the pull of an image took.
	TookMilliseconds int64 `json:"tookMilliseconds,omitempty"`
}

// Cleanup reports what is left of the run.
type Cleanup struct {
	// Kept: nothing was removed, as requested.
	Kept bool `json:"kept"`
	// Leftovers are objects that could not be deleted, as RESOURCE/NAME, and Error says why.
	Leftovers []string `json:"leftovers,omitempty"`
	// Unconfirmed are Pods, as NAME on NODE, whose end no kubelet has confirmed:
	// only their objects were removed.
	Unconfirmed []string `json:"unconfirmed,omitempty"`
	Error       string   `json:"error,omitempty"`
	// RemoveCommand removes by hand what is still there.
	RemoveCommand string `json:"removeCommand,omitempty"`
	// ElapsedMilliseconds is how long the cleanup took.
	ElapsedMilliseconds int64 `json:"elapsedMilliseconds"`
}
