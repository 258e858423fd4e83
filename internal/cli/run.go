package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// fromStdin is the file name that means standard input, as kubectl has it.
const fromStdin = "-"

func newRunCommand(g globals) *cobra.Command {
	o := &exampleOptions{globals: g}
	var file string
	c := &cobra.Command{
		Use:   "run -f DIR|FILE|- [SCENARIO...]",
		Short: "Run your own example",
		Long: longDesc(`
			Run your own example: a folder with an example.yaml and its manifests, a single
			file, or standard input.

			The whole example is checked before anything runs. Each problem is reported with
			its file, line and column, and the exit code is 2. To create an example, use
			'kubectl kbe new'.`, exitCodes("all claims hold", "a claim failed", couldNotRun)),
		Example: templates.Examples(`
			# Run the example in a folder
			kubectl kbe run -f my-example

			# Check an example and show its commands, without contacting a cluster
			kubectl kbe run -f my-example --dry-run

			# Run two of its scenarios, and keep the resources
			kubectl kbe run -f my-example from-a-command from-a-file --keep

			# Run an example without manifests from standard input
			kubectl kbe run -f - <my-example.yaml`),
		RunE: func(c *cobra.Command, args []string) error {
			if file == "" {
				return errors.New("expected an example, found none: name its folder or file with -f")
			}
			if file == fromStdin && o.step {
				return errors.New("--step and -f - cannot be combined: both read standard input")
			}
			var err error
			if o.plan, err = readPlan(c.Context(), file, g.streams.In); err != nil {
				return refuse(g.streams.ErrOut, err)
			}
			if err := o.plan.Confined(o.AllowClusterScope); err != nil {
				return refuse(g.streams.ErrOut, err)
			}
			o.GrantedBy = "-f " + file
			if err := o.complete(args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	c.ValidArgsFunction = scenarios(func() *example.Example {
		if file == "" || file == fromStdin {
			return nil
		}
		e, _ := readExample(file, nil) // what is wrong with it is reported when it is run
		return e
	})
	c.Flags().StringVarP(&file, "filename", "f", "", "The example: a folder, a file, or - for standard input")
	c.Flags().BoolVar(&o.AllowClusterScope, "allow-cluster-scope", false,
		"Allow commands outside the run's namespace; what they create is deleted too")
	o.addFlags(c, "")
	return c
}

// readPlan loads and compiles the example in a folder or a file, or from stdin, until ctx ends.
func readPlan(ctx context.Context, file string, stdin io.Reader) (*engine.Plan, error) {
	type result struct {
		plan *engine.Plan
		err  error
	}
	r, err := wait.Call(ctx, func() result {
		plan, err := compile(readExample(file, stdin))
		return result{plan, err}
	})
	return r.plan, cmp.Or(err, r.err)
}

// compile compiles an example, also one that did not load without problems.
func compile(e *example.Example, err error) (*engine.Plan, error) {
	if e == nil {
		return nil, err
	}
	plan, more := engine.Compile(e)
	if err := example.Join(err, more); err != nil {
		return nil, err
	}
	return plan, nil
}

func readExample(file string, stdin io.Reader) (*example.Example, error) {
	if file == fromStdin {
		return example.LoadFile("stdin", stdin, nil)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	dir := file
	if !info.IsDir() {
		dir = filepath.Dir(file)
	}
	// A root, so that no link leads out of the folder: an example from someone
	// else must not read, and show, the files of who runs it.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	defer func() { _ = root.Close() }() // was only read
	if info.IsDir() {
		return example.LoadDir(dir, files{root})
	}
	f, err := os.OpenFile(file, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	defer f.Close()
	// What was opened, not what the name was of before.
	if info, err = f.Stat(); err == nil {
		err = example.Regular(info)
	}
	if err != nil {
		return nil, fmt.Errorf("-f %s: %w", file, err)
	}
	return example.LoadFile(file, f, files{root})
}

// files are those of a folder. Opening one never waits, as that of a named pipe
// would for who writes to it; the loader then sees that it is no regular file.
type files struct{ root *os.Root }

// Open opens a file for reading.
func (f files) Open(name string) (fs.File, error) {
	return f.root.OpenFile(name, os.O_RDONLY|withoutWaiting, 0)
}

// ReadDir lists a folder.
func (f files) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.root.FS(), name) }

// Stat describes a file without opening it.
func (f files) Stat(name string) (fs.FileInfo, error) { return f.root.Stat(name) }

// refuse reports all that is wrong with an example, a line each.
func refuse(out io.Writer, err error) error {
	problems, is := errors.AsType[example.Problems](err)
	if !is {
		return err
	}
	fmt.Fprintf(out, "%v\nerror: the example has %s; nothing was run\n", problems, report.Plural(len(problems), "problem"))
	return exitError{exitUsage}
}
