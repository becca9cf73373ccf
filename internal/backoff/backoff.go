// Package backoff remembers what failed a moment ago, so that it is not tried again at once.
package backoff

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Policy says how long to wait after a failure: First after the first one, twice as long after each further one,
// and never longer than Max. A share of Jitter, 0 to 1, is added at random.
type Policy struct {
	First, Max time.Duration
	Jitter     float64
}

// limit bounds how many keys a Table keeps.
const limit = 10_000

// Table remembers failures by key. The zero Table is ready for use, and safe for concurrent use.
type Table[K comparable] struct {
	mu      sync.Mutex
	entries map[K]*entry
}

type entry struct {
	err      error
	failures int
	until    time.Time // by the caller's clock
	elapsed  time.Time // the same moment by this machine's clock, which goes on where a caller's stands still
}

func (e *entry) left(now time.Time) time.Duration {
	return min(e.until.Sub(now), time.Until(e.elapsed))
}

// Recent returns how long to wait before key is tried again, and how it failed last. It returns zero and nil when
// nothing failed or the wait is over. now is the caller's clock.
func (t *Table[K]) Recent(key K, now time.Time) (wait time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[key]
	if e == nil || e.left(now) <= 0 {
		return 0, nil
	}
	return e.left(now), e.err
}

// Failed records that key failed with err, and begins the wait of policy. Failures that nothing has followed for
// policy.Max since their wait ended are forgotten.
func (t *Table[K]) Failed(key K, err error, policy Policy, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[key]
	if e == nil {
		t.makeRoom(now)
		e = &entry{}
		if t.entries == nil {
			t.entries = map[K]*entry{}
		}
		t.entries[key] = e
	}
	if e.failures > 0 && e.left(now) < -policy.Max {
		e.failures = 0
	}
	wait := policy.First
	for doubled := 0; doubled < e.failures && wait < policy.Max; doubled++ {
		wait *= 2
	}
	wait = min(wait, policy.Max)
	wait += time.Duration(rand.Float64() * policy.Jitter * float64(wait)) //nolint:gosec // it spreads load and protects nothing
	e.err, e.failures, e.until, e.elapsed = err, e.failures+1, now.Add(wait), time.Now().Add(wait)
}

// Clear forgets the failures of key.
func (t *Table[K]) Clear(key K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.entries, key)
}

// makeRoom drops an entry when the table is full: of a few it looks at, one whose wait is over if there is one.
func (t *Table[K]) makeRoom(now time.Time) {
	if len(t.entries) < limit {
		return
	}
	const looks = 16
	seen := 0
	for key, e := range t.entries {
		if seen++; seen == looks || e.left(now) <= 0 {
			delete(t.entries, key)
			return
		}
	}
}
