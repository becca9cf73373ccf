package cognito_test

import (
	"context"
	"maps"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// newAdmin makes a client of srv with AWS credentials.
func newAdmin(t *testing.T, srv *cognitotest.Server, opts ...cognito.Option) *cognito.Cognito {
	t.Helper()
	return newClient(t, srv, append([]cognito.Option{cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", "")}, opts...)...)
}

// request is a call of this package and what must go out for it: the operation and its exact body,
// to which the pool (admin), the app client (app) or the access token (token) are added.
type request struct {
	name string
	call func(ctx context.Context, c *cognito.Cognito) error
	op   string
	kind string
	body map[string]any
}

// The kinds of requests, by what identifies them to the service.
const (
	kindAdmin = "admin" // UserPoolId, signed
	kindApp   = "app"   // ClientId, and SecretHash over the username in the request where the app client has a secret
	kindToken = "token" // AccessToken
	kindPool  = "pool"  // UserPoolId, unsigned
)

type m = map[string]any

func pair(name, value string) m { return m{"Name": name, "Value": value} }

func err1[T any](_ T, err error) error { return err }

// The client's own user is bob, signed in. What a call names must be in its request instead, and be
// hashed.
var userRequests = []request{
	{"Register", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.Register(ctx, "dave", testPassword, cognito.Attributes{"first": "D", "email": "d@example.com"}, cognito.AttributeMap{"given_name": "first"}))
	}, "SignUp", kindApp, m{"Username": "dave", "Password": testPassword, "UserAttributes": []any{pair("email", "d@example.com"), pair("given_name", "D")}}},
	{"Register with everything", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.Register(ctx, "dave", testPassword, nil, cognito.ClientMetadata{"k": "v"}, cognito.UserContextData{EncodedData: "e"},
			cognito.AnalyticsMetadata("a"), cognito.ValidationData{"w": "x"}))
	}, "SignUp", kindApp, m{
		"Username": "dave", "Password": testPassword, "ClientMetadata": m{"k": "v"}, "UserContextData": m{"EncodedData": "e"},
		"AnalyticsMetadata": m{"AnalyticsEndpointId": "a"}, "ValidationData": []any{pair("w", "x")},
	}},
	{
		"ConfirmSignUp", func(ctx context.Context, c *cognito.Cognito) error {
			return c.ForUser("eve").ConfirmSignUp(ctx, "eve", "123456")
		},
		"ConfirmSignUp", kindApp,
		m{"Username": "eve", "ConfirmationCode": "123456"},
	},
	{"ConfirmSignUp with everything", func(ctx context.Context, c *cognito.Cognito) error {
		return c.ForUser("eve").ConfirmSignUp(ctx, "eve", "123456", cognito.ClientMetadata{"k": "v"}, cognito.UserContextData{EncodedData: "e"}, cognito.ForceAliasCreation(), cognito.AnalyticsMetadata("a"))
	}, "ConfirmSignUp", kindApp, m{
		"Username": "eve", "ConfirmationCode": "123456", "ClientMetadata": m{"k": "v"}, "UserContextData": m{"EncodedData": "e"}, "ForceAliasCreation": true, "AnalyticsMetadata": m{"AnalyticsEndpointId": "a"},
	}},
	{"ResendConfirmationCode", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.ForUser("eve").ResendConfirmationCode(ctx, "eve", cognito.ClientMetadata{"k": "v"}, cognito.UserContextData{EncodedData: "e"}, cognito.AnalyticsMetadata("a")))
	}, "ResendConfirmationCode", kindApp, m{"Username": "eve", "AnalyticsMetadata": m{"AnalyticsEndpointId": "a"}, "ClientMetadata": m{"k": "v"}, "UserContextData": m{"EncodedData": "e"}}},
	{"InitiateForgotPassword", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.ForUser("carol").InitiateForgotPassword(ctx, cognito.ClientMetadata{"k": "v"}, cognito.UserContextData{IPAddress: "192.0.2.1", EncodedData: "e"}, cognito.AnalyticsMetadata("a")))
	}, "ForgotPassword", kindApp, m{"Username": "carol", "AnalyticsMetadata": m{"AnalyticsEndpointId": "a"}, "ClientMetadata": m{"k": "v"}, "UserContextData": m{"IpAddress": "192.0.2.1", "EncodedData": "e"}}},
	{"ConfirmForgotPassword", func(ctx context.Context, c *cognito.Cognito) error {
		return c.ForUser("carol").ConfirmForgotPassword(ctx, "123456", "Another-Horse-2", cognito.ClientMetadata{"k": "v"}, cognito.UserContextData{EncodedData: "e"}, cognito.AnalyticsMetadata("a"))
	}, "ConfirmForgotPassword", kindApp, m{"Username": "carol", "AnalyticsMetadata": m{"AnalyticsEndpointId": "a"}, "ConfirmationCode": "123456", "Password": "Another-Horse-2", "ClientMetadata": m{"k": "v"}, "UserContextData": m{"EncodedData": "e"}}},
	{"ChangePassword", func(ctx context.Context, c *cognito.Cognito) error {
		return c.ChangePassword(ctx, testPassword, "Another-Horse-2")
	}, "ChangePassword", kindToken, m{"PreviousPassword": testPassword, "ProposedPassword": "Another-Horse-2"}},
	{"ChangePassword, first one", func(ctx context.Context, c *cognito.Cognito) error {
		return c.ChangePassword(ctx, "", "Another-Horse-2")
	}, "ChangePassword", kindToken, m{"ProposedPassword": "Another-Horse-2"}},
	{"UpdateProfile", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.UpdateProfile(ctx, cognito.Attributes{"first": "B", "custom:team": ""}, cognito.AttributeMap{"given_name": "first"}, cognito.ClientMetadata{"k": "v"}))
	}, "UpdateUserAttributes", kindToken, m{"UserAttributes": []any{pair("custom:team", ""), pair("given_name", "B")}, "ClientMetadata": m{"k": "v"}}},
	{"DeleteAttributes", func(ctx context.Context, c *cognito.Cognito) error {
		return c.DeleteAttributes(ctx, "given_name", "custom:team")
	}, "DeleteUserAttributes", kindToken, m{"UserAttributeNames": []any{"given_name", "custom:team"}}},
	{"SendVerification", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.SendVerification(ctx, "email", cognito.ClientMetadata{"k": "v"}))
	}, "GetUserAttributeVerificationCode", kindToken, m{"AttributeName": "email", "ClientMetadata": m{"k": "v"}}},
	{"ValidateVerification", func(ctx context.Context, c *cognito.Cognito) error {
		return c.ValidateVerification(ctx, "email", "123456")
	}, "VerifyUserAttribute", kindToken, m{"AttributeName": "email", "Code": "123456"}},
	{"GetUser", func(ctx context.Context, c *cognito.Cognito) error { return err1(c.GetUser(ctx)) }, "GetUser", kindToken, m{}},
	{"UpdateAuthEventFeedback", func(ctx context.Context, c *cognito.Cognito) error {
		return c.UpdateAuthEventFeedback(ctx, "carol", "event", "token", cognito.FeedbackValid)
	}, "UpdateAuthEventFeedback", kindPool, m{"Username": "carol", "EventId": "event", "FeedbackToken": "token", "FeedbackValue": "Valid"}},
	{"GetUserAuthFactors", func(ctx context.Context, c *cognito.Cognito) error {
		return err1(c.GetUserAuthFactors(ctx))
	}, "GetUserAuthFactors", kindToken, m{}},
	{"DeleteUser", func(ctx context.Context, c *cognito.Cognito) error { return c.DeleteUser(ctx) }, "DeleteUser", kindToken, m{}},
}

// refusedCalls are calls with a code that the pool did not send, about what it does not have, or
// without a password that bob has.
var refusedCalls = []string{
	"ConfirmSignUp", "ConfirmSignUp with everything", "ConfirmForgotPassword", "ValidateVerification", "ChangePassword, first one",
	"UpdateAuthEventFeedback", "AdminUpdateAuthEventFeedback", "DeleteUserPoolClientSecret",
}

func TestRequestsOfUsers(t *testing.T) {
	t.Parallel()
	testRequests(t, userRequests)
}

// testRequests makes each call with an app client with and without a secret and compares what went
// out.
func testRequests(t *testing.T, requests []request) {
	t.Helper()
	for _, client := range []cognitotest.Client{{ID: testClient}, secretClient()} {
		for _, tt := range requests {
			name := tt.name + ", public"
			if client.Secret != "" {
				name = tt.name + ", with a secret"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
				srv.AddUser(cognitotest.User{Username: "carol", Password: testPassword, Attributes: m2("email", "carol@example.com", "email_verified", "true")})
				srv.AddUser(cognitotest.User{Username: "eve", Password: testPassword, Status: "UNCONFIRMED", Attributes: m2("email", "eve@example.com")})
				srv.AddUser(cognitotest.User{Username: "totp", Password: testPassword, TOTPSecret: rfcSecret})
				c := newAdmin(t, srv, cognito.WithUsername("bob"))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				_, err := c.AdminCreateIdentityProvider(t.Context(), okta)
				require.NoError(t, err)
				token := c.Tokens().AccessToken
				before := len(srv.Requests())

				err = tt.call(t.Context(), c)
				if tt.refused(srv.ClientSecret) {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
				}
				after := srv.Requests()[before:]
				require.NotEmpty(t, after)
				sent := after[len(after)-1]
				assert.Equal(t, tt.op, sent.Op)
				if tt.body != nil { // of an update that is only what was read, which has tests of its own
					assert.Equal(t, tt.want(srv, token), sent.Body)
				}
				assert.Equal(t, tt.kind == kindAdmin, sent.Header.Get("Authorization") != "", "signed")
			})
		}
	}
}

// refused reports whether the pool refuses the call: a public app client can be given no secret.
func (r request) refused(clientSecret string) bool {
	return slices.Contains(refusedCalls, r.name) || clientSecret == "" && r.op == "AddUserPoolClientSecret"
}

// want is the whole body of the request.
func (r request) want(srv *cognitotest.Server, token string) m {
	body := maps.Clone(r.body)
	switch r.kind {
	case kindAdmin, kindPool:
		body["UserPoolId"] = srv.UserPoolID
	case kindApp:
		body["ClientId"] = srv.ClientID
		if srv.ClientSecret != "" {
			body["SecretHash"] = hmacHash(body["Username"].(string)+srv.ClientID, srv.ClientSecret) //nolint:forcetypeassert // it is in the table
		}
	case kindToken:
		body["AccessToken"] = token
	}
	return body
}

// m2 is a map of pairs.
func m2(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// A call whose IAM credentials are missing must say so and send nothing, neither unsigned nor to a
// metadata service.
func TestAdminCallsWithoutCredentialsSendNothing(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithAWSConfig(aws.Config{}))
	for _, tt := range slices.Concat(adminRequests, providerRequests) {
		err := tt.call(t.Context(), c)
		require.ErrorIs(t, err, cognito.ErrNoCredentials, tt.name)
		require.ErrorContains(t, err, "cognito: ", tt.name)
	}
	assert.Empty(t, srv.Requests())
}

// A user's calls must work without any AWS configuration; credentials there are must not be looked
// at.
func TestUserCallsNeedNoCredentials(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithAWSConfig(aws.Config{Credentials: watchedCredentials{t}}))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	for _, tt := range userRequests {
		before := len(srv.Requests())
		_ = tt.call(t.Context(), c) // some are refused, as bob's password and then bob are gone
		assert.Greater(t, len(srv.Requests()), before, tt.name)
	}
	for _, sent := range srv.Requests() {
		assert.Empty(t, sent.Header.Get("Authorization"), sent.Op)
	}
}

func TestSessionCallsNeedASession(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	for _, tt := range userRequests {
		if tt.kind == kindToken {
			require.ErrorIs(t, tt.call(t.Context(), c), cognito.ErrNotSignedIn, tt.name)
		}
	}
	assert.Empty(t, srv.Requests())
}

func TestContextDataFromRequest(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), "POST", "https://app.example.com:8443/sign-in?code=1", nil)
	r.RemoteAddr = "[2001:db8::1%eth0]:1234"
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "X-Forwarded-For", "Forwarded", "X-Real-Ip"} {
		r.Header.Set(name, "203.0.113.7")
	}
	r.Header.Set("User-Agent", "Browser/1")
	r.Header.Add("Accept-Language", "de")
	r.Header.Add("Accept-Language", "en")
	data := cognito.ContextDataFromRequest(r)
	assert.Equal(t, cognito.ContextData{
		IPAddress: "2001:db8::1", ServerName: "app.example.com", ServerPath: "/sign-in",
		HTTPHeaders: map[string][]string{"User-Agent": {"Browser/1"}, "Accept-Language": {"de", "en"}},
	}, data)
	data.HTTPHeaders.Set("User-Agent", "changed")
	assert.Equal(t, "Browser/1", r.Header.Get("User-Agent"), "the request is not changed")
	assert.Equal(t, cognito.UserContextData{IPAddress: "2001:db8::1"}, cognito.UserContextDataFromRequest(r))

	r.RemoteAddr, r.Host, r.URL.Path = "@", "app.example.com", ""
	data = cognito.ContextDataFromRequest(r)
	assert.Empty(t, data.IPAddress, "a Unix socket has no address")
	assert.Equal(t, "/", data.ServerPath)
	assert.Equal(t, "app.example.com", data.ServerName)
}
