package cognito_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// isCached verifies a token and reports whether it came from the cache. That costs a few
// allocations and one that is verified many more, which is how the two are told apart. It counts
// them, so its tests do not run beside others.
func isCached(t *testing.T, v *cognito.Verifier, raw string) bool {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := v.VerifyAccessToken(t.Context(), raw)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	return after.Mallocs-before.Mallocs < 40 // it is about 15 or more than 60, and something may go on beside it
}

func TestTokenCacheKeepsTheLatest(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	v := remote(t, srv, cognito.WithTokenCache(8))
	tokens := make([]string, 22)
	for i := range tokens {
		tokens[i] = accessOf(srv, cognitotest.TokenOptions{})
		_, err := v.VerifyAccessToken(t.Context(), tokens[i])
		require.NoError(t, err)
	}
	for _, raw := range tokens[len(tokens)-4:] {
		assert.True(t, isCached(t, v, raw), "half of them at least are there")
	}
	for _, raw := range tokens[:8] {
		assert.False(t, isCached(t, v, raw), "and no more than all of them")
	}
}

// The cache is bounded by the size of its tokens, too: one of 8 has room for 16 kB of them, half in
// each generation.
func TestTokenCacheBoundsItsMemory(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	token := func(size int) string {
		return accessOf(srv, cognitotest.TokenOptions{Claims: map[string]any{"custom:x": strings.Repeat("x", size)}})
	}
	for name, tt := range map[string]struct {
		size   int   // of the cache
		tokens []int // sizes of a claim
		cached map[int]bool
	}{
		"two large ones":             {8, []int{3000, 3000, 3000, 3000}, map[int]bool{3: true, 1: false}},
		"one too large for all":      {8, []int{10, 10, 8000}, map[int]bool{0: true, 1: true, 2: false}},
		"many small ones":            {8, []int{10, 10, 10, 10}, map[int]bool{0: true, 3: true}},
		"one":                        {1, []int{10, 10}, map[int]bool{0: false}},
		"none of the first of three": {8, []int{3000, 3000, 3000}, map[int]bool{0: false}},
	} {
		v := remote(t, srv, cognito.WithTokenCache(tt.size))
		tokens := make([]string, len(tt.tokens))
		for i, size := range tt.tokens {
			tokens[i] = token(size)
			require.NoError(t, verifyAccess(t, v, tokens[i]))
		}
		for _, want := range []bool{true, false} { // what is not there is there afterwards
			for i, cached := range tt.cached {
				if cached == want {
					assert.Equal(t, want, isCached(t, v, tokens[i]), "%s: token %d", name, i)
				}
			}
		}
	}
}

// A token from the cache shares nothing with what other callers got.
func TestClaimsOfCachedTokensAreCopies(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithTokenCache(10))
	raw := forged(map[string]any{"amr": []string{"pwd", "otp"}, "aud": []string{"x", "y"}, "roles": []any{map[string]any{"a": "b"}}})
	want, err := newTestVerifier(t).VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	for range 3 {
		claims, err := v.VerifyAccessToken(t.Context(), raw)
		require.NoError(t, err)
		assert.Equal(t, want, claims)
		claims.AMR[0], claims.Audience[0], claims.Groups[0] = "evil", "evil", "evil"
		claims.All["roles"].([]any)[0].(map[string]any)["a"] = "evil"
		claims.All["amr"].([]any)[0] = "evil"
		claims.ExpiresAt.Time, claims.IssuedAt.Time = time.Time{}, time.Time{}
	}
}
