package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// output is where the report of a run goes, beside or instead of the story: the
// flags -o and --report-file.
type output struct {
	print *genericclioptions.PrintFlags
	specs []string
	// command is what was called.
	command *cobra.Command
	// failOnWarning has a run that passed with warnings exit with 1.
	failOnWarning bool
	// view is what standard output shows where it holds no report; "" is the default.
	view string

	files []reportFile
	// formats are written by package report; all others by cli-runtime's printers.
	formats []string
}

// reportFile is one --report-file.
type reportFile struct{ format, path string }

// fileFormats are those of --report-file.
func (o *output) fileFormats() []string {
	return append([]string{"json", "yaml"}, o.formats...)
}

// allFormats are those of -o.
func (o *output) allFormats() []string {
	return append(slices.Clone(o.formats), o.print.AllowedFormats()...)
}

// newOutput is for a kind of report.
func newOutput(kind runtime.Object) *output {
	return &output{print: genericclioptions.NewPrintFlags("").WithTypeSetter(v1alpha1.Scheme), formats: report.Formats(kind)}
}

// addFlags adds the flags; defaultView says in the help which view is the default.
func (o *output) addFlags(c *cobra.Command, defaultView string) {
	o.command = c
	o.print.AddFlags(c)
	for _, name := range []string{"allow-missing-template-keys", "show-managed-fields", "template"} {
		c.Flags().Lookup(name).Hidden = true // of use to few; help is for those that matter
	}
	formats := slices.Sorted(slices.Values(o.allFormats()))
	c.Flags().Lookup("output").Usage = "Print a report at the end: " + strings.Join(o.formats, ", ") + ", json, yaml, jsonpath=EXPRESSION or go-template=TEMPLATE"
	completeFlag(c, "output", words(formats...))
	c.Flags().StringSliceVar(&o.specs, "report-file", nil,
		"Write a report to a file, as FORMAT=PATH; may be repeated; formats: "+strings.Join(o.fileFormats(), ", "))
	completeFlag(c, "report-file", keys(o.fileFormats()...))
	c.Flags().StringVar(&o.view, "view", "", "What to show during the run: "+strings.Join(report.Views(), ", ")+defaultView)
	completeFlag(c, "view", words(report.Views()...))
}

// addWarningFlag adds --fail-on-warning; warnings says which there are.
func (o *output) addWarningFlag(c *cobra.Command, warnings string) {
	c.Flags().BoolVar(&o.failOnWarning, "fail-on-warning", false, "Exit with 1 on warnings too: "+warnings)
}

// end writes the report of a run to all its places, and returns the run's exit code as an
// error. Where ctx has ended and not by a signal, its cause is reported.
func (o *output) end(ctx context.Context, streams genericiooptions.IOStreams, r runtime.Object, verdict v1alpha1.Verdict) error {
	cause, err := context.Cause(ctx), o.put(streams, r)
	if !errors.As(cause, new(run.Signaled)) {
		err = errors.Join(err, cause)
	}
	if err != nil {
		fmt.Fprintln(streams.ErrOut, "error:", err)
		verdict = run.Worst(verdict, v1alpha1.CouldNotRun)
	}
	if errors.Is(cause, outputClosed) || errors.Is(err, outputClosed) {
		return exitError{exitSignal + int(syscall.SIGPIPE)}
	}
	if n := report.Warnings(r); o.failOnWarning && n > 0 && verdict == v1alpha1.Passed {
		fmt.Fprintf(streams.ErrOut, "error: %s: %s (--fail-on-warning)\n", o.command.Name(), report.Plural(n, "warning"))
		return exitError{exitClaimFailed}
	}
	return verdictError(ctx, verdict)
}

// format is that of -o, or "" for the story.
func (o *output) format() string { return *o.print.OutputFormat }

// complete checks the flags, and that the files' folders can be written to: a
// run of minutes must not end in a report that cannot be kept.
func (o *output) complete(dryRun bool) error {
	if o.view != "" && !slices.Contains(report.Views(), o.view) {
		return fmt.Errorf("--view %s: expected one of %s", o.view, strings.Join(report.Views(), ", "))
	}
	if dryRun && (o.format() != "" || len(o.specs) > 0) {
		return errors.New("--dry-run cannot be combined with -o or --report-file: a report needs a run")
	}
	if f := o.format(); f != "" && !slices.Contains(o.formats, f) {
		if _, err := o.print.ToPrinter(); err != nil {
			if genericclioptions.IsNoCompatiblePrinterError(err) {
				return fmt.Errorf("-o %s: expected one of %s", f, strings.Join(o.allFormats(), ", "))
			}
			return fmt.Errorf("-o %s: %w", f, err)
		}
	}
	for _, spec := range o.specs {
		format, path, ok := strings.Cut(spec, "=")
		switch {
		case !ok || path == "":
			return fmt.Errorf("--report-file %s: expected FORMAT=PATH", spec)
		case !slices.Contains(o.fileFormats(), format):
			return fmt.Errorf("--report-file %s: expected one of the formats %s, found %q", spec, strings.Join(o.fileFormats(), ", "), format)
		case slices.ContainsFunc(o.files, func(f reportFile) bool { return target(f.path) == target(path) }):
			return fmt.Errorf("--report-file %s: another report has the same path", spec)
		}
		switch info, err := os.Stat(path); {
		case err != nil:
		case !info.Mode().IsRegular():
			return fmt.Errorf("--report-file %s: expected a file or a new name, found one with the mode %v", spec, info.Mode())
		case isOutput(info):
			return fmt.Errorf("--report-file %s: this command's output goes to that file: use -o %s, or another file", spec, format)
		}
		if err := run.CanWrite(filepath.Dir(target(path))); err != nil {
			return fmt.Errorf("--report-file %s: its folder is not writable: %w", spec, err)
		}
		o.files = append(o.files, reportFile{format, path})
	}
	return nil
}

// target is the absolute path of a file, without symbolic links, which need not exist.
func target(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		return whole
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(folder, filepath.Base(path))
	}
	return path
}

// isOutput reports whether a file is where standard output or standard error goes, as
// /dev/stdout in a CI job is.
func isOutput(file os.FileInfo) bool {
	return slices.ContainsFunc([]*os.File{os.Stdout, os.Stderr}, func(f *os.File) bool {
		info, err := f.Stat()
		return err == nil && os.SameFile(file, info)
	})
}

// put writes the report to all its places. The error joins what went wrong.
func (o *output) put(streams genericiooptions.IOStreams, r runtime.Object) error {
	switch r := r.(type) {
	case *v1alpha1.Report:
		r.ToolVersion, r.CommandLine = clientVersions().ClientVersion.GitVersion, commandLine(o.command)
	case *v1alpha1.Reach:
		r.ToolVersion, r.CommandLine = clientVersions().ClientVersion.GitVersion, commandLine(o.command)
	}
	r = report.Redacted(r)
	var errs []error
	if f := o.format(); f != "" {
		// As a whole or not at all.
		var doc bytes.Buffer
		err := o.render(&doc, f, r)
		if err == nil {
			if _, err = doc.WriteTo(streams.Out); err != nil {
				err = unwritten(err)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("-o %s: %w", f, err))
		}
	}
	for _, f := range o.files {
		var doc bytes.Buffer
		err := o.render(&doc, f.format, r)
		if err == nil {
			err = writeAtomically(f.path, doc.Bytes())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("--report-file %s=%s: the report could not be written: %w", f.format, f.path, err))
		}
	}
	return errors.Join(errs...)
}

// commandLine is how a command was called, for a report: its arguments and its own flags.
// Of those that every command has, only two are no credential and say what was run.
func commandLine(c *cobra.Command) string {
	words := append(strings.Fields(c.CommandPath()), c.Flags().Args()...)
	c.Flags().Visit(func(f *pflag.Flag) {
		if c.InheritedFlags().Lookup(f.Name) == nil || f.Name == "namespace" || f.Name == "context" {
			words = append(words, flagWords(f)...)
		}
	})
	return example.Quote(words)
}

// flagWords are a flag that is set, as a user would type it.
func flagWords(f *pflag.Flag) []string {
	name := "--" + f.Name
	if list, ok := f.Value.(pflag.SliceValue); ok {
		var words []string
		for _, value := range list.GetSlice() {
			words = append(words, name+"="+value)
		}
		return words
	}
	if value := strings.Trim(f.Value.String(), "[]"); value != f.NoOptDefVal { // a map is in brackets
		name += "=" + value
	}
	return []string{name}
}

func (o *output) render(w io.Writer, format string, r runtime.Object) error {
	if slices.Contains(o.formats, format) {
		return report.Write(w, format, r)
	}
	flags := *o.print
	flags.OutputFormat = &format
	printer, err := flags.ToPrinter()
	if err != nil {
		return err
	}
	if format != "json" {
		return printer.PrintObj(r, w)
	}
	var text bytes.Buffer
	if err := printer.PrintObj(r, &text); err != nil {
		return err
	}
	_, err = io.WriteString(w, report.PrintableJSON(text.String()))
	return err
}

// writeAtomically puts a file in its place when all of it is on the disk: who
// reads it meanwhile sees the old one, or none. A link to a file stays one. A new file has the
// mode that the umask gives it, so that other steps of a CI job can read it.
func writeAtomically(path string, data []byte) (err error) {
	path = target(path)
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".kubectl-kbe-%s", rand.Text()))
	temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	// A file that was there stays as readable as its owner has made it.
	if old, statErr := os.Stat(path); statErr == nil {
		err = errors.Join(err, temp.Chmod(old.Mode().Perm()))
	}
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
