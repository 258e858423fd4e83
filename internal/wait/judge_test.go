package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestADoubtCountsWhenItHasLasted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		doubt := errors.New("no node can run it (Unschedulable)")
		says := error(Unless{Err: doubt, Lasts: time.Second})
		j := &judge{cond: func(*unstructured.Unstructured) (bool, error) { return false, says }}
		decide := func() {
			if done, err := j.judge(nil); done || err != nil {
				t.Fatalf("expected no decision, found %t, %v", done, err)
			}
		}
		begin := time.Now()
		decide()
		<-time.After(600 * time.Millisecond)
		decide() // the same doubt again does not begin again
		<-j.settled
		if took := time.Since(begin); took != time.Second || !errors.Is(j.doubt, doubt) {
			t.Errorf("expected the doubt after a second, found %v after %s", j.doubt, took)
		}
		says = nil
		decide()
		if j.settled != nil || j.doubt != nil {
			t.Error("expected that a doubt that has passed is none")
		}
	})
}

func TestATimeoutWaitsForWhatIsInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, changed := time.Now(), make(chan struct{})
		pulled := func() bool { return time.Since(begin) >= 50*time.Second }
		ctx, cancel := WithTimeoutUnless(t.Context(), 30*time.Second, func() (bool, <-chan struct{}) { return !pulled(), changed })
		defer cancel()
		time.AfterFunc(50*time.Second, func() { close(changed) })
		<-ctx.Done()
		if took, err := time.Since(begin), context.Cause(ctx); took != 80*time.Second || !errors.Is(err, ErrTimeout) {
			t.Errorf("expected a timeout after 50 s in progress and 30 s more, found %v after %s", err, took)
		}
	})
}

func TestATimeoutOfWhatIsNotInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ctx, cancel := WithTimeoutUnless(t.Context(), 30*time.Second, func() (bool, <-chan struct{}) { return false, nil })
		defer cancel()
		<-ctx.Done()
		if took := time.Since(begin); took != 30*time.Second || !errors.Is(context.Cause(ctx), ErrTimeout) {
			t.Errorf("expected a timeout after 30 s, found %v after %s", context.Cause(ctx), took)
		}
	})
}

func TestAContextThatLastsWhileNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost error
		changed := make(chan struct{})
		ctx, cancel := While(t.Context(), func() <-chan struct{} { return changed }, func() error { return lost })
		defer cancel()
		synctest.Wait()
		if ctx.Err() != nil {
			t.Fatalf("expected a context that lasts, found %v", context.Cause(ctx))
		}
		lost = errors.New("node \"node-2\" is not Ready")
		close(changed)
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), lost) {
			t.Errorf("expected %v, found %v", lost, context.Cause(ctx))
		}
	})
}
