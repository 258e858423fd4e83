package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

// left lists what stays out, as path.Match patterns of a file or of a folder above it.
// Perl comes only with a package that merges /usr; files of the host stay on the host.
var left = []string{
	"dev/*", "etc/apt", "etc/cron.*", "etc/fstab", "etc/group", "etc/hostname", "etc/init.d", "etc/logrotate.d", "etc/passwd",
	"etc/perl", "etc/rc?.d", "etc/resolv.conf", "etc/systemd", "etc/update-motd.d",
	"usr/lib/systemd", "usr/lib/udev", "usr/lib/usrmerge",
	"usr/bin/perl*", "usr/lib/*/gconv", "usr/lib/*/libperl*", "usr/lib/*/perl*", "usr/share/perl*",
	"usr/bin/dpkg*", "usr/bin/update-alternatives", "usr/lib/dpkg", "usr/share/dpkg", // nothing can be installed
	"usr/bin/pdb3*", "usr/bin/py3*", "usr/bin/pydoc3*", "usr/bin/pygettext3*", "usr/share/python3", // for those who write programs
	"usr/lib/python3*/idlelib", "usr/lib/python3*/test", "usr/lib/python3*/turtledemo",
	"usr/share/bug", "usr/share/doc-base", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man",
	"var/cache/*", "var/lib/*", "var/log/*",
}

// keep reports whether a file gets into the image. Licences do; other documentation does not.
func keep(name string, dir bool) bool {
	if strings.HasPrefix(name, "usr/share/doc/") && !dir && path.Base(name) != "copyright" {
		return false
	}
	for p := name; p != "."; p = path.Dir(p) {
		for _, pattern := range left {
			if ok, _ := path.Match(pattern, p); ok {
				return false
			}
		}
	}
	return true
}

// copyKept returns the names that it wrote.
func copyKept(in *tar.Reader, out *layerWriter) (map[string]bool, error) {
	seen := map[string]bool{}
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return seen, nil
		}
		if err != nil {
			return nil, err
		}
		name := path.Clean(strings.TrimPrefix(h.Name, "./"))
		content := bufio.NewReader(in)
		if name == "." || !keep(name, h.Typeflag == tar.TypeDir) || isPerl(content) {
			continue
		}
		if h.Typeflag == tar.TypeLink {
			h.Linkname = path.Clean(strings.TrimPrefix(h.Linkname, "./"))
			if !seen[h.Linkname] {
				continue // another name of what was left out
			}
		}
		seen[name] = true
		// A new header: the old one also has the names, times and format of its maker.
		entry := tar.Header{
			Typeflag: h.Typeflag, Name: name, Linkname: h.Linkname, Size: h.Size,
			Mode: h.Mode, Uid: h.Uid, Gid: h.Gid, PAXRecords: attributes(h.PAXRecords),
		}
		if err := out.add(entry, content); err != nil {
			return nil, err
		}
	}
}

// attributes keeps file capabilities and the like.
func attributes(records map[string]string) map[string]string {
	kept := map[string]string{}
	for k, v := range records {
		if strings.HasPrefix(k, "SCHILY.xattr.") {
			kept[k] = v
		}
	}
	return kept
}

// isPerl reports whether a script could not run without Perl.
func isPerl(content *bufio.Reader) bool {
	begin, _ := content.Peek(15)
	return bytes.Equal(begin, []byte("#!/usr/bin/perl"))
}
