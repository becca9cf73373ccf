package cognitotest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/gocognito/cognito"
)

// Client returns a client of the first app client, made with [Server.Options] followed by opts. It
// fails the test if the options are invalid.
func (s *Server) Client(tb testing.TB, opts ...cognito.Option) *cognito.Cognito {
	tb.Helper()
	c, err := cognito.New(s.UserPoolID, s.ClientID, append(s.Options(), opts...)...)
	if err != nil {
		tb.Fatalf("cognitotest: Client: %v", err)
	}
	return c
}

// Options returns the options that [cognito.New] needs to use this server: its endpoint, issuer and
// clock, AWS credentials, the secret of the first app client if it has one, and, with
// [Config.InMemory], the HTTP client.
func (s *Server) Options() []cognito.Option {
	opts := []cognito.Option{
		cognito.WithEndpoint(s.URL), cognito.WithIssuer(s.Issuer()), cognito.WithJWKSURL(s.JWKSURL()),
		cognito.WithClock(s.Now), cognito.WithStaticCredentials("cognitotest", "cognitotest", ""),
	}
	if s.ClientSecret != "" {
		opts = append(opts, cognito.WithClientSecret(s.ClientSecret))
	}
	if s.memory != nil {
		opts = append(opts, cognito.WithHTTPClient(s.client))
	}
	return opts
}

// VerifierOptions returns the options that [cognito.NewVerifier] needs to verify this server's
// tokens: its issuer, key set URL and clock. The keys come from this server, whatever
// [Config.Issuer] is.
func (s *Server) VerifierOptions() []cognito.VerifierOption {
	return []cognito.VerifierOption{
		cognito.WithIssuer(s.Issuer()), cognito.WithJWKSURL(s.JWKSURL()),
		cognito.WithClock(s.Now), cognito.WithHTTPClient(s.client),
	}
}

// HTTPClient returns an HTTP client that reaches the server, also with [Config.InMemory]. Give it to
// an AWS SDK client that a test makes itself: with [http.DefaultClient] the SDK now and then loses a
// response of more than 4 kB and reports "use of closed network connection". [Server.Close] closes
// its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.client }

// memory is a listener whose connections are pipes within the process.
type memory struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newMemory() *memory {
	return &memory{connections: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements [net.Listener].
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.connections:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// Addr implements [net.Listener]. Nothing listens at the address.
func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// dial implements the DialContext of a transport.
func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.connections <- far:
		return near, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
