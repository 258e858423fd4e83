package cli

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubectl/pkg/cmd/apply"
	"k8s.io/kubectl/pkg/cmd/certificates"
	"k8s.io/kubectl/pkg/cmd/create"
	"k8s.io/kubectl/pkg/cmd/delete"
	"k8s.io/kubectl/pkg/cmd/describe"
	"k8s.io/kubectl/pkg/cmd/exec"
	"k8s.io/kubectl/pkg/cmd/get"
	"k8s.io/kubectl/pkg/cmd/logs"
	"k8s.io/kubectl/pkg/cmd/portforward"
	"k8s.io/kubectl/pkg/cmd/run"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/wait"
)

// kubectlRoot is kubectl with the commands that texts of the plugin name.
func kubectlRoot() *cobra.Command {
	flags := genericclioptions.NewConfigFlags(false)
	f, streams := cmdutil.NewFactory(flags), genericiooptions.NewTestIOStreamsDiscard()
	root := &cobra.Command{Use: "kubectl"}
	flags.AddFlags(root.PersistentFlags())
	root.AddCommand(apply.NewCmdApply("kubectl", f, streams), certificates.NewCmdCertificate(f, streams), create.NewCmdCreate(f, streams),
		delete.NewCmdDelete(f, streams), describe.NewCmdDescribe("kubectl", f, streams), exec.NewCmdExec(f, streams), get.NewCmdGet("kubectl", f, streams),
		logs.NewCmdLogs(f, streams), portforward.NewCmdPortForward(f, streams), run.NewCmdRun(f, streams), wait.NewCmdWait(flags, streams))
	return root
}

// texts calls see for each text of the plugin's code, with where it is. What is not a literal
// is left out of it, as a name.
func texts(t *testing.T, see func(at, text string)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "../.." && !slices.Contains([]string{"internal", "pkg", "cmd"}, strings.Split(path, string(filepath.Separator))[2]):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, is := literal(e)
			if is {
				see(files.Position(n.Pos()).String(), text)
			}
			return !is
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// literal is a text that is one literal, or several that are added up.
func literal(e ast.Expr) (text string, is bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := literal(e.X)
		right, isRight := literal(e.Y)
		if e.Op != token.ADD || !isLeft && !isRight {
			return "", false
		}
		return named(left, isLeft) + named(right, isRight), true
	default:
		return "", false
	}
}

func named(text string, is bool) string {
	if is {
		return text
	}
	return name
}

var (
	// commandInText is a command, up to the end of the line, of the sentence or of what it is quoted in.
	commandInText = regexp.MustCompile("\\bkubectl (?:[^;`\\n|()\\[\",…]|,[^ \\n])+")
	// placeholder is what is filled in: any name. Of a quoted word, kubectl's own flags say nothing.
	placeholder = regexp.MustCompile(`%(?:\[1\])?[sqdv]|\$\w+|'[^']*'`)
	// prose are words that follow "kubectl" or "kubectl kbe" in a sentence.
	prose = []string{"alone", "command", "commands", "completes", "has", "instead", "itself", "prints", "runs", "without", "1.18"}
)

// name stands for what a text has filled in.
const name = "pods"

// commandsIn are the words of the commands that a text names, after "kubectl".
func commandsIn(text string) (all [][]string) {
	for _, command := range commandInText.FindAllString(placeholder.ReplaceAllString(strings.ReplaceAll(text, "%[2]s", "SCENARIO"), name), -1) {
		command, _, _ = strings.Cut(strings.TrimRight(command, ". "), ". ")
		words := strings.Fields(command)[1:]
		// "kubectl wait: …" is an error of a command, "kubectl %s" one that is known later.
		if len(words) > 0 && !slices.Contains(append(prose, name), strings.TrimRight(words[0], ":")) && !strings.HasSuffix(words[0], ":") {
			all = append(all, words)
		}
	}
	return all
}

// commandError is what is wrong with the words of a command after "kubectl", or nil.
func commandError(words []string) error {
	if words[0] == "kbe" {
		if len(words) == 1 || slices.Contains(prose, words[1]) || strings.HasSuffix(words[1], ":") {
			return nil
		}
		return kbeError(words[1:])
	}
	command, rest, err := kubectlRoot().Find(words)
	if err != nil {
		return err
	}
	command.InheritedFlags()
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	args := command.Flags().Args()
	switch {
	case len(args) == 0:
		return nil
	case command.HasAvailableSubCommands():
		return fmt.Errorf("%q is no subcommand of %s", args[0], command.Name())
	case slices.Contains([]string{"get", "describe", "delete", "wait"}, command.Name()):
		if kind, _, _ := strings.Cut(args[0], "/"); !isResource(kind) {
			return fmt.Errorf("%q is no kind of object", kind)
		}
	}
	return nil
}

// isResource reports whether kubectl knows a kind by a name.
func isResource(name string) bool {
	if slices.Contains([]string{"pvc", "csr", "apiservice"}, name) {
		return true
	}
	for kind := range scheme.Scheme.AllKnownTypes() {
		plural, singular := meta.UnsafeGuessKindToResource(kind)
		if name == plural.Resource || name == singular.Resource {
			return true
		}
	}
	return false
}

// Each command that a text of the plugin names exists, with its flags: in causes and their
// remedies, findings, errors, help texts and leftovers.
func TestCommandsInTexts(t *testing.T) {
	checked := map[string]int{}
	texts(t, func(at, text string) {
		for _, words := range commandsIn(text) {
			if err := commandError(words); err != nil {
				t.Errorf("%s: kubectl %s: %v", at, strings.Join(words, " "), err)
			}
			checked[filepath.Base(filepath.Dir(strings.Split(at, ":")[0]))]++
		}
	})
	for _, pkg := range []string{"diagnose", "reach", "session", "report", "rbac", "cli"} {
		if checked[pkg] == 0 {
			t.Errorf("internal/%s: expected texts with commands, found none", pkg)
		}
	}
}

// What the test above is for.
func TestACommandWithATypoIsFound(t *testing.T) {
	for text, want := range map[string]string{
		"look at it: kubectl descrbe pod $pod":                       `unknown command "descrbe"`,
		"wait: kubectl wait --fro=condition=Ready pod/POD; or not":   "unknown flag: --fro",
		"see `kubectl get ndoes -o wide`":                            `"ndoes" is no kind of object`,
		"create it: kubectl create confgmap x --from-literal=a=b":    "unknown flag: --from-literal",
		"create it: kubectl create scret x":                          `"scret" is no subcommand of create`,
		"see which (kubectl kbe reach --nods)":                       "unknown flag: --nods",
		"to remove it: kubectl kbe clenup --run %s":                  "no such command",
		"kubectl -n kube-system get pods --selectr x, and so on":     "unknown flag: --selectr",
		"give it time; otherwise: kubectl describe pod %q. It is so": "",
	} {
		commands := commandsIn(text)
		if len(commands) != 1 {
			t.Errorf("%q: expected one command, found %q", text, commands)
			continue
		}
		err := commandError(commands[0])
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected the error %q, found %v", text, want, err)
		}
	}
}
