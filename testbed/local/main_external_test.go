package local_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gauntlet-go/gauntlet/system"
	"github.com/gauntlet-go/gauntlet/testbed"
	"github.com/gauntlet-go/gauntlet/testbed/local"
)

func TestMain(m *testing.M) {
	if _, forgets := os.LookupEnv(envForget); !forgets {
		if code, is := local.Child(echo{}, mute{}); is {
			os.Exit(code)
		}
	}
	if how, is := os.LookupEnv(envHarness); is {
		os.Exit(beHarness(how))
	}
	goleak.VerifyTestMain(m)
}

// envForget makes TestMain forget to call Child.
const envForget = "GAUNTLET_LOCAL_TEST_FORGET"

// patience is for what must happen, never for what must not.
const patience = 20 * time.Second

func limited(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func newBed(t testing.TB, change func(*testbed.Config)) *local.Testbed {
	cfg := testbed.Config{
		System: echo{}, Nodes: []string{"n1", "n2", "n3"}, Clients: []string{"c1"}, Dir: t.TempDir(), Seed: 7,
	}
	if change != nil {
		change(&cfg)
	}
	bed, err := local.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bed.Stop(context.Background())) })
	return bed
}

func started(t testing.TB, nodes ...string) *local.Testbed {
	bed := newBed(t, func(cfg *testbed.Config) { cfg.Nodes = nodes })
	require.NoError(t, bed.Start(limited(t)))
	return bed
}

// line sends one command to a node, as client c1.
func line(ctx context.Context, bed *local.Testbed, node, format string, args ...any) (string, error) {
	conn, err := bed.Dialer("c1").Dial(ctx, node, system.RoleClient)
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // read only
	return exchange(ctx, conn, format, args...)
}

func exchange(ctx context.Context, conn net.Conn, format string, args ...any) (string, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(conn, format+"\n", args...); err != nil {
		return "", err
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSuffix(reply, "\n"), err
}

// say is line for a command that must succeed.
func say(t testing.TB, bed *local.Testbed, node, format string, args ...any) string {
	t.Helper()
	reply, err := line(limited(t), bed, node, format, args...)
	require.NoError(t, err)
	return reply
}

func sayPid(t testing.TB, bed *local.Testbed, node, command string) int {
	t.Helper()
	pid, err := strconv.Atoi(say(t, bed, node, "%s", command))
	require.NoError(t, err)
	return pid
}

// alive reports whether a process exists and is more than a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	return !bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z"))
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		require.True(t, time.Now().Before(deadline), "waited in vain until %s", what)
		time.Sleep(2 * time.Millisecond)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
