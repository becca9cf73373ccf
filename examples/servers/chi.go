package servers

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gocognito/cognito"
)

// Chi is an API with chi, which uses the middleware of net/http.
func Chi(verifier *cognito.Verifier) http.Handler {
	r := chi.NewRouter()
	r.Get("/health", func(http.ResponseWriter, *http.Request) {})
	r.Group(func(r chi.Router) {
		r.Use(verifier.Handler)
		r.Get("/notes", func(w http.ResponseWriter, r *http.Request) {
			claims, _ := cognito.ClaimsFromContext(r.Context())
			fmt.Fprintln(w, "hello", claims.Username)
		})
		r.With(admins).Delete("/notes", func(http.ResponseWriter, *http.Request) {})
	})
	return r
}

func admins(next http.Handler) http.Handler { return cognito.RequireGroups(next, "admins") }
