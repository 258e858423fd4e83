package image

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// hostRelease is this machine's release, as bookworm or noble.
func hostRelease(osRelease string) (string, error) {
	text, err := os.ReadFile(osRelease)
	if err != nil {
		return "", fmt.Errorf("find this machine's release: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "VERSION_CODENAME="); ok && strings.Trim(value, `"'`) != "" {
			return strings.Trim(value, `"'`), nil
		}
	}
	return "", fmt.Errorf("%s has no VERSION_CODENAME: expected Debian 12 or Ubuntu 22.04, or newer", osRelease)
}

// source is one archive that apt may download from.
type source struct {
	options, uri, suite string
	components          []string
}

// hostSources are the package sources below aptDir that offer the release, each as a
// line of sources.list. Others, such as those of third parties, are left alone.
func hostSources(aptDir, release string) ([]string, error) {
	all, err := readSources(aptDir)
	if err != nil {
		return nil, fmt.Errorf("read the package sources of this machine: %w", err)
	}
	lines := linesFor(all, release)
	for _, alias := range []string{"stable", "oldstable", "testing", "unstable", "sid"} {
		if len(lines) == 0 {
			lines = linesFor(all, alias)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("no package source below %s offers the component main of %s; add one, as for `apt-get install`", aptDir, release)
	}
	return lines, nil
}

func linesFor(all []source, suite string) []string {
	var lines []string
	for _, s := range all {
		wanted := s.suite == suite || s.suite == suite+"-updates" || s.suite == suite+"-security"
		if wanted && slices.Contains(s.components, "main") {
			line := strings.Join(strings.Fields("deb "+s.options+" "+s.uri+" "+s.suite+" main"), " ")
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func readSources(aptDir string) ([]source, error) {
	files, err := filepath.Glob(filepath.Join(aptDir, "sources.list.d", "*"))
	if err != nil {
		return nil, err
	}
	var all []source
	for _, file := range append([]string{filepath.Join(aptDir, "sources.list")}, files...) {
		parse := map[string]func(string) []source{".list": oneLineStyle, ".sources": deb822Style}[filepath.Ext(file)]
		if parse == nil {
			continue // apt does not read it either
		}
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, parse(string(text))...)
	}
	return all, nil
}

// oneLineStyle reads `deb [options] uri suite component...` (sources.list(5)).
func oneLineStyle(text string) []source {
	var all []source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, isDeb := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if !isDeb {
			continue
		}
		options, rest := bracketed(strings.TrimSpace(rest))
		if f := strings.Fields(rest); len(f) >= 3 {
			all = append(all, source{options, f[0], f[1], f[2:]})
		}
	}
	return all
}

func bracketed(text string) (options, rest string) {
	if !strings.HasPrefix(text, "[") {
		return "", text
	}
	end := strings.Index(text, "]")
	return text[:end+1], text[end+1:]
}

// deb822Style reads stanzas of fields (sources.list(5)).
func deb822Style(text string) []source {
	var all []source
	for _, f := range stanzas(text) {
		if strings.EqualFold(f["enabled"], "no") || !slices.Contains(strings.Fields(f["types"]), "deb") {
			continue
		}
		for _, uri := range strings.Fields(f["uris"]) {
			for _, suite := range strings.Fields(f["suites"]) {
				all = append(all, source{signedBy(f["signed-by"]), uri, suite, strings.Fields(f["components"])})
			}
		}
	}
	return all
}

// signedBy keeps the path of a keyring. A key that is written out in the stanza has no
// form on one line: apt then goes by the keys that this machine trusts.
func signedBy(value string) string {
	if !strings.HasPrefix(value, "/") {
		return ""
	}
	return "[signed-by=" + strings.Join(strings.Fields(value), ",") + "]"
}

func stanzas(text string) []map[string]string {
	var all []map[string]string
	current, field := map[string]string{}, ""
	scanner := bufio.NewScanner(strings.NewReader(text + "\n\n"))
	for scanner.Scan() {
		line := scanner.Text()
		name, value, isField := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			all = append(all, current)
			current, field = map[string]string{}, ""
		case line[0] == ' ' || line[0] == '\t':
			current[field] += "\n" + strings.TrimSpace(line)
		case isField:
			field = strings.ToLower(name)
			current[field] = strings.TrimSpace(value)
		}
	}
	return all
}

// downloadOptions is how this machine's apt downloads: proxies, certificates, retries,
// clock checks. mmdebstrap starts from nothing, so it needs the setting.
func downloadOptions(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-config", "dump", "--no-empty", "--format", `%F "%v";%n`, "Acquire").Output()
	if err != nil {
		return "", fmt.Errorf("apt-config: %w; expected Debian or Ubuntu, with the package apt", err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(out)) {
		if !concernsIndexes(line) {
			kept.WriteString(line)
		}
	}
	return kept.String(), nil
}

func concernsIndexes(line string) bool {
	groups := []string{"IndexTargets", "Changelogs", "CompressionTypes", "Languages", "GzipIndexes", "cdrom"}
	return slices.ContainsFunc(groups, func(group string) bool { return strings.HasPrefix(line, "Acquire::"+group) })
}
