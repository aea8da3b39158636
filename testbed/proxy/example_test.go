package proxy_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/gauntlet-go/gauntlet/nemesis"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed/proxy"
)

func ExampleNew() {
	server, _ := net.Listen("tcp4", "127.0.0.1:0")
	defer server.Close()

	n := proxy.New(proxy.Config{Seed: 1})
	defer n.Close()
	link := nemesis.Link{From: "n1", To: "n2"}
	addr, _ := n.Open(link, system.RolePeer)
	n.SetTarget("n2", system.RolePeer, server.Addr().String())

	near, _ := net.Dial("tcp4", addr) // n1 dials n2
	defer near.Close()
	far, _ := server.Accept()
	defer far.Close()

	_ = n.Apply(context.Background(), nemesis.Matrix{link: {Cut: true}})
	fmt.Fprint(near, "vote")
	buf := make([]byte, 4)
	_ = far.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	_, err := far.Read(buf)
	fmt.Println("during the cut:", err != nil)

	_ = n.Apply(context.Background(), nil)
	_ = far.SetReadDeadline(time.Time{})
	_, _ = far.Read(buf)
	fmt.Printf("after the heal: %s, %d bytes had been withheld\n", buf, n.LinkStats()[link].Withheld)
	// Output:
	// during the cut: true
	// after the heal: vote, 4 bytes had been withheld
}
