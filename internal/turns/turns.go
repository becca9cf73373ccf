// Package turns makes the goroutines of a process take turns, by key.
package turns

import (
	"context"
	"sync"
)

// Turns has one turn at a time for each key, and a value that who has the turn may set. The zero Turns
// is ready to use. It keeps nothing for keys that nobody uses.
type Turns[V any] struct {
	mu   sync.Mutex
	keys map[string]*turn[V]
}

type turn[V any] struct {
	taken chan struct{} // of capacity 1, full while somebody has the turn
	users int           // who have the turn or wait for it
	value V
}

// Take waits, at most until ctx is done, for the turn of key.
func (t *Turns[V]) Take(ctx context.Context, key string) error {
	t.mu.Lock()
	if t.keys == nil {
		t.keys = map[string]*turn[V]{}
	}
	k := t.keys[key]
	if k == nil {
		k = &turn[V]{taken: make(chan struct{}, 1)}
		t.keys[key] = k
	}
	k.users++
	t.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		select {
		case k.taken <- struct{}{}:
			return nil
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leave(key, k)
	return err
}

// Set sets the value of key, whose turn the caller has.
func (t *Turns[V]) Set(key string, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys[key].value = v
}

// Value returns the value that the one who has the turn of key has set, or the zero V.
func (t *Turns[V]) Value(key string) (v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := t.keys[key]; k != nil {
		v = k.value
	}
	return v
}

// Done ends the turn of key and forgets its value.
func (t *Turns[V]) Done(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.keys[key]
	var none V
	k.value = none
	<-k.taken
	t.leave(key, k)
}

// leave counts out one user of k; the caller holds mu.
func (t *Turns[V]) leave(key string, k *turn[V]) {
	if k.users--; k.users == 0 {
		delete(t.keys, key)
	}
}
