package cli

import (
	"flag"
	"sync"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

// addLogFlags adds kubectl's flags about logs: -v and --vmodule.
func addLogFlags(flags *pflag.FlagSet) {
	all := flag.NewFlagSet("", flag.ContinueOnError)
	klog.InitFlags(all)
	for _, name := range []string{"v", "vmodule"} {
		flags.AddGoFlag(all.Lookup(name))
	}
}

// startLog shows what client-go logs where the user wants it. It logs what
// becomes of connections besides returning it as an error, and what the API server
// warns of in requests of our own; what it says of a command is in the story.
//
// That is decided once: the logger must not change while anything runs.
var startLog = sync.OnceFunc(func() {
	if !klog.V(1).Enabled() {
		klog.SetLogger(logr.Discard())
	}
})
