package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/config"
)

func init() {
	kinds = append(kinds, Kind{
		Name:    "duplicate",
		Params:  []Param{nodeName},
		Example: "node-2",
		Short:   "Have a node's network plugin give every new pod the same address",
		Long: "duplicate configures the network plugin of a node so that every pod that starts there gets the same address, with the\n" +
			"plugin \"static\" in place of \"host-local\". Running pods keep theirs.",
		State: "new pods of %s all get the same address",
		Apply: func(_ context.Context, n Node) error {
			data, err := onePodAddress(n.Config())
			if err != nil {
				return err
			}
			return n.WriteFile(config.NetworkPluginFile, data)
		},
		Undo: func(_ context.Context, n Node) error {
			data, err := n.Config().NetworkPlugin()
			if err != nil {
				return err
			}
			return n.WriteFile(config.NetworkPluginFile, data)
		},
	})
}

// onePodAddress returns the network plugin's configuration of a node with one address per family for all pods.
func onePodAddress(n config.Node) ([]byte, error) {
	data, err := n.NetworkPlugin()
	if err != nil {
		return nil, err
	}
	var list struct {
		CNIVersion string           `json:"cniVersion"`
		Name       string           `json:"name"`
		Plugins    []map[string]any `json:"plugins"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: expected a list of network plugins: %w", config.NetworkPluginFile, err)
	}
	ipam, ok := list.Plugins[0]["ipam"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: expected the first plugin to have an ipam, found %v", config.NetworkPluginFile, list.Plugins[0])
	}
	delete(ipam, "ranges")
	ipam["type"] = "static"
	var addresses []map[string]string
	for _, text := range n.Plan.PodRange(n.Index) {
		pods := netip.MustParsePrefix(text)
		bytes := pods.Addr().AsSlice()
		bytes[len(bytes)-1] = 254 // "host-local" gives it out last
		address, _ := netip.AddrFromSlice(bytes)
		addresses = append(addresses, map[string]string{
			"address": netip.PrefixFrom(address, pods.Bits()).String(), "gateway": pods.Addr().Next().String()})
	}
	ipam["addresses"] = addresses
	return json.MarshalIndent(list, "", "  ")
}
