package supervisor

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNotReady(t *testing.T) {
	condition := func(status corev1.ConditionStatus, reason, message string) []corev1.NodeCondition {
		return []corev1.NodeCondition{{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse}, {Type: corev1.NodeReady, Status: status, Reason: reason, Message: message}}
	}
	for name, c := range map[string]struct {
		conditions []corev1.NodeCondition
		taints     []corev1.Taint
		want       string
	}{
		"Ready":            {condition(corev1.ConditionTrue, "KubeletReady", ""), nil, ""},
		"Ready, and taint": {condition(corev1.ConditionTrue, "KubeletReady", ""), []corev1.Taint{{Key: corev1.TaintNodeNotReady}}, "node node-1 still has the taint node.kubernetes.io/not-ready"},
		"not Ready":        {condition(corev1.ConditionFalse, "KubeletNotReady", "no network plugin"), nil, "node node-1 is not Ready: KubeletNotReady: no network plugin"},
		"silent":           {nil, nil, "node node-1 has no condition Ready: its kubelet did not report yet"},
	} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Spec: corev1.NodeSpec{Taints: c.taints}, Status: corev1.NodeStatus{Conditions: c.conditions}}
		if err := notReady(node); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s: expected %q, found %v", name, c.want, err)
		}
	}
}

func TestUntil(t *testing.T) {
	calls := 0
	err := until(t.Context(), func() error {
		if calls++; calls < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || calls != 3 {
		t.Errorf("expected success with the third call, found %v after %d", err, calls)
	}
	budget := errors.New("not within a minute")
	ctx, cancel := context.WithCancelCause(t.Context())
	err = until(ctx, func() error { cancel(budget); return nil })
	if err != nil {
		t.Errorf("a success when the context ends: found %v", err)
	}
	missing := errors.New("its kubelet did not report yet")
	ctx, stop := context.WithTimeoutCause(t.Context(), 250*time.Millisecond, budget)
	defer stop()
	if err := until(ctx, func() error { return missing }); !errors.Is(err, budget) || !errors.Is(err, missing) {
		t.Errorf("expected why it ended and what was missing last, found %v", err)
	}
}

func TestWaitSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	done := make(chan error)
	go func() { done <- waitSocket(t.Context(), path) }()
	socket, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := <-done; err != nil {
		t.Errorf("a socket that appears: found %v", err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, errors.New("not in time"))
	defer cancel()
	if err := waitSocket(ctx, path+".missing"); err == nil || !strings.Contains(err.Error(), "not in time") || !strings.Contains(err.Error(), "socket.missing") {
		t.Errorf("expected the reason and the path, found %v", err)
	}
}

func TestExplain(t *testing.T) {
	culprit := &componentError{"node-1/kubelet", errors.New("ended 3 times")}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(culprit)
	if err := explain(ctx, errors.New("what followed")); !errors.Is(err, culprit) {
		t.Errorf("a start that was given up: expected the reason, found %v", err)
	}
	if err := explain(ctx, nil); err != nil {
		t.Errorf("a start that succeeded: found %v", err)
	}
	own := errors.New("its own")
	if err := explain(t.Context(), own); !errors.Is(err, own) {
		t.Errorf("expected the error itself, found %v", err)
	}
}

func TestLoadSaysWhichArchive(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.tar")
	if err := Load(t.Context(), "/bin", "/no/socket", missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("expected an error that names the archive, found %v", err)
	}
}
