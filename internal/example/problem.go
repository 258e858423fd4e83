package example

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Position is a line and a column of a file, both counted from 1; the column in
// characters. They are 0 where no line can be named.
type Position struct {
	File         string
	Line, Column int
}

func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Problem is something wrong in an example's files.
type Problem struct {
	Position
	Text string
}

func (p Problem) Error() string {
	if p.File == "" {
		return p.Text
	}
	return p.String() + ": " + p.Text
}

// Problems are all that is wrong with an example, in the order of its files.
type Problems []Problem

// problemsShown is how many problems an error's text holds: whoever fixes those may
// well have fixed the others.
const problemsShown = 20

// Error is a line for each problem.
func (ps Problems) Error() string {
	var lines []string
	for _, p := range ps[:min(len(ps), problemsShown)] {
		lines = append(lines, p.Error())
	}
	if more := len(ps) - problemsShown; more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// Join makes one error of several; nil where there is none. Its problems are
// sorted by position, and one that is reported twice is there once.
func Join(errs ...error) error {
	var all Problems
	for _, err := range errs {
		all = append(all, problemsOf(err)...)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(all)
}

func problemsOf(err error) Problems {
	var several Problems
	var one Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &several):
		return several
	case errors.As(err, &one):
		return Problems{one}
	default:
		return Problems{{Text: err.Error()}}
	}
}
