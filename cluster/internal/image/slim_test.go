package image

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// filesOf reads the regular files of a tar, and closes it.
func filesOf(t *testing.T, in io.ReadCloser) map[string][]byte {
	t.Helper()
	defer in.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeep(t *testing.T) {
	for name, want := range map[string]bool{
		"usr/bin/bash":                         true,
		"usr/bin/curl":                         true,
		"lib64/ld-linux-x86-64.so.2":           true,
		"usr/share/doc/bash/copyright":         true,
		"usr/share/doc/bash/changelog.gz":      false,
		"usr/share/locale/de/LC_MESSAGES/x.mo": false,
		"usr/lib/x86_64-linux-gnu/perl/5.36":   false,
		"usr/lib/x86_64-linux-gnu/libc.so.6":   true,
		"etc/resolv.conf":                      false,
		"etc/apt/apt.conf.d/99mmdebstrap":      false,
		"dev/null":                             false,
		"dev":                                  true,
		"usr/lib/python3.11/http/server.py":    true,
		"usr/lib/python3.11/test/support":      false,
		"usr/bin/python3.11":                   true,
		"usr/bin/dpkg":                         false,
		"tmp":                                  true,
	} {
		if got := keep(name, false); got != want {
			t.Errorf("keep(%q) = %v", name, got)
		}
	}
}

func TestSlim(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.tar"), filepath.Join(dir, "out.tar")
	var root bytes.Buffer
	w := tar.NewWriter(&root)
	for _, f := range []struct{ name, text, link string }{
		{"./usr/bin/bash", "\x7fELF", ""},
		{"./usr/bin/script", "#!/usr/bin/perl -w\n", ""},
		{"./usr/bin/also-script", "", "./usr/bin/script"},
		{"./usr/bin/rbash", "", "./usr/bin/bash"},
		{"./etc/passwd", "someone", ""},
	} {
		h := tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.text)), Mode: 0o755, ModTime: time.Now(), Uname: "x"}
		if f.link != "" {
			h.Typeflag, h.Linkname = tar.TypeLink, f.link
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(in, root.Bytes(), 0o600),
		writeLayer(out, func(l *layerWriter) error { return slim(in, l) })); err != nil {
		t.Fatal(err)
	}
	got := list(t, out)
	want := []string{"usr/bin/bash ", "usr/bin/rbash usr/bin/bash", "etc/passwd ", "etc/group ", "usr/bin/sh bash"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

// list is NAME LINK of each entry; every time must be the fixed one.
func list(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var names []string
	for r := tar.NewReader(file); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(epoch) || h.Uname != "" {
			t.Errorf("%s: time %s, owner %q", h.Name, h.ModTime, h.Uname)
		}
		names = append(names, h.Name+" "+h.Linkname)
	}
}
