// Package flight runs work that several callers wait for, each no longer than its own context allows.
//
// Work runs in a goroutine of its own, so that a caller who gives up does not end it. A panic in the work
// reaches the callers who wait, never the process, and work that ends with runtime.Goexit leaves nobody waiting.
package flight

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// ErrExited is returned for work that ended with runtime.Goexit.
var ErrExited = errors.New("the work was ended by runtime.Goexit")

// PanicError is what a caller panics with when the work panicked.
type PanicError struct {
	// Value is what the work panicked with.
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

// call is one piece of work under way.
type call[V any] struct {
	done     chan struct{} // closed when the fields below are set
	value    V
	err      error
	panicked *PanicError

	cancel   context.CancelFunc // of the work's context
	waiting  int                // the callers; protected by the group's mutex, and so is canceled
	canceled bool               // all callers gave up before the work had ended
}

// run does the work, records how it ended, and calls ended before anybody learns of it.
func (c *call[V]) run(work func() (V, error), ended func()) {
	returned := false
	defer func() { // it runs after runtime.Goexit, too
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

// result returns what the work returned, or panics as it did.
func (c *call[V]) result() (V, error) {
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.value, c.err
}

// Run does work in a goroutine of its own and waits for it until ctx is done. It then returns ctx's error; the
// work goes on, and what it returns or panics with is dropped.
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

// Group runs one piece of work per key at a time and gives all callers of that key its result. The zero Group is
// ready for use, and safe for concurrent use.
type Group[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*call[V]
}

// Do returns what work returns, or what work of the same key that is under way already does; joined tells which.
// It waits until ctx is done, and then returns ctx's error. The work's context has the values of the first
// caller's. It is canceled only when no caller waits any more: work that must not be interrupted from some point
// on uses context.WithoutCancel from there. Until the work has ended nobody else begins with the same key. Who comes
// after the work was canceled, and before it has ended, does not get its error but begins anew.
func (g *Group[K, V]) Do(ctx context.Context, key K, work func(context.Context) (V, error)) (v V, joined bool, err error) {
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

// join adds a caller to the work of key, and begins it if it is not under way. canceled reports whether it was
// canceled before.
func (g *Group[K, V]) join(ctx context.Context, key K, work func(context.Context) (V, error)) (c *call[V], joined, canceled bool) {
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
		// The key is free before anybody learns the result, so that whoever tries again begins anew.
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

// leave ends a caller's wait. The last one takes the work with it, as far as that still can be stopped.
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

// Locks is a set of locks by key. The zero Locks is ready for use, and safe for concurrent use. It keeps nothing
// for a key that nobody holds or waits for.
type Locks[K comparable] struct {
	mu   sync.Mutex
	held map[K]*lock
}

type lock struct {
	token chan struct{} // holds one element while the lock is free
	users int           // who hold it or wait for it
}

// Lock waits for the lock of key until ctx is done, and then returns ctx's error. unlock may be called more than
// once.
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
