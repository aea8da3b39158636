//go:build linux && !386 && !s390x

package proxy

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"unsafe"
)

const (
	soMemInfo      = 55 // SO_MEMINFO, linux/socket.h
	skMemInfoDrops = 8  // SK_MEMINFO_DROPS, linux/sock_diag.h
	tcpClose       = 7  // TCP_CLOSE, linux/tcp_states.h
)

// listen listens on a free port of 127.0.0.1. The port is bound by its number,
// because the kernel takes a port that it chose itself away from a socket that
// stops listening. A second socket holds the number in between.
//
// Multipath TCP, which Go listens with by default, is off: its sockets lack the options
// used here.
func listen() (*net.TCPListener, error) {
	hold, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer syscall.Close(hold)
	if err := syscall.SetsockoptInt(hold, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(hold, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(hold)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	inet, ok := name.(*syscall.SockaddrInet4)
	if !ok {
		return nil, fmt.Errorf("getsockname: got %T, expected an IPv4 address", name)
	}
	return listenAt(inet.Port)
}

func listenAt(port int) (*net.TCPListener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	ln, err := config.Listen(context.Background(), "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	return ln.(*net.TCPListener), nil
}

// dropSYNs makes a listener drop every segment unseen: with IP_MINTTL at 255 it takes
// only what no router has touched and whose time to live started at 255 (the
// mechanism of RFC 5082), and loopback's starts at 64.
func dropSYNs(fd int, drop bool) error {
	ttl := 0
	if drop {
		ttl = 255
	}
	return os.NewSyscallError("setsockopt IP_MINTTL", syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, syscall.IP_MINTTL, ttl))
}

// unlisten takes a listener back to a bound socket: dials are refused.
func unlisten(fd int) error {
	return os.NewSyscallError("shutdown", syscall.Shutdown(fd, syscall.SHUT_RDWR))
}

func relisten(fd int) error {
	return os.NewSyscallError("listen", syscall.Listen(fd, backlog))
}

// drops is the number of segments that the kernel dropped at the socket.
func drops(fd int) uint32 {
	var info [skMemInfoDrops + 1]uint32
	size := uint32(unsafe.Sizeof(info))
	if !getsockopt(fd, syscall.SOL_SOCKET, soMemInfo, unsafe.Pointer(&info), &size) {
		return 0
	}
	return info[skMemInfoDrops]
}

// isClosed says whether both directions of a connection have ended. Its state is the first
// byte of TCP_INFO.
func isClosed(fd int) bool {
	var state uint8
	size := uint32(1)
	return getsockopt(fd, syscall.IPPROTO_TCP, syscall.TCP_INFO, unsafe.Pointer(&state), &size) && state == tcpClose
}

func getsockopt(fd, level, option int, value unsafe.Pointer, size *uint32) bool {
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(value), uintptr(unsafe.Pointer(size)), 0)
	return errno == 0
}

// pending is the number of bytes that have arrived at the socket unread.
func pending(fd int) (n int32) {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 0
	}
	return n
}
