package cognito

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// MemoryStore is a [TokenStore] in memory: for tests, and for sessions of one process that share their tokens.
// It is safe for concurrent use; printed or logged it shows no token. The zero MemoryStore is an empty one, and must not
// be copied once it is in use.
type MemoryStore struct {
	state *memoryState // behind a pointer, so that printing what holds the store shows an address; nil before its first use
}

type memoryState struct {
	lock chan struct{} // holds one element while it is locked

	mu     sync.Mutex // protects the field below
	tokens *Tokens    // a pointer for the same reason
}

var _ TokenLocker = (*MemoryStore)(nil)

// NewMemoryStore makes an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{} }

// made returns the state, which it makes if there is none yet.
func (m *MemoryStore) made() *memoryState {
	making.Lock()
	defer making.Unlock()
	if m.state == nil {
		m.state = &memoryState{lock: make(chan struct{}, 1), tokens: &Tokens{}}
	}
	return m.state
}

// making protects the field state of all stores: a mutex of each could not be copied, as printing a store does.
var making sync.Mutex

// Load returns the tokens; the zero Tokens when there are none.
func (m *MemoryStore) Load(context.Context) (Tokens, error) {
	state := m.made()
	state.mu.Lock()
	defer state.mu.Unlock()
	return *state.tokens, nil
}

// Save keeps t in place of what there was.
func (m *MemoryStore) Save(_ context.Context, t Tokens) error {
	state := m.made()
	state.mu.Lock()
	defer state.mu.Unlock()
	state.tokens = &t
	return nil
}

// Delete forgets the tokens.
func (m *MemoryStore) Delete(ctx context.Context) error { return m.Save(ctx, Tokens{}) }

// Lock waits for the lock that renewals of several sessions take; see [TokenLocker].
func (m *MemoryStore) Lock(ctx context.Context) (unlock func(), err error) {
	lock := m.made().lock
	select {
	case lock <- struct{}{}:
		return sync.OnceFunc(func() { <-lock }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Format prints the type's name, whatever the verb.
func (m MemoryStore) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "MemoryStore{}") }

// LogValue logs the type's name.
func (m MemoryStore) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }
