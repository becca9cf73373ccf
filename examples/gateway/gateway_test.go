package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

func Example() {
	if err := tellStory(context.Background(), os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Without a token  401 {"error":"Unauthorized"}
	// An access token  401 {"error":"Unauthorized"}
	// An ID token      200 bob@example.com [readers] false
}

// What the service hears is tested without a pool: the claims are put into the context.
func TestForward(t *testing.T) {
	t.Parallel()
	var heard http.Header
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard = r.Header }))
	t.Cleanup(service.Close)
	target, err := url.Parse(service.URL)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		claims *cognito.IDClaims
		user   string
		email  string
		groups []string
	}{
		"verified": {&cognito.IDClaims{RegisteredClaims: jwt.RegisteredClaims{Subject: "1"}, Email: "bob@example.com", EmailVerified: true, Groups: []string{"a", "b"}}, "1", "bob@example.com", []string{"a", "b"}},
		"unproved": {&cognito.IDClaims{RegisteredClaims: jwt.RegisteredClaims{Subject: "1"}, Email: "bob@example.com"}, "1", "", nil},
		"none":     {nil, "", "", nil},
	} {
		ctx := cognito.ContextWithIDClaims(t.Context(), tt.claims)
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		r.Header = http.Header{"Authorization": {"Bearer x"}, "X-User": {"eve"}, "X-Email": {"eve@example.com"}, "X-Groups": {"admins"}, "X-User_": {"eve"}, "X_user": {"eve"}, "X_groups": {"admins"}}
		w := httptest.NewRecorder()
		forward(target).ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, name)
		assert.Equal(t, tt.user, heard.Get("X-User"), name)
		assert.Equal(t, tt.email, heard.Get("X-Email"), name)
		assert.Equal(t, tt.groups, heard["X-Groups"], name)
		assert.Empty(t, heard["Authorization"], name)
		for _, same := range []string{"X-User_", "X_user", "X_groups"} {
			assert.Empty(t, heard[same], name)
		}
	}
}
