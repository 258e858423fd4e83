package expect

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// objects are the functions that read objects: without Objects they are only declared.
type objects struct {
	ctx  context.Context
	from Objects
	// reading: an evaluation waits for the cluster.
	reading atomic.Bool
}

func (o *objects) functions() []cel.EnvOption {
	one := func(name string, result *cel.Type, read func(string) (any, error)) cel.EnvOption {
		return o.function(name, 1, result, func(args []string) (any, error) { return read(args[0]) })
	}
	return []cel.EnvOption{
		one("pod", cel.DynType, func(name string) (any, error) { return o.from.Pod(o.ctx, name) }),
		one("pods", cel.ListType(cel.DynType), func(selector string) (any, error) { return o.from.Pods(o.ctx, selector) }),
		one("added", cel.ListType(cel.StringType), func(name string) (any, error) { return o.from.Added(o.ctx, name) }),
		one("events", cel.ListType(cel.DynType), func(name string) (any, error) { return o.from.Events(o.ctx, name) }),
		o.function("logs", 2, cel.StringType, func(args []string) (any, error) { return o.from.Logs(o.ctx, args[0], args[1]) }),
	}
}

// function declares a function of n texts.
func (o *objects) function(name string, n int, result *cel.Type, read func([]string) (any, error)) cel.EnvOption {
	params := make([]*cel.Type, n)
	id := name
	for i := range params {
		params[i] = cel.StringType
		id += "_string"
	}
	var binding []cel.OverloadOpt
	if o.from != nil {
		binding = append(binding, cel.FunctionBinding(func(args ...ref.Val) ref.Val {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = fmt.Sprint(a.Value())
			}
			o.reading.Store(true)
			defer o.reading.Store(false)
			value, err := read(texts)
			if err != nil {
				return types.NewErr("%s(%q): %v", name, texts, err)
			}
			return types.DefaultTypeAdapter.NativeToValue(value)
		}))
	}
	return cel.Function(name, cel.Overload(id, params, result, binding...))
}
