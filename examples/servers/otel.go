package servers

import (
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/gocognito/cognito"
)

// Traced makes a verifier whose fetches of keys, and questions about revocation, are spans of the request that caused
// them: what verifies a token gets the context of the request, and so does the HTTP client.
func Traced(poolID string, clientIDs []string, opts ...cognito.VerifierOption) (*cognito.Verifier, error) {
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	return cognito.NewVerifier(poolID, clientIDs, append([]cognito.VerifierOption{cognito.WithHTTPClient(client)}, opts...)...)
}

// OpenTelemetry is an API whose spans say who called. otelhttp goes around the verifier, so that requests without a
// good token have spans, too.
func OpenTelemetry(verifier *cognito.Verifier) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		claims, _ := cognito.ClaimsFromContext(r.Context())
		trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("user.id", claims.Subject))
		fmt.Fprintln(w, "hello", claims.Username)
	})
	return otelhttp.NewHandler(verifier.Handler(mux), "api")
}
