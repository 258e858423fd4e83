package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/kubectl-kbe/kubectl-kbe/internal/engine"
	"github.com/kubectl-kbe/kubectl-kbe/internal/example"
	"github.com/kubectl-kbe/kubectl-kbe/internal/page"
	"github.com/kubectl-kbe/kubectl-kbe/internal/report"
	"github.com/kubectl-kbe/kubectl-kbe/internal/run"
	"github.com/kubectl-kbe/kubectl-kbe/pkg/apis/v1alpha1"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	*exampleOptions
	files         map[string]string
	allowDownload bool
	diff, update  bool
}

func newVerifyCommand(g globals) *cobra.Command {
	o := &verifyOptions{exampleOptions: &exampleOptions{globals: g}}
	c := &cobra.Command{
		Use:   "verify PAGE.md|DIR...",
		Short: "Run a Markdown page and find what is no longer true",
		Long: longDesc(`
			Run the kubectl commands of a Markdown page in order, and compare what the page
			shows with what happens. Each statement that is not true is reported with its
			line, what the page shows and what the cluster has.

			Values that are others on every cluster, such as IP addresses, ages and the
			suffixes of names, are not compared: later commands of the page use those of the
			cluster. Commands that cannot run, such as those of other programs, are listed.

			A page is confined like an example of 'kubectl kbe run': it runs in a namespace
			of its own, which is deleted at the end.`, exitCodes("every page is true", "a statement of a page is not true", couldNotRun)),
		Example: templates.Examples(`
			# Verify a page
			kubectl kbe verify docs/pods.md

			# Show the smallest change that makes it true, or make it
			kubectl kbe verify docs/pods.md --diff
			kubectl kbe verify docs/pods.md --update

			# Use a file for a manifest that the page names by URL
			kubectl kbe verify docs/pods.md --file https://example.com/pod.yaml=pod.yaml

			# Use a folder for all manifests below a URL, as in a checkout of a site
			kubectl kbe verify docs/pods.md --file https://example.com/manifests/=manifests

			# Verify all pages of a folder, and report for code scanning
			kubectl kbe verify docs -o sarif`),
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.GrantedBy = "verify"
			return o.verify(c.Context(), args)
		},
	}
	c.Flags().StringToStringVar(&o.files, "file", nil, "Use a file for a manifest of the page, as URL=PATH or NAME=PATH, or a folder for all below a URL, as URL/=DIR; may be repeated")
	c.Flags().BoolVar(&o.allowDownload, "allow-download", false, "Download manifests that a page names by URL")
	c.Flags().BoolVar(&o.diff, "diff", false, "Print the smallest change that makes the pages true, as a patch")
	c.Flags().BoolVar(&o.update, "update", false, "Make that change in the pages")
	c.Flags().BoolVar(&o.AllowClusterScope, "allow-cluster-scope", false,
		"Allow commands outside the run's namespace; what they create is deleted too")
	o.addFlags(c, "; names: "+page.ClientImage)
	return c
}

// verify runs the pages, one after the other, and reports on all of them.
func (o *verifyOptions) verify(ctx context.Context, args []string) error {
	names, err := pagesIn(args)
	if err != nil {
		return err
	}
	if o.diff && o.output.format() != "" {
		return errors.New("--diff and -o cannot be combined: both write to standard output; write the report with --report-file")
	}
	if err := o.completeRun(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	verdict := v1alpha1.Passed
	var reports []*v1alpha1.Report
	for _, name := range names {
		r, worst, err := o.page(ctx, cancel, name)
		switch {
		case err == nil && r != nil && r.Error != "" && len(names) > 1: // else only the first such page has its error in the reports
			r.Scenarios, r.Error, r.Cause = unread(name, errors.New(r.Error)).Scenarios, "", nil
		case err == nil:
		case r != nil: // it ran, and could not be updated
			fmt.Fprintln(o.streams.ErrOut, "error:", report.Printable(err.Error()))
		case len(names) == 1:
			return refuse(o.streams.ErrOut, err)
		case errors.Is(err, page.ErrNoCommands): // most folders of docs have such pages
			fmt.Fprintln(o.streams.ErrOut, report.Printable(name)+": skipped: it shows no command")
			worst = v1alpha1.Passed
		default:
			fmt.Fprintln(o.streams.ErrOut, "error:", report.Printable(err.Error()))
			r = unread(name, err)
		}
		if r != nil {
			reports = append(reports, r)
		}
		if verdict = run.Worst(verdict, worst); ctx.Err() != nil {
			break
		}
	}
	if o.dryRun {
		return nil
	}
	all := report.Merged(reports)
	if len(reports) > 1 {
		o.output.terminal(o.streams, cancel, report.Summary).Pages(all)
	}
	return o.output.end(ctx, o.streams, all, verdict)
}

// page runs one page. It cancels ctx as execute does.
func (o *verifyOptions) page(ctx context.Context, cancel context.CancelCauseFunc, name string) (*v1alpha1.Report, v1alpha1.Verdict, error) {
	p, plan, err := o.read(name)
	if err != nil {
		return nil, v1alpha1.CouldNotRun, err
	}
	o.plan = plan
	verdict, err := o.execute(ctx, cancel)
	if err != nil || o.dryRun {
		return nil, verdict, err
	}
	r := o.collector.Report()
	if r.Interrupted != "" {
		return r, verdict, nil // who ends a run does not want its changes
	}
	corrected := p.Corrected(r)
	if patch := p.Patch(corrected); patch != "" {
		if o.diff {
			fmt.Fprint(o.streams.Out, report.Printable(patch))
		}
		if o.update {
			err = replacePage(name, p.Text(), corrected)
		}
	}
	if err != nil {
		verdict = run.Worst(verdict, v1alpha1.CouldNotRun)
	}
	return r, verdict, err
}

// unread is the report of a page of several that cannot be read, so that none is missing.
func unread(name string, err error) *v1alpha1.Report {
	return &v1alpha1.Report{RunResult: v1alpha1.RunResult{Verdict: v1alpha1.CouldNotRun}, Example: name, Title: name, Scenarios: []v1alpha1.Scenario{{Name: "page", Title: name, Steps: []v1alpha1.Step{{
		Position: &v1alpha1.Position{File: filepath.ToSlash(name), Line: 1},
		Failure:  &v1alpha1.Failure{Message: err.Error(), Verdict: v1alpha1.CouldNotRun},
	}}}}}
}

// replacePage writes a page that has not changed since it was read.
func replacePage(name, read, corrected string) error {
	now, err := os.ReadFile(name)
	switch {
	case err != nil:
		return err
	case string(now) != read:
		return fmt.Errorf("%s has changed during the run and is not updated: run verify --update again", name)
	}
	return writeAtomically(name, []byte(corrected))
}

// read reads a page, and compiles the example that it is.
func (o *verifyOptions) read(name string) (*page.Page, *engine.Plan, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	p, err := page.Read(filepath.ToSlash(name), f)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = root.Close() }() // was only read
	sources, closeFolders, err := o.sources(root)
	defer closeFolders()
	if err != nil {
		return nil, nil, err
	}
	e, wrong := p.Example(sources)
	if e == nil {
		return nil, nil, wrong
	}
	plan, err := o.compilePage(p, e, wrong)
	return p, plan, err
}

// compilePage compiles a page without the commands that cannot run, which are then listed.
func (o *verifyOptions) compilePage(p *page.Page, e *example.Example, wrong error) (*engine.Plan, error) {
	for {
		plan, err := compile(e, wrong)
		if err == nil {
			err = plan.Confined(o.AllowClusterScope)
		}
		if err == nil {
			plan.Page = p
			return plan, nil
		}
		if rest := p.Without(e, err); rest != nil {
			return nil, rest
		}
		wrong = nil
	}
}

// sources are where the manifests of a page come from, which is in a folder.
func (o *verifyOptions) sources(beside *os.Root) (from page.Sources, closeFolders func(), err error) {
	var opened []*os.Root
	closeFolders = func() {
		for _, root := range opened {
			_ = root.Close() // was only read
		}
	}
	from = page.Sources{Files: map[string][]byte{}, Folders: map[string]fs.FS{}, Beside: files{beside}}
	if o.allowDownload {
		from.Fetch = download
	}
	for name, path := range o.files {
		if strings.HasSuffix(name, "/") {
			root, err := os.OpenRoot(path)
			if err != nil {
				return from, closeFolders, fmt.Errorf("--file %s: expected a folder: %w", name, err)
			}
			opened = append(opened, root)
			from.Folders[name] = files{root}
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return from, closeFolders, fmt.Errorf("--file %s: %w", name, err)
		}
		from.Files[name] = text
	}
	return from, closeFolders, nil
}

// downloadTimeout is how long the download of a manifest may take.
const downloadTimeout = 30 * time.Second

// mostRedirects is how many redirects a download follows.
const mostRedirects = 10

func download(url string) ([]byte, error) {
	client := http.Client{Timeout: downloadTimeout, CheckRedirect: redirects}
	answer, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // was only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: expected the status 200, found %s", url, answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, example.MaxFileSize+1))
	if len(text) > example.MaxFileSize {
		return nil, fmt.Errorf("%s: expected at most %d MiB, found more", url, example.MaxFileSize>>20)
	}
	return text, err
}

// redirects follows those of a download, but none that leaves TLS.
func redirects(to *http.Request, via []*http.Request) error {
	if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
		return fmt.Errorf("expected https, found a redirect to %s", to.URL)
	}
	if len(via) >= mostRedirects {
		return fmt.Errorf("expected at most %d redirects, found more", mostRedirects)
	}
	return nil
}

// pagesIn are the pages that the arguments name: files, and the Markdown files of folders.
func pagesIn(args []string) (names []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			names = append(names, arg)
			continue
		}
		err = filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && slices.Contains([]string{".md", ".markdown"}, strings.ToLower(filepath.Ext(path))) {
				names = append(names, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: expected pages (.md), found none", strings.Join(args, ", "))
	}
	return names, nil
}
