package cognitotest_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// browser keeps cookies and follows no redirects.
type browser struct {
	f      *fixture
	client *http.Client
	page   string // that it shows
}

func newBrowser(t *testing.T, f *fixture) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{f: f, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *browser) get(path string) (status int, location string) {
	b.f.t.Helper()
	req, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodGet, b.f.URL+path, http.NoBody)
	require.NoError(b.f.t, err)
	return b.send(req)
}

func (b *browser) post(path string, form url.Values) (status int, location string) {
	b.f.t.Helper()
	req, err := http.NewRequestWithContext(b.f.t.Context(), http.MethodPost, b.f.URL+path, strings.NewReader(form.Encode()))
	require.NoError(b.f.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(req)
}

func (b *browser) send(req *http.Request) (status int, location string) {
	b.f.t.Helper()
	resp, err := b.client.Do(req)
	require.NoError(b.f.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.f.t, err)
	b.page = string(body)
	if location = resp.Header.Get("Location"); strings.HasPrefix(location, "/") {
		location = b.f.URL + location
	}
	return resp.StatusCode, location
}

var (
	formAction  = regexp.MustCompile(`action="([^"]+)"`)
	hiddenInput = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// submit fills in the form on the page and sends it.
func (b *browser) submit(fields ...string) (status int, location string) {
	b.f.t.Helper()
	action := formAction.FindStringSubmatch(b.page)
	require.NotNil(b.f.t, action, b.page)
	form := url.Values{}
	for _, input := range hiddenInput.FindAllStringSubmatch(b.page, -1) {
		form.Set(input[1], html.UnescapeString(input[2]))
	}
	for i := 0; i < len(fields); i += 2 {
		require.Contains(b.f.t, b.page, `name="`+fields[i]+`"`)
		form.Set(fields[i], fields[i+1])
	}
	return b.post(html.UnescapeString(action[1]), form)
}

// open begins a sign-in at the login page.
func (b *browser) open(q url.Values) {
	b.f.t.Helper()
	status, location := b.get("/oauth2/authorize?" + q.Encode())
	require.Equal(b.f.t, http.StatusFound, status)
	require.Equal(b.f.t, b.f.URL+"/login?"+q.Encode(), location)
	status, _ = b.get("/login?" + q.Encode())
	require.Equal(b.f.t, http.StatusOK, status)
}

// codeIn is the code in a redirect to the application.
func codeIn(t *testing.T, location string) string {
	t.Helper()
	require.True(t, strings.HasPrefix(location, callback+"&"), location)
	u, err := url.Parse(location)
	require.NoError(t, err)
	assert.Equal(t, "a state", u.Query().Get("state"))
	require.NotEmpty(t, u.Query().Get("code"), location)
	return u.Query().Get("code")
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	b := newBrowser(t, f)
	b.open(query("login_hint", `ana"><script>`))
	assert.Contains(t, b.page, `value="ana&#34;&gt;&lt;script&gt;"`)
	for _, wrong := range [][]string{{"ana", "wrong"}, {"nobody", password}, {"ana", ""}} {
		status, location := b.submit("username", wrong[0], "password", wrong[1])
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Empty(t, location)
		assert.Contains(t, b.page, `role="alert"`)
		assert.NotContains(t, b.page, "User does not exist")
	}
	status, location := b.submit("username", "ana", "password", password)
	require.Equal(t, http.StatusFound, status)
	status, tokens := f.post("/oauth2/token", exchange(codeIn(t, location)), nil)
	require.Equal(t, http.StatusOK, status, tokens)
	assert.Equal(t, "ana", claims(t, text(t, tokens, "id_token"))["cognito:username"])
}

// A browser in which a user has signed in gets a code without the page, for an hour.
func TestBrowserStaysSignedIn(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	b := newBrowser(t, f)
	b.open(query())
	b.submit("username", "ana", "password", password)
	signedIn := f.Now().Unix()
	f.Advance(10 * time.Minute)
	_, location := b.get("/oauth2/authorize?" + query("prompt", "none").Encode())
	_, tokens := f.post("/oauth2/token", exchange(codeIn(t, location)), nil)
	assert.InDelta(t, signedIn, claims(t, text(t, tokens, "id_token"))["auth_time"], 0)
	b.open(query("prompt", "login"))
	_, location = b.get("/oauth2/authorize?" + query().Encode())
	codeIn(t, location)
	f.DisableUser("ana", true)
	b.open(query())
	f.DisableUser("ana", false)
	f.Advance(51 * time.Minute)
	b.open(query())
}

func TestLogoutEndpoint(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	b := newBrowser(t, f)
	b.open(query())
	b.submit("username", "ana", "password", password)
	for q, want := range map[string]string{
		"":                  "/error?error=Required+String+parameter+%27client_id%27+is+not+present",
		"client_id=nobody":  "/error?client_id=nobody&error=User+pool+client+nobody+does+not+exist.",
		"client_id=5plain":  "/error?client_id=5plain&error=Required+String+parameter+%27redirect_uri%27+is+not+present",
		"client_id=5plain&": "/error?client_id=5plain&error=Required+String+parameter+%27redirect_uri%27+is+not+present",
		"client_id=" + clientID + "&logout_uri=https%3A%2F%2Fevil.example.com":       "/error?client_id=" + clientID + "&error=invalid_request",
		"client_id=" + clientID + "&logout_uri=" + url.QueryEscape(callback):         "/error?client_id=" + clientID + "&error=invalid_request",
		query("redirect_uri", "https://evil.example.com").Encode():                   "/error?client_id=" + clientID + "&error=redirect_mismatch",
		"logout_uri=https%3A%2F%2Fapp.example.com%2Fbye":                             "/error?error=Required+String+parameter+%27client_id%27+is+not+present",
		"client_id=5plain&logout_uri=https%3A%2F%2Fapp.example.com%2Fbye":            "/error?client_id=5plain&error=invalid_request",
		"client_id=5plain&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F": "/error?client_id=5plain&error=Required+String+parameter+%27redirect_uri%27+is+not+present",
	} {
		status, location := b.get("/logout?" + q)
		assert.Equal(t, http.StatusFound, status)
		assert.Equal(t, f.URL+want, location, q)
	}
	_, location := b.get("/oauth2/authorize?" + query().Encode())
	codeIn(t, location) // a refused sign-out signs nobody out
	status, location := b.get("/logout?client_id=" + clientID + "&logout_uri=https%3A%2F%2Fapp.example.com%2Fbye")
	assert.Equal(t, http.StatusFound, status)
	assert.Equal(t, "https://app.example.com/bye", location)
	b.open(query())

	b.submit("username", "ana", "password", password)
	_, location = b.get("/logout?" + query().Encode())
	assert.Equal(t, f.URL+"/login?"+query().Encode(), location, "to sign in as somebody else")
	b.open(query())
}

func TestErrorPage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, oauthFixture(t))
	status, _ := b.get("/error?error=redirect_mismatch&error_description=%3Cb%3E")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, b.page, "redirect_mismatch")
	assert.Contains(t, b.page, "&lt;b&gt;")
	for _, path := range []string{"/oauth2/authorize", "/logout", "/error", "/oauth2/userInfo"} {
		status, _ = b.post(path, nil)
		assert.Equal(t, http.StatusMethodNotAllowed, status, path)
	}
	for _, path := range []string{"/oauth2/token", "/oauth2/revoke"} {
		status, _ = b.get(path)
		assert.Equal(t, http.StatusMethodNotAllowed, status, path)
	}
}

// The pages ask for second factors and new passwords as the service's operations do.
func TestLoginPageAsksOn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent []cognitotest.Message
	f := oauthFixture(t, func(cfg *cognitotest.Config) {
		cfg.OnMessage = func(m cognitotest.Message) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, m)
		}
	})
	for _, u := range []cognitotest.User{
		{Username: "totp", MFA: []string{"SOFTWARE_TOKEN_MFA"}},
		{Username: "sms", MFA: []string{"SMS_MFA"}, Attributes: map[string]string{"phone_number": "+15550100", "phone_number_verified": "true"}},
		{Username: "new", Status: "FORCE_CHANGE_PASSWORD"},
		{Username: "both", MFA: []string{"SOFTWARE_TOKEN_MFA", "SMS_MFA"}, Attributes: map[string]string{"phone_number": "+15550100", "phone_number_verified": "true"}},
	} {
		u.Password = password
		f.AddUser(u)
	}
	begin := func(name string) *browser {
		b := newBrowser(t, f)
		b.open(query())
		status, _ := b.submit("username", name, "password", password)
		require.Equal(t, http.StatusOK, status, b.page)
		return b
	}
	b := begin("totp")
	status, _ := b.submit("code", "000000")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, b.page, "Invalid code received for user")
	_, location := b.submit("code", f.TOTP("totp"))
	codeIn(t, location)

	b = begin("sms")
	_, location = b.submit("code", f.Code("sms"))
	codeIn(t, location)
	mu.Lock()
	assert.Len(t, sent, 1, "OnMessage is told")
	mu.Unlock()

	b = begin("new")
	status, _ = b.submit("new_password", "short")
	assert.Equal(t, http.StatusBadRequest, status)
	_, location = b.submit("new_password", "Correct-Horse-2")
	codeIn(t, location)

	b = begin("both")
	status, _ = b.submit("answer", "SMS_MFA")
	require.Equal(t, http.StatusOK, status, b.page)
	_, location = b.submit("code", f.Code("both"))
	codeIn(t, location)
}

// A challenge of the pages is not one of the operations', nor the other way round.
func TestLoginPageSessionsAreItsOwn(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	f.AddUser(cognitotest.User{Username: "totp", Password: password, MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	b := newBrowser(t, f)
	b.open(query())
	b.submit("username", "totp", "password", password)
	hidden := map[string]string{}
	for _, input := range hiddenInput.FindAllStringSubmatch(b.page, -1) {
		hidden[input[1]] = input[2]
	}
	answers := map[string]string{"USERNAME": "totp", "SOFTWARE_TOKEN_MFA_CODE": f.TOTP("totp")}
	_, err := f.respond("SOFTWARE_TOKEN_MFA", hidden["session"], answers)
	refused(t, err, "NotAuthorizedException", "Invalid session for the user.")

	out, err := f.byPassword("totp", password)
	require.NoError(t, err)
	status, location := b.post("/login?"+query().Encode(), url.Values{
		"session": {*out.Session}, "challenge": {"SOFTWARE_TOKEN_MFA"}, "username": {"totp"}, "code": {f.TOTP("totp")},
	})
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Empty(t, location)
	assert.Contains(t, b.page, "Invalid session for the user.")
	assert.Contains(t, b.page, `name="password"`, "the sign-in begins again")
}

func TestImplicitGrant(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	location := f.Authorize(f.URL+"?"+query("client_id", "4implicit", "response_type", "token", "scope", "openid").Encode(), "ana")
	fragment, ok := strings.CutPrefix(location, callback+"#")
	require.True(t, ok, location)
	answer, err := url.ParseQuery(fragment)
	require.NoError(t, err)
	assert.Equal(t, "a state", answer.Get("state"))
	assert.Equal(t, "3600", answer.Get("expires_in"))
	assert.Equal(t, "a nonce", claims(t, answer.Get("id_token"))["nonce"])
	status, _ := f.userInfo(answer.Get("access_token"))
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, answer.Get("refresh_token"))
}

func TestProviderPage(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	f.must("CreateIdentityProvider", members{
		"UserPoolId": f.UserPoolID, "ProviderName": "Okta", "ProviderType": "OIDC", "ProviderDetails": members{
			"client_id": "x", "oidc_issuer": "https://okta.example.com", "authorize_scopes": "openid", "attributes_request_method": "GET",
		},
	})
	b := newBrowser(t, f)
	b.open(query("identity_provider", "Okta"))
	assert.Contains(t, b.page, "identity provider Okta")
	_, location := b.submit("username", "ana", "password", password)
	codeIn(t, location)
}

// A trigger that refuses ends the sign-in with the service's text, on the page or at the
// application.
func TestTriggersOnThePages(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t, func(cfg *cognitotest.Config) {
		cfg.Triggers.PreAuthentication = func(e *cognitotest.TriggerEvent) error {
			if e.Username == "eve" {
				return assert.AnError
			}
			return nil
		}
		cfg.Triggers.PreTokenGeneration = func(*cognitotest.PreTokenGenerationEvent) error { return assert.AnError }
	})
	f.AddUser(cognitotest.User{Username: "eve", Password: password})
	b := newBrowser(t, f)
	b.open(query())
	status, _ := b.submit("username", "eve", "password", password)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, b.page, "PreAuthentication failed with error "+assert.AnError.Error())
	_, answer := f.post("/oauth2/token", exchange(f.code(query())), nil)
	assert.Equal(t, "invalid_grant", answer["error"])
	assert.Contains(t, answer["error_description"], "PreTokenGeneration failed with error")
	location := f.Authorize(f.URL+"?"+query("client_id", "4implicit", "response_type", "token", "scope", "openid").Encode(), "ana")
	assert.Contains(t, location, "#error=invalid_request&error_description=PreTokenGeneration+failed+with+error")
}

func TestAuthorizePanics(t *testing.T) {
	t.Parallel()
	f := oauthFixture(t)
	assert.Panics(t, func() { f.Authorize(f.URL+"?"+query().Encode(), "nobody") })
	assert.Panics(t, func() { f.Authorize("http://[", "ana") })
}
