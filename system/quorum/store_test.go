package quorum

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet/checker"
	"github.com/gauntlet-go/gauntlet/histories"
	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/system/systemtest"
	"github.com/gauntlet-go/gauntlet/testbed/disk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// group runs nodes in this process, over loopback TCP and real files.
type group struct {
	t       testing.TB
	net     *systemtest.Net
	options system.Options
	names   []string
	dir     string
	sites   map[string]*systemtest.Site
	stops   map[string]func()
}

func startGroup(t testing.TB, n int, options system.Options) *group {
	c := &group{t: t, options: options, dir: t.TempDir(), sites: map[string]*systemtest.Site{}, stops: map[string]func(){}}
	for i := range n {
		c.names = append(c.names, fmt.Sprintf("n%d", i+1))
	}
	c.net = systemtest.New(t, c.names...)
	for _, name := range c.names {
		c.start(name)
	}
	t.Cleanup(func() {
		for _, name := range c.names {
			c.stop(name)
		}
	})
	return c
}

// start starts a node on the directory of its name and waits until it serves.
func (c *group) start(name string) {
	d, err := disk.Open(filepath.Join(c.dir, name), disk.Options{})
	require.NoError(c.t, err)
	site := c.net.Site(name, d, c.options)
	c.sites[name] = site
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- System.Node(ctx, site) }()
	c.stops[name] = func() {
		cancel()
		require.NoError(c.t, <-ended)
	}
	require.Eventually(c.t, func() bool { return site.Serving() }, 20*time.Second, time.Millisecond)
}

func (c *group) stop(name string) {
	if stop := c.stops[name]; stop != nil {
		stop()
		delete(c.stops, name)
	}
}

func (c *group) client(node string) *Client {
	return &Client{net: c.net, node: node, fallback: 5 * time.Second}
}

func read(t testing.TB, c *Client, key string) histories.Op {
	op := histories.Op{Type: histories.Invoke, F: "read", Key: key}
	return c.Invoke(context.Background(), op).Complete(op)
}

func write(t testing.TB, c *Client, key string, value int64) histories.Op {
	op := histories.Op{Type: histories.Invoke, F: "write", Key: key, Value: histories.IntValue(value)}
	return c.Invoke(context.Background(), op).Complete(op)
}

func TestWhatOneNodeWroteAnotherReads(t *testing.T) {
	c := startGroup(t, 3, nil)
	n1, n3 := c.client("n1"), c.client("n3")
	defer n1.Close() //nolint:errcheck // test
	defer n3.Close() //nolint:errcheck // test
	require.True(t, read(t, n3, "k").Value.IsNil())
	require.Equal(t, histories.OK, write(t, n1, "k", 5).Type)
	got := read(t, n3, "k")
	require.Equal(t, histories.OK, got.Type)
	require.Equal(t, int64(5), got.Value.Int())
	require.True(t, read(t, n3, "other").Value.IsNil(), "keys are independent")
}

func TestAMinorityAloneAnswersNothingAndTheRestCarriesOn(t *testing.T) {
	c := startGroup(t, 3, nil)
	n1 := c.client("n1")
	defer n1.Close() //nolint:errcheck // test
	require.Equal(t, histories.OK, write(t, n1, "k", 1).Type)
	c.stop("n3")
	require.Equal(t, histories.OK, write(t, n1, "k", 2).Type)
	c.stop("n2")
	short := c.client("n1")
	short.fallback = 200 * time.Millisecond
	defer short.Close() //nolint:errcheck // test
	require.Equal(t, histories.Fail, write(t, short, "k", 3).Type, "no update was sent to anybody")
	require.Equal(t, histories.Fail, read(t, short, "k").Type)
	c.start("n3") // missed the second write
	n3 := c.client("n3")
	defer n3.Close() //nolint:errcheck // test
	require.Equal(t, int64(2), read(t, n3, "k").Value.Int())
}

func TestARestartKeepsWhatWasAcknowledged(t *testing.T) {
	c := startGroup(t, 3, nil)
	n1 := c.client("n1")
	for i := range int64(20) {
		require.Equal(t, histories.OK, write(t, n1, fmt.Sprint(i%4), i+1).Type)
	}
	require.NoError(t, n1.Close())
	for _, name := range c.names {
		c.stop(name)
	}
	for _, name := range c.names {
		c.start(name)
	}
	n2 := c.client("n2")
	defer n2.Close() //nolint:errcheck // test
	for key := range int64(4) {
		require.Equal(t, 17+key, read(t, n2, fmt.Sprint(key)).Value.Int())
	}
}

func TestCompactionKeepsEveryRegister(t *testing.T) {
	d, err := disk.Open(t.TempDir(), disk.Options{})
	require.NoError(t, err)
	site := systemtest.New(t, "n1").Site("n1", d, nil)
	fail := func(err error) { t.Error(err) }
	r, err := openReplica(site, weaknesses{}, fail)
	require.NoError(t, err)
	var stored sync.WaitGroup
	for i := range uint64(2000) {
		stored.Add(1)
		r.update([]byte(fmt.Sprint(i%10)), Tag{Counter: i + 1}, fmt.Sprint(i), func(bool) { stored.Done() })
	}
	stored.Wait()
	before := r.log.Size()
	require.NoError(t, r.compact())
	require.Less(t, r.log.Size(), before/10)
	stored.Add(1)
	r.update([]byte("3"), Tag{Counter: 5000}, "after", func(bool) { stored.Done() })
	stored.Wait()
	require.NoError(t, r.close())

	again, err := openReplica(site, weaknesses{}, fail)
	require.NoError(t, err)
	for i := range uint64(10) {
		tag, value, durable := again.query([]byte(fmt.Sprint(i)))
		require.True(t, durable)
		if i == 3 {
			require.Equal(t, "after", value)
			continue
		}
		require.Equal(t, Tag{Counter: 1990 + i + 1}, tag)
		require.Equal(t, fmt.Sprint(1990+i), value)
	}
	require.NoError(t, again.close())
}

func TestARefusedKey(t *testing.T) {
	c := startGroup(t, 3, nil)
	n1 := c.client("n1")
	defer n1.Close() //nolint:errcheck // test
	c.sites["n2"].Set(system.SettingRefuseKey, "krishnan")
	require.Equal(t, histories.OK, write(t, n1, "krishnan", 89).Type, "two of three store it")
	require.Equal(t, int64(89), read(t, n1, "krishnan").Value.Int())
	c.sites["n3"].Set(system.SettingRefuseKey, "kri*")
	require.Equal(t, histories.Info, write(t, n1, "krishnan", 90).Type, "only one stores it")
	require.Equal(t, histories.OK, write(t, n1, "aravind", 70).Type)
	require.Positive(t, c.sites["n3"].Counter(system.CountRefused))
}

func TestWhatCannotBeStoredIsRejected(t *testing.T) {
	c := startGroup(t, 1, nil)
	n1 := c.client("n1")
	defer n1.Close() //nolint:errcheck // test
	require.Equal(t, histories.Fail, write(t, n1, "", 1).Type)
	op := histories.Op{F: "increment", Key: "k"}
	require.ErrorContains(t, errorOf(n1.Invoke(context.Background(), op).Complete(op)), `"increment"`)
}

func errorOf(op histories.Op) error { return fmt.Errorf("%s", op.Error) }

// TestConcurrentClientsSeeOneRegister runs clients against all nodes at once
// and has the history judged.
func TestConcurrentClientsSeeOneRegister(t *testing.T) {
	c := startGroup(t, 3, nil)
	const clients, ops, keys = 8, 150, 2
	path := filepath.Join(t.TempDir(), "history.jsonl")
	rec, err := histories.Create(path, histories.Header{Start: time.Now(), Clients: clients, Workload: "test", Model: "register", Nodes: c.names})
	require.NoError(t, err)
	var load sync.WaitGroup
	for i := range clients {
		load.Go(func() {
			client := c.client(c.names[i%3])
			defer client.Close() //nolint:errcheck // test
			dice := rand.New(rand.NewPCG(1, uint64(i)))
			for n := range int64(ops) {
				op := histories.Op{Type: histories.Invoke, Process: i, F: "read", Key: fmt.Sprint(dice.IntN(keys))}
				if dice.IntN(2) == 0 {
					op.F, op.Value = "write", histories.IntValue(int64(i)*ops+n+1)
				}
				if _, err := rec.Invoke(op); err != nil {
					t.Error(err)
				}
				if _, err := rec.Complete(client.Invoke(context.Background(), op).Complete(op)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	load.Wait()
	require.NoError(t, rec.Close())
	h, err := histories.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, h.Ops, 2*clients*ops)
	v := checker.Register().Check(t.Context(), checker.Run{History: h})
	require.Equal(t, checker.Valid, v.Validity, "%+v", v)
}
