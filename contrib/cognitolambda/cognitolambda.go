// Package cognitolambda provides Lambda authorizers for Amazon API Gateway. It uses a verifier of
// package cognito.
//
//	authorizer := cognitolambda.New(verifier)
//	lambda.Start(authorizer.HTTP) // or authorizer.Request, authorizer.Token
//
// The rules are those of [cognito.Verifier.Handler]. The verifier's options set where the token is,
// which groups and scopes it must have, and which token use is expected. API Gateway responds with
// 401 if the request has no valid token, 403 if the token is not sufficient, and 500 if the token
// could not be checked.
//
// API Gateway caches results, for five minutes unless the authorizer's TTL sets another time. A
// token that expires or is revoked is accepted until then. Create the verifier once, outside the
// handler, to keep its keys.
package cognitolambda

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/gocognito/cognito"
)

// Checker verifies the token of a request. [*cognito.Verifier] and [*cognito.MultiVerifier]
// implement it.
type Checker interface {
	CheckContext(r *http.Request) (context.Context, error)
}

// Authorizer decides which requests API Gateway lets pass. It is safe for concurrent use. Create
// one with [New].
type Authorizer struct {
	checker   Checker
	toContext func(ctx context.Context) map[string]any
}

// Option configures an [Authorizer] in [New].
type Option func(*Authorizer)

// WithContext sets the function that returns the authorizer's context, which API Gateway passes to
// the integration. The function is called for valid tokens, with a context from which
// [cognito.ClaimsFromContext] and similar functions return the claims. Values for REST APIs must be
// strings, numbers or booleans. The default is [Claims].
func WithContext(claims func(ctx context.Context) map[string]any) Option {
	return func(a *Authorizer) { a.toContext = claims }
}

// New returns an authorizer that checks tokens with checker. If checker is nil, all requests are
// rejected.
func New(checker Checker, opts ...Option) *Authorizer {
	a := &Authorizer{checker: checker, toContext: Claims}
	for _, opt := range opts {
		opt(a)
	}
	return a
}

// Token handles the events of a TOKEN authorizer of a REST API. The token source should be the
// header Authorization.
func (a *Authorizer) Token(
	ctx context.Context, event events.APIGatewayCustomAuthorizerRequest,
) (events.APIGatewayCustomAuthorizerResponse, error) {
	return a.policy(ctx, event.MethodArn, http.Header{"Authorization": {event.AuthorizationToken}})
}

// Request handles the events of a REQUEST authorizer of a REST API or a WebSocket API, and of an
// HTTP API with payload 1.0.
func (a *Authorizer) Request(
	ctx context.Context, event events.APIGatewayCustomAuthorizerRequestTypeRequest,
) (events.APIGatewayCustomAuthorizerResponse, error) {
	header := http.Header{}
	if event.MultiValueHeaders != nil {
		for name, values := range event.MultiValueHeaders {
			for _, value := range values {
				header.Add(name, value)
			}
		}
	} else {
		addAll(header, event.Headers)
	}
	return a.policy(ctx, event.MethodArn, header)
}

// HTTP handles the events of a REQUEST authorizer of an HTTP API with payload 2.0 and simple
// responses.
func (a *Authorizer) HTTP(
	ctx context.Context, event events.APIGatewayV2CustomAuthorizerV2Request,
) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	header := http.Header{}
	addAll(header, event.Headers)
	if len(event.Cookies) > 0 {
		header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	var answer events.APIGatewayV2CustomAuthorizerSimpleResponse
	checked, enough, err := a.check(ctx, header)
	if err == nil && enough {
		answer.IsAuthorized, answer.Context = true, a.toContext(checked)
	}
	return answer, err
}

func addAll(header http.Header, from map[string]string) {
	for name, value := range from {
		header.Add(name, value)
	}
}

// Claims returns the claims that an integration most often needs: sub, username, client_id and
// scope if the token has them, and groups as a JSON array in a string.
func Claims(ctx context.Context) map[string]any {
	claims := map[string]any{}
	add := func(name, value string) {
		if value != "" {
			claims[name] = value
		}
	}
	var groups []string
	if access, ok := cognito.ClaimsFromContext(ctx); ok {
		add("sub", access.Subject)
		add("username", access.Username)
		add("client_id", access.ClientID)
		add("scope", access.Scope)
		groups = access.Groups
	} else if id, ok := cognito.IDClaimsFromContext(ctx); ok {
		add("sub", id.Subject)
		add("username", id.Username)
		groups = id.Groups
	}
	if len(groups) > 0 {
		text, _ := json.Marshal(groups) // strings always encode
		claims["groups"] = string(text)
	}
	return claims
}

// errUnauthorized has the text for which API Gateway responds with 401. Any other text results in
// 500.
var errUnauthorized = errors.New("Unauthorized") // the text is API Gateway's

var errNoChecker = errors.New("cognitolambda: want a verifier, got nil")

// check reports in enough whether a valid token is sufficient. It returns an error if the token is
// invalid or could not be checked.
func (a *Authorizer) check(ctx context.Context, header http.Header) (checked context.Context, enough bool, err error) {
	if a.checker == nil {
		return nil, false, errNoChecker
	}
	r := (&http.Request{Method: http.MethodGet, Header: header}).WithContext(ctx)
	checked, err = a.checker.CheckContext(r)
	var refused *cognito.TokenError
	switch {
	case err == nil:
		return checked, true, nil
	case !errors.As(err, &refused):
		return nil, false, err
	}
	switch refused.StatusCode() {
	case http.StatusUnauthorized:
		return nil, false, errUnauthorized
	case http.StatusForbidden:
		return nil, false, nil
	default:
		return nil, false, err
	}
}

// policy returns an IAM policy for all methods of the stage, because API Gateway caches the policy
// by token and not by method.
func (a *Authorizer) policy(
	ctx context.Context, methodARN string, header http.Header,
) (events.APIGatewayCustomAuthorizerResponse, error) {
	checked, enough, err := a.check(ctx, header)
	if err != nil {
		return events.APIGatewayCustomAuthorizerResponse{}, err
	}
	answer := events.APIGatewayCustomAuthorizerResponse{PrincipalID: "unknown"}
	effect := "Deny"
	if enough {
		effect, answer.Context = "Allow", a.toContext(checked)
		if access, ok := cognito.ClaimsFromContext(checked); ok {
			answer.PrincipalID = access.Subject
		} else if id, ok := cognito.IDClaimsFromContext(checked); ok {
			answer.PrincipalID = id.Subject
		}
	}
	answer.PolicyDocument = events.APIGatewayCustomAuthorizerPolicy{
		Version: "2012-10-17",
		Statement: []events.IAMPolicyStatement{
			{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{stageARN(methodARN)}},
		},
	}
	return answer, nil
}

// stageARN returns the ARN of all methods of the stage that a method belongs to. The ARN of a
// method is arn:aws:execute-api:region:account:api/stage/METHOD/path.
func stageARN(methodARN string) string {
	api, rest, ok := strings.Cut(methodARN, "/")
	stage, _, more := strings.Cut(rest, "/")
	if !ok || !more {
		return methodARN
	}
	return api + "/" + stage + "/*"
}
