package image

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Build returns an archive per image of the Catalogue, in its order, for the
// architecture of this machine. Archives are in the form of `docker save`, which
// `ctr images import` takes. An image that cacheDir has already is not built again;
// with all of them there, neither network nor tools are needed.
//
// progress gets a line at least every 5 seconds, one call at a time. A missing tool is
// an error that names its package. Cancelling ctx ends the build and leaves no files.
func Build(ctx context.Context, cacheDir string, progress func(format string, args ...any)) ([]string, error) {
	service, err := serviceRecipe(Variant{Ref: serviceRef}, "simpleservice")
	if err != nil {
		return nil, err
	}
	shell, err := shellRecipe(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	return buildAll(ctx, cacheDir, []recipe{service, shell, pauseRecipe(pauseImage(PauseRef), "pause", runtime.GOARCH)}, progress)
}

// buildAll returns an archive per recipe, in their order.
func buildAll(ctx context.Context, cacheDir string, recipes []recipe, progress func(format string, args ...any)) ([]string, error) {
	archives := make([]string, len(recipes))
	say := oneAtATime(progress)
	group, ctx := errgroup.WithContext(ctx)
	for i, r := range recipes {
		group.Go(func() (err error) {
			archives[i], err = r.archive(ctx, cacheDir, say)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return archives, nil
}

func oneAtATime(progress func(string, ...any)) func(string, ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		progress(format, args...)
	}
}
