package expect

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// nested nests a macro over a list, n times: r has its own name at each level.
func nested(n int, list, innermost string) string {
	for i := range n {
		innermost = fmt.Sprintf("%s.all(v%d, %s)", list, i, innermost)
	}
	return innermost
}

// doubled makes a value that is as large as 2 to the power of n of the one given.
func doubled(n int, value, doubling, innermost string) string {
	text := strings.ReplaceAll(innermost, "@", fmt.Sprintf("v%d", n-1))
	for i := n - 1; i > 0; i-- {
		text = fmt.Sprintf("[%s].all(v%d, %s)", strings.ReplaceAll(doubling, "@", fmt.Sprintf("v%d", i-1)), i, text)
	}
	return fmt.Sprintf("[%s].all(v0, %s)", value, text)
}

// TestAnExpressionCannotRunAway evaluates what would take a machine's time or
// memory: each ends at once, at the limit of cost, with an error that says why and
// what to do.
func TestAnExpressionCannotRunAway(t *testing.T) {
	for name, tc := range map[string]struct{ source, want string }{
		"nine nested all()":        {nested(9, "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "true"), "a cost of 1000000 calls: nest fewer"},
		"nested over the output":   {nested(3, `stdout.substring(0, 1000).split("")`, "true"), "a cost of 1000000 calls"},
		"requests in a loop":       {nested(4, "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", `pod("sise") != null`), "a cost of 1000000 calls"},
		"a text doubled":           {doubled(40, "stdout", "@ + @", "@.size() < 0"), "a cost of 1000000 calls"},
		"a text replaced":          {doubled(12, `"aaaaaaaaaa"`, `@.replace("a", "aaaaaaaaaa")`, "@.size() < 0"), "replace(): expected"},
		"a text replaced, long":    {`stdout.replace("", stdout).size() < 0`, "replace(): expected a text of at most 4 MiB"},
		"a text joined":            {`stdout.split("").join(stdout).size() < 0`, "join(): expected"},
		"a text formatted":         {doubled(40, `"%s%s"`, `"%s%s".format([@, @])`, "@.size() < 0"), "format(): expected"},
		"a list of lists, as text": {doubled(40, "[1]", "[@, @]", `"%s".format([@]) == ""`), "format(): expected"},
		"a list of lists, shown":   {doubled(40, "[dyn(1)]", "[dyn(@), @]", "@ == [2]"), ""},
		"a precision":              {`("%." + "999999999f").format([1.0]) == stdout`, "precision"},
		"json() in a loop":         {nested(2, `stdout.split("")`, `json("[" + stdout.replace("x", "0,") + "0]") != null`), "a cost of 1000000 calls"},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts()
			f.Stdout = strings.Repeat("x", 100_000)
			x := condition(t, tc.source)
			// Without the limit of time, which a busy machine reaches first.
			v := x.check(&evaluation{Facts: f, ctx: t.Context()})
			if v.Holds || tc.want != "" && (v.Err == nil || !strings.Contains(v.Err.Error(), tc.want)) {
				t.Errorf("expected an error with %q, found %+v", tc.want, v)
			}
			var mem runtime.MemStats
			if runtime.ReadMemStats(&mem); mem.HeapSys > 2<<30 {
				t.Errorf("expected less than 2 GiB of memory in use, found %d MiB", mem.HeapSys>>20)
			}
		})
	}
}

// endless compares two values that are equal and would take for ever to compare:
// CEL counts no cost for it, and checks nowhere whether to go on.
var endless = doubled(60, "[dyn(1)]", "[dyn(@), @]", "@ == [@][0]")

// TestASignalEndsWhatComputes ends the context of an evaluation that hears nothing.
func TestASignalEndsWhatComputes(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped by a signal")
	time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	begin := time.Now()
	if v := condition(t, endless).Check(ctx, facts()); v.Holds || !errors.Is(v.Err, stop) {
		t.Errorf("expected the cause of the context, found %+v", v)
	}
	if took := time.Since(begin); took > maxTime/2 {
		t.Errorf("expected the end at once, found it after %s", took)
	}
}

// TestAClaimOnAnOutputThatWasCutIsNotDecided: what is beyond may say otherwise.
func TestAClaimOnAnOutputThatWasCutIsNotDecided(t *testing.T) {
	f := facts()
	f.StdoutCut = 1000
	f.Steps["before"] = Outcome{Stdout: "x", StdoutCut: 7}
	for source, want := range map[string]string{
		`!stdout.contains("error")`:                    "stdout: the command printed 1069 bytes, of which only the first 69 are kept",
		`stdout.contains("host") && exitCode == 0`:     "stdout: the command printed",
		`steps.before.stdout == "x"`:                   "steps.before.stdout: the command printed 8 bytes",
		`stderr == "" && exitCode == 0`:                "",
		`steps.before.stderr == ""`:                    "",
		`exitCode == 0 || stdout.contains("whatever")`: "",
	} {
		v := condition(t, source).Check(t.Context(), f)
		if want == "" && !v.Holds || want != "" && (v.Holds || v.Err == nil || !strings.Contains(v.Err.Error(), want)) {
			t.Errorf("%s: expected an error with %q, found %+v", source, want, v)
		}
	}
}

// TestAWordIsNoLongerThanAShellTakes: a text may be long, a word of a command not.
func TestAWordIsNoLongerThanAShellTakes(t *testing.T) {
	env, err := NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	x, err := env.Text("stdout")
	if err != nil {
		t.Fatal(err)
	}
	f := facts()
	f.Stdout = strings.Repeat("x", maxWord+1)
	if _, err := x.Expand(t.Context(), f); err == nil || !strings.Contains(err.Error(), "at most 131072 bytes") {
		t.Errorf("expected an error with the limit, found %v", err)
	}
}
