package conformance

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubectl-kbe/kubectl-kbe/internal/evidence"
	"github.com/kubectl-kbe/kubectl-kbe/internal/session"
)

// place is where a part runs.
type place struct {
	name string
	// enforce is the Pod Security Standard that its Namespace is to enforce, or "".
	enforce string
	// dump is a folder for what the cluster says of a failure, or "".
	dump string
}

// enforced is what a Namespace of the run's own is made to enforce.
func (r *Runner) enforced(where place) string {
	if r.opts.Namespace != "" {
		return "" // it is somebody else's
	}
	return where.enforce
}

// cannot says why a part cannot run where it should, or "".
func (r *Runner) cannot(ctx context.Context, where place) string {
	if where.enforce == "" || r.opts.Namespace == "" {
		return ""
	}
	s, err := session.Open(ctx, r.config, where.name, r.opts.Namespace)
	if err != nil {
		return "" // the run itself will tell
	}
	defer s.Close(ctx) // it has made nothing
	if s.EnforcesRestricted(ctx) {
		return ""
	}
	return fmt.Sprintf("namespace %q does not enforce the Pod Security Standard %s; without a namespace the suite makes one that does", r.opts.Namespace, where.enforce)
}

// session has work done in a session of its own, and removes what it made. The
// error is what kept it from being done; problems are those of the cleanup.
// failed, asked when the work is done, tells whether to keep evidence of it.
func (r *Runner) session(ctx context.Context, where place, work func(*session.Session) (failed bool, err error)) (problems []string, err error) {
	s, err := session.Open(ctx, r.config, where.name, r.opts.Namespace,
		session.StopPodsAfter(session.Deadline+r.opts.Timeout), session.Enforce(r.enforced(where)))
	if err != nil {
		return nil, err
	}
	failed, err := work(s)
	if (failed || err != nil) && where.dump != "" {
		if err := r.dump(ctx, s, where.dump); err != nil {
			problems = append(problems, err.Error())
		}
	}
	if cleanup := s.Close(ctx); cleanup.Err != nil {
		problems = append(problems, cleanupProblem(cleanup.Err.Error(), cleanup.Command))
	}
	return problems, err
}

// dumpTimeout bounds a dump.
const dumpTimeout = 30 * time.Second

func (r *Runner) dump(ctx context.Context, s *session.Session, dir string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dumpTimeout)
	defer cancel()
	core, err := corev1client.NewForConfig(r.config)
	if err != nil {
		return err
	}
	reader := evidence.Reader{Core: core, Namespace: s.Namespace}
	if !s.Owned {
		reader.Selector = labels.Set{session.RunLabel: s.ID}.String()
	}
	if err := reader.Dump(ctx, dir); err != nil {
		return fmt.Errorf("dump to %s: %w", dir, err)
	}
	return nil
}
