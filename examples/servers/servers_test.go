package servers

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v3"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func newPool(t *testing.T) *cognitotest.Server {
	t.Helper()
	srv := cognitotest.NewServer(cognitotest.Config{})
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers"}})
	srv.AddUser(cognitotest.User{Username: "root", Password: "Correct-Horse-1", Groups: []string{"admins"}})
	return srv
}

func options(srv *cognitotest.Server) []cognito.VerifierOption {
	return []cognito.VerifierOption{cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now)}
}

// request sends a request and returns what came back.
func request(t *testing.T, method, url, token string) (int, string) {
	t.Helper()
	status, _, body := respond(t, method, url, token)
	return status, body
}

// respond is request for tests of headers.
func respond(t *testing.T, method, url, token string) (status int, header http.Header, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(body)
}

// serve starts a handler on a port, and fiber.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return web.URL
}

func serveFiber(t *testing.T, app *fiber.App) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		assert.NoError(t, app.Shutdown())
		assert.NoError(t, <-done)
	})
	return "http://" + listener.Addr().String()
}

func TestFrameworks(t *testing.T) {
	gin.SetMode(gin.TestMode)
	srv := newPool(t)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, options(srv)...)
	require.NoError(t, err)
	dead, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()),
		cognito.WithClock(srv.Now), cognito.WithJWKSURL("http://127.0.0.1:1/jwks.json"))
	require.NoError(t, err)
	bob := srv.Token("bob", cognitotest.TokenOptions{})
	root := srv.Token("root", cognitotest.TokenOptions{})
	expired := srv.Token("bob", cognitotest.TokenOptions{ExpiresIn: -time.Hour})
	for name, urls := range map[string][2]string{
		"chi":   {serve(t, Chi(v)), serve(t, Chi(dead))},
		"gin":   {serve(t, Gin(v)), serve(t, Gin(dead))},
		"echo":  {serve(t, Echo(v)), serve(t, Echo(dead))},
		"fiber": {serveFiber(t, Fiber(v)), serveFiber(t, Fiber(dead))},
	} {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct {
				method, path, token string
				status              int
			}{
				{http.MethodGet, "/health", "", 200},
				{http.MethodGet, "/notes", "", 401},
				{http.MethodGet, "/notes", expired, 401},
				{http.MethodGet, "/notes", bob[:len(bob)-4] + "AAAA", 401},
				{http.MethodGet, "/notes", bob, 200},
				{http.MethodDelete, "/notes", bob, 403},
				{http.MethodDelete, "/notes", root, 200},
			} {
				status, header, body := respond(t, tt.method, urls[0]+tt.path, tt.token)
				assert.Equal(t, tt.status, status, "%s %s", tt.method, tt.path)
				if tt.status == 401 { // RFC 9110, section 15.5.2
					assert.Regexp(t, "^Bearer", header.Get("WWW-Authenticate"))
				}
				if tt.token == bob && tt.status == 200 {
					assert.Equal(t, "hello bob\n", body)
				}
			}
			status, body := request(t, http.MethodGet, urls[1]+"/notes", bob)
			assert.Equal(t, 503, status)
			assert.NotContains(t, body, "127.0.0.1", "no details for strangers")
		})
	}
}

func TestMCP(t *testing.T) {
	srv := newPool(t)
	const url = "https://mcp.example.com"
	v, err := MCPVerifier(srv.UserPoolID, url, options(srv)...)
	require.NoError(t, err)
	server := mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1"}, nil)
	mcp.AddTool(server, &mcp.Tool{Name: "whoami"}, func(_ context.Context, req *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
		name, _ := req.Extra.TokenInfo.Extra["username"].(string)
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: name}}}, nil, nil
	})
	at := serve(t, MCP(v, url, srv.Issuer(), server))

	bound := srv.Token("bob", cognitotest.TokenOptions{ClientID: "1registered0itself", Claims: map[string]any{"aud": url}})
	connect := func(token string) (*mcp.ClientSession, error) {
		client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
		return client.Connect(t.Context(), &mcp.StreamableClientTransport{
			Endpoint: at, HTTPClient: &http.Client{Transport: bearer(token)}, MaxRetries: -1,
		}, nil)
	}
	session, err := connect(bound)
	require.NoError(t, err)
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "whoami"})
	require.NoError(t, err)
	assert.Equal(t, "bob", result.Content[0].(*mcp.TextContent).Text)
	require.NoError(t, session.Close())
	for name, claims := range map[string]map[string]any{"no resource": nil, "another resource": {"aud": "https://other.example.com"}} {
		_, err = connect(srv.Token("bob", cognitotest.TokenOptions{Claims: claims}))
		require.Error(t, err, name)
		status, _ := request(t, http.MethodPost, at, srv.Token("bob", cognitotest.TokenOptions{Claims: claims}))
		assert.Equal(t, http.StatusUnauthorized, status, name)
	}
	status, body := request(t, http.MethodGet, at+"/.well-known/oauth-protected-resource", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, srv.Issuer())
}

// A rejected request is told why in the terms of RFC 6750, and where the metadata of the resource is (RFC 9728). One
// that could not be checked is told nothing about that.
func TestMCPRejects(t *testing.T) {
	srv := newPool(t)
	const url = "https://mcp.example.com"
	handler := func(opts ...cognito.VerifierOption) http.Handler {
		v, err := MCPVerifier(srv.UserPoolID, url, append(options(srv), opts...)...)
		require.NoError(t, err)
		return MCP(v, url, srv.Issuer(), mcp.NewServer(&mcp.Implementation{Name: "notes", Version: "1"}, nil))
	}
	token := func(opts cognitotest.TokenOptions) string {
		opts.Claims = map[string]any{"aud": url, "scope": "notes/read"}
		return srv.Token("bob", opts)
	}
	metadata := `, resource_metadata="` + url + mcpMetadata + `"`
	for name, tt := range map[string]struct {
		handler   http.Handler
		token     string
		status    int
		challenge string
	}{
		"no token":      {handler(), "", 401, `Bearer realm="api"` + metadata},
		"expired":       {handler(), token(cognitotest.TokenOptions{ExpiresIn: -time.Hour}), 401, `Bearer error="invalid_token"` + metadata},
		"not bound":     {handler(), srv.Token("bob", cognitotest.TokenOptions{}), 401, `Bearer error="invalid_token"` + metadata},
		"another scope": {handler(cognito.WithScopes("notes/write")), token(cognitotest.TokenOptions{}), 403, `Bearer error="insufficient_scope"` + metadata},
		"no keys":       {handler(cognito.WithJWKSURL("http://127.0.0.1:1/jwks.json")), token(cognitotest.TokenOptions{}), 503, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, url+"/", http.NoBody)
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tt.token)
			}
			w := httptest.NewRecorder()
			tt.handler.ServeHTTP(w, r)
			assert.Equal(t, tt.status, w.Code)
			assert.Equal(t, tt.challenge, w.Header().Get("WWW-Authenticate"))
			assert.Equal(t, http.StatusText(tt.status)+"\n", w.Body.String(), "no details for strangers")
		})
	}
}

// bearer is a transport that sends a token.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// The fetch of the keys is a span of the request that caused it.
func TestOpenTelemetry(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	otel.SetTracerProvider(provider)
	t.Cleanup(func() { assert.NoError(t, provider.Shutdown(context.Background())) })
	srv := newPool(t)
	v, err := Traced(srv.UserPoolID, []string{srv.ClientID}, options(srv)...)
	require.NoError(t, err)
	at := serve(t, OpenTelemetry(v))
	status, body := request(t, http.MethodGet, at+"/notes", srv.Token("bob", cognitotest.TokenOptions{}))
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "hello bob\n", body)

	var api, fetch tracetest.SpanStub
	require.Eventually(t, func() bool {
		for _, span := range spans.GetSpans() {
			if span.Parent.IsValid() {
				fetch = span
			} else {
				api = span
			}
		}
		return api.SpanContext.IsValid() && fetch.SpanContext.IsValid()
	}, 10*time.Second, time.Millisecond)
	assert.Equal(t, api.SpanContext.SpanID(), fetch.Parent.SpanID())
	assert.Equal(t, api.SpanContext.TraceID(), fetch.SpanContext.TraceID())
	assert.True(t, slices.ContainsFunc(api.Attributes, func(a attribute.KeyValue) bool {
		return a.Key == "user.id" && a.Value.AsString() != ""
	}), "the span says who called")
}
