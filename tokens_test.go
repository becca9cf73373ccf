package cognito_test

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// signedIn signs bob in with his password, or on the pool's pages if COGNITO_TEST_MANAGED_LOGIN is
// set: a session behaves the same then.
func signedIn(t *testing.T, srv *cognitotest.Server, opts ...cognito.Option) *cognito.Cognito {
	t.Helper()
	opts = append(opts, cognito.WithUsername("bob"))
	c := newClient(t, srv, opts...)
	if byManagedLogin {
		var session []cognito.SessionOption
		for _, opt := range opts {
			if opt, ok := opt.(cognito.SessionOption); ok {
				session = append(session, opt)
			}
		}
		return hostedSession(t, srv, c, session...)
	}
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	return c
}

var byManagedLogin = os.Getenv("COGNITO_TEST_MANAGED_LOGIN") != ""

func TestTokensSurviveAProcess(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	before := signedIn(t, srv)
	after := newClient(t, srv, cognito.WithTokens(before.Tokens()))
	assert.Nil(t, after.IDClaims())
	assert.Nil(t, after.AccessClaims())
	require.NoError(t, after.VerifyTokens(t.Context()))
	assert.Equal(t, before.IDClaims(), after.IDClaims())
	assert.Equal(t, before.AccessClaims(), after.AccessClaims())
	assert.Equal(t, before.Tokens(), after.Tokens())
}

func TestVerifyTokensRefuses(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient}, {ID: "another1client2of3the4pool"}}})
	srv.AddUser(cognitotest.User{Username: "eve", Password: testPassword})
	good := signedIn(t, srv).Tokens()
	evesID := srv.Token("eve", cognitotest.TokenOptions{Use: "id"})
	otherClient := srv.Token("bob", cognitotest.TokenOptions{Use: "access", ClientID: "another1client2of3the4pool"})
	expired := srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: -2 * time.Minute})
	tests := []struct {
		name   string
		tokens cognito.Tokens
		want   error
	}{
		{"none", cognito.Tokens{}, cognito.ErrNotSignedIn},
		{"a refresh token only", cognito.Tokens{RefreshToken: good.RefreshToken}, cognito.ErrNotSignedIn},
		{"exchanged", cognito.Tokens{AccessToken: good.IDToken, IDToken: good.AccessToken}, cognito.ErrTokenUse},
		{"another user's ID token", cognito.Tokens{AccessToken: good.AccessToken, IDToken: evesID}, jwt.ErrTokenInvalidSubject},
		{"another client's access token", cognito.Tokens{AccessToken: otherClient}, cognito.ErrTokenClient},
		{"expired", cognito.Tokens{AccessToken: expired}, jwt.ErrTokenExpired},
		{"garbage", cognito.Tokens{AccessToken: "garbage"}, jwt.ErrTokenMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, srv, cognito.WithTokens(tt.tokens))
			require.ErrorIs(t, c.VerifyTokens(t.Context()), tt.want)
			assert.Equal(t, tt.tokens, c.Tokens(), "the session is as it was")
			assert.Nil(t, c.IDClaims())
			assert.Nil(t, c.AccessClaims())
		})
	}

	atHash := func(hash string) cognito.Tokens {
		return cognito.Tokens{AccessToken: good.AccessToken, IDToken: srv.Token("bob", cognitotest.TokenOptions{Use: "id", Claims: map[string]any{"at_hash": hash}})}
	}
	require.NoError(t, newClient(t, srv, cognito.WithTokens(atHash(halfHash(good.AccessToken)))).VerifyTokens(t.Context()))
	require.ErrorContains(t, newClient(t, srv, cognito.WithTokens(atHash(halfHash("another")))).VerifyTokens(t.Context()), "at_hash")
}

func TestVerifyTokenIsPure(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "eve", Password: testPassword})
	c := signedIn(t, srv)
	before := c.Tokens()
	claims, err := c.VerifyToken(t.Context(), srv.Token("eve", cognitotest.TokenOptions{Use: "access"}), cognito.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, "eve", claims["username"])
	assert.Equal(t, "bob", c.AccessClaims().Username)
	assert.Equal(t, before, c.Tokens())

	_, err = c.VerifyToken(t.Context(), before.AccessToken, "refresh")
	require.ErrorContains(t, err, "use")
	_, err = c.VerifyToken(t.Context(), before.IDToken, cognito.AccessToken)
	require.ErrorIs(t, err, cognito.ErrTokenUse)
	var refused *cognito.TokenError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, cognito.AccessToken, refused.Use)
	assert.NotContains(t, err.Error(), before.IDToken)
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	client := cognitotest.Client{ID: testClient, AccessTokenValidity: time.Hour, IDTokenValidity: 30 * time.Minute}
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	c := signedIn(t, srv)
	check := func(renew, want bool) {
		t.Helper()
		expired, err := c.CheckToken(t.Context(), renew)
		require.NoError(t, err)
		assert.Equal(t, want, expired)
	}
	check(false, false)
	before := c.Tokens()
	srv.Advance(31 * time.Minute)
	check(false, true) // the ID token, while the access token is still good
	assert.Equal(t, before, c.Tokens())
	check(true, false)
	assert.NotEqual(t, before.AccessToken, c.Tokens().AccessToken)
	srv.Advance(20 * time.Minute)
	check(true, false)
	srv.Advance(50 * time.Minute)
	check(false, true)

	_, err := newClient(t, srv).CheckToken(t.Context(), true)
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	_, err = newClient(t, srv, cognito.WithTokens(cognito.Tokens{AccessToken: "garbage"})).CheckToken(t.Context(), false)
	require.ErrorIs(t, err, jwt.ErrTokenMalformed)
}

func TestRenewAccessToken(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]cognitotest.Client{
		"public": {ID: testClient}, "with secret": secretClient(),
		"rotating": {ID: testClient, RefreshTokenRotation: true, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}, AliasAttributes: []string{"email"}})
			c := newClient(t, srv, cognito.WithUsername("bob@example.com"))
			require.NoError(t, c.Authenticate(t.Context(), testPassword))
			before, claims := c.Tokens(), c.AccessClaims()
			srv.Advance(2 * time.Hour)
			require.NoError(t, c.RenewAccessToken(t.Context()))
			after := c.Tokens()
			assert.NotEqual(t, before.AccessToken, after.AccessToken)
			assert.NotEqual(t, before.IDToken, after.IDToken)
			assert.Equal(t, client.RefreshTokenRotation, before.RefreshToken != after.RefreshToken)
			assert.NotEmpty(t, after.RefreshToken)
			assert.Equal(t, claims.AuthTime, c.AccessClaims().AuthTime)
			assert.True(t, c.AccessClaims().ExpiresAt.After(srv.Now()))

			last := serviceCalls(srv)[len(serviceCalls(srv))-1]
			assert.Equal(t, "GetTokensFromRefreshToken", last.Op)
			want := map[string]any{"ClientId": srv.ClientID, "RefreshToken": before.RefreshToken}
			if srv.ClientSecret != "" {
				want["ClientSecret"] = testSecret // as it is: no hash, so that the name signed in with does not matter
			}
			assert.Equal(t, want, last.Body)
		})
	}
}

func TestRenewFallsBackToREFRESH_TOKEN_AUTH(t *testing.T) {
	t.Parallel()
	for name, unknown := range map[string]struct {
		status int
		kind   string
	}{
		"the service":   {http.StatusBadRequest, "UnknownOperationException"},
		"cognito-local": {http.StatusInternalServerError, "Unsupported"},
		"LocalStack":    {http.StatusNotImplemented, "InternalFailure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testRenewFallsBack(t, unknown.status, unknown.kind)
		})
	}
}

func testRenewFallsBack(t *testing.T, status int, kind string) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}, AliasAttributes: []string{"email"}})
	c := newClient(t, srv, cognito.WithUsername("bob@example.com"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	before := c.Tokens()
	answer(srv, "GetTokensFromRefreshToken", status, map[string]any{"__type": kind})
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.NotEqual(t, before.AccessToken, c.Tokens().AccessToken)
	assert.Equal(t, before.RefreshToken, c.Tokens().RefreshToken)
	last := srv.Requests()[len(srv.Requests())-1]
	assert.Equal(t, map[string]any{
		"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": testClient,
		"AuthParameters": map[string]any{"REFRESH_TOKEN": before.RefreshToken, "SECRET_HASH": hmacHash("bob"+testClient, testSecret)},
	}, last.Body)

	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	unreadable := newClient(t, srv, cognito.WithTokens(cognito.Tokens{AccessToken: "x", RefreshToken: c.Tokens().RefreshToken}))
	require.ErrorContains(t, unreadable.RenewAccessToken(t.Context()), "username")
}

func TestRenewReasons(t *testing.T) {
	t.Parallel()
	rotating := cognitotest.Client{ID: testClient, RefreshTokenRotation: true, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH"}}
	tests := []struct {
		name     string
		client   cognitotest.Client
		spoil    func(*testing.T, *cognitotest.Server, *cognito.Cognito) cognito.Tokens
		want     error
		terminal bool
	}{
		{"expired", cognitotest.Client{ID: testClient}, func(_ *testing.T, srv *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			srv.Advance(31 * 24 * time.Hour)
			return c.Tokens()
		}, cognito.ErrRefreshTokenExpired, true},
		{"revoked", cognitotest.Client{ID: testClient}, func(t *testing.T, _ *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			t.Helper()
			tokens := c.Tokens()
			require.NoError(t, c.RevokeToken(t.Context()))
			return tokens
		}, cognito.ErrRefreshTokenRevoked, true},
		{"signed out everywhere", cognitotest.Client{ID: testClient}, func(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			t.Helper()
			tokens := c.Tokens()
			require.NoError(t, signedIn(t, srv).Logout(t.Context()))
			return tokens
		}, cognito.ErrRefreshTokenRevoked, true},
		{"garbage", cognitotest.Client{ID: testClient}, func(_ *testing.T, _ *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			tokens := c.Tokens()
			tokens.RefreshToken = "garbage"
			return tokens
		}, cognito.ErrInvalidRefreshToken, true},
		{"rotated away", rotating, func(t *testing.T, _ *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			t.Helper()
			tokens := c.Tokens()
			refreshElsewhere(t, c)
			return tokens
		}, cognito.ErrRefreshTokenReused, true},
		{"none", cognitotest.Client{ID: testClient}, func(_ *testing.T, _ *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			tokens := c.Tokens()
			tokens.RefreshToken = ""
			return tokens
		}, cognito.ErrNotSignedIn, false},
		{"throttled", cognitotest.Client{ID: testClient}, func(_ *testing.T, srv *cognitotest.Server, c *cognito.Cognito) cognito.Tokens {
			answer(srv, "GetTokensFromRefreshToken", http.StatusBadRequest, map[string]any{"__type": "TooManyRequestsException", "message": "Rate exceeded"})
			return c.Tokens()
		}, cognito.ErrThrottled, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{tt.client}})
			tokens := tt.spoil(t, srv, signedIn(t, srv))
			c := newClient(t, srv, cognito.WithTokens(tokens), cognito.WithClientOptions(noBackoff))
			err := c.RenewAccessToken(t.Context())
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, tt.terminal, cognito.IsTerminal(err))
			assert.Equal(t, tokens, c.Tokens(), "the session is as it was")
			if tokens.RefreshToken != "" {
				assert.NotContains(t, err.Error(), tokens.RefreshToken)
			}
		})
	}
}

func TestLogoutEndsAllSessions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	here, there := signedIn(t, srv), signedIn(t, srv)
	require.NoError(t, here.Logout(t.Context()))
	assert.Equal(t, cognito.Tokens{}, here.Tokens())
	assert.Nil(t, here.IDClaims())
	assert.Nil(t, here.AccessClaims())
	require.ErrorIs(t, here.Logout(t.Context()), cognito.ErrNotSignedIn)
	before := there.Tokens()
	require.ErrorIs(t, there.RenewAccessToken(t.Context()), cognito.ErrRefreshTokenRevoked)
	assert.Equal(t, before, there.Tokens(), "after an error the session is as it was")
	require.NoError(t, there.Logout(t.Context()), "it is over already")
	assert.Equal(t, cognito.Tokens{}, there.Tokens())
}

func TestRevokeTokenEndsOneSession(t *testing.T) {
	t.Parallel()
	for _, client := range []cognitotest.Client{{ID: testClient}, secretClient()} {
		srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		here, there := signedIn(t, srv), signedIn(t, srv)
		tokens := here.Tokens()
		require.NoError(t, here.RevokeToken(t.Context()))
		assert.Equal(t, cognito.Tokens{}, here.Tokens())
		require.ErrorIs(t, here.RevokeToken(t.Context()), cognito.ErrNotSignedIn)
		require.NoError(t, there.RenewAccessToken(t.Context()))
		revoked := newClient(t, srv, cognito.WithTokens(tokens))
		_, err := revoked.GetUser(t.Context())
		require.ErrorIs(t, err, cognito.ErrTokenRevoked)
		require.NoError(t, revoked.Logout(t.Context()), "it is over already")
	}
}

// The access token says when it expires; what the answer says beside it does not matter.
func TestExpiresAtIsTheTokens(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	fresh := srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: 20 * time.Minute})
	answer(srv, "GetTokensFromRefreshToken", http.StatusOK, map[string]any{"AuthenticationResult": map[string]any{
		"AccessToken": fresh, "ExpiresIn": 7,
	}})
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.Equal(t, fresh, c.Tokens().AccessToken)
	assert.True(t, c.AccessClaims().ExpiresAt.Equal(c.Tokens().ExpiresAt))
	assert.WithinDuration(t, srv.Now().Add(20*time.Minute), c.Tokens().ExpiresAt, 2*time.Second)
}

// What a Lambda function derives from ClientMetadata stays in the tokens when they are refreshed.
func TestMetadataOfARefresh(t *testing.T) {
	asked := 0
	metadata := func(context.Context) map[string]string {
		asked++
		return map[string]string{"org": "red"}
	}
	tests := []struct {
		name   string
		option cognito.SessionOption
		call   []cognito.CallOption
		want   any
	}{
		{"those of the sign-in", nil, nil, map[string]any{"org": "blue"}},
		{"the session's", cognito.WithRefreshMetadata(metadata), nil, map[string]any{"org": "red"}},
		{"the call's", cognito.WithRefreshMetadata(metadata), []cognito.CallOption{cognito.ClientMetadata{"org": "green"}}, map[string]any{"org": "green"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := newServer(t, cognitotest.Config{})
			opts := []cognito.Option{cognito.WithUsername("bob")}
			if tt.option != nil {
				opts = append(opts, tt.option)
			}
			c := newClient(t, srv, opts...)
			require.NoError(t, c.Authenticate(t.Context(), testPassword, cognito.ClientMetadata{"org": "blue"}))
			require.NoError(t, c.RenewAccessToken(t.Context(), tt.call...))
			last := srv.Requests()[len(srv.Requests())-1]
			assert.Equal(t, "GetTokensFromRefreshToken", last.Op)
			assert.Equal(t, tt.want, last.Body["ClientMetadata"])
		})
	}
	assert.Equal(t, 1, asked, "each refresh asks, but for those that are told")
}

func TestRefreshByInitiateAuth(t *testing.T) {
	t.Parallel()
	c := signedIn(t, newServer(t, cognitotest.Config{}))
	before := c.Tokens()
	require.NoError(t, c.RenewAccessToken(t.Context(), cognito.Flow("REFRESH_TOKEN_AUTH")))
	assert.NotEqual(t, before.AccessToken, c.Tokens().AccessToken)
	require.ErrorContains(t, c.RenewAccessToken(t.Context(), cognito.Flow("USER_SRP_AUTH")), "option Flow: want REFRESH_TOKEN_AUTH")
}
