package turns_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/internal/turns"
)

func TestTurns(t *testing.T) {
	t.Parallel()
	var all turns.Turns[int]
	require.NoError(t, all.Take(t.Context(), "a"))
	require.NoError(t, all.Take(t.Context(), "b"), "another key has another turn")
	all.Set("a", 1)
	assert.Equal(t, 1, all.Value("a"))
	assert.Equal(t, 0, all.Value("b"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, all.Take(ctx, "a"), context.Canceled)
	require.ErrorIs(t, all.Take(ctx, "free"), context.Canceled)
	all.Done("a")
	assert.Equal(t, 0, all.Value("a"))
	all.Done("b")

	var held, most atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := all.Take(t.Context(), "a"); err != nil {
				t.Error(err)
				return
			}
			if now := held.Add(1); now > most.Load() {
				most.Store(now)
			}
			runtime.Gosched()
			held.Add(-1)
			all.Done("a")
		})
	}
	wg.Wait()
	assert.Equal(t, int32(1), most.Load())
}
