package cognito_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// remote is a verifier that fetches the keys of srv.
func remote(t *testing.T, srv *cognitotest.Server, opts ...cognito.VerifierOption) *cognito.Verifier {
	t.Helper()
	opts = append([]cognito.VerifierOption{cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now)}, opts...)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	require.NoError(t, err)
	return v
}

func accessOf(srv *cognitotest.Server, opts cognitotest.TokenOptions) string {
	opts.Use = "access"
	return srv.Token("bob", opts)
}

// TestVerifierBehaviour is the cases of the checklist that are no single token, by their numbers.
func TestVerifierBehaviour(t *testing.T) {
	t.Parallel()
	verify := func(t *testing.T, v *cognito.Verifier, raw string) error {
		t.Helper()
		_, err := v.VerifyAccessToken(t.Context(), raw)
		return err
	}
	for _, tt := range []struct {
		number int
		name   string
		test   func(*testing.T, *cognitotest.Server)
	}{
		{51, "no address is made from a token", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			foreign := newServer(t, cognitotest.Config{})
			require.ErrorIs(t, verify(t, remote(t, srv), accessOf(foreign, cognitotest.TokenOptions{})), cognito.ErrTokenIssuer)
			assert.Zero(t, fetches(srv)+fetches(foreign))
		}},
		// 71: there are no options of a call; a second verifier does the same.
		{72, "many pools, each with its own client and groups", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			other := newServer(t, cognitotest.Config{UserPoolID: "us-east-1_Another01"})
			m, err := cognito.NewMultiVerifier(remote(t, srv), remote(t, other, cognito.WithGroups("admins")))
			require.NoError(t, err)
			_, err = m.VerifyAccessToken(t.Context(), accessOf(srv, cognitotest.TokenOptions{}))
			require.NoError(t, err)
			_, err = m.VerifyAccessToken(t.Context(), accessOf(other, cognitotest.TokenOptions{}))
			require.ErrorIs(t, err, cognito.ErrNotInGroup)
			_, err = m.VerifyAccessToken(t.Context(), accessOf(srv, cognitotest.TokenOptions{ClientID: other.ClientID}))
			require.ErrorIs(t, err, cognito.ErrTokenClient)
		}},
		{73, "the key set is under the issuer, whose path is kept", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			require.NoError(t, verify(t, remote(t, srv), accessOf(srv, cognitotest.TokenOptions{})))
			assert.Equal(t, 1, fetches(srv))
			assert.Equal(t, srv.Issuer()+"/.well-known/jwks.json", srv.JWKSURL())
		}},
		{74, "keys given, nothing fetched", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			v := remote(t, srv, cognito.WithJWKS(keySetOf(t, srv)))
			before := fetches(srv)
			require.NoError(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})))
			require.ErrorIs(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{KeyID: "x"})), cognito.ErrUnknownKey)
			require.NoError(t, v.Preload(t.Context()))
			assert.Equal(t, before, fetches(srv))
		}},
		// 75: there is no mode that only looks at the cache; an ended context does that, with an
		// error of its own.
		{75, "an ended context fetches nothing that it waits for", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			v := remote(t, srv)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultDelay, Delay: time.Minute})
			_, err := v.VerifyAccessToken(ctx, accessOf(srv, cognitotest.TokenOptions{}))
			require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
			require.ErrorIs(t, err, context.Canceled)
		}},
		{76, "preloading many pools: all are tried, those that answer can be used", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			other := newServer(t, cognitotest.Config{UserPoolID: "us-east-1_Another01"})
			other.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
			m, err := cognito.NewMultiVerifier(remote(t, other), remote(t, srv))
			require.NoError(t, err)
			err = m.Preload(t.Context())
			require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
			require.ErrorContains(t, err, other.JWKSURL())
			_, err = m.VerifyAccessToken(t.Context(), accessOf(srv, cognitotest.TokenOptions{}))
			require.NoError(t, err)
			assert.Equal(t, 1, fetches(srv))
		}},
		// 77: keys are parsed when the set is fetched, and go with it; see 79.
		{78, "50 verifications at once, one fetch", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			v, raw := remote(t, srv), accessOf(srv, cognitotest.TokenOptions{})
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() { assert.NoError(t, verify(t, v, raw)) })
			}
			wg.Wait()
			assert.Equal(t, 1, fetches(srv))
		}},
		{79, "a new kid: one fetch, and the old keys are gone", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			for _, opts := range [][]cognito.VerifierOption{nil, with(cognito.WithTokenCache(10))} {
				v, old := remote(t, srv, opts...), accessOf(srv, cognitotest.TokenOptions{})
				require.NoError(t, verify(t, v, old))
				before := fetches(srv)
				srv.RotateKeys()
				require.NoError(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})))
				assert.Equal(t, before+1, fetches(srv))
				require.ErrorIs(t, verify(t, v, old), cognito.ErrUnknownKey)
			}
		}},
		{80, "an unknown kid again within 10 s: no fetch; known ones are served", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			v := remote(t, srv)
			for i := range 20 {
				raw := accessOf(srv, cognitotest.TokenOptions{KeyID: strconv.Itoa(i)})
				require.ErrorIs(t, verify(t, v, raw), cognito.ErrUnknownKey)
				require.NoError(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})))
			}
			assert.Equal(t, 1, fetches(srv))
			srv.Advance(11 * time.Second)
			require.ErrorIs(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{KeyID: "x"})), cognito.ErrUnknownKey)
			assert.Equal(t, 2, fetches(srv))
		}},
		// 81: an empty set is a failed fetch, and the first failures do not pause.
		{81, "an empty set, then a good one at once", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) })
			v := remote(t, srv)
			require.ErrorIs(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})), cognito.ErrKeysUnavailable)
			srv.Intercept(nil)
			require.NoError(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})))
		}},
		// 82, 84: failures back off, whatever the status. See TestFailingFetchesBackOff for the
		// times.
		{82, "endpoint down: it is not asked for each token", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1, Status: http.StatusBadGateway})
			v := remote(t, srv)
			for range 10 {
				require.ErrorIs(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})), cognito.ErrKeysUnavailable)
			}
			assert.Equal(t, 4, fetches(srv))
		}},
		{83, "old keys are fetched anew beside a call, a cached token's too", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			v, raw := remote(t, srv, cognito.WithTokenCache(10)), accessOf(srv, cognitotest.TokenOptions{ExpiresIn: 48 * time.Hour})
			require.NoError(t, verify(t, v, raw))
			srv.Advance(25 * time.Hour)
			require.NoError(t, verify(t, v, raw))
			require.Eventually(t, func() bool { return fetches(srv) == 2 }, 10*time.Second, time.Millisecond)
		}},
		// 85: a fetch that fails is made once more within the call.
		{85, "a network error, then an answer", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultReset})
			v := remote(t, srv)
			require.NoError(t, verify(t, v, accessOf(srv, cognitotest.TokenOptions{})))
			assert.Equal(t, 2, fetches(srv))
		}},
		{86, "slower than the caller waits: the fetch goes on for the next", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			release := make(chan struct{})
			srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultDelay, Release: release})
			v, raw := remote(t, srv), accessOf(srv, cognitotest.TokenOptions{})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := v.VerifyAccessToken(ctx, raw)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			close(release)
			require.NoError(t, verify(t, v, raw))
			assert.Equal(t, 1, fetches(srv))
		}},
		// 87: see TestKeySetAnswers for all kinds of bodies. encoding/json takes invalid UTF-8 in
		// names that do not matter.
		{87, "a byte order mark", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			body := append([]byte("\ufeff"), keySetOf(t, srv)...)
			keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
			require.ErrorIs(t, verify(t, remote(t, srv), accessOf(srv, cognitotest.TokenOptions{})), cognito.ErrKeysUnavailable)
		}},
		// 88: the HTTP client is the caller's to give; parser, back-off and cache are not.
		{88, "the caller's HTTP client", func(t *testing.T, srv *cognitotest.Server) {
			t.Helper()
			asked := 0
			client := &http.Client{Transport: roundTripperFunc(func(req *http.Request) (*http.Response, error) {
				asked++
				return http.DefaultTransport.RoundTrip(req)
			})}
			require.NoError(t, verify(t, remote(t, srv, cognito.WithHTTPClient(client)), accessOf(srv, cognitotest.TokenOptions{})))
			assert.Equal(t, 1, asked)
		}},
	} {
		t.Run(fmt.Sprintf("%d %s", tt.number, tt.name), func(t *testing.T) {
			t.Parallel()
			tt.test(t, newServer(t, cognitotest.Config{}))
		})
	}
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestNewMultiVerifierRefusesBadArguments(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t)
	for name, tt := range map[string]struct {
		verifiers []*cognito.Verifier
		want      string
	}{
		"none":              {nil, "at least one"},
		"nil":               {[]*cognito.Verifier{v, nil}, "verifier 2"},
		"the zero Verifier": {[]*cognito.Verifier{{}}, "verifier 1"},
		"a pool twice":      {[]*cognito.Verifier{v, newTestVerifier(t)}, "no other verifier accepts"},
	} {
		m, err := cognito.NewMultiVerifier(tt.verifiers...)
		require.ErrorContains(t, err, tt.want, name)
		assert.Nil(t, m)
	}
	_, err := cognito.NewMultiVerifier(newTestVerifier(t, cognito.WithIssuers(testIssuer, testIssuer)), nil)
	require.NotContains(t, err.Error(), "verifier 1", "one that accepts an issuer twice is one verifier")
}

func TestVerifierThatNobodyMade(t *testing.T) {
	t.Parallel()
	for _, v := range []*cognito.Verifier{nil, {}} {
		_, err := v.VerifyAccessToken(t.Context(), forged(nil))
		require.ErrorContains(t, err, "NewVerifier")
		require.ErrorIs(t, err, cognito.ErrKeysUnavailable, "the token may be good")
		require.ErrorContains(t, v.Preload(t.Context()), "NewVerifier")
		_, err = jwt.Parse(forged(nil), v.Keyfunc(t.Context()))
		require.ErrorContains(t, err, "NewVerifier")
	}
	for _, m := range []*cognito.MultiVerifier{nil, {}} {
		_, err := m.VerifyAccessToken(t.Context(), forged(nil))
		require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
		require.ErrorIs(t, m.Preload(t.Context()), cognito.ErrKeysUnavailable)
	}
}

func TestMultiVerifier(t *testing.T) {
	t.Parallel()
	m, err := cognito.NewMultiVerifier(newTestVerifier(t))
	require.NoError(t, err)
	_, err = m.VerifyAccessToken(t.Context(), "x")
	require.ErrorIs(t, err, jwt.ErrTokenMalformed)
	_, err = m.VerifyAccessToken(t.Context(), forged(claim("iss", "https://evil.example.com")))
	require.ErrorIs(t, err, cognito.ErrTokenIssuer)
	id, err := m.VerifyIDToken(t.Context(), idToken(nil))
	require.NoError(t, err)
	assert.Equal(t, "bob@example.com", id.Email)
	_, err = m.VerifyIDToken(t.Context(), forged(nil))
	require.ErrorIs(t, err, cognito.ErrTokenUse)
	claims := jwt.MapClaims{}
	require.NoError(t, m.VerifyInto(t.Context(), forged(nil), cognito.AccessToken, &claims))
	assert.Equal(t, "bob", claims["username"])
	require.ErrorContains(t, m.VerifyInto(t.Context(), forged(nil), "x", &claims), "use")
}

func TestKeyfunc(t *testing.T) {
	t.Parallel()
	keyfunc := newTestVerifier(t).Keyfunc(t.Context())
	parser := jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return testTime }))
	_, err := parser.Parse(forged(nil), keyfunc)
	require.NoError(t, err)
	f := forgers()[0]
	for header, want := range map[string]error{
		`{"alg":"RS256"}`:                          cognito.ErrUnknownKey,
		`{"alg":"RS256","kid":"x"}`:                cognito.ErrUnknownKey,
		`{"alg":"RS512","kid":"one"}`:              jwt.ErrTokenSignatureInvalid,
		`{"alg":"RS256","kid":"one","crit":["x"]}`: jwt.ErrTokenUnverifiable,
	} {
		_, err := parser.Parse(f.sign(header, access(nil)), keyfunc)
		require.ErrorIs(t, err, want, header)
	}
	_, err = parser.Parse(macToken(f, access(nil)), keyfunc)
	require.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
	anyAlgorithm := newTestVerifier(t, cognito.WithJWKS(keySetJSON(f.jwk(claim("alg", nil)))))
	for _, keyfunc := range []jwt.Keyfunc{keyfunc, anyAlgorithm.Keyfunc(t.Context())} {
		_, err = keyfunc(&jwt.Token{Method: jwt.SigningMethodRS256, Header: map[string]any{"alg": "HS256", "kid": "one"}})
		require.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid)
	}
}

// A parser of the caller's gets the keys of the issuer that the token names, as the verifier does.
func TestKeyfuncOfSeveralIssuers(t *testing.T) {
	t.Parallel()
	other := "https://issuer-cognito-idp.us-east-1.amazonaws.com/" + testPool
	var asked []string
	v, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithRegions("us-west-2"), cognito.WithRegions("us-east-1"),
		cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL.Host)
			return goodKeys(r)
		})}))
	require.NoError(t, err)
	parser := jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return testTime }))
	for _, issuer := range []string{other, "https://evil.example.com"} {
		_, err = parser.Parse(forged(claim("iss", issuer)), v.Keyfunc(t.Context()))
		require.NoError(t, err, "the issuer is the parser's to check")
	}
	assert.Equal(t, []string{"issuer-cognito-idp.us-east-1.amazonaws.com", "cognito-idp.eu-west-1.amazonaws.com"}, asked)
	err = verifyAccess(t, v, forged(claim("iss", "https://cognito-idp.us-west-2.amazonaws.com/"+testPool)))
	require.ErrorIs(t, err, cognito.ErrTokenIssuer, "the last option wins")
}

// Tokens of new keys must verify at once, however many come while the keys are fetched.
func TestKeyRotationUnderLoad(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	v := remote(t, srv, cognito.WithTokenCache(100))
	require.NoError(t, v.Preload(t.Context()))
	for range 3 {
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for range 20 {
			wg.Go(func() {
				raw := accessOf(srv, cognitotest.TokenOptions{})
				<-begin
				for range 10 {
					if _, err := v.VerifyAccessToken(t.Context(), raw); err != nil {
						t.Error(err)
					}
				}
			})
		}
		close(begin)
		wg.Wait()
		srv.RotateKeys()
	}
	assert.LessOrEqual(t, fetches(srv), 4)
}

// A fetch that began before a rotation does not have the new keys; a token that waited for it gets
// one of its own.
func TestRotationDuringAFetch(t *testing.T) {
	t.Parallel()
	one, two := forgers()[0], forgers()[1]
	synctest.Test(t, func(t *testing.T) {
		release, asked := make(chan struct{}), 0
		client := &http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
			asked++
			keys := keySetJSON(two.jwk(nil))
			if asked == 1 {
				<-release
				keys = keySetJSON(one.jwk(nil))
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(keys))}, nil
		})}
		v, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithHTTPClient(client),
			cognito.WithClock(func() time.Time { return testTime }))
		require.NoError(t, err)
		// The first one's key may be gone again when it looks, which would be right.
		go func() { _, _ = v.VerifyAccessToken(t.Context(), forged(nil)) }()
		synctest.Wait() // until it waits for the fetch
		go func() {
			_, err := v.VerifyAccessToken(t.Context(), two.sign(two.header(), access(nil)))
			assert.NoError(t, err)
		}()
		synctest.Wait()
		close(release)
		synctest.Wait()
		assert.Equal(t, 2, asked)
	})
}

func TestTokenCache(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	v := remote(t, srv, cognito.WithTokenCache(4), cognito.WithLeeway(0))
	raw := accessOf(srv, cognitotest.TokenOptions{ExpiresIn: time.Hour})
	first, err := v.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	again, err := v.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	assert.Equal(t, first, again)

	// What a caller does to claims does not reach the next one.
	again.Groups[0], again.Username = "admins", "eve"
	again.ExpiresAt.Time = again.ExpiresAt.Add(time.Hour)
	third, err := v.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	assert.Equal(t, first, third)

	header, body, signature := splitToken(raw)
	_, err = v.VerifyAccessToken(t.Context(), header+"."+body+"."+signature[:len(signature)-4]+"AAAA")
	require.ErrorIs(t, err, jwt.ErrTokenSignatureInvalid, "the hash is of the whole token")
	_, err = v.VerifyIDToken(t.Context(), raw)
	require.ErrorIs(t, err, cognito.ErrTokenUse)

	for range 50 { // more than fit
		_, err := v.VerifyAccessToken(t.Context(), accessOf(srv, cognitotest.TokenOptions{}))
		require.NoError(t, err)
	}
	_, err = v.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	srv.Advance(time.Hour + time.Second)
	_, err = v.VerifyAccessToken(t.Context(), raw)
	require.ErrorIs(t, err, jwt.ErrTokenExpired, "a hit is compared with the clock")
}

// A replica's region in the issuer, as some multi-Region pools had it, is accepted when it is
// named.
func TestMultiRegionIssuers(t *testing.T) {
	t.Parallel()
	replica := "https://cognito-idp.us-east-1.amazonaws.com/" + testPool
	_, err := newTestVerifier(t).VerifyAccessToken(t.Context(), forged(claim("iss", replica)))
	require.ErrorIs(t, err, cognito.ErrTokenIssuer)
	v := newTestVerifier(t, cognito.WithIssuers(testIssuer, replica))
	for _, issuer := range []string{testIssuer, replica} {
		claims, err := v.VerifyAccessToken(t.Context(), forged(claim("iss", issuer)))
		require.NoError(t, err)
		assert.Equal(t, issuer, claims.Issuer)
	}
	_, err = v.VerifyAccessToken(t.Context(), forged(claim("iss", "https://issuer-cognito-idp.eu-west-1.amazonaws.com/"+testPool)))
	require.ErrorIs(t, err, cognito.ErrTokenIssuer, "those named replace the pool's own")
}

// A claim in another case is nobody's: encoding/json would take it for the one that was checked.
func TestOtherSpellingsReachNobody(t *testing.T) {
	t.Parallel()
	f, v := forgers()[0], newTestVerifier(t)
	raw := f.sign(f.header(), strings.Replace(access(claim("custom:x", int64(1<<53+1))), "}", `,"Cognito:Groups":["admins"],"SUB":"eve","ſub":"eve","Username":"eve","CUSTOM:x":"y"}`, 1))
	var own struct {
		cognito.AccessClaims

		Number json.Number `json:"custom:x"`
	}
	require.NoError(t, v.VerifyInto(t.Context(), raw, cognito.AccessToken, &own))
	assert.Equal(t, []string{"readers", "writers"}, own.Groups)
	assert.Equal(t, "4320de44", own.Subject)
	assert.Equal(t, "bob", own.Username)
	assert.Equal(t, json.Number("9007199254740993"), own.Number)
	claims, err := v.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	every := jwt.MapClaims{}
	require.NoError(t, v.VerifyInto(t.Context(), raw, cognito.AccessToken, &every))
	for _, name := range []string{"Cognito:Groups", "SUB", "ſub", "Username"} {
		assert.NotContains(t, claims.All, name)
		assert.NotContains(t, every, name)
	}
	assert.Equal(t, json.Number("9007199254740993"), claims.All["custom:x"])
}

// selfDecoding decodes itself, so that its tags say nothing about which claims it reads.
type selfDecoding struct {
	Tenant string `json:"custom:tenant"`

	text string
}

func (s *selfDecoding) UnmarshalJSON(data []byte) error { s.text = string(data); return nil }

// Recursive embeds itself, which encoding/json allows.
type Recursive struct {
	*Recursive

	Tenant string `json:"custom:tenant"`
}

func TestTypesThatTakeClaims(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t)
	raw := forged(map[string]any{"custom:Tenant": "users", "custom:tenant": "admins"})
	var own selfDecoding
	require.NoError(t, v.VerifyInto(t.Context(), raw, cognito.AccessToken, &own))
	assert.Contains(t, own.text, "custom:Tenant")
	var again Recursive
	require.NoError(t, v.VerifyInto(t.Context(), raw, cognito.AccessToken, &again))
	assert.Equal(t, "admins", again.Tenant)
}

// A pool may have the attributes custom:tenant, which only administrators write, and custom:Tenant,
// which users do.
func TestFieldsGetClaimsOfTheirNameOnly(t *testing.T) {
	t.Parallel()
	type Inner struct {
		Plan string `json:"plan,omitempty"`
	}
	type own struct {
		cognito.AccessClaims
		*Inner

		Tenant  string `json:"custom:tenant"`
		Mixed   string `json:"custom:Role"`
		Team    string
		Roles   []string `json:",omitempty"`
		Ignored string   `json:"-"`
	}
	f := forgers()[0]
	v := newTestVerifier(t, cognito.WithHandlerClaims[own]())
	sign := func(more string) string {
		return f.sign(f.header(), strings.TrimSuffix(access(nil), "}")+more+"}")
	}
	for more, want := range map[string][5]string{
		`,"Team":"blue","team":"evil"`:                                     {"", "", "blue"},
		`,"custom:tenant":"acme","custom:Tenant":"evil"`:                   {"acme"},
		`,"custom:Tenant":"evil","custom:tenant":"acme","CUSTOM:TENANT":1`: {"acme"},
		`,"custom:Tenant":"evil","cuſtom:tenant":"evil"`:                   {},
		`,"custom:role":"evil","custom:Role":"user"`:                       {"", "user"},
		`,"custom:role":"evil","custom:ROLE":"evil"`:                       {},
		`,"Plan":"evil"`:                                                    {},
		`,"plan":"free","PLAN":"evil"`:                                      {"", "", "", "free"},
		`,"team":"blue","roles":["a"]`:                                      {"", "", "blue", "", "a"},
		`,"Team":"blue","team":"evil","TEAM":"evil"`:                        {"", "", "blue"},
		`,"team":"evil","TEAM":"evil"`:                                      {},
		`,"Ignored":"x","ignored":"x","-":"x","AccessClaims":1,"Inner":"x"`: {},
	} {
		var claims own
		raw := sign(more)
		require.NoError(t, v.VerifyInto(t.Context(), raw, cognito.AccessToken, &claims), more)
		got := [5]string{claims.Tenant, claims.Mixed, claims.Team, "", strings.Join(claims.Roles, " ")}
		if claims.Inner != nil {
			got[3] = claims.Plan
		}
		assert.Equal(t, want, got, more)
		assert.Equal(t, "bob", claims.Username, more)
		assert.Equal(t, want[0], claims.Custom("tenant"), "all readers see the same claim")
		assert.Equal(t, 200, serve(t, v.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			handled, _ := cognito.CustomClaimsFromContext[own](r.Context())
			assert.Equal(t, &claims, handled)
		})), raw).Code)
		var all map[string]any
		require.NoError(t, v.VerifyInto(t.Context(), raw, cognito.AccessToken, &all))
		assert.Equal(t, claims.All, all)
	}

	var pointer struct{ *cognito.AccessClaims }
	require.NoError(t, v.VerifyInto(t.Context(), sign(`,"custom:tenant":"acme"`), cognito.AccessToken, &pointer))
	assert.Equal(t, "acme", pointer.Custom("tenant"))
	var without struct {
		*cognito.AccessClaims `json:"-"`

		Tenant string `json:"custom:tenant"`
	}
	require.NoError(t, v.VerifyInto(t.Context(), sign(`,"custom:tenant":"acme"`), cognito.AccessToken, &without))
	assert.Equal(t, "acme", without.Tenant)
	assert.Nil(t, without.AccessClaims)
	var indirect *struct {
		Tenant string `json:"custom:tenant"`
	}
	require.NoError(t, v.VerifyInto(t.Context(), sign(`,"custom:Tenant":"evil"`), cognito.AccessToken, &indirect))
	assert.Empty(t, indirect.Tenant)
}

// A claim of the wrong type spoils a token only where a check needs it.
func TestWrongTypesOfClaims(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t)
	for _, name := range []string{"cognito:groups", "origin_jti", "event_id", "device_key", "at_hash", "cognito:username", "acr", "amr"} {
		raw := forged(claim(name, map[string]any{"a": 1}))
		claims, err := v.VerifyAccessToken(t.Context(), raw)
		require.NoError(t, err, name)
		assert.Contains(t, claims.All, name)
		assert.Empty(t, claims.DeviceKey+claims.ACR+claims.OriginID)
	}
	id, err := v.VerifyIDToken(t.Context(), idToken(map[string]any{"client_id": 1, "scope": []string{"a"}, "username": 1}))
	require.NoError(t, err)
	assert.Equal(t, "bob", id.Username)
	for _, raw := range []string{forged(claim("scope", []string{"a"})), idToken(claim("cognito:username", 1))} {
		_, err := v.VerifyAccessToken(t.Context(), raw)
		require.Error(t, err)
	}
	_, err = v.VerifyIDToken(t.Context(), idToken(claim("cognito:username", 1)))
	require.ErrorIs(t, err, jwt.ErrTokenMalformed)
	_, err = newTestVerifier(t, cognito.WithGroups("readers")).VerifyAccessToken(t.Context(), forged(claim("cognito:groups", []any{"readers", 1})))
	require.ErrorIs(t, err, jwt.ErrTokenMalformed)
	w := serve(t, v.Handler(cognito.RequireGroups(empty, "readers")), forged(claim("cognito:groups", []any{"readers", 1})))
	assert.Equal(t, http.StatusForbidden, w.Code)
}
