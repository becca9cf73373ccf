package cognito_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestTokenChecks(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Now: func() time.Time { return testTime }})
	c := newClient(t, srv)
	other := newServer(t, cognitotest.Config{UserPoolID: "us-east-1_Another01"})
	access := func(opts cognitotest.TokenOptions) string {
		opts.Use = "access"
		return srv.Token("bob", opts)
	}
	good := access(cognitotest.TokenOptions{})
	header, payload, signature := splitToken(good)
	tests := []struct {
		name, raw string
		want      error // nil: accepted
	}{
		{"good", good, nil},
		{"empty", "", jwt.ErrTokenMalformed},
		{"two parts", header + "." + payload, jwt.ErrTokenMalformed},
		{"four parts", good + ".x", jwt.ErrTokenMalformed},
		{"leading space", " " + good, jwt.ErrTokenMalformed},
		{"trailing newline", good + "\n", jwt.ErrTokenMalformed},
		{"Bearer before it", "Bearer " + good, jwt.ErrTokenMalformed},
		{"padding", good + "=", jwt.ErrTokenMalformed},
		{"100 kB", header + "." + strings.Repeat("a", 100<<10) + "." + signature, jwt.ErrTokenMalformed},
		{"another signature", header + "." + payload + "." + strings.Repeat("A", len(signature)), jwt.ErrTokenSignatureInvalid},
		{"no signature", header + "." + payload + ".", jwt.ErrTokenSignatureInvalid},
		{"another payload", header + "." + changed(payload, "bob", "eve") + "." + signature, jwt.ErrTokenSignatureInvalid},
		{"alg none", encodeHeader(`{"alg":"none","kid":"x"}`) + "." + payload + ".", jwt.ErrTokenSignatureInvalid},
		{"alg HS256", encodeHeader(`{"alg":"HS256","kid":"x"}`) + "." + payload + "." + signature, jwt.ErrTokenSignatureInvalid},
		{"alg RS512", encodeHeader(`{"alg":"RS512","kid":"x"}`) + "." + payload + "." + signature, jwt.ErrTokenSignatureInvalid},
		{"no alg", encodeHeader(`{"kid":"x"}`) + "." + payload + "." + signature, jwt.ErrTokenUnverifiable},
		{"no kid", encodeHeader(`{"alg":"RS256"}`) + "." + payload + "." + signature, cognito.ErrUnknownKey},
		{"empty kid", encodeHeader(`{"alg":"RS256","kid":""}`) + "." + payload + "." + signature, cognito.ErrUnknownKey},
		{"kid that is no text", encodeHeader(`{"alg":"RS256","kid":7}`) + "." + payload + "." + signature, jwt.ErrTokenMalformed},
		{"critical extension", encodeHeader(`{"alg":"RS256","kid":"x","crit":["b64"]}`) + "." + payload + "." + signature, jwt.ErrTokenUnverifiable},
		{"another pool", other.Token("bob", cognitotest.TokenOptions{Use: "access"}), cognito.ErrTokenIssuer},
		{"issuer with a slash more", access(cognitotest.TokenOptions{Claims: map[string]any{"iss": srv.Issuer() + "/"}}), cognito.ErrTokenIssuer},
		{"no issuer", access(cognitotest.TokenOptions{Claims: map[string]any{"iss": nil}}), cognito.ErrTokenIssuer},
		{"no exp", access(cognitotest.TokenOptions{Claims: map[string]any{"exp": nil}}), jwt.ErrTokenRequiredClaimMissing},
		{"exp that is text", access(cognitotest.TokenOptions{Claims: map[string]any{"exp": "tomorrow"}}), jwt.ErrTokenMalformed},
		{"expired within the leeway", access(cognitotest.TokenOptions{ExpiresIn: -50 * time.Second}), nil},
		{"expired", access(cognitotest.TokenOptions{ExpiresIn: -70 * time.Second}), jwt.ErrTokenExpired},
		{"not yet, within the leeway", access(cognitotest.TokenOptions{Claims: map[string]any{"nbf": srv.Now().Add(50 * time.Second).Unix()}}), nil},
		{"not yet", access(cognitotest.TokenOptions{Claims: map[string]any{"nbf": srv.Now().Add(70 * time.Second).Unix()}}), jwt.ErrTokenNotValidYet},
		{"issued in the future", access(cognitotest.TokenOptions{Claims: map[string]any{"iat": srv.Now().Add(time.Hour).Unix()}}), nil},
		{"ID token", srv.Token("bob", cognitotest.TokenOptions{Use: "id"}), cognito.ErrTokenUse},
		{"no token_use", access(cognitotest.TokenOptions{Claims: map[string]any{"token_use": nil}}), cognito.ErrTokenUse},
		{"another client", access(cognitotest.TokenOptions{Claims: map[string]any{"client_id": "another"}}), cognito.ErrTokenClient},
		{"an audience beside the client", access(cognitotest.TokenOptions{Claims: map[string]any{"aud": "https://api.example.com"}}), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := c.VerifyToken(t.Context(), tt.raw, cognito.AccessToken)
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tt.want)
			var refused *cognito.TokenError
			require.ErrorAs(t, err, &refused)
			assert.NotContains(t, err.Error(), signature)
			assert.Less(t, len(err.Error()), 500)
		})
	}

	for name, audience := range map[string]any{"another": "another", "none": nil, "two": []string{srv.ClientID, "x"}} {
		_, err := c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "id", Claims: map[string]any{"aud": audience}}), cognito.IDToken)
		require.ErrorIs(t, err, cognito.ErrTokenClient, name)
	}
	_, err := c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}), cognito.IDToken)
	require.NoError(t, err)
}

// A foreign issuer must not make the key set be fetched: its keys are not in it.
func TestForeignTokensCauseNoFetch(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	other := newServer(t, cognitotest.Config{UserPoolID: "us-east-1_Another01"})
	_, err := newClient(t, srv).VerifyToken(t.Context(), other.Token("bob", cognitotest.TokenOptions{Use: "access"}), cognito.AccessToken)
	require.ErrorIs(t, err, cognito.ErrTokenIssuer)
	assert.Zero(t, fetches(srv))
}

func TestBothIssuersOfAPoolAtAWS(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]error{
		"https://cognito-idp.eu-west-1.amazonaws.com/" + testPool:        nil,
		"https://issuer-cognito-idp.eu-west-1.amazonaws.com/" + testPool: nil,
		"https://cognito-idp.eu-west-2.amazonaws.com/" + testPool:        cognito.ErrTokenIssuer,
		"http://cognito-idp.eu-west-1.amazonaws.com/" + testPool:         cognito.ErrTokenIssuer,
	} {
		srv := newServer(t, cognitotest.Config{UserPoolID: testPool, Issuer: issuer, Clients: []cognitotest.Client{{ID: testClient}}})
		c, err := cognito.New(testPool, testClient, cognito.WithJWKSURL(srv.JWKSURL()), cognito.WithClock(srv.Now))
		require.NoError(t, err)
		_, err = c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}), cognito.AccessToken)
		if want == nil {
			require.NoError(t, err, issuer)
		} else {
			require.ErrorIs(t, err, want, issuer)
		}
	}
}

func TestVerifier(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient}, {ID: "another1client2of3the4pool"}}})
	options := []cognito.VerifierOption{cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now), cognito.WithHTTPClient(http.DefaultClient)}
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{testClient}, options...)
	require.NoError(t, err)
	assert.Zero(t, fetches(srv))
	require.NoError(t, v.Preload(t.Context()))
	require.NoError(t, v.Preload(t.Context()))
	assert.Equal(t, 1, fetches(srv))

	access, err := v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	require.NoError(t, err)
	assert.Equal(t, "bob", access.Username)
	id, err := v.VerifyIDToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}))
	require.NoError(t, err)
	assert.Equal(t, "bob@example.com", id.Email)
	_, err = v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}))
	require.ErrorIs(t, err, cognito.ErrTokenUse)
	_, err = v.VerifyIDToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	require.ErrorIs(t, err, cognito.ErrTokenUse)

	elsewhere := srv.Token("bob", cognitotest.TokenOptions{Use: "access", ClientID: "another1client2of3the4pool"})
	_, err = v.VerifyAccessToken(t.Context(), elsewhere)
	require.ErrorIs(t, err, cognito.ErrTokenClient)
	v, err = cognito.NewVerifier(srv.UserPoolID, nil, append(options, cognito.WithAnyClient(), cognito.WithJWKS(keySetOf(t, srv)), cognito.WithLeeway(0))...)
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), elsewhere)
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: -2 * time.Second}))
	require.ErrorIs(t, err, jwt.ErrTokenExpired, "without leeway")
}

func TestNewVerifierRefusesBadArguments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pool    string
		clients []string
		opt     cognito.VerifierOption
		want    string
	}{
		"no client IDs":             {testPool, nil, nil, "WithAnyClient"},
		"client IDs and any client": {testPool, []string{testClient}, cognito.WithAnyClient(), "WithAnyClient"},
		"an empty client ID":        {testPool, []string{""}, nil, "client ID"},
		"a bad pool ID":             {"pool", []string{testClient}, nil, "user pool ID"},
		"a bad issuer":              {testPool, []string{testClient}, cognito.WithIssuers("x"), "WithIssuers"},
		"bad keys":                  {testPool, []string{testClient}, cognito.WithJWKS([]byte("x")), "WithJWKS"},
	} {
		v, err := cognito.NewVerifier(tt.pool, tt.clients, tt.opt)
		require.ErrorContains(t, err, tt.want, name)
		assert.Nil(t, v)
	}
}

// What the caller does to its slices afterwards changes nothing.
func TestVerifierKeepsCopies(t *testing.T) {
	t.Parallel()
	clients, groups, keys := []string{testClient}, []string{"readers"}, keySetJSON(forgers()[0].jwk(nil))
	withKeys, withGroups := cognito.WithJWKS(keys), cognito.WithGroups(groups...)
	clear(keys)
	v, err := cognito.NewVerifier(testPool, clients, withKeys, withGroups, cognito.WithClock(func() time.Time { return testTime }))
	require.NoError(t, err)
	clients[0], groups[0] = "another", "others"
	_, err = v.VerifyAccessToken(t.Context(), forged(nil))
	require.NoError(t, err)
}

func TestScopesBetweenAnySpaces(t *testing.T) {
	t.Parallel()
	claims, err := newTestVerifier(t, cognito.WithScopes("b")).VerifyAccessToken(t.Context(), forged(claim("scope", " a  b ")))
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, claims.Scopes())
	_, err = newTestVerifier(t, cognito.WithScopes("ab", "a b")).VerifyAccessToken(t.Context(), forged(claim("scope", "a b abc")))
	require.ErrorIs(t, err, cognito.ErrInsufficientScope)
}

func TestURLsHaveNoFragment(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]func(string) cognito.SharedOption{
		"WithEndpoint": cognito.WithEndpoint, "WithIssuer": cognito.WithIssuer, "WithJWKSURL": cognito.WithJWKSURL,
	} {
		_, err := cognito.New(testPool, testClient, opt("https://x.example.com/y#z"))
		require.ErrorContains(t, err, name)
	}
}

// What is longer than a token can be is refused before any work is done on it, however good it is.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t)
	_, err := v.VerifyAccessToken(t.Context(), forged(claim("custom:x", strings.Repeat("x", 48000))))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), forged(claim("custom:x", strings.Repeat("x", 49000))))
	require.ErrorIs(t, err, jwt.ErrTokenMalformed)
	require.ErrorContains(t, err, "at most 65536 bytes")
}

// The older names of a Verifier's options do the same.
func TestOlderNamesOfOptions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	raw := srv.Token("bob", cognitotest.TokenOptions{})
	var logged strings.Builder
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()),
		cognito.WithKeys(keySetOf(t, srv)), cognito.WithVerifierClock(srv.Now), cognito.WithVerifierLeeway(0),
		cognito.WithVerifierHTTPClient(srv.HTTPClient()),
		cognito.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), raw)
	require.NoError(t, err)
	srv.Advance(time.Hour)
	_, err = v.VerifyAccessToken(t.Context(), raw)
	require.ErrorIs(t, err, jwt.ErrTokenExpired, "by the server's clock, without leeway")
	assert.Contains(t, logged.String(), "token rejected")
}

// A client of a replica accepts the issuers of its region beside those of the pool's own, and no
// others.
func TestWithRegionAcceptsItsIssuers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithRegion("eu-west-1"),
		cognito.WithJWKS(keySetOf(t, srv)), cognito.WithClock(srv.Now))
	require.NoError(t, err)
	for region, good := range map[string]bool{"us-east-1": true, "eu-west-1": true, "ap-south-1": false} {
		issuer := "https://cognito-idp." + region + ".amazonaws.com/" + srv.UserPoolID
		raw := srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"iss": issuer}})
		_, err := c.VerifyToken(t.Context(), raw, cognito.AccessToken)
		assert.Equal(t, good, err == nil, "%s: %v", region, err)
	}
}

func TestRegionsOfAClientAndItsVerifierAddUp(t *testing.T) {
	t.Parallel()
	keys := cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil)))
	c, err := cognito.New(testPool, testClient, cognito.WithRegion("us-east-1"), cognito.WithClock(func() time.Time { return testTime }), keys)
	require.NoError(t, err)
	v, err := c.Verifier(cognito.WithRegions("us-west-2"))
	require.NoError(t, err)
	for region, want := range map[string]error{"eu-west-1": nil, "us-east-1": nil, "us-west-2": nil, "us-west-1": cognito.ErrTokenIssuer} {
		for _, prefix := range []string{"", "issuer-"} {
			raw := forged(claim("iss", "https://"+prefix+"cognito-idp."+region+".amazonaws.com/"+testPool))
			require.ErrorIs(t, verifyAccess(t, v, raw), want, region)
		}
	}
}

// panickingLog is a handler of logs that panics.
type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(context.Context, slog.Level) bool { return true }

func (panickingLog) Handle(context.Context, slog.Record) error { panic("the log") }

// A logger that panics while key sets are fetched beside each other panics in the caller, who can
// recover.
func TestPreloadOfManyPanicsInTheCaller(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	log := slog.New(panickingLog{slog.DiscardHandler})
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, append(srv.VerifierOptions(), cognito.WithLogger(log))...)
	require.NoError(t, err)
	m, err := cognito.NewMultiVerifier(v)
	require.NoError(t, err)
	assert.Panics(t, func() { _ = m.Preload(t.Context()) })
}

// An empty list of client IDs is no list.
func TestAnyClientWithAnEmptyList(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{}, cognito.WithAnyClient(), cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	require.NoError(t, err)
}
