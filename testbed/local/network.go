package local

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

// network is what stands between the nodes and their clients.
type network interface {
	nemesis.Links
	// Open listens for one link and role and returns the address to dial.
	Open(link nemesis.Link, role string) (addr string, err error)
	// SetTarget says where the node listens for a role; "" means nowhere.
	SetTarget(node, role, addr string)
	Close() error
}

// route is one listener of the network.
type route struct {
	link nemesis.Link
	role string
}

// openNetwork makes the network with a listener for every ordered pair of nodes
// and for every client and node.
func openNetwork(cfg testbed.Config, logger *slog.Logger) (net network, addrs map[route]string, err error) {
	net = proxy.New(proxy.Config{Seed: cfg.Seed, Framer: framerOf(cfg.System), Logger: logger})
	addrs = map[route]string{}
	for _, r := range routes(cfg) {
		addr, err := net.Open(r.link, r.role)
		if err != nil {
			err = fmt.Errorf("link %s→%s for %s: %w", r.link.From, r.link.To, r.role, err)
			return nil, nil, errors.Join(err, net.Close())
		}
		addrs[r] = addr
	}
	return net, addrs, nil
}

func framerOf(sys system.System) func(role string) system.Framer {
	if framed, is := sys.(system.Framed); is {
		return framed.Framer
	}
	return nil
}

func routes(cfg testbed.Config) []route {
	var all []route
	for _, to := range cfg.Nodes {
		for _, from := range cfg.Nodes {
			if from != to {
				all = append(all, route{nemesis.Link{From: from, To: to}, system.RolePeer})
			}
		}
		for _, client := range cfg.Clients {
			all = append(all, route{nemesis.Link{From: client, To: to}, system.RoleClient})
		}
	}
	return all
}
