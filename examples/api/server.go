package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// newAPI starts an API with two resources: /notes for every user of the pool, /admin for its administrators. At AWS
// the pool ID and the client ID are all that a verifier needs.
func newAPI(srv *cognitotest.Server) (*httptest.Server, error) {
	here := []cognito.VerifierOption{cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now)}
	clients := []string{srv.ClientID}
	users, err := cognito.NewVerifier(srv.UserPoolID, clients, append(here, cognito.WithTokenCache(1000))...)
	if err != nil {
		return nil, err
	}
	admins, err := cognito.NewVerifier(srv.UserPoolID, clients, append(here, cognito.WithGroups("admins"))...)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", users.Handler(http.HandlerFunc(showNotes)))
	mux.Handle("GET /admin", admins.Handler(http.HandlerFunc(showNotes)))
	return httptest.NewServer(mux), nil
}

// showNotes is called for good tokens only.
func showNotes(w http.ResponseWriter, r *http.Request) {
	claims, _ := cognito.ClaimsFromContext(r.Context())
	_, _ = fmt.Fprintf(w, "the notes of %s", claims.Username)
}
