package cmd

import (
	"flag"

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
	// -v=0 whatever an earlier command line of this process has set.
	_ = all.Set("v", "0") // a number is valid
}

// startLog shows what client-go logs where the user asks for it. It logs what
// becomes of connections besides returning it as an error, and what the API server
// warns of in requests of our own; what it says of a command is in the story.
func startLog() {
	klog.ClearLogger()
	if !klog.V(1).Enabled() {
		klog.SetLogger(logr.Discard())
	}
}
