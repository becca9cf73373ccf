package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const password = "Correct-Horse-1"

var testKey = bytes.Repeat([]byte{7}, keySize)

// browser is a user's, with cookies.
type browser struct {
	t      *testing.T
	client *http.Client
	// Requests go to them in turn, as behind a load balancer. Cookies do not tell ports apart: they are one site.
	sites []*httptest.Server
	turn  int
}

// newBrowser starts a pool and two processes that serve its sign-in with one key.
func newBrowser(t *testing.T, cfg cognitotest.Config, u cognitotest.User) (*cognitotest.Server, *browser) {
	t.Helper()
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	u.Username, u.Password = "bob", password
	srv.AddUser(u)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &browser{t: t, client: &http.Client{Jar: jar}}
	for range 2 {
		pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
		require.NoError(t, err)
		handler, err := newSite(pool, nil, "", testKey, false)
		require.NoError(t, err)
		site := httptest.NewServer(handler)
		t.Cleanup(site.Close)
		b.sites = append(b.sites, site)
	}
	return srv, b
}

// post sends a form and returns the page that the browser ends at.
func (b *browser) post(path string, form url.Values) (status int, page string) {
	b.t.Helper()
	b.turn++
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.sites[b.turn%2].URL+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.client.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	return resp.StatusCode, string(body)
}

func (b *browser) signIn() (int, string) {
	b.t.Helper()
	return b.post("/", url.Values{"username": {"bob"}, "password": {password}})
}

func (b *browser) code(code string) (int, string) {
	b.t.Helper()
	return b.post("/challenge", url.Values{"code": {code}})
}

// cookie is the browser's, "" if there is none.
func (b *browser) cookie() string {
	b.t.Helper()
	site, err := url.Parse(b.sites[0].URL)
	require.NoError(b.t, err)
	for _, c := range b.client.Jar.Cookies(site) {
		return c.Value
	}
	return ""
}

func TestPasswordAlone(t *testing.T) {
	t.Parallel()
	_, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{})
	status, page := b.post("/", url.Values{"username": {"bob"}, "password": {"wrong"}})
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, page, "The name or the password is wrong.")
	assert.Contains(t, page, `value="bob"`)
	status, page = b.signIn()
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "You are signed in as bob.")
	assert.Empty(t, b.cookie())
}

// Two processes share one sign-in by the cookie alone; a wrong code can be corrected, and the cookie goes at the end.
func TestCodeInAnotherProcess(t *testing.T) {
	t.Parallel()
	for factor, attribute := range map[string]string{"SMS_MFA": "+*******4567", "EMAIL_OTP": "b***@e***"} {
		srv, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{MFA: []string{factor}, Attributes: map[string]string{
			"email": "bob@example.com", "email_verified": "true", "phone_number": "+49301234567",
		}})
		_, page := b.signIn()
		assert.Contains(t, page, "A code was sent to "+strings.ReplaceAll(attribute, "+", "&#43;"))
		status, page := b.code("000000")
		assert.Equal(t, http.StatusUnauthorized, status)
		assert.Contains(t, page, "The code is wrong.")
		require.NotEmpty(t, b.cookie())
		assert.NotContains(t, b.cookie(), "AYABe", "the session is encrypted")
		_, page = b.code(srv.Code("bob"))
		assert.Contains(t, page, "You are signed in as bob.")
		assert.Empty(t, b.cookie())
	}
}

func TestChoiceOfFactor(t *testing.T) {
	t.Parallel()
	srv, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{
		MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}, Attributes: map[string]string{"phone_number": "+49301234567"},
	})
	_, page := b.signIn()
	assert.Contains(t, page, `value="SMS_MFA"`)
	_, page = b.post("/challenge", url.Values{"choice": {"SOFTWARE_TOKEN_MFA"}})
	assert.Contains(t, page, "authenticator app")
	_, page = b.code(srv.TOTP("bob"))
	assert.Contains(t, page, "You are signed in as bob.")
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	_, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"})
	_, page := b.signIn()
	assert.Contains(t, page, "Please choose a new password.")
	status, page := b.post("/challenge", url.Values{"password": {"weak"}})
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, page, "The password is too simple.")
	_, page = b.post("/challenge", url.Values{"password": {"Permanent-1"}})
	assert.Contains(t, page, "You are signed in as bob.")
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	srv, b := newBrowser(t, cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}}, cognitotest.User{})
	_, page := b.signIn()
	assert.Contains(t, page, "otpauth://totp/Example:bob?secret=")
	assert.Regexp(t, `<code>[A-Z2-7]{20,}</code>`, page)
	_, page = b.code("000000")
	assert.Contains(t, page, "The code is wrong.")
	_, page = b.code(srv.TOTP("bob"))
	assert.Contains(t, page, "You are signed in as bob.")
}

func TestBlankForms(t *testing.T) {
	t.Parallel()
	srv, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	for _, form := range []url.Values{nil, {"username": {"bob"}, "password": {""}}, {"username": {" "}, "password": {password}}} {
		status, page := b.post("/", form)
		assert.Equal(t, http.StatusUnprocessableEntity, status)
		assert.Contains(t, page, "Please fill in every field.")
	}
	assert.Empty(t, srv.Requests())
	_, _ = b.signIn()
	status, page := b.code("")
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	assert.Contains(t, page, "Please fill in every field.")
	_, page = b.code(srv.TOTP("bob"))
	assert.Contains(t, page, "You are signed in as bob.")
}

// What the browser sends in the cookie is not believed: neither when it was changed, nor too late, nor of another key.
func TestCookieIsNotBelieved(t *testing.T) {
	t.Parallel()
	srv, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	_, _ = b.signIn()
	good := b.cookie()
	changed := []byte(good)
	changed[len(changed)/2] ^= 1
	elsewhere, err := newSealer(bytes.Repeat([]byte{8}, keySize), false)
	require.NoError(t, err)
	foreign, err := elsewhere.seal(state{Challenge: cognito.Challenge{Name: "SOFTWARE_TOKEN_MFA", Username: "bob"}})
	require.NoError(t, err)
	late, err := newSealer(testKey, false)
	require.NoError(t, err)
	late.now = func() time.Time { return time.Now().Add(-time.Hour) }
	old, err := late.seal(state{Challenge: cognito.Challenge{Name: "SOFTWARE_TOKEN_MFA", Username: "bob"}})
	require.NoError(t, err)
	calls := len(srv.Requests())
	for _, value := range []string{"", "x", "!", string(changed), foreign.Value, old.Value} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.sites[0].URL+"/challenge", strings.NewReader("code=123456"))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.AddCookie(&http.Cookie{Name: "challenge", Value: value})
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_ = resp.Body.Close()
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, value)
	}
	assert.Len(t, srv.Requests(), calls, "the pool was not asked")

	// The challenge itself lasts no longer than the pool says.
	srv.Advance(5 * time.Minute)
	status, page := b.code(srv.TOTP("bob"))
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Contains(t, page, "Please start again.")
	assert.Empty(t, b.cookie())
}

// Another site cannot make a browser sign in, and the second page without a sign-in leads to the first.
func TestOtherRequests(t *testing.T) {
	t.Parallel()
	srv, b := newBrowser(t, cognitotest.Config{}, cognitotest.User{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.sites[0].URL+"/", strings.NewReader("username=bob&password="+password))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	assert.Empty(t, srv.Requests())

	req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, b.sites[0].URL+"/challenge", nil)
	require.NoError(t, err)
	resp, err = b.client.Do(req)
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Equal(t, "/", resp.Request.URL.Path)
	assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
}

func TestCookieFlags(t *testing.T) {
	t.Parallel()
	seal, err := newSealer(testKey, true)
	require.NoError(t, err)
	cookie, err := seal.seal(state{Challenge: cognito.Challenge{Session: strings.Repeat("s", 1500)}})
	require.NoError(t, err)
	assert.True(t, cookie.HttpOnly && cookie.Secure)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.Equal(t, "__Host-challenge", cookie.Name)
	assert.Equal(t, "/", cookie.Path)
	assert.Empty(t, cookie.Domain)
	assert.Equal(t, 900, cookie.MaxAge)
	again, err := seal.seal(state{Challenge: cognito.Challenge{Session: strings.Repeat("s", 1500)}})
	require.NoError(t, err)
	assert.NotEqual(t, cookie.Value, again.Value, "each has its own nonce")
	_, err = seal.seal(state{Challenge: cognito.Challenge{Name: "WEB_AUTHN", Session: strings.Repeat("s", 4000)}})
	require.ErrorContains(t, err, "WEB_AUTHN is too large for a cookie")
	_, err = newSealer([]byte("short"), true)
	require.Error(t, err)
}
