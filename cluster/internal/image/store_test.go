package image

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func inode(t *testing.T, path string) (device, number uint64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	return s.Dev, s.Ino
}

// What containerd writes to is the node's own; the rest is there once, where one disk has both.
func TestCopyOfAStore(t *testing.T) {
	store := t.TempDir()
	const blob, database = "content/blobs/one", "metadata/meta.db"
	for _, name := range []string{blob, database} {
		if err := os.MkdirAll(filepath.Join(store, filepath.Dir(name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(store, name), []byte(name), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	for what, dir := range map[string]string{"one disk": t.TempDir(), "another": shm(t)} {
		data := filepath.Join(dir, "node-1/var/lib/containerd")
		if err := Copy(t.Context(), store, data); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, name := range []string{blob, database} {
			got, err := os.ReadFile(filepath.Join(data, name))
			if err != nil || string(got) != name {
				t.Errorf("%s: expected the content of %s, found %q, %v", what, name, got, err)
			}
			fromDevice, from := inode(t, filepath.Join(store, name))
			toDevice, to := inode(t, filepath.Join(data, name))
			linked, wanted := fromDevice == toDevice && from == to, name == blob && fromDevice == toDevice
			if linked != wanted {
				t.Errorf("%s: %s: expected a link %t, found %t", what, name, wanted, linked)
			}
		}
	}
	if err := Copy(t.Context(), store+"/missing", t.TempDir()+"/data"); err == nil || !strings.Contains(err.Error(), store+"/missing") {
		t.Errorf("expected an error that names the store, found %v", err)
	}
}

// On a full disk no file of a store can be written: one of them is enough.
func TestTheErrorOfACopyNamesOneFile(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "store"), t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := errors.Join(os.MkdirAll(from, 0o700), os.WriteFile(filepath.Join(from, name), nil, 0o600), os.MkdirAll(filepath.Join(to, "store", name), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	err := copyAll(t.Context(), "--reflink=auto", from, to)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "cannot overwrite directory") {
		t.Errorf("expected an error of one line, found %v", err)
	}
}

// shm is a folder in memory, which is another disk than that of the other folders.
func shm(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kbe-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestLoadSaysWhichArchive(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.tar")
	if err := Load(t.Context(), "/bin", "/no/socket", missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("expected an error that names the archive, found %v", err)
	}
}
