// Package flight runs work that several callers wait for, each no longer than its own context
// allows.
//
// Work runs in its own goroutine, so that a caller that gives up does not end it. A panic in the
// work reaches the waiting callers, never the process. Work that ends with runtime.Goexit returns
// [ErrExited] to them.
package flight

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// ErrExited is the error for work that ended with runtime.Goexit.
var ErrExited = errors.New("the work was ended by runtime.Goexit")

// PanicError is the value that a caller panics with if the work panicked.
type PanicError struct {
	// Value is the value that the work panicked with.
	Value any
	// Stack is the stack of the work's goroutine.
	Stack []byte
}

// Error returns the value and the stack of the work's goroutine.
func (p *PanicError) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// Unwrap returns the value if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// call is one piece of work in progress.
type call[V any] struct {
	done     chan struct{} // closed when the fields below are set
	value    V
	err      error
	panicked *PanicError

	cancel   context.CancelFunc // of the work's context
	waiting  int                // the callers; protected by the group's mutex, and so is canceled
	canceled bool               // all callers gave up before the work had ended
}

// run does the work and records its outcome. It calls ended before any caller gets the outcome.
func (c *call[V]) run(work func() (V, error), ended func()) {
	returned := false
	defer func() { // runs after runtime.Goexit, too
		if !returned {
			if value := recover(); value != nil {
				c.panicked = &PanicError{Value: value, Stack: debug.Stack()}
			} else {
				c.err = ErrExited
			}
		}
		ended()
		close(c.done)
	}()
	c.value, c.err = work()
	returned = true
}

// result returns the result of the work, or panics if the work panicked.
func (c *call[V]) result() (V, error) {
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.value, c.err
}

// Run does work in its own goroutine and waits for it until ctx is done. It then returns ctx's
// error. The work continues, and its result or panic is dropped.
func Run[V any](ctx context.Context, work func() (V, error)) (V, error) {
	c := &call[V]{done: make(chan struct{})}
	go c.run(work, func() {})
	select {
	case <-c.done:
		return c.result()
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// Go does work in its own goroutine. Nobody waits for it, and its panic is dropped.
func Go(work func()) {
	c := &call[struct{}]{done: make(chan struct{})}
	go c.run(func() (struct{}, error) {
		work()
		return struct{}{}, nil
	}, func() {})
}

// Group runs at most one piece of work per key at a time, and returns its result to all callers
// with that key. The zero Group is ready to use. A Group is safe for concurrent use.
type Group[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*call[V]
}

// Do returns the result of work, or of the work with the same key that is already in progress.
// joined reports which. Do waits until ctx is done, and then returns ctx's error.
//
// The context of the work has the values of the first caller's context. It is canceled only when no
// caller waits any longer. Work that must not be interrupted from some point on uses
// context.WithoutCancel from there. No other work starts with the same key until the work has
// ended. A caller that arrives after the work was canceled, but before it has ended, does not get
// its error; it starts new work.
func (g *Group[K, V]) Do(
	ctx context.Context, key K, work func(context.Context) (V, error),
) (v V, joined bool, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return v, false, err
		}
		c, joined, canceled := g.join(ctx, key, work)
		v, err := g.wait(ctx, c)
		if !canceled || !errors.Is(err, context.Canceled) || ctx.Err() != nil {
			return v, joined, err
		}
	}
}

// join adds a caller to the work with key, and starts the work if it is not in progress. canceled
// reports whether it had been canceled before.
func (g *Group[K, V]) join(
	ctx context.Context, key K, work func(context.Context) (V, error),
) (c *call[V], joined, canceled bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, joined = g.calls[key]
	canceled = joined && c.canceled
	if !joined {
		c = &call[V]{done: make(chan struct{})}
		if g.calls == nil {
			g.calls = map[K]*call[V]{}
		}
		g.calls[key] = c
		var detached context.Context
		detached, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
		// The key is free before any caller gets the result, so that a caller that retries starts
		// new work.
		go c.run(func() (V, error) { return work(detached) }, func() {
			c.cancel()
			g.forget(key)
		})
	}
	c.waiting++
	return c, joined, canceled
}

// wait waits for the work until ctx is done.
func (g *Group[K, V]) wait(ctx context.Context, c *call[V]) (V, error) {
	defer g.leave(c)
	select {
	case <-c.done:
		return c.result()
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// leave ends a caller's wait. The last caller cancels the work.
func (g *Group[K, V]) leave(c *call[V]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c.waiting--; c.waiting == 0 {
		c.canceled = true
		c.cancel()
	}
}

func (g *Group[K, V]) forget(key K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.calls, key)
}

// Locks is a set of locks by key. The zero Locks is ready to use. Locks is safe for concurrent use.
// It keeps no memory for a key that nobody holds or waits for.
type Locks[K comparable] struct {
	mu   sync.Mutex
	held map[K]*lock
}

type lock struct {
	token chan struct{} // has one element while the lock is free
	users int           // number of holders and waiters
}

// Lock waits for the lock of key until ctx is done, and then returns ctx's error. unlock releases
// the lock; further calls have no effect.
func (l *Locks[K]) Lock(ctx context.Context, key K) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	k := l.held[key]
	if k == nil {
		k = &lock{token: make(chan struct{}, 1)}
		k.token <- struct{}{}
		if l.held == nil {
			l.held = map[K]*lock{}
		}
		l.held[key] = k
	}
	k.users++
	l.mu.Unlock()

	select {
	case <-k.token:
		return sync.OnceFunc(func() {
			k.token <- struct{}{}
			l.leave(key, k)
		}), nil
	case <-ctx.Done():
		l.leave(key, k)
		return nil, ctx.Err()
	}
}

func (l *Locks[K]) leave(key K, k *lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.held, key)
	}
}
