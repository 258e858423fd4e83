package expect

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// evaluation is one evaluation of an expression: its functions read the facts.
type evaluation struct {
	Facts
	ctx context.Context
	// reading: it waits for the cluster.
	reading atomic.Bool
	// found are the differences between the page and what happened.
	found []Difference
}

// functions declares the functions that read the facts.
func (e *evaluation) functions() []cel.EnvOption {
	of := e.Objects
	return []cel.EnvOption{
		e.objects("pod", 1, cel.DynType, func(a []string) (any, error) { return of.Pod(e.ctx, a[0]) }),
		e.objects("pods", 1, cel.ListType(cel.DynType), func(a []string) (any, error) { return of.Pods(e.ctx, a[0]) }),
		e.objects("added", 1, cel.ListType(cel.StringType), func(a []string) (any, error) { return of.Added(e.ctx, a[0]) }),
		e.objects("events", 1, cel.ListType(cel.DynType), func(a []string) (any, error) { return of.Events(e.ctx, a[0]) }),
		e.objects("logs", 2, cel.StringType, func(a []string) (any, error) { return of.Logs(e.ctx, a[0], a[1]) }),
		ofTexts("file", 1, cel.StringType, e.file),
		ofTexts("shown", 1, cel.BoolType, e.shown),
		ofTexts("bound", 1, cel.StringType, e.bound),
	}
}

// objects declares a function of n texts that reads objects.
func (e *evaluation) objects(name string, n int, result *cel.Type, read func([]string) (any, error)) cel.EnvOption {
	return ofTexts(name, n, result, func(args []string) (any, error) {
		if e.Objects == nil {
			return nil, fmt.Errorf("%s(%q): there is no cluster", name, args)
		}
		e.reading.Store(true)
		defer e.reading.Store(false)
		value, err := read(args)
		if err != nil {
			return nil, fmt.Errorf("%s(%q): %w", name, args, err)
		}
		return value, nil
	})
}

// ofTexts declares a function of n texts.
func ofTexts(name string, n int, result *cel.Type, read func([]string) (any, error)) cel.EnvOption {
	params := make([]*cel.Type, n)
	id := name
	for i := range params {
		params[i] = cel.StringType
		id += "_string"
	}
	return cel.Function(name, cel.Overload(id, params, result, cel.FunctionBinding(func(args ...ref.Val) ref.Val {
		texts := make([]string, len(args))
		for i, a := range args {
			texts[i] = fmt.Sprint(a.Value())
		}
		value, err := read(texts)
		if err != nil {
			return types.WrapErr(err)
		}
		return types.DefaultTypeAdapter.NativeToValue(value)
	})))
}

func (e *evaluation) file(args []string) (any, error) {
	text, ok := e.Texts[args[0]]
	if !ok {
		return nil, fmt.Errorf("file(%q): expected the name of a file beside the example, in quotes", args[0])
	}
	return text, nil
}
