package cognito_test

import (
	"runtime"
	"slices"
	"strconv"
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

// The cache is bounded by the size of its tokens, too: one of 8 has room for 64 kB of memory, half
// in each generation.
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
		"two large ones":             {8, []int{9000, 9000, 9000, 9000}, map[int]bool{3: true, 1: false}},
		"one too large for all":      {8, []int{10, 10, 25000}, map[int]bool{0: true, 1: true, 2: false}},
		"many small ones":            {8, []int{10, 10, 10, 10}, map[int]bool{0: true, 3: true}},
		"one":                        {1, []int{10, 10}, map[int]bool{0: false}},
		"none of the first of three": {8, []int{9000, 9000, 9000}, map[int]bool{0: false}},
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

// The bound of WithTokenCache is one of memory, whatever the shape of the tokens: the decoded claims
// of some are many times as large as their text.
func TestTokenCacheTakesItsMemory(t *testing.T) {
	const n = 16
	const atMost int64 = 8 << 10 // bytes for each of n
	srv := newServer(t, cognitotest.Config{})
	many := func(count int, value func(i int) any) map[string]any {
		claims := map[string]any{}
		for i := range count {
			claims["custom:"+strconv.Itoa(i)] = value(i)
		}
		return claims
	}
	list := func(count int, element any) map[string]any {
		return map[string]any{"list": slices.Repeat([]any{element}, count)}
	}
	deep := func(depth int) any {
		nested := []any{}
		for range depth {
			nested = []any{nested}
		}
		return nested
	}
	for name, claims := range map[string]map[string]any{
		"usual":                      nil,
		"one long text":              {"custom:x": strings.Repeat("x", 40_000)},
		"50 attributes of 900":       many(50, func(int) any { return strings.Repeat("x", 900) }),
		"many short claims":          many(2000, func(i int) any { return i }),
		"some more claims":           many(30, func(i int) any { return i }),
		"long list of numbers":       list(20_000, 1),
		"short list of numbers":      list(500, 1),
		"long list of texts":         list(5000, "group"),
		"long list of empty objects": list(10_000, map[string]any{}),
		"short list of objects":      list(100, map[string]any{"a": 1}),
		"object that has just grown": {"object": many(225, func(int) any { return nil })}, // 2^n*7/8+1 members
		"large object":               {"object": many(1800, func(int) any { return 1 })},
		"objects that have grown":    list(300, many(9, func(i int) any { return i })),
		"many groups":                {"cognito:groups": slices.Repeat([]string{"a"}, 8000)},
		"deep lists":                 {"list": deep(5000)},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := make([]string, 2*n)
			for i := range tokens {
				tokens[i] = accessOf(srv, cognitotest.TokenOptions{Claims: claims})
			}
			v := remote(t, srv, cognito.WithTokenCache(n))
			require.NoError(t, verifyAccess(t, remote(t, srv), tokens[0]))
			before := heap()
			for _, raw := range tokens {
				require.NoError(t, verifyAccess(t, v, raw))
				require.NoError(t, verifyAccess(t, v, raw), "now from the cache, if it is there")
			}
			took := int64(heap() - before)
			t.Logf("%d bytes of memory for each of %d tokens of %d bytes", took/n, n, len(tokens[0]))
			assert.Less(t, took/n, atMost)
			runtime.KeepAlive(v)
			runtime.KeepAlive(tokens)
		})
	}
}

// The signature of a token that is cached makes no other text a good token.
func TestTokenCacheComparesWhatIsSigned(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithTokenCache(10))
	require.NoError(t, verifyAccess(t, v, forged(nil)))
	header, body, signature := splitToken(forged(nil))
	for _, signed := range []string{
		header + "." + changed(body, "bob", "eve"), header + "." + body + "A", header + "x." + body, "." + body, header + ".", "", "x",
		header + "." + body + ".", header + ".." + body, header + "." + body + "." + signature,
	} {
		require.Error(t, verifyAccess(t, v, signed+"."+signature), signed)
	}
	require.NoError(t, verifyAccess(t, v, forged(nil)))
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
