package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito"
)

// The handlers are tested without a pool: the claims are put into the context.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		request string
		claims  cognito.AccessClaims
		status  int
		body    string
	}{
		{"GET /notes", cognito.AccessClaims{Username: "bob"}, http.StatusOK, "the notes of bob at acme"},
		{"POST /notes", cognito.AccessClaims{Scope: "openid notes/write"}, http.StatusCreated, ""},
		{"POST /notes", cognito.AccessClaims{Scope: "openid"}, http.StatusForbidden, `{"error":"Forbidden"}` + "\n"},
		{"GET /tenant/acme", cognito.AccessClaims{Username: "bob"}, http.StatusOK, "the notes of bob at acme"},
		{"GET /tenant/other", cognito.AccessClaims{Username: "bob"}, http.StatusForbidden, `{"error":"Forbidden"}` + "\n"},
		{"GET /admin", cognito.AccessClaims{Username: "bob", Groups: []string{"admins"}}, http.StatusOK, "the notes of bob at acme"},
		{"GET /admin", cognito.AccessClaims{Groups: []string{"readers"}}, http.StatusForbidden, `{"error":"Forbidden"}` + "\n"},
	} {
		ctx := cognito.ContextWithClaims(t.Context(), &tt.claims)
		ctx = cognito.ContextWithCustomClaims(ctx, &tenantClaims{Tenant: "acme"})
		ctx = cognito.ContextWithErrorHandler(ctx, refuse)
		w := httptest.NewRecorder()
		method, path, _ := strings.Cut(tt.request, " ")
		routes().ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, path, nil))
		assert.Equal(t, tt.status, w.Code, tt.request)
		assert.Equal(t, tt.body, w.Body.String())
	}
}
