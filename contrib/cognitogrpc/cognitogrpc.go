// Package cognitogrpc checks the tokens of AWS Cognito user pools in gRPC servers. It uses a
// verifier of package cognito.
//
//	interceptors := cognitogrpc.New(verifier, cognitogrpc.WithPublicMethods("/grpc.health.v1.Health/Check"))
//	server := grpc.NewServer(
//		grpc.UnaryInterceptor(interceptors.Unary), grpc.StreamInterceptor(interceptors.Stream))
//
// The rules are those of [cognito.Verifier.Handler]. The verifier's options set where the token is,
// which groups and scopes it must have, and which token use and claims type methods get. Methods
// read the claims with [cognito.ClaimsFromContext] and similar functions.
package cognitogrpc

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gocognito/cognito"
)

// Checker verifies the token of a call. [*cognito.Verifier] and [*cognito.MultiVerifier] implement
// it.
type Checker interface {
	CheckContext(r *http.Request) (context.Context, error)
}

// Interceptors check the token of each call. They are safe for concurrent use. Create them with
// [New].
type Interceptors struct {
	checker Checker
	public  []string
	onError func(ctx context.Context, method string, err error) error
}

// Option configures [Interceptors] in [New].
type Option func(*Interceptors)

// WithPublicMethods names methods that need no token, such as "/grpc.health.v1.Health/Check", and
// services, such as "/grpc.health.v1.Health/". Tokens of such calls are ignored. Each use adds
// names.
func WithPublicMethods(names ...string) Option {
	return func(i *Interceptors) { i.public = append(i.public, names...) }
}

// WithErrorHandler sets the function that returns the error of a rejected call. method is the full
// name of the method. err is the reason, usually a [*cognito.TokenError]; do not send its text to
// clients. The default is [Error]. If handle returns nil, [Error] is used: a handler cannot let a
// rejected call pass.
func WithErrorHandler(handle func(ctx context.Context, method string, err error) error) Option {
	return func(i *Interceptors) { i.onError = handle }
}

// New returns interceptors that check tokens with checker. If checker is nil, all calls that are
// not public are rejected.
func New(checker Checker, opts ...Option) *Interceptors {
	i := &Interceptors{checker: checker}
	for _, opt := range opts {
		opt(i)
	}
	return i
}

// Unary is a [grpc.UnaryServerInterceptor].
func (i *Interceptors) Unary(
	ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	ctx, err := i.check(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

// Stream is a [grpc.StreamServerInterceptor]. It checks the token when the stream opens. A token
// that expires later does not end the stream.
func (i *Interceptors) Stream(
	srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler,
) error {
	ctx, err := i.check(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return handler(srv, &checkedStream{stream, ctx})
}

// checkedStream is a stream whose context has the claims.
type checkedStream struct {
	grpc.ServerStream

	ctx context.Context //nolint:containedctx // it is how gRPC passes the context of a stream
}

// Context returns the context with the claims.
func (s *checkedStream) Context() context.Context { return s.ctx }

// Error maps an error of a verifier to a status. The code is PermissionDenied if the token is valid
// but not sufficient, Unavailable if the token could not be checked, which a client may retry, and
// Unauthenticated otherwise. The status has no further details.
func Error(err error) error {
	code := codes.Unauthenticated
	if refused, ok := errors.AsType[*cognito.TokenError](err); ok {
		switch refused.StatusCode() {
		case http.StatusForbidden:
			code = codes.PermissionDenied
		case http.StatusServiceUnavailable:
			code = codes.Unavailable
		}
	}
	return status.Error(code, code.String())
}

func (i *Interceptors) check(ctx context.Context, method string) (context.Context, error) {
	if slices.ContainsFunc(i.public, func(name string) bool {
		return name == method || strings.HasSuffix(name, "/") && strings.HasPrefix(method, name)
	}) {
		return ctx, nil
	}
	checked, err := i.verify(ctx)
	if err == nil {
		return checked, nil
	}
	if i.onError != nil {
		if own := i.onError(ctx, method, err); own != nil {
			return nil, own
		}
	}
	return nil, Error(err)
}

var errNoChecker = errors.New("cognitogrpc: want a verifier, got nil")

// verify passes the metadata of the call to the verifier as the header of a request.
func (i *Interceptors) verify(ctx context.Context) (context.Context, error) {
	if i.checker == nil {
		return nil, errNoChecker
	}
	md, _ := metadata.FromIncomingContext(ctx)
	header := make(http.Header, len(md))
	for name, values := range md {
		header[http.CanonicalHeaderKey(name)] = values
	}
	r := (&http.Request{Method: http.MethodPost, Header: header}).WithContext(ctx)
	return i.checker.CheckContext(r)
}
