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
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   Metadata `yaml:"metadata"`
	Spec       Spec     `yaml:"spec"`

	// Files are the manifests beside the example.yaml, by file name.
	Files map[string][]byte `yaml:"-"`
}

// Metadata names an example.
type Metadata struct {
	// Name is a DNS label: it becomes the subcommand and part of the Namespace.
	Name string `yaml:"name"`
}

// Spec is the content of an example.
type Spec struct {
	Title   string `yaml:"title"`
	Summary string `yaml:"summary"`
	// Source says which page the example follows, and of what date.
	Source string `yaml:"source"`
	// Images are the image references that the example uses, by a short name.
	// A manifest that names one of these references gets the user's override.
	Images map[string]string `yaml:"images"`
	// Scenarios are independent of each other: they may run side by side, in
	// one Namespace, so they must not create objects of the same name.
	Scenarios []Scenario `yaml:"scenarios"`
}

// Scenario is a sequence of steps; it ends at the first step that fails.
type Scenario struct {
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	Steps []Step `yaml:"steps"`
}

// Step is one command and what must be true after it.
type Step struct {
	// Name lets later steps of the scenario read the outcome of this one, as
	// steps.NAME.stdout, or steps["NAME"].stdout where it holds a dash.
	Name string `yaml:"name"`
	// Say is the narration before the command.
	Say string `yaml:"say"`
	// Run is a kubectl command in shell words; $(EXPR) is replaced by the text
	// of a CEL expression.
	Run string `yaml:"run"`
	// Show is a regular expression: only the matching lines of standard output
	// are shown. Expectations still see all of it.
	Show string `yaml:"show"`
	// Expect are the claims that the command proves. A command that exits
	// non-zero fails its step, unless one of them reads exitCode.
	Expect []Expectation `yaml:"expect"`
}

// Expectation is a claim in words and the CEL expression that decides it.
type Expectation struct {
	Claim string `yaml:"claim"`
	That  string `yaml:"that"`
	// Within is how long the claim may take to become true, such as 30s; it is
	// decided anew at each change of a Pod of the run. Empty means at once.
	Within string `yaml:"within"`
}

// Image returns the reference that is declared under a short name, or "".
func (e *Example) Image(name string) string { return e.Spec.Images[name] }

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
