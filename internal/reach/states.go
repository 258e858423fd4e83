package reach

import "sync"

// states are the last states of objects, by name. Each has its own channel to wait for the
// next one: of thousands, only those who wait for it wake.
type states[T any] struct {
	mu sync.Mutex
	by map[string]*state[T]
}

type state[T any] struct {
	last    *T
	changed chan struct{}
}

// get returns the last state, or nil where there is none yet, and a channel that is closed
// at the next one.
func (s *states[T]) get(name string) (last *T, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of(name)
	return of.last, of.changed
}

// next is the channel of get, for waits.
func (s *states[T]) next(name string) func() <-chan struct{} {
	return func() <-chan struct{} {
		_, changed := s.get(name)
		return changed
	}
}

func (s *states[T]) set(name string, now *T) {
	s.change(name, func(*T) *T { return now })
}

// change makes the next state of the last one, which may be nil.
func (s *states[T]) change(name string, next func(last *T) *T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of(name)
	of.last = next(of.last)
	of.wake()
}

// wake has all look again who wait for a state.
func (s *states[T]) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range s.by {
		of.wake()
	}
}

// wake needs the lock.
func (of *state[T]) wake() {
	close(of.changed)
	of.changed = make(chan struct{})
}

// of needs the lock.
func (s *states[T]) of(name string) *state[T] {
	if s.by == nil {
		s.by = map[string]*state[T]{}
	}
	if s.by[name] == nil {
		s.by[name] = &state[T]{changed: make(chan struct{})}
	}
	return s.by[name]
}
