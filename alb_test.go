package cognito_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

const (
	albARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/0123456789abcdef"
	albKID = "b05a3c8f-5a54-4a3d-8d5e-0a1b2c3d4e5f"
)

// balancer signs as a load balancer does: ES256, with padded segments.
type balancer struct {
	key     *ecdsa.PrivateKey
	fetched atomic.Int32
	status  atomic.Int32
	url     string
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	b := &balancer{key: key}
	b.status.Store(http.StatusOK)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.fetched.Add(1)
		status := int(b.status.Load())
		if r.URL.Path != "/"+albKID {
			status = http.StatusForbidden
		}
		w.WriteHeader(status)
		if status == http.StatusOK {
			_ = pem.Encode(w, &pem.Block{Type: "PUBLIC KEY", Bytes: der})
		}
	}))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func (b *balancer) sign(header, payload string) string {
	signed := base64.URLEncoding.EncodeToString([]byte(header)) + "." + base64.URLEncoding.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, b.key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.URLEncoding.EncodeToString(signature)
}

func albHeader(change ...string) string {
	header := fmt.Sprintf(`{"typ":"JWT","kid":%q,"alg":"ES256","iss":%q,"client":%q,"signer":%q,"exp":%d}`,
		albKID, testIssuer, testClient, albARN, testTime.Add(time.Minute).Unix())
	return strings.NewReplacer(change...).Replace(header)
}

func albPayload(change ...string) string {
	payload := fmt.Sprintf(`{"sub":"4320de44","email":"bob@example.com","email_verified":"true","username":"bob","exp":%d,"iss":%q}`,
		testTime.Add(time.Minute).Unix(), testIssuer)
	return strings.NewReplacer(change...).Replace(payload)
}

func (b *balancer) verifier(t *testing.T, opts ...cognito.SharedOption) *cognito.ALBVerifier {
	t.Helper()
	return b.verifierOf(t, []string{albARN}, opts...)
}

func (b *balancer) verifierOf(t *testing.T, arns []string, opts ...cognito.SharedOption) *cognito.ALBVerifier {
	t.Helper()
	opts = append([]cognito.SharedOption{
		cognito.WithEndpoint(b.url), cognito.WithClock(func() time.Time { return testTime }), cognito.WithLeeway(0), cognito.WithIssuers(testIssuer),
	}, opts...)
	v, err := cognito.NewALBVerifier(arns, []string{testClient}, opts...)
	require.NoError(t, err)
	return v
}

func TestALBVerifier(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	v := b.verifier(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	_, err := v.Check(r)
	require.ErrorIs(t, err, cognito.ErrNoToken)
	r.Header.Set("x-amzn-oidc-data", b.sign(albHeader(), albPayload()))
	for range 3 {
		claims, err := v.Check(r)
		require.NoError(t, err)
		assert.Equal(t, "4320de44", claims.Subject)
		assert.Equal(t, "bob", claims.Username)
		assert.Equal(t, "bob@example.com", claims.Email)
		assert.True(t, claims.EmailVerified)
		assert.Equal(t, albARN, claims.LoadBalancer)
		assert.Equal(t, testClient, claims.ClientID)
		assert.Equal(t, testIssuer, claims.All["iss"])
	}
	assert.EqualValues(t, 1, b.fetched.Load())
}

func TestALBVerifierRejects(t *testing.T) {
	t.Parallel()
	b, other := newBalancer(t), newBalancer(t)
	minute := strconv.FormatInt(testTime.Add(time.Minute).Unix(), 10)
	past := strconv.FormatInt(testTime.Add(-time.Second).Unix(), 10)
	good := b.sign(albHeader(), albPayload())
	for name, tt := range map[string]struct {
		raw  string
		want error
	}{
		"another load balancer":  {b.sign(albHeader("web", "evil"), albPayload()), cognito.ErrTokenSigner},
		"another region":         {b.sign(albHeader("elasticloadbalancing:eu-west-1", "elasticloadbalancing:us-east-1"), albPayload()), cognito.ErrTokenSigner},
		"no signer":              {b.sign(albHeader(`"signer"`, `"x"`), albPayload()), cognito.ErrTokenSigner},
		"two signers":            {b.sign(albHeader(`"signer"`, `"signer":"x","signer"`), albPayload()), jwt.ErrTokenMalformed},
		"another client":         {b.sign(albHeader(testClient, "other"), albPayload()), cognito.ErrTokenClient},
		"another issuer":         {b.sign(albHeader(), albPayload(testIssuer, "https://evil.example.com")), cognito.ErrTokenIssuer},
		"a key ID that is a way": {b.sign(albHeader(albKID, "../../evil"), albPayload()), cognito.ErrUnknownKey},
		"a made-up key ID":       {b.sign(albHeader("b05a3c8f", "c05a3c8f"), albPayload()), cognito.ErrUnknownKey},
		"another algorithm":      {b.sign(albHeader("ES256", "ES384"), albPayload()), jwt.ErrTokenSignatureInvalid},
		"none":                   {b.sign(albHeader("ES256", "none"), albPayload()), jwt.ErrTokenSignatureInvalid},
		"RS256":                  {forged(nil), jwt.ErrTokenSignatureInvalid},
		"another key":            {other.sign(albHeader(), albPayload()), jwt.ErrTokenSignatureInvalid},
		"a changed payload":      {strings.Join([]string{strings.Split(good, ".")[0], base64.URLEncoding.EncodeToString([]byte(albPayload("bob", "eve"))), strings.Split(good, ".")[2]}, "."), jwt.ErrTokenSignatureInvalid},
		"expired":                {b.sign(albHeader(), albPayload(minute, past)), jwt.ErrTokenExpired},
		"expired header":         {b.sign(albHeader(minute, past), albPayload()), jwt.ErrTokenExpired},
		"no exp":                 {b.sign(albHeader(), albPayload(`"exp"`, `"x"`)), jwt.ErrTokenRequiredClaimMissing},
		"a claim twice":          {b.sign(albHeader(), albPayload(`"sub"`, `"sub":"x","sub"`)), jwt.ErrTokenMalformed},
		"critical":               {b.sign(albHeader(`"typ"`, `"crit"`), albPayload()), jwt.ErrTokenUnverifiable},
		"nothing":                {"", jwt.ErrTokenMalformed},
	} {
		_, err := b.verifier(t).Verify(t.Context(), tt.raw)
		require.ErrorIs(t, err, tt.want, name)
		var refused *cognito.TokenError
		require.ErrorAs(t, err, &refused, name)
	}
}

func TestALBKeys(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	now := testTime
	v := b.verifier(t, cognito.WithClock(func() time.Time { return now }))
	raw := b.sign(albHeader(), albPayload())
	b.status.Store(http.StatusBadGateway)
	for range 5 {
		_, err := v.Verify(t.Context(), raw)
		require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
	}
	assert.EqualValues(t, 1, b.fetched.Load(), "a failure makes a pause")
	now = now.Add(time.Second)
	b.status.Store(http.StatusOK)
	_, err := v.Verify(t.Context(), raw)
	require.NoError(t, err)
	_, err = (&cognito.ALBVerifier{}).Verify(t.Context(), raw)
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
}

// keyServer answers fetches of load balancers' keys, and counts them by key ID.
type keyServer struct {
	now    time.Time
	asked  map[string]int
	answer func(r *http.Request, pemKey []byte) *http.Response
}

func (b *balancer) keyServer(t *testing.T, arns ...string) (*keyServer, *cognito.ALBVerifier) {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(b.key.Public())
	require.NoError(t, err)
	good := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	k := &keyServer{now: testTime, asked: map[string]int{}, answer: func(_ *http.Request, pemKey []byte) *http.Response {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(pemKey))}
	}}
	if arns == nil {
		arns = []string{albARN}
	}
	v := b.verifierOf(t, arns, cognito.WithClock(func() time.Time { return k.now }), cognito.WithHTTPClient(&http.Client{
		Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
			k.asked[path.Base(r.URL.Path)]++
			return k.answer(r, good), nil
		}),
	}))
	return k, v
}

// until is a token of the key kid that is valid until then.
func (b *balancer) until(kid string, then time.Time) string {
	minute, at := strconv.FormatInt(testTime.Add(time.Minute).Unix(), 10), strconv.FormatInt(then.Unix(), 10)
	return b.sign(albHeader(minute, at, albKID, kid), albPayload(minute, at))
}

func refuseFetch(status int) func(*http.Request, []byte) *http.Response {
	return func(*http.Request, []byte) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Location": {"https://evil.example.com/key"}}, Body: http.NoBody}
	}
}

// A key is fetched again after an hour. One that is withdrawn is gone then; while the endpoint does
// not answer it serves on.
func TestALBKeysAge(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	k, v := b.keyServer(t)
	raw := b.until(albKID, testTime.Add(24*time.Hour))
	verify := func() error { _, err := v.Verify(t.Context(), raw); return err }
	require.NoError(t, verify())
	k.now = k.now.Add(time.Hour - 1)
	require.NoError(t, verify())
	assert.Equal(t, 1, k.asked[albKID])
	k.now = k.now.Add(1)
	require.NoError(t, verify())
	require.NoError(t, verify())
	assert.Equal(t, 2, k.asked[albKID], "and then serves for an hour")

	k.now = k.now.Add(time.Hour)
	k.answer = refuseFetch(http.StatusBadGateway) //nolint:bodyclose // the client closes it
	for range 3 {
		require.NoError(t, verify())
	}
	assert.Equal(t, 3, k.asked[albKID], "one fetch that fails, then a pause")
	for i, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		k.now = k.now.Add(time.Second)
		k.answer = refuseFetch(status) //nolint:bodyclose // the client closes it
		require.ErrorIs(t, verify(), cognito.ErrUnknownKey)
		assert.Equal(t, 4+i, k.asked[albKID])
	}
}

// Not every answer is a key, and a redirect leads nowhere.
func TestALBAnswersThatAreNoKey(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	longer, err := x509.MarshalPKIXPublicKey(p384.Public())
	require.NoError(t, err)
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	edwards, err := x509.MarshalPKIXPublicKey(ed)
	require.NoError(t, err)
	asPEM := func(der []byte) func(*http.Request, []byte) *http.Response {
		return func(*http.Request, []byte) *http.Response {
			text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text))}
		}
	}
	for name, answer := range map[string]func(*http.Request, []byte) *http.Response{
		"a redirect": refuseFetch(http.StatusFound), "an empty answer": refuseFetch(http.StatusOK), "P-384": asPEM(longer), "Ed25519": asPEM(edwards), //nolint:bodyclose // the client closes it
		"no key": asPEM([]byte("x")), "204": refuseFetch(http.StatusNoContent), //nolint:bodyclose // the client closes it
		"too much": func(_ *http.Request, pemKey []byte) *http.Response {
			text := append(bytes.Repeat([]byte("\n"), 4<<10), pemKey...)
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text))}
		},
	} {
		k, v := b.keyServer(t)
		k.answer = answer
		_, err := v.Verify(t.Context(), b.until(albKID, testTime.Add(time.Hour)))
		require.ErrorIs(t, err, cognito.ErrKeysUnavailable, name)
		assert.Equal(t, map[string]int{albKID: 1}, k.asked, name)
	}
}

// Made-up key IDs neither starve a new key nor keep one that was withdrawn, and cause few fetches.
func TestALBMadeUpKeyIDs(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	k, v := b.keyServer(t)
	good := k.answer
	withdrawn := false
	k.answer = func(r *http.Request, pemKey []byte) *http.Response {
		if path.Base(r.URL.Path) != albKID || withdrawn {
			return refuseFetch(http.StatusForbidden)(r, pemKey)
		}
		return good(r, pemKey)
	}
	ids := 0
	madeUp := func() error {
		ids++
		_, err := v.Verify(t.Context(), b.until(fmt.Sprintf("b05a3c8f-5a54-4a3d-8d5e-0a1b2c3%05x", ids), testTime.Add(24*time.Hour)))
		return err
	}
	verify := func() error {
		_, err := v.Verify(t.Context(), b.until(albKID, testTime.Add(24*time.Hour)))
		return err
	}
	for range 9 {
		err := madeUp()
		require.ErrorIs(t, err, cognito.ErrUnknownKey)
		require.NotErrorIs(t, err, cognito.ErrKeysUnavailable, "it was asked for")
	}
	require.NoError(t, verify(), "answers about made-up IDs make no pause")
	for range 100 {
		require.ErrorIs(t, madeUp(), cognito.ErrKeysUnavailable, "it may be a new key, so this is 503 and not 401")
	}
	assert.Len(t, k.asked, 10, "key IDs asked for in one second")
	require.NoError(t, verify(), "a known key needs no fetch")
	k.now = k.now.Add(time.Second)
	for range 100 {
		_ = madeUp()
	}
	assert.Len(t, k.asked, 20)

	k.now = k.now.Add(time.Hour)
	for range 100 {
		_ = madeUp()
	}
	require.NoError(t, verify())
	assert.Equal(t, 2, k.asked[albKID], "a known key is fetched again at its time")
	k.now, withdrawn = k.now.Add(time.Hour), true
	require.ErrorIs(t, verify(), cognito.ErrUnknownKey)
	k.answer = refuseFetch(http.StatusBadGateway) //nolint:bodyclose // the client closes it
	require.ErrorIs(t, verify(), cognito.ErrKeysUnavailable, "a withdrawn key does not come back while fetches fail")
}

// A clock that is set back prolongs no pause and no limit, and no clock is a wrong one.
func TestALBKeysAndTheClock(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	k, v := b.keyServer(t)
	good := k.answer
	verify := func(kid string) error {
		_, err := v.Verify(t.Context(), b.until(kid, testTime.Add(24*time.Hour)))
		return err
	}
	k.answer = refuseFetch(http.StatusForbidden) //nolint:bodyclose // the client closes it
	for i := range 20 {
		require.ErrorIs(t, verify(fmt.Sprintf("b05a3c8f-5a54-4a3d-8d5e-0a1b2c3%05x", i)), cognito.ErrUnknownKey)
	}
	k.now = k.now.Add(-2 * time.Minute)
	k.answer = refuseFetch(http.StatusBadGateway) //nolint:bodyclose // the client closes it
	require.ErrorContains(t, verify(albKID), "502", "the limit of two minutes from now")
	k.now, k.answer = k.now.Add(-2*time.Minute), good
	require.NoError(t, verify(albKID), "the pause of two minutes from now")

	k, v = b.keyServer(t)
	k.now = time.Time{}
	assert.NotPanics(t, func() { _ = verify(albKID) })
}

// The keys of other load balancers of the region can be fetched, too. Tokens that name them without
// their signature do not displace the keys in use.
func TestALBKeysOfOthersDisplaceNone(t *testing.T) {
	t.Parallel()
	b, other := newBalancer(t), newBalancer(t)
	k, v := b.keyServer(t)
	_, err := v.Verify(t.Context(), b.until(albKID, testTime.Add(time.Hour)))
	require.NoError(t, err)
	for i := range 40 {
		k.now = k.now.Add(time.Second)
		_, err := v.Verify(t.Context(), other.until(fmt.Sprintf("b05a3c8f-5a54-4a3d-8d5e-0a1b2c3d4%03x", i), testTime.Add(time.Hour)))
		require.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
	}
	_, err = v.Verify(t.Context(), b.until(albKID, testTime.Add(time.Hour)))
	require.NoError(t, err)
	assert.Equal(t, 1, k.asked[albKID])
}

// Keys are bounded; the one that was fetched first goes first.
func TestALBKeysAreBounded(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	k, v := b.keyServer(t)
	kid := func(i int) string { return fmt.Sprintf("b05a3c8f-5a54-4a3d-8d5e-0a1b2c3d4%03x", i) }
	use := func(i int) int {
		k.now = k.now.Add(time.Second)
		_, err := v.Verify(t.Context(), b.until(kid(i), testTime.Add(time.Hour)))
		require.NoError(t, err)
		return k.asked[kid(i)]
	}
	for i := range 17 {
		assert.Equal(t, 1, use(i))
	}
	for i := 1; i < 17; i++ {
		assert.Equal(t, 1, use(i))
	}
	assert.Equal(t, 2, use(0), "the oldest had to go")
	assert.Equal(t, 2, use(1), "and then the next")
	assert.Equal(t, 1, use(16))
	_, err := v.Verify(t.Context(), b.until("B05A3C8F-5a54-4a3d-8d5e-0a1b2c3d4e5g", testTime.Add(time.Hour)))
	require.ErrorIs(t, err, cognito.ErrUnknownKey, "that is no UUID")
	assert.NotContains(t, k.asked, "B05A3C8F-5a54-4a3d-8d5e-0a1b2c3d4e5g")
}

// The header has an expiry of its own, with the same leeway.
func TestALBLeeway(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	v := b.verifier(t, cognito.WithLeeway(time.Minute))
	minute := strconv.FormatInt(testTime.Add(time.Minute).Unix(), 10)
	for seconds, want := range map[int64]error{0: nil, -60: nil, -61: jwt.ErrTokenExpired} {
		at := strconv.FormatInt(testTime.Unix()+seconds, 10)
		for _, raw := range []string{b.sign(albHeader(minute, at), albPayload()), b.sign(albHeader(), albPayload(minute, at))} {
			_, err := v.Verify(t.Context(), raw)
			require.ErrorIs(t, err, want, "%d", seconds)
		}
	}
}

// The keys are looked for where the region of the load balancer keeps them.
func TestALBKeyAddresses(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	for arn, want := range map[string]string{
		albARN: "https://public-keys.auth.elb.eu-west-1.amazonaws.com/" + albKID,
		"arn:aws-us-gov:elasticloadbalancing:us-gov-west-1:123456789012:loadbalancer/app/web/0123": "https://s3-us-gov-west-1.amazonaws.com/aws-elb-public-keys-prod-us-gov-west-1/" + albKID,
		"arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:loadbalancer/app/web/0123":        "https://public-keys.auth.elb.cn-north-1.amazonaws.com.cn/" + albKID,
	} {
		asked := ""
		v, err := cognito.NewALBVerifier([]string{arn}, []string{testClient}, cognito.WithHTTPClient(&http.Client{
			Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) { asked = r.URL.String(); panic("enough") }),
		}))
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), b.sign(albHeader(albARN, arn), albPayload()))
		require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
		assert.Equal(t, want, asked)
	}
	for _, arn := range []string{"", "x", "arn:aws:s3:::x", "arn:aws:elasticloadbalancing:evil.com/:1:loadbalancer/app/x/1", "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/net/x/1", "arn:aws:elasticloadbalancing:eu-west-1::loadbalancer/app/x/1", "arn:aws:elasticloadbalancing::1:loadbalancer/app/x/1", "arn:aws-x:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1"} {
		_, err := cognito.NewALBVerifier([]string{arn}, []string{testClient})
		require.ErrorContains(t, err, "load balancers", arn)
	}
	_, err := cognito.NewALBVerifier(nil, nil)
	require.ErrorContains(t, err, "client IDs")
	_, err = cognito.NewALBVerifier([]string{albARN}, []string{testClient}, cognito.WithJWKSURL("https://x.example.com"))
	require.ErrorContains(t, err, "WithJWKS")
}

// Callers share the fetch of a key. None waits longer than its own context allows, and who gives up
// takes it from nobody.
func TestALBKeyIsFetchedOnceForManyCallers(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	asked, release := make(chan struct{}), make(chan struct{})
	v := b.verifier(t, cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		close(asked)
		<-release
		return http.DefaultTransport.RoundTrip(r)
	})}))
	raw := b.sign(albHeader(), albPayload())
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := v.Verify(ctx, raw); gone <- err }()
	<-asked
	cancel()
	err := <-gone
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := v.Verify(t.Context(), raw)
			assert.NoError(t, err)
		})
	}
	close(release)
	wg.Wait()
	assert.EqualValues(t, 1, b.fetched.Load())
}

// A caller who is overtaken by another one's fetch, whenever that is, takes the key: a new one, and
// one that was too old.
func TestALBKeyIsFetchedOnceByOvertakenCallers(t *testing.T) {
	t.Parallel()
	for moment := range int32(6) {
		b := newBalancer(t)
		k, v := b.keyServer(t)
		raw := b.until(albKID, testTime.Add(24*time.Hour))
		for fetches := 1; fetches <= 2; fetches++ {
			ctx := &interrupted{Context: t.Context(), run: func() {
				_, err := v.Verify(t.Context(), raw)
				assert.NoError(t, err)
			}}
			ctx.left.Store(moment + 1)
			_, err := v.Verify(ctx, raw)
			require.NoError(t, err)
			assert.Equal(t, fetches, k.asked[albKID], "moment %d", moment)
			k.now = k.now.Add(time.Hour)
		}
	}
}

// A transport that never returns leaves nobody waiting, and the key that is known serves on.
func TestALBFetchThatNeverReturns(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	var broken atomic.Bool
	var now atomic.Pointer[time.Time]
	now.Store(&testTime)
	v := b.verifier(t, cognito.WithClock(func() time.Time { return *now.Load() }),
		cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
			if broken.Load() {
				runtime.Goexit()
			}
			return http.DefaultTransport.RoundTrip(r)
		})}))
	raw := b.sign(albHeader(), albPayload())
	broken.Store(true)
	_, err := v.Verify(t.Context(), raw)
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
	broken.Store(false)
	_, err = v.Verify(t.Context(), raw)
	require.NoError(t, err)
	broken.Store(true)
	later := testTime.Add(2 * time.Hour)
	now.Store(&later)
	minute, after := strconv.FormatInt(testTime.Add(time.Minute).Unix(), 10), strconv.FormatInt(later.Add(time.Minute).Unix(), 10)
	_, err = v.Verify(t.Context(), b.sign(albHeader(minute, after), albPayload(minute, after)))
	require.NoError(t, err)
}

func TestALBKeyThatHasVerifiedNothingIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	b, other := newBalancer(t), newBalancer(t)
	k, v := b.keyServer(t)
	for range 5 {
		_, err := v.Verify(t.Context(), other.until(albKID, testTime.Add(time.Hour)))
		require.Error(t, err)
	}
	assert.Equal(t, 1, k.asked[albKID])
	_, err := v.Verify(t.Context(), b.until(albKID, testTime.Add(time.Hour)))
	require.NoError(t, err)
	assert.Equal(t, 1, k.asked[albKID])
}

func TestALBKeyAfterTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	b := newBalancer(t)
	k, v := b.keyServer(t)
	verify := func() error {
		_, err := v.Verify(t.Context(), b.until(albKID, testTime.Add(24*time.Hour)))
		return err
	}
	k.now = testTime.Add(2 * time.Hour)
	require.NoError(t, verify())
	k.now = testTime
	require.NoError(t, verify())
	assert.Equal(t, 2, k.asked[albKID])
}

// Each load balancer has room for its two keys, from the first second on.
func TestALBManyLoadBalancers(t *testing.T) {
	t.Parallel()
	var arns []string
	for i := range 20 {
		arns = append(arns, strings.Replace(albARN, "loadbalancer/app/", fmt.Sprintf("loadbalancer/app/nr%d-", i), 1))
	}
	b := newBalancer(t)
	k, v := b.keyServer(t, arns...)
	for range 2 {
		for i, arn := range arns {
			for j := range 2 {
				kid := fmt.Sprintf("b05a3c8f-5a54-4a3d-8d5e-0a1b2c3d%03x%d", i, j)
				_, err := v.Verify(t.Context(), b.sign(albHeader(albKID, kid, albARN, arn), albPayload()))
				require.NoError(t, err)
				assert.Equal(t, 1, k.asked[kid])
			}
		}
	}
}
