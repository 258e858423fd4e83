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
	APIVersion string `json:"apiVersion" jsonschema:"required,enum=kubectl-kbe.github.io/v1alpha1"`
	// Kind is Example.
	Kind string `json:"kind" jsonschema:"required,enum=Example"`
	// Metadata names the example.
	Metadata Metadata `json:"metadata" jsonschema:"required"`
	// Spec is the story of the example and its proof.
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
	// Title is the heading of the example, a word or three.
	Title string `json:"title" jsonschema:"required,minLength=1"`
	// Summary says in a few sentences what the example is about; its first one
	// is what a list of examples shows.
	Summary string `json:"summary"`
	// Source says which page the example follows, and of what date.
	Source string `json:"source"`
	// Images are the images that the example uses, by a short name of letters,
	// digits and underscores, which expressions read as images.NAME: a reference, or
	// the fields of an image. A manifest that names one of these references gets the
	// user's override.
	Images map[string]Image `json:"images"`
	// Scenarios are independent of each other: they may run side by side, in
	// one Namespace, so they must not create objects of the same name.
	Scenarios []Scenario `json:"scenarios" jsonschema:"required,minItems=1"`
	At        Place      `json:"-"`
}

// Image is an image that the example uses. Its short form is the reference alone.
type Image struct {
	// Reference is what is pulled, with its registry: docker.io/library/busybox:1.37.
	Reference string `json:"reference" jsonschema:"required,minLength=1"`
	// Platforms are those that the image is built for, as OS/ARCHITECTURE, such as
	// linux/amd64. Empty means any.
	Platforms []string `json:"platforms"`
	// Families are the IP families that its program listens on: IPv4, IPv6. Empty
	// means both.
	Families []string `json:"families"`
	// Size is about how much space the image needs on a node, such as 690MB.
	Size string `json:"size" jsonschema:"pattern=^[0-9]+(MB|GB)$"`
	// Instead is what runs where the image cannot: on another platform, for another
	// IP family, or where a node cannot pull it.
	Instead Instead `json:"instead"`
	At      Place   `json:"-"`
}

// Instead is what a container runs in place of an image that cannot run.
type Instead struct {
	// Image is the short name of another image of the example.
	Image string `json:"image" jsonschema:"required,minLength=1"`
	// Command is the container's command, unless it has one of its own.
	Command []string `json:"command"`
	// File is the name of a text file beside the example, whose content is the last
	// word of the command. Every example has service.py, an HTTP service in Python.
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

// Step is one command and what must be true after it.
type Step struct {
	// Name lets later steps of the scenario read the outcome of this one, as
	// steps.NAME.stdout, or steps["NAME"].stdout where it holds a dash.
	Name string `json:"name" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Say is the narration before the command.
	Say string `json:"say"`
	// Run is a kubectl command in shell words; $(EXPR) is replaced by the text
	// of a CEL expression.
	Run string `json:"run" jsonschema:"required,pattern=^\\s*kubectl\\s"`
	// Early has the command sent as soon as the scenario begins, so that what it
	// creates is ready when its turn to be shown comes. Early commands are sent in
	// their order; they create (apply, create, run), and read only images and run.
	Early bool `json:"early"`
	// Within is how long the claims of the step may take to become true, such as
	// 20s: until then the command is run again. It is for commands that read (exec,
	// get, logs, describe); the most is 10m. Empty means that it runs once.
	Within string `json:"within" jsonschema:"pattern=^([0-9]+(\\.[0-9]+)?(ms|s|m))+$"`
	// Show is a regular expression: only the matching lines of standard output
	// are shown. Expectations still see all of it.
	Show string `json:"show" jsonschema:"format=regex"`
	// Expect are the claims that the command proves. A command that exits
	// non-zero fails its step, unless one of them reads exitCode.
	Expect []Expectation `json:"expect"`
	At     Place         `json:"-"`
}

// Expectation is a claim in words and the CEL expression that decides it.
type Expectation struct {
	// ID is a DNS label, unique in the example: reports name the claim by it.
	ID string `json:"id" jsonschema:"pattern=^[a-z0-9]([a-z0-9-]*[a-z0-9])?$,maxLength=63"`
	// Claim says in words what is proven.
	Claim string `json:"claim" jsonschema:"required,minLength=1"`
	// That is the CEL expression that decides the claim.
	That string `json:"that" jsonschema:"required,minLength=1"`
	// Within is how long the claim may take to become true, such as 30s; it is
	// decided again at each change of a Pod, at each Event, and at each new line
	// of a log that it reads. Empty means at once; the most is 10m.
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

// ScenarioNames returns the names of the scenarios, in order.
func (e *Example) ScenarioNames() []string {
	names := make([]string, len(e.Spec.Scenarios))
	for i, sc := range e.Spec.Scenarios {
		names[i] = sc.Name
	}
	return names
}
