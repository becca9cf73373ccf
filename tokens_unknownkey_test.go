package cognito_test

import (
	"context"
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

// madeUpKey starts the pause that follows a key ID which the pool does not have.
func madeUpKey(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) {
	t.Helper()
	_, err := c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access", KeyID: "made-up"}), cognito.AccessToken)
	require.ErrorIs(t, err, cognito.ErrUnknownKey)
}

// Whoever sends tokens with made-up key IDs must not make the session lose what the service gives
// it.
func TestMadeUpKeysDoNotCostTheSession(t *testing.T) {
	t.Parallel()
	for name, obtain := range map[string]func(*testing.T, *cognito.Cognito) error{
		"renewal": func(t *testing.T, c *cognito.Cognito) error { t.Helper(); return c.RenewAccessToken(t.Context()) },
		"sign-in": func(t *testing.T, c *cognito.Cognito) error {
			t.Helper()
			return c.Authenticate(t.Context(), testPassword)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
			c := signedIn(t, srv)
			before := c.Tokens()
			for range 3 {
				srv.RotateKeys()
				madeUpKey(t, srv, c) // it fetches the set, or meets the pause
				srv.RotateKeys()
				require.NoError(t, obtain(t, c))
				assert.NotEqual(t, before.RefreshToken, c.Tokens().RefreshToken)
			}
			fetched := fetches(srv)
			madeUpKey(t, srv, c)
			madeUpKey(t, srv, c)
			assert.LessOrEqual(t, fetches(srv), fetched+1, "the pause is for others still")
		})
	}
}

// A key that does not come, such as from a wrong WithJWKSURL that is mended later, costs nothing
// either.
func TestTokensOfAnUnknownKeyAreKept(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	before, old := c.Tokens(), keySetOf(t, srv)
	srv.RotateKeys()
	keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(old) })
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrUnknownKey)
	assert.Equal(t, before.AccessToken, c.Tokens().AccessToken)
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrUnknownKey)
	assert.Equal(t, 1, renewals(srv), "what is there is not renewed again and again")
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before.RefreshToken, stored.RefreshToken, "and outlives the process")
	srv.Intercept(nil)
	require.NoError(t, c.VerifyTokens(t.Context()))
	assert.Equal(t, stored.RefreshToken, c.Tokens().RefreshToken)
	require.NoError(t, c.RenewAccessToken(t.Context()))
}

// badSignature makes the pool's answers carry tokens whose signature is another token's.
func badSignature(srv *cognitotest.Server, tokens cognito.Tokens, refreshToken, op string) {
	header, payload, signature := splitToken(tokens.AccessToken)
	answer(srv, op, http.StatusOK, map[string]any{"ChallengeParameters": map[string]any{}, "AuthenticationResult": map[string]any{
		"AccessToken": header + "." + payload + "." + strings.Repeat("A", len(signature)), "RefreshToken": refreshToken,
		"ExpiresIn": 3600, "TokenType": "Bearer",
	}})
}

// The old refresh token is spent even when the tokens that it brought are refused.
func TestRefusedTokensDoNotCostTheRefreshToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	before, claims := c.Tokens(), c.AccessClaims()
	next := signedIn(t, srv).Tokens().RefreshToken // stands for the one that came with the rotation
	badSignature(srv, before, next, "GetTokensFromRefreshToken")
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), jwt.ErrTokenSignatureInvalid)
	want := before
	want.RefreshToken = next
	assert.Equal(t, want, c.Tokens())
	assert.Equal(t, claims, c.AccessClaims())
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, stored)
}

// badAside is a good session that has, kept aside for want of keys, tokens which turn out to be
// bad.
func badAside(t *testing.T, store cognito.TokenStore) (*cognitotest.Server, *cognito.Cognito) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{})
	tokens := signedIn(t, srv).Tokens()
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(tokens), cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	badSignature(srv, tokens, "bad", "InitiateAuth")
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword, cognito.Flow("USER_PASSWORD_AUTH")), cognito.ErrKeysUnavailable)
	srv.Intercept(nil)
	_, err := c.CheckToken(t.Context(), false)
	require.NoError(t, err, "it is the session's own tokens that are looked at")
	return srv, c
}

func TestBadTokensKeptAsideDoNotSpoilTheSession(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(context.Context, *cognito.Cognito) error{
		"RenewAccessToken": func(ctx context.Context, c *cognito.Cognito) error { return c.RenewAccessToken(ctx) },
		"VerifyTokens": func(ctx context.Context, c *cognito.Cognito) error {
			if err := c.VerifyTokens(ctx); !errorIs(err, jwt.ErrTokenSignatureInvalid) { // once, for those kept aside
				return err
			}
			return c.VerifyTokens(ctx)
		},
		"Logout":      func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"RevokeToken": func(ctx context.Context, c *cognito.Cognito) error { return c.RevokeToken(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := cognito.NewMemoryStore()
			srv, c := badAside(t, store)
			srv.ClearFaults()
			require.NoError(t, use(t.Context(), c))
			stored, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.Tokens(), stored)
		})
	}
}

// What another process has saved meanwhile is not replaced.
func TestDroppingBadTokensLeavesNewerOnes(t *testing.T) {
	t.Parallel()
	store := cognito.NewMemoryStore()
	srv, c := badAside(t, store)
	srv.ClearFaults()
	newer := signedIn(t, srv).Tokens()
	require.NoError(t, store.Save(t.Context(), newer))
	require.NoError(t, c.VerifyTokens(t.Context()))
	assert.Equal(t, newer, c.Tokens(), "the session takes them")
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, newer, stored)
}

// Tokens that wait to be verified are not the session's yet; a check of them is one more try to
// make them so.
func TestCheckTokenOfTokensThatWait(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	require.Equal(t, cognito.Tokens{}, c.Tokens())
	_, err := c.CheckToken(t.Context(), false)
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
	require.NotErrorIs(t, err, cognito.ErrNotSignedIn)
	srv.ClearFaults()
	srv.Advance(time.Minute)
	expired, err := c.CheckToken(t.Context(), false)
	require.NoError(t, err)
	assert.False(t, expired)
	assert.NotEmpty(t, c.Tokens().AccessToken)

	c = newClient(t, srv, cognito.WithUsername("bob"))
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)

	// A second sign-in replaces the first one's.
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	srv.Advance(time.Minute)
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	newest := c.Tokens()
	require.NoError(t, c.RenewAccessToken(t.Context()))
	requests := srv.Requests()
	assert.Equal(t, newest.RefreshToken, requests[len(requests)-1].Body["RefreshToken"])
}

// A pool that gives out somebody else's tokens does not change whose session it is.
func TestRenewalOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "mallory", Password: testPassword})
	c := signedIn(t, srv)
	before := c.Tokens()
	answer(srv, "GetTokensFromRefreshToken", http.StatusOK, map[string]any{"AuthenticationResult": map[string]any{
		"AccessToken": srv.Token("mallory", cognitotest.TokenOptions{Use: "access"}), "IdToken": srv.Token("mallory", cognitotest.TokenOptions{Use: "id"}),
		"RefreshToken": "mallory's",
	}})
	err := c.RenewAccessToken(t.Context())
	require.ErrorIs(t, err, jwt.ErrTokenInvalidSubject)
	assert.False(t, cognito.IsTerminal(err))
	assert.Equal(t, before, c.Tokens())
	assert.Equal(t, "bob", c.AccessClaims().Username)
}

// The key of tokens that were kept aside may be gone before it could be had. Their refresh token is
// good all the same.
func TestTokensWhoseKeyIsGoneAreRenewed(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *cognito.Cognito) error{
		"Token": func(ctx context.Context, c *cognito.Cognito) error {
			_, err := c.Token(ctx)
			return err
		},
		"RenewAccessToken": func(ctx context.Context, c *cognito.Cognito) error { return c.RenewAccessToken(ctx) },
		"CheckToken": func(ctx context.Context, c *cognito.Cognito) error {
			_, err := c.CheckToken(ctx, true)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
			c := newClient(t, srv, cognito.WithUsername("bob"))
			require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
			srv.ClearFaults()
			srv.RotateKeys()
			srv.Advance(time.Minute) // past the pause after failed fetches
			require.NoError(t, call(t.Context(), c))
			assert.Equal(t, "bob", c.AccessClaims().Username)
			assert.Equal(t, 1, renewals(srv))
		})
	}
}
