package backoff_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/internal/backoff"
)

var errBroken = errors.New("broken")

func TestWaitsGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var table backoff.Table[string]
		policy := backoff.Policy{First: time.Second, Max: 10 * time.Second}
		now := time.Now()
		for _, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
			table.Failed("a", errBroken, policy, now)
			wait, err := table.Recent("a", now)
			require.ErrorIs(t, err, errBroken)
			assert.Equal(t, want*time.Second, wait)
			wait, err = table.Recent("b", now)
			require.NoError(t, err)
			assert.Zero(t, wait)
			now = now.Add(want * time.Second)
			_, err = table.Recent("a", now)
			require.NoError(t, err, "the wait is over")
		}
		table.Clear("a")
		table.Failed("a", errBroken, policy, now)
		wait, _ := table.Recent("a", now)
		assert.Equal(t, time.Second, wait, "it begins anew after a success")
	})
}

// Old failures are forgotten.
func TestFailuresAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var table backoff.Table[string]
		policy := backoff.Policy{First: time.Second, Max: 10 * time.Second}
		now := time.Now()
		for range 3 {
			table.Failed("a", errBroken, policy, now)
		}
		wait, _ := table.Recent("a", now)
		require.Equal(t, 4*time.Second, wait)
		for _, step := range []struct {
			quiet, want time.Duration
		}{{10 * time.Second, 8 * time.Second}, {10*time.Second + 1, time.Second}} {
			now = now.Add(wait + step.quiet)
			table.Failed("a", errBroken, policy, now)
			wait, _ = table.Recent("a", now)
			assert.Equal(t, step.want, wait)
		}
	})
}

func TestJitterOnlyAdds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for range 100 {
			var table backoff.Table[int]
			table.Failed(1, errBroken, backoff.Policy{First: time.Second, Max: time.Minute, Jitter: 0.5}, now)
			wait, _ := table.Recent(1, now)
			assert.GreaterOrEqual(t, wait, time.Second)
			assert.LessOrEqual(t, wait, 1500*time.Millisecond)
		}
	})
}

// A caller's clock may stand still, as in tests, or be set back. The wait also ends by this
// machine's clock.
func TestWaitEndsByEitherClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var table backoff.Table[int]
		still := time.Unix(0, 0)
		table.Failed(1, errBroken, backoff.Policy{First: time.Second, Max: time.Second}, still)
		time.Sleep(time.Second) // fake time
		_, err := table.Recent(1, still)
		require.NoError(t, err)
	})
}

func TestTableIsBounded(t *testing.T) {
	t.Parallel()
	var table backoff.Table[int]
	now := time.Now()
	for i := range 30_000 {
		table.Failed(i, errBroken, backoff.Policy{First: time.Hour, Max: time.Hour}, now)
	}
	kept := 0
	for i := range 30_000 {
		if _, err := table.Recent(i, now); err != nil {
			kept++
		}
	}
	assert.Equal(t, 10_000, kept)
}

func TestWaitsStayAtTheirLongest(t *testing.T) {
	t.Parallel()
	var table backoff.Table[int]
	now := time.Now()
	for range 100 {
		table.Failed(1, errBroken, backoff.Policy{First: 30 * time.Second, Max: 30 * time.Minute}, now)
	}
	wait, err := table.Recent(1, now)
	require.ErrorIs(t, err, errBroken)
	assert.Greater(t, wait, 29*time.Minute)
}

// What is removed to make room is a wait that is over, as long as most of them are.
func TestTableKeepsWaitsThatGoOn(t *testing.T) {
	t.Parallel()
	var table backoff.Table[int]
	now := time.Now()
	for i := range 10 {
		table.Failed(i, errBroken, backoff.Policy{First: time.Hour, Max: time.Hour}, now)
	}
	for i := range 30_000 {
		table.Failed(10+i, errBroken, backoff.Policy{First: time.Nanosecond, Max: time.Nanosecond}, now.Add(-time.Second))
	}
	for i := range 10 {
		_, err := table.Recent(i, now)
		require.ErrorIs(t, err, errBroken)
	}
}
