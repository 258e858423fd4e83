package engine

import (
	"context"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// logOf names a container's log.
type logOf struct{ pod, container string }

// followLogs begins to follow the logs that the claim reads and that it does not follow yet.
func (d *decision) followLogs(ctx context.Context) {
	for _, log := range d.read.logs {
		if !d.followed[log] {
			d.followed[log] = true
			go d.follow(ctx, log)
		}
	}
}

// follow follows a log until ctx ends. Where its end has come, it does so again after a change
// of the Pod: before one, it would come to the same end at once.
func (d *decision) follow(ctx context.Context, log logOf) {
	for ctx.Err() == nil {
		before := d.watcher.changesOf(log.pod)
		d.Session.FollowLog(ctx, log.pod, log.container, func() { d.watcher.seeLog(log.pod) })
		_ = wait.Until(ctx, d.watcher.next, func() (bool, error) { // whose error is the end of ctx
			return d.watcher.changesOf(log.pod) != before, nil
		})
	}
}
