package image

import (
	"context"
	"runtime"
	"sync"
)

// Build returns an archive with every image of the catalogue, for this machine. It is in
// the form of `docker save`, which `ctr images import` takes. What cacheDir has already is
// not built again; with all of it there, neither network nor tools are needed.
//
// progress gets a line at least every 5 seconds, one call at a time. A missing tool is
// an error that names its package. Cancelling ctx ends the build and leaves no files.
func Build(ctx context.Context, cacheDir string, progress func(format string, args ...any)) (string, error) {
	a, err := standard()
	if err != nil {
		return "", err
	}
	return a.path(ctx, cacheDir, oneAtATime(progress))
}

// standard is the archive with every image of the catalogue.
func standard() (artifact, error) {
	service, err := serviceRecipe(Variant{Ref: serviceRef})
	if err != nil {
		return artifact{}, err
	}
	shell, err := shellRecipe(runtime.GOARCH)
	if err != nil {
		return artifact{}, err
	}
	// One archive: the layer that two of them have is in it once.
	a, err := archive("images", service, shell, pauseRecipe(pauseImage(PauseRef), runtime.GOARCH))
	a.what = "stand-in images"
	return a, err
}

// BuildStore returns a folder for Copy, with the images that nodes have from the start: every
// image of the catalogue, or that for pods' sandboxes alone. bin is the folder of the parts.
// It needs root. Otherwise it is as Build.
func BuildStore(ctx context.Context, cacheDir, bin string, pauseAlone bool, progress func(format string, args ...any)) (string, error) {
	of := standard
	if pauseAlone {
		of = func() (artifact, error) { return archive("pause", pauseRecipe(pauseImage(PauseRef), runtime.GOARCH)) }
	}
	a, err := of()
	if err != nil {
		return "", err
	}
	s, err := store(a, bin)
	if err != nil {
		return "", err
	}
	return s.path(ctx, cacheDir, oneAtATime(progress))
}

func oneAtATime(progress func(string, ...any)) func(string, ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		progress(format, args...)
	}
}
