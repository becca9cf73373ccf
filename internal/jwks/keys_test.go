package jwks

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const replica = "https://replica.example.com/pool"

// regions answers each host as its own function does.
func regions(hosts map[string]answers) answers {
	return func(r *http.Request) (*http.Response, error) {
		for host, answer := range hosts {
			if strings.Contains(r.URL.Host, host) {
				return answer(r)
			}
		}
		return refuseConnection(r)
	}
}

func (e *endpoint) keys(t *testing.T) *Keys {
	t.Helper()
	k, err := New([]string{issuer, replica}, func(issuer string) *Set { return Fetched(issuer+"/jwks.json", e.config()) })
	require.NoError(t, err)
	return k
}

func signedBy(kid any) *jwt.Token {
	return &jwt.Token{Method: jwt.SigningMethodRS256, Header: map[string]any{"alg": "RS256", "kid": kid}}
}

func TestKeysOfAnIssuer(t *testing.T) {
	t.Parallel()
	one, two := testKeys()[0], testKeys()[1]
	e := newEndpoint(regions(map[string]answers{
		"issuer": answer(200, setOf(jwk("one", one))), "replica": answer(200, setOf(jwk("two", two))),
	}))
	k := e.keys(t)
	key, err := k.Key(t.Context(), replica, signedBy("two"))
	require.NoError(t, err)
	assert.True(t, two.Equal(key))
	assert.Equal(t, []string{replica + "/jwks.json"}, e.asked, "the issuer that the token names is asked, and no other")
	assert.True(t, k.Has(t.Context(), replica, "two", key))

	_, err = k.Key(t.Context(), replica, signedBy("one"))
	require.ErrorIs(t, err, ErrUnknownKey, "another issuer's key is none of this one's")
	for _, kid := range []any{"", nil, 1} {
		_, err = k.Key(t.Context(), issuer, signedBy(kid))
		require.ErrorIs(t, err, ErrUnknownKey)
	}
	fetches := e.fetches()
	for _, foreign := range []string{"", "https://evil.example.com", issuer + "/"} {
		_, err = k.Key(t.Context(), foreign, signedBy("one"))
		require.ErrorIs(t, err, ErrUnknownKey)
		assert.False(t, k.Has(t.Context(), foreign, "two", key))
		assert.False(t, k.Recheck(t.Context(), foreign, "two", key))
	}
	assert.Equal(t, fetches, e.fetches(), "no address is made from what a token says")
	_, err = k.Key(t.Context(), issuer, signedBy("one"))
	require.NoError(t, err)
	assert.False(t, k.Has(t.Context(), issuer, "two", key), "another issuer's key is none of this one's in a cache either")

	e.set(regions(map[string]answers{"issuer": refuseConnection, "replica": answer(200, setOf(jwk("two", one)))}))
	e.advance(UnknownKeyPause)
	e.asked = nil
	assert.True(t, k.Recheck(t.Context(), replica, "two", key))
	assert.Equal(t, []string{replica + "/jwks.json"}, e.asked, "and no other issuer is asked whether it has changed")
	foreign := signedBy("one")
	foreign.Header["alg"] = "RS512"
	_, err = k.Key(t.Context(), issuer, foreign)
	require.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
}

// Where the issuer of a token cannot be reached, the others are asked: they are of the same pool.
func TestKeysOfAReplica(t *testing.T) {
	t.Parallel()
	one := testKeys()[0]
	e := newEndpoint(regions(map[string]answers{"replica": answer(200, setOf(jwk("one", one)))}))
	k := e.keys(t)
	key, err := k.Key(t.Context(), issuer, signedBy("one"))
	require.NoError(t, err)
	assert.True(t, one.Equal(key))
	assert.Equal(t, []string{issuer + "/jwks.json", issuer + "/jwks.json", replica + "/jwks.json"}, e.asked, "the issuer twice, as after any blip")
	assert.True(t, k.Has(t.Context(), issuer, "one", key), "a cache finds it where it was found")
	assert.False(t, k.Recheck(t.Context(), issuer, "one", key), "the issuer's own set has never been fetched")
	_, err = k.Key(t.Context(), issuer, signedBy("two"))
	require.ErrorIs(t, err, ErrUnavailable, "the issuer may have it")
	require.NoError(t, k.Preload(t.Context()))
	assert.True(t, k.Resume(), "the made-up key made the replica's set pause")

	// A sign-in ends the pauses of all sets that made-up keys made pause.
	two := testKeys()[1]
	e.set(answer(200, setOf(jwk("one", one))))
	k = e.keys(t)
	for _, from := range []string{issuer, replica} {
		_, err = k.Key(t.Context(), from, signedBy("two"))
		require.ErrorIs(t, err, ErrUnknownKey)
	}
	e.set(answer(200, setOf(jwk("two", two))))
	assert.True(t, k.Resume())
	for _, from := range []string{issuer, replica} {
		_, err = k.Key(t.Context(), from, signedBy("two"))
		require.NoError(t, err)
	}

	e.set(refuseConnection)
	k = e.keys(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, k.Preload(canceled), context.Canceled)
	require.NotContains(t, k.Preload(canceled).Error(), replica, "who is gone asks no further set")
	k = e.keys(t)
	err = k.Preload(t.Context())
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, issuer)
	require.ErrorContains(t, err, replica)
}

// A caller that has given up asks no further issuer, and a prefetch asks only the first.
func TestKeysAskNoFurtherIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e := newEndpoint(func(r *http.Request) (*http.Response, error) { cancel(); return refuseConnection(r) })
		_, err := e.keys(t).Key(ctx, issuer, signedBy("one"))
		require.ErrorIs(t, err, ErrUnavailable)
		synctest.Wait()
		assert.NotContains(t, e.asked, replica+"/jwks.json")

		e = newEndpoint(answer(200, setOf(jwk("one", testKeys()[0]))))
		e.keys(t).Prefetch(t.Context())
		synctest.Wait()
		assert.Equal(t, []string{issuer + "/jwks.json"}, e.asked)
	})
}

// One set may serve several issuers, as one that was given does.
func TestOneSetForAllIssuers(t *testing.T) {
	t.Parallel()
	one := testKeys()[0]
	set, err := Given("WithJWKS", setOf(jwk("one", one), jwk("encrypts", one, "use", "enc")))
	require.NoError(t, err)
	k, err := New([]string{issuer, replica}, func(string) *Set { return set })
	require.NoError(t, err)
	assert.Len(t, k.sets, 1)
	for _, from := range []string{issuer, replica} {
		key, err := k.Key(t.Context(), from, signedBy("one"))
		require.NoError(t, err)
		assert.True(t, k.Has(t.Context(), from, "one", key))
	}
	all, err := k.byIssuer[issuer].KeyReadAll(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 1)
	k.Prefetch(t.Context())
	require.NoError(t, k.Preload(t.Context()))
	assert.False(t, k.Resume())
}

// The body of each answer is read to its end or closed, so that connections come back.
func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	closed := 0
	for _, status := range []int{200, 404, 500} {
		e := newEndpoint(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: body{bytes.NewReader(setOf(jwk("one", testKeys()[0]))), &closed}}, nil
		})
		_, _ = e.fetched().key(t.Context(), "one")
	}
	assert.Equal(t, 4, closed)
}

type body struct {
	io.Reader

	closed *int
}

func (b body) Close() error { *b.closed++; return nil }
