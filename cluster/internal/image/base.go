package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	_ "embed"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// basePackages have the same names on Debian and Ubuntu, and are in the component main.
// base-files brings the directories, ncurses-base the terminals that `exec -it` brings.
// There is no hostname and no procps, as in CentOS's image.
var basePackages = []string{"base-files", "bash", "coreutils", "curl", "grep", "ncurses-base", "python3", "sed"}

// bytecode has python3 write the bytecode of the modules that a small HTTP service
// imports, as the scripts of its packages do for all of them: a service is to start as
// fast as on the originals. It takes the hash of a source, for layers have no times.
//
//go:embed programs/bytecode.py
var bytecode string

// machines are the codes of architectures in a program (elf(5)).
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// baseLayer is the root file system that the stand-ins of simpleservice and of the shell
// share.
func baseLayer() (artifact, error) {
	release, err := hostRelease("/etc/os-release")
	if err != nil {
		return artifact{}, err
	}
	inputs := append([]string{release, bytecode}, basePackages...)
	return artifact{what: "base layer of the images", file: "base.tar.gz", key: keyOf(inputs...),
		make: func(ctx context.Context, _ []string, dir, path string) error {
			rootfs := filepath.Join(dir, "rootfs.tar")
			if err := bootstrap(ctx, release, basePackages, dir, rootfs, `--extract-hook=chroot "$1" python3 -B -c '`+bytecode+`'`); err != nil {
				return err
			}
			return writeCompressed(path, func(l *layerWriter) error { return slim(rootfs, l) })
		}}, nil
}

// foreignLayer is the base layer with programs for another architecture. They are this
// machine's, each with the other's code in its head: no kernel here runs them ("exec
// format error"), and no test needs the package sources of another architecture.
func foreignLayer(arch string) (artifact, error) {
	base, err := baseLayer()
	return artifact{what: "base layer for " + arch, file: "base-" + arch + ".tar.gz", key: keyOf(base.key, arch), from: []artifact{base},
		make: func(_ context.Context, from []string, _, path string) error {
			return writeCompressed(path, func(l *layerWriter) error { return retarget(from[0], l, machines[arch]) })
		}}, err
}

// retarget copies a layer, and has its programs be for another machine.
func retarget(layer string, out *layerWriter, machine elf.Machine) error {
	file, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for in := tar.NewReader(unzipped); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = out.add(*h, programFor(machine, bufio.NewReader(in)))
		}
		if err != nil {
			return err
		}
	}
}

// programFor says in the head of a program (elf(5)) which machine it is for. What is no
// program stays as it is.
func programFor(machine elf.Machine, content *bufio.Reader) io.Reader {
	const offset, size = 18, 2
	begin, err := content.Peek(offset + size)
	if err != nil || !bytes.HasPrefix(begin, []byte(elf.ELFMAG)) {
		return content
	}
	head := bytes.Clone(begin)
	binary.LittleEndian.PutUint16(head[offset:], uint16(machine))
	_, _ = content.Discard(len(head)) // it is buffered
	return io.MultiReader(bytes.NewReader(head), content)
}
