package cognitotest_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gocognito/cognito/cognitotest"
)

// FuzzAuthorize makes any authorization request: the browser ends at a redirect URI of the client
// or at the pool's own error page, and nowhere else.
func FuzzAuthorize(f *testing.F) {
	registered := []string{"https://app.example.com/callback", "https://app.example.com/callback?x=y", "myapp://back"}
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{
		ID: clientID, AllowedOAuthFlows: []string{"code", "implicit"}, CallbackURLs: registered,
	}}})
	f.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "ana", Password: password})
	for _, uri := range registered {
		f.Add(query("redirect_uri", uri).Encode())
		f.Add(query("redirect_uri", uri, "response_type", "token", "scope", "openid").Encode())
		f.Add(query("redirect_uri", uri+"@evil.example.com", "scope", "").Encode())
	}
	f.Add("client_id=" + clientID + "&redirect_uri=https://app.example.com/callback&redirect_uri=https://evil.example.com")
	f.Fuzz(func(t *testing.T, q string) {
		u := url.URL{Scheme: "http", Host: "pool", Path: "/oauth2/authorize", RawQuery: q}
		if _, err := url.Parse(u.String()); err != nil {
			t.Skip("no URL")
		}
		location := srv.Authorize(u.String(), "ana")
		if strings.HasPrefix(location, srv.URL+"/error?") {
			return
		}
		if !slices.ContainsFunc(registered, func(uri string) bool {
			rest, ok := strings.CutPrefix(location, uri)
			return ok && rest != "" && strings.ContainsAny(rest[:1], "?&#")
		}) {
			t.Fatalf("%q leads to %q", q, location)
		}
	})
}
