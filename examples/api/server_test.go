package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito"
)

// The handlers are tested without a pool: the claims are put into the context.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path   string
		groups []string
		status int
		body   string
	}{
		{"/notes", nil, http.StatusOK, "the notes of bob at acme"},
		{"/admin", []string{"admins"}, http.StatusOK, "the notes of bob at acme"},
		{"/admin", []string{"readers"}, http.StatusForbidden, "Forbidden\n"},
	} {
		ctx := cognito.ContextWithClaims(t.Context(), &cognito.AccessClaims{Username: "bob", Groups: tt.groups})
		ctx = cognito.ContextWithCustomClaims(ctx, &tenantClaims{Tenant: "acme"})
		w := httptest.NewRecorder()
		routes().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, tt.path, nil))
		assert.Equal(t, tt.status, w.Code)
		assert.Equal(t, tt.body, w.Body.String())
	}
}
