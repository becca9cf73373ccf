package cognitotest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// publishedKeys looks keys up in the set that the pool serves.
func publishedKeys(t *testing.T, f *fixture) jwt.Keyfunc {
	t.Helper()
	_, body := get(t, f.JWKSURL())
	keys, err := keyfunc.NewJWKSetJSON(json.RawMessage(body))
	require.NoError(t, err)
	return keys.Keyfunc
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	srv := cognitotest.NewServer(cognitotest.Config{})
	defer srv.Close()
	assert.Equal(t, "us-east-1_Test00001", srv.UserPoolID)
	assert.Regexp(t, `^[0-9a-z]{26}$`, srv.ClientID)
	assert.Empty(t, srv.ClientSecret)
	assert.Equal(t, srv.URL+"/us-east-1_Test00001", srv.Issuer())
	assert.Equal(t, srv.Issuer()+"/.well-known/jwks.json", srv.JWKSURL())

	elsewhere := cognitotest.NewServer(cognitotest.Config{UserPoolID: "eu-west-1_abc", Issuer: "https://id.example.com"})
	defer elsewhere.Close()
	assert.Equal(t, "https://id.example.com", elsewhere.Issuer())
	assert.Equal(t, elsewhere.URL+"/eu-west-1_abc/.well-known/jwks.json", elsewhere.JWKSURL())
}

func TestMistakesPanic(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]cognitotest.Config{
		"Config.UserPoolID":             {UserPoolID: "pool"},
		"got both":                      {UsernameAttributes: []string{"email"}, AliasAttributes: []string{"email"}},
		"Config.UsernameAttributes":     {UsernameAttributes: []string{"name"}},
		"Config.AliasAttributes":        {AliasAttributes: []string{"name"}},
		"Config.AutoVerifiedAttributes": {AutoVerifiedAttributes: []string{"name"}},
		"Client.ID":                     {Clients: []cognitotest.Client{{ID: "a-b"}}},
		"Client.ExplicitAuthFlows":      {Clients: []cognitotest.Client{{ExplicitAuthFlows: []string{"USER_SRP_AUTH"}}}},
	} {
		assert.Contains(t, panicText(func() { cognitotest.NewServer(cfg).Close() }), want)
	}
	f := newFixture(t, cognitotest.Config{})
	for want, user := range map[string]cognitotest.User{
		`a user "ana" already`: {Username: "ana", Password: password},
		"want a username":      {Password: password},
		"User.Status":          {Username: "bob", Password: password, Status: "GONE"},
	} {
		assert.Contains(t, panicText(func() { f.AddUser(user) }), want)
	}
	assert.Contains(t, panicText(func() { f.DisableUser("nobody", true) }), `no user "nobody"`)
	f.tokens() // a panic leaves the server usable
}

func panicText(fn func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	fn()
	return ""
}
