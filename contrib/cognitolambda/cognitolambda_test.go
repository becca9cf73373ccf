package cognitolambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/cognitolambda"
)

// TestMain is a Lambda function where the tests start it as one.
func TestMain(m *testing.M) {
	kind := os.Getenv("TEST_AUTHORIZER")
	if kind == "" {
		os.Exit(m.Run())
	}
	v, err := cognito.NewVerifier(os.Getenv("TEST_POOL"), []string{os.Getenv("TEST_CLIENT")},
		cognito.WithEndpoint(os.Getenv("TEST_ENDPOINT")), cognito.WithGroups("readers"))
	if err != nil {
		panic(err)
	}
	a := cognitolambda.New(v)
	lambda.Start(map[string]any{"TOKEN": a.Token, "REQUEST": a.Request, "HTTP": a.HTTP}[kind])
}

// event is a published event with a token in it.
func event(t *testing.T, file string, change func(event map[string]any)) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	var e map[string]any
	require.NoError(t, json.Unmarshal(text, &e))
	change(e)
	text, err = json.Marshal(e)
	require.NoError(t, err)
	return text
}

// kinds are the three events, each with the values of the header Authorization.
func kinds(t *testing.T, values ...string) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"TOKEN": event(t, "apigw-custom-auth-request.json", func(e map[string]any) {
			e["authorizationToken"] = strings.Join(values, ",")
		}),
		"REQUEST": event(t, "apigw-custom-auth-request-type-request.json", func(e map[string]any) {
			if len(values) > 0 {
				e["headers"].(map[string]any)["authorization"] = values[len(values)-1]
				e["multiValueHeaders"].(map[string]any)["authorization"] = values
			}
		}),
		"HTTP": event(t, "apigw-v2-custom-authorizer-v2-request.json", func(e map[string]any) {
			if len(values) > 0 {
				e["headers"].(map[string]any)["authorization"] = strings.Join(values, ",")
			}
		}),
	}
}

// answer is what API Gateway does with the answer to an event: the status, and what the integration gets.
func answer(t *testing.T, a *cognitolambda.Authorizer, kind string, text []byte) (status int, claims map[string]any, arn string) {
	t.Helper()
	var policy events.APIGatewayCustomAuthorizerResponse
	var err error
	switch kind {
	case "TOKEN":
		var e events.APIGatewayCustomAuthorizerRequest
		require.NoError(t, json.Unmarshal(text, &e))
		policy, err = a.Token(t.Context(), e)
	case "REQUEST":
		var e events.APIGatewayCustomAuthorizerRequestTypeRequest
		require.NoError(t, json.Unmarshal(text, &e))
		policy, err = a.Request(t.Context(), e)
	default:
		var e events.APIGatewayV2CustomAuthorizerV2Request
		require.NoError(t, json.Unmarshal(text, &e))
		simple, err := a.HTTP(t.Context(), e)
		switch {
		case err != nil && err.Error() == "Unauthorized":
			return http.StatusUnauthorized, nil, ""
		case err != nil:
			return http.StatusInternalServerError, nil, ""
		case !simple.IsAuthorized:
			assert.Empty(t, simple.Context)
			return http.StatusForbidden, nil, ""
		default:
			return http.StatusOK, simple.Context, ""
		}
	}
	switch {
	case err != nil && err.Error() == "Unauthorized":
		assert.Empty(t, policy.PolicyDocument.Statement)
		return http.StatusUnauthorized, nil, ""
	case err != nil:
		assert.Empty(t, policy.PolicyDocument.Statement)
		return http.StatusInternalServerError, nil, ""
	}
	require.Len(t, policy.PolicyDocument.Statement, 1)
	s := policy.PolicyDocument.Statement[0]
	assert.Equal(t, []string{"execute-api:Invoke"}, s.Action)
	assert.NotEmpty(t, policy.PrincipalID, "API Gateway wants one")
	require.Len(t, s.Resource, 1)
	if s.Effect != "Allow" {
		assert.Equal(t, "Deny", s.Effect)
		return http.StatusForbidden, policy.Context, s.Resource[0]
	}
	return http.StatusOK, policy.Context, s.Resource[0]
}

func newPool(t *testing.T) *cognitotest.Server {
	t.Helper()
	srv := cognitotest.NewServer(cognitotest.Config{})
	t.Cleanup(srv.Close)
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1", Groups: []string{"readers", "writers"}})
	return srv
}

func newVerifier(t *testing.T, srv *cognitotest.Server, opts ...cognito.VerifierOption) *cognito.Verifier {
	t.Helper()
	opts = append([]cognito.VerifierOption{cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now)}, opts...)
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, opts...)
	require.NoError(t, err)
	return v
}

func TestAuthorizers(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	good := "Bearer " + srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	id := "Bearer " + srv.Token("bob", cognitotest.TokenOptions{Use: "id"})
	plain := cognitolambda.New(newVerifier(t, srv))
	dead, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithIssuers(srv.Issuer()),
		cognito.WithClock(srv.Now), cognito.WithJWKSURL("http://127.0.0.1:1/jwks.json"))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		authorizer *cognitolambda.Authorizer
		values     []string
		want       int
	}{
		"a good token":      {plain, []string{good}, 200},
		"no token":          {plain, nil, 401},
		"another scheme":    {plain, []string{"Basic Ym9iOmJvYg=="}, 401},
		"two tokens":        {plain, []string{good, good}, 401},
		"an ID token":       {plain, []string{id}, 401},
		"expired":           {plain, []string{"Bearer " + srv.Token("bob", cognitotest.TokenOptions{Use: "access", ExpiresIn: -time.Hour})}, 401},
		"forged":            {plain, []string{good[:len(good)-4] + "AAAA"}, 401},
		"not in the group":  {cognitolambda.New(newVerifier(t, srv, cognito.WithGroups("admins"))), []string{good}, 403},
		"without the scope": {cognitolambda.New(newVerifier(t, srv, cognito.WithScopes("api/write"))), []string{good}, 403},
		"without keys":      {cognitolambda.New(dead), []string{good}, 500},
		"no verifier":       {cognitolambda.New(nil), []string{good}, 500},
		"ID tokens":         {cognitolambda.New(newVerifier(t, srv, cognito.WithHandlerUse(cognito.IDToken))), []string{id}, 200},
	} {
		for kind, text := range kinds(t, tt.values...) {
			status, claims, arn := answer(t, tt.authorizer, kind, text)
			assert.Equal(t, tt.want, status, "%s: %s", name, kind)
			if status == 200 {
				assert.Equal(t, "bob", claims["username"])
				assert.Equal(t, `["readers","writers"]`, claims["groups"])
				assert.NotEmpty(t, claims["sub"])
			} else {
				assert.Empty(t, claims)
			}
			switch {
			case kind == "HTTP" || status != 200 && status != 403:
			case kind == "TOKEN":
				assert.Equal(t, "arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/*/*", arn, "all methods of the stage")
			default:
				assert.Equal(t, "arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/test/*", arn)
			}
		}
	}
}

func TestWhereTheTokenIs(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	raw := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	cookie := cognitolambda.New(newVerifier(t, srv, cognito.WithTokenExtractor(cognito.CookieToken("token"))))
	status, _, _ := answer(t, cookie, "HTTP", event(t, "apigw-v2-custom-authorizer-v2-request.json", func(e map[string]any) {
		e["cookies"] = []string{"a=b", "token=" + raw}
	}))
	assert.Equal(t, 200, status)
	status, _, _ = answer(t, cookie, "REQUEST", event(t, "apigw-custom-auth-request-type-request.json", func(e map[string]any) {
		delete(e, "multiValueHeaders")
		e["headers"].(map[string]any)["cookie"] = "token=" + raw
	}))
	assert.Equal(t, 200, status)
	status, _, _ = answer(t, cognitolambda.New(newVerifier(t, srv)), "HTTP", event(t, "apigw-v2-custom-authorizer-v2-request.json", func(e map[string]any) {
		e["headers"].(map[string]any)["Authorization"] = "Bearer " + raw
		e["headers"].(map[string]any)["authorization"] = "Bearer " + raw
	}))
	assert.Equal(t, 401, status, "two headers")
	status, _, arn := answer(t, cognitolambda.New(newVerifier(t, srv)), "TOKEN", []byte(`{"authorizationToken":"Bearer `+raw+`","methodArn":"arn"}`))
	assert.Equal(t, 200, status)
	assert.Equal(t, "arn", arn)
}

func TestWithContext(t *testing.T) {
	t.Parallel()
	srv := newPool(t)
	a := cognitolambda.New(newVerifier(t, srv), cognitolambda.WithContext(func(ctx context.Context) map[string]any {
		claims, _ := cognito.ClaimsFromContext(ctx)
		return map[string]any{"tenant": claims.Custom("tenant")}
	}))
	raw := srv.Token("bob", cognitotest.TokenOptions{Use: "access", Claims: map[string]any{"custom:tenant": "acme"}})
	for kind, text := range kinds(t, "Bearer "+raw) {
		_, claims, _ := answer(t, a, kind, text)
		assert.Equal(t, map[string]any{"tenant": "acme"}, claims)
	}
	assert.Empty(t, cognitolambda.Claims(t.Context()))
}

// runtimeAPI is the service that a Lambda function asks for events.
type runtimeAPI struct {
	events chan []byte
	answer chan string
	end    chan struct{}
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocation/next"):
		select {
		case e := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "99999999999999")
			_, _ = w.Write(e)
		case <-a.end:
		}
	default:
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		a.answer <- string(body)
	}
}

// The functions run as Lambda runs them: a process that gets events and gives answers over HTTP.
func TestFunctions(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	srv := newPool(t)
	raw := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	for kind, want := range map[string]string{"TOKEN": `"Effect":"Allow"`, "REQUEST": `"Effect":"Allow"`, "HTTP": `"isAuthorized":true`} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			api := &runtimeAPI{events: make(chan []byte), answer: make(chan string, 1), end: make(chan struct{})}
			service := httptest.NewServer(api)
			defer service.Close()
			stop := sync.OnceFunc(func() { close(api.end) })
			defer stop()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			function := exec.CommandContext(ctx, self)
			function.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(service.URL, "http://"), "TEST_AUTHORIZER="+kind,
				"TEST_POOL="+srv.UserPoolID, "TEST_CLIENT="+srv.ClientID, "TEST_ENDPOINT="+srv.URL)
			var log bytes.Buffer
			function.Stdout, function.Stderr = &log, &log
			require.NoError(t, function.Start())
			ended := make(chan error, 1)
			go func() { ended <- function.Wait() }()
			ask := func(values ...string) string {
				for _, step := range []func() (string, bool){
					func() (string, bool) {
						select {
						case api.events <- kinds(t, values...)[kind]:
							return "", false
						case err := <-ended:
							return "the function ended: " + errors.Join(err, errors.New(log.String())).Error(), true
						}
					},
					func() (string, bool) {
						select {
						case text := <-api.answer:
							return text, true
						case err := <-ended:
							return "the function ended: " + errors.Join(err, errors.New(log.String())).Error(), true
						}
					},
				} {
					if text, done := step(); done {
						return text
					}
				}
				return ""
			}
			assert.Contains(t, ask("Bearer "+raw), want)
			assert.Contains(t, ask("Bearer "+raw), `\"readers\"`)
			assert.Contains(t, ask(), `"errorMessage":"Unauthorized"`)
			cancel()
			stop()
		})
	}
}
