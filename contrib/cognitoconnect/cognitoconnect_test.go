package cognitoconnect_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/cognitoconnect"
)

const (
	unary  = "/test.v1.Greeter/Greet"
	stream = "/test.v1.Greeter/GreetOften"
)

func greeting(ctx context.Context) *wrapperspb.StringValue {
	claims, ok := cognito.ClaimsFromContext(ctx)
	if !ok {
		return wrapperspb.String("hello stranger")
	}
	return wrapperspb.String("hello " + claims.Username)
}

// serve starts a server with a unary method and a stream, and returns what calls them.
func serve(t *testing.T, i *cognitoconnect.Interceptor) func(method string, header http.Header) (string, error) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(unary, connect.NewUnaryHandler(unary, func(ctx context.Context, _ *connect.Request[emptypb.Empty]) (*connect.Response[wrapperspb.StringValue], error) {
		return connect.NewResponse(greeting(ctx)), nil
	}, connect.WithInterceptors(i)))
	mux.Handle(stream, connect.NewServerStreamHandler(stream, func(ctx context.Context, _ *connect.Request[emptypb.Empty], s *connect.ServerStream[wrapperspb.StringValue]) error {
		return s.Send(greeting(ctx))
	}, connect.WithInterceptors(i)))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return func(method string, header http.Header) (string, error) {
		client := connect.NewClient[emptypb.Empty, wrapperspb.StringValue](srv.Client(), srv.URL+method)
		req := connect.NewRequest(&emptypb.Empty{})
		maps.Copy(req.Header(), header)
		if method == unary {
			resp, err := client.CallUnary(t.Context(), req)
			if err != nil {
				return "", err
			}
			return resp.Msg.GetValue(), nil
		}
		s, err := client.CallServerStream(t.Context(), req)
		if err != nil {
			return "", err
		}
		defer func() { _ = s.Close() }()
		if !s.Receive() {
			return "", s.Err()
		}
		return s.Msg().GetValue(), nil
	}
}

func newPool(t *testing.T) *cognitotest.Server {
	t.Helper()
	srv := cognitotest.NewServer(cognitotest.Config{})
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers"}})
	return srv
}

func newVerifier(t *testing.T, srv *cognitotest.Server, opts ...cognito.VerifierOption) *cognito.Verifier {
	t.Helper()
	opts = append([]cognito.VerifierOption{cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now)}, opts...)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	require.NoError(t, err)
	return v
}

func bearer(tokens ...string) http.Header {
	h := http.Header{}
	for _, token := range tokens {
		h.Add("Authorization", "Bearer "+token)
	}
	return h
}

func TestCalls(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	good := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	client := serve(t, cognitoconnect.New(newVerifier(t, srv)))
	dead, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()),
		cognito.WithClock(srv.Now), cognito.WithJWKSURL("http://127.0.0.1:1/jwks.json"))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		call   func(string, http.Header) (string, error)
		header http.Header
		want   connect.Code // 0: none
	}{
		"a good token":      {client, bearer(good), 0},
		"no token":          {client, nil, connect.CodeUnauthenticated},
		"two tokens":        {client, bearer(good, good), connect.CodeUnauthenticated},
		"an ID token":       {client, bearer(srv.Token("bob", cognitotest.TokenOptions{Use: "id"})), connect.CodeUnauthenticated},
		"expired":           {client, bearer(srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: -time.Hour})), connect.CodeUnauthenticated},
		"forged":            {client, bearer(good[:len(good)-4] + "AAAA"), connect.CodeUnauthenticated},
		"not in the group":  {serve(t, cognitoconnect.New(newVerifier(t, srv, cognito.WithGroups("admins")))), bearer(good), connect.CodePermissionDenied},
		"without the scope": {serve(t, cognitoconnect.New(newVerifier(t, srv, cognito.WithScopes("api/write")))), bearer(good), connect.CodePermissionDenied},
		"without keys":      {serve(t, cognitoconnect.New(dead)), bearer(good), connect.CodeUnavailable},
		"no verifier":       {serve(t, cognitoconnect.New(nil)), bearer(good), connect.CodeUnauthenticated},
		"where it is said":  {serve(t, cognitoconnect.New(newVerifier(t, srv, cognito.WithTokenExtractor(cognito.CookieToken("t"))))), http.Header{"Cookie": {"t=" + good}}, 0},
	} {
		for _, method := range []string{unary, stream} {
			got, err := tt.call(method, tt.header)
			if tt.want == 0 {
				require.NoError(t, err, name)
				assert.Equal(t, "hello bob", got, name)
				continue
			}
			assert.Equal(t, tt.want, connect.CodeOf(err), "%s: %s", name, method)
			var rejected *connect.Error
			require.ErrorAs(t, err, &rejected)
			assert.Less(t, len(rejected.Message()), 30, "no details for strangers")
		}
	}
}

func TestPublicProcedures(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newPool(t))
	call := serve(t, cognitoconnect.New(v, cognitoconnect.WithPublicProcedures("/other/X"), cognitoconnect.WithPublicProcedures(unary)))
	got, err := call(unary, bearer("x"))
	require.NoError(t, err)
	assert.Equal(t, "hello stranger", got)
	_, err = call(stream, nil)
	assert.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err))
	call = serve(t, cognitoconnect.New(v, cognitoconnect.WithPublicProcedures("/test.v1.Greeter/")))
	_, err = call(stream, nil)
	require.NoError(t, err)
	call = serve(t, cognitoconnect.New(v, cognitoconnect.WithPublicProcedures("", "/test.v1.Greeter", "/test.v1.Greeter/Gree")))
	_, err = call(unary, nil)
	assert.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "a name is a whole one")
}

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	var reason error
	call := serve(t, cognitoconnect.New(newVerifier(t, newPool(t)), cognitoconnect.WithErrorHandler(func(_ context.Context, procedure string, err error) error {
		reason = err
		if procedure == stream {
			return nil
		}
		return connect.NewError(connect.CodeFailedPrecondition, errors.New("sign in first"))
	})))
	_, err := call(unary, nil)
	assert.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(err))
	require.ErrorIs(t, reason, cognito.ErrNoToken)
	_, err = call(stream, nil)
	assert.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), "no error lets a call pass")
	assert.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(cognitoconnect.Error(errors.New("anything else"))))
}

// An interceptor that a client was given by mistake does no harm.
func TestClientsPass(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	mux := http.NewServeMux()
	mux.Handle(unary, connect.NewUnaryHandler(unary, func(context.Context, *connect.Request[emptypb.Empty]) (*connect.Response[wrapperspb.StringValue], error) {
		return connect.NewResponse(wrapperspb.String("hello")), nil
	}))
	mux.Handle(stream, connect.NewServerStreamHandler(stream, func(_ context.Context, _ *connect.Request[emptypb.Empty], s *connect.ServerStream[wrapperspb.StringValue]) error {
		return s.Send(wrapperspb.String("hello"))
	}))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	i := connect.WithInterceptors(cognitoconnect.New(newVerifier(t, srv)))
	_, err := connect.NewClient[emptypb.Empty, wrapperspb.StringValue](web.Client(), web.URL+unary, i).CallUnary(t.Context(), connect.NewRequest(&emptypb.Empty{}))
	require.NoError(t, err)
	s, err := connect.NewClient[emptypb.Empty, wrapperspb.StringValue](web.Client(), web.URL+stream, i).CallServerStream(t.Context(), connect.NewRequest(&emptypb.Empty{}))
	require.NoError(t, err)
	assert.True(t, s.Receive())
	require.NoError(t, s.Close())
}
