package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// visitor is a browser that goes from page to page, at the site and at the pool.
type visitor struct {
	t      *testing.T
	client *http.Client
	at     *url.URL
	page   string
}

func (v *visitor) do(req *http.Request) int {
	v.t.Helper()
	resp, err := v.client.Do(req)
	require.NoError(v.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	v.at, v.page = resp.Request.URL, string(body)
	return resp.StatusCode
}

func (v *visitor) open(target string) int {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, target, http.NoBody)
	require.NoError(v.t, err)
	return v.do(req)
}

// click follows the link with a text.
func (v *visitor) click(text string) int {
	v.t.Helper()
	found := regexp.MustCompile(`href="([^"]+)">` + text).FindStringSubmatch(v.page)
	require.NotNil(v.t, found, v.page)
	target, err := v.at.Parse(html.UnescapeString(found[1]))
	require.NoError(v.t, err)
	return v.open(target.String())
}

// submit fills in the form on the pool's page.
func (v *visitor) submit(form url.Values) int {
	v.t.Helper()
	found := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(v.page)
	require.NotNil(v.t, found, v.page)
	target, err := v.at.Parse(html.UnescapeString(found[1]))
	require.NoError(v.t, err)
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(req)
}

// newManagedSite starts a pool and a site that uses its pages.
func newManagedSite(t *testing.T) (*cognitotest.Server, string) {
	t.Helper()
	var handler http.Handler
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(site.Close)
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{
		AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{site.URL + callbackPath}, LogoutURLs: []string{site.URL + "/"},
	}}})
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: password})
	pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
	require.NoError(t, err)
	login, err := pool.ManagedLogin(srv.URL, cognito.WithRedirectURL(site.URL+callbackPath))
	require.NoError(t, err)
	handler, err = newSite(pool, login, site.URL+"/", testKey, false)
	require.NoError(t, err)
	return srv, site.URL
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t: t, client: &http.Client{Jar: jar}}
}

// There and back: the pool's page, a wrong password, the welcome, a reload, the sign-out, and the pool's page again.
func TestManagedLogin(t *testing.T) {
	t.Parallel()
	srv, site := newManagedSite(t)
	v := newVisitor(t)
	v.open(site)
	v.click("Sign in on the pool's own page")
	assert.Equal(t, srv.URL, v.at.Scheme+"://"+v.at.Host)
	assert.Equal(t, http.StatusBadRequest, v.submit(url.Values{"username": {"bob"}, "password": {"wrong"}}))
	assert.Equal(t, http.StatusOK, v.submit(url.Values{"username": {"bob"}, "password": {password}}))
	assert.Contains(t, v.page, "You are signed in as bob.")
	assert.Equal(t, callbackPath, v.at.Path)

	welcome := *v
	v.open(v.at.String())
	assert.Equal(t, "/", v.at.Path, "a reload does not show what is not so")
	welcome.click("Sign out")
	assert.Equal(t, site+"/", welcome.at.String())
	welcome.click("Sign in on the pool's own page")
	assert.Contains(t, welcome.page, `name="password"`, "the pool has forgotten the user")
}

// A callback that this browser has not begun signs nobody in.
func TestForeignCallback(t *testing.T) {
	t.Parallel()
	srv, site := newManagedSite(t)
	stranger := newVisitor(t)
	stranger.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site+"/login", http.NoBody)
	require.NoError(t, err)
	resp, err := stranger.client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	callback := srv.Authorize(resp.Header.Get("Location"), "bob")

	v := newVisitor(t)
	v.open(callback)
	assert.Equal(t, "/", v.at.Path)
	assert.NotContains(t, v.page, "You are signed in")
	v.open(site + "/login")
	v.open(callback)
	assert.Equal(t, "/", v.at.Path)
	v.open(site + callbackPath + "?error=access_denied")
	assert.Equal(t, "/", v.at.Path)
}

func TestLoginCookie(t *testing.T) {
	t.Parallel()
	c := newManaged(nil, nil, "", true).cookie("x", 900)
	assert.Equal(t, "__Host-login", c.Name)
	assert.True(t, c.Secure && c.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, c.SameSite, "it must come along from the pool's page")
	assert.Equal(t, "/", c.Path)
	assert.Empty(t, c.Domain)
}
