package cognito_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
	v := newTestVerifier(t, cognito.WithVerifierLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
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
