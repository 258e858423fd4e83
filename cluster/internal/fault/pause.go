package fault

import "context"

func init() {
	kinds = append(kinds, Kind{
		Name:    "pause",
		Params:  []Param{nodeName},
		Example: "node-1",
		Short:   "Freeze a node's processes, as when a virtual machine is suspended",
		Long: "pause freezes all processes of a node. The node answers nothing, not even with a refusal; the cluster notices after the\n" +
			"usual grace period of 50 s. It replaces power-off: the node boots, and is paused.",
		State:  "%s is paused",
		Slot:   Power,
		Filter: silence,
		Apply:  func(ctx context.Context, n Node) error { return n.Freeze(ctx) },
		Undo:   func(_ context.Context, n Node) error { return n.Thaw() },
	})
}
