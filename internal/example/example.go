package example

import "time"

// APIVersion and Kind identify the format of an example.yaml.
const (
	APIVersion = "kubectl-kbe.github.io/v1alpha1"
	Kind       = "Example"
)

// FileName is the file in an example's folder that describes it.
const FileName = "example.yaml"

// Example is one page: kubectl commands and the claims that they prove.
type Example struct {
	// APIVersion is the version of this format.
	APIVersion string `json:"apiVersion" jsonschema:"required,enum=kubectl-kbe.github.io/v1alpha1"`
	// Kind is Example.
	Kind string `json:"kind" jsonschema:"required,enum=Example"`
	// Metadata names the example.
	Metadata Metadata `json:"metadata" jsonschema:"required"`
	// Spec is the content of the example.
	Spec Spec `json:"spec" jsonschema:"required"`

	// Files are the manifests that the steps name, by file name.
	Files map[string][]byte `json:"-"`
	// Texts are the other files that steps and images name, by file name, each
	// without the line breaks at its end, as a shell's $(cat NAME) is.
	Texts map[string]string `json:"-"`

	// At is where the example stands; its files have places of their own.
	At     Place `json:"-"`
	places map[string]Place
}

// Metadata names an example.
type Metadata struct {
	// Name is a DNS label: it becomes the subcommand and part of the Namespace.
	Name string `json:"name" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=50"`
	At   Place  `json:"-"`
}

// Spec is the content of an example.
type Spec struct {
	// Title is the heading of the example, one to three words.
	Title string `json:"title" jsonschema:"required,minLength=1"`
	// Summary describes the example in a few sentences; lists of examples show the first one.
	Summary string `json:"summary"`
	// Source is the page that the example is based on, and its date.
	Source string `json:"source"`
	// Images are the images that the example uses, by a short name of letters,
	// digits and underscores, which expressions read as images.NAME: a reference, or
	// the fields of an image. A manifest that names one of these references gets the
	// user's override.
	Images map[string]Image `json:"images"`
	// Scenarios are independent of each other. They may run in parallel in one Namespace, so
	// they must not create objects of the same name.
	Scenarios []Scenario `json:"scenarios" jsonschema:"required,minItems=1"`
	At        Place      `json:"-"`
}

// Image is an image that the example uses. Its short form is the reference alone.
type Image struct {
	// Reference is the image to pull, with its registry: docker.io/library/busybox:1.37.
	Reference string `json:"reference" jsonschema:"required,minLength=1"`
	// Platforms are the platforms of the image, as OS/ARCHITECTURE, such as linux/amd64. Empty
	// means any.
	Platforms []string `json:"platforms"`
	// Families are the IP families that its program listens on: IPv4, IPv6. Empty
	// means both.
	Families []string `json:"families"`
	// Size is the approximate size of the image on a node, such as 690MB.
	Size string `json:"size" jsonschema:"pattern=^[0-9]+(MB|GB)$"`
	// Instead defines what runs if the image cannot: on another platform, for another IP
	// family, or if a node cannot pull it.
	Instead Instead `json:"instead"`
	At      Place   `json:"-"`
}

// Instead defines what a container runs in place of an image that cannot run.
type Instead struct {
	// Image is the short name of another image of the example.
	Image string `json:"image" jsonschema:"required,minLength=1"`
	// Command is the container's command, unless the container specifies one.
	Command []string `json:"command"`
	// File is the name of a text file beside the example, whose content is appended to the
	// command. Every example has service.py, an HTTP service in Python.
	File string `json:"file"`
	At   Place  `json:"-"`
}

// Scenario is a sequence of steps; it ends at the first step that fails.
type Scenario struct {
	// Name is a DNS label, unique in the example; it selects the scenario on
	// the command line.
	Name string `json:"name" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Title is the heading of the scenario.
	Title string `json:"title" jsonschema:"required,minLength=1"`
	// Steps run one after the other.
	Steps []Step `json:"steps" jsonschema:"required,minItems=1"`
	At    Place  `json:"-"`
}

// Step is one command and the claims that must hold after it.
type Step struct {
	// Name lets later steps of the scenario read the result of this one, as steps.NAME.stdout,
	// or steps["NAME"].stdout if it contains a dash.
	Name string `json:"name" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Say is the narration before the command.
	Say string `json:"say"`
	// Run is a kubectl command in shell words; $(EXPR) is replaced by the text
	// of a CEL expression.
	Run string `json:"run" jsonschema:"required,pattern=^\\s*kubectl\\s"`
	// Early runs the command when the scenario begins, so that its objects are ready sooner;
	// it is still shown in order. Early commands create objects (apply, create, run), run in
	// order, and read only images and run.
	Early bool `json:"early"`
	// Within is how long the command is retried until the claims of the step hold, such as
	// 20s. It is for commands that read (describe, events, exec, get, logs, wait); the maximum
	// is 10m. Empty means that the command runs once.
	Within string `json:"within" jsonschema:"pattern=^([0-9]+(\\.[0-9]+)?(ms|s|m))+$"`
	// Settles is how long a command must print the same until it is not run again, as for the
	// output of a page, which says nothing of how long it took. 0: until Within is over.
	Settles time.Duration `json:"-"`
	// Show is a regular expression: only the matching lines of standard output
	// are shown. Expectations still see all of it.
	Show string `json:"show" jsonschema:"format=regex"`
	// Expect are the claims that must hold after the command. A command with a non-zero exit
	// code fails its step, unless one of them reads exitCode.
	Expect []Expectation `json:"expect"`
	// NotRun is why the command cannot run, such as one of another program, in an example
	// that is made from a page. Known: the page's author says so.
	NotRun string `json:"-"`
	Known  bool   `json:"-"`
	At     Place  `json:"-"`
}

// Expectation is a claim in words and the CEL expression that decides it.
type Expectation struct {
	// ID is a DNS label, unique in the example, which identifies the claim in reports.
	ID string `json:"id" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Claim is the claim in words.
	Claim string `json:"claim" jsonschema:"required,minLength=1"`
	// That is the CEL expression that decides the claim.
	That string `json:"that" jsonschema:"required,minLength=1"`
	// Within is how long the claim may take to become true, such as 30s. It is evaluated again
	// at each change of a Pod, at each Event, and at each new line of a log that it reads.
	// Empty means once; the maximum is 10m.
	Within string `json:"within" jsonschema:"pattern=^([0-9]+(\\.[0-9]+)?(ms|s|m))+$"`
	At     Place  `json:"-"`
}

// Image returns the reference that is declared under a short name, or "".
func (e *Example) Image(name string) string { return e.Spec.Images[name].Reference }

// References are those of the images, by short name.
func (e *Example) References() map[string]string {
	refs := make(map[string]string, len(e.Spec.Images))
	for name, image := range e.Spec.Images {
		refs[name] = image.Reference
	}
	return refs
}

// steps are those of all scenarios, in order.
func (e *Example) steps() []Step {
	var all []Step
	for _, sc := range e.Spec.Scenarios {
		all = append(all, sc.Steps...)
	}
	return all
}

// Claims counts the expectations of all scenarios.
func (e *Example) Claims() int {
	n := 0
	for _, st := range e.steps() {
		n += len(st.Expect)
	}
	return n
}
