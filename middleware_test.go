package cognito_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// bearing is a request with the header values given.
func bearing(t *testing.T, method string, values ...string) *http.Request {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, "/things?access_token="+forged(nil), nil)
	for _, value := range values {
		req.Header.Add("Authorization", value)
	}
	return req
}

func TestHandler(t *testing.T) {
	t.Parallel()
	good := forged(nil)
	const (
		invalid = `Bearer error="invalid_token"`
		bare    = `Bearer realm="api"`
		request = `Bearer error="invalid_request"`
		scope   = `Bearer error="insufficient_scope"`
	)
	tests := []struct {
		name      string
		values    []string
		opts      []cognito.VerifierOption
		status    int
		challenge string
		err       error
	}{
		{"good", []string{"Bearer " + good}, nil, 200, "", nil},
		{"scheme in other case", []string{"bEARER " + good}, nil, 200, "", nil},
		{"two spaces", []string{"Bearer  " + good}, nil, 200, "", nil},
		{"no header; the one in the query does not count", nil, nil, 401, bare, cognito.ErrNoToken},
		{"empty header", []string{""}, nil, 401, bare, cognito.ErrNoToken},
		{"another scheme", []string{"Basic Ym9iOmJvYg=="}, nil, 401, bare, cognito.ErrNoToken},
		{"a scheme that begins alike", []string{"Bearer2 " + good}, nil, 401, bare, cognito.ErrNoToken},
		{"the token alone", []string{good}, nil, 401, bare, cognito.ErrNoToken},
		{"no token", []string{"Bearer"}, nil, 401, request, nil},
		{"no token after the space", []string{"Bearer "}, nil, 401, request, nil},
		{"two tokens", []string{"Bearer " + good + " " + good}, nil, 401, request, nil},
		{"a list of tokens", []string{"Bearer " + good + ",Bearer " + good}, nil, 401, request, nil},
		{"a tab", []string{"Bearer\t" + good}, nil, 401, bare, cognito.ErrNoToken},
		{"two headers", []string{"Bearer " + good, "Bearer " + good}, nil, 401, request, nil},
		{"two headers of two schemes", []string{"Bearer " + good, "Basic Ym9iOmJvYg=="}, nil, 401, request, nil},
		{"garbage", []string{"Bearer garbage"}, nil, 401, invalid, nil},
		{"ID token", []string{"Bearer " + idToken(nil)}, nil, 401, invalid, cognito.ErrTokenUse},
		{"expired", []string{"Bearer " + forged(claim("exp", 1))}, nil, 401, invalid, nil},
		{"in the group", []string{"Bearer " + good}, with(cognito.WithGroups("readers")), 200, "", nil},
		{"not in the group", []string{"Bearer " + good}, with(cognito.WithGroups("admins")), 403, scope, cognito.ErrNotInGroup},
		{"without the scope", []string{"Bearer " + good}, with(cognito.WithScopes("admin")), 403, scope, cognito.ErrInsufficientScope},
		{"expired and not in the group", []string{"Bearer " + forged(claim("exp", 1))}, with(cognito.WithGroups("admins")), 401, invalid, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newTestVerifier(t, tt.opts...)
			m, err := cognito.NewMultiVerifier(v)
			require.NoError(t, err)
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost} {
				for _, guard := range []interface {
					Handler(http.Handler) http.Handler
					Check(*http.Request) (*cognito.AccessClaims, error)
				}{v, m} {
					checkHandler(t, guard.Handler, bearing(t, method, tt.values...), tt.status, tt.challenge)
					claims, err := guard.Check(bearing(t, method, tt.values...))
					if tt.status == 200 {
						require.NoError(t, err)
						assert.Equal(t, "bob", claims.Username)
						continue
					}
					assert.Nil(t, claims)
					var refused *cognito.TokenError
					require.ErrorAs(t, err, &refused)
					if tt.err != nil {
						require.ErrorIs(t, err, tt.err)
					}
				}
			}
		})
	}
}

func checkHandler(t *testing.T, protect func(http.Handler) http.Handler, req *http.Request, status int, challenge string) {
	t.Helper()
	called := false
	before := req.Header.Clone()
	h := protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called = true
		claims, ok := cognito.ClaimsFromContext(r.Context())
		assert.True(t, ok)
		assert.Equal(t, "bob", claims.Username)
		_, _ = io.WriteString(w, "things")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	assert.Equal(t, status, w.Code)
	assert.Equal(t, before, req.Header)
	assert.Equal(t, status == http.StatusOK, called)
	assert.Equal(t, challenge, w.Header().Get("WWW-Authenticate"))
	if status == http.StatusOK {
		return
	}
	want := http.StatusText(status) + "\n"
	if req.Method == http.MethodHead {
		want = ""
	}
	assert.Equal(t, want, w.Body.String(), "no detail in the body")
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

func TestHandlerWithoutKeys(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	v := remote(t, srv)
	checkHandler(t, v.Handler, bearing(t, http.MethodGet, "Bearer "+accessOf(srv, cognitotest.TokenOptions{})), http.StatusServiceUnavailable, "")
	srv.ClearFaults()
	checkHandler(t, v.Handler, bearing(t, http.MethodGet, "Bearer "+accessOf(srv, cognitotest.TokenOptions{})), http.StatusOK, "")
}

func TestHandlerLogsWhyAndNoToken(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	v := newTestVerifier(t, cognito.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	raw := forged(claim("exp", testTime.Add(-time.Hour).Unix()))
	checkHandler(t, v.Handler, bearing(t, http.MethodGet, "Bearer "+raw), http.StatusUnauthorized, `Bearer error="invalid_token"`)
	assert.Contains(t, log.String(), "expired")
	_, _, signature := splitToken(raw)
	assert.NotContains(t, log.String(), signature)
}

func TestClaimsFromContext(t *testing.T) {
	t.Parallel()
	claims, ok := cognito.ClaimsFromContext(t.Context())
	assert.False(t, ok)
	assert.Nil(t, claims)
}

// The first division of errors is "bad token" against "could not check".
func TestKeysUnavailableIsNoBadToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	for _, kind := range []cognitotest.FaultKind{cognitotest.FaultServerError, cognitotest.FaultReset, cognitotest.FaultGarbage, cognitotest.FaultTruncate, cognitotest.FaultLostReply} {
		srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: kind, Times: 2}) // net/http repeats a GET that was reset
		_, err := remote(t, srv).VerifyAccessToken(t.Context(), accessOf(srv, cognitotest.TokenOptions{}))
		require.ErrorIs(t, err, cognito.ErrKeysUnavailable, kind)
		var refused *cognito.TokenError
		require.ErrorAs(t, err, &refused, kind)
		srv.ClearFaults()
	}
	srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultContentType})
	_, err := remote(t, srv).VerifyAccessToken(t.Context(), accessOf(srv, cognitotest.TokenOptions{}))
	require.NoError(t, err, "what the body says counts")
}

// serve sends a request with the token through h.
func serve(t *testing.T, h http.Handler, raw string) *httptest.ResponseRecorder {
	t.Helper()
	req := bearing(t, http.MethodGet)
	if raw != "" {
		req.Header.Set("Authorization", "Bearer "+raw)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

var empty = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// Repeating an option never lets more pass than each call alone.
func TestRepeatedOptionsNarrow(t *testing.T) {
	t.Parallel()
	raw := forged(claim("aud", []string{"https://a.example.com", "https://b.example.com"})) // groups readers, writers; scopes a, b
	for name, tt := range map[string]struct {
		opts []cognito.VerifierOption
		want error
	}{
		"any group of one call":       {with(cognito.WithGroups("x", "readers")), nil},
		"a group of each call":        {with(cognito.WithGroups("readers"), cognito.WithGroups("writers")), nil},
		"the last call's group alone": {with(cognito.WithGroups("x"), cognito.WithGroups("readers")), cognito.ErrNotInGroup},
		"the first's alone":           {with(cognito.WithGroups("readers"), cognito.WithGroups("x")), cognito.ErrNotInGroup},
		"a scope of each call":        {with(cognito.WithScopes("a"), cognito.WithScopes("b", "x")), nil},
		"one scope is missing":        {with(cognito.WithScopes("x"), cognito.WithScopes("b")), cognito.ErrInsufficientScope},
		"an audience":                 {with(cognito.WithAudience("https://x.example.com", "https://b.example.com")), nil},
		"another audience":            {with(cognito.WithAudience("https://x.example.com")), cognito.ErrTokenAudience},
		"one audience is missing":     {with(cognito.WithAudience("https://a.example.com"), cognito.WithAudience("https://x.example.com")), cognito.ErrTokenAudience},
		"the last issuers count":      {with(cognito.WithIssuers(testIssuer), cognito.WithIssuers("https://x.example.com")), cognito.ErrTokenIssuer},
	} {
		_, err := newTestVerifier(t, tt.opts...).VerifyAccessToken(t.Context(), raw)
		if tt.want == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, tt.want, name)
		}
	}
}

func TestWithAudience(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithAudience("https://mcp.example.com"))
	for name, raw := range map[string]string{
		"none": forged(nil), "another": forged(claim("aud", "https://other.example.com")), "empty": forged(claim("aud", "")), "an empty list": forged(claim("aud", []string{})),
	} {
		_, err := v.VerifyAccessToken(t.Context(), raw)
		require.ErrorIs(t, err, cognito.ErrTokenAudience, name)
		require.ErrorIs(t, err, jwt.ErrTokenInvalidAudience, name)
		assert.Equal(t, http.StatusUnauthorized, serve(t, v.Handler(empty), raw).Code, name)
	}
	_, err := v.VerifyAccessToken(t.Context(), forged(claim("aud", "https://mcp.example.com")))
	require.NoError(t, err)
	_, err = v.VerifyIDToken(t.Context(), idToken(nil))
	require.ErrorIs(t, err, cognito.ErrTokenAudience)
	_, err = newTestVerifier(t, cognito.WithAudience(testClient)).VerifyIDToken(t.Context(), idToken(nil))
	require.ErrorIs(t, err, cognito.ErrTokenAudience, "the audience of an ID token is no resource")
	_, err = cognito.NewVerifier(testPool, []string{testClient}, cognito.WithAudience())
	require.ErrorContains(t, err, "WithAudience")
}

func TestRules(t *testing.T) {
	t.Parallel()
	const (
		bare  = `Bearer realm="api"`
		scope = `Bearer error="insufficient_scope"`
		step  = `Bearer error="insufficient_user_authentication", error_description="A different sign-in is required"`
	)
	access, id := forged(map[string]any{"acr": "loa:2", "auth_time": testTime.Add(-time.Minute).Unix()}), idToken(claim("acr", "loa:2"))
	for name, tt := range map[string]struct {
		raw       string
		rule      http.Handler
		status    int
		challenge string
	}{
		"in a group":                {access, cognito.RequireGroups(empty, "x", "readers"), 200, ""},
		"in both":                   {access, cognito.RequireGroups(cognito.RequireGroups(empty, "writers"), "readers"), 200, ""},
		"in one of two":             {access, cognito.RequireGroups(cognito.RequireGroups(empty, "x"), "readers"), 403, scope},
		"in none":                   {access, cognito.RequireGroups(empty, "x"), 403, scope},
		"no names":                  {access, cognito.RequireGroups(empty), 403, scope},
		"the empty name":            {forged(claim("cognito:groups", []string{""})), cognito.RequireGroups(empty, ""), 403, scope},
		"a scope":                   {access, cognito.RequireScopes(empty, "b"), 200, ""},
		"no scope":                  {access, cognito.RequireScopes(empty, "c"), 403, scope},
		"no scopes":                 {access, cognito.RequireScopes(empty), 403, scope},
		"groups of an ID token":     {id, cognito.RequireGroups(empty, "readers"), 200, ""},
		"scopes of an ID token":     {id, cognito.RequireScopes(empty, "a"), 403, scope},
		"a scope in an ID token":    {idToken(claim("scope", "a")), cognito.RequireScopes(empty, "a"), 403, scope},
		"the level":                 {access, cognito.RequireACR(empty, []string{"loa:3", "loa:2"}, 0), 200, ""},
		"the level of an ID token":  {id, cognito.RequireACR(empty, []string{"loa:2"}, time.Minute), 200, ""},
		"a level too low":           {access, cognito.RequireACR(empty, []string{"loa:3", `lo"a:4`}, 0), 401, step + `, acr_values="loa:3 loa:4"`},
		"no level":                  {forged(nil), cognito.RequireACR(empty, []string{""}, 0), 401, step},
		"recent enough":             {access, cognito.RequireACR(empty, nil, time.Minute), 200, ""},
		"too old":                   {access, cognito.RequireACR(empty, nil, 59*time.Second), 401, step + `, max_age="59"`},
		"too old, and too low":      {access, cognito.RequireACR(empty, []string{"loa:3"}, 59*time.Second), 401, step + `, acr_values="loa:3", max_age="59"`},
		"no time":                   {forged(claim("auth_time", nil)), cognito.RequireACR(empty, nil, time.Hour), 401, step + `, max_age="3600"`},
		"neither level nor age":     {access, cognito.RequireACR(empty, nil, 0), 401, step},
		"a negative age":            {access, cognito.RequireACR(empty, []string{"loa:2"}, -1), 401, step + `, acr_values="loa:2"`},
		"an optional token, groups": {"", cognito.RequireGroups(empty, "readers"), 401, bare},
	} {
		use := cognito.AccessToken
		if strings.Contains(name, "an ID token") {
			use = cognito.IDToken
		}
		v := newTestVerifier(t, cognito.WithHandlerUse(use))
		w := serve(t, v.HandlerOptional(tt.rule), tt.raw)
		assert.Equal(t, tt.status, w.Code, name)
		assert.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"), name)
	}
	assert.Equal(t, 401, serve(t, cognito.RequireGroups(empty, "readers"), access).Code, "outside of a Handler nothing is verified")
}

func TestHandlerOptional(t *testing.T) {
	t.Parallel()
	h := newTestVerifier(t).HandlerOptional(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := cognito.ClaimsFromContext(r.Context())
		if ok {
			_, _ = io.WriteString(w, claims.Username)
		}
	}))
	assert.Empty(t, serve(t, h, "").Body.String())
	assert.Equal(t, "bob", serve(t, h, forged(nil)).Body.String())
	assert.Equal(t, 401, serve(t, h, forged(claim("exp", 1))).Code)
}

func TestHandlerUse(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithHandlerUse(cognito.IDToken))
	h := v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, access := cognito.ClaimsFromContext(r.Context())
		assert.False(t, access)
		claims, ok := cognito.IDClaimsFromContext(r.Context())
		assert.True(t, ok)
		_, _ = io.WriteString(w, claims.Email)
	}))
	assert.Equal(t, "bob@example.com", serve(t, h, idToken(nil)).Body.String())
	assert.Equal(t, 401, serve(t, h, forged(nil)).Code)
	claims, err := v.CheckID(bearing(t, http.MethodGet, "Bearer "+idToken(nil)))
	require.NoError(t, err)
	assert.Equal(t, "bob", claims.Username)
	_, err = v.Check(bearing(t, http.MethodGet, "Bearer "+idToken(nil)))
	require.ErrorIs(t, err, cognito.ErrTokenUse)
	_, err = cognito.NewVerifier(testPool, []string{testClient}, cognito.WithHandlerUse("refresh"))
	require.ErrorContains(t, err, "WithHandlerUse")
}

type tenantClaims struct {
	Tenant string `json:"custom:tenant"`
	Quota  int64  `json:"quota"`
}

func TestHandlerClaims(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithHandlerClaims[tenantClaims]())
	m, err := cognito.NewMultiVerifier(v)
	require.NoError(t, err)
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := cognito.CustomClaimsFromContext[tenantClaims](r.Context())
		if ok {
			_, _ = fmt.Fprint(w, claims.Tenant, claims.Quota)
		}
		_, other := cognito.CustomClaimsFromContext[struct{}](r.Context())
		assert.False(t, other)
	})
	raw := forged(map[string]any{"custom:tenant": "acme", "quota": int64(1<<53 + 1)})
	for _, h := range []http.Handler{v.Handler(show), m.Handler(show)} {
		assert.Equal(t, "acme9007199254740993", serve(t, h, raw).Body.String())
		assert.Equal(t, 401, serve(t, h, forged(claim("quota", "x"))).Code)
	}

	// Handlers can be tested alone.
	ctx := cognito.ContextWithCustomClaims(cognito.ContextWithClaims(t.Context(), &cognito.AccessClaims{Groups: []string{"staff"}}), &tenantClaims{"a", 1})
	ctx = cognito.ContextWithIDClaims(ctx, &cognito.IDClaims{Email: "bob@example.com"})
	id, ok := cognito.IDClaimsFromContext(ctx)
	assert.True(t, ok)
	assert.Equal(t, "bob@example.com", id.Email)
	w := httptest.NewRecorder()
	cognito.RequireGroups(show, "staff").ServeHTTP(w, bearing(t, http.MethodGet).WithContext(ctx))
	assert.Equal(t, "a1", w.Body.String())
	_, ok = cognito.ClaimsFromContext(cognito.ContextWithClaims(ctx, nil))
	assert.False(t, ok)
}

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	asJSON := func(w http.ResponseWriter, r *http.Request, status int, err error) {
		w.Header().Set("Content-Type", "application/json")
		var refused *cognito.TokenError
		assert.True(t, errorAs(err, &refused))
		_ = json.NewEncoder(w).Encode(map[string]any{"path": r.URL.Path, "status": status})
	}
	v := newTestVerifier(t, cognito.WithErrorHandler(asJSON))
	w := serve(t, v.Handler(empty), "")
	assert.Equal(t, 401, w.Code)
	assert.JSONEq(t, `{"path":"/things","status":401}`, w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, `Bearer realm="api"`, w.Header().Get("WWW-Authenticate"))
	w = serve(t, v.Handler(cognito.RequireGroups(empty, "x")), forged(nil))
	assert.Equal(t, 403, w.Code, "the rules inside answer alike")
	assert.JSONEq(t, `{"path":"/things","status":403}`, w.Body.String())

	silent := newTestVerifier(t, cognito.WithErrorHandler(func(http.ResponseWriter, *http.Request, int, error) {}))
	assert.Equal(t, 401, serve(t, silent.Handler(empty), "").Code, "a handler that writes nothing does not make it 200")
	redirect := newTestVerifier(t, cognito.WithErrorHandler(func(w http.ResponseWriter, r *http.Request, _ int, _ error) {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}))
	assert.Equal(t, 303, serve(t, redirect.Handler(empty), "").Code)
	flushing := newTestVerifier(t, cognito.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, _ int, _ error) {
		assert.NoError(t, http.NewResponseController(w).Flush())
	}))
	w = serve(t, flushing.Handler(empty), "")
	assert.Equal(t, 401, w.Code, "to flush does not make it 200")
	assert.True(t, w.Flushed)

	early := newTestVerifier(t, cognito.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, _ int, _ error) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "no")
	}))
	front := httptest.NewServer(early.Handler(empty))
	defer front.Close()
	resp, err := front.Client().Do(newRequest(t, front.URL))
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	assert.Equal(t, 401, resp.StatusCode, "an informational status is not the last")

	// Claims of a middleware's own change nothing about that.
	names := []string{"x"}
	inner := cognito.RequireGroups(empty, names...)
	names[0] = "readers"
	w = serve(t, v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(cognito.ContextWithCustomClaims(r.Context(), &tenantClaims{})))
	})), forged(nil))
	assert.Equal(t, 403, w.Code)
	assert.JSONEq(t, `{"path":"/things","status":403}`, w.Body.String())

	// The rules alone answer alike.
	rule := cognito.RequireGroups(empty, "admins")
	r := bearing(t, http.MethodGet)
	ctx := cognito.ContextWithErrorHandler(cognito.ContextWithClaims(r.Context(), &cognito.AccessClaims{Username: "bob"}), asJSON)
	w = httptest.NewRecorder()
	rule.ServeHTTP(w, r.WithContext(ctx))
	assert.Equal(t, 403, w.Code)
	assert.JSONEq(t, `{"path":"/things","status":403}`, w.Body.String())
	w = httptest.NewRecorder()
	rule.ServeHTTP(w, r.WithContext(cognito.ContextWithErrorHandler(r.Context(), asJSON)))
	assert.Equal(t, 401, w.Code, "it lets nobody in")
	w = serve(t, v.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := cognito.ContextWithErrorHandler(r.Context(), asJSON)
		cognito.RequireACR(empty, nil, time.Minute).ServeHTTP(w, r.WithContext(ctx))
	})), forged(claim("auth_time", testTime.Unix())))
	assert.Equal(t, 200, w.Code, "the verifier's clock counts on")
	w = httptest.NewRecorder()
	rule.ServeHTTP(w, r.WithContext(cognito.ContextWithErrorHandler(ctx, nil)))
	assert.Equal(t, "Forbidden\n", w.Body.String())
}

func newRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return r
}

func TestTokenExtractors(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithTokenExtractor(cognito.CookieToken("session"), cognito.HeaderToken("X-Token"), cognito.BearerToken))
	for name, tt := range map[string]struct {
		change func(*http.Request)
		want   error
		status int
	}{
		"cookie":      {func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: forged(nil)}) }, nil, 200},
		"header":      {func(r *http.Request) { r.Header.Set("X-Token", forged(nil)) }, nil, 200},
		"bearer":      {func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+forged(nil)) }, nil, 200},
		"none":        {func(*http.Request) {}, cognito.ErrNoToken, 401},
		"empty ones":  {func(r *http.Request) { r.Header.Set("X-Token", ""); r.Header.Set("Cookie", "session=") }, cognito.ErrNoToken, 401},
		"two cookies": {func(r *http.Request) { r.Header.Set("Cookie", "session=a; session="+forged(nil)) }, nil, 401},
		"two headers": {func(r *http.Request) { r.Header["X-Token"] = []string{"a", forged(nil)} }, nil, 401},
		"the first that is there decides": {func(r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+forged(nil))
			r.AddCookie(&http.Cookie{Name: "session", Value: "bad"})
		}, jwt.ErrTokenMalformed, 401},
	} {
		r := bearing(t, http.MethodGet)
		tt.change(r)
		_, err := v.Check(r)
		if tt.status == 200 {
			require.NoError(t, err, name)
		} else {
			require.Error(t, err, name)
		}
		if tt.want != nil {
			require.ErrorIs(t, err, tt.want, name)
		}
		w := httptest.NewRecorder()
		v.Handler(empty).ServeHTTP(w, r)
		assert.Equal(t, tt.status, w.Code, name)
	}
	for name, tt := range map[string]struct {
		raw       string
		err       error
		challenge string
	}{
		"empty":     {"", nil, `Bearer realm="api"`},
		"no token":  {"x", fmt.Errorf("%w: not here", cognito.ErrNoToken), `Bearer realm="api"`},
		"malformed": {"", errNever, `Bearer error="invalid_request"`},
	} {
		v := newTestVerifier(t, cognito.WithTokenExtractor(func(*http.Request) (string, error) { return tt.raw, tt.err }))
		w := serve(t, v.Handler(empty), "")
		assert.Equal(t, 401, w.Code, name)
		assert.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"), name)
		assert.Equal(t, errors.Is(tt.err, errNever), serve(t, v.HandlerOptional(empty), "").Code == 401, name)
	}
	for _, opt := range with(cognito.WithTokenExtractor(), cognito.WithTokenExtractor(nil), cognito.WithErrorHandler(nil)) {
		_, err := cognito.NewVerifier(testPool, []string{testClient}, opt)
		require.ErrorContains(t, err, "want")
	}
}

func TestVerifierOfAClient(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient}, {ID: "another1client2of3the4pool"}}})
	c := newClient(t, srv)
	v, err := c.Verifier(cognito.WithGroups("readers"))
	require.NoError(t, err)
	require.NoError(t, v.Preload(t.Context()))
	_, err = v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access", Claims: map[string]any{"cognito:groups": []string{"readers"}}}))
	require.NoError(t, err)
	_, err = c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}), cognito.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, 1, fetches(srv), "there is one key set")
	other := srv.Token("bob", cognitotest.TokenOptions{Use: "access", ClientID: "another1client2of3the4pool"})
	_, err = v.VerifyAccessToken(t.Context(), other)
	require.ErrorIs(t, err, cognito.ErrTokenClient)
	v, err = c.Verifier(cognito.WithAnyClient())
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), other)
	require.NoError(t, err)
	v, err = c.Verifier(cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil))))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), other)
	require.ErrorIs(t, err, cognito.ErrUnknownKey)
	v, err = c.Verifier(cognito.WithRegions("us-east-1"))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	require.NoError(t, err, "regions are nothing to a pool with an endpoint")
	v, err = c.Verifier(cognito.WithEndpoint("https://pools.example.com"), cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil))),
		cognito.WithClock(func() time.Time { return testTime }))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), forged(claim("iss", "https://pools.example.com/"+srv.UserPoolID)))
	require.NoError(t, err, "an endpoint moves the issuer")
	_, err = c.Verifier(cognito.WithIssuers("x"))
	require.ErrorContains(t, err, "WithIssuers")
	_, err = (&cognito.Cognito{}).Verifier()
	require.Error(t, err)
}

// CheckContext is what middleware of other frameworks does with a request.
func TestCheckContext(t *testing.T) {
	t.Parallel()
	type team struct {
		Team string `json:"custom:team"`
	}
	v := newTestVerifier(t, cognito.WithGroups("readers"), cognito.WithHandlerClaims[team]())
	m, err := cognito.NewMultiVerifier(v)
	require.NoError(t, err)
	for name, check := range map[string]func(*http.Request) (context.Context, error){"Verifier": v.CheckContext, "MultiVerifier": m.CheckContext} {
		type key struct{}
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), key{}, "kept"), http.MethodGet, "/", nil)
		_, err := check(r)
		require.ErrorIs(t, err, cognito.ErrNoToken, name)
		r.Header.Set("Authorization", "Bearer "+forged(claim("custom:team", "blue")))
		ctx, err := check(r)
		require.NoError(t, err, name)
		claims, ok := cognito.ClaimsFromContext(ctx)
		require.True(t, ok)
		again, _ := cognito.ClaimsFromContext(ctx)
		assert.Same(t, claims, again, "all that ask get the same")
		assert.Equal(t, "bob", claims.Username)
		own, ok := cognito.CustomClaimsFromContext[team](ctx)
		require.True(t, ok)
		assert.Equal(t, "blue", own.Team)
		assert.Equal(t, "kept", ctx.Value(key{}))
		_, ok = cognito.IDClaimsFromContext(ctx)
		assert.False(t, ok)
		_, ok = cognito.ClaimsFromContext(r.Context())
		assert.False(t, ok, "the request stays as it was")
		_, err = check(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
		require.ErrorIs(t, err, cognito.ErrNoToken)
	}
	_, err = (*cognito.Verifier)(nil).CheckContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	require.Error(t, err)
}

func TestStatusCode(t *testing.T) {
	t.Parallel()
	for reason, want := range map[error]int{
		cognito.ErrNoToken: 401, jwt.ErrTokenExpired: 401, cognito.ErrTokenRevoked: 401, cognito.ErrInsufficientAuthentication: 401,
		cognito.ErrNotInGroup: 403, cognito.ErrInsufficientScope: 403, cognito.ErrKeysUnavailable: 503, cognito.ErrRevocationUnknown: 503,
	} {
		assert.Equal(t, want, (&cognito.TokenError{Use: cognito.AccessToken, Reason: reason}).StatusCode(), reason)
	}
}

// Handlers of one request see one value of the claims, which a cached token shares with no other
// request.
func TestClaimsOfHandlersAreTheirOwn(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithTokenCache(10))
	raw := forged(nil)
	for range 3 {
		h := v.Handler(cognito.RequireGroups(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var seen [8]*cognito.AccessClaims
			var wg sync.WaitGroup
			for i := range seen {
				wg.Go(func() { seen[i], _ = cognito.ClaimsFromContext(r.Context()) })
			}
			wg.Wait()
			for _, claims := range seen {
				assert.Same(t, seen[0], claims)
			}
			assert.Equal(t, []string{"readers", "writers"}, seen[0].Groups)
			assert.Equal(t, "bob", seen[0].All["username"])
			assert.False(t, seen[0].ExpiresAt.IsZero())
			seen[0].Groups[0], seen[0].All["username"], seen[0].ExpiresAt.Time = "admins", "eve", time.Time{}
			seen[0].All["cognito:groups"].([]any)[0] = "admins"
		}), "readers"))
		assert.Equal(t, http.StatusOK, serve(t, h, raw).Code)
		claims, err := v.VerifyAccessToken(t.Context(), raw)
		require.NoError(t, err)
		assert.Equal(t, []any{"readers", "writers"}, claims.All["cognito:groups"])
		claims.Groups[0], claims.All["username"] = "admins", "eve"
	}
}
