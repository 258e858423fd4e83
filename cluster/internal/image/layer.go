package image

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
)

// layerWriter writes a layer as a tar with fixed times.
type layerWriter struct{ tar *tar.Writer }

// writeLayer has fill write a layer at path.
func writeLayer(path string, fill func(*layerWriter) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(file, 1<<20)
	layer := &layerWriter{tar.NewWriter(buf)}
	return errors.Join(fill(layer), layer.tar.Close(), buf.Flush(), file.Close())
}

// writeCompressed does the same for a layer that several images have.
func writeCompressed(path string, fill func(*layerWriter) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	zip, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	layer := &layerWriter{tar.NewWriter(zip)}
	return errors.Join(fill(layer), layer.tar.Close(), zip.Close(), file.Close())
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

func (l *layerWriter) addText(name, text string, mode int64) error {
	return l.add(tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(text))}, strings.NewReader(text))
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
