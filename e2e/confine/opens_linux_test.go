package confine

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// opens notes which files of a folder are opened.
type opens struct {
	dir   string
	mu    sync.Mutex
	more  *sync.Cond // when names grew
	names []string
}

// marker is a file that is opened to know that what was opened before is noted.
const marker = ".marker"

// watchOpens watches a folder until the test ends.
func watchOpens(t testing.TB, dir string) *opens {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_OPEN|unix.IN_ACCESS); err != nil {
		t.Fatal(err)
	}
	o := &opens{dir: dir}
	o.more = sync.NewCond(&o.mu)
	go o.follow(fd)
	return o
}

func (o *opens) follow(fd int) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, buffer)
		if err != nil {
			return
		}
		for rest := buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0])) //nolint:gosec // as the kernel lays it out
			end := unix.SizeofInotifyEvent + int(event.Len)
			name := string(bytes.TrimRight(rest[unix.SizeofInotifyEvent:end], "\x00"))
			o.mu.Lock()
			o.names = append(o.names, name)
			o.mu.Unlock()
			o.more.Broadcast()
			rest = rest[end:]
		}
	}
}

// reset forgets what was opened, and returns it.
func (o *opens) reset(t testing.TB) []string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, marker), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if i := slices.Index(o.names, marker); i >= 0 {
			names := o.names[:i]
			o.names = o.names[i+1:]
			return names
		}
		o.more.Wait()
	}
}
