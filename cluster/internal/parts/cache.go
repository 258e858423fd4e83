package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/gotool"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/progress"
	"github.com/kubectl-kbe/kubectl-kbe/cluster/internal/state"
)

// ErrNoGo says that the parts must be built and that there is nothing to build them with.
var ErrNoGo = errors.New("the go command is not on PATH, and the parts of the cluster are not built yet; install Go 1.26 or newer")

// CacheDir returns the folder below the user's cache folder that everything built is kept in.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("folder to keep built parts in: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "kbe-cluster"), nil
}

// Cached returns the folder of the parts of one of Versions, or "" when they must be built first.
func Cached(kubernetes string) (string, error) {
	_, bin, err := partsOf(kubernetes).find()
	return bin, err
}

// Ensure returns the folder of the parts of one of Versions, and builds them when they are not there. Of several
// processes that need them at once, one builds and the others wait.
func Ensure(ctx context.Context, kubernetes string, p *progress.Printer) (string, error) {
	return partsOf(kubernetes).ensure(ctx, p)
}

// EnsureUpstream does the same for the e2e tests of Kubernetes: e2e.test, ginkgo that runs its specs in parallel, and
// agnhost and nonewprivs, the programs of the images that they use.
func EnsureUpstream(ctx context.Context, kubernetes string, p *progress.Printer) (string, error) {
	return upstreamOf(kubernetes).ensure(ctx, p)
}

func (b product) ensure(ctx context.Context, p *progress.Printer) (string, error) {
	entry, bin, err := b.find()
	if bin != "" || err != nil {
		return bin, err
	}
	if entry == "" {
		return "", ErrNoGo
	}
	unlock, err := lock(ctx, filepath.Dir(entry), p)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, bin, err := b.find(); bin != "" || err != nil {
		return bin, err
	}
	if err := b.build(ctx, entry, p); err != nil {
		return "", err
	}
	return filepath.Join(entry, "bin"), nil
}

// find returns the cache entry for the Go that would build it, and its bin folder when it is there. Without Go any entry
// of the same product will do.
func (b product) find() (entry, bin string, err error) {
	dir, err := CacheDir()
	if err != nil {
		return "", "", err
	}
	base := filepath.Join(dir, b.name, b.key())
	goCommand, err := gotool.Find()
	if err != nil {
		if found, _ := filepath.Glob(base + "-*/bin"); len(found) > 0 {
			return filepath.Dir(found[0]), found[0], nil
		}
		return "", "", nil
	}
	goVersion, err := versionOf(goCommand)
	if err != nil {
		return "", "", err
	}
	entry = base + "-" + goVersion
	if _, err := os.Stat(entry + "/bin"); err != nil {
		return entry, "", nil
	}
	return entry, entry + "/bin", nil
}

// versionOf returns the version of the go command, asked where no go.mod can choose another.
func versionOf(goCommand string) (string, error) {
	cmd := exec.Command(goCommand, "env", "GOVERSION")
	cmd.Dir = "/"
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("`go env GOVERSION`: %w; repair the Go installation", err)
	}
	return strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "-"), nil
}

func lock(ctx context.Context, dir string, p *progress.Printer) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder to keep built parts in: %w; set XDG_CACHE_HOME to one that can be written", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	stop := func() {}
	err = state.Flock(ctx, f, func() {
		p.Line("waiting for another kbe-cluster, which is building, too")
		stop = progress.Every(func() { p.Live("still waiting for the other kbe-cluster to build") })
	})
	stop()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("wait for the build of another kbe-cluster: %w", err)
	}
	return func() { f.Close() }, nil
}
