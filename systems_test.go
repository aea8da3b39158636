package gauntlet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
)

// dud is a system whose nodes do not start.
type dud struct{}

func (dud) Name() string                            { return "dud" }
func (dud) Node(context.Context, system.Site) error { return errors.New("the flux capacitor is empty") }
func (dud) Client(context.Context, system.Dialer, string, system.Options) (system.Client, error) {
	return nil, errors.New("unreachable")
}

// fragile is a system of one register that nobody replicates, whose node ends by
// itself when it is asked to store 13.
type fragile struct{}

func (fragile) Name() string { return "fragile" }

func (fragile) Node(ctx context.Context, site system.Site) error {
	l, err := site.Listen(system.RoleClient)
	if err != nil {
		return err
	}
	defer l.Close() //nolint:errcheck // test
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if line == "13\n" {
			return errors.New("bad luck")
		}
		fmt.Fprintln(conn, "stored")
		_ = conn.Close()
	}
}

func (fragile) Client(_ context.Context, d system.Dialer, node string, _ system.Options) (system.Client, error) {
	return fragileClient{d, node}, nil
}

type fragileClient struct {
	net  system.Dialer
	node string
}

func (c fragileClient) Invoke(ctx context.Context, op histories.Op) system.Outcome {
	if op.F == "read" {
		return system.Failed(errors.New("it cannot be read"))
	}
	conn, err := c.net.Dial(ctx, c.node, system.RoleClient)
	if err != nil {
		return system.Failed(err)
	}
	defer conn.Close() //nolint:errcheck // test
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	return ask(conn, op.Value)
}

func ask(conn net.Conn, v histories.Value) system.Outcome {
	if _, err := fmt.Fprintln(conn, v); err != nil {
		return system.Unsure(err)
	}
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		return system.Unsure(err)
	}
	return system.OK(v)
}

func (fragileClient) Close() error { return nil }

// oneLife is a system whose nodes start once and never again.
type oneLife struct{ fragile }

func (oneLife) Name() string { return "one-life" }

func (oneLife) Node(ctx context.Context, site system.Site) error {
	if err := site.Disk().MkdirAll("lived"); err != nil {
		return err
	}
	if err := site.Disk().SyncDir("."); err != nil {
		return err
	}
	f, err := site.Disk().OpenFile("lived/once", os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if err != nil {
		return fmt.Errorf("there is no second life: %w", err)
	}
	if err := errors.Join(f.Close(), site.Disk().SyncDir("lived")); err != nil {
		return err
	}
	return fragile{}.Node(ctx, site)
}
