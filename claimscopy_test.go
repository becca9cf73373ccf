package cognito_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// What a caller does to the claims it gets must not change the session's.
func TestClaimsAreCopies(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	groups := []string{"readers"}
	c := newClient(t, srv, cognito.WithTokens(cognito.Tokens{
		AccessToken: srv.Token("bob", cognitotest.TokenOptions{Use: "access", Claims: map[string]any{"cognito:groups": groups}}),
		IDToken: srv.Token("bob", cognitotest.TokenOptions{Use: "id", Claims: map[string]any{
			"cognito:groups": groups, "address": map[string]any{"lines": []any{"1 Street"}},
		}}),
	}))
	require.NoError(t, c.VerifyTokens(t.Context()))
	access, id := c.AccessClaims(), c.IDClaims()
	access.ExpiresAt.Time, access.IssuedAt.Time, access.Groups[0] = time.Time{}, time.Time{}, "admins"
	id.ExpiresAt.Time, id.AuthTime.Time, id.Audience[0], id.Groups[0] = time.Time{}, time.Time{}, "x", "admins"
	id.All["address"].(map[string]any)["lines"].([]any)[0] = "2 Street"
	id.All["sub"] = "x"
	assert.True(t, c.AccessClaims().ExpiresAt.After(srv.Now()))
	assert.False(t, c.AccessClaims().IssuedAt.IsZero())
	assert.Equal(t, groups, c.AccessClaims().Groups)
	assert.True(t, c.IDClaims().ExpiresAt.After(srv.Now()))
	assert.False(t, c.IDClaims().AuthTime.IsZero())
	assert.Equal(t, srv.ClientID, c.IDClaims().Audience[0])
	assert.Equal(t, groups, c.IDClaims().Groups)
	assert.Equal(t, map[string]any{"lines": []any{"1 Street"}}, c.IDClaims().All["address"])
	assert.NotEqual(t, "x", c.IDClaims().All["sub"])
}

func TestIDClaimsAsJSON(t *testing.T) {
	t.Parallel()
	claims, err := newTestVerifier(t).VerifyIDToken(t.Context(), idToken(map[string]any{
		"email_verified": "true", "phone_number_verified": true, "custom:team": "a", "address": map[string]any{"formatted": "x"},
	}))
	require.NoError(t, err)
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	var again cognito.IDClaims
	require.NoError(t, json.Unmarshal(text, &again))
	assert.True(t, again.EmailVerified)
	assert.True(t, again.PhoneNumberVerified)
	assert.Equal(t, "a", again.Custom("team"))
	assert.Equal(t, claims.All, again.All)
	assert.True(t, claims.ExpiresAt.Equal(again.ExpiresAt.Time))

	text, err = json.Marshal(cognito.IDClaims{Email: "bob@example.com", EmailVerified: true, PhoneNumberVerified: true, Username: "bob"})
	require.NoError(t, err)
	again = cognito.IDClaims{}
	require.NoError(t, json.Unmarshal(text, &again))
	assert.True(t, again.EmailVerified && again.PhoneNumberVerified)
	assert.Equal(t, "bob@example.com", again.Email)
	assert.Equal(t, "bob", again.Username)
}
