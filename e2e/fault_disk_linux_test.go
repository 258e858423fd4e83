package e2e

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fullDisk mounts a file system on which a file can be made, but not written.
func fullDisk(s *scene) string {
	s.Helper()
	if os.Geteuid() != 0 {
		s.Skip("needs root, to mount a file system without room")
	}
	dir := s.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			s.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 12<<10), 0o600); err != nil {
		s.Fatal(err)
	}
	return dir
}
