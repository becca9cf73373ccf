package main

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/gocognito/cognito"
)

// The headers that tell the service who the user is. The service must accept them only from the
// gateway.
const (
	userHeader  = "X-User"
	emailHeader = "X-Email"
	groupHeader = "X-Groups"
)

// verifierOptions configure a verifier that accepts ID tokens and rejects requests with JSON.
func verifierOptions() []cognito.VerifierOption {
	return []cognito.VerifierOption{
		cognito.WithHandlerUse(cognito.IDToken), cognito.WithErrorHandler(refuse), cognito.WithTokenCache(10_000),
	}
}

// newGateway forwards requests with a valid ID token to service.
func newGateway(verifier *cognito.Verifier, service *url.URL) http.Handler {
	return verifier.Handler(forward(service))
}

// forward is separate from newGateway, because its test needs no pool.
func forward(service *url.URL) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(service)
		r.SetXForwarded()
		h := r.Out.Header
		h.Del("Authorization") // the token ends here
		for name := range h {
			// Remove what clients claim about themselves. CGI and WSGI do not distinguish X_User
			// from X-User.
			same := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
			if strings.HasPrefix(same, userHeader) || strings.HasPrefix(same, emailHeader) ||
				strings.HasPrefix(same, groupHeader) {
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

// refuse responds in JSON. The text of err belongs in the log and not in the response.
func refuse(w http.ResponseWriter, _ *http.Request, status int, _ error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": http.StatusText(status)})
}
