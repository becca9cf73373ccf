package cognitogrpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/cognitogrpc"
)

const (
	unary  = "/grpc.health.v1.Health/Check"
	stream = "/grpc.health.v1.Health/Watch"
)

// health is a service with a unary method and a stream. Both are called for good tokens only.
type health struct {
	grpc_health_v1.UnimplementedHealthServer

	seen chan *cognito.AccessClaims
}

func (h *health) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	claims, _ := cognito.ClaimsFromContext(ctx)
	h.seen <- claims
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

func (h *health) Watch(_ *grpc_health_v1.HealthCheckRequest, s grpc_health_v1.Health_WatchServer) error {
	claims, _ := cognito.ClaimsFromContext(s.Context())
	h.seen <- claims
	return s.Send(&grpc_health_v1.HealthCheckResponse{})
}

// serve starts a server on a TCP port and returns a client of it.
func serve(t *testing.T, i *cognitogrpc.Interceptors) (grpc_health_v1.HealthClient, *health) {
	t.Helper()
	service := &health{seen: make(chan *cognito.AccessClaims, 1)}
	server := grpc.NewServer(grpc.UnaryInterceptor(i.Unary), grpc.StreamInterceptor(i.Stream))
	grpc_health_v1.RegisterHealthServer(server, service)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		assert.NoError(t, <-done)
	})
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	return grpc_health_v1.NewHealthClient(conn), service
}

// call calls a method with the metadata and returns the code of its status.
func call(t *testing.T, client grpc_health_v1.HealthClient, method string, md ...string) (codes.Code, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), md...), time.Minute)
	defer cancel()
	var err error
	if method == unary {
		_, err = client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	} else {
		var s grpc_health_v1.Health_WatchClient
		s, err = client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		if err == nil {
			_, err = s.Recv()
		}
		if err == nil {
			_, err = s.Recv()
			require.ErrorIs(t, err, io.EOF)
			err = nil
		}
	}
	return status.Code(err), status.Convert(err).Message()
}

func newVerifier(t *testing.T, srv *cognitotest.Server, opts ...cognito.VerifierOption) *cognito.Verifier {
	t.Helper()
	opts = append([]cognito.VerifierOption{cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now)}, opts...)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	require.NoError(t, err)
	return v
}

func newPool(t *testing.T) *cognitotest.Server {
	t.Helper()
	srv := cognitotest.NewServer(cognitotest.Config{})
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers"}})
	return srv
}

func TestCalls(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	good := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	id := srv.Token("bob", cognitotest.TokenOptions{Use: "id"})
	expired := srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: -time.Hour})
	client, service := serve(t, cognitogrpc.New(newVerifier(t, srv)))
	admins, _ := serve(t, cognitogrpc.New(newVerifier(t, srv, cognito.WithGroups("admins"))))
	scopes, _ := serve(t, cognitogrpc.New(newVerifier(t, srv, cognito.WithScopes("api/write"))))
	dead, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()),
		cognito.WithClock(srv.Now), cognito.WithJWKSURL("http://127.0.0.1:1/jwks.json"))
	require.NoError(t, err)
	unreachable, _ := serve(t, cognitogrpc.New(dead))
	nobody, _ := serve(t, cognitogrpc.New(nil))
	cookie, cookies := serve(t, cognitogrpc.New(newVerifier(t, srv, cognito.WithTokenExtractor(cognito.HeaderToken("x-token")))))
	for _, method := range []string{unary, stream} {
		for name, tt := range map[string]struct {
			client grpc_health_v1.HealthClient
			md     []string
			want   codes.Code
		}{
			"a good token":      {client, []string{"authorization", "Bearer " + good}, codes.OK},
			"in any case":       {client, []string{"Authorization", "bearer " + good}, codes.OK},
			"no token":          {client, nil, codes.Unauthenticated},
			"another scheme":    {client, []string{"authorization", "Basic Ym9iOmJvYg=="}, codes.Unauthenticated},
			"two tokens":        {client, []string{"authorization", "Bearer " + good, "authorization", "Bearer " + good}, codes.Unauthenticated},
			"in another place":  {client, []string{"x-token", good}, codes.Unauthenticated},
			"an ID token":       {client, []string{"authorization", "Bearer " + id}, codes.Unauthenticated},
			"expired":           {client, []string{"authorization", "Bearer " + expired}, codes.Unauthenticated},
			"forged":            {client, []string{"authorization", "Bearer " + good[:len(good)-4] + "AAAA"}, codes.Unauthenticated},
			"not in the group":  {admins, []string{"authorization", "Bearer " + good}, codes.PermissionDenied},
			"without the scope": {scopes, []string{"authorization", "Bearer " + good}, codes.PermissionDenied},
			"without keys":      {unreachable, []string{"authorization", "Bearer " + good}, codes.Unavailable},
			"no verifier":       {nobody, []string{"authorization", "Bearer " + good}, codes.Unauthenticated},
			"where it is said":  {cookie, []string{"x-token", good}, codes.OK},
		} {
			got, message := call(t, tt.client, method, tt.md...)
			assert.Equal(t, tt.want, got, "%s: %s", name, method)
			if tt.want != codes.OK {
				assert.Equal(t, tt.want.String(), message, "no details for strangers")
				continue
			}
			seen := service.seen
			if tt.client == cookie {
				seen = cookies.seen
			}
			assert.Equal(t, "bob", (<-seen).Username, name)
		}
	}
}

func TestPublicMethods(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	v := newVerifier(t, srv)
	client, service := serve(t, cognitogrpc.New(v, cognitogrpc.WithPublicMethods("/other/Method"), cognitogrpc.WithPublicMethods(unary)))
	code, _ := call(t, client, unary, "authorization", "Bearer x")
	assert.Equal(t, codes.OK, code)
	assert.Nil(t, <-service.seen)
	code, _ = call(t, client, stream)
	assert.Equal(t, codes.Unauthenticated, code)

	client, service = serve(t, cognitogrpc.New(v, cognitogrpc.WithPublicMethods("/grpc.health.v1.Health/")))
	code, _ = call(t, client, stream)
	assert.Equal(t, codes.OK, code)
	assert.Nil(t, <-service.seen)

	client, _ = serve(t, cognitogrpc.New(v, cognitogrpc.WithPublicMethods("/grpc.health.v1.Health", "", "/grpc.health.v1.Health/Chec")))
	code, _ = call(t, client, unary)
	assert.Equal(t, codes.Unauthenticated, code, "a name is a whole one")
}

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	var reason error
	client, _ := serve(t, cognitogrpc.New(newVerifier(t, srv), cognitogrpc.WithErrorHandler(func(_ context.Context, method string, err error) error {
		reason = err
		if method == stream {
			return nil
		}
		return status.Error(codes.FailedPrecondition, "sign in first")
	})))
	code, message := call(t, client, unary)
	assert.Equal(t, codes.FailedPrecondition, code)
	assert.Equal(t, "sign in first", message)
	require.ErrorIs(t, reason, cognito.ErrNoToken)
	code, _ = call(t, client, stream)
	assert.Equal(t, codes.Unauthenticated, code, "no error lets a call pass")
	assert.Equal(t, codes.Unauthenticated, status.Code(cognitogrpc.Error(errors.New("anything else"))))
}
