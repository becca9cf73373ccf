package cognito_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// A token from the cache costs a few allocations and one that is verified many more, which is how the two are told
// apart here. The test counts them, so it does not run beside others.
func TestTokenCacheKeepsTheLatest(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	v := remote(t, srv, cognito.WithTokenCache(8))
	tokens := make([]string, 22)
	for i := range tokens {
		tokens[i] = accessOf(srv, cognitotest.TokenOptions{})
		_, err := v.VerifyAccessToken(t.Context(), tokens[i])
		require.NoError(t, err)
	}
	cached := func(raw string) bool {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := v.VerifyAccessToken(t.Context(), raw)
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		return after.Mallocs-before.Mallocs < 40 // it is about 15 or more than 60, and something may go on beside it
	}
	for _, raw := range tokens[len(tokens)-4:] {
		assert.True(t, cached(raw), "half of them at least are there")
	}
	for _, raw := range tokens[:8] {
		assert.False(t, cached(raw), "and no more than all of them")
	}
}
