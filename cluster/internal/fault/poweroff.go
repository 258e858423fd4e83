package fault

import "context"

func init() {
	kinds = append(kinds, Kind{
		Name:    "power-off",
		Params:  []Param{nodeName},
		Example: "node-3",
		Short:   "Cut a node's power: its processes end, its disk stays",
		Long: "power-off ends all processes of a node as a power failure does. The node answers nothing, not even with a refusal; the\n" +
			"cluster notices after the usual grace period of 50 s. To clear it boots the node, and waits until it is Ready. It\n" +
			"replaces pause.",
		State:   "%s is powered off",
		Slot:    Power,
		Reboots: true,
		Filter:  silence,
		Apply:   func(ctx context.Context, n Node) error { return n.Halt(ctx) },
		Undo:    func(ctx context.Context, n Node) error { return n.Boot(ctx) },
	})
}
