package expect

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
)

// The limits of one evaluation. They are far above what claims need, and far below
// what a machine notices: an example from a stranger may hold any expression.
const (
	// maxCost is in calls of a function, about a second of computing. A text that a
	// call makes costs one more for each textCost bytes, a list for each item.
	maxCost  = 1_000_000
	textCost = 64
	// interruptEvery is how many rounds of a macro pass between two looks at the
	// context.
	interruptEvery = 100
	// maxTime is how long an evaluation may compute; what it reads of the cluster
	// takes as long as it takes. It is for calls that take long, such as the
	// comparison of lists of lists.
	maxTime = 10 * time.Second
	// maxText is how long a text may become in one call, in bytes.
	maxText = 4 << 20
	// maxWord is how long the text of a command's word may be, in bytes, as in a
	// shell on Linux (MAX_ARG_STRLEN).
	maxWord = 128 << 10
	// readCost is the cost of reading an object: a request to the API server.
	readCost = maxCost / 1000
)

var (
	errCost = fmt.Errorf("the expression exceeded its limit, a cost of %d calls: nest fewer macros such as all(), exists() and map(), or reduce the command's output", maxCost)
	errTime = fmt.Errorf("the expression exceeded its limit, %s of computing: nest fewer macros such as all(), exists() and map(), or compare less", maxTime)
)

// limitError explains the error of an evaluation that reached its limit.
func limitError(err error) error {
	if cancelled, is := errors.AsType[interpreter.EvalCancelledError](err); is && cancelled.Cause == interpreter.CostLimitExceeded {
		return errCost
	}
	return err
}

// compute evaluates until the end, ctx ends, or it has computed for maxTime. It is
// then left behind: a single call of a function cannot be interrupted.
func compute[T any](ctx context.Context, f Facts, evaluate func(*evaluation) T) (result T, err error) {
	e := &evaluation{Facts: f, ctx: ctx}
	done := make(chan T, 1)
	go func() { done <- evaluate(e) }()
	const tick = maxTime / 100
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for spent := time.Duration(0); spent < maxTime; {
		select {
		case result = <-done:
			return result, nil
		case <-ctx.Done():
			return result, context.Cause(ctx)
		case <-ticker.C:
			if !e.reading.Load() {
				spent += tick
			}
		}
	}
	return result, errTime
}

// limitCost ends an evaluation that costs more than maxCost. cel.CostLimit is no
// use here: it does not work beside cel.OptTrackState, and its time grows
// with the square of a list's length.
func limitCost() cel.ProgramOption {
	spent := 0
	return cel.CustomDecoratorV2(func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		if call, ok := i.(interpreter.InterpretableCall); ok {
			return &costly{call, &spent}, nil
		}
		return i, nil
	})
}

// costly is a call that has a cost. The macros call functions, too: a round of
// all() costs at least one.
type costly struct {
	interpreter.InterpretableCall
	spent *int
}

// Exec calls the function.
func (c *costly) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	result := c.InterpretableCall.Exec(frame)
	if *c.spent += c.cost(result); *c.spent > maxCost {
		panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: errCost.Error()})
	}
	return result
}

func (c *costly) cost(result ref.Val) int {
	switch c.Function() {
	case "json": // its parts are not made by calls
		room := maxText
		fits(result, &room)
		return 1 + (maxText-room)/4
	case "pod", "pods", "events", "logs":
		return readCost
	}
	switch t := result.(type) {
	case types.String:
		return 1 + len(t)/textCost
	case traits.Lister:
		if n, ok := t.Size().(types.Int); ok && c.Function() != operators.Add { // which copies no list
			return 1 + int(n)
		}
	}
	return 1
}

// bounded replaces the bindings of those string functions whose result may be much longer
// than what they are given: by the same functions, which first look how long the result
// would be.
func bounded() []cel.EnvOption {
	text, texts, number, all := cel.StringType, cel.ListType(cel.StringType), cel.IntType, types.Int(-1)
	return []cel.EnvOption{
		cel.Function("replace",
			cel.MemberOverload("string_replace_string_string", []*cel.Type{text, text, text}, text,
				cel.FunctionBinding(func(a ...ref.Val) ref.Val { return replace(a[0], a[1], a[2], all) })),
			cel.MemberOverload("string_replace_string_string_int", []*cel.Type{text, text, text, number}, text,
				cel.FunctionBinding(func(a ...ref.Val) ref.Val { return replace(a[0], a[1], a[2], a[3]) }))),
		cel.Function("join",
			cel.MemberOverload("list_join", []*cel.Type{texts}, text,
				cel.UnaryBinding(func(list ref.Val) ref.Val { return join(list, types.String("")) })),
			cel.MemberOverload("list_join_string", []*cel.Type{texts, text}, text, cel.BinaryBinding(join))),
		cel.Function("format",
			cel.MemberOverload("string_format", []*cel.Type{text, cel.ListType(cel.DynType)}, text, cel.BinaryBinding(format))),
	}
}

func tooLong(function string) ref.Val {
	return types.NewErr("%s(): expected a text of at most %d MiB, found a longer one", function, maxText>>20)
}

func replace(text, from, to, times ref.Val) ref.Val {
	s, old, by, n := string(text.(types.String)), string(from.(types.String)), string(to.(types.String)), int(times.(types.Int))
	found := strings.Count(s, old)
	if n >= 0 {
		found = min(found, n)
	}
	if len(s)+found*len(by) > maxText {
		return tooLong("replace")
	}
	return types.String(strings.Replace(s, old, by, n))
}

func join(list, separator ref.Val) ref.Val {
	texts, err := list.ConvertToNative(reflect.TypeFor[[]string]())
	if err != nil {
		return types.NewErr("join(): expected a list of texts, found %s", show(list))
	}
	items, by, length := texts.([]string), string(separator.(types.String)), 0
	for _, item := range items {
		length += len(item) + len(by)
	}
	if length > maxText {
		return tooLong("join")
	}
	return types.String(strings.Join(items, by))
}

func format(text, args ref.Val) ref.Val {
	room := maxText - len(text.(types.String))
	if !fits(args, &room) {
		return tooLong("format")
	}
	program, err := formatter()
	if err != nil {
		return types.WrapErr(err)
	}
	out, _, err := program.Eval(map[string]any{"text": text, "args": args})
	if err != nil {
		return types.WrapErr(err)
	}
	return out
}

// formatter is CEL's own format(), as a program.
var formatter = sync.OnceValues(func() (cel.Program, error) {
	env, err := cel.NewEnv(ext.Strings(), cel.Variable("text", cel.StringType), cel.Variable("args", cel.ListType(cel.DynType)))
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile("text.format(args)")
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	return env.Program(checked)
})

// fits reports whether a value has room when it is written out, each of its parts as
// often as it is in there.
func fits(v ref.Val, room *int) bool {
	*room--
	switch t := v.(type) {
	case types.String:
		*room -= len(t)
	case traits.Mapper:
		for it := t.Iterator(); *room >= 0 && it.HasNext() == types.True; {
			key := it.Next()
			_ = fits(key, room) && fits(t.Get(key), room)
		}
	case traits.Lister:
		for i := types.Int(0); *room >= 0 && i < t.Size().(types.Int); i++ {
			fits(t.Get(i), room)
		}
	}
	return *room >= 0
}
