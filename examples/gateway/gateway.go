package main

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/gocognito/cognito"
)

// The headers in which the service learns who the user is. It must take them from the gateway alone.
const (
	userHeader  = "X-User"
	emailHeader = "X-Email"
	groupHeader = "X-Groups"
)

// verifierOptions make a verifier of ID tokens, which says in JSON what it rejects.
func verifierOptions() []cognito.VerifierOption {
	return []cognito.VerifierOption{
		cognito.WithHandlerUse(cognito.IDToken), cognito.WithErrorHandler(refuse), cognito.WithTokenCache(10_000),
	}
}

// newGateway forwards requests with a good ID token to service.
func newGateway(verifier *cognito.Verifier, service *url.URL) http.Handler {
	return verifier.Handler(forward(service))
}

// forward is apart from newGateway so that its test needs no pool.
func forward(service *url.URL) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(service)
		r.SetXForwarded()
		h := r.Out.Header
		h.Del("Authorization") // the token ends here
		for name := range h {
			// What a client says about itself. A service behind CGI or WSGI takes X_User for X-User.
			same := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
			if strings.HasPrefix(same, userHeader) || strings.HasPrefix(same, emailHeader) || strings.HasPrefix(same, groupHeader) {
				delete(h, name)
			}
		}
		claims, ok := cognito.IDClaimsFromContext(r.In.Context())
		if !ok {
			return
		}
		h.Set(userHeader, claims.Subject)
		h[groupHeader] = claims.Groups
		if claims.EmailVerified {
			h.Set(emailHeader, claims.Email)
		}
	}}
}

// refuse answers in JSON. What err says is for the log, not for the client.
func refuse(w http.ResponseWriter, _ *http.Request, status int, _ error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": http.StatusText(status)})
}
