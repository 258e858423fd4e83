package kubectl

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/annotate"
	"k8s.io/kubectl/pkg/cmd/apply"
	"k8s.io/kubectl/pkg/cmd/attach"
	"k8s.io/kubectl/pkg/cmd/create"
	"k8s.io/kubectl/pkg/cmd/delete"
	"k8s.io/kubectl/pkg/cmd/describe"
	"k8s.io/kubectl/pkg/cmd/events"
	"k8s.io/kubectl/pkg/cmd/exec"
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

	_ "github.com/kubectl-kbe/kubectl-kbe/internal/kubectl/english" // before all of the above
)

// verbs are the commands that an example may use. Each is built again for each
// run, from kubectl's exported constructors: cmd.NewKubectlCommand would write
// package globals, which two runs at once must not.
var verbs = map[string]func(cmdutil.Factory, genericiooptions.IOStreams) *cobra.Command{
	"annotate": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return annotate.NewCmdAnnotate("kubectl", f, s)
	},
	"apply": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return apply.NewCmdApply("kubectl", f, s)
	},
	"attach": attach.NewCmdAttach,
	"create": create.NewCmdCreate,
	"delete": delete.NewCmdDelete,
	"describe": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return describe.NewCmdDescribe("kubectl", f, s)
	},
	"events": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return events.NewCmdEvents(f, s)
	},
	"exec":   exec.NewCmdExec,
	"expose": expose.NewCmdExposeService,
	"get": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return get.NewCmdGet("kubectl", f, s)
	},
	"label": label.NewCmdLabel,
	"logs":  logs.NewCmdLogs,
	"patch": patch.NewCmdPatch,
	"rollout": func(f cmdutil.Factory, s genericiooptions.IOStreams) *cobra.Command {
		return rollout.NewCmdRollout("kubectl", f, s)
	},
	"run":   run.NewCmdRun,
	"scale": scale.NewCmdScale,
	"set":   set.NewCmdSet,
}

// Verbs returns the names of the commands that Run accepts, sorted.
func Verbs() []string { return slices.Sorted(maps.Keys(verbs)) }
