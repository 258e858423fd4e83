package kubectl

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/annotate"
	"k8s.io/kubectl/pkg/cmd/apiresources"
	"k8s.io/kubectl/pkg/cmd/apply"
	"k8s.io/kubectl/pkg/cmd/attach"
	"k8s.io/kubectl/pkg/cmd/autoscale"
	"k8s.io/kubectl/pkg/cmd/create"
	"k8s.io/kubectl/pkg/cmd/delete"
	"k8s.io/kubectl/pkg/cmd/describe"
	"k8s.io/kubectl/pkg/cmd/events"
	"k8s.io/kubectl/pkg/cmd/exec"
	"k8s.io/kubectl/pkg/cmd/explain"
	"k8s.io/kubectl/pkg/cmd/expose"
	"k8s.io/kubectl/pkg/cmd/get"
	"k8s.io/kubectl/pkg/cmd/label"
	"k8s.io/kubectl/pkg/cmd/logs"
	"k8s.io/kubectl/pkg/cmd/patch"
	"k8s.io/kubectl/pkg/cmd/rollout"
	"k8s.io/kubectl/pkg/cmd/run"
	"k8s.io/kubectl/pkg/cmd/scale"
	"k8s.io/kubectl/pkg/cmd/set"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/wait"

	_ "github.com/kubectl-kbe/kubectl-kbe/internal/kubectl/english" // before all of the above
)

// verbs are the commands that an example may use. Each is built again for each
// run, from kubectl's exported constructors: cmd.NewKubectlCommand would write
// package globals, which two runs at once must not.
var verbs = map[string]constructor{
	"annotate": named(annotate.NewCmdAnnotate),
	"api-resources": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return apiresources.NewCmdAPIResources(f, s)
	},
	"api-versions": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return apiresources.NewCmdAPIVersions(f, s)
	},
	"apply":     named(apply.NewCmdApply),
	"attach":    attach.NewCmdAttach,
	"autoscale": autoscale.NewCmdAutoscale,
	"create":    create.NewCmdCreate,
	"delete":    delete.NewCmdDelete,
	"describe":  named(describe.NewCmdDescribe),
	"events": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return events.NewCmdEvents(f, s)
	},
	"exec":    exec.NewCmdExec,
	"explain": named(explain.NewCmdExplain),
	"expose":  expose.NewCmdExposeService,
	"get":     named(get.NewCmdGet),
	"label":   label.NewCmdLabel,
	"logs":    logs.NewCmdLogs,
	"patch":   patch.NewCmdPatch,
	"rollout": named(rollout.NewCmdRollout),
	"run":     run.NewCmdRun,
	"scale":   scale.NewCmdScale,
	"set":     set.NewCmdSet,
	"wait": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return wait.NewCmdWait(f, s)
	},
}

type constructor func(cmdutil.Factory, genericiooptions.IOStreams) *cobra.Command

// named is the constructor of a command that takes the name of its parent.
func named(of func(string, cmdutil.Factory, genericiooptions.IOStreams) *cobra.Command) constructor {
	return func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command { return of("kubectl", f, s) }
}

// Verbs returns the names of the commands that Run accepts, sorted.
func Verbs() []string { return slices.Sorted(maps.Keys(verbs)) }
