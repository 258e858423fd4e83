package image

import (
	"archive/tar"
	"bufio"
	"errors"
	"io"
	"os"
)

// layerWriter writes a root file system as a tar with fixed times.
type layerWriter struct {
	file *os.File
	buf  *bufio.Writer
	tar  *tar.Writer
}

func newLayer(path string) (*layerWriter, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	buf := bufio.NewWriterSize(file, 1<<20)
	return &layerWriter{file: file, buf: buf, tar: tar.NewWriter(buf)}, nil
}

// add writes an entry with the times of every image.
func (l *layerWriter) add(h tar.Header, content io.Reader) error {
	h.ModTime = epoch
	if err := l.tar.WriteHeader(&h); err != nil {
		return err
	}
	if content == nil {
		return nil
	}
	_, err := io.Copy(l.tar, content)
	return err
}

func (l *layerWriter) close() error {
	return errors.Join(l.tar.Close(), l.buf.Flush(), l.file.Close())
}

// writeProgramLayer has one file: the binary, at /NAME.
func writeProgramLayer(path, name, binary string) (err error) {
	layer, err := newLayer(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, layer.close()) }()
	return layer.addProgram(name, binary, 0o755)
}

// addProgram copies a binary to /NAME. A mode may have the setuid bit, as in tar(5).
func (l *layerWriter) addProgram(name, binary string, mode int64) error {
	content, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	info, err := content.Stat()
	if err != nil {
		return err
	}
	return l.add(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: info.Size()}, content)
}
