package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// submit fills in the form on the pool's page.
func (b *browser) submit(form url.Values) int {
	b.t.Helper()
	found := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(b.page)
	require.NotNil(b.t, found, b.page)
	target, err := b.at.Parse(html.UnescapeString(found[1]))
	require.NoError(b.t, err)
	return b.do(b.request(http.MethodPost, target.String(), form))
}

// There and back: the pool's page, a wrong password, the account, a reload, the sign-out, and the pool's page again.
func TestManagedLogin(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.open("/login")
	assert.Equal(t, a.URL, b.at.Scheme+"://"+b.at.Host)
	assert.Equal(t, http.StatusBadRequest, b.submit(url.Values{"username": {"bob"}, "password": {"wrong"}}))
	var callback string
	b.client.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if req.URL.Path == callbackPath {
			callback = req.URL.String()
		}
		return nil
	}
	assert.Equal(t, http.StatusOK, b.submit(url.Values{"username": {"bob"}, "password": {password}}))
	b.seesAccount()
	require.NotEmpty(t, callback)
	b.open(callback)
	b.seesAccount() // the code is spent, but the session is there

	b.post("/sign-out", nil)
	b.sees("/", "You are signed out.")
	assert.Equal(t, a.sites[0].URL+"/", b.at.String(), "by the pool's sign-out")
	b.open("/account")
	b.sees("/", "Please sign in.")
	b.open("/login")
	assert.Contains(t, b.page, `name="password"`, "the pool has forgotten the user")
}

// A callback that this browser has not begun signs nobody in.
func TestForeignCallback(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	begun := b.raw(b.request(http.MethodGet, "/login", nil))
	callback := a.Authorize(begun.header.Get("Location"), "bob")
	b.open(callback)
	assert.Equal(t, "/", b.at.Path)
	b.open("/login")
	b.open(callback)
	assert.Equal(t, "/", b.at.Path)
	b.open(callbackPath + "?error=access_denied")
	assert.Equal(t, "/", b.at.Path)
	assert.Empty(t, b.cookie(sessionCookie))
	assert.Empty(t, a.files(t))
}

// Who declines is told so; the other browser's session is not touched.
func TestDeclined(t *testing.T) {
	t.Parallel()
	b := newApp(t, cognitotest.User{}, nil).browser(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.open("/login")
	authURL, err := url.Parse(b.header.Get("Location"))
	require.NoError(t, err)
	b.client.CheckRedirect = nil
	b.open(callbackPath + "?error=access_denied&state=" + url.QueryEscape(authURL.Query().Get("state")))
	b.sees("/", "The sign-in was canceled.")
}

// With sign-ins in two tabs only the last one can succeed; the callback of the other does not spoil it.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var callbacks []string
	for range 2 {
		b.open("/login")
		callbacks = append(callbacks, a.Authorize(b.header.Get("Location"), "bob"))
	}
	b.client.CheckRedirect = nil
	b.open(callbacks[0])
	b.sees("/", "The sign-in took too long. Please start again.")
	b.open(callbacks[1])
	b.seesAccount()
	b.open(callbacks[0])
	b.seesAccount()
	assert.NotContains(t, b.page, "too long", "the user is signed in")
}
