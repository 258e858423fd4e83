package image

import (
	"slices"
	"testing"
)

func TestParseImages(t *testing.T) {
	const table = `REF                           TYPE                                                 DIGEST        SIZE      PLATFORMS   LABELS
quay.io/centos/centos:stream9 application/vnd.docker.distribution.manifest.v2+json sha256:5c8ccd 27.8 MiB  linux/amd64 io.cri-containerd.image=managed
mine.test/two:1               application/vnd.oci.image.index.v1+json              sha256:aa     698.2 KiB linux/amd64,linux/arm64 -
sha256:931d29                 application/vnd.docker.distribution.manifest.v2+json sha256:7fa3e1 698.2 KiB linux/amd64 io.cri-containerd.image=managed
mine.test/two@sha256:931d29   application/vnd.docker.distribution.manifest.v2+json sha256:7fa3e1 698.2 KiB linux/amd64 -
`
	want := []NodeImage{
		{"quay.io/centos/centos:stream9", "sha256:5c8ccd", "27.8 MiB", "linux/amd64"},
		{"mine.test/two:1", "sha256:aa", "698.2 KiB", "linux/amd64,linux/arm64"},
	}
	if got := parseImages(table); !slices.Equal(got, want) {
		t.Errorf("expected %v, found %v", want, got)
	}
}
