package servers

import (
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/gocognito/cognito"
)

// Traced returns a verifier whose key fetches and revocation checks are spans of the request that
// caused them. The verifier passes the context of the request to the HTTP client.
func Traced(poolID string, clientIDs []string, opts ...cognito.VerifierOption) (*cognito.Verifier, error) {
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	opts = append([]cognito.VerifierOption{cognito.WithHTTPClient(client)}, opts...)
	return cognito.NewVerifier(poolID, clientIDs, opts...)
}

// OpenTelemetry is an API whose spans name the caller. otelhttp wraps the verifier: requests
// without a valid token have spans, too.
func OpenTelemetry(verifier *cognito.Verifier) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		claims, _ := cognito.ClaimsFromContext(r.Context())
		trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("user.id", claims.Subject))
		fmt.Fprintln(w, "hello", claims.Username)
	})
	return otelhttp.NewHandler(verifier.Handler(mux), "api")
}
