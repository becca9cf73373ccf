package cognito_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestTransportSignsInRenewsAndSignsInAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	base := &recordingBase{}
	tr := newTransport(c, testPassword, base)
	assert.Empty(t, srv.Requests(), "making it does no I/O")
	roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil))
	first := c.Tokens().AccessToken
	srv.Advance(2 * time.Hour)
	roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil))
	second := c.Tokens().AccessToken
	require.NoError(t, signedIn(t, srv).Logout(t.Context()))
	srv.Advance(2 * time.Hour)
	before := len(serviceCalls(srv))
	roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil))
	assert.Equal(t, []string{"GetTokensFromRefreshToken", "InitiateAuth", "RespondToAuthChallenge"}, ops(serviceCalls(srv)[before:]))
	assert.Equal(t, []string{"Bearer " + first, "Bearer " + second, "Bearer " + c.Tokens().AccessToken}, base.headers("Authorization"))
}

func TestTransportOptions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	tokens := c.Tokens()
	for name, tt := range map[string]struct {
		opts         []cognito.TransportOption
		header, want string
	}{
		"default":   {nil, "Authorization", "Bearer " + tokens.AccessToken},
		"ID token":  {[]cognito.TransportOption{cognito.WithTokenUse(cognito.IDToken)}, "Authorization", "Bearer " + tokens.IDToken},
		"no prefix": {[]cognito.TransportOption{cognito.WithHeader("x-token", "")}, "X-Token", tokens.AccessToken},
		"no base":   {[]cognito.TransportOption{cognito.WithBase(nil), nil}, "Authorization", "Bearer " + tokens.AccessToken},
	} {
		base := &recordingBase{}
		roundTrip(t, newTransport(c, "", base, tt.opts...), apiRequest(t, http.MethodGet, api, nil)) // a ready session needs no password
		assert.Equal(t, []string{tt.want}, base.headers(tt.header), name)
		assert.Len(t, base.requests[0].Header, 1, name)
	}
}

func TestTransportRefusesBadOptions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	for name, tt := range map[string]struct {
		c    *cognito.Cognito
		opts []cognito.TransportOption
		want string
	}{
		"no origins":           {c, nil, "WithOrigins"},
		"an empty list":        {c, []cognito.TransportOption{cognito.WithOrigins()}, "WithOrigins"},
		"no scheme":            {c, []cognito.TransportOption{cognito.WithOrigins("api.example.com")}, "WithOrigins: URL 1: want a scheme and a host, such as https://api.example.com, got no scheme"},
		"a user":               {c, []cognito.TransportOption{cognito.WithOrigins("https://a:hush-hush@api.example.com")}, "WithOrigins: URL 1: want an https URL without user info"},
		"http":                 {c, []cognito.TransportOption{cognito.WithOrigins("http://api.example.com")}, "WithOrigins"},
		"one of two is wrong":  {c, []cognito.TransportOption{cognito.WithOrigins(api, "ftp://api.example.com")}, "WithOrigins: URL 2: "},
		"loopback in a name":   {c, []cognito.TransportOption{cognito.WithOrigins("http://127.0.0.1.example.com")}, "WithOrigins"},
		"no header":            {c, []cognito.TransportOption{cognito.WithOrigins(api), cognito.WithHeader("", "")}, "WithHeader"},
		"a header with a line": {c, []cognito.TransportOption{cognito.WithOrigins(api), cognito.WithHeader("X-A\r\nX-B", "")}, "WithHeader"},
		"a prefix with a line": {c, []cognito.TransportOption{cognito.WithOrigins(api), cognito.WithHeader("X-A", "a\n")}, "WithHeader"},
		"a use":                {c, []cognito.TransportOption{cognito.WithOrigins(api), cognito.WithTokenUse("refresh")}, "WithTokenUse"},
		"no client":            {nil, []cognito.TransportOption{cognito.WithOrigins(api)}, "client"},
		"the zero client":      {&cognito.Cognito{}, []cognito.TransportOption{cognito.WithOrigins(api)}, "client"},
	} {
		base := &recordingBase{}
		tr := cognito.NewTransport(tt.c, testPassword, append(tt.opts, cognito.WithBase(base))...)
		body := &countingBody{Reader: strings.NewReader("body")}
		_, err := tr.RoundTrip(apiRequest(t, http.MethodPost, api, body)) //nolint:bodyclose // there is no answer
		require.ErrorContains(t, err, tt.want, name)
		assert.NotContains(t, err.Error(), "\n", "one complaint: %s", name)
		assert.NotContains(t, err.Error(), secret)
		assert.Empty(t, base.requests, name)
		assert.Equal(t, 1, body.closed, name)
	}
	var zero cognito.Transport
	_, err := zero.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is no answer
	require.ErrorContains(t, err, "NewTransport")
	zero.CloseIdleConnections()
}

func TestTransportSendsTokensToItsOriginsOnly(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	origins := cognito.WithOrigins(api+"/v1?x=y", "https://other.example.com:8443", "http://localhost:8080", "http://[::1]:80", "https://UPPER.example.com")
	foreign := []string{
		"http://api.example.com", "http://api.example.com:443", "https://api.example.com:444", "https://api.example.com:0443",
		"https://api.example.com.", "https://api.example.com.evil.com", "https://evil.com/api.example.com", "https://evil.com?api.example.com",
		"https://api.example.com@evil.com", "https://api.example.com%40evil.com", "https://bob:pw@api.example.com", "https://bob@api.example.com",
		"https://xapi.example.com", "https://example.com", "https://other.example.com", "https://localhost:8080", "http://127.0.0.1:8080",
		"https://[::1]:80", "https://ap\u0131.example.com", "//api.example.com", "ftp://api.example.com",
	}
	base := &recordingBase{}
	tr := newTransport(c, testPassword, base, origins)
	for _, target := range foreign {
		u, err := url.Parse(target)
		if err != nil {
			continue // net/http would not have it either
		}
		req := apiRequest(t, http.MethodGet, "https://x", nil)
		req.URL = u
		roundTrip(t, tr, req)
		assert.Same(t, req, base.requests[len(base.requests)-1].Request, "it goes out untouched")
	}
	assert.Empty(t, srv.Requests(), "no token is obtained for others")
	for name, change := range map[string]func(*http.Request){
		"another Host":          func(r *http.Request) { r.Host = "evil.com" },
		"Host of another port":  func(r *http.Request) { r.Host = "api.example.com:444" },
		"opaque with authority": func(r *http.Request) { r.URL.Opaque = "//evil.com/x" },
	} {
		req := apiRequest(t, http.MethodGet, api, nil)
		change(req)
		roundTrip(t, tr, req)
		assert.Same(t, req, base.requests[len(base.requests)-1].Request, name)
	}
	assert.Empty(t, srv.Requests())
	for _, value := range base.headers("Authorization") {
		assert.Empty(t, value)
	}
	for _, host := range []string{"", "api.example.com:443", "API.example.com", "other.example.com:8443"} {
		req := apiRequest(t, http.MethodGet, api, nil)
		req.Host, req.URL.Opaque = host, "/a%2Fb"
		roundTrip(t, tr, req)
		assert.NotEmpty(t, base.requests[len(base.requests)-1].Header.Get("Authorization"), host)
	}
	for _, target := range []string{
		api, api + ":443/x", "https://API.Example.COM/v2", "https://other.example.com:8443/", "http://LOCALHOST:8080", "http://[::1]",
		"https://upper.example.com", "HTTPS://api.example.com",
	} {
		roundTrip(t, tr, apiRequest(t, http.MethodGet, target, nil))
		assert.Equal(t, "Bearer "+c.Tokens().AccessToken, base.requests[len(base.requests)-1].Header.Get("Authorization"), target)
	}
	upper := apiRequest(t, http.MethodGet, api, nil)
	upper.URL.Scheme = "HTTPS"
	roundTrip(t, tr, upper)
	assert.NotEmpty(t, base.requests[len(base.requests)-1].Header.Get("Authorization"))
}

func TestTransportFollowsRedirectsBare(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	seen := make(chan string, 10)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("Authorization") }))
	t.Cleanup(elsewhere.Close)
	var here *httptest.Server
	here = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization")
		switch r.URL.Path {
		case "/other-port":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		case "/other-name":
			http.Redirect(w, r, strings.Replace(here.URL, "127.0.0.1", "localhost", 1)+"/end", http.StatusTemporaryRedirect)
		case "/same":
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	}))
	t.Cleanup(here.Close)
	client := c.HTTPClient(here.Client(), "", cognito.WithOrigins(here.URL))
	good := "Bearer " + c.Tokens().AccessToken
	for path, second := range map[string]string{"/other-port": "", "/other-name": "", "/same": good} {
		resp, err := client.Do(apiRequest(t, http.MethodGet, here.URL+path, nil))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, good, <-seen, path)
		assert.Equal(t, second, <-seen, path)
	}
}

func TestTransportKeepsTheContract(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	base := &recordingBase{}
	tr := newTransport(c, "", base)

	body := &countingBody{Reader: strings.NewReader("body")}
	req := apiRequest(t, http.MethodPost, api+"/things?a=b", body)
	req.Header.Set("X-Own", "1")
	before, urlBefore := req.Header.Clone(), *req.URL
	roundTrip(t, tr, req)
	assert.Equal(t, before, req.Header, "the request is not changed")
	assert.Equal(t, urlBefore, *req.URL)
	assert.Equal(t, body, req.Body)
	assert.Equal(t, 1, body.closed)
	got := base.requests[0]
	assert.Equal(t, "body", got.body)
	assert.Equal(t, "1", got.Header.Get("X-Own"))
	assert.Equal(t, req.Context(), got.Context())
	assert.Equal(t, req.ContentLength, got.ContentLength)

	nilHeader := apiRequest(t, http.MethodGet, api, nil)
	nilHeader.Header = nil
	roundTrip(t, tr, nilHeader)
	assert.Nil(t, nilHeader.Header)

	own := apiRequest(t, http.MethodGet, api, nil)
	own.Header.Set("Authorization", "Basic x")
	roundTrip(t, tr, own)
	assert.Equal(t, "Basic x", base.requests[2].Header.Get("Authorization"), "the caller's own header stays")

	base.err = errors.New("no route")
	_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, base.err)

	tr.CloseIdleConnections()
	c.HTTPClient(&http.Client{Transport: base}, "", cognito.WithOrigins(api)).CloseIdleConnections()
	assert.Equal(t, 2, base.idle)
	newTransport(c, "", cannedTransport{}).CloseIdleConnections() // a base that cannot

	// No token: the body is closed once, and nothing is sent.
	sentBefore := len(base.requests)
	body = &countingBody{Reader: strings.NewReader("body")}
	_, err = newTransport(newClient(t, srv), "", base).RoundTrip(apiRequest(t, http.MethodPost, api, body)) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	assert.Equal(t, 1, body.closed)
	assert.Len(t, base.requests, sentBefore)
}

func TestTransportReplaysOn401(t *testing.T) {
	t.Parallel()
	type answer struct {
		statuses []int
		body     io.Reader
		rewind   bool
		sent     []string
		status   int
	}
	for name, tt := range map[string]answer{
		"no body":                    {[]int{401}, nil, false, []string{"", ""}, 200},
		"http.NoBody":                {[]int{401}, http.NoBody, false, []string{"", ""}, 200},
		"a body that can be rewound": {[]int{401}, strings.NewReader("hello"), true, []string{"hello", "hello"}, 200},
		"one that cannot":            {[]int{401}, io.LimitReader(strings.NewReader("hello"), 5), false, []string{"hello"}, 401},
		"401 again":                  {[]int{401, 401}, nil, false, []string{"", ""}, 401},
		"403":                        {[]int{403}, nil, false, []string{""}, 403},
		"500":                        {[]int{500}, nil, false, []string{""}, 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := signedIn(t, srv)
			first := c.Tokens().AccessToken
			base := &recordingBase{statuses: tt.statuses}
			req := apiRequest(t, http.MethodPost, api, tt.body)
			assert.Equal(t, tt.rewind, req.GetBody != nil && tt.body != http.NoBody)
			assert.Equal(t, tt.status, roundTrip(t, newTransport(c, "", base), req))
			require.Len(t, base.requests, len(tt.sent))
			for i, body := range tt.sent {
				assert.Equal(t, body, base.requests[i].body)
			}
			tokens := base.headers("Authorization")
			assert.Equal(t, "Bearer "+first, tokens[0])
			if len(tokens) == 2 {
				assert.Equal(t, "Bearer "+c.Tokens().AccessToken, tokens[1])
				assert.NotEqual(t, tokens[0], tokens[1], "never the same token again")
				assert.LessOrEqual(t, base.bodies[0].read, 4<<10)
			}
			for _, body := range base.bodies {
				assert.Equal(t, 1, body.closed)
			}
		})
	}
}

func TestTransportKeepsA401ThatItCannotHelp(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv, cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Times: -1})
	base := &recordingBase{statuses: []int{401, 401}}
	tr := newTransport(c, "", base)
	resp, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil))
	require.NoError(t, err, "there is an answer")
	assert.Equal(t, 401, resp.StatusCode)
	assert.Zero(t, base.bodies[0].read)
	assert.Zero(t, base.bodies[0].closed, "the answer is the caller's to read")
	require.NoError(t, resp.Body.Close())

	broken := apiRequest(t, http.MethodPost, api, strings.NewReader("x"))
	broken.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
	srv.ClearFaults()
	assert.Equal(t, 401, roundTrip(t, tr, broken))
	assert.Len(t, base.requests, 2)
}

// A server that refuses every token must not make each request cost a renewal.
func TestTransportDoesNotRenewForEver(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	base := &recordingBase{statuses: []int{401, 401, 401, 401, 401, 401, 401, 401}}
	tr := newTransport(c, testPassword, base)
	for range 4 {
		assert.Equal(t, 401, roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil)))
	}
	assert.Equal(t, 1, renewals(srv))
	srv.Advance(31 * time.Second)
	assert.Equal(t, 401, roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil)))
	assert.Equal(t, 2, renewals(srv))
}

func TestTransportFallsBackToThePasswordOn401(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	require.NoError(t, signedIn(t, srv).Logout(t.Context())) // both tokens are dead, and nothing has expired
	base := &recordingBase{statuses: []int{401}}
	assert.Equal(t, 200, roundTrip(t, newTransport(c, testPassword, base), apiRequest(t, http.MethodGet, api, nil)))
	noRefresh := signedIn(t, srv).Tokens()
	noRefresh.RefreshToken = ""
	c = newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(noRefresh))
	base = &recordingBase{statuses: []int{401}}
	assert.Equal(t, 200, roundTrip(t, newTransport(c, testPassword, base), apiRequest(t, http.MethodGet, api, nil)))
	assert.NotEqual(t, noRefresh.AccessToken, c.Tokens().AccessToken)
}

func TestTransportAndChallenges(t *testing.T) {
	t.Parallel()
	srv := newPasswordServer(t)
	c := newClient(t, srv, cognito.WithUsername("carol"))
	client := c.HTTPClient(&http.Client{Transport: &recordingBase{}}, "Temporary-1", cognito.WithOrigins(api))
	for range 3 {
		_, err := client.Do(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is no answer
		var outer *url.Error
		require.ErrorAs(t, err, &outer)
		var challenged *cognito.ChallengeError
		require.ErrorAs(t, err, &challenged)
		require.ErrorIs(t, err, cognito.ErrNewPasswordRequired)
		pending, ok := c.Challenge()
		require.True(t, ok)
		assert.Equal(t, pending.Session, challenged.Challenge.Session)
	}
	assert.Equal(t, []string{"InitiateAuth", "RespondToAuthChallenge"}, ops(serviceCalls(srv)), "one sign-in, not one a request")
	require.NoError(t, c.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "Permanent-1"}))
	resp, err := client.Do(apiRequest(t, http.MethodGet, api, nil))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	srv = newPasswordServer(t)
	handled := newClient(t, srv, cognito.WithUsername("carol"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) {
			return cognito.Answer{"NEW_PASSWORD": "Permanent-1"}, nil
		},
	))
	roundTrip(t, newTransport(handled, "Temporary-1", &recordingBase{}), apiRequest(t, http.MethodGet, api, nil))
}

func TestTransportDoesNotLockTheUserOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tr := newTransport(newClient(t, srv, cognito.WithUsername("bob")), "wrong", &recordingBase{})
	for range 10 {
		_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is no answer
		require.ErrorIs(t, err, cognito.ErrInvalidCredentials)
	}
	assert.Len(t, serviceCalls(srv), 2)
	srv.Advance(31 * time.Second)
	_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, cognito.ErrInvalidCredentials)
	assert.Len(t, serviceCalls(srv), 4)

	_, err = newTransport(newClient(t, srv), testPassword, &recordingBase{}).RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is no answer
	require.ErrorContains(t, err, "username")
}

func TestTransportIsConcurrent(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	v := remote(t, srv)
	var served atomic.Int64
	server := httptest.NewServer(v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		_, _ = io.Copy(w, r.Body)
	})))
	t.Cleanup(server.Close)
	c := newClient(t, srv, cognito.WithUsername("bob"))
	client := c.HTTPClient(server.Client(), testPassword, cognito.WithOrigins(server.URL))
	for round := range 4 {
		var wg sync.WaitGroup
		for i := range 25 {
			wg.Go(func() {
				text := fmt.Sprint(round, i)
				resp, err := client.Do(apiRequest(t, http.MethodPost, server.URL, bytes.NewReader([]byte(text))))
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = resp.Body.Close() }()
				body, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK || string(body) != text {
					t.Error(resp.Status, string(body), err)
				}
			})
		}
		wg.Wait()
		if round%2 == 0 {
			srv.Advance(2 * time.Hour)
		} else {
			srv.RotateKeys()
		}
	}
	assert.EqualValues(t, 100, served.Load(), "no request was refused for good")
	signIns := 0
	for _, op := range ops(srv.Requests()) {
		if op == "InitiateAuth" {
			signIns++
		}
	}
	assert.Equal(t, 1, signIns)
	assert.LessOrEqual(t, renewals(srv), 3)
}

func TestTransportWaitsNoLongerThanTheRequest(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultDelay, Release: release})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	tr := newTransport(c, testPassword, &recordingBase{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil).WithContext(ctx)) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.DeadlineExceeded)
	close(release)
	roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil))
	assert.Equal(t, []string{"InitiateAuth", "RespondToAuthChallenge"}, ops(serviceCalls(srv)), "the sign-in went on for the next request")
}

// A session that the pool ended to make room for newer ones is a reason to sign in at once, not to
// back off.
func TestEvictedSessionSignsInAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{MaxSessions: 1})
	ctx := t.Context()
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer api.Close()
	c := newClient(t, srv, cognito.WithUsername("bob"))
	client := c.HTTPClient(nil, testPassword, cognito.WithOrigins(api.URL))
	get := func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, api.URL, nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	require.NoError(t, get())
	require.NoError(t, newClient(t, srv, cognito.WithUsername("bob")).Authenticate(ctx, testPassword))
	err := c.RenewAccessToken(ctx)
	require.ErrorIs(t, err, cognito.ErrRefreshTokenRevoked)
	assert.True(t, cognito.IsTerminal(err))
	_, err = c.GetUser(ctx)
	assert.True(t, cognito.IsTerminal(err), "%v", err)

	srv.Advance(2 * time.Hour)
	require.NoError(t, get(), "it signs in again")
	assert.True(t, c.Tokens().ExpiresAt.After(srv.Now()))
}

// A sign-in that worked ends the growing of the pauses.
func TestTransportPausesBeginAnewAfterASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"))
		tr := newTransport(c, testPassword, &recordingBase{})
		for range 3 {
			answer(srv, "InitiateAuth", 400, map[string]any{"__type": "NotAuthorizedException", "message": "Incorrect username or password."})
			_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is none
			require.ErrorIs(t, err, cognito.ErrInvalidCredentials)
			srv.Intercept(nil)
			time.Sleep(31 * time.Second)
			roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil))
			require.NoError(t, c.ForgetTokens(t.Context()))
		}
	})
}

// Where no other token is to be had for one that a server refused, the next requests do not ask for
// one at once either.
func TestTransportRemembersThatThereIsNoOtherToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		tr := newTransport(c, "", &recordingBase{statuses: []int{401}})
		first := apiRequest(t, http.MethodPost, api, strings.NewReader("x"))
		first.GetBody = nil
		require.Equal(t, 401, roundTrip(t, tr, first))
		srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultServerError, Times: -1})
		for range 10 {
			require.Equal(t, 200, roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil)))
			time.Sleep(2 * time.Second)
		}
		assert.Equal(t, 1, renewals(srv))
	})
}

// A challenge that cannot be answered any more is replaced.
func TestTransportReplacesAnOldChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("sms"))
	tr := newTransport(c, testPassword, &recordingBase{})
	ask := func() cognito.Challenge {
		_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is none
		return challenged(t, err)
	}
	first := ask()
	srv.Advance(2 * time.Minute)
	assert.Equal(t, first.Session, ask().Session)
	srv.Advance(2 * time.Minute)
	assert.NotEqual(t, first.Session, ask().Session)
	require.NoError(t, c.RespondToSMSMFAChallenge(t.Context(), srv.Code("sms")))
}

// Another program may have stored no ID token: a refresh or the password brings it. Where the scopes
// of the sign-in exclude it, it costs one refresh in a while, not one for each request.
func TestTransportGetsAMissingIDToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		password         string
		refresh, exclude bool
		want             error
		op               string // called once
	}{
		"refresh":         {refresh: true, op: "GetTokensFromRefreshToken"},
		"sign-in":         {password: testPassword, op: "InitiateAuth"},
		"neither":         {want: cognito.ErrNotSignedIn},
		"without a scope": {refresh: true, exclude: true, want: cognito.ErrNotSignedIn, op: "GetTokensFromRefreshToken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			tokens := signedIn(t, srv).Tokens()
			tokens.IDToken = ""
			if !test.refresh {
				tokens.RefreshToken = ""
			}
			srv.Advance(time.Second)
			if test.exclude {
				reply, err := json.Marshal(map[string]any{"AuthenticationResult": map[string]any{
					"AccessToken": srv.Token("bob", cognitotest.TokenOptions{}), "ExpiresIn": 3600,
				}})
				require.NoError(t, err)
				srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
					if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetTokensFromRefreshToken") {
						return false
					}
					_, _ = w.Write(reply)
					return true
				})
			}
			before := len(srv.Requests())
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(tokens))
			base := roundTripperFunc(func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, "Bearer "+c.Tokens().IDToken, r.Header.Get("Authorization"))
				return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
			})
			transport := cognito.NewTransport(c, test.password, cognito.WithBase(base),
				cognito.WithOrigins("https://api.example.com"), cognito.WithTokenUse(cognito.IDToken))
			for range 5 {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com", nil)
				require.NoError(t, err)
				reply, err := transport.RoundTrip(req)
				if test.want != nil {
					require.ErrorIs(t, err, test.want)
					continue
				}
				require.NoError(t, err)
				require.NoError(t, reply.Body.Close())
			}
			calls := 0
			for _, request := range srv.Requests()[before:] {
				if request.Op == test.op {
					calls++
				}
			}
			assert.Equal(t, test.op != "", calls == 1, "calls of %s: %d", test.op, calls)
		})
	}
}

// withoutIDToken makes refreshes bring no ID token while on is true, and counts them.
func withoutIDToken(srv *cognitotest.Server) (on *atomic.Bool, refreshes *atomic.Int64) {
	on, refreshes = &atomic.Bool{}, &atomic.Int64{}
	on.Store(true)
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !on.Load() || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetTokensFromRefreshToken") {
			return false
		}
		refreshes.Add(1)
		srv.Advance(time.Second) // each token is another one
		_ = json.NewEncoder(w).Encode(map[string]any{"AuthenticationResult": map[string]any{
			"AccessToken": srv.Token("bob", cognitotest.TokenOptions{}), "ExpiresIn": 3600,
		}})
		return true
	})
	return on, refreshes
}

// lackingIDToken returns tokens of bob without an ID token.
func lackingIDToken(t *testing.T, srv *cognitotest.Server) cognito.Tokens {
	t.Helper()
	tokens := signedIn(t, srv).Tokens()
	tokens.IDToken = ""
	srv.Advance(time.Second)
	return tokens
}

// callerOf returns a function that calls an API with tokens of c. The API answers with the status
// that answer returns for the token.
func callerOf(t *testing.T, c *cognito.Cognito, use cognito.TokenUse, answer func(token string) int) func() (int, error) {
	t.Helper()
	base := roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		return &http.Response{StatusCode: answer(token), Body: http.NoBody, Request: r}, nil
	})
	transport := cognito.NewTransport(c, "", cognito.WithBase(base),
		cognito.WithOrigins("https://api.example.com"), cognito.WithTokenUse(use))
	return func() (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example.com", nil)
		require.NoError(t, err)
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
}

func accepts(string) int { return http.StatusNoContent }

func rejects(string) int { return http.StatusUnauthorized }

// That the ID token is missing says nothing about access tokens, and the reverse.
func TestMissingIDTokenLeavesAccessTokensAlone(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(lackingIDToken(t, srv)))
	withoutIDToken(srv)
	_, err := callerOf(t, c, cognito.IDToken, accepts)()
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	rejected := c.Tokens().AccessToken
	status, err := callerOf(t, c, cognito.AccessToken, func(token string) int {
		if token == rejected {
			return rejects(token)
		}
		return accepts(token)
	})()
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, status, "the API has never rejected a refreshed token")
}

func TestRejectedAccessTokensLeaveAMissingIDTokenAlone(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(lackingIDToken(t, srv)))
	without, _ := withoutIDToken(srv)
	status, err := callerOf(t, c, cognito.AccessToken, rejects)()
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	without.Store(false)
	status, err = callerOf(t, c, cognito.IDToken, accepts)()
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, status)
}

// A refresh for the missing ID token that is rejected ends no session whose access token is good.
func TestMissingIDTokenDoesNotEndTheSession(t *testing.T) {
	t.Parallel()
	client := cognitotest.Client{ID: testClient, RefreshTokenValidity: time.Hour, AccessTokenValidity: 24 * time.Hour}
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	store := cognito.NewMemoryStore()
	require.NoError(t, store.Save(t.Context(), lackingIDToken(t, srv)))
	srv.Advance(2 * time.Hour)
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	call := callerOf(t, c, cognito.IDToken, accepts)
	for range 3 {
		_, err := call()
		require.ErrorIs(t, err, cognito.ErrRefreshTokenExpired)
	}
	assert.Equal(t, 1, callsOf(srv, "GetTokensFromRefreshToken"))
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, storedIn(t, store))
}

// The refresh for the missing ID token is the one that a 401 may trigger.
func TestOneRefreshForAMissingIDTokenAndA401(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(lackingIDToken(t, srv)))
	status, err := callerOf(t, c, cognito.IDToken, func(token string) int {
		srv.Advance(time.Second)
		return rejects(token)
	})()
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	assert.Equal(t, 1, callsOf(srv, "GetTokensFromRefreshToken"))
}

// Where the scopes exclude the ID token, it is asked for more and more rarely.
func TestMissingIDTokenIsAskedForMoreRarely(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(lackingIDToken(t, srv)))
	_, refreshes := withoutIDToken(srv)
	call := callerOf(t, c, cognito.IDToken, accepts)
	for range 120 { // an hour
		_, err := call()
		require.ErrorIs(t, err, cognito.ErrNotSignedIn)
		srv.Advance(30 * time.Second)
	}
	assert.Less(t, refreshes.Load(), int64(10))
}

// A caller that gives up makes nobody wait for the ID token.
func TestGivenUpRequestLeavesTheIDTokenToOthers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(lackingIDToken(t, srv)))
	require.NoError(t, c.VerifyTokens(t.Context()))
	entered, release := make(chan struct{}), make(chan struct{})
	srv.Fault(cognitotest.Fault{
		Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultDelay, Release: release,
		Entered: func(string) { close(entered) },
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	transport := cognito.NewTransport(c, "", cognito.WithOrigins("https://api.example.com"), cognito.WithTokenUse(cognito.IDToken))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com", nil)
	require.NoError(t, err)
	_, err = transport.RoundTrip(req) //nolint:bodyclose // it has none
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	status, err := callerOf(t, c, cognito.IDToken, accepts)()
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, status)
}

// An ID token that came ends the growing of the pauses.
func TestIDTokenThatComesEndsThePauses(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tokens := lackingIDToken(t, srv)
	client := newClient(t, srv)
	without, refreshes := withoutIDToken(srv)
	session := func() func() (int, error) {
		return callerOf(t, client.ForUser("bob", cognito.WithTokens(tokens)), cognito.IDToken, accepts)
	}
	_, err := session()()
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	srv.Advance(31 * time.Second)
	without.Store(false)
	_, err = session()()
	require.NoError(t, err)
	without.Store(true)
	srv.Advance(time.Minute) // the exchange is no longer remembered
	call, before := session(), refreshes.Load()
	for range 2 {
		_, err = call()
		require.ErrorIs(t, err, cognito.ErrNotSignedIn)
		srv.Advance(31 * time.Second)
	}
	assert.Equal(t, before+2, refreshes.Load(), "the pause is the first again")
}
