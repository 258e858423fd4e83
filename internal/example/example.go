package example

// APIVersion and Kind identify the format of an example.yaml.
const (
	APIVersion = "kubectl-kbe.github.io/v1alpha1"
	Kind       = "Example"
)

// FileName is the file in an example's folder that describes it.
const FileName = "example.yaml"

// Example is one page: a story of kubectl commands and the claims they prove.
type Example struct {
	// APIVersion is the version of this format.
	APIVersion string `yaml:"apiVersion" jsonschema:"required,enum=kubectl-kbe.github.io/v1alpha1"`
	// Kind is Example.
	Kind string `yaml:"kind" jsonschema:"required,enum=Example"`
	// Metadata names the example.
	Metadata Metadata `yaml:"metadata" jsonschema:"required"`
	// Spec is what the example tells and proves.
	Spec Spec `yaml:"spec" jsonschema:"required"`

	// Files are the manifests that the steps name, by file name.
	Files map[string][]byte `yaml:"-"`
	// Texts are the other files that steps and images name, by file name, each
	// without the line breaks at its end, as a shell's $(cat NAME) is.
	Texts map[string]string `yaml:"-"`

	// At is where the example stands; its files have places of their own.
	At     Place `yaml:"-"`
	places map[string]Place
}

// Metadata names an example.
type Metadata struct {
	// Name is a DNS label: it becomes the subcommand and part of the Namespace.
	Name string `yaml:"name" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=50"`
	At   Place  `yaml:"-"`
}

// Spec is the content of an example.
type Spec struct {
	// Title is the heading of the example, a word or three.
	Title string `yaml:"title" jsonschema:"required,minLength=1"`
	// Summary says in a few sentences what the example is about; its first one
	// is what a list of examples shows.
	Summary string `yaml:"summary"`
	// Source says which page the example follows, and of what date.
	Source string `yaml:"source"`
	// Images are the images that the example uses, by a short name of letters,
	// digits and underscores, which expressions read as images.NAME: a reference, or
	// the fields of an image. A manifest that names one of these references gets the
	// user's override.
	Images map[string]Image `yaml:"images"`
	// Scenarios are independent of each other: they may run side by side, in
	// one Namespace, so they must not create objects of the same name.
	Scenarios []Scenario `yaml:"scenarios" jsonschema:"required,minItems=1"`
	At        Place      `yaml:"-"`
}

// Image is an image that the example uses. Its short form is the reference alone.
type Image struct {
	// Reference is what is pulled, with its registry: docker.io/library/busybox:1.37.
	Reference string `yaml:"reference" jsonschema:"required,minLength=1"`
	// Platforms are those that the image is built for, as OS/ARCHITECTURE, such as
	// linux/amd64. Empty means any.
	Platforms []string `yaml:"platforms"`
	// Families are the IP families that its program listens on: IPv4, IPv6. Empty
	// means both.
	Families []string `yaml:"families"`
	// Size is about how much space the image takes on a node, such as 690MB.
	Size string `yaml:"size" jsonschema:"pattern=^[0-9]+(MB|GB)$"`
	// Instead is what runs where the image cannot: on another platform, for another
	// IP family, or where a node cannot pull it.
	Instead Instead `yaml:"instead"`
	At      Place   `yaml:"-"`
}

// Instead is what a container runs in place of an image that cannot run.
type Instead struct {
	// Image is the short name of another image of the example.
	Image string `yaml:"image" jsonschema:"required,minLength=1"`
	// Command is the container's command, unless it has one of its own.
	Command []string `yaml:"command"`
	// File is the name of a text file beside the example, whose content is the last
	// word of the command. Every example has service.py, an HTTP service in Python.
	File string `yaml:"file"`
	At   Place  `yaml:"-"`
}

// Scenario is a sequence of steps; it ends at the first step that fails.
type Scenario struct {
	// Name is a DNS label, unique in the example; it selects the scenario on
	// the command line.
	Name string `yaml:"name" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Title is the heading of the scenario.
	Title string `yaml:"title" jsonschema:"required,minLength=1"`
	// Steps run one after the other.
	Steps []Step `yaml:"steps" jsonschema:"required,minItems=1"`
	At    Place  `yaml:"-"`
}

// Step is one command and what must be true after it.
type Step struct {
	// Name lets later steps of the scenario read the outcome of this one, as
	// steps.NAME.stdout, or steps["NAME"].stdout where it holds a dash.
	Name string `yaml:"name" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Say is the narration before the command.
	Say string `yaml:"say"`
	// Run is a kubectl command in shell words; $(EXPR) is replaced by the text
	// of a CEL expression.
	Run string `yaml:"run" jsonschema:"required,pattern=^\\s*kubectl\\s"`
	// Early has the command sent as soon as the scenario begins, so that what it
	// creates is ready when its turn to be told comes. Early commands are sent in
	// their order; they create (apply, create, run), and read only images and run.
	Early bool `yaml:"early"`
	// Within is how long the claims of the step may take to become true, such as
	// 20s: until then the command is run again. It is for commands that read (exec,
	// get, logs, describe); the most is 10m. Empty means that it runs once.
	Within string `yaml:"within" jsonschema:"pattern=^([0-9]+(\\.[0-9]+)?(ms|s|m))+$"`
	// Show is a regular expression: only the matching lines of standard output
	// are shown. Expectations still see all of it.
	Show string `yaml:"show" jsonschema:"format=regex"`
	// Expect are the claims that the command proves. A command that exits
	// non-zero fails its step, unless one of them reads exitCode.
	Expect []Expectation `yaml:"expect"`
	At     Place         `yaml:"-"`
}

// Expectation is a claim in words and the CEL expression that decides it.
type Expectation struct {
	// Claim says in words what is proven.
	Claim string `yaml:"claim" jsonschema:"required,minLength=1"`
	// That is the CEL expression that decides the claim.
	That string `yaml:"that" jsonschema:"required,minLength=1"`
	// Within is how long the claim may take to become true, such as 30s; it is
	// decided anew at each change of a Pod, at each Event, and at each new line
	// of a log that it reads. Empty means at once; the most is 10m.
	Within string `yaml:"within" jsonschema:"pattern=^([0-9]+(\\.[0-9]+)?(ms|s|m))+$"`
	// Asserts is the requirement that the claim proves, where it is part of a
	// conformance suite.
	Asserts Assertion `yaml:"asserts"`
	At      Place     `yaml:"-"`
}

// Assertion is a requirement on a cluster. It is an assertion of the conformance
// suite, which a claim of an example decides.
type Assertion struct {
	// ID is a DNS label that stays the same for good: reports are compared by it.
	ID string `yaml:"id" jsonschema:"required,pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Requirement is one line with a key word of RFC 2119, such as MUST.
	Requirement string `yaml:"requirement" jsonschema:"required,pattern=\\b(MUST|SHOULD|MAY)\\b"`
	// Source is where Kubernetes says so: the address of a page.
	Source string `yaml:"source" jsonschema:"required,pattern=^https://"`
	// Level is core, or extended: what some clusters leave out on purpose.
	Level string `yaml:"level" jsonschema:"required,enum=core,enum=extended"`
	At    Place  `yaml:"-"`
}

// The levels of an Assertion.
const (
	Core     = "core"
	Extended = "extended"
)

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

// Claims counts the expectations of all scenarios.
func (e *Example) Claims() int {
	n := 0
	for _, sc := range e.Spec.Scenarios {
		for _, st := range sc.Steps {
			n += len(st.Expect)
		}
	}
	return n
}

// ScenarioNames returns the names of the scenarios, in order.
func (e *Example) ScenarioNames() []string {
	names := make([]string, len(e.Spec.Scenarios))
	for i, sc := range e.Spec.Scenarios {
		names[i] = sc.Name
	}
	return names
}
