package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gauntlet-go/gauntlet/system"
)

// echo is the system under test here: every line that a client sends is a
// command, answered by one line.
type echo struct{}

func (echo) Name() string { return "echo" }

func (echo) Client(context.Context, system.Dialer, string, system.Options) (system.Client, error) {
	return nil, errors.New("the tests speak to the node themselves")
}

func (echo) Node(ctx context.Context, site system.Site) error {
	if why := site.Options()["fail"]; why != "" {
		site.Log().Error("about to fail", "why", why)
		return errors.New(why)
	}
	peers, err := site.Listen(system.RolePeer)
	if err != nil {
		return err
	}
	clients, err := site.Listen(system.RoleClient)
	if err != nil {
		return err
	}
	go serve(ctx, peers, func(_ context.Context, line string) string { return site.ID() + " heard " + line })
	serve(ctx, clients, func(ctx context.Context, line string) string { return answer(ctx, site, line) })
	return nil
}

func serve(ctx context.Context, l net.Listener, reply func(context.Context, string) string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close() //nolint:errcheck // the node is about to go
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				fmt.Fprintln(conn, reply(ctx, lines.Text())) //nolint:errcheck // the client sees it
			}
		}()
	}
}

func answer(ctx context.Context, site system.Site, line string) string {
	verb, arg, _ := strings.Cut(line, " ")
	name, text, _ := strings.Cut(arg, " ")
	switch verb {
	case "echo":
		return arg
	case "pid":
		return strconv.Itoa(os.Getpid())
	case "write":
		return outcome(write(site.Disk(), name, text, false))
	case "sync":
		return outcome(write(site.Disk(), name, text, true))
	case "read":
		b, err := system.ReadFile(site.Disk(), name)
		return string(b) + outcome(err)
	case "setting":
		return site.Setting(name)
	case "skew":
		return site.Now().Sub(time.Now().Round(0)).Round(time.Minute).String()
	case "point":
		site.Failpoint(name)
	case "count":
		site.Count(name, 1)
	case "trace":
		site.Trace(name, "text", text, "len", len(text))
	case "dice":
		return strconv.FormatUint(site.Rand(name).Uint64(), 10)
	case "dial":
		return ask(ctx, site, name, text)
	case "daemon":
		return daemon()
	case "panic":
		go panic(arg)
		<-ctx.Done()
	}
	return "ok"
}

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func write(d system.Disk, name, text string, sync bool) error {
	f, err := d.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(text))
	if sync {
		err = errors.Join(err, f.Sync(), d.SyncDir("."))
	}
	return errors.Join(err, f.Close())
}

func ask(ctx context.Context, site system.Site, peer, text string) string {
	conn, err := site.Dial(ctx, peer, system.RolePeer)
	if err != nil {
		return err.Error()
	}
	defer conn.Close() //nolint:errcheck // read only
	fmt.Fprintln(conn, text)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

// daemon starts a process in a session of its own.
func daemon() string {
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err.Error()
	}
	return strconv.Itoa(cmd.Process.Pid)
}
