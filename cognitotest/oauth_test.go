package cognitotest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

const (
	callback     = "https://app.example.com/callback?from=pool"
	pkceVerifier = "a-verifier-of-43-characters-or-more-0123456789-0123456789"
	machine      = "2machine23456789abcdefghij"
	other        = "another2secret4of6the8client0and2is4long6enough8"
)

var orders = cognitotest.ResourceServer{Identifier: "https://orders.example.com", Scopes: []string{"read", "write"}}

// oauthFixture is a pool with a public client, one with two secrets, and a machine.
func oauthFixture(t *testing.T, adjust ...func(*cognitotest.Config)) *fixture {
	t.Helper()
	web := allFlows()
	web.AllowedOAuthFlows, web.CallbackURLs = []string{"code"}, []string{callback, "http://localhost:3000"}
	web.LogoutURLs = []string{"https://app.example.com/bye"}
	confidential := web
	confidential.ID, confidential.Secret, confidential.OtherSecret = "3confidential6789abcdefghi", secret, other
	implicit := web
	implicit.ID, implicit.AllowedOAuthFlows = "4implicit", []string{"implicit"}
	implicit.AllowedOAuthScopes = []string{"openid", "aws.cognito.signin.user.admin"}
	cfg := cognitotest.Config{
		ResourceServers: []cognitotest.ResourceServer{orders},
		Clients: []cognitotest.Client{web, confidential, implicit, {
			ID: machine, Secret: secret, OtherSecret: other, ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"},
			AllowedOAuthFlows: []string{"client_credentials"},
		}, {ID: "5plain"}, {ID: "6secret", Secret: secret}},
	}
	for _, fn := range adjust {
		fn(&cfg)
	}
	return newFixture(t, cfg)
}

// query is an authorization request of the public client; changes are names and values, and ""
// removes a parameter.
func query(changes ...string) url.Values {
	sum := sha256.Sum256([]byte(pkceVerifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "state": {"a state"}, "nonce": {"a nonce"},
		"scope": {"openid email https://orders.example.com/read"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return q
}

// code signs ana in without the pages.
func (f *fixture) code(q url.Values) string {
	f.t.Helper()
	location, err := url.Parse(f.Authorize(f.URL+"/oauth2/authorize?"+q.Encode(), "ana"))
	require.NoError(f.t, err)
	require.NotEmpty(f.t, location.Query().Get("code"), location)
	return location.Query().Get("code")
}

// post sends a form, and returns the status and the members of the answer.
func (f *fixture) post(path string, form url.Values, header http.Header) (int, map[string]any) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.URL+path, strings.NewReader(form.Encode()))
	require.NoError(f.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(req.Header, header)
	return f.send(req)
}

func (f *fixture) send(req *http.Request) (int, map[string]any) {
	f.t.Helper()
	resp, err := f.HTTPClient().Do(req)
	require.NoError(f.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(f.t, err)
	out := map[string]any{}
	if len(body) > 0 {
		require.NoError(f.t, json.Unmarshal(body, &out), string(body))
	}
	return resp.StatusCode, out
}

func basic(id, secret string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}}
}

// exchange is the form that exchanges code for tokens; changes as those of query.
func exchange(code string, changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {pkceVerifier},
	}
	for i := 0; i < len(changes); i += 2 {
		if form.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	return form
}

func (f *fixture) userInfo(token string) (int, map[string]any) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.URL+"/oauth2/userInfo", http.NoBody)
	require.NoError(f.t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return f.send(req)
}

func text(t *testing.T, members map[string]any, name string) string {
	t.Helper()
	s, ok := members[name].(string)
	require.True(t, ok, "%s in %v", name, members)
	return s
}

// assertException checks the kind of an exception whose text is not known.
func assertException(t *testing.T, err error, kind, about string) {
	t.Helper()
	var thrown smithy.APIError
	if assert.ErrorAs(t, err, &thrown, about) {
		assert.Equal(t, kind, thrown.ErrorCode(), about)
	}
}

func TestCodeGrant(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	signedIn := f.Now().Unix()
	code := f.code(query())
	f.Advance(time.Minute)
	status, tokens := f.post("/oauth2/token", exchange(code), nil)
	require.Equal(t, http.StatusOK, status, tokens)
	assert.Equal(t, "Bearer", tokens["token_type"])
	assert.InDelta(t, 3600, tokens["expires_in"], 0)

	access, id := claims(t, text(t, tokens, "access_token")), claims(t, text(t, tokens, "id_token"))
	assert.Equal(t, "openid email https://orders.example.com/read", access["scope"])
	assert.InDelta(t, 2, access["version"], 0)
	assert.NotContains(t, access, "aud")
	assert.Equal(t, "a nonce", id["nonce"])
	sum := sha256.Sum256([]byte(text(t, tokens, "access_token")))
	assert.Equal(t, base64.RawURLEncoding.EncodeToString(sum[:16]), id["at_hash"])
	assert.Equal(t, "ana@example.com", id["email"])
	assert.InDelta(t, signedIn, id["auth_time"], 0, "when the user signed in, not when the code was exchanged")

	status, refreshed := f.post("/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {text(t, tokens, "refresh_token")},
	}, nil)
	require.Equal(t, http.StatusOK, status, refreshed)
	assert.NotContains(t, refreshed, "refresh_token")
	assert.Equal(t, access["scope"], claims(t, text(t, refreshed, "access_token"))["scope"])
	id = claims(t, text(t, refreshed, "id_token"))
	assert.NotContains(t, id, "nonce")
	assert.Contains(t, id, "at_hash")

	out, err := f.sdk.GetTokensFromRefreshToken(t.Context(), &cip.GetTokensFromRefreshTokenInput{
		ClientId: aws.String(clientID), RefreshToken: aws.String(text(t, tokens, "refresh_token")),
	})
	require.NoError(t, err, "the service's own operation takes the same refresh token")
	assert.Equal(t, access["scope"], claims(t, *out.AuthenticationResult.AccessToken)["scope"])

	_, err = f.sdk.GetUser(t.Context(), &cip.GetUserInput{AccessToken: aws.String(text(t, tokens, "access_token"))})
	var refused *types.NotAuthorizedException
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "Access Token does not have required scopes", refused.ErrorMessage())
}

func TestScopesDecideWhatIsShown(t *testing.T) {
	t.Parallel()
	all := []string{"email", "email_verified", "name", "phone_number", "phone_number_verified", "custom:team"}
	tests := []struct {
		scopes string
		want   []string
	}{
		{"openid", all},
		{"openid aws.cognito.signin.user.admin", all},
		{"openid email", []string{"email", "email_verified"}},
		{"openid phone", []string{"phone_number", "phone_number_verified"}},
		{"openid profile", []string{"name", "custom:team"}},
		{"", all},
	}
	for _, tt := range tests {
		t.Run(tt.scopes, func(t *testing.T) {
			t.Parallel()
			f := oauthFixture(t)
			f.AddUser(cognitotest.User{Username: "bea", Password: password, Attributes: map[string]string{
				"email": "bea@example.com", "email_verified": "true", "name": "Bea", "phone_number": "+15550100", "phone_number_verified": "false", "custom:team": "red",
			}})
			location, err := url.Parse(f.Authorize(f.URL+"?"+query("scope", tt.scopes).Encode(), "bea"))
			require.NoError(t, err)
			status, tokens := f.post("/oauth2/token", exchange(location.Query().Get("code")), nil)
			require.Equal(t, http.StatusOK, status, tokens)
			id := claims(t, text(t, tokens, "id_token"))
			status, info := f.userInfo(text(t, tokens, "access_token"))
			require.Equal(t, http.StatusOK, status, info)
			for _, name := range all {
				if assert.Equal(t, contains(tt.want, name), id[name] != nil, name) && id[name] != nil {
					assert.NotNil(t, info[name])
				} else {
					assert.Nil(t, info[name])
				}
			}
			assert.Equal(t, "bea", info["username"])
			assert.Equal(t, id["sub"], info["sub"])
			if contains(tt.want, "email") {
				assert.Equal(t, "true", info["email_verified"], "text here")
				assert.Equal(t, true, id["email_verified"], "a bool there")
			}
		})
	}
}

func contains(list []string, name string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+name+" ")
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	_, tokens := f.post("/oauth2/token", exchange(f.code(query("scope", "aws.cognito.signin.user.admin"))), nil)
	assert.NotContains(t, tokens, "id_token")
	_, err := f.sdk.GetUser(t.Context(), &cip.GetUserInput{AccessToken: aws.String(text(t, tokens, "access_token"))})
	require.NoError(t, err)
	status, answer := f.userInfo(text(t, tokens, "access_token"))
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, "invalid_token", answer["error"])
}

func TestResourceBinding(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	_, tokens := f.post("/oauth2/token", exchange(f.code(query("resource", orders.Identifier))), nil)
	assert.Equal(t, orders.Identifier, claims(t, text(t, tokens, "access_token"))["aud"])
	assert.Equal(t, clientID, claims(t, text(t, tokens, "id_token"))["aud"])
	_, tokens = f.post("/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {text(t, tokens, "refresh_token")},
	}, nil)
	assert.Equal(t, orders.Identifier, claims(t, text(t, tokens, "access_token"))["aud"], "a refresh keeps it")
}

// Where the refusals are known from the service's manual or from recorded redirects, they are
// these.
func TestAuthorizationRefusals(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	toClient := func(params string) string { return callback + "&" + params + "&state=a+state" }
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"no client", []string{"client_id", ""}, "/error?error=Required+String+parameter+%27client_id%27+is+not+present"},
		{"unknown client", []string{"client_id", "nobody"}, "/error?client_id=nobody&error=User+pool+client+nobody+does+not+exist."},
		{"no redirect URI", []string{"redirect_uri", ""}, "/error?client_id=" + clientID + "&error=Required+String+parameter+%27redirect_uri%27+is+not+present"},
		{"foreign redirect URI", []string{"redirect_uri", "https://evil.example.com/"}, "/error?client_id=" + clientID + "&error=redirect_mismatch"},
		{"longer redirect URI", []string{"redirect_uri", callback + "/"}, "/error?client_id=" + clientID + "&error=redirect_mismatch"},
		{"no response type", []string{"response_type", ""}, toClient("error=invalid_request")},
		{"challenge without method", []string{"code_challenge_method", ""}, toClient("error=invalid_request")},
		{"method without challenge", []string{"code_challenge", ""}, toClient("error=invalid_request")},
		{"plain challenge", []string{"code_challenge_method", "plain"}, toClient("error=invalid_request")},
		{"resource that is no URL", []string{"resource", "orders"}, toClient("error=invalid_request")},
		{"unknown provider", []string{"identity_provider", "Nobody"}, toClient("error=invalid_request&error_description=identity_provider+does+not+exist")},
		{"scope of nobody", []string{"scope", "openid offline_access"}, toClient("error=invalid_request&error_description=invalid_scope")},
		{"e-mail without openid", []string{"scope", "email"}, toClient("error=invalid_request&error_description=invalid_scope")},
		{"implicit where it is not allowed", []string{"response_type", "token"}, callback + "#error=unauthorized_client&state=a+state"},
		{"code where it is not allowed", []string{"client_id", "4implicit"}, toClient("error=unauthorized_client")},
		{"nobody is signed in", []string{"prompt", "none"}, toClient("error=login_required")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, location := newBrowser(t, f).get("/oauth2/authorize?" + query(tt.changes...).Encode())
			assert.Equal(t, http.StatusFound, status)
			assert.Equal(t, strings.Replace(tt.want, "/error", f.URL+"/error", 1), location)
			if tt.name == "nobody is signed in" {
				return
			}
			assert.Equal(t, location, f.Authorize(f.URL+"/oauth2/authorize?"+query(tt.changes...).Encode(), "ana"), "the same without a browser")
			status, direct := newBrowser(t, f).get("/login?" + query(tt.changes...).Encode())
			assert.Equal(t, http.StatusFound, status)
			assert.Equal(t, location, direct, "the same at the login page")
		})
	}
	twice := query()
	twice.Add("scope", "openid")
	_, location := newBrowser(t, f).get("/oauth2/authorize?" + twice.Encode())
	assert.Equal(t, toClient("error=invalid_request"), location)
	_, location = newBrowser(t, f).get("/oauth2/authorize?" + query("client_id", "5plain").Encode())
	assert.Equal(t, f.URL+"/error?client_id=5plain&error=redirect_mismatch", location)
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		form   func(code string) url.Values
		header http.Header
		want   string
	}{
		{"no grant type", func(code string) url.Values { return exchange(code, "grant_type", "") }, nil, "invalid_request"},
		{"another grant type", func(code string) url.Values { return exchange(code, "grant_type", "password") }, nil, "unsupported_grant_type"},
		{"no client", func(code string) url.Values { return exchange(code, "client_id", "") }, nil, "invalid_request"},
		{"unknown client", func(code string) url.Values { return exchange(code, "client_id", "nobody") }, nil, "invalid_client"},
		{"a secret that there is none of", func(code string) url.Values { return exchange(code, "client_secret", "x") }, nil, "invalid_client"},
		{"no secret", func(code string) url.Values { return exchange(code, "client_id", "3confidential6789abcdefghi") }, nil, "invalid_client"},
		{"wrong secret", func(code string) url.Values { return exchange(code, "client_id", "") }, basic("3confidential6789abcdefghi", "x"), "invalid_client"},
		{"secret twice", func(code string) url.Values { return exchange(code, "client_secret", secret, "client_id", "") }, basic("3confidential6789abcdefghi", secret), "invalid_request"},
		{"two clients", func(code string) url.Values { return exchange(code) }, basic("3confidential6789abcdefghi", secret), "invalid_client"},
		{"bearer", func(code string) url.Values { return exchange(code) }, http.Header{"Authorization": {"Bearer x"}}, "invalid_client"},
		{"another client's code", func(code string) url.Values { return exchange(code, "client_id", "") }, basic("3confidential6789abcdefghi", secret), "invalid_grant"},
		{"client without the flow", func(code string) url.Values { return exchange(code, "client_id", "4implicit") }, nil, "unauthorized_client"},
		{"no code", func(string) url.Values { return exchange("") }, nil, "invalid_request"},
		{"made-up code", func(string) url.Values { return exchange("x") }, nil, "invalid_grant"},
		{"no redirect URI", func(code string) url.Values { return exchange(code, "redirect_uri", "") }, nil, "invalid_request"},
		{"another redirect URI", func(code string) url.Values { return exchange(code, "redirect_uri", "http://localhost:3000") }, nil, "invalid_grant"},
		{"no verifier", func(code string) url.Values { return exchange(code, "code_verifier", "") }, nil, "invalid_grant"},
		{"wrong verifier", func(code string) url.Values { return exchange(code, "code_verifier", pkceVerifier+"x") }, nil, "invalid_grant"},
		{"no form", func(code string) url.Values { return exchange(code) }, http.Header{"Content-Type": {"application/json"}}, "invalid_request"},
		{"no refresh token", func(string) url.Values { return url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}} }, nil, "invalid_request"},
		{"made-up refresh token", func(string) url.Values {
			return url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {"x"}}
		}, nil, "invalid_grant"},
		{"machine grant for a user's client", func(string) url.Values { return url.Values{"grant_type": {"client_credentials"}} }, basic("3confidential6789abcdefghi", secret), "unauthorized_client"},
		{"machine grant without OAuth", func(string) url.Values { return url.Values{"grant_type": {"client_credentials"}} }, basic("6secret", secret), "invalid_grant"},
		{"machine's scope of nobody", func(string) url.Values {
			return url.Values{"grant_type": {"client_credentials"}, "scope": {"https://orders.example.com/delete"}}
		}, basic(machine, secret), "invalid_scope"},
		{"machine's openid", func(string) url.Values { return url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}} }, basic(machine, secret), "invalid_scope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := oauthFixture(t)
			status, answer := f.post("/oauth2/token", tt.form(f.code(query())), tt.header)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Equal(t, tt.want, answer["error"])
			assert.NotContains(t, answer, "access_token")
		})
	}
}

func TestCodesAreGoodOnceAndForAWhile(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	failed := func(code string, changes ...string) {
		t.Helper()
		status, answer := f.post("/oauth2/token", exchange(code, changes...), nil)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, "invalid_grant", answer["error"])
	}
	code := f.code(query())
	status, answer := f.post("/oauth2/token", exchange(code), nil)
	require.Equal(t, http.StatusOK, status, answer)
	failed(code)
	code = f.code(query())
	failed(code, "code_verifier", "wrong")
	failed(code) // a wrong verifier has spent it
	code = f.code(query())
	f.Advance(5*time.Minute + time.Second)
	failed(code)
	code = f.code(query())
	f.DisableUser("ana", true)
	failed(code)
	f.DisableUser("ana", false)
	failed(f.code(query("code_challenge", "", "code_challenge_method", ""))) // a verifier without a challenge
	code = f.code(query())
	f.must("AdminDeleteUser", members{"Username": "ana"})
	failed(code)
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	const id = "3confidential6789abcdefghi"
	for name, send := range map[string]func(url.Values) http.Header{
		"header":               func(url.Values) http.Header { return basic(id, secret) },
		"header and client ID": func(form url.Values) http.Header { form.Set("client_id", id); return basic(id, secret) },
		"the other secret":     func(url.Values) http.Header { return basic(id, other) },
		"body": func(form url.Values) http.Header {
			form.Set("client_id", id)
			form.Set("client_secret", secret)
			return nil
		},
	} {
		form := exchange(f.code(query("client_id", id)), "client_id", "")
		status, answer := f.post("/oauth2/token", form, send(form))
		assert.Equal(t, http.StatusOK, status, "%s: %v", name, answer)
	}
}

func TestRevokeEndpoint(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t, func(cfg *cognitotest.Config) {
		off := cfg.Clients[0]
		off.ID, off.DisableTokenRevocation = "7off", true
		cfg.Clients = append(cfg.Clients, off)
	})
	_, tokens := f.post("/oauth2/token", exchange(f.code(query())), nil)
	refresh := text(t, tokens, "refresh_token")
	for name, tt := range map[string]struct {
		form   url.Values
		header http.Header
		status int
		want   string
	}{
		"no token":          {url.Values{"client_id": {clientID}}, nil, http.StatusBadRequest, "invalid_request"},
		"revocation is off": {url.Values{"client_id": {"7off"}, "token": {refresh}}, nil, http.StatusBadRequest, "invalid_request"},
		"an access token":   {url.Values{"client_id": {clientID}, "token": {text(t, tokens, "access_token")}}, nil, http.StatusBadRequest, "unsupported_token_type"},
		"wrong secret":      {url.Values{"token": {refresh}}, basic("3confidential6789abcdefghi", "x"), http.StatusUnauthorized, "invalid_client"},
	} {
		status, answer := f.post("/oauth2/revoke", tt.form, tt.header)
		assert.Equal(t, tt.status, status, name)
		assert.Equal(t, tt.want, answer["error"], name)
	}
	status, _ := f.post("/oauth2/revoke", url.Values{"token": {refresh}}, basic("3confidential6789abcdefghi", secret))
	assert.Equal(t, http.StatusOK, status, "another client's token is like one that is not valid")
	status, _ = f.userInfo(text(t, tokens, "access_token"))
	assert.Equal(t, http.StatusOK, status, "nothing was revoked so far")
	for range 2 {
		status, answer := f.post("/oauth2/revoke", url.Values{"client_id": {clientID}, "token": {refresh}}, nil)
		assert.Equal(t, http.StatusOK, status, "again, too")
		assert.Empty(t, answer)
	}
	status, _ = f.userInfo(text(t, tokens, "access_token"))
	assert.Equal(t, http.StatusUnauthorized, status)
	_, answer := f.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {refresh}}, nil)
	assert.Equal(t, "invalid_grant", answer["error"])
}

func TestUserInfoRefusals(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	for name, tt := range map[string]struct {
		token  string
		status int
		want   string
	}{
		"none":                 {"", http.StatusBadRequest, "invalid_request"},
		"garbage":              {"x", http.StatusUnauthorized, "invalid_token"},
		"of an API sign-in":    {*f.tokens().AccessToken, http.StatusUnauthorized, "invalid_token"},
		"an ID token":          {*f.tokens().IdToken, http.StatusUnauthorized, "invalid_token"},
		"expired":              {f.Token("ana", cognitotest.TokenOptions{ExpiresIn: -time.Minute, Claims: map[string]any{"scope": "openid"}}), http.StatusUnauthorized, "invalid_token"},
		"of an unknown client": {f.Token("ana", cognitotest.TokenOptions{ClientID: "nobody", Claims: map[string]any{"scope": "openid"}}), http.StatusUnauthorized, "invalid_token"},
	} {
		status, answer := f.userInfo(tt.token)
		assert.Equal(t, tt.status, status, name)
		assert.Equal(t, tt.want, answer["error"], name)
	}
}

func TestRotationAtTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t, func(cfg *cognitotest.Config) {
		cfg.Clients[0].RefreshTokenRotation = true
		cfg.Clients[0].ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH"}
	})
	_, tokens := f.post("/oauth2/token", exchange(f.code(query())), nil)
	refresh := func(token string) (int, map[string]any) {
		return f.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {token}}, nil)
	}
	first := text(t, tokens, "refresh_token")
	status, tokens := refresh(first)
	require.Equal(t, http.StatusOK, status)
	assert.NotEqual(t, first, text(t, tokens, "refresh_token"))
	status, _ = refresh(first)
	assert.Equal(t, http.StatusBadRequest, status)
}

// The two ways to a machine's token give the same one.
func TestMachineTokens(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{secret, other} {
		for _, scopes := range [][]string{nil, {orders.Identifier + "/read"}} {
			f := oauthFixture(t)
			form := url.Values{"grant_type": {"client_credentials"}}
			want := strings.Join(scopes, " ")
			if scopes == nil {
				want = orders.Identifier + "/read " + orders.Identifier + "/write"
			} else {
				form.Set("scope", want)
			}
			status, answer := f.post("/oauth2/token", form, basic(machine, secret))
			require.Equal(t, http.StatusOK, status, answer)
			assert.NotContains(t, answer, "refresh_token")
			assert.NotContains(t, answer, "id_token")
			out, err := f.sdk.GetClientToken(t.Context(), &cip.GetClientTokenInput{ClientId: aws.String(machine), Secret: aws.String(secret), Scopes: scopes})
			require.NoError(t, err)
			result := out.ClientAuthenticationResult
			assert.Equal(t, "Bearer", *result.TokenType)
			assert.Equal(t, int32(3600), result.ExpiresIn)
			for _, token := range []string{text(t, answer, "access_token"), *result.AccessToken} {
				got := claims(t, token)
				delete(got, "jti")
				now := float64(f.Now().Unix())
				assert.Equal(t, map[string]any{
					"sub": machine, "client_id": machine, "token_use": "access", "scope": want, "iss": f.Issuer(), "version": 2.0,
					"iat": now, "auth_time": now, "exp": now + 3600,
				}, got)
				_, err = f.sdk.GetUser(t.Context(), &cip.GetUserInput{AccessToken: &token})
				var refused *types.NotAuthorizedException
				require.ErrorAs(t, err, &refused, "it is nobody's")
				status, _ := f.userInfo(token)
				assert.Equal(t, http.StatusUnauthorized, status)
			}
		}
	}
}

func TestMachineTrigger(t *testing.T) {
	t.Parallel()
	var sources []string
	f := oauthFixture(t, func(cfg *cognitotest.Config) {
		cfg.Triggers.PreTokenGeneration = func(e *cognitotest.PreTokenGenerationEvent) error {
			sources = append(sources, e.Source+" "+e.ClientMetadata["k"])
			e.Access.Set = map[string]any{"tenant": "blue", "sub": "somebody"}
			return nil
		}
	})
	_, answer := f.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "aws_client_metadata": {`{"k":"v"}`}}, basic(machine, secret))
	got := claims(t, text(t, answer, "access_token"))
	assert.Equal(t, "blue", got["tenant"])
	assert.Equal(t, machine, got["sub"])
	_, err := f.sdk.GetClientToken(t.Context(), &cip.GetClientTokenInput{
		ClientId: aws.String(machine), Secret: aws.String(secret), ClientMetadata: map[string]string{"k": "w"},
	})
	require.NoError(t, err)
	_, answer = f.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "aws_client_metadata": {`x`}}, basic(machine, secret))
	assert.Equal(t, "invalid_request", answer["error"])
	f.post("/oauth2/token", exchange(f.code(query())), nil)
	assert.Equal(t, []string{"TokenGeneration_ClientCredentials v", "TokenGeneration_ClientCredentials w", "TokenGeneration_HostedAuth "}, sources)
}

func TestGetClientTokenRefusals(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	for name, tt := range map[string]struct {
		in   cip.GetClientTokenInput
		code string
	}{
		"unknown client":   {cip.GetClientTokenInput{ClientId: aws.String("nobody"), Secret: aws.String(secret)}, "ResourceNotFoundException"},
		"wrong secret":     {cip.GetClientTokenInput{ClientId: aws.String(machine), Secret: aws.String("x")}, "NotAuthorizedException"},
		"empty secret":     {cip.GetClientTokenInput{ClientId: aws.String(machine), Secret: aws.String("")}, "InvalidParameterException"},
		"flow not enabled": {cip.GetClientTokenInput{ClientId: aws.String("6secret"), Secret: aws.String(secret)}, "InvalidParameterException"},
		"scope of nobody":  {cip.GetClientTokenInput{ClientId: aws.String(machine), Secret: aws.String(secret), Scopes: []string{"openid"}}, "InvalidParameterException"},
	} {
		_, err := f.sdk.GetClientToken(t.Context(), &tt.in)
		assertException(t, err, tt.code, name)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.Issuer()+"/.well-known/openid-configuration", http.NoBody)
	require.NoError(t, err)
	_, found := f.send(req)
	assert.Equal(t, map[string]any{
		"issuer": f.Issuer(), "jwks_uri": f.JWKSURL(), "authorization_endpoint": f.URL + "/oauth2/authorize", "token_endpoint": f.URL + "/oauth2/token",
		"userinfo_endpoint": f.URL + "/oauth2/userInfo", "revocation_endpoint": f.URL + "/oauth2/revoke", "end_session_endpoint": f.URL + "/logout",
		"response_types_supported": []any{"code", "token"}, "subject_types_supported": []any{"public"},
		"id_token_signing_alg_values_supported": []any{"RS256"}, "scopes_supported": []any{"openid", "email", "phone", "profile"},
		"token_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post"},
	}, found)
}

// What contradicts itself is a mistake in a test, or for a client that is made by a call an
// exception.
func TestOAuthSettings(t *testing.T) {
	t.Parallel()
	callbacks := []string{"https://app.example.com"}
	for name, tt := range map[string]struct {
		client cognitotest.Client
		code   string
	}{
		"flow":                    {cognitotest.Client{AllowedOAuthFlows: []string{"password"}, CallbackURLs: callbacks}, "InvalidParameterException"},
		"machine beside users":    {cognitotest.Client{Secret: secret, AllowedOAuthFlows: []string{"client_credentials", "code"}, CallbackURLs: callbacks}, "InvalidOAuthFlowException"},
		"machine without secret":  {cognitotest.Client{AllowedOAuthFlows: []string{"client_credentials"}}, "InvalidOAuthFlowException"},
		"scope of nobody":         {cognitotest.Client{AllowedOAuthFlows: []string{"code"}, CallbackURLs: callbacks, AllowedOAuthScopes: []string{"x/y"}}, "ScopeDoesNotExistException"},
		"machine's openid":        {cognitotest.Client{Secret: secret, AllowedOAuthFlows: []string{"client_credentials"}, AllowedOAuthScopes: []string{"openid"}}, "ScopeDoesNotExistException"},
		"no redirect URI":         {cognitotest.Client{AllowedOAuthFlows: []string{"code"}}, "InvalidParameterException"},
		"plain HTTP":              {cognitotest.Client{AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{"http://app.example.com"}}, "InvalidParameterException"},
		"fragment":                {cognitotest.Client{AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{"https://app.example.com#x"}}, "InvalidParameterException"},
		"machine gate with users": {cognitotest.Client{Secret: secret, ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"}}, "InvalidParameterException"},
		"machine gate, no secret": {cognitotest.Client{ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"}}, "InvalidParameterException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Panics(t, func() { cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{tt.client}}).Close() })
			f := oauthFixture(t)
			in := &cip.CreateUserPoolClientInput{
				UserPoolId: aws.String(f.UserPoolID), ClientName: aws.String("x"), GenerateSecret: tt.client.Secret != "",
				AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: tt.client.AllowedOAuthScopes, CallbackURLs: tt.client.CallbackURLs,
			}
			for _, flow := range tt.client.AllowedOAuthFlows {
				in.AllowedOAuthFlows = append(in.AllowedOAuthFlows, types.OAuthFlowType(flow))
			}
			for _, flow := range tt.client.ExplicitAuthFlows {
				in.ExplicitAuthFlows = append(in.ExplicitAuthFlows, types.ExplicitAuthFlowsType(flow))
			}
			_, err := f.signer().CreateUserPoolClient(t.Context(), in)
			assertException(t, err, tt.code, name)
		})
	}
	for _, server := range []cognitotest.ResourceServer{{}, {Identifier: "a b"}, {Identifier: "a", Scopes: []string{"x/y"}}} {
		assert.Panics(t, func() {
			cognitotest.NewServer(cognitotest.Config{ResourceServers: []cognitotest.ResourceServer{server}}).Close()
		})
	}
}

// A client's settings on the wire are those of the authorization server.
func TestOAuthClientOnTheWire(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	described, err := f.signer().DescribeUserPoolClient(t.Context(), &cip.DescribeUserPoolClientInput{UserPoolId: aws.String(f.UserPoolID), ClientId: aws.String(clientID)})
	require.NoError(t, err)
	c := described.UserPoolClient
	assert.True(t, *c.AllowedOAuthFlowsUserPoolClient)
	assert.Equal(t, []types.OAuthFlowType{"code"}, c.AllowedOAuthFlows)
	assert.Equal(t, []string{callback, "http://localhost:3000"}, c.CallbackURLs)
	assert.Equal(t, []string{"https://app.example.com/bye"}, c.LogoutURLs)
	assert.Contains(t, c.AllowedOAuthScopes, "https://orders.example.com/read")

	update := &cip.UpdateUserPoolClientInput{
		UserPoolId: aws.String(f.UserPoolID), ClientId: aws.String(clientID), AllowedOAuthFlows: c.AllowedOAuthFlows,
		CallbackURLs: []string{"https://new.example.com"}, AllowedOAuthScopes: []string{"openid"},
	}
	_, err = f.signer().UpdateUserPoolClient(t.Context(), update)
	require.NoError(t, err)
	location := f.Authorize(f.URL+"?"+query("redirect_uri", "https://new.example.com", "scope", "").Encode(), "ana")
	assert.Contains(t, location, "error=unauthorized_client", "AllowedOAuthFlowsUserPoolClient is off")
	update.AllowedOAuthFlowsUserPoolClient = true
	_, err = f.signer().UpdateUserPoolClient(t.Context(), update)
	require.NoError(t, err)
	location = f.Authorize(f.URL+"?"+query("redirect_uri", "https://new.example.com", "scope", "").Encode(), "ana")
	assert.Contains(t, location, "https://new.example.com?code=")
}

// Every pool of a server has an authorization server: a request is for the pool of its client or
// token, or of the domain that it was sent to.
func TestOAuthOfEveryPool(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	second := f.created(members{"PoolName": "second"})
	app := f.must("CreateUserPoolClient", members{
		"UserPoolId": second, "ClientName": "web", "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthScopes": []string{"openid", "email"}, "CallbackURLs": []string{callback}, "LogoutURLs": []string{callback},
		"SupportedIdentityProviders": []string{"COGNITO"},
	})["UserPoolClient"].(map[string]any)["ClientId"].(string)
	f.must("AdminCreateUser", members{"UserPoolId": second, "Username": "zoe", "MessageAction": "SUPPRESS"})
	f.must("AdminSetUserPassword", members{"UserPoolId": second, "Username": "zoe", "Password": password, "Permanent": true})
	f.must("CreateUserPoolDomain", members{"UserPoolId": second, "Domain": "second-app"})

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(host, path string, form url.Values) (location string) {
		t.Helper()
		method, body := http.MethodGet, io.Reader(http.NoBody)
		if form != nil {
			method, body = http.MethodPost, strings.NewReader(form.Encode())
		}
		req, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, body)
		require.NoError(t, err)
		req.Host = host
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := browser.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.Header.Get("Location")
	}
	asked := query("client_id", app, "scope", "openid email")
	location := visit("", "/oauth2/authorize?"+asked.Encode(), nil)
	require.Contains(t, location, "/login?")
	back, err := url.Parse(visit("", location, url.Values{"username": {"zoe"}, "password": {password}}))
	require.NoError(t, err)
	require.NotEmpty(t, back.Query().Get("code"), back)
	status, tokens := f.post("/oauth2/token", exchange(back.Query().Get("code"), "client_id", app), nil)
	require.Equal(t, http.StatusOK, status, tokens)
	assert.Equal(t, f.URL+"/"+second, claims(t, text(t, tokens, "id_token"))["iss"])
	status, info := f.userInfo(text(t, tokens, "access_token"))
	require.Equal(t, http.StatusOK, status, info)
	assert.Equal(t, "zoe", info["username"])

	// The first pool's pages do not know the browser, and when they do, the second's still do.
	assert.Contains(t, visit("", "/oauth2/authorize?"+query().Encode(), nil), "/login?")
	visit("", "/login?"+query().Encode(), url.Values{"username": {"ana"}, "password": {password}})
	for _, q := range []url.Values{query(), asked} {
		assert.Contains(t, visit("", "/oauth2/authorize?"+q.Encode(), nil), callback+"&code=")
	}
	assert.Contains(t, f.Authorize(f.URL+"/oauth2/authorize?"+asked.Encode(), "zoe"), callback+"&code=")

	// A domain knows its own clients only.
	for _, host := range []string{"second-app.localhost:1234", "second-app.localhost", "Second-App.auth.us-east-1.amazoncognito.com"} {
		assert.Contains(t, visit(host, "/oauth2/authorize?"+asked.Encode(), nil), "/login?", host)
		assert.Contains(t, visit(host, "/oauth2/authorize?"+query().Encode(), nil), "/error?", host)
	}
	assert.Contains(t, visit("second-app.example.com", "/oauth2/authorize?"+query().Encode(), nil), "/login?")

	form := url.Values{"client_id": {app}, "token": {text(t, tokens, "refresh_token")}}
	status, out := f.post("/oauth2/revoke", form, nil)
	require.Equal(t, http.StatusOK, status, out)
	status, out = f.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {app}, "refresh_token": form["token"]}, nil)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, "invalid_grant", out["error"])
	visit("", "/logout?client_id="+app+"&logout_uri="+url.QueryEscape(callback), nil)
	assert.Contains(t, visit("", "/oauth2/authorize?"+asked.Encode(), nil), "/login?")
	assert.Contains(t, visit("", "/oauth2/authorize?"+query().Encode(), nil), callback+"&code=", "the first pool's is another sign-out")
}
