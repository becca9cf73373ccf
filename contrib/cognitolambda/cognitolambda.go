// Package cognitolambda makes Lambda authorizers for Amazon API Gateway from a verifier of package cognito.
//
//	authorizer := cognitolambda.New(verifier)
//	lambda.Start(authorizer.HTTP) // or authorizer.Request, authorizer.Token
//
// The rules are those of [cognito.Verifier.Handler]: the options of the verifier say where the token is, which
// groups and scopes it must have, and which use is expected. API Gateway answers 401 to a request without a good
// token, 403 where the token is not enough, and 500 where it could not be checked.
//
// API Gateway remembers answers, for five minutes unless the authorizer's TTL says otherwise: a token that expires or is
// revoked passes for so long. Make the verifier once, outside of the handler, so that the keys stay.
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

// Checker is what verifies the token of a request: a [*cognito.Verifier] or a [*cognito.MultiVerifier].
type Checker interface {
	CheckContext(r *http.Request) (context.Context, error)
}

// Authorizer answers the questions of API Gateway. It is safe for concurrent use. Make one with [New].
type Authorizer struct {
	checker   Checker
	toContext func(ctx context.Context) map[string]any
}

// Option changes what [New] makes.
type Option func(*Authorizer)

// WithContext sets what the integration behind the API gets about a good token, as the context of the authorizer.
// It is called with a context in which [cognito.ClaimsFromContext] and its like find the claims. Values for REST APIs
// must be text, numbers or bools. The default is [Claims].
func WithContext(claims func(ctx context.Context) map[string]any) Option {
	return func(a *Authorizer) { a.toContext = claims }
}

// New makes an authorizer that checks tokens with checker. A nil checker rejects everything.
func New(checker Checker, opts ...Option) *Authorizer {
	a := &Authorizer{checker: checker, toContext: Claims}
	for _, opt := range opts {
		opt(a)
	}
	return a
}

// Token answers a TOKEN authorizer of a REST API. The token source should be the header Authorization.
func (a *Authorizer) Token(
	ctx context.Context, event events.APIGatewayCustomAuthorizerRequest,
) (events.APIGatewayCustomAuthorizerResponse, error) {
	return a.policy(ctx, event.MethodArn, http.Header{"Authorization": {event.AuthorizationToken}})
}

// Request answers a REQUEST authorizer of a REST API or a WebSocket API, and of an HTTP API with payload 1.0.
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

// HTTP answers a REQUEST authorizer of an HTTP API with payload 2.0 and simple responses.
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

// Claims are the claims that an integration most often needs: sub, username, client_id and scope as far as the token
// has them, and groups as a JSON array in a text.
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
		text, _ := json.Marshal(groups) // texts can be encoded
		claims["groups"] = string(text)
	}
	return claims
}

// errUnauthorized has the text on which API Gateway answers 401. With any other text it answers 500.
var errUnauthorized = errors.New("Unauthorized") // the text is API Gateway's

var errNoChecker = errors.New("cognitolambda: want a verifier, got nil")

// check returns enough false for a good token that is not enough, and an error for one that is bad or could not be
// checked.
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

// policy answers with an IAM policy. It is about all methods of the stage, since API Gateway remembers it for
// the token and not for the method that it was asked about.
func (a *Authorizer) policy(ctx context.Context, methodARN string, header http.Header) (events.APIGatewayCustomAuthorizerResponse, error) {
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

// stageARN is the ARN of all methods of the stage that a method belongs to:
// arn:aws:execute-api:region:account:api/stage/METHOD/path.
func stageARN(methodARN string) string {
	api, rest, ok := strings.Cut(methodARN, "/")
	stage, _, more := strings.Cut(rest, "/")
	if !ok || !more {
		return methodARN
	}
	return api + "/" + stage + "/*"
}
