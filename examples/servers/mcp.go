package servers

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/gocognito/cognito"
)

// MCPVerifier makes a verifier for an MCP server at url. Its clients register themselves, so any app client of the
// pool will do, but the token must be bound to this server (RFC 8707).
func MCPVerifier(poolID, url string, opts ...cognito.VerifierOption) (*cognito.Verifier, error) {
	return cognito.NewVerifier(poolID, nil,
		append([]cognito.VerifierOption{cognito.WithAnyClient(), cognito.WithAudience(url)}, opts...)...)
}

// MCP is an MCP server at url whose clients find the pool by the metadata of the resource (RFC 9728).
func MCP(verifier *cognito.Verifier, url, issuer string, server *mcp.Server) http.Handler {
	const metadata = "/.well-known/oauth-protected-resource"
	mux := http.NewServeMux()
	mux.Handle(metadata, auth.ProtectedResourceMetadataHandler(&oauthex.ProtectedResourceMetadata{
		Resource: url, AuthorizationServers: []string{issuer}, BearerMethodsSupported: []string{"header"},
	}))
	protect := auth.RequireBearerToken(mcpTokens(verifier), &auth.RequireBearerTokenOptions{ResourceMetadataURL: url + metadata})
	mux.Handle("/", protect(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil)))
	return mux
}

// mcpTokens is the verifier as the MCP SDK wants it. Tools find what it returns in req.Extra.TokenInfo.
func mcpTokens(verifier *cognito.Verifier) auth.TokenVerifier {
	return func(ctx context.Context, raw string, _ *http.Request) (*auth.TokenInfo, error) {
		claims, err := verifier.VerifyAccessToken(ctx, raw)
		var refused *cognito.TokenError
		switch {
		case errors.As(err, &refused) && refused.StatusCode() != http.StatusServiceUnavailable:
			return nil, fmt.Errorf("%w: %s", auth.ErrInvalidToken, http.StatusText(refused.StatusCode()))
		case err != nil: // it could not be checked
			return nil, err
		}
		return &auth.TokenInfo{
			UserID: claims.Subject, Scopes: claims.Scopes(), Expiration: claims.ExpiresAt.Time,
			Extra: map[string]any{"username": claims.Username, "groups": claims.Groups},
		}, nil
	}
}
