package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{Groups: []cognitotest.Group{{Name: "staff"}}}, cognitotest.User{Groups: []string{"staff"}})
	foreign := cognitotest.NewServer(cognitotest.Config{UserPoolID: "us-east-1_Foreign01"})
	t.Cleanup(foreign.Close)
	foreign.AddUser(cognitotest.User{Username: "bob", Password: password})
	twin := cognitotest.NewServer(cognitotest.Config{Issuer: srv.Issuer()})
	t.Cleanup(twin.Close)
	twin.AddUser(cognitotest.User{Username: "bob", Password: password})

	good := srv.Token("bob", cognitotest.TokenOptions{})
	signature := good[strings.LastIndex(good, ".")+1:]
	changed := func(raw string, change func(map[string]any)) string {
		parts := strings.Split(raw, ".")
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		require.NoError(t, err)
		var claims map[string]any
		require.NoError(t, json.Unmarshal(text, &claims))
		change(claims)
		text, err = json.Marshal(claims)
		require.NoError(t, err)
		return parts[0] + "." + base64.RawURLEncoding.EncodeToString(text) + "." + parts[2]
	}
	tests := []struct {
		name, token string
		flags       []string
		codes       []string // none: it is valid
		text        string
	}{
		{"good", good, nil, nil, "access token: what its bearer may do"},
		{"good, online", good, []string{"-online"}, nil, "The token is valid."},
		{"header", "Authorization: Bearer " + good + "\n", nil, nil, "staff"},
		{"ID token", srv.Token("bob", cognitotest.TokenOptions{Use: "id"}), nil, nil, "ID token: who the user is"},
		{"ID token, access wanted", srv.Token("bob", cognitotest.TokenOptions{Use: "id"}), []string{"-use", "access"}, []string{"use"}, `want an access token, got "id"`},
		{"access token, ID wanted", good, []string{"-use", "id"}, []string{"use"}, `want an ID token, got "access"`},
		{"pool of the token", good, []string{"-pool", srv.UserPoolID}, nil, "in 59 minutes"},
		{"expired", srv.Token("bob", cognitotest.TokenOptions{ExpiresIn: -3 * time.Hour}), nil, []string{"expired"}, "Apart from that it is good."},
		{
			"expired, of another client", srv.Token("bob", cognitotest.TokenOptions{ExpiresIn: -3 * time.Hour, ClientID: "another1client"}),
			nil,
			[]string{"expired", "client"},
			`to the app client "another1client", not to ` + srv.ClientID,
		},
		{"another client", srv.Token("bob", cognitotest.TokenOptions{ClientID: "another1client"}), nil, []string{"client"}, "another1client"},
		{"another pool", foreign.Token("bob", cognitotest.TokenOptions{}), nil, []string{"issuer"}, "not by the user pool " + srv.UserPoolID},
		{"another pool's key", twin.Token("bob", cognitotest.TokenOptions{}), nil, []string{"key"}, "The pool has no key"},
		{"changed", changed(good, func(c map[string]any) { c["username"] = "root" }), nil, []string{"signature"}, "root"},
		{"escapes", changed(good, func(c map[string]any) { c["username"] = "\x1b[31m\u202eroot" }), nil, []string{"signature"}, `\u001b[31m\u202eroot`},
		{"early", srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}}), nil, []string{"early"}, "not valid yet"},
		{"no expiry", srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"exp": nil}}), nil, []string{"invalid"}, "exp"},
		{"refresh token", "eyJh.eyJh.eyJh.eyJh.eyJh", nil, []string{"encrypted"}, "Only the pool can read it"},
		{"nonsense", "nonsense", nil, []string{"malformed"}, "It is no JSON Web Token"},
		{"null", "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString([]byte("null")) + ".AA", nil, []string{"malformed"}, "It is no JSON Web Token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := u.run(tt.token, append([]string{"explain"}, tt.flags...)...)
			structured := u.run(tt.token, append([]string{"explain", "-json"}, tt.flags...)...)
			want := 0
			if tt.codes != nil {
				want = 1
			}
			assert.Equal(t, want, text.code, text.stdout+text.stderr)
			assert.Equal(t, want, structured.code)
			assert.Empty(t, text.stderr)
			assert.Contains(t, text.stdout, tt.text)
			var x explanation
			require.NoError(t, json.Unmarshal([]byte(structured.stdout), &x), structured.stdout)
			var codes []string
			for _, r := range x.Reasons {
				codes = append(codes, r.Code)
			}
			assert.Equal(t, tt.codes, codes)
			assert.Equal(t, map[int]string{0: "valid", 1: "invalid"}[want], x.Verdict)
			for _, out := range []string{text.stdout, structured.stdout} {
				assert.NotContains(t, out, signature)
				assert.NotContains(t, out, "\x1b")
				assert.NotContains(t, out, "\u202e")
			}
		})
	}
	assert.Contains(t, u.ok("", "explain", good), "The token is valid.")
}

// A token that was revoked is good for whoever does not ask.
func TestExplainRevoked(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	raw := srv.Token("bob", cognitotest.TokenOptions{})
	require.NoError(t, srv.Client(t).AdminSignOut(t.Context(), "bob"))
	u.fails(1, "It was revoked", raw, "explain", "-online")
	u.fails(0, "give -online", raw, "explain")
}

// Nothing is known about a token whose keys cannot be fetched. Only the pool that the user or AWS
// names is asked.
func TestExplainWithoutKeys(t *testing.T) {
	t.Parallel()
	u, srv := newUser(t, cognitotest.Config{}, cognitotest.User{})
	good := srv.Token("bob", cognitotest.TokenOptions{})
	before := len(srv.Requests())
	alone := nobody(t)
	alone.fails(1, "To check a token of a local pool, use -endpoint.", good, "explain")
	assert.Len(t, srv.Requests(), before, "the address in the token is not asked")
	evil := srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"iss": "https://evil.example"}})
	alone.fails(1, "is no user pool", evil, "explain")
	srv.Close()
	r := u.fails(1, "It is NOT known whether the token is valid.", good, "explain")
	assert.Contains(t, r.stdout, "keys could not be fetched")
}

func TestInWords(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 seconds", time.Second: "1 second", 119 * time.Second: "119 seconds", 2 * time.Minute: "2 minutes",
		119 * time.Minute: "119 minutes", 2 * time.Hour: "2 hours", 47 * time.Hour: "47 hours", 48 * time.Hour: "2 days",
	} {
		assert.Equal(t, want, inWords(d))
	}
}
