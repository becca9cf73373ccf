// Package cognitoconnect checks the tokens of AWS Cognito user pools in Connect servers. It uses a
// verifier of package cognito.
//
//	interceptor := cognitoconnect.New(verifier)
//	path, handler := greetv1connect.NewGreetServiceHandler(service, connect.WithInterceptors(interceptor))
//
// The rules are those of [cognito.Verifier.Handler]. The verifier's options set where the token is,
// which groups and scopes it must have, and which token use and claims type methods get. Methods
// read the claims with [cognito.ClaimsFromContext] and similar functions.
package cognitoconnect

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"connectrpc.com/connect"

	"github.com/gocognito/cognito"
)

// Checker verifies the token of a call. [*cognito.Verifier] and [*cognito.MultiVerifier] implement
// it.
type Checker interface {
	CheckContext(r *http.Request) (context.Context, error)
}

// Interceptor checks the token of each call that a server receives. Calls of clients are not
// checked. An Interceptor is safe for concurrent use. Create one with [New].
type Interceptor struct {
	checker Checker
	public  []string
	onError func(ctx context.Context, procedure string, err error) error
}

var _ connect.Interceptor = (*Interceptor)(nil)

// Option configures an [Interceptor] in [New].
type Option func(*Interceptor)

// WithPublicProcedures names procedures that need no token, such as "/grpc.health.v1.Health/Check",
// and services, such as "/grpc.health.v1.Health/". Tokens of such calls are ignored. Each use adds
// names.
func WithPublicProcedures(names ...string) Option {
	return func(i *Interceptor) { i.public = append(i.public, names...) }
}

// WithErrorHandler sets the function that returns the error of a rejected call. err is the reason,
// usually a [*cognito.TokenError]; do not send its text to clients. The default is [Error]. If
// handle returns nil, [Error] is used: a handler cannot let a rejected call pass.
func WithErrorHandler(handle func(ctx context.Context, procedure string, err error) error) Option {
	return func(i *Interceptor) { i.onError = handle }
}

// New returns an interceptor that checks tokens with checker. If checker is nil, all calls that are
// not public are rejected.
func New(checker Checker, opts ...Option) *Interceptor {
	i := &Interceptor{checker: checker}
	for _, opt := range opts {
		opt(i)
	}
	return i
}

// WrapUnary checks the token of a unary call.
func (i *Interceptor) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if req.Spec().IsClient {
			return next(ctx, req)
		}
		ctx, err := i.check(ctx, req.Spec().Procedure, req.Header())
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// WrapStreamingClient returns next: calls of a client are not checked.
func (i *Interceptor) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler checks the token of a stream when the stream opens. A token that expires
// later does not end the stream.
func (i *Interceptor) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		ctx, err := i.check(ctx, conn.Spec().Procedure, conn.RequestHeader())
		if err != nil {
			return err
		}
		return next(ctx, conn)
	}
}

// Error maps an error of a verifier to a [*connect.Error]. The code is CodePermissionDenied if the
// token is valid but not sufficient, CodeUnavailable if the token could not be checked, which a
// client may retry, and CodeUnauthenticated otherwise. The error has no further details.
func Error(err error) error {
	code := connect.CodeUnauthenticated
	if refused, ok := errors.AsType[*cognito.TokenError](err); ok {
		switch refused.StatusCode() {
		case http.StatusForbidden:
			code = connect.CodePermissionDenied
		case http.StatusServiceUnavailable:
			code = connect.CodeUnavailable
		}
	}
	return connect.NewError(code, errors.New(strings.ReplaceAll(code.String(), "_", " ")))
}

func (i *Interceptor) check(ctx context.Context, procedure string, header http.Header) (context.Context, error) {
	if slices.ContainsFunc(i.public, func(name string) bool {
		return name == procedure || strings.HasSuffix(name, "/") && strings.HasPrefix(procedure, name)
	}) {
		return ctx, nil
	}
	checked, err := i.verify(ctx, header)
	if err == nil {
		return checked, nil
	}
	if i.onError != nil {
		if own := i.onError(ctx, procedure, err); own != nil {
			return nil, own
		}
	}
	return nil, Error(err)
}

var errNoChecker = errors.New("cognitoconnect: want a verifier, got nil")

func (i *Interceptor) verify(ctx context.Context, header http.Header) (context.Context, error) {
	if i.checker == nil {
		return nil, errNoChecker
	}
	return i.checker.CheckContext((&http.Request{Method: http.MethodPost, Header: header}).WithContext(ctx))
}
