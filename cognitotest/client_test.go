package cognitotest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// One line makes a client and one a verifier, whatever the pool is like; both go by the pool's
// clock.
func TestOptions(t *testing.T) {
	t.Setenv("COGNITO_JWKS", "")
	for name, cfg := range map[string]cognitotest.Config{
		"plain":            {},
		"with a secret":    {Clients: []cognitotest.Client{withSecret()}},
		"another's issuer": {Issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test00001"},
		"in memory":        {InMemory: true},
		"in memory, under another's issuer": {
			InMemory: true, Issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test00001",
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := cognitotest.NewServer(cfg)
			defer srv.Close()
			srv.AddUser(cognitotest.User{Username: "bob", Password: password})
			srv.Advance(100 * 24 * time.Hour)
			c := srv.Client(t, cognito.WithUsername("bob"))
			require.NoError(t, c.Authenticate(t.Context(), password))
			_, err := c.AdminGetUser(t.Context(), "bob", nil)
			require.NoError(t, err, "it has credentials")

			v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, srv.VerifierOptions()...)
			require.NoError(t, err)
			_, err = v.VerifyAccessToken(t.Context(), c.Tokens().AccessToken)
			require.NoError(t, err)
			srv.Advance(2 * time.Hour)
			_, err = v.VerifyAccessToken(t.Context(), c.Tokens().AccessToken)
			require.Error(t, err, "it has expired on the pool's clock")
			token, err := c.Token(t.Context())
			require.NoError(t, err)
			_, err = v.VerifyAccessToken(t.Context(), token.AccessToken)
			require.NoError(t, err, "it was refreshed")
		})
	}
}

// In a bubble an hour passes at once.
func TestBubble(t *testing.T) {
	t.Setenv("COGNITO_JWKS", "")
	synctest.Test(t, func(t *testing.T) {
		srv := cognitotest.NewServer(cognitotest.Config{InMemory: true})
		defer srv.Close()
		srv.AddUser(cognitotest.User{Username: "bob", Password: password})
		c := srv.Client(t, cognito.WithUsername("bob"))
		require.NoError(t, c.Authenticate(t.Context(), password))
		old := c.Tokens().AccessToken
		time.Sleep(time.Hour)
		token, err := c.Token(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, old, token.AccessToken)
	})
}
