package wait

import (
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
		decide() // the same doubt again does not begin anew
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
