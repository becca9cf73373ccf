package cognito_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// keySource answers fetches of a key set, and has the verifier's clock.
type keySource struct {
	answer func(*http.Request) (*http.Response, error)

	mu      sync.Mutex // protects the fields below
	now     time.Time
	fetched int
}

func (k *keySource) RoundTrip(r *http.Request) (*http.Response, error) {
	k.mu.Lock()
	k.fetched++
	k.mu.Unlock()
	return k.answer(r)
}

func (k *keySource) advance(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = k.now.Add(d)
}

func (k *keySource) fetches() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fetched
}

// verifier is one that fetches its keys from k.
func (k *keySource) verifier(t *testing.T) *cognito.Verifier {
	t.Helper()
	k.now = testTime
	v, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithHTTPClient(&http.Client{Transport: k}),
		cognito.WithIssuers(testIssuer), cognito.WithClock(func() time.Time { k.mu.Lock(); defer k.mu.Unlock(); return k.now }))
	require.NoError(t, err)
	return v
}

func answerKeys(body io.Reader) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}
}

// goodKeys answers with the keys of both forgers.
func goodKeys(*http.Request) (*http.Response, error) {
	return answerKeys(bytes.NewReader(keySetJSON(forgers()[0].jwk(nil), forgers()[1].jwk(nil)))), nil
}

func noKeys(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }

// anyTime is a token that does not expire while the clock is advanced.
func anyTime(f forger) string {
	return f.sign(f.header(), access(claim("exp", testTime.Add(1000*time.Hour).Unix())))
}

func verifyAccess(t *testing.T, v *cognito.Verifier, raw string) error {
	t.Helper()
	_, err := v.VerifyAccessToken(t.Context(), raw)
	return err
}

// The fetch is everybody's: who began it and goes does not end it for those who stay.
func TestFetchOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}), make(chan struct{})
	keys := &keySource{answer: func(r *http.Request) (*http.Response, error) {
		close(began)
		<-release
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return goodKeys(r)
	}}
	v := keys.verifier(t)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := v.VerifyAccessToken(ctx, forged(nil))
		first <- err
	}()
	<-began
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
	go func() { second <- v.Preload(context.WithoutCancel(t.Context())) }()
	close(release)
	require.NoError(t, <-second)
	assert.Equal(t, 1, keys.fetches())
}

func TestFetchEndsByItself(t *testing.T) {
	t.Parallel()
	keys := &keySource{answer: func(r *http.Request) (*http.Response, error) {
		if deadline, ok := r.Context().Deadline(); !ok || time.Until(deadline) > 10*time.Second {
			return nil, errors.New("nothing ends this fetch")
		}
		return goodKeys(r)
	}}
	require.NoError(t, keys.verifier(t).Preload(t.Context()))
}

// endlessBody is a body without an end. It stops the test's process from reading it for ever.
type endlessBody struct{ read int }

func (e *endlessBody) Read(p []byte) (int, error) {
	if e.read += len(p); e.read > 10<<20 {
		return 0, errors.New("read without a bound")
	}
	return copy(p, bytes.Repeat([]byte{' '}, len(p))), nil
}

func TestEndlessKeySetIsNotRead(t *testing.T) {
	t.Parallel()
	keys := &keySource{answer: func(*http.Request) (*http.Response, error) { return answerKeys(&endlessBody{}), nil }}
	err := keys.verifier(t).Preload(t.Context())
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
	require.ErrorContains(t, err, "at most")
}

// Made-up key IDs that keep coming must not put off for ever the fetch that a new key needs.
func TestMadeUpKeysDoNotProlongThePause(t *testing.T) {
	t.Parallel()
	keys := &keySource{answer: func(*http.Request) (*http.Response, error) {
		return answerKeys(bytes.NewReader(keySetJSON(forgers()[0].jwk(nil)))), nil
	}}
	v := keys.verifier(t)
	madeUp := forger{forgers()[0].key, "made-up"}
	require.ErrorIs(t, verifyAccess(t, v, anyTime(madeUp)), cognito.ErrUnknownKey)
	keys.answer = goodKeys
	keys.advance(9 * time.Second)
	require.ErrorIs(t, verifyAccess(t, v, anyTime(madeUp)), cognito.ErrUnknownKey)
	require.ErrorIs(t, verifyAccess(t, v, anyTime(forgers()[1])), cognito.ErrUnknownKey)
	assert.Equal(t, 1, keys.fetches())
	keys.advance(time.Second)
	require.NoError(t, verifyAccess(t, v, anyTime(forgers()[1])))
	assert.Equal(t, 2, keys.fetches())
}

func TestPausesOfFailingFetches(t *testing.T) {
	t.Parallel()
	keys := &keySource{answer: noKeys}
	v := keys.verifier(t)
	fetched := func() int {
		before := keys.fetches()
		require.ErrorIs(t, v.Preload(t.Context()), cognito.ErrKeysUnavailable)
		return keys.fetches() - before
	}
	assert.Equal(t, 2, fetched(), "the first failure may be a blip")
	for range 2 {
		assert.Equal(t, 1, fetched(), "the first failures bring no pause")
	}
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
		keys.advance(pause*time.Second - 1)
		assert.Zero(t, fetched(), "before %d s", pause)
		keys.advance(1)
		assert.Equal(t, 1, fetched(), "after %d s", pause)
	}
	// A success ends it: the next failure is a first one again.
	keys.answer = goodKeys
	keys.advance(30 * time.Second)
	require.NoError(t, v.Preload(t.Context()))
	keys.answer = noKeys
	before := keys.fetches()
	madeUp := anyTime(forger{forgers()[0].key, "made-up"})
	for range 2 {
		require.ErrorIs(t, verifyAccess(t, v, madeUp), cognito.ErrKeysUnavailable)
	}
	assert.Equal(t, before+3, keys.fetches())
}

// Old keys are fetched anew beside the call, but not oftener than failures allow, and not twice at
// once.
func TestOldKeysAreFetchedAnewWithPauses(t *testing.T) {
	t.Parallel()
	keys := &keySource{answer: goodKeys}
	v := keys.verifier(t)
	token := anyTime(forgers()[0])
	require.NoError(t, verifyAccess(t, v, token))
	keys.advance(24*time.Hour + time.Second)
	release := make(chan struct{})
	keys.answer = func(r *http.Request) (*http.Response, error) { <-release; return noKeys(r) }
	for range 100 {
		require.NoError(t, verifyAccess(t, v, token))
	}
	require.Eventually(t, func() bool { return keys.fetches() == 2 }, 10*time.Second, time.Millisecond)
	close(release)
	require.Eventually(t, func() bool { // the third failure begins a pause
		require.NoError(t, verifyAccess(t, v, token))
		return keys.fetches() == 5
	}, 10*time.Second, time.Millisecond)
	for range 100 {
		require.NoError(t, verifyAccess(t, v, token))
	}
	assert.Equal(t, 5, keys.fetches())
}

// A sign-in fetches the keys beside its first request, unless a pause is on.
func TestSignInsDoNotFetchInAPause(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	for range 6 {
		require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	}
	assert.Equal(t, 4, fetches(srv))
}

// The time of a verification grows with the square of the key's length, and anybody may send
// tokens.
func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	one := forgers()[0]
	n := make([]byte, 8192/8)
	_, err := rand.Read(n)
	require.NoError(t, err)
	n[0] |= 0x80
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	v := newTestVerifier(t, cognito.WithJWKS(keySetJSON(
		one.jwk(nil), one.jwk(map[string]any{"kid": "longest", "n": encode(n)}),
		one.jwk(map[string]any{"kid": "too long", "n": encode(append([]byte{1}, n...))}),
		forger{short, "too short"}.jwk(nil),
	)))
	require.NoError(t, verifyAccess(t, v, forged(nil)))
	rest := access(nil)
	require.ErrorIs(t, verifyAccess(t, v, one.sign(`{"kid":"longest","alg":"RS256"}`, rest)), jwt.ErrTokenSignatureInvalid)
	for _, raw := range []string{one.sign(`{"kid":"too long","alg":"RS256"}`, rest), forger{short, "too short"}.sign(`{"kid":"too short","alg":"RS256"}`, rest)} {
		err := verifyAccess(t, v, raw)
		require.ErrorIs(t, err, cognito.ErrUnknownKey)
		require.ErrorContains(t, err, "2048 to 8192 bits")
	}
}

func TestKeyForEncryptionDoesNotVerify(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{"use": claim("use", "enc"), "alg": claim("alg", "RS512")} {
		v := newTestVerifier(t, cognito.WithJWKS(keySetJSON(forgers()[0].jwk(change))))
		require.ErrorContains(t, verifyAccess(t, v, forged(nil)), "algorithm", name)
	}
}

// countingHTTP is an HTTP client of the AWS configuration.
type countingHTTP struct{ fetches atomic.Int32 }

func (c *countingHTTP) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		c.fetches.Add(1)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestKeySetIsFetchedWithTheClientOfTheAWSConfig(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	counting := &countingHTTP{}
	c := signedIn(t, srv, cognito.WithAWSConfig(aws.Config{HTTPClient: &http.Client{Transport: counting}}))
	assert.EqualValues(t, 1, counting.fetches.Load())
	require.NotNil(t, c.AccessClaims())
	signedIn(t, srv, cognito.WithAWSConfig(aws.Config{HTTPClient: awshttp.NewBuildableClient()}))
	signedIn(t, srv, cognito.WithAWSConfig(aws.Config{HTTPClient: otherHTTP{}}))
}

// otherHTTP is a client of a kind that nobody knows.
type otherHTTP struct{}

func (otherHTTP) Do(r *http.Request) (*http.Response, error) { return http.DefaultClient.Do(r) }

// A local server that restarts has a new key under the old ID.
func TestNewKeyUnderAnOldID(t *testing.T) {
	t.Parallel()
	one, two := forgers()[0], forgers()[1]
	keys := &keySource{answer: func(*http.Request) (*http.Response, error) {
		return answerKeys(bytes.NewReader(keySetJSON(one.jwk(nil)))), nil
	}}
	v := keys.verifier(t)
	require.NoError(t, verifyAccess(t, v, anyTime(one)))
	keys.answer = func(*http.Request) (*http.Response, error) {
		return answerKeys(bytes.NewReader(keySetJSON(two.jwk(claim("kid", "one"))))), nil
	}
	renewed := anyTime(forger{two.key, "one"})
	require.ErrorIs(t, verifyAccess(t, v, renewed), jwt.ErrTokenSignatureInvalid, "the set was fetched moments ago")
	keys.advance(10 * time.Second)
	require.NoError(t, verifyAccess(t, v, renewed))
	require.ErrorIs(t, verifyAccess(t, v, anyTime(one)), jwt.ErrTokenSignatureInvalid)
	assert.Equal(t, 2, keys.fetches())
	for range 20 { // forged signatures cannot make every call fetch
		keys.advance(time.Second)
		require.ErrorIs(t, verifyAccess(t, v, anyTime(one)), jwt.ErrTokenSignatureInvalid)
	}
	assert.Equal(t, 4, keys.fetches())
}

// A withdrawn key is gone within the hour, also where no token came for a long time.
func TestWithdrawnKeyIsGoneWithinTheHour(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{time.Hour, 30 * 24 * time.Hour} {
		keys := &keySource{answer: goodKeys}
		v := keys.verifier(t)
		require.NoError(t, verifyAccess(t, v, anyTime(forgers()[0])))
		keys.answer = func(*http.Request) (*http.Response, error) {
			return answerKeys(bytes.NewReader(keySetJSON(forgers()[1].jwk(nil)))), nil
		}
		keys.advance(pause)
		require.ErrorIs(t, verifyAccess(t, v, anyTime(forgers()[0])), cognito.ErrUnknownKey)
	}
}

// While the set may not be asked, nothing is known about a token of a new key: that is 503 and not
// 401.
func TestNewKeyInThePauseAfterAMadeUpOne(t *testing.T) {
	t.Parallel()
	keys := &keySource{answer: func(*http.Request) (*http.Response, error) {
		return answerKeys(bytes.NewReader(keySetJSON(forgers()[0].jwk(nil)))), nil
	}}
	v := keys.verifier(t)
	err := verifyAccess(t, v, anyTime(forger{forgers()[0].key, "made-up"}))
	require.ErrorIs(t, err, cognito.ErrUnknownKey)
	require.NotErrorIs(t, err, cognito.ErrKeysUnavailable, "the set was asked for this one")
	keys.answer = goodKeys
	w := serve(t, v.Handler(empty), anyTime(forgers()[1]))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
	_, err = jwt.Parse(anyTime(forgers()[1]), v.Keyfunc(t.Context()))
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable, "a parser of the caller's is told the same")
	keys.advance(10 * time.Second)
	assert.Equal(t, http.StatusOK, serve(t, v.Handler(empty), anyTime(forgers()[1])).Code)
}

// The keys are looked for under the issuer that the token names, and under the others when that
// does not answer.
func TestKeysComeFromTheIssuerOfTheToken(t *testing.T) {
	t.Parallel()
	var asked []string
	down := ""
	client := &http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Host)
		if r.URL.Host == down {
			return nil, errors.New("connection refused")
		}
		return goodKeys(r)
	})}
	other := "https://issuer-cognito-idp.us-east-1.amazonaws.com/" + testPool
	newOne := func() *cognito.Verifier {
		asked = nil
		v, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithRegions("us-east-1"), cognito.WithHTTPClient(client),
			cognito.WithClock(func() time.Time { return testTime }))
		require.NoError(t, err)
		return v
	}
	require.NoError(t, verifyAccess(t, newOne(), forged(claim("iss", other))))
	assert.Equal(t, []string{"issuer-cognito-idp.us-east-1.amazonaws.com"}, asked)
	down = "issuer-cognito-idp.us-east-1.amazonaws.com"
	require.NoError(t, verifyAccess(t, newOne(), forged(claim("iss", other))))
	assert.Equal(t, []string{down, down, "cognito-idp.eu-west-1.amazonaws.com"}, asked)
	require.ErrorIs(t, verifyAccess(t, newOne(), forged(claim("iss", "https://cognito-idp.us-west-2.amazonaws.com/"+testPool))), cognito.ErrTokenIssuer)
	assert.Empty(t, asked)
	_, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithRegions("a/b"))
	require.ErrorContains(t, err, "WithRegions")
}

func TestEnvironmentIsNamedWhenItOverrules(t *testing.T) {
	t.Setenv("COGNITO_JWKS", string(keySetJSON(forgers()[1].jwk(nil))))
	v, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithIssuers(testIssuer), cognito.WithClock(func() time.Time { return testTime }))
	require.NoError(t, err)
	err = verifyAccess(t, v, forged(nil))
	require.ErrorIs(t, err, cognito.ErrUnknownKey)
	require.ErrorContains(t, err, "COGNITO_JWKS")
	for _, own := range []cognito.VerifierOption{
		cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil))), cognito.WithJWKSURL("https://keys.example.com/jwks.json"),
	} {
		v, err := cognito.NewVerifier(testPool, []string{testClient}, own, cognito.WithClock(func() time.Time { return testTime }),
			cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(goodKeys)}))
		require.NoError(t, err)
		require.NoError(t, verifyAccess(t, v, forged(nil)), "an option goes before the environment")
	}
}
