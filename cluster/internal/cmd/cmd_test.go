package cmd

import "testing"

func TestExitCodes(t *testing.T) {
	t.Setenv("KBE_CLUSTER_STATE", t.TempDir())
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"--help"}, exitOK},
		{[]string{"images"}, exitFailed},
		{[]string{"images", "--name=UPPER"}, exitUsage},
		{[]string{"image", "mine.test/x:1", "--listen-after=soon"}, exitUsage},
		{[]string{"image", "mine.test/x:1", "--listen-after=-1s"}, exitUsage},
		{[]string{"image", "no-tag"}, exitFailed},
		{[]string{"no-such-command"}, exitUsage},
		{[]string{"up", "--nodes=0"}, exitUsage},
		{[]string{"up", "--kubernetes=v9"}, exitUsage},
		{[]string{"build", "--kubernetes=v9"}, exitUsage},
		{[]string{"upstream", "--kubernetes=v9"}, exitUsage},
		{[]string{"up", "--ip-family=ipv5"}, exitUsage},
		{[]string{"up", "--zones=a,b,c,d"}, exitUsage},
		{[]string{"up", "--zones=a,a"}, exitUsage},
		{[]string{"up", "--zones=a,"}, exitUsage},
		{[]string{"up", "--zones=not/one"}, exitUsage},
		{[]string{"up", "--no-such-flag"}, exitUsage},
		{[]string{"load"}, exitUsage},
		{[]string{"fault"}, exitUsage},
		{[]string{"fault", "break", "node-1"}, exitUsage},
		{[]string{"fault", "set"}, exitUsage},
		{[]string{"fault", "set", "no-such-fault", "node-1"}, exitUsage},
		{[]string{"fault", "set", "partition", "node-1"}, exitUsage},
		{[]string{"fault", "clear"}, exitFailed},
		{[]string{"outside", "no-such-command"}, exitUsage},
		{[]string{"fault", "set", "power-off", "node-1"}, exitFailed},
		{[]string{"status", "--name=UPPER"}, exitUsage},
		{[]string{"status"}, exitFailed},
		{[]string{"supervise", "kbe"}, exitFailed},
	} {
		if got := Execute(t.Context(), c.args); got != c.want {
			t.Errorf("%v: expected exit code %d, found %d", c.args, c.want, got)
		}
	}
}
