//go:build !linux

package e2e

func fullDisk(s *scene) string {
	s.Helper()
	s.Skip("needs Linux, to mount a file system without room")
	return ""
}
