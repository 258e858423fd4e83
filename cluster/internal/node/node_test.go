package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// envRoot has this very program make the file system of a node whose state is in that folder, and print what is in it.
const envRoot = "KBE_CLUSTER_TEST_ROOT"

// envPart is the folder of the parts then.
const envPart = "KBE_CLUSTER_TEST_PARTS"

// notAllowed is printed where the machine does not let ordinary users mount.
const notAllowed = "no ordinary user may mount"

func TestMain(m *testing.M) {
	if os.Getenv(envRoot) == "" {
		m.Run()
		return
	}
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", "/proc/tty", "tmpfs", 0, ""))
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		fmt.Println(notAllowed)
		return
	}
	if err := (Root{Name: "node-7", State: os.Getenv(envRoot), Bin: os.Getenv(envPart)}).Make(); err != nil {
		fmt.Println(err)
		return
	}
	look()
}

// look prints what a process of the node finds.
func look() {
	name, err := os.Hostname()
	fmt.Println("host name:", name, err)
	for _, dir := range []string{"/", "/etc", "/opt/kbe/bin", "/opt/cni/bin", "/run"} {
		entries, err := os.ReadDir(dir)
		fmt.Print(dir, ":")
		for _, e := range entries {
			fmt.Print(" ", e.Name())
		}
		fmt.Println(" ", err)
	}
	for _, path := range []string{"/etc/hostname", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/panic", "/var/lib/kept"} {
		data, err := os.ReadFile(path)
		fmt.Println(path+":", strings.TrimSpace(string(data)), err)
	}
	fmt.Println("write to a part:", os.WriteFile("/opt/kbe/bin/kubelet", nil, 0o644))
	fmt.Println("write to /usr:", os.WriteFile("/usr/kbe-test", nil, 0o644))
	fmt.Println("write to /var:", os.WriteFile("/var/lib/kept", []byte("by the node"), 0o644))
	info, err := os.Stat("/tmp")
	fmt.Println("/tmp:", info.Mode(), err)
}

// boot makes the node's file system in namespaces of a user of its own, who is root there, as unshare -r does.
func boot(t *testing.T, stateDir, parts string) string {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), envRoot+"="+stateDir, envPart+"="+parts)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) || strings.HasPrefix(string(out), notAllowed) {
		t.Skipf("this machine lets no ordinary user mount: %v; the e2e tests mount as root", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func TestMake(t *testing.T) {
	stateDir, parts := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(stateDir, "etc/hostname"): "node-7\n", filepath.Join(stateDir, "run/stale"): "", filepath.Join(parts, "kubelet"): "a part"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found := boot(t, stateDir, parts)
	for _, want := range []string{
		"host name: node-7 <nil>", "/opt/kbe/bin: kubelet  <nil>", "/opt/cni/bin: kubelet  <nil>", "/run:  <nil>", "/etc/hostname: node-7 <nil>",
		"/proc/sys/vm/overcommit_memory: 1 <nil>", "/proc/sys/kernel/panic: 10 <nil>", "/var/lib/kept:  open /var/lib/kept: no such file",
		"write to a part: open /opt/kbe/bin/kubelet: read-only file system", "write to /usr: open /usr/kbe-test: read-only file system", "write to /var: <nil>",
		"/tmp: dtrwxrwxrwx <nil>",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("expected %q in\n%s", want, found)
		}
	}
	for line := range strings.Lines(found) {
		if dirs, ok := strings.CutPrefix(line, "/: "); ok && slices.Contains(strings.Fields(dirs), ".old") {
			t.Errorf("expected nothing of the machine's root, found %s", dirs)
		}
		if etc, ok := strings.CutPrefix(line, "/etc: "); ok && slices.Contains(strings.Fields(etc), "shadow") {
			t.Errorf("expected nothing of the machine's /etc but what programs need, found %s", etc)
		}
	}
	if again := boot(t, stateDir, parts); !strings.Contains(again, "/var/lib/kept: by the node <nil>") {
		t.Errorf("after a reboot: expected what the node wrote, found\n%s", again)
	}
	if data, err := os.ReadFile(filepath.Join(stateDir, "var/lib/kept")); err != nil || string(data) != "by the node" {
		t.Errorf("outside: expected what the node wrote, found %q, %v", data, err)
	}
}

func TestBorrow(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Symlink("usr/bin", in("bin")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a node that boots again has it
		if err := borrow(in("bin"), in("node-bin")); err != nil {
			t.Fatal(err)
		}
	}
	if to, err := os.Readlink(in("node-bin")); err != nil || to != "usr/bin" {
		t.Errorf("a symbolic link: expected one to the same place, found %q, %v", to, err)
	}
	if err := borrow(in("missing"), in("node-missing")); err != nil {
		t.Errorf("what the machine does not have: found %v", err)
	}
	if _, err := os.Lstat(in("node-missing")); err == nil {
		t.Error("what the machine does not have: expected nothing in the node")
	}
}

func TestMakeTarget(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "source")
	if err := os.WriteFile(file, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for source, isDir := range map[string]bool{dir: true, file: false} {
		target := filepath.Join(t.TempDir(), "a", "b")
		if err := makeTarget(source, target); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(target); err != nil || info.IsDir() != isDir {
			t.Errorf("%s: expected a folder %t, found %v, %v", source, isDir, info, err)
		}
	}
	kept := filepath.Join(dir, "kept")
	if err := os.WriteFile(kept, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := makeTarget(file, kept); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "text" {
		t.Errorf("a file that is there: expected that it stays, found %q, %v", text, err)
	}
	if err := makeTarget(filepath.Join(dir, "missing"), filepath.Join(dir, "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a source that is missing: expected an error, found %v", err)
	}
}

func TestCommandIsInitsCommandLine(t *testing.T) {
	r := Root{Name: "node-1", State: "/state", Bin: "/bin"}
	if args := strings.Join(r.Command().Args, " "); args != "kbe-cluster "+InitCommand+" node-1 /state /bin" {
		t.Errorf("found %s", args)
	}
}
