package cognito_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const (
	loginCallback = "https://app.example.com/callback"
	loginLogout   = "https://app.example.com/bye"
	otherSecret   = "another2secret4of6the8client0and2is4long6enough8"
)

// loginConfig is a pool with a client for its pages.
func loginConfig(adjust ...func(*cognitotest.Client)) cognitotest.Config {
	c := cognitotest.Client{
		ID: testClient, AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{loginCallback}, LogoutURLs: []string{loginLogout},
	}
	for _, fn := range adjust {
		fn(&c)
	}
	return cognitotest.Config{
		Clients:         []cognitotest.Client{c},
		ResourceServers: []cognitotest.ResourceServer{{Identifier: "https://orders.example.com", Scopes: []string{"read", "write"}}},
	}
}

func newLogin(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito, opts ...cognito.LoginOption) *cognito.ManagedLogin {
	t.Helper()
	m, err := c.ManagedLogin(srv.URL, append([]cognito.LoginOption{cognito.WithRedirectURL(loginCallback)}, opts...)...)
	require.NoError(t, err)
	return m
}

// comeBack signs username in on the pool's pages, and returns the attempt and what the browser
// brings back.
func comeBack(t *testing.T, srv *cognitotest.Server, m *cognito.ManagedLogin, username string, opts ...cognito.LoginOption) (cognito.LoginAttempt, url.Values) {
	t.Helper()
	authURL, attempt, err := m.AuthCodeURL(opts...)
	require.NoError(t, err)
	location, err := url.Parse(srv.Authorize(authURL, username))
	require.NoError(t, err)
	require.Equal(t, loginCallback, "https://"+location.Host+location.Path, location)
	return attempt, location.Query()
}

func hostedSession(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito, opts ...cognito.SessionOption) *cognito.Cognito {
	t.Helper()
	m := newLogin(t, srv, c)
	attempt, callback := comeBack(t, srv, m, "bob")
	session, err := m.Exchange(t.Context(), attempt, callback, opts...)
	require.NoError(t, err)
	return session
}

func tokenRequests(srv *cognitotest.Server) []cognitotest.Request {
	return slices.DeleteFunc(srv.Requests(), func(r cognitotest.Request) bool { return r.Op != "/oauth2/token" && r.Op != "GetClientToken" })
}

func TestManagedLoginURL(t *testing.T) {
	t.Parallel()
	c, err := cognito.New(testPool, testClient)
	require.NoError(t, err)
	m, err := c.ManagedLogin("auth.example.com", cognito.WithRedirectURL(loginCallback), cognito.WithLoginScopes("openid", "email"),
		cognito.WithLanguage("de"), cognito.WithIdentityProvider("Google"), nil)
	require.NoError(t, err)
	authURL, attempt, err := m.AuthCodeURL(cognito.WithLoginHint("bob@example.com"), cognito.WithPrompt("login", "consent"),
		cognito.WithResource("https://api.example.com"), cognito.WithIDPIdentifier("example.com"), cognito.WithLanguage("fr"))
	require.NoError(t, err)
	u, err := url.Parse(authURL)
	require.NoError(t, err)
	assert.Equal(t, "https://auth.example.com/oauth2/authorize", "https://"+u.Host+u.Path)
	assert.Equal(t, url.Values{
		"response_type": {"code"}, "client_id": {testClient}, "redirect_uri": {loginCallback}, "scope": {"openid email"},
		"state": {attempt.State}, "nonce": {attempt.Nonce}, "code_challenge": {oauth2.S256ChallengeFromVerifier(attempt.Verifier)},
		"code_challenge_method": {"S256"}, "lang": {"fr"}, "identity_provider": {"Google"}, "login_hint": {"bob@example.com"},
		"prompt": {"login consent"}, "resource": {"https://api.example.com"}, "idp_identifier": {"example.com"},
	}, u.Query())

	authURL, second, err := m.AuthCodeURL()
	require.NoError(t, err)
	assert.NotContains(t, authURL, "login_hint", "options of one sign-in are for that one")
	assert.Contains(t, authURL, "lang=de")
	for _, pair := range [][2]string{{attempt.State, second.State}, {attempt.Nonce, second.Nonce}, {attempt.Verifier, second.Verifier}, {attempt.State, attempt.Nonce}} {
		assert.NotEqual(t, pair[0], pair[1])
		assert.GreaterOrEqual(t, len(pair[0]), 26, "128 bits in base32")
	}
	assert.Equal(t, "https://auth.example.com/logout?client_id="+testClient+"&logout_uri="+url.QueryEscape(loginLogout), m.LogoutURL(loginLogout))
}

func TestDomains(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pool, domain, want string }{
		{testPool, "my-app", "https://my-app.auth.eu-west-1.amazoncognito.com"},
		{"us-gov-west-1_aBcDeFgHi", "my-app", "https://my-app.auth-fips.us-gov-west-1.amazoncognito.com"},
		{"cn-north-1_aBcDeFgHi", "my-app", ""},
		{"eusc-de-east-1_aBcDeFgHi", "my-app", ""},
		{"cn-north-1_aBcDeFgHi", "auth.example.com", "https://auth.example.com"},
		{testPool, "Auth.Example.com", "https://auth.example.com"},
		{testPool, "https://auth.example.com/", "https://auth.example.com"},
		{testPool, "http://127.0.0.1:9229", "http://127.0.0.1:9229"},
		{testPool, "http://localhost:9229", "http://localhost:9229"},
		{testPool, "http://auth.example.com", ""},
		{testPool, "ftp://auth.example.com", ""},
		{testPool, "https://auth.example.com/login", ""},
		{testPool, "auth.example.com/login", ""},
		{testPool, "https://user@auth.example.com", ""},
		{testPool, "https://auth.example.com?x=y", ""},
		{testPool, "https://", ""},
		{testPool, "my app", ""},
		{testPool, "", ""},
	} {
		c, err := cognito.New(tt.pool, testClient)
		require.NoError(t, err)
		m, err := c.ManagedLogin(tt.domain)
		if tt.want == "" {
			require.ErrorIs(t, err, cognito.ErrInvalidArgument, tt.domain)
			_, err = cognito.New(tt.pool, testClient, cognito.WithDomain(tt.domain))
			require.ErrorIs(t, err, cognito.ErrInvalidArgument, tt.domain)
			continue
		}
		require.NoError(t, err, tt.domain)
		assert.Equal(t, tt.want+"/logout", strings.Split(m.LogoutURL("x"), "?")[0])
		c, err = cognito.New(tt.pool, testClient, cognito.WithDomain(tt.domain))
		require.NoError(t, err)
		m, err = c.ManagedLogin("")
		require.NoError(t, err)
		assert.Equal(t, tt.want+"/logout", strings.Split(m.LogoutURL("x"), "?")[0], "the domain of WithDomain")
	}
}

func TestLoginOptionsAreChecked(t *testing.T) {
	t.Parallel()
	c, err := cognito.New(testPool, testClient)
	require.NoError(t, err)
	for name, opt := range map[string]cognito.LoginOption{
		"WithRedirectURL": cognito.WithRedirectURL("http://app.example.com"), "WithRedirectURL ": cognito.WithRedirectURL("/callback"),
		"WithRedirectURL  ": cognito.WithRedirectURL(loginCallback + "#x"), "WithLoginScopes": cognito.WithLoginScopes("openid email"),
		"WithIdentityProvider": cognito.WithIdentityProvider(""), "WithPrompt": cognito.WithPrompt("never"), "WithPrompt ": cognito.WithPrompt(),
		"WithResource": cognito.WithResource("orders"), "WithLanguage": cognito.WithLanguage(""), "WithLoginHint": cognito.WithLoginHint(""),
		"WithIDPIdentifier": cognito.WithIDPIdentifier(""),
	} {
		_, err := c.ManagedLogin("my-app", opt)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument, name)
		require.ErrorContains(t, err, "ManagedLogin: "+strings.TrimSpace(name), name)
		m, err := c.ManagedLogin("my-app", cognito.WithRedirectURL(loginCallback))
		require.NoError(t, err)
		_, _, err = m.AuthCodeURL(opt)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument, name)
		_, _, err = m.AuthCodeURL()
		require.NoError(t, err, "another sign-in does not inherit it")
	}
	m, err := c.ManagedLogin("my-app")
	require.NoError(t, err)
	_, _, err = m.AuthCodeURL()
	require.ErrorContains(t, err, "WithRedirectURL")
	for _, redirect := range []string{"myapp://signed-in", "http://localhost:3000", "http://[::1]:3000/x"} {
		_, _, err = m.AuthCodeURL(cognito.WithRedirectURL(redirect))
		require.NoError(t, err)
	}
	var none *cognito.ManagedLogin
	for _, m := range []*cognito.ManagedLogin{none, {}} {
		_, _, err = m.AuthCodeURL()
		require.ErrorIs(t, err, cognito.ErrInvalidArgument)
		_, err = m.Exchange(t.Context(), cognito.LoginAttempt{}, nil)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument)
		assert.Empty(t, m.LogoutURL(loginLogout))
	}
	_, err = (&cognito.Cognito{}).ManagedLogin("my-app")
	require.ErrorContains(t, err, "want one from New")
}

// A session that came by the pool's pages does what every session does.
func TestExchange(t *testing.T) {
	t.Parallel()
	for name, adjust := range map[string]func(*cognitotest.Client){
		"public": func(*cognitotest.Client) {},
		"secret": func(c *cognitotest.Client) { c.Secret = testSecret },
		"rotating": func(c *cognitotest.Client) {
			c.RefreshTokenRotation = true
			c.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, loginConfig(adjust))
			c := newClient(t, srv, noCredentials())
			m := newLogin(t, srv, c)
			attempt, callback := comeBack(t, srv, m, "bob")
			cookie, err := json.Marshal(attempt)
			require.NoError(t, err)
			var kept cognito.LoginAttempt // by another process
			require.NoError(t, json.Unmarshal(cookie, &kept))
			store := cognito.NewMemoryStore()
			session, err := newLogin(t, srv, newClient(t, srv, noCredentials())).Exchange(t.Context(), kept, callback, cognito.WithTokenStore(store))
			require.NoError(t, err)

			assert.Equal(t, "bob", session.Username())
			assert.Equal(t, "bob@example.com", session.IDClaims().Email)
			assert.True(t, session.AccessClaims().HasScope("aws.cognito.signin.user.admin"))
			tokens, err := session.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, srv.Now().Add(time.Hour).Unix(), tokens.ExpiresAt.Unix())
			assert.Equal(t, "bob", tokens.Username)
			stored, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tokens.AccessToken, stored.AccessToken)
			assert.Equal(t, cognito.Tokens{}, c.Tokens(), "the client itself has no session")

			user, err := session.GetUser(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "bob", user.Username)
			srv.Advance(2 * time.Hour)
			refreshed, err := session.Token(t.Context())
			require.NoError(t, err)
			assert.NotEqual(t, tokens.AccessToken, refreshed.AccessToken)
			assert.Equal(t, name == "rotating", tokens.RefreshToken != refreshed.RefreshToken)
			assert.Equal(t, 1, renewals(srv), "by the service's operation")
			base := &recordingBase{}
			roundTrip(t, newTransport(session, "", base), apiRequest(t, http.MethodGet, api, nil))
			assert.Equal(t, []string{"Bearer " + refreshed.AccessToken}, base.headers("Authorization"))

			require.NoError(t, session.RevokeToken(t.Context()))
			stored, err = store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, cognito.Tokens{}, stored)
			_, err = session.Token(t.Context())
			require.ErrorIs(t, err, cognito.ErrNotSignedIn)
			require.NoError(t, hostedSession(t, srv, c).Logout(t.Context()))
		})
	}
}

// Nothing of a sign-in that is refused stays, and the token endpoint is not asked where the
// callback is wrong.
func TestExchangeChecksTheCallback(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig())
	c := newClient(t, srv)
	m := newLogin(t, srv, c)
	attempt, callback := comeBack(t, srv, m, "bob")
	other, stranger := comeBack(t, srv, m, "bob")
	with := func(change func(*cognito.LoginAttempt)) cognito.LoginAttempt {
		changed := attempt
		change(&changed)
		return changed
	}
	values := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v
	}
	state := attempt.State
	for name, tt := range map[string]struct {
		attempt  cognito.LoginAttempt
		callback url.Values
		want     error
	}{
		"another attempt's callback":  {attempt, stranger, cognito.ErrLoginAttempt},
		"another attempt":             {other, callback, cognito.ErrLoginAttempt},
		"no attempt":                  {cognito.LoginAttempt{}, callback, cognito.ErrLoginAttempt},
		"no attempt and no state":     {cognito.LoginAttempt{}, values("code", "x"), cognito.ErrLoginAttempt},
		"no state":                    {attempt, values("code", callback.Get("code")), cognito.ErrLoginAttempt},
		"empty state":                 {with(func(a *cognito.LoginAttempt) { a.State = "" }), values("code", "x", "state", ""), cognito.ErrLoginAttempt},
		"state twice":                 {attempt, values("code", "x", "state", state, "state", state), cognito.ErrLoginAttempt},
		"attempt without nonce":       {with(func(a *cognito.LoginAttempt) { a.Nonce = "" }), callback, cognito.ErrLoginAttempt},
		"attempt without verifier":    {with(func(a *cognito.LoginAttempt) { a.Verifier = "" }), callback, cognito.ErrLoginAttempt},
		"attempt without redirect":    {with(func(a *cognito.LoginAttempt) { a.RedirectURL = "" }), callback, cognito.ErrLoginAttempt},
		"another domain's attempt":    {with(func(a *cognito.LoginAttempt) { a.Domain = "https://evil.example.com" }), callback, cognito.ErrLoginAttempt},
		"another client's attempt":    {with(func(a *cognito.LoginAttempt) { a.ClientID = "another" }), callback, cognito.ErrLoginAttempt},
		"expired":                     {with(func(a *cognito.LoginAttempt) { a.ExpiresAt = srv.Now() }), callback, cognito.ErrLoginExpired},
		"never valid":                 {with(func(a *cognito.LoginAttempt) { a.ExpiresAt = time.Time{} }), callback, cognito.ErrLoginExpired},
		"no code":                     {attempt, values("state", state), cognito.ErrInvalidArgument},
		"empty code":                  {attempt, values("state", state, "code", ""), cognito.ErrInvalidArgument},
		"code twice":                  {attempt, values("state", state, "code", "x", "code", "y"), cognito.ErrInvalidArgument},
		"denied":                      {attempt, values("state", state, "error", "access_denied"), cognito.ErrAccessDenied},
		"denied, and a code":          {attempt, values("state", state, "error", "access_denied", "code", callback.Get("code")), cognito.ErrAccessDenied},
		"login required":              {attempt, values("state", state, "error", "login_required"), cognito.ErrLoginRequired},
		"scope":                       {attempt, values("state", state, "error", "invalid_request", "error_description", "invalid_scope"), cognito.ErrInvalidScope},
		"flow":                        {attempt, values("state", state, "error", "unauthorized_client"), cognito.ErrFlowNotEnabled},
		"trigger":                     {attempt, values("state", state, "error", "invalid_request", "error_description", "PreSignUp failed with error no."), cognito.ErrLambda},
		"error of another attempt":    {attempt, values("state", "x", "error", "access_denied"), cognito.ErrLoginAttempt},
		"error without a state":       {attempt, values("error", "access_denied"), cognito.ErrLoginAttempt},
		"error without a state, read": {attempt, values("error", "access_denied"), cognito.ErrAccessDenied},
	} {
		session, err := m.Exchange(t.Context(), tt.attempt, tt.callback)
		require.ErrorIs(t, err, tt.want, name)
		assert.Nil(t, session, name)
		require.ErrorContains(t, err, "cognito: Exchange: ", name)
	}
	_, err := m.Exchange(t.Context(), attempt, values("state", "x", "error", "access_denied"))
	require.NotErrorIs(t, err, cognito.ErrAccessDenied, "what another says is not believed")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = m.Exchange(canceled, attempt, callback)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, tokenRequests(srv))

	srv.Advance(4*time.Minute + 50*time.Second)
	_, err = m.Exchange(t.Context(), attempt, callback)
	require.NoError(t, err, "none of this has spent the code")
	srv.Advance(10*time.Minute + 9*time.Second)
	_, err = m.Exchange(t.Context(), attempt, callback)
	require.ErrorIs(t, err, cognito.ErrInvalidGrant, "a code is good once")
	srv.Advance(time.Second)
	_, err = m.Exchange(t.Context(), attempt, callback)
	require.ErrorIs(t, err, cognito.ErrLoginExpired, "15 minutes")
}

// What the authorization server refuses is an error with its words and a reason.
func TestExchangeRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(srv *cognitotest.Server, a *cognito.LoginAttempt, callback url.Values)
		opts   []cognito.Option
		want   error
	}{
		"wrong verifier": {change: func(_ *cognitotest.Server, a *cognito.LoginAttempt, _ url.Values) { a.Verifier += "x" }, want: cognito.ErrInvalidGrant},
		"foreign redirect URL": {change: func(_ *cognitotest.Server, a *cognito.LoginAttempt, _ url.Values) {
			a.RedirectURL = "https://evil.example.com/"
		}, want: cognito.ErrInvalidGrant},
		"made-up code":      {change: func(_ *cognitotest.Server, _ *cognito.LoginAttempt, c url.Values) { c.Set("code", "x") }, want: cognito.ErrInvalidGrant},
		"expired code":      {change: func(srv *cognitotest.Server, _ *cognito.LoginAttempt, _ url.Values) { srv.Advance(6 * time.Minute) }, want: cognito.ErrInvalidGrant},
		"wrong secret":      {opts: []cognito.Option{cognito.WithClientSecret("wrong")}, want: cognito.ErrSecretHash},
		"two wrong secrets": {opts: []cognito.Option{cognito.WithClientSecret("wrong"), cognito.WithOtherClientSecret("wrong too")}, want: cognito.ErrSecretHash},
		"wrong nonce":       {change: func(_ *cognitotest.Server, a *cognito.LoginAttempt, _ url.Values) { a.Nonce += "x" }, want: cognito.ErrTokenNonce},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, loginConfig(func(c *cognitotest.Client) { c.Secret = testSecret }))
			store := cognito.NewMemoryStore()
			m := newLogin(t, srv, newClient(t, srv, tt.opts...))
			attempt, callback := comeBack(t, srv, m, "bob")
			if tt.change != nil {
				tt.change(srv, &attempt, callback)
			}
			session, err := m.Exchange(t.Context(), attempt, callback, cognito.WithTokenStore(store))
			require.ErrorIs(t, err, tt.want)
			assert.Nil(t, session)
			assert.False(t, cognito.IsTemporary(err))
			stored, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, cognito.Tokens{}, stored)
		})
	}
}

func TestExchangeWithTheOtherSecret(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig(func(c *cognitotest.Client) { c.Secret, c.OtherSecret = testSecret, otherSecret }))
	c := newClient(t, srv, cognito.WithClientSecret("deleted-meanwhile"), cognito.WithOtherClientSecret(otherSecret))
	hostedSession(t, srv, c)
	assert.Len(t, tokenRequests(srv), 2)
	hostedSession(t, srv, c)
	assert.Len(t, tokenRequests(srv), 3, "the secret that works comes first from then on")
}

// A function's refusal is told from a code that is spent.
func TestOAuthErrorOfAFunction(t *testing.T) {
	t.Parallel()
	err := &cognito.OAuthError{Code: "invalid_grant", Description: "PreTokenGeneration failed with error no."}
	require.ErrorIs(t, err, cognito.ErrLambda)
	require.NotErrorIs(t, err, cognito.ErrInvalidGrant)
}

// Only a rejected secret makes the other one be tried: a code that is refused is not sent again.
func TestExchangeRefusedWithTwoSecrets(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig(func(c *cognitotest.Client) { c.Secret, c.OtherSecret = testSecret, otherSecret }))
	m := newLogin(t, srv, newClient(t, srv, cognito.WithClientSecret(testSecret), cognito.WithOtherClientSecret(otherSecret)))
	attempt, callback := comeBack(t, srv, m, "bob")
	callback.Set("code", "made-up")
	_, err := m.Exchange(t.Context(), attempt, callback)
	require.ErrorIs(t, err, cognito.ErrInvalidGrant)
	assert.Len(t, tokenRequests(srv), 1)
}

// A session without the scope openid has no ID token, and that is no error; with it, it is.
func TestScopesOfASession(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig())
	m := newLogin(t, srv, newClient(t, srv))
	attempt, callback := comeBack(t, srv, m, "bob", cognito.WithLoginScopes("https://orders.example.com/read"))
	session, err := m.Exchange(t.Context(), attempt, callback)
	require.NoError(t, err)
	assert.Nil(t, session.IDClaims())
	assert.Equal(t, []string{"https://orders.example.com/read"}, session.AccessClaims().Scopes())
	_, err = session.GetUser(t.Context())
	require.ErrorIs(t, err, cognito.ErrMissingScope)
	srv.Advance(2 * time.Hour)
	tokens, err := session.Token(t.Context())
	require.NoError(t, err)
	assert.Empty(t, tokens.IDToken)

	attempt, callback = comeBack(t, srv, m, "bob", cognito.WithResource("https://orders.example.com"))
	session, err = m.Exchange(t.Context(), attempt, callback)
	require.NoError(t, err)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, append(srv.VerifierOptions(), cognito.WithAudience("https://orders.example.com"))...)
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), session.Tokens().AccessToken)
	require.NoError(t, err)
}

// tamper has the token endpoint's answers changed on their way.
func tamper(srv *cognitotest.Server, change func(answer map[string]any)) {
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/oauth2/token" || r.Header.Get("X-Passed") != "" {
			return false
		}
		req := r.Clone(context.WithoutCancel(r.Context()))
		req.RequestURI = ""
		req.URL, _ = url.Parse(srv.URL + r.URL.Path)
		req.Header.Set("X-Passed", "yes")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		answer := map[string]any{}
		_ = json.NewDecoder(resp.Body).Decode(&answer)
		change(answer)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(resp.StatusCode)
		_ = json.NewEncoder(w).Encode(answer)
		return true
	})
}

// A token endpoint that lies does not get a session into the program.
func TestExchangeVerifiesTheTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(srv *cognitotest.Server, answer map[string]any)
		want   error
	}{
		"no ID token": {func(_ *cognitotest.Server, a map[string]any) { delete(a, "id_token") }, cognito.ErrTokenNonce},
		"an ID token without nonce": {func(srv *cognitotest.Server, a map[string]any) {
			a["id_token"] = srv.Token("bob", cognitotest.TokenOptions{Use: "id"})
		}, cognito.ErrTokenNonce},
		"an ID token with a Nonce": {func(srv *cognitotest.Server, a map[string]any) {
			id, _ := a["id_token"].(string)
			_, payload, _ := splitToken(id)
			a["id_token"] = srv.Token("bob", cognitotest.TokenOptions{Use: "id", Claims: map[string]any{"Nonce": claimOf(payload, "nonce")}})
		}, cognito.ErrTokenNonce},
		"another access token": {func(srv *cognitotest.Server, a map[string]any) {
			a["access_token"] = srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"scope": "openid"}})
		}, jwt.ErrTokenInvalidClaims},
		"an access token in the place of the ID token": {func(_ *cognitotest.Server, a map[string]any) { a["id_token"] = a["access_token"] }, cognito.ErrTokenNonce},
		"another client's": {func(srv *cognitotest.Server, a map[string]any) {
			delete(a, "id_token")
			a["access_token"] = srv.Token("bob", cognitotest.TokenOptions{ClientID: "another"})
		}, cognito.ErrTokenClient},
		"a changed signature": {func(_ *cognitotest.Server, a map[string]any) {
			id, _ := a["id_token"].(string)
			header, payload, _ := splitToken(id)
			_, _, other := splitToken(a["access_token"].(string))
			a["id_token"] = header + "." + payload + "." + other
		}, jwt.ErrTokenSignatureInvalid},
		"no tokens":     {func(_ *cognitotest.Server, a map[string]any) { clear(a) }, nil},
		"no token":      {func(_ *cognitotest.Server, a map[string]any) { delete(a, "id_token"); a["access_token"] = "x" }, jwt.ErrTokenMalformed},
		"not even text": {func(_ *cognitotest.Server, a map[string]any) { a["access_token"] = 7 }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, loginConfig())
			m := newLogin(t, srv, newClient(t, srv))
			attempt, callback := comeBack(t, srv, m, "bob")
			tamper(srv, func(answer map[string]any) { tt.change(srv, answer) })
			session, err := m.Exchange(t.Context(), attempt, callback)
			require.Error(t, err)
			assert.Nil(t, session)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
		})
	}
}

// claimOf is a claim in the payload of a token.
func claimOf(payload, name string) any {
	var claims map[string]any
	text, _ := base64.RawURLEncoding.DecodeString(payload)
	_ = json.Unmarshal(text, &claims)
	return claims[name]
}

// The session is whose name the caller gives, if it gives one.
func TestExchangeForANamedUser(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig())
	srv.AddUser(cognitotest.User{Username: "eve", Password: testPassword})
	m := newLogin(t, srv, newClient(t, srv))
	for name, ok := range map[string]bool{"bob": true, "bob@example.com": true, "eve": false} {
		attempt, callback := comeBack(t, srv, m, "bob")
		session, err := m.Exchange(t.Context(), attempt, callback, cognito.WithUsername(name))
		if !ok {
			require.ErrorIs(t, err, cognito.ErrStoreUser)
			assert.Nil(t, session)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, name, session.Username())
		assert.Equal(t, name, session.Tokens().Username)
	}
	store := cognito.NewMemoryStore()
	c := newClient(t, srv)
	hostedSession(t, srv, c, cognito.WithTokenStore(store))
	attempt, callback := comeBack(t, srv, m, "eve")
	session, err := m.Exchange(t.Context(), attempt, callback, cognito.WithTokenStore(store))
	require.NoError(t, err, "a new sign-in replaces what the store has")
	assert.Equal(t, "eve", session.Username())
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "eve", stored.Username)
}

// Without the pool's keys the user has signed in all the same, and the tokens wait.
func TestExchangeWithoutKeys(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig())
	m := newLogin(t, srv, newClient(t, srv))
	attempt, callback := comeBack(t, srv, m, "bob")
	srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultServerError, Times: -1})
	session, err := m.Exchange(t.Context(), attempt, callback)
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
	require.NotNil(t, session)
	assert.Equal(t, cognito.Tokens{}, session.Tokens(), "not handed out yet")
	srv.ClearFaults()
	srv.Advance(time.Minute)
	require.NoError(t, session.VerifyTokens(t.Context()))
	assert.Equal(t, "bob", session.AccessClaims().Username)
}

// Codes and secrets go to the domain that the caller named, and to no other.
func TestExchangeFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	reached := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		reached++
	}))
	defer elsewhere.Close()
	srv := newServer(t, loginConfig(func(c *cognitotest.Client) { c.Secret = testSecret }))
	for _, client := range []*http.Client{nil, {}} {
		var opts []cognito.Option
		if client != nil {
			opts = append(opts, cognito.WithHTTPClient(client))
		}
		m := newLogin(t, srv, newClient(t, srv, opts...))
		attempt, callback := comeBack(t, srv, m, "bob")
		srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/oauth2/token" {
				return false
			}
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return true
		})
		_, err := m.Exchange(t.Context(), attempt, callback)
		var refused *cognito.OAuthError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusTemporaryRedirect, refused.HTTPStatusCode())
		srv.Intercept(nil)
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Zero(t, reached)
}

// countingTransport counts requests by path.
type countingTransport struct {
	mu    sync.Mutex
	paths []string
}

func (c *countingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.paths = append(c.paths, req.URL.Path)
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

func TestExchangeUsesTheCallersHTTPClient(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig())
	for _, option := range []func(*http.Client) cognito.Option{
		func(c *http.Client) cognito.Option { return cognito.WithHTTPClient(c) },
		func(c *http.Client) cognito.Option { return cognito.WithAWSConfig(aws.Config{HTTPClient: c}) },
	} {
		transport := &countingTransport{}
		hostedSession(t, srv, newClient(t, srv, option(&http.Client{Transport: transport})))
		assert.Contains(t, transport.paths, "/oauth2/token")
	}
}

// A server that never ends its answer, or answers with rubbish, is an error that shows nothing of
// the answer.
func TestTokenEndpointThatMisbehaves(t *testing.T) {
	t.Parallel()
	const leak = "what-was-in-the-answer"
	for name, tt := range map[string]struct {
		answer    func(w http.ResponseWriter)
		temporary bool
	}{
		"endless": {func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"access_token":"`)
			for range 40 {
				_, _ = io.WriteString(w, strings.Repeat("x", 1<<16))
			}
		}, false},
		"rubbish":      {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>"+leak) }, false},
		"server error": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway); _, _ = io.WriteString(w, leak) }, true},
		"throttled":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests); _, _ = io.WriteString(w, leak) }, true},
		"forbidden":    {func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden); _, _ = io.WriteString(w, leak) }, false},
		"an error with a success": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"error":"invalid_grant","access_token":"`+leak+`"}`)
		}, false},
		"long words": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": strings.Repeat("y", 1<<16), "error_description": "a\nb" + strings.Repeat("z", 1<<16)})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, loginConfig())
			m := newLogin(t, srv, newClient(t, srv))
			attempt, callback := comeBack(t, srv, m, "bob")
			srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/oauth2/token" {
					return false
				}
				tt.answer(w)
				return true
			})
			_, err := m.Exchange(t.Context(), attempt, callback)
			require.Error(t, err)
			assert.Equal(t, tt.temporary, cognito.IsTemporary(err), "%v", err)
			assert.Less(t, len(err.Error()), 2000)
			assert.NotContains(t, err.Error(), "\n")
			for e := err; e != nil; e = errors.Unwrap(e) {
				assert.NotContains(t, fmt.Sprintf("%+v", e), leak)
			}
		})
	}
}

// machineConfig is a pool with a machine's client.
func machineConfig(adjust ...func(*cognitotest.Client)) cognitotest.Config {
	return loginConfig(append([]func(*cognitotest.Client){func(c *cognitotest.Client) {
		*c = cognitotest.Client{
			ID: testClient, Secret: testSecret, ExplicitAuthFlows: []string{"ALLOW_CLIENT_TOKEN_AUTH"},
			AllowedOAuthFlows: []string{"client_credentials"},
		}
	}}, adjust...)...)
}

// eachWay runs a test with both ways to a machine's token.
func eachWay(t *testing.T, test func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option)) {
	t.Helper()
	t.Run("GetClientToken", func(t *testing.T) {
		t.Parallel()
		test(t, "GetClientToken", func(*cognitotest.Server) []cognito.Option { return []cognito.Option{noCredentials()} })
	})
	t.Run("token endpoint", func(t *testing.T) {
		t.Parallel()
		test(t, "/oauth2/token", func(srv *cognitotest.Server) []cognito.Option {
			return []cognito.Option{noCredentials(), cognito.WithDomain(srv.URL)}
		})
	})
}

// AWS bills each token: there is one request for three quarters of a token's life, and one per set
// of scopes.
func TestMachineTokens(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		c := newClient(t, srv, opts(srv)...)
		all, read := c.MachineTokens(), c.MachineTokens("https://orders.example.com/read")
		assert.Empty(t, srv.Requests(), "making it does no I/O")
		token, err := read.Token()
		require.NoError(t, err)
		assert.Equal(t, "Bearer", token.TokenType)
		assert.Equal(t, srv.Now().Add(time.Hour).Unix(), token.Expiry.Unix())
		v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, srv.VerifierOptions()...)
		require.NoError(t, err)
		claims, err := v.VerifyAccessToken(t.Context(), token.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, []string{"https://orders.example.com/read"}, claims.Scopes())
		assert.Equal(t, srv.ClientID, claims.Subject)
		other, err := all.Token()
		require.NoError(t, err)
		claims, err = v.VerifyAccessToken(t.Context(), other.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, []string{"https://orders.example.com/read", "https://orders.example.com/write"}, claims.Scopes())

		again := func(source oauth2.TokenSource) string {
			t.Helper()
			token, err := source.Token()
			require.NoError(t, err)
			return token.AccessToken
		}
		for range 3 {
			assert.Equal(t, token.AccessToken, again(read))
			assert.Equal(t, token.AccessToken, again(c.MachineTokens("https://orders.example.com/read", "https://orders.example.com/read")))
			assert.Equal(t, token.AccessToken, again(c.ForUser("bob").MachineTokens("https://orders.example.com/read")))
			assert.Equal(t, other.AccessToken, again(all))
		}
		assert.Equal(t, again(c.MachineTokens("https://orders.example.com/write", "https://orders.example.com/read")),
			again(c.MachineTokens("https://orders.example.com/read", "https://orders.example.com/write")), "in any order")
		assert.Equal(t, []string{op, op, op}, ops(tokenRequests(srv)))
		for _, r := range tokenRequests(srv) {
			assert.Empty(t, r.Header.Get("Authorization"), "unsigned, and without a secret in the header")
		}

		srv.Advance(41 * time.Minute)
		assert.Equal(t, token.AccessToken, again(read))
		srv.Advance(4*time.Minute + time.Second)
		assert.NotEqual(t, token.AccessToken, again(read))
		assert.Len(t, tokenRequests(srv), 4)
	})
}

func TestMachineTokensShareOneRequest(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		c := newClient(t, srv, opts(srv)...)
		release, entered := make(chan struct{}), make(chan string, 1)
		srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultDelay, Times: 1, Release: release, Entered: func(op string) { entered <- op }})
		var wg sync.WaitGroup
		tokens := make([]string, 50)
		for i := range tokens {
			wg.Go(func() {
				token, err := c.MachineTokens().Token()
				if assert.NoError(t, err) {
					tokens[i] = token.AccessToken
				}
			})
		}
		<-entered
		close(release)
		wg.Wait()
		assert.Len(t, tokenRequests(srv), 1)
		assert.Len(t, slices.Compact(tokens), 1)
	})
}

// A failed renewal costs no call while the token is good, and is not tried again at once.
func TestMachineTokensOutliveFailures(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		c := newClient(t, srv, opts(srv)...)
		source := c.MachineTokens()
		first, err := source.Token()
		require.NoError(t, err)
		srv.Advance(50 * time.Minute)
		srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultServerError, Times: -1})
		for range 5 {
			token, err := source.Token()
			require.NoError(t, err)
			assert.Equal(t, first.AccessToken, token.AccessToken)
		}
		assert.Len(t, tokenRequests(srv), 2, "after a failure the next attempt waits")
		srv.ClearFaults()
		srv.Advance(time.Minute)
		_, err = source.Token()
		require.NoError(t, err)
	})
}

// A RoundTripper that ignores its context does not hold the turn of everybody over the store for
// ever.
func TestExchangeOverARoundTripperThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := loginConfig()
		cfg.InMemory = true
		srv := newServer(t, cfg)
		stuck := &stuckTransport{srv.HTTPClient().Transport, "/oauth2/token", make(chan struct{})}
		c := srv.Client(t, cognito.WithHTTPClient(&http.Client{Transport: stuck}))
		m := newLogin(t, srv, c)
		attempt, callback := comeBack(t, srv, m, "bob")
		store := cognito.NewMemoryStore()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		_, err := m.Exchange(ctx, attempt, callback, cognito.WithTokenStore(store))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.LessOrEqual(t, time.Since(began), 7*time.Second)
		require.NoError(t, c.ForUser("bob", cognito.WithTokenStore(store)).Authenticate(t.Context(), testPassword))
		close(stuck.gate)
	})
}

// While a new token is slow to come, the one at hand is used as long as it is good.
func TestMachineTokensDuringASlowRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := machineConfig()
		cfg.InMemory = true
		srv := newServer(t, cfg)
		c := srv.Client(t)
		source := c.MachineTokens()
		first, err := source.Token()
		require.NoError(t, err)
		srv.Advance(50 * time.Minute)
		srv.Fault(cognitotest.Fault{Op: "GetClientToken", Kind: cognitotest.FaultDelay, Delay: 20 * time.Second, Times: -1})
		client := c.MachineHTTPClient(nil, nil, cognito.WithOrigins(api), cognito.WithBase(&recordingBase{}))
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, api, http.NoBody)
			require.NoError(t, err)
			resp, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, "Bearer "+first.AccessToken, resp.Request.Header.Get("Authorization"))
			cancel()
		}
		began := time.Now()
		token, err := source.Token()
		require.NoError(t, err)
		assert.Equal(t, first.AccessToken, token.AccessToken)
		assert.LessOrEqual(t, time.Since(began), 5*time.Second)
		time.Sleep(time.Minute)
	})
}

// A rejection is remembered: a thousand callers with a wrong secret are one request.
func TestMachineTokensRejected(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		for name, tt := range map[string]struct {
			opts   []cognito.Option
			scopes []string
			want   []error // for each way
		}{
			"secret": {[]cognito.Option{cognito.WithClientSecret("wrong")}, nil, []error{cognito.ErrSecretHash, cognito.ErrSecretHash}},
			"scope":  {nil, []string{"nobody/nothing"}, []error{cognito.ErrInvalidArgument, cognito.ErrInvalidScope}},
		} {
			srv := newServer(t, machineConfig())
			source := newClient(t, srv, append(opts(srv), tt.opts...)...).MachineTokens(tt.scopes...)
			for range 100 {
				_, err := source.Token()
				require.ErrorIs(t, err, tt.want[map[string]int{"GetClientToken": 0, "/oauth2/token": 1}[op]], name)
				require.ErrorContains(t, err, "cognito: MachineTokens: ")
			}
			assert.Len(t, tokenRequests(srv), 1, name)
			srv.Advance(31 * time.Second)
		}
	})
	srv := newServer(t, loginConfig(func(c *cognitotest.Client) { c.Secret = testSecret }))
	_, err := newClient(t, srv).MachineTokens().Token()
	require.ErrorIs(t, err, cognito.ErrFlowNotEnabled)
	_, err = newClient(t, srv, cognito.WithDomain(srv.URL)).MachineTokens().Token()
	require.ErrorIs(t, err, cognito.ErrFlowNotEnabled)
}

func TestMachineTokensWithTheOtherSecret(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, _ string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig(func(c *cognitotest.Client) { c.OtherSecret = otherSecret }))
		c := newClient(t, srv, append(opts(srv), cognito.WithClientSecret("deleted"), cognito.WithOtherClientSecret(otherSecret))...)
		_, err := c.MachineTokens().Token()
		require.NoError(t, err)
		assert.Len(t, tokenRequests(srv), 2)
		srv.Advance(time.Hour)
		_, err = c.MachineTokens().Token()
		require.NoError(t, err)
		assert.Len(t, tokenRequests(srv), 3, "the secret that works comes first from then on")

		both := newClient(t, srv, append(opts(srv), cognito.WithClientSecret(testSecret), cognito.WithOtherClientSecret(otherSecret))...)
		_, err = both.MachineTokens().Token()
		require.NoError(t, err)
		assert.Len(t, tokenRequests(srv), 4, "the other is not sent where the first does")
	})
}

// The secret that was accepted last comes first, also where a rotation is taken back.
func TestMachineTokensRemembersTheSecret(t *testing.T) {
	t.Parallel()
	var accepted string
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		sent = append(sent, r.PostFormValue("client_secret"))
		if r.PostFormValue("client_secret") != accepted {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"opaque","token_type":"Bearer","expires_in":3600}`)
	}))
	t.Cleanup(server.Close)
	srv := newServer(t, machineConfig())
	source := newClient(t, srv, cognito.WithDomain(server.URL), cognito.WithClientSecret("old"), cognito.WithOtherClientSecret("new")).MachineTokens()
	for _, step := range []struct {
		accepted string
		want     []string
	}{
		{"old", []string{"old"}},
		{"new", []string{"old", "new"}},
		{"new", []string{"new"}},
		{"old", []string{"new", "old"}},
		{"old", []string{"old"}},
	} {
		accepted, sent = step.accepted, nil
		_, err := source.Token()
		require.NoError(t, err)
		assert.Equal(t, step.want, sent)
		srv.Advance(time.Hour)
	}
}

func TestMachineTokensAreChecked(t *testing.T) {
	t.Parallel()
	c, err := cognito.New(testPool, testClient)
	require.NoError(t, err)
	_, err = c.MachineTokens().Token()
	require.ErrorIs(t, err, cognito.ErrInvalidArgument)
	require.ErrorContains(t, err, "WithClientSecret")
	c, err = cognito.New(testPool, testClient, cognito.WithClientSecret(testSecret))
	require.NoError(t, err)
	_, err = c.MachineTokens("a b").Token()
	require.ErrorContains(t, err, "scopes: scope 1: want no spaces")
	_, err = (&cognito.Cognito{}).MachineTokens().Token()
	require.ErrorContains(t, err, "want one from New")
	_, err = c.MachineHTTPClient(nil, nil, cognito.WithOrigins(api), cognito.WithTokenUse(cognito.IDToken)).Get(api) //nolint:noctx,bodyclose // nothing is sent
	require.ErrorContains(t, err, "WithTokenUse: want AccessToken")
	_, err = c.MachineHTTPClient(nil, nil).Get(api) //nolint:noctx,bodyclose // nothing is sent
	require.ErrorContains(t, err, "WithOrigins")
}

// The HTTP client keeps the rules of a Transport.
func TestMachineHTTPClient(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, _ string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		c := newClient(t, srv, opts(srv)...)
		base := &recordingBase{}
		client := c.MachineHTTPClient(&http.Client{Transport: base}, []string{"https://orders.example.com/read"}, cognito.WithOrigins(api))
		get := func(target string) int {
			t.Helper()
			return roundTrip(t, client.Transport, apiRequest(t, http.MethodGet, target, nil))
		}
		get("https://elsewhere.example.com")
		assert.Equal(t, []string{""}, base.headers("Authorization"))
		assert.Empty(t, tokenRequests(srv), "no token is asked for where none is sent")
		get(api)
		token, err := c.MachineTokens("https://orders.example.com/read").Token()
		require.NoError(t, err)
		assert.Equal(t, "Bearer "+token.AccessToken, base.headers("Authorization")[1])
		require.Len(t, tokenRequests(srv), 1)

		base.statuses = []int{http.StatusUnauthorized}
		assert.Equal(t, http.StatusOK, get(api), "sent once more with another token")
		assert.Len(t, tokenRequests(srv), 2)
		headers := base.headers("Authorization")
		assert.NotEqual(t, headers[2], headers[3])

		// An API that rejects every token does not run up a bill.
		base.statuses = slices.Repeat([]int{http.StatusUnauthorized}, 1000)
		for range 100 {
			assert.Equal(t, http.StatusUnauthorized, get(api))
			srv.Advance(3 * time.Second)
		}
		assert.LessOrEqual(t, len(tokenRequests(srv)), 3)
		base.statuses = nil
	})
}

// An authorization server that fails is asked again soon, one that refuses is not.
func TestMachineTokensAfterAServerError(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		source := newClient(t, srv, opts(srv)...).MachineTokens()
		srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultServerError})
		_, err := source.Token()
		require.Error(t, err)
		srv.Advance(2 * time.Second)
		_, err = source.Token()
		require.NoError(t, err)
	})
}

// A token that comes ends the growing of the pauses: the failures before it no longer count.
func TestMachineTokensAfterFailuresThatAreOver(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, op string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig(func(c *cognitotest.Client) { c.AccessTokenValidity = 5 * time.Minute }))
		source := newClient(t, srv, opts(srv)...).MachineTokens()
		srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultServerError, Times: 3})
		for range 3 {
			_, err := source.Token()
			require.Error(t, err)
			srv.Advance(5 * time.Second) // longer than the pause, of 4 seconds at last
		}
		first, err := source.Token()
		require.NoError(t, err)
		srv.Advance(4 * time.Minute) // so soon after that the failures would not be forgotten by themselves
		srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultServerError})
		token, err := source.Token()
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, token.AccessToken)
		require.Len(t, tokenRequests(srv), 5)
		srv.Advance(2 * time.Second)
		token, err = source.Token()
		require.NoError(t, err)
		assert.NotEqual(t, first.AccessToken, token.AccessToken, "after a pause of one second, the first one again")
	})
}

// The first token that an API rejects is replaced at once, the next ones 5 and 10 minutes later.
func TestMachineTokensThatAnAPIRejects(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, _ string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		base := &recordingBase{statuses: slices.Repeat([]int{http.StatusUnauthorized}, 1000)}
		client := newClient(t, srv, opts(srv)...).MachineHTTPClient(&http.Client{Transport: base}, nil, cognito.WithOrigins(api))
		for i, step := range []struct {
			wait time.Duration
			want int
		}{
			{0, 2},
			{4 * time.Minute, 2},
			{time.Minute, 3},
			{9 * time.Minute, 3},
			{time.Minute, 4},
			{3 * time.Hour, 6},
			{6 * time.Minute, 7}, // that was long ago
		} {
			srv.Advance(step.wait)
			assert.Equal(t, http.StatusUnauthorized, roundTrip(t, client.Transport, apiRequest(t, http.MethodGet, api, nil)))
			assert.Len(t, tokenRequests(srv), step.want, "step %d", i)
		}
	})
}

// A caller who is overtaken by another one's request, whenever that is, takes its token.
func TestMachineTokensOfOvertakenCallers(t *testing.T) {
	t.Parallel()
	for moment := range int32(8) {
		srv := newServer(t, machineConfig())
		c := newClient(t, srv)
		client := c.MachineHTTPClient(&http.Client{Transport: &recordingBase{}}, nil, cognito.WithOrigins(api))
		ctx := &interrupted{Context: t.Context(), run: func() {
			_, err := c.MachineTokens().Token()
			assert.NoError(t, err)
		}}
		ctx.left.Store(moment + 1)
		roundTrip(t, client.Transport, apiRequest(t, http.MethodGet, api, nil).WithContext(ctx))
		assert.Len(t, tokenRequests(srv), 1, "moment %d", moment)
	}
}

// A token is good for as long as the service says, counted by the program's own clock.
func TestMachineTokensByAClockThatIsWrong(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, _ string, opts func(*cognitotest.Server) []cognito.Option) {
		t.Helper()
		srv := newServer(t, machineConfig())
		for _, wrong := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
			now := func() time.Time { return srv.Now().Add(wrong) }
			token, err := newClient(t, srv, append(opts(srv), cognito.WithClock(now))...).MachineTokens().Token()
			require.NoError(t, err)
			assert.WithinDuration(t, now().Add(time.Hour), token.Expiry, 2*time.Second)
		}
	})
}

// A token that is no JWT is used for as long as the answer says, and for a few minutes where nobody
// says how long it is good.
func TestMachineTokensThatAreOpaque(t *testing.T) {
	t.Parallel()
	requests, lifetime := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"opaque","token_type":"Bearer"`+lifetime+`}`)
	}))
	t.Cleanup(server.Close)
	srv := newServer(t, machineConfig())
	source := newClient(t, srv, cognito.WithDomain(server.URL)).MachineTokens()
	for _, step := range []struct {
		lifetime string
		wait     time.Duration
		want     int
	}{
		{"", 0, 1},
		{"", 3 * time.Minute, 1},
		{`,"expires_in":3600`, time.Minute, 2},
		{"", 40 * time.Minute, 2},
		{"", 6 * time.Minute, 3},
	} {
		lifetime = step.lifetime
		srv.Advance(step.wait)
		_, err := source.Token()
		require.NoError(t, err)
		assert.Equal(t, step.want, requests)
	}
}

// A caller who is overtaken by a request that fails does not send another one.
func TestMachineTokensOfCallersOvertakenByAFailure(t *testing.T) {
	t.Parallel()
	for moment := range int32(8) {
		srv := newServer(t, machineConfig())
		c := newClient(t, srv, cognito.WithClientSecret("wrong"))
		client := c.MachineHTTPClient(&http.Client{Transport: &recordingBase{}}, nil, cognito.WithOrigins(api))
		ctx := &interrupted{Context: t.Context(), run: func() {
			_, err := c.MachineTokens().Token()
			assert.ErrorIs(t, err, cognito.ErrSecretHash)
		}}
		ctx.left.Store(moment + 1)
		_, err := client.Transport.RoundTrip(apiRequest(t, http.MethodGet, api, nil).WithContext(ctx)) //nolint:bodyclose // there is no answer
		require.ErrorIs(t, err, cognito.ErrSecretHash)
		assert.Len(t, tokenRequests(srv), 1, "moment %d", moment)
	}
}

// A caller waits no longer than its context, and what was asked for is not lost with it.
func TestMachineHTTPClientWaitsByItsContext(t *testing.T) {
	t.Parallel()
	srv := newServer(t, machineConfig())
	c := newClient(t, srv)
	release, entered := make(chan struct{}), make(chan string, 1)
	srv.Fault(cognitotest.Fault{Op: "GetClientToken", Kind: cognitotest.FaultDelay, Times: 1, Release: release, Entered: func(op string) { entered <- op }})
	client := c.MachineHTTPClient(&http.Client{Transport: &recordingBase{}}, nil, cognito.WithOrigins(api))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	req := apiRequest(t, http.MethodGet, api, nil).WithContext(ctx)
	go func() {
		_, err := client.Do(req) //nolint:bodyclose // there is no answer
		ended <- err
	}()
	<-entered
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	close(release)
	_, err := c.MachineTokens().Token()
	require.NoError(t, err)
	assert.Len(t, tokenRequests(srv), 1)
}

// Without a deadline of anybody's a request ends after 30 seconds.
func TestTokenRequestsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := machineConfig()
		cfg.InMemory, cfg.Now = true, time.Now
		srv := cognitotest.NewServer(cfg)
		defer srv.Close()
		for _, opts := range [][]cognito.Option{{}, {cognito.WithDomain(srv.URL)}} {
			srv.Fault(cognitotest.Fault{Kind: cognitotest.FaultDelay, Times: 1, Release: make(chan struct{})})
			began := time.Now()
			_, err := srv.Client(t, opts...).MachineTokens().Token()
			require.Error(t, err)
			assert.True(t, cognito.IsTemporary(err), "%v", err)
			assert.Equal(t, 30*time.Second, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		cfg := loginConfig()
		cfg.InMemory, cfg.Now = true, time.Now
		srv := newServer(t, cfg)
		m := newLogin(t, srv, srv.Client(t))
		attempt, callback := comeBack(t, srv, m, "bob")
		srv.Fault(cognitotest.Fault{Op: "/oauth2/token", Kind: cognitotest.FaultDelay, Times: 1, Release: make(chan struct{})})
		began := time.Now()
		_, err := m.Exchange(t.Context(), attempt, callback)
		require.Error(t, err)
		assert.Equal(t, 30*time.Second, time.Since(began))
	})
}

// spentCode cancels when the answer with the tokens has been read, and keeps the keys back until then.
type spentCode struct {
	cancel context.CancelFunc
	spent  context.Context
}

func (s *spentCode) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "jwks.json") {
		<-s.spent.Done()
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil && req.URL.Path == "/oauth2/token" {
		resp.Body = &cancelAtEnd{resp.Body, s.cancel}
	}
	return resp, err
}

type cancelAtEnd struct {
	io.ReadCloser

	cancel context.CancelFunc
}

func (c *cancelAtEnd) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil {
		c.cancel()
	}
	return n, err
}

// Once the code is spent, a caller who gives up does not lose the tokens.
func TestExchangeGivenUpAfterTheCodeIsSpent(t *testing.T) {
	t.Parallel()
	srv := newServer(t, loginConfig())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m := newLogin(t, srv, newClient(t, srv, cognito.WithHTTPClient(&http.Client{Transport: &spentCode{cancel, ctx}})))
	attempt, callback := comeBack(t, srv, m, "bob")
	store := cognito.NewMemoryStore()
	session, err := m.Exchange(ctx, attempt, callback, cognito.WithTokenStore(store))
	require.NoError(t, err)
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, session.Tokens().RefreshToken, stored.RefreshToken)
	assert.NotEmpty(t, stored.RefreshToken)
}

// A cache in front of the token endpoint repeats an answer with its lifetime, and the token says when
// it expires. AWS describes such caches.
func TestMachineTokenOfACache(t *testing.T) {
	t.Parallel()
	srv := newServer(t, machineConfig())
	var answer func() []byte // of the cache
	cache := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer == nil {
			fresh := httptest.NewRecorder()
			target, _ := url.Parse(srv.URL)
			httputil.NewSingleHostReverseProxy(target).ServeHTTP(fresh, r)
			answer = fresh.Body.Bytes
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer())
	}))
	defer cache.Close()
	first, err := newClient(t, srv, cognito.WithDomain(cache.URL)).MachineTokens().Token()
	require.NoError(t, err)
	for _, tt := range []struct{ passed, left time.Duration }{
		{50 * time.Minute, 10 * time.Minute},
		{9 * time.Minute, 5 * time.Minute}, // one minute, but not by this clock if that is ahead: each call would pay
	} {
		srv.Advance(tt.passed)
		second, err := newClient(t, srv, cognito.WithDomain(cache.URL)).MachineTokens().Token() // another process
		require.NoError(t, err)
		require.Equal(t, first.AccessToken, second.AccessToken)
		assert.WithinDuration(t, srv.Now().Add(tt.left), second.Expiry, 5*time.Second)
	}
}

// A token that lives for a short time is not used for longer because its own time is a second
// earlier than the answer's.
func TestMachineTokenOfAShortLife(t *testing.T) {
	t.Parallel()
	srv := newServer(t, machineConfig())
	part := base64.RawURLEncoding.EncodeToString
	claims := fmt.Appendf(nil, `{"exp":%d}`, srv.Now().Add(119*time.Second).Unix())
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"%s.%s.c2ln","token_type":"Bearer","expires_in":120}`,
			part([]byte(`{"alg":"RS256"}`)), part(claims))
	}))
	defer endpoint.Close()
	token, err := newClient(t, srv, cognito.WithDomain(endpoint.URL)).MachineTokens().Token()
	require.NoError(t, err)
	assert.WithinDuration(t, srv.Now().Add(2*time.Minute), token.Expiry, 5*time.Second)
}
