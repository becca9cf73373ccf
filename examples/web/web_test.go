package main

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const password = localPassword

var testKey = bytes.Repeat([]byte{7}, keySize)

// app is a pool and two processes that serve the site, as behind a load balancer. Cookies do not tell ports apart: for a
// browser they are one site.
type app struct {
	*cognitotest.Server

	sites    []*httptest.Server
	sessions sessions
}

// newApp starts an app whose pool has the user bob. change, which may be nil, changes the pool.
func newApp(t *testing.T, u cognitotest.User, change func(*cognitotest.Config)) *app {
	t.Helper()
	a := &app{sessions: sessions{t.TempDir()}}
	handlers := make([]http.Handler, 2)
	for i := range handlers {
		site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handlers[i].ServeHTTP(w, r) }))
		t.Cleanup(site.Close)
		a.sites = append(a.sites, site)
	}
	home := a.sites[0].URL + "/"
	cfg := localConfig(home, "")
	if change != nil {
		change(&cfg)
	}
	a.Server = cognitotest.NewServer(cfg)
	t.Cleanup(a.Close)
	u.Username, u.Password = "bob", password
	if u.Attributes == nil {
		u.Attributes = map[string]string{"email": "bob@example.com", "email_verified": "true"}
	}
	a.AddUser(u)
	for i := range handlers {
		pool, err := cognito.New(a.UserPoolID, a.ClientID, cognito.WithEndpoint(a.URL), cognito.WithClock(a.Now))
		require.NoError(t, err)
		login, err := pool.ManagedLogin(a.URL, cognito.WithRedirectURL(a.sites[0].URL+callbackPath))
		require.NoError(t, err)
		handlers[i], err = newSite(settings{pool: pool, login: login, home: home, sessions: a.sessions, key: testKey})
		require.NoError(t, err)
	}
	return a
}

// calls are the operations that the pool was asked for.
func (a *app) calls() (ops []string) {
	for _, r := range a.Requests() {
		ops = append(ops, r.Op)
	}
	return ops
}

// browser is a user's, with cookies.
type browser struct {
	t      *testing.T
	app    *app
	client *http.Client
	turn   int // the next request goes to another process
	at     *url.URL
	page   string
	header http.Header
}

func (a *app) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t: t, app: a, client: &http.Client{Jar: jar}}
}

func (b *browser) do(req *http.Request) int {
	b.t.Helper()
	resp, err := b.client.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	b.at, b.page, b.header = resp.Request.URL, html.UnescapeString(string(body)), resp.Header
	return resp.StatusCode
}

// target makes a path one of the next process.
func (b *browser) target(path string) string {
	b.t.Helper()
	u, err := url.Parse(path)
	require.NoError(b.t, err)
	if u.IsAbs() {
		return path
	}
	b.turn++
	return b.app.sites[b.turn%2].URL + path
}

func (b *browser) request(method, path string, form url.Values) *http.Request {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.target(path), strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (b *browser) open(path string) int {
	b.t.Helper()
	return b.do(b.request(http.MethodGet, path, nil))
}

// post sends a form. The browser then is at the page that it is redirected to.
func (b *browser) post(path string, form url.Values) {
	b.t.Helper()
	require.Equal(b.t, http.StatusOK, b.do(b.request(http.MethodPost, path, form)), b.page)
}

// answer is a response without its body.
type answer struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
}

// raw sends a request without cookies and follows no redirect.
func (b *browser) raw(req *http.Request) answer {
	b.t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(b.t, err)
	defer func() { _ = resp.Body.Close() }()
	return answer{resp.StatusCode, resp.Header, resp.Cookies()}
}

func (b *browser) signIn() {
	b.t.Helper()
	b.post("/sign-in", url.Values{"username": {"bob"}, "password": {password}})
}

// signInByPages signs in on the pool's own pages, unless they know the browser.
func (b *browser) signInByPages() {
	b.t.Helper()
	b.open("/login")
	if strings.Contains(b.page, `name="password"`) && b.at.Host == strings.TrimPrefix(b.app.URL, "http://") {
		b.submit(url.Values{"username": {"bob"}, "password": {password}})
	}
}

func (b *browser) code(code string) {
	b.t.Helper()
	b.post("/challenge", url.Values{"code": {code}})
}

// sees checks where the browser is and what it shows, besides the notice at the top.
func (b *browser) sees(path, text string) {
	b.t.Helper()
	require.Equal(b.t, path, b.at.Path, b.page)
	require.Contains(b.t, b.page, text)
}

func (b *browser) seesAccount() {
	b.t.Helper()
	b.sees("/account", "You are signed in as bob.")
}

// cookie is the value of the browser's cookie name, "" if there is none.
func (b *browser) cookie(name string) string {
	b.t.Helper()
	u, err := url.Parse(b.app.sites[0].URL)
	require.NoError(b.t, err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	b.t.Helper()
	u, err := url.Parse(b.app.sites[0].URL)
	require.NoError(b.t, err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// files are the names in the folder of sessions.
func (a *app) files(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(a.sessions.folder)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// posts are all paths that take a POST.
var posts = []string{
	"/sign-in", "/sign-in/passkey", "/challenge", "/sign-up", "/confirm", "/confirm/resend", "/forgot", "/reset",
	"/account/profile", "/account/email", "/account/email/resend", "/account/password", "/account/app/begin", "/account/app",
	"/account/mfa", "/account/passkey", "/account/passkey/delete", "/account/device/forget", "/account/delete",
	"/sign-out", "/sign-out/everywhere",
}

// Every POST answers with a redirect to a page of the site, whatever is wrong with it, so that a reload repeats nothing.
func TestPostRedirects(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	session := b.cookie(sessionCookie)
	wrong := url.Values{"username": {"nobody"}, "password": {"weak"}, "code": {"000000"}, "email": {"x"}, "previous": {"x"}, "proposed": {"x"}, "key": {"x"}, "id": {"x"}, "credential": {"x"}}
	for _, path := range posts {
		for name, form := range map[string]url.Values{"blank": nil, "wrong": wrong} {
			for _, cookie := range []string{"", session} {
				req := b.request(http.MethodPost, path, form)
				if cookie != "" && !strings.HasPrefix(path, "/sign-out") {
					req.AddCookie(&http.Cookie{Name: sessionCookie, Value: cookie})
				}
				resp := b.raw(req)
				assert.Equal(t, http.StatusSeeOther, resp.status, path, name)
				assert.Regexp(t, `^/[a-z-]*(/[a-z]+)?$`, resp.header.Get("Location"), path, name)
				if cookie == "" && (strings.HasPrefix(path, "/account") || strings.HasPrefix(path, "/sign-out")) {
					assert.Equal(t, "/", resp.header.Get("Location"), path)
				}
			}
		}
	}
	assert.Equal(t, http.StatusOK, b.open("/account"))
	b.seesAccount()
}

// No other site can make a browser send a form.
func TestForeignForms(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	b.signIn()
	calls := len(a.Requests())
	for _, path := range posts {
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example.com"}, {"Origin", "null"}} {
			req := b.request(http.MethodPost, path, url.Values{"username": {"bob"}, "password": {password}, "sure": {"on"}})
			req.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookie(sessionCookie)})
			req.Header.Set(header[0], header[1])
			assert.Equal(t, http.StatusForbidden, b.raw(req).status, path, header)
		}
	}
	assert.Len(t, a.Requests(), calls, "the pool was not asked")
}

// Pages are not stored, and load nothing from elsewhere.
func TestHeaders(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	check := func(path string) {
		t.Helper()
		require.Equal(t, http.StatusOK, b.open(path))
		require.Equal(t, path, b.at.Path)
		assert.Equal(t, "no-store", b.header.Get("Cache-Control"), path)
		assert.Contains(t, b.header.Get("Content-Security-Policy"), "default-src 'none'", path)
		assert.Contains(t, b.header.Get("Content-Security-Policy"), "form-action 'self' "+a.URL, path)
	}
	for _, path := range []string{"/", "/sign-up", "/confirm", "/forgot", "/reset"} {
		check(path)
	}
	b.signIn()
	check("/account")
	check("/account/passkey")
	b.open("/site.css")
	assert.Equal(t, "text/css; charset=utf-8", b.header.Get("Content-Type"))
	assert.Equal(t, http.StatusNotFound, b.open("/favicon.ico"))
	pool, err := cognito.New("us-east-1_aBcDeFgHi", "1example23456789abcdefghij")
	require.NoError(t, err)
	for domain, want := range map[string]string{
		"auth.example.com": "https://auth.example.com", "my-app": "https://my-app.auth.us-east-1.amazoncognito.com",
		"http://localhost:9000": "http://localhost:9000",
	} {
		login, err := pool.ManagedLogin(domain)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(policy(login), "form-action 'self' "+want), domain)
	}
	assert.True(t, strings.HasSuffix(policy(nil), "form-action 'self'"))
}

var routeIn = regexp.MustCompile(`mux\.Handle\w*\("(GET|POST) ([^"]*)"(?:\+(\w+))?`)

// No answer of any route is stored, signed in or not: only the style and the script may be. A new route is found in site.go.
func TestNothingIsStored(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("site.go")
	require.NoError(t, err)
	routes := routeIn.FindAllStringSubmatch(string(source), -1)
	require.Len(t, routes, strings.Count(string(source), "mux.Handle"))
	a := newApp(t, cognitotest.User{}, nil)
	found := 0
	for _, route := range routes {
		method, path := route[1], strings.TrimSuffix(route[2], "{$}")
		switch route[3] {
		case "callbackPath":
			path = callbackPath
		case "name": // the style and the script
			continue
		}
		if method == http.MethodPost {
			found++
		}
		for _, signedIn := range []bool{true, false} {
			b := a.browser(t)
			if signedIn {
				b.signIn()
				b.post("/account/app/begin", nil)
			}
			b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			status := b.do(b.request(method, path, nil))
			assert.Contains(t, []int{http.StatusOK, http.StatusSeeOther}, status, path)
			assert.Equal(t, "no-store", b.header.Get("Cache-Control"), "%s %s", method, path)
			if signedIn && status == http.StatusOK {
				assert.Contains(t, b.page, `src="/site.js"`, path)
			}
		}
	}
	assert.Len(t, posts, found)
}

func TestCookies(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{}, nil)
	b := a.browser(t)
	resp := b.raw(b.request(http.MethodPost, "/sign-in", url.Values{"username": {"bob"}, "password": {password}}))
	require.Equal(t, "/account", resp.header.Get("Location"))
	for _, c := range resp.cookies {
		assert.True(t, c.HttpOnly, c.Name)
		assert.False(t, c.Secure, c.Name)
		assert.Equal(t, http.SameSiteLaxMode, c.SameSite, c.Name)
		assert.Equal(t, "/", c.Path)
		assert.Empty(t, c.Domain)
		if c.Name == sessionCookie {
			assert.Regexp(t, `^[A-Z2-7]{26}$`, c.Value, "it holds nothing but an ID")
		}
	}

	seal, err := newSealer(testKey, true)
	require.NoError(t, err)
	c := seal.cookie(sessionCookie, "x", time.Minute)
	assert.True(t, c.Secure && c.HttpOnly)
	assert.Equal(t, "__Host-session", c.Name)
	assert.Equal(t, 60, c.MaxAge)
}

func TestSeal(t *testing.T) {
	t.Parallel()
	seal, err := newSealer(testKey, false)
	require.NoError(t, err)
	sealed := func(s *sealer, name string, value any) string {
		w := httptest.NewRecorder()
		require.NoError(t, s.put(w, name, value, time.Minute))
		return w.Result().Cookies()[0].Value
	}
	opened := func(name, value string) (text string, ok bool) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: name, Value: value})
		ok = seal.get(r, name, &text)
		return text, ok
	}
	good := sealed(seal, "a", "hello")
	text, ok := opened("a", good)
	assert.True(t, ok)
	assert.Equal(t, "hello", text)
	assert.NotEqual(t, good, sealed(seal, "a", "hello"), "each has its own nonce")

	changed := []byte(good)
	changed[len(changed)/2] ^= 1
	foreign, err := newSealer(bytes.Repeat([]byte{8}, keySize), false)
	require.NoError(t, err)
	early, err := newSealer(testKey, false)
	require.NoError(t, err)
	early.now = func() time.Time { return time.Now().Add(-time.Hour) }
	for name, value := range map[string]string{
		"empty": "", "short": "x", "no base64": "!", "changed": string(changed), "another key": sealed(foreign, "a", "hello"),
		"another cookie": sealed(seal, "b", "hello"), "expired": sealed(early, "a", "hello"),
	} {
		_, ok := opened("a", value)
		assert.False(t, ok, name)
	}
	require.ErrorContains(t, seal.put(httptest.NewRecorder(), "a", strings.Repeat("x", 4000), time.Minute), "too large for a cookie")
	_, err = newSealer([]byte("short"), true)
	require.Error(t, err)
}

// A sign-out leaves nothing of the session, whichever way the user came in and goes out: no cookie in the browser, no tokens here,
// and none that the pool takes. It works while the pool is away, too, and if the browser does not wait for the answer.
func TestSignOutForgetsTheBrowser(t *testing.T) {
	t.Parallel()
	away := func(a *app) {
		a.Advance(2 * time.Hour) // the access token has expired
		a.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Status: http.StatusServiceUnavailable, Times: -1})
		a.Fault(cognitotest.Fault{Op: "RevokeToken", Status: http.StatusServiceUnavailable, Times: -1})
	}
	for name, test := range map[string]struct {
		signIn func(*browser)
		path   string
		before func(*app)
		gone   bool // the browser does not wait
	}{
		"password":             {signIn: (*browser).signIn, path: "/sign-out"},
		"the pool's pages":     {signIn: (*browser).signInByPages, path: "/sign-out"},
		"everywhere":           {signIn: (*browser).signIn, path: "/sign-out/everywhere"},
		"pages and everywhere": {signIn: (*browser).signInByPages, path: "/sign-out/everywhere"},
		"deleted":              {signIn: (*browser).signIn, path: "/account/delete"},
		"the pool is away":     {signIn: (*browser).signIn, path: "/sign-out", before: away},
		"pages are away":       {signIn: (*browser).signInByPages, path: "/sign-out", before: away},
		"browser is gone":      {signIn: (*browser).signIn, path: "/sign-out", gone: true},
		"both are gone":        {signIn: (*browser).signIn, path: "/sign-out", before: away, gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, cognitotest.User{}, nil)
			b := a.browser(t)
			test.signIn(b)
			b.seesAccount()
			id := b.cookie(sessionCookie)
			store := a.sessions.store(id)
			tokens, err := store.Load(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, tokens.RefreshToken)
			b.post("/account/app/begin", nil) // a flow is under way
			require.NotEmpty(t, b.cookie(flowCookie))
			if test.before != nil {
				test.before(a)
			}

			req := b.request(http.MethodPost, test.path, url.Values{"sure": {"on"}})
			if test.gone {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				req = httptest.NewRequestWithContext(ctx, req.Method, test.path, nil)
				req.AddCookie(&http.Cookie{Name: sessionCookie, Value: id})
				a.sites[0].Config.Handler.ServeHTTP(httptest.NewRecorder(), req)
			} else {
				b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				require.Equal(t, http.StatusSeeOther, b.do(req), b.page)
				assert.Empty(t, b.cookie(sessionCookie))
				assert.Empty(t, b.cookie(flowCookie))
				if strings.Contains(name, "pages") {
					assert.Contains(t, b.header.Get("Location"), a.URL+"/logout?")
				}
				b.client.CheckRedirect = nil
				require.Equal(t, http.StatusOK, b.open(b.header.Get("Location")))
				assert.Equal(t, "/", b.at.Path)
			}
			left, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.Zero(t, left, "the tokens")
			device, err := store.LoadDevice(t.Context())
			require.NoError(t, err)
			assert.Zero(t, device)
			b.setCookie(sessionCookie, id)
			b.open("/account")
			b.sees("/", "You are signed out. Please sign in again.")
			b.open("/login")
			assert.Contains(t, b.page, `name="password"`, "the pool's pages have forgotten the browser")
			if test.before == nil {
				pool, err := cognito.New(a.UserPoolID, a.ClientID, cognito.WithEndpoint(a.URL), cognito.WithClock(a.Now))
				require.NoError(t, err)
				require.Error(t, pool.ForUser("", cognito.WithTokens(tokens)).RenewAccessToken(t.Context()), "the refresh token")
			}
		})
	}
}

// Who has signed in at the pool, but not here, leaves no tokens behind that are good for a month.
func TestSignInThatIsLost(t *testing.T) {
	t.Parallel()
	noKeys := func(t *testing.T, a *app) {
		t.Helper()
		a.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultServerError, Times: -1})
	}
	noFolder := func(t *testing.T, a *app) {
		t.Helper()
		require.NoError(t, os.RemoveAll(a.sessions.folder))
		require.NoError(t, os.WriteFile(a.sessions.folder, nil, 0o600))
	}
	for name, test := range map[string]struct {
		signIn func(*browser)
		spoil  func(*testing.T, *app)
	}{
		"keys, password":   {(*browser).signIn, noKeys},
		"keys, pages":      {(*browser).signInByPages, noKeys},
		"folder, password": {(*browser).signIn, noFolder},
		"folder, pages":    {(*browser).signInByPages, noFolder},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, cognitotest.User{}, nil)
			b := a.browser(t)
			test.spoil(t, a)
			test.signIn(b)
			b.sees("/", unknownProblem)
			assert.Empty(t, b.cookie(sessionCookie))
			assert.Contains(t, a.calls(), "RevokeToken")
			a.ClearFaults()
			_ = os.Remove(a.sessions.folder)
			a.Advance(time.Minute) // until the keys are fetched again
			test.signIn(b)
			b.seesAccount()
		})
	}
}

// A notice is shown once.
func TestNotice(t *testing.T) {
	t.Parallel()
	b := newApp(t, cognitotest.User{}, nil).browser(t)
	b.post("/sign-in", url.Values{"username": {"bob"}, "password": {"wrong"}})
	b.sees("/", "The name or the password is wrong.")
	assert.Contains(t, b.page, `value="bob"`)
	b.open("/")
	assert.NotContains(t, b.page, "wrong")
}

func TestBlankForms(t *testing.T) {
	t.Parallel()
	a := newApp(t, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}}, nil)
	b := a.browser(t)
	for _, form := range []url.Values{nil, {"username": {"bob"}, "password": {""}}, {"username": {" "}, "password": {password}}} {
		b.post("/sign-in", form)
		b.sees("/", "Please fill in every field.")
	}
	assert.Empty(t, a.Requests())
	b.signIn()
	b.code("")
	b.sees("/challenge", "Please fill in every field.")
	b.code(a.TOTP("bob"))
	b.seesAccount()
}

// qrIn is the secret that a page shows with its QR code.
func qrIn(t *testing.T, page string) string {
	t.Helper()
	assert.Contains(t, page, `<svg class="qr"`)
	found := regexp.MustCompile(`otpauth://totp/Example:bob\?secret=([A-Z2-7]{20,})&issuer=Example`).FindStringSubmatch(page)
	require.NotNil(t, found, page)
	assert.Contains(t, page, "<code>"+found[1]+"</code>")
	return found[1]
}
