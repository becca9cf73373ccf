package cognito_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// After a token with a made-up key ID the key set is not fetched for a while. Tokens that the service signs with a
// new key in that time must not be lost: of a refresh token that was rotated nothing else is left.
func TestTokensOfANewKeyOutliveTheFetchPause(t *testing.T) {
	t.Parallel()
	for name, obtain := range map[string]func(t *testing.T, c *cognito.Cognito) error{
		"renewal": func(t *testing.T, c *cognito.Cognito) error { t.Helper(); return c.RenewAccessToken(t.Context()) },
		"sign-in": func(t *testing.T, c *cognito.Cognito) error {
			t.Helper()
			return c.Authenticate(t.Context(), testPassword)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
			store := cognito.NewMemoryStore()
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			_, err := c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{KeyID: "made-up"}), cognito.AccessToken)
			require.ErrorIs(t, err, cognito.ErrUnknownKey)
			before := c.Tokens()
			srv.RotateKeys()
			err = obtain(t, c)
			require.ErrorIs(t, err, cognito.ErrUnknownKey)
			stored, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.NotEqual(t, before.RefreshToken, stored.RefreshToken, "they outlive the process")

			srv.Advance(20 * time.Second)
			require.NoError(t, c.VerifyTokens(t.Context()))
			assert.Equal(t, stored.RefreshToken, c.Tokens().RefreshToken)
			require.NoError(t, c.RenewAccessToken(t.Context()))
		})
	}
}
