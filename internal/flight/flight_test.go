package flight_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/internal/flight"
)

var errBroken = errors.New("broken")

func TestGroupSharesOnePieceOfWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		var runs atomic.Int32
		release := make(chan struct{})
		work := func(context.Context) (int, error) {
			runs.Add(1)
			<-release
			return 7, nil
		}
		var callers sync.WaitGroup
		var joined atomic.Int32
		errs := make([]error, 100)
		for i := range errs {
			callers.Go(func() {
				v, j, err := group.Do(t.Context(), "a", work)
				if j {
					joined.Add(1)
				}
				errs[i] = err
				assert.Equal(t, 7, v)
			})
		}
		synctest.Wait()
		close(release)
		callers.Wait()
		require.NoError(t, errors.Join(errs...))
		assert.EqualValues(t, 1, runs.Load())
		assert.EqualValues(t, 99, joined.Load())

		_, again, err := group.Do(t.Context(), "a", work)
		require.NoError(t, err)
		assert.False(t, again)
		assert.EqualValues(t, 2, runs.Load())
	})
}

func TestGroupKeysAreIndependent(t *testing.T) {
	t.Parallel()
	var group flight.Group[int, int]
	v, _, err := group.Do(t.Context(), 1, func(ctx context.Context) (int, error) {
		v, joined, err := group.Do(ctx, 2, func(context.Context) (int, error) { return 2, nil })
		assert.False(t, joined)
		return v + 1, err
	})
	require.NoError(t, err)
	assert.Equal(t, 3, v)
}

// A caller waits no longer than its own context. The work continues while any caller waits.
func TestGroupCallersGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, string]
		release := make(chan struct{})
		work := func(ctx context.Context) (string, error) {
			select {
			case <-release:
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var second error
		var callers sync.WaitGroup
		callers.Go(func() {
			_, _, err := group.Do(short, "a", work)
			assert.True(t, errors.Is(err, context.DeadlineExceeded)) //nolint:testifylint // in a goroutine of its own
		})
		synctest.Wait()
		callers.Go(func() {
			v, joined, err := group.Do(t.Context(), "a", work)
			assert.True(t, joined)
			second = err
			assert.Equal(t, "done", v)
		})
		time.Sleep(2 * time.Second) // fake time: the first caller gives up
		synctest.Wait()
		close(release)
		callers.Wait()
		require.NoError(t, second)
	})
}

// When the last caller gives up, the work's context is canceled. No new work starts until it has
// ended.
func TestGroupLastCallerCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := group.Do(ctx, "a", func(ctx context.Context) (int, error) {
			<-ctx.Done()
			time.Sleep(time.Minute) // slow to stop
			return 0, ctx.Err()
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		began := time.Now()
		v, joined, err := group.Do(t.Context(), "a", func(context.Context) (int, error) { return 5, nil })
		require.NoError(t, err, "the error of work that others gave up is not this caller's")
		assert.False(t, joined)
		assert.Equal(t, 5, v)
		assert.Equal(t, time.Minute, time.Since(began), "it begins when the other work has ended")
	})
}

func TestGroupWithAContextThatIsOver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var group flight.Group[string, int]
	_, _, err := group.Do(ctx, "a", func(context.Context) (int, error) {
		t.Error("the work was started")
		return 0, nil
	})
	assert.ErrorIs(t, err, context.Canceled)
}

type contextKey struct{}

func TestGroupWorkHasTheValuesOfItsCaller(t *testing.T) {
	t.Parallel()
	var group flight.Group[string, any]
	v, _, err := group.Do(context.WithValue(t.Context(), contextKey{}, "trace"), "a", func(ctx context.Context) (any, error) {
		return ctx.Value(contextKey{}), nil
	})
	require.NoError(t, err)
	assert.Equal(t, "trace", v)
}

func TestPanicsReachEveryCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		release := make(chan struct{})
		var callers sync.WaitGroup
		var panics atomic.Int32
		for range 3 {
			callers.Go(func() {
				defer func() {
					var p *flight.PanicError
					if err, ok := recover().(error); assert.True(t, ok) && assert.ErrorAs(t, err, &p) {
						assert.True(t, errors.Is(err, errBroken)) //nolint:testifylint // in a goroutine of its own
						assert.Contains(t, err.Error(), "broken")
						assert.NotEmpty(t, p.Stack)
						panics.Add(1)
					}
				}()
				_, _, _ = group.Do(t.Context(), "a", func(context.Context) (int, error) {
					<-release
					panic(errBroken)
				})
			})
		}
		synctest.Wait()
		close(release)
		callers.Wait()
		assert.EqualValues(t, 3, panics.Load())
	})
}

func TestPanicAfterTheLastCallerGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := flight.Run(ctx, func() (int, error) {
			time.Sleep(time.Minute)
			panic("nobody waits for this")
		})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(2 * time.Minute)
	})
}

func TestGoDropsAPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(*testing.T) {
		flight.Go(func() { panic("nobody waits for this") })
		synctest.Wait()
		flight.Go(runtime.Goexit)
		synctest.Wait()
	})
}

func TestGoexitLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	var group flight.Group[string, int]
	_, _, err := group.Do(t.Context(), "a", func(context.Context) (int, error) {
		runtime.Goexit()
		return 0, nil
	})
	require.ErrorIs(t, err, flight.ErrExited)
	_, err = flight.Run(t.Context(), func() (int, error) {
		runtime.Goexit()
		return 0, nil
	})
	assert.ErrorIs(t, err, flight.ErrExited)
}

func TestRun(t *testing.T) {
	t.Parallel()
	v, err := flight.Run(t.Context(), func() (int, error) { return 3, errBroken })
	require.ErrorIs(t, err, errBroken)
	assert.Equal(t, 3, v)
}

func TestLocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var locks flight.Locks[string]
		held, err := locks.Lock(t.Context(), "a")
		require.NoError(t, err)
		other, err := locks.Lock(t.Context(), "b")
		require.NoError(t, err, "another key is another lock")
		other()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = locks.Lock(ctx, "a")
		require.ErrorIs(t, err, context.DeadlineExceeded)

		got := make(chan struct{})
		go func() {
			unlock, err := locks.Lock(t.Context(), "a")
			assert.NoError(t, err)
			unlock()
			close(got)
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Error("two hold the lock")
		default:
		}
		held()
		held() // a second call does not release another holder's lock
		<-got

		over, end := context.WithCancel(t.Context())
		end()
		_, err = locks.Lock(over, "a")
		assert.ErrorIs(t, err, context.Canceled, "a context that is over gets no lock, even a free one")
	})
}

func TestLocksExclude(t *testing.T) {
	t.Parallel()
	var locks flight.Locks[int]
	var workers sync.WaitGroup
	counters := make([]int, 3) // the race detector watches them
	for i := range 300 {
		workers.Go(func() {
			unlock, err := locks.Lock(t.Context(), i%3)
			if assert.NoError(t, err) {
				counters[i%3]++
				unlock()
			}
		})
	}
	workers.Wait()
	assert.Equal(t, []int{100, 100, 100}, counters)
}

// A key that nobody holds or waits for costs no memory, also after a wait that was given up.
func TestLocksKeepNoKeys(t *testing.T) {
	t.Parallel()
	var locks flight.Locks[int]
	kept := func() int { return reflect.ValueOf(&locks).Elem().FieldByName("held").Len() }
	for key := range 100 {
		unlock, err := locks.Lock(t.Context(), key)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if key%10 == 0 {
			_, err = locks.Lock(ctx, key)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		cancel()
		require.Equal(t, 1, kept())
		unlock()
	}
	assert.Zero(t, kept())
}

// A caller who has its result and comes again does not join the work that has ended.
func TestGroupFreesTheKeyBeforeTheResult(t *testing.T) {
	t.Parallel()
	var g flight.Group[string, int]
	for i := range 20_000 {
		v, joined, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return i, nil })
		require.NoError(t, err)
		require.False(t, joined)
		require.Equal(t, i, v)
	}
}
