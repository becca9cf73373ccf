package servers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/gocognito/cognito"
)

// mcpMetadata is the path of the metadata that tells clients of the MCP server where to get tokens
// (RFC 9728).
const mcpMetadata = "/.well-known/oauth-protected-resource"

// MCPVerifier returns a verifier for an MCP server at url, which has no path. Clients register
// themselves. The verifier therefore accepts any app client of the pool, but the token must be
// bound to this server (RFC 8707). Responses to rejected requests name the URL of the metadata.
func MCPVerifier(poolID, url string, opts ...cognito.VerifierOption) (*cognito.Verifier, error) {
	own := []cognito.VerifierOption{
		cognito.WithAnyClient(), cognito.WithAudience(url),
		cognito.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
			if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" { // 401 and 403
				w.Header().Set("WWW-Authenticate", fmt.Sprintf("%s, resource_metadata=%q", challenge, url+mcpMetadata))
			}
			http.Error(w, http.StatusText(status), status)
		}),
	}
	return cognito.NewVerifier(poolID, nil, append(own, opts...)...)
}

// MCP is an MCP server at url whose clients find the pool by the metadata of the resource. The
// verifier checks each request, and the SDK receives its claims.
func MCP(verifier *cognito.Verifier, url, issuer string, server *mcp.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(mcpMetadata, auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource: url, AuthorizationServers: []string{issuer}, BearerMethodsSupported: []string{"header"},
	}))
	options := &auth.RequireBearerTokenOptions{ClockSkew: time.Minute} // as WithLeeway
	tokenInfo := auth.RequireBearerToken(mcpToken, options)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)
	mux.Handle("/", verifier.Handler(tokenInfo(handler)))
	return mux
}

// mcpToken returns a verified token in the form that the MCP SDK expects. Tools find it in
// req.Extra.TokenInfo.
func mcpToken(ctx context.Context, _ string, _ *http.Request) (*auth.TokenInfo, error) {
	claims, ok := cognito.ClaimsFromContext(ctx)
	if !ok {
		return nil, auth.ErrInvalidToken
	}
	return &auth.TokenInfo{
		UserID: claims.Subject, Scopes: claims.Scopes(), Expiration: claims.ExpiresAt.Time,
		Extra: map[string]any{"username": claims.Username, "groups": claims.Groups},
	}, nil
}
