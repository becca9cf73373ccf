package jwks

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const issuer = "https://issuer.example.com/pool"

// testKeys are made once, since that takes a while.
var testKeys = sync.OnceValue(func() (keys [3]*rsa.PublicKey) {
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, minKeyBits)
		if err != nil {
			panic(err)
		}
		keys[i] = &key.PublicKey
	}
	return keys
})

// jwk is a key of a set; change replaces members, or removes them where the value is nil.
func jwk(kid string, key *rsa.PublicKey, change ...any) map[string]any {
	members := map[string]any{
		"kid": kid, "kty": "RSA", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == nil {
			delete(members, change[i].(string))
		} else {
			members[change[i].(string)] = change[i+1]
		}
	}
	return members
}

func setOf(keys ...any) []byte {
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return text
}

// answers answers a fetch.
type answers func(*http.Request) (*http.Response, error)

// endpoint is what answers fetches, and a clock.
type endpoint struct {
	mu     sync.Mutex
	now    time.Time
	asked  []string
	answer answers
}

func newEndpoint(answer answers) *endpoint {
	return &endpoint{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), answer: answer}
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	e.asked = append(e.asked, r.URL.String())
	answer := e.answer
	e.mu.Unlock()
	return answer(r)
}

func (e *endpoint) set(answer answers) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

func (e *endpoint) advance(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = e.now.Add(d)
}

func (e *endpoint) fetches() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

func (e *endpoint) config() Config {
	now := func() time.Time {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.now
	}
	return Config{Client: &http.Client{Transport: e}, Now: now, Log: slog.New(slog.DiscardHandler)}
}

func (e *endpoint) fetched() *Set { return Fetched(issuer+"/jwks.json", e.config()) }

func answer(status int, body []byte) answers {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(body)), Header: http.Header{}}, nil
	}
}

func refuseConnection(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

func TestUnusableKeysArePassedOver(t *testing.T) {
	t.Parallel()
	good, other := testKeys()[0], testKeys()[1]
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := ec.PublicKey.Bytes()
	require.NoError(t, err)
	long := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), maxKeyBits+8, 1), E: 65537}
	for name, tt := range map[string]struct {
		key  map[string]any
		want error // nil for a key that can be used
	}{
		"good":            {jwk("x", other), nil},
		"no use":          {jwk("x", other, "use", nil), nil},
		"no alg":          {jwk("x", other, "alg", nil), nil},
		"verify":          {jwk("x", other, "key_ops", []string{"verify"}), nil},
		"symmetric":       {map[string]any{"kid": "x", "kty": "oct", "k": "AAAA"}, ErrUnknownKey},
		"another kind":    {jwk("x", other, "kty", "PQC"), ErrUnknownKey},
		"no kind":         {jwk("x", other, "kty", nil), ErrUnknownKey},
		"another use":     {jwk("x", other, "use", "enc"), jwt.ErrTokenSignatureInvalid},
		"an unknown use":  {jwk("x", other, "use", "tea"), ErrUnknownKey},
		"another alg":     {jwk("x", other, "alg", "RS512"), jwt.ErrTokenSignatureInvalid},
		"PSS":             {jwk("x", other, "alg", "PS256"), jwt.ErrTokenSignatureInvalid},
		"only signs":      {jwk("x", other, "key_ops", []string{"sign"}), jwt.ErrTokenSignatureInvalid},
		"unknown key_ops": {jwk("x", other, "key_ops", []string{"tea"}), ErrUnknownKey},
		"no modulus":      {jwk("x", other, "n", nil), ErrUnknownKey},
		"broken modulus":  {jwk("x", other, "n", "!"), ErrUnknownKey},
		"broken x5c":      {jwk("x", other, "x5c", []string{"AAAA"}), ErrUnknownKey},
		"too short":       {jwk("x", &short.PublicKey), ErrUnknownKey},
		"too long":        {jwk("x", long), ErrUnknownKey},
		"elliptic": {map[string]any{
			"kid": "x", "kty": "EC", "crv": "P-256",
			"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
		}, jwt.ErrTokenSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := Given("WithJWKS", setOf(tt.key, jwk("good", good)))
			require.NoError(t, err)
			key, err := set.key(t.Context(), "good")
			require.NoError(t, err, "the rest serves")
			assert.True(t, good.Equal(key.Key()))
			key, err = set.key(t.Context(), "x")
			if tt.want == nil {
				require.NoError(t, err)
				assert.True(t, other.Equal(key.Key()))
				return
			}
			require.ErrorIs(t, err, tt.want)
			assert.Nil(t, key.Key())
			assert.False(t, set.has(t.Context(), "x", other))
		})
	}
}

func TestSizesOfKeys(t *testing.T) {
	t.Parallel()
	for bits, want := range map[int]error{minKeyBits - 1: ErrUnknownKey, minKeyBits: nil, maxKeyBits: nil, maxKeyBits + 1: ErrUnknownKey} {
		key := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: 65537}
		s, err := Given("WithJWKS", setOf(jwk("x", key), jwk("good", testKeys()[0])))
		require.NoError(t, err)
		_, err = s.key(t.Context(), "x")
		require.ErrorIs(t, err, want, bits)
	}
}

// Of two keys with the same ID the one that can be used counts, whichever comes first.
func TestKeysWithTheSameID(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	for name, tt := range map[string]struct {
		set  []byte
		want *rsa.PublicKey
	}{
		"the first of two":       {setOf(jwk("a", keys[0]), jwk("a", keys[1])), keys[0]},
		"behind one to encrypt":  {setOf(jwk("a", keys[0], "use", "enc"), jwk("a", keys[1])), keys[1]},
		"before one to encrypt":  {setOf(jwk("a", keys[1]), jwk("a", keys[0], "use", "enc")), keys[1]},
		"behind one of no use":   {setOf(map[string]any{"kid": "a", "kty": "oct", "k": "AAAA"}, jwk("a", keys[1])), keys[1]},
		"the first after others": {setOf(jwk("a", keys[2], "use", "enc"), jwk("a", keys[0]), jwk("a", keys[1])), keys[0]},
	} {
		s, err := Given("WithJWKS", tt.set)
		require.NoError(t, err, name)
		key, err := s.key(t.Context(), "a")
		require.NoError(t, err, name)
		assert.True(t, tt.want.Equal(key.Key()), name)
	}

	// If neither can be used, a token learns why the first cannot.
	encrypts, unusable := jwk("a", keys[0], "use", "enc"), map[string]any{"kid": "a", "kty": "oct", "k": "AAAA"}
	for i, tt := range []struct {
		set  []byte
		want error
	}{
		{setOf(encrypts, unusable), jwt.ErrTokenSignatureInvalid},
		{setOf(unusable, encrypts, jwk("b", keys[1])), ErrUnknownKey},
		{setOf(encrypts), jwt.ErrTokenSignatureInvalid}, // one for another purpose makes a set, too
	} {
		s, err := Given("WithJWKS", tt.set)
		require.NoError(t, err, i)
		_, err = s.key(t.Context(), "a")
		require.ErrorIs(t, err, tt.want, i)
	}
}

func TestSetsThatAreNone(t *testing.T) {
	t.Parallel()
	one, two := testKeys()[0], testKeys()[1]
	for text, want := range map[string]string{
		"": "Key Set", "<html>": "Key Set", "[]": "Key Set", "null": "at least one", "{}": "at least one", `{"keys":[]}`: "at least one",
		`{"keys":[{"kty":"oct"}]}`:  "key 1",
		`{"keys":["x",{"kid":1}]}`:  "key 2",
		string(setOf(jwk("", one))): "at least one",
	} {
		_, err := Given("WithJWKS", []byte(text))
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "WithJWKS: ")
	}
	many := make([]any, 50)
	for i := range many {
		many[i] = map[string]any{"kid": strings.Repeat("x", 500), "kty": strings.Repeat("y", 5000)}
	}
	_, err := Given("WithJWKS", setOf(many...))
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 5000, "what a set says is bounded in the error")

	set, err := Given("WithJWKS", setOf(jwk("x", one), jwk("x", two), jwk("", two)))
	require.NoError(t, err)
	key, err := set.key(t.Context(), "x")
	require.NoError(t, err)
	assert.True(t, one.Equal(key.Key()), "the first of two counts")
	for _, kid := range []string{"", "y"} {
		_, err = set.key(t.Context(), kid)
		require.ErrorIs(t, err, ErrUnknownKey)
		require.NotErrorIs(t, err, ErrPaused, "a set that was given does not change")
	}
}

// A set is fetched on first use, and again for a key that it does not have: one fetch, then a
// pause.
func TestRefetch(t *testing.T) {
	t.Parallel()
	e := newEndpoint(answer(200, setOf(jwk("one", testKeys()[0]))))
	s := e.fetched()
	ask := func(kid string) error { _, err := s.key(t.Context(), kid); return err }
	require.ErrorIs(t, ask(""), ErrUnknownKey)
	assert.Zero(t, e.fetches(), "no set has a key without an ID")
	for range 3 {
		require.NoError(t, ask("one"))
	}
	assert.Equal(t, 1, e.fetches())
	require.ErrorIs(t, ask("two"), ErrUnknownKey)
	assert.Equal(t, 2, e.fetches())
	e.set(answer(200, setOf(jwk("one", testKeys()[0]), jwk("two", testKeys()[1]))))
	e.advance(UnknownKeyPause - 1)
	for i := range 50 {
		err := ask(fmt.Sprint("made up ", i))
		require.ErrorIs(t, err, ErrUnknownKey)
		require.ErrorIs(t, err, ErrPaused, "it may be there by now")
	}
	require.NoError(t, ask("one"))
	assert.Equal(t, 2, e.fetches())
	e.advance(1)
	require.NoError(t, ask("two"))
	assert.Equal(t, 3, e.fetches())

	require.ErrorIs(t, ask("three"), ErrUnknownKey)
	require.ErrorIs(t, ask("three"), ErrPaused)
	assert.True(t, s.resume(), "a sign-in knows that its key is there")
	assert.False(t, s.resume())
	require.NotErrorIs(t, ask("three"), ErrPaused)
	assert.Equal(t, 5, e.fetches())
}

// Fetches that fail pause, ever longer, and keep the old keys.
func TestFailingFetches(t *testing.T) {
	t.Parallel()
	e := newEndpoint(answer(500, nil))
	s := e.fetched()
	ask := func() error { _, err := s.key(t.Context(), "one"); return err }
	require.ErrorIs(t, ask(), ErrUnavailable)
	assert.Equal(t, 2, e.fetches(), "the first failure may be a blip, and is asked about once more")
	require.ErrorIs(t, ask(), ErrUnavailable)
	require.ErrorIs(t, ask(), ErrUnavailable)
	assert.Equal(t, 4, e.fetches(), "two failures are free")
	for _, seconds := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		before := e.fetches()
		e.advance(seconds*time.Second - 1)
		require.ErrorIs(t, ask(), ErrUnavailable)
		require.ErrorContains(t, ask(), "500", "the reason stays known")
		assert.False(t, s.resume(), "no sign-in ends this pause")
		assert.Equal(t, before, e.fetches(), seconds)
		e.advance(1)
		require.ErrorIs(t, ask(), ErrUnavailable)
		assert.Equal(t, before+1, e.fetches(), seconds)
	}
	for range 100 { // however long the endpoint fails
		before := e.fetches()
		e.advance(maxFetchPause - 1)
		require.ErrorIs(t, ask(), ErrUnavailable)
		assert.Equal(t, before, e.fetches())
		e.advance(1)
		require.ErrorIs(t, ask(), ErrUnavailable)
		assert.Equal(t, before+1, e.fetches())
	}
	e.set(answer(200, setOf(jwk("one", testKeys()[0]))))
	e.advance(maxFetchPause)
	require.NoError(t, ask())

	// A success ends the count of failures.
	_, err := s.key(t.Context(), "made up")
	require.ErrorIs(t, err, ErrUnknownKey)
	_, err = s.key(t.Context(), "made up")
	require.ErrorIs(t, err, ErrPaused, "the last fetch did not fail")
	assert.True(t, s.resume())
	e.set(refuseConnection)
	e.advance(2 * time.Hour)
	before := e.fetches()
	for range 20 {
		require.NoError(t, ask(), "the old keys serve")
	}
	assert.Equal(t, before+4, e.fetches(), "a blip, a free failure and one that begins a pause")
	require.NoError(t, s.preload(t.Context()), "there are keys")
}

// A fetch replaces the set that its caller has seen, and no later one. If it succeeds, there is no
// pause after it.
func TestFetchOfASetThatWasReplaced(t *testing.T) {
	t.Parallel()
	e := newEndpoint(answer(200, setOf(jwk("one", testKeys()[0]))))
	s := e.fetched()
	s.pauseUnknown() // by another call, just before the fetch starts
	done, started := s.start(t.Context(), nil)
	require.NoError(t, (<-done).err)
	assert.True(t, started.Load())
	assert.True(t, s.mayFetch())
	fetched, asked, err := s.fetchFor(t.Context(), nil)
	require.NoError(t, err)
	assert.False(t, fetched, "another call has fetched it")
	assert.True(t, asked)
	assert.Equal(t, 1, e.fetches())
}

func TestAnswersThatAreNoSet(t *testing.T) {
	t.Parallel()
	good := setOf(jwk("one", testKeys()[0]))
	for name, tt := range map[string]struct {
		answer  answers
		want    string
		fetches int // those of a blip are two
	}{
		"no connection": {refuseConnection, "connection refused", 2},
		"500":           {answer(500, good), "500", 2},
		"404":           {answer(404, good), "404", 1},
		"203":           {answer(203, good), "203", 1},
		"a redirect": {func(r *http.Request) (*http.Response, error) {
			resp, err := answer(302, good)(r)
			resp.Header.Set("Location", "https://evil.example.com/jwks.json")
			return resp, err
		}, "302", 1},
		"a broken body": {func(*http.Request) (*http.Response, error) {
			body := io.NopCloser(io.MultiReader(bytes.NewReader(good[:20]), iotest.ErrReader(io.ErrUnexpectedEOF)))
			return &http.Response{StatusCode: http.StatusOK, Body: body, Header: http.Header{}}, nil
		}, "unexpected EOF", 2},
		"HTML":    {answer(200, []byte("<html>")), "Key Set", 1},
		"huge":    {answer(200, bytes.Repeat([]byte(" "), maxBody+1)), "at most", 1},
		"a panic": {func(*http.Request) (*http.Response, error) { panic("broken") }, "broken", 1},
	} {
		e := newEndpoint(tt.answer)
		s := e.fetched()
		_, err := s.key(t.Context(), "one")
		require.ErrorIs(t, err, ErrUnavailable, name)
		require.ErrorContains(t, err, tt.want, name)
		require.ErrorContains(t, err, issuer, name)
		assert.Equal(t, tt.fetches, e.fetches(), name)
	}
	var accepts string
	largest := append(bytes.Clone(good), bytes.Repeat([]byte(" "), maxBody-len(good))...)
	e := newEndpoint(func(r *http.Request) (*http.Response, error) {
		accepts = r.Header.Get("Accept")
		return answer(200, largest)(r)
	})
	config := e.config()
	_, err := Fetched(issuer, config).key(t.Context(), "one")
	require.NoError(t, err)
	assert.Equal(t, "application/json", accepts)
	assert.Nil(t, config.Client.CheckRedirect, "the caller's client stays as it was")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	one, two, three := testKeys()[0], testKeys()[1], testKeys()[2]
	e := newEndpoint(answer(200, setOf(jwk("one", one), jwk("two", two))))
	s := e.fetched()
	before, err := s.key(t.Context(), "one")
	require.NoError(t, err)
	known := before.Key().(*rsa.PublicKey)
	assert.True(t, s.has(t.Context(), "one", known))
	assert.False(t, s.has(t.Context(), "one", &rsa.PublicKey{N: one.N, E: one.E}), "it is the key of the set or none")

	// The next fetch brings a new key, one that stays, and another key under an old ID.
	e.set(answer(200, setOf(jwk("one", one), jwk("two", three), jwk("three", three))))
	old := s.current.Load().keys["two"].public()
	assert.False(t, s.recheck(t.Context(), "two", old), "the set was fetched moments ago")
	e.advance(UnknownKeyPause)
	assert.True(t, s.recheck(t.Context(), "two", old))
	assert.Equal(t, 2, e.fetches())
	assert.True(t, s.recheck(t.Context(), "two", old), "a call that had the old key learns of the fetch of another")
	assert.Equal(t, 2, e.fetches())
	assert.True(t, s.has(t.Context(), "one", known), "a key that stays is the same one, so that cached tokens are")
	assert.False(t, s.has(t.Context(), "two", old))
	_, err = s.key(t.Context(), "three")
	require.NoError(t, err)
	e.advance(UnknownKeyPause)
	assert.False(t, s.recheck(t.Context(), "one", known), "nothing has changed")

	e.set(answer(200, setOf(jwk("three", three))))
	e.advance(UnknownKeyPause)
	_, err = s.key(t.Context(), "four")
	require.ErrorIs(t, err, ErrUnknownKey)
	assert.False(t, s.has(t.Context(), "one", known), "a key that was withdrawn is gone")

	given, err := Given("WithJWKS", setOf(jwk("one", one)))
	require.NoError(t, err)
	assert.False(t, given.recheck(t.Context(), "one", given.current.Load().keys["one"].public()))
	assert.False(t, given.resume())
	require.NoError(t, given.preload(t.Context()))
}

// A key may be given another purpose under its ID, and the set follows.
func TestKeysThatChangeTheirPurpose(t *testing.T) {
	t.Parallel()
	one, other := testKeys()[0], testKeys()[1]
	purposes := map[string]struct {
		key  map[string]any
		want error
	}{
		"signs":    {jwk("one", one), nil},
		"encrypts": {jwk("one", one, "use", "enc"), jwt.ErrTokenSignatureInvalid},
		"unusable": {map[string]any{"kid": "one", "kty": "oct", "k": "AAAA"}, ErrUnknownKey},
	}
	for before, first := range purposes {
		for after, second := range purposes {
			t.Run(before+" then "+after, func(t *testing.T) {
				t.Parallel()
				e := newEndpoint(answer(200, setOf(first.key, jwk("other", other))))
				s := e.fetched()
				_, err := s.key(t.Context(), "one")
				require.ErrorIs(t, err, first.want)
				known := s.current.Load().keys["one"].public()
				assert.Equal(t, first.want == nil, s.has(t.Context(), "one", known))

				e.set(answer(200, setOf(second.key, jwk("other", other))))
				e.advance(UnknownKeyPause)
				assert.Equal(t, first.want != nil && second.want == nil, s.recheck(t.Context(), "one", known), "only a key that can be used is worth a try")
				_, err = s.key(t.Context(), "one")
				require.ErrorIs(t, err, second.want)
				assert.Equal(t, first.want == nil && second.want == nil, s.has(t.Context(), "one", known))
			})
		}
	}
}

// A call that fails to find its key does not extend the pause that another has begun.
func TestUnknownKeysDoNotExtendTheirPause(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ again, end time.Duration }{
		"at once":   {0, UnknownKeyPause},
		"half-way":  {UnknownKeyPause / 2, UnknownKeyPause},
		"afterward": {UnknownKeyPause, 2 * UnknownKeyPause},
	} {
		e := newEndpoint(refuseConnection)
		s := e.fetched()
		s.pauseUnknown()
		e.advance(tt.again)
		s.pauseUnknown()
		e.advance(tt.end - tt.again - 1)
		assert.False(t, s.mayFetch(), name)
		e.advance(1)
		assert.True(t, s.mayFetch(), name)
	}
}

// An old set is fetched anew beside the calls that use it; once it is an hour old, the call that
// notices waits.
func TestOldSets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		good := answer(200, setOf(jwk("one", testKeys()[0])))
		slow := func(r *http.Request) (*http.Response, error) { <-release; return good(r) }
		e := newEndpoint(good)
		s := e.fetched()
		require.NoError(t, s.preload(t.Context()))
		ask := func() time.Duration {
			start := time.Now()
			_, err := s.key(t.Context(), "one")
			require.NoError(t, err)
			return time.Since(start)
		}
		e.set(slow)
		e.advance(softAge)
		assert.Zero(t, ask())
		synctest.Wait()
		assert.Equal(t, 1, e.fetches())
		e.advance(1)
		for range 5 {
			assert.Zero(t, ask())
		}
		synctest.Wait()
		assert.Equal(t, 2, e.fetches())
		close(release)
		synctest.Wait()

		release = make(chan struct{})
		e.advance(maxAge)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		assert.True(t, s.has(ctx, "one", s.current.Load().keys["one"].public()))
		assert.Zero(t, time.Since(start), "a caller that has given up does not wait")
		synctest.Wait()
		running := s.refreshing.Load()
		assert.NotNil(t, running, "the fetch outlives the caller that has started it")
		assert.Equal(t, maxAgeWait, ask(), "and not longer")
		assert.Zero(t, ask())
		assert.Same(t, running, s.refresh(t.Context(), s.current.Load()), "two calls that notice at once wait for the same fetch")
		assert.Equal(t, 3, e.fetches())
		close(release)
		synctest.Wait()
	})
}

// A withdrawn key is gone within the hour for everybody, also where many calls come at once after a
// quiet night.
func TestWithdrawnKeyAfterAQuietTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys := testKeys()
		e := newEndpoint(answer(200, setOf(jwk("one", keys[0]))))
		s := e.fetched()
		_, err := s.key(t.Context(), "one")
		require.NoError(t, err)
		withdrawn := s.current.Load().keys["one"].public()
		next := answer(200, setOf(jwk("two", keys[1])))
		e.set(func(r *http.Request) (*http.Response, error) { time.Sleep(maxAgeWait / 2); return next(r) })
		e.advance(8 * time.Hour)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { assert.False(t, s.has(t.Context(), "one", withdrawn)) })
			wg.Go(func() {
				_, err := s.key(t.Context(), "one")
				assert.ErrorIs(t, err, ErrUnknownKey)
			})
		}
		wg.Wait()

		// While the endpoint hangs, the calls of one moment wait, and the next do not.
		e.set(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() })
		e.advance(8 * time.Hour)
		known := s.current.Load().keys["two"].public()
		for _, wait := range []time.Duration{maxAgeWait, 0, 0} {
			start := time.Now()
			for range 3 {
				wg.Go(func() { assert.True(t, s.has(t.Context(), "two", known)) })
			}
			wg.Wait()
			assert.Equal(t, wait, time.Since(start))
		}
		time.Sleep(fetchTimeout)
		synctest.Wait()
		assert.Nil(t, s.refreshing.Load())
	})
}

// Callers share a fetch. None waits longer than its own context allows, and who gives up takes it
// from nobody.
func TestOneFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		good := answer(200, setOf(jwk("one", testKeys()[0])))
		e := newEndpoint(func(r *http.Request) (*http.Response, error) {
			select {
			case <-release:
				return good(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		s := e.fetched()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.key(ctx, "one")
		require.ErrorIs(t, err, ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := s.key(t.Context(), "one")
				assert.NoError(t, err)
			})
		}
		s.prefetch(t.Context())
		synctest.Wait()
		close(release)
		wg.Wait()
		assert.Equal(t, 1, e.fetches())

		s = e.fetched()
		release = make(chan struct{})
		start := time.Now()
		_, err = s.key(t.Context(), "one")
		require.ErrorIs(t, err, ErrUnavailable)
		assert.Equal(t, fetchTimeout, time.Since(start), "a fetch ends by itself")
		assert.Equal(t, 2, e.fetches(), "and is not made a second time without the time for it")
	})
}

// A fetch by another call may have started before a key was published, so the call that waited for
// it makes one of its own.
func TestKeyPublishedDuringAFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		before, after := answer(200, setOf(jwk("one", testKeys()[0]))), answer(200, setOf(jwk("two", testKeys()[1])))
		e := newEndpoint(func(r *http.Request) (*http.Response, error) { <-release; return before(r) })
		s := e.fetched()
		var wg sync.WaitGroup
		for _, kid := range []string{"one", "two"} {
			wg.Go(func() {
				_, err := s.key(t.Context(), kid)
				assert.NoError(t, err)
			})
			synctest.Wait()
		}
		e.set(after)
		close(release)
		wg.Wait()
		assert.Equal(t, 2, e.fetches())
	})
}

// A prefetch fetches the set if there is none yet, and respects the pause after failures.
func TestPrefetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(refuseConnection)
		s := e.fetched()
		prefetched := func() int {
			before := e.fetches()
			s.prefetch(t.Context())
			synctest.Wait()
			return e.fetches() - before
		}
		for i, want := range []int{2, 1, 1, 0, 0} { // a blip, a free failure, and one that begins a pause
			assert.Equal(t, want, prefetched(), i)
		}
		e.set(answer(200, setOf(jwk("one", testKeys()[0]))))
		e.advance(time.Second)
		assert.Equal(t, 1, prefetched())
		assert.Zero(t, prefetched())
	})
}

// panicking is a log handler that panics.
type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool  { return true }
func (panicking) Handle(context.Context, slog.Record) error { panic("no disk") }

// A caller's code may panic and give up: callers learn of it, and the set can be fetched again.
func TestBrokenCallers(t *testing.T) {
	t.Parallel()
	e := newEndpoint(answer(200, setOf(jwk("one", testKeys()[0]))))
	config := e.config()
	config.Log = slog.New(panicking{slog.DiscardHandler})
	s := Fetched(issuer, config)
	require.Panics(t, func() { _, _ = s.key(t.Context(), "one") })
	_, err := s.key(t.Context(), "one")
	require.NoError(t, err, "the keys had come")

	var broken atomic.Bool
	broken.Store(true)
	good := answer(200, setOf(jwk("one", testKeys()[0])))
	e = newEndpoint(func(r *http.Request) (*http.Response, error) {
		if broken.Load() {
			runtime.Goexit()
		}
		return good(r)
	})
	s = e.fetched()
	_, err = s.key(t.Context(), "one")
	require.Error(t, err)
	broken.Store(false)
	_, err = s.key(t.Context(), "one")
	require.NoError(t, err)
}
