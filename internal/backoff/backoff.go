// Package backoff remembers recent failures, so that callers do not retry at once.
package backoff

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// Policy determines how long to wait after a failure: First after the first failure, and twice as
// long after each further one, but at most Max. A random share of the wait, at most Jitter (0 to
// 1), is added.
type Policy struct {
	First, Max time.Duration
	Jitter     float64
}

// limit is the maximum number of keys in a Table.
const limit = 10_000

// Table remembers failures by key. The zero Table is ready to use. A Table is safe for concurrent
// use.
type Table[K comparable] struct {
	mu      sync.Mutex
	entries map[K]*entry
}

type entry struct {
	err      error
	failures map[Policy]int
	until    time.Time // by the caller's clock
	elapsed  time.Time // the same time by this machine's clock; a caller's clock may stand still
}

func (e *entry) left(now time.Time) time.Duration {
	return min(e.until.Sub(now), time.Until(e.elapsed))
}

// Recent returns how long to wait before key is tried again, and the error of its last failure. It
// returns zero and nil if there was no failure or the wait is over. now is the time by the caller's
// clock.
func (t *Table[K]) Recent(key K, now time.Time) (wait time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[key]
	if e == nil || e.left(now) <= 0 {
		return 0, nil
	}
	return e.left(now), e.err
}

// Failed records that key failed with err, and starts the wait that policy determines. Only earlier
// failures with the same policy make the wait longer: a rejection after an outage is the first
// rejection. They are forgotten if policy.Max has passed since the last wait ended.
func (t *Table[K]) Failed(key K, err error, policy Policy, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[key]
	if e == nil {
		t.makeRoom(now)
		e = &entry{failures: map[Policy]int{}}
		if t.entries == nil {
			t.entries = map[K]*entry{}
		}
		t.entries[key] = e
	}
	if e.failures[policy] > 0 && e.left(now) < -policy.Max {
		delete(e.failures, policy)
	}
	wait := policy.First
	for doubled := 0; doubled < e.failures[policy] && wait < policy.Max; doubled++ {
		wait *= 2
	}
	wait = min(wait, policy.Max)
	//nolint:gosec // jitter spreads load and protects nothing
	wait += time.Duration(rand.Float64() * policy.Jitter * float64(wait))
	e.failures[policy]++
	e.err, e.until, e.elapsed = err, now.Add(wait), time.Now().Add(wait)
}

// Clear forgets the failures of key.
func (t *Table[K]) Clear(key K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.entries, key)
}

// ClearFunc forgets the failures of the keys that failed last with an error for which is returns
// true.
func (t *Table[K]) ClearFunc(is func(error) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.entries, func(_ K, e *entry) bool { return is(e.err) })
}

// makeRoom removes an entry if the table is full. It looks at a few entries and prefers one whose
// wait is over.
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
