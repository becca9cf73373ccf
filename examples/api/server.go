package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// tenantClaims are claims specific to this API. A Lambda function of the pool adds them to access
// tokens.
type tenantClaims struct {
	Tenant string `json:"custom:tenant"`
}

// newAPI starts an API with rules for each route: every user of the pool may GET /notes, tokens
// with a scope may POST /notes, users of a tenant may use /tenant, and administrators /admin. At
// AWS a verifier needs only the pool ID and the client ID.
func newAPI(srv *cognitotest.Server) (*httptest.Server, error) {
	verifier, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID},
		cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now), cognito.WithTokenCache(1000),
		cognito.WithHandlerClaims[tenantClaims](), cognito.WithErrorHandler(refuse))
	if err != nil {
		return nil, err
	}
	return httptest.NewServer(verifier.Handler(routes())), nil
}

// routes is separate from newAPI, because a test of the handlers needs no pool.
func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes", showNotes)
	mux.Handle("POST /notes", cognito.RequireScopes(http.HandlerFunc(addNote), "notes/write"))
	mux.Handle("GET /tenant/{tenant}", requireTenant(http.HandlerFunc(showNotes)))
	mux.Handle("GET /admin", cognito.RequireGroups(http.HandlerFunc(showNotes), "admins"))
	return mux
}

// requireTenant is a rule specific to this API: users of a tenant see only the data of that tenant.
func requireTenant(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own, ok := cognito.CustomClaimsFromContext[tenantClaims](r.Context())
		if !ok || own.Tenant == "" || own.Tenant != r.PathValue("tenant") {
			refuse(w, r, http.StatusForbidden, nil)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// addNote is called for tokens with the scope only.
func addNote(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }

// showNotes is called for good tokens only.
func showNotes(w http.ResponseWriter, r *http.Request) {
	claims, _ := cognito.ClaimsFromContext(r.Context())
	text := "the notes of " + claims.Username
	if own, ok := cognito.CustomClaimsFromContext[tenantClaims](r.Context()); ok && own.Tenant != "" {
		text += " at " + own.Tenant
	}
	_, _ = io.WriteString(w, text)
}

// refuse responds in JSON. The text of err belongs in the log and not in the response.
func refuse(w http.ResponseWriter, _ *http.Request, status int, _ error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": http.StatusText(status)})
}
