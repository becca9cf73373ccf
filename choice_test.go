package cognito_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// register signs username up and returns what that brought.
func register(t *testing.T, c *cognito.Cognito, username string) *cognito.Registration {
	t.Helper()
	r, err := c.Register(t.Context(), username, testPassword, cognito.Attributes{"email": username + "@example.com"})
	require.NoError(t, err)
	require.Equal(t, username, r.Username)
	require.NotEmpty(t, r.Session)
	return r
}

// After a sign-up that was confirmed in the same session the user is signed in without another
// code.
func TestSignInAfterSignUp(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	ctx := t.Context()
	c := newFlowClient(t, srv, cognito.WithUsername("carol"))
	register(t, c, "carol")
	before := len(serviceCalls(srv))
	require.ErrorIs(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired, "not confirmed yet")
	assert.NotContains(t, serviceCalls(srv)[before].Body, "Session")
	require.NoError(t, c.ConfirmSignUp(ctx, "carol", srv.Code("carol")))
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}))
	assert.Equal(t, "carol", c.AccessClaims().Username)

	// The session is good once; after that the pool is asked what there is.
	before = len(serviceCalls(srv))
	require.ErrorIs(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired)
	assert.Len(t, serviceCalls(srv), before+1)
	assert.NotContains(t, serviceCalls(srv)[before].Body, "Session")
}

// A sign-up goes on in another process by its Registration.
func TestSignUpInAnotherProcess(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	raw, err := json.Marshal(register(t, newFlowClient(t, srv), "carol"))
	require.NoError(t, err)
	var r cognito.Registration
	require.NoError(t, json.Unmarshal(raw, &r))
	c := newFlowClient(t, srv, cognito.WithRegistration(r))
	assert.Equal(t, "carol", c.Username())
	require.NoError(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")))
	require.NoError(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{}))
	assert.Equal(t, "carol", c.AccessClaims().Username)
	for _, call := range serviceCalls(srv) {
		if call.Op == "ConfirmSignUp" {
			assert.Equal(t, r.Session, call.Body["Session"])
		}
	}
}

// The session of one user's sign-up never serves another one, and none is sent when it is too old,
// or a password is given.
func TestSignUpSessionIsOneUsers(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	ctx := t.Context()
	c := newFlowClient(t, srv, cognito.WithUsername("dave"))
	register(t, c, "dave")
	register(t, c, "carol") // the session remembers the last one
	require.NoError(t, c.ConfirmSignUp(ctx, "dave", srv.Code("dave")))
	before := len(serviceCalls(srv))
	require.ErrorIs(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired)
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}))
	for _, call := range serviceCalls(srv)[before:] {
		if call.Op == "InitiateAuth" {
			assert.NotContains(t, call.Body, "Session")
		}
	}
	require.ErrorContains(t, c.ConfirmSignUp(ctx, "carol", srv.Code("carol")), `username: want the session's username, "dave", got "carol"`)
	require.NoError(t, c.ForUser("carol").ConfirmSignUp(ctx, "carol", srv.Code("carol")))
	assert.Equal(t, "dave", c.Username())
	before = len(serviceCalls(srv))
	require.ErrorIs(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired)
	require.Len(t, serviceCalls(srv), before+1)
	assert.NotContains(t, serviceCalls(srv)[before].Body, "Session", "which is carol's")

	late := newFlowClient(t, srv, cognito.WithUsername("late"))
	register(t, late, "late")
	require.NoError(t, late.ConfirmSignUp(ctx, "late", srv.Code("late")))
	srv.Advance(time.Hour)
	before = len(serviceCalls(srv))
	require.ErrorIs(t, late.AuthenticateChoice(ctx, cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired)
	calls := serviceCalls(srv)[before:]
	require.Len(t, calls, 2)
	assert.Contains(t, calls[0].Body, "Session")
	assert.NotContains(t, calls[1].Body, "Session")
}

// The request that carries the session of a sign-up is not repeated, since the session is good
// once.
func TestSignUpSessionIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		srv := newFlowServer(t, cognitotest.Config{})
		c := newFlowClient(t, srv, cognito.WithUsername("carol"), cognito.WithClientOptions(noBackoff))
		register(t, c, "carol")
		require.NoError(t, c.ConfirmSignUp(t.Context(), "carol", srv.Code("carol")))
		before := len(serviceCalls(srv))
		answer(srv, "InitiateAuth", 500, map[string]any{"__type": "InternalErrorException"})
		if first {
			require.Error(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{}))
			assert.Len(t, serviceCalls(srv), before+1)
		} else {
			require.Error(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}))
			assert.Len(t, serviceCalls(srv), before+3)
		}
	}
}

// A factor that the user does not have brings the choice.
func TestPreferredFactorThatIsNotThere(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("plain"))
	err := c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Preferred: "WEB_AUTHN"})
	require.ErrorIs(t, err, cognito.ErrSelectChallengeRequired)
	options := challenged(t, err).Options()
	assert.ElementsMatch(t, []string{"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"}, names(options))
	require.ErrorIs(t, c.SelectChallenge(t.Context(), "PASSWORD", cognito.Password("Wrong-Horse-1")), cognito.ErrInvalidCredentials)
	require.ErrorIs(t, c.SelectChallenge(t.Context(), "EMAIL_OTP"), cognito.ErrEmailOTPRequired)
	require.NoError(t, c.RespondToEmailOTPChallenge(t.Context(), srv.Code("plain")))
}

func names[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// The challenges that ask for a password by themselves.
func TestRespondToPasswordChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	ctx := t.Context()
	c := newFlowClient(t, srv, cognito.WithUsername("plain"))
	require.Error(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}))
	require.Equal(t, "PASSWORD", string(challenged(t, c.RespondToChallenge(ctx, map[string]string{"ANSWER": "PASSWORD"})).Name))
	require.ErrorIs(t, c.RespondToPasswordChallenge(ctx, "Wrong-Horse-1"), cognito.ErrInvalidCredentials)
	require.NoError(t, c.RespondToPasswordChallenge(ctx, testPassword))

	// PASSWORD_SRP may answer SELECT_CHALLENGE's session under its own name.
	ch := challenged(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}))
	ch.Name = "PASSWORD_SRP"
	bySRP := newFlowClient(t, srv, cognito.WithChallenge(ch))
	require.NoError(t, bySRP.RespondToPasswordChallenge(ctx, testPassword))
	for _, call := range serviceCalls(srv) {
		answers, _ := call.Body["ChallengeResponses"].(map[string]any)
		if call.Body["ChallengeName"] == "PASSWORD_SRP" {
			assert.NotContains(t, answers, "PASSWORD")
		}
	}

	// ADMIN_NO_SRP_AUTH, the challenge of an administrator's sign-in.
	var body map[string]any
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "AdminRespondToAuthChallenge") {
			return false
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		w.WriteHeader(http.StatusBadRequest)
		return true
	})
	admin := newFlowClient(t, srv, cognito.WithChallenge(cognito.Challenge{Name: "ADMIN_NO_SRP_AUTH", Username: "plain", Admin: true}))
	require.Error(t, admin.RespondToPasswordChallenge(ctx, testPassword))
	assert.Equal(t, testPassword, body["ChallengeResponses"].(map[string]any)["PASSWORD"])
}

// An administrator's sign-in needs credentials in each of its steps, and its challenges say that it
// is one.
func TestAdminSignInNeedsCredentials(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	ctx := t.Context()
	bare := newClient(t, srv, cognito.WithUsername("sms"), noCredentials())
	require.ErrorIs(t, bare.AdminAuthenticate(ctx, testPassword), cognito.ErrNoCredentials)
	assert.Empty(t, serviceCalls(srv))

	ch := challenged(t, newFlowClient(t, srv, cognito.WithUsername("sms")).AdminAuthenticate(ctx, testPassword))
	assert.True(t, ch.Admin)
	calls := len(serviceCalls(srv))
	require.ErrorIs(t, newClient(t, srv, cognito.WithChallenge(ch), noCredentials()).RespondToSMSMFAChallenge(ctx, srv.Code("sms")), cognito.ErrNoCredentials)
	assert.Len(t, serviceCalls(srv), calls)
	require.NoError(t, newFlowClient(t, srv, cognito.WithChallenge(ch)).RespondToSMSMFAChallenge(ctx, srv.Code("sms")))
	for _, call := range serviceCalls(srv) {
		assert.True(t, strings.HasPrefix(call.Op, "Admin"), call.Op)
		assert.Contains(t, call.Header.Get("Authorization"), "Credential=AKID/")
		assert.Equal(t, srv.UserPoolID, call.Body["UserPoolId"])
	}
}

// Metadata and context go with every request of a sign-in.
func TestOptionsGoWithEveryRequest(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}})
	ctx := t.Context()
	d := withDevice(t, newFlowClient(t, srv, cognito.WithUsername("bob")))
	before := len(serviceCalls(srv))
	metadata, user := cognito.ClientMetadata{"m": "1"}, cognito.UserContextData{IPAddress: "192.0.2.1"}
	analytics := cognito.AnalyticsMetadata("endpoint")
	admin := cognito.ContextData{IPAddress: "192.0.2.1", ServerName: "example.com", ServerPath: "/"}
	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.NoError(t, c.Authenticate(ctx, testPassword, metadata, user, analytics))
	require.Error(t, c.AuthenticateCustom(ctx, testPassword, metadata, user, analytics))
	require.NoError(t, c.RespondToCustomChallenge(ctx, "sesame", metadata, user, analytics))
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, metadata, user, analytics))
	require.NoError(t, c.AdminAuthenticate(ctx, testPassword, metadata, admin, analytics, cognito.Flow("USER_SRP_AUTH")))
	calls := serviceCalls(srv)[before:]
	require.Len(t, calls, 4+5+4+4)
	for _, call := range calls {
		assert.Equal(t, map[string]any{"m": "1"}, call.Body["ClientMetadata"], call.Op)
		assert.Equal(t, map[string]any{"AnalyticsEndpointId": "endpoint"}, call.Body["AnalyticsMetadata"], call.Op)
		key, other := "UserContextData", "ContextData"
		if strings.HasPrefix(call.Op, "Admin") {
			key, other = other, key
		}
		assert.Equal(t, "192.0.2.1", call.Body[key].(map[string]any)["IpAddress"], call.Op)
		assert.NotContains(t, call.Body, other)
	}
	require.EqualError(t, c.Authenticate(ctx, testPassword, cognito.AnalyticsMetadata("")),
		"cognito: Authenticate: option AnalyticsMetadata: want the ID of a Pinpoint endpoint, got none")
}

func TestNewPasswordChallenge(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("fresh"))
	require.ErrorIs(t, c.NewPasswordChallenge(ctx, "Wrong-Horse-1", "Permanent-1", nil), cognito.ErrInvalidCredentials)
	require.ErrorIs(t, c.NewPasswordChallenge(ctx, testPassword, "weak", nil), cognito.ErrInvalidPassword)
	pending, ok := c.Challenge()
	require.True(t, ok, "it can be answered again")
	assert.Equal(t, "NEW_PASSWORD_REQUIRED", string(pending.Name))
	require.NoError(t, c.NewPasswordChallenge(ctx, testPassword, "Permanent-1", cognito.Attributes{"given_name": "Fay"}))
	calls := serviceCalls(srv)
	assert.Equal(t, map[string]any{
		"USERNAME": "fresh", "NEW_PASSWORD": "Permanent-1", "userAttributes.given_name": "Fay",
		"SECRET_HASH": hmacHash("fresh"+testClient, testSecret),
	}, calls[len(calls)-1].Body["ChallengeResponses"], "only what the caller gave is sent")

	// A password that is not temporary is not changed, and nobody is signed in by it.
	tokens := c.Tokens()
	err := c.NewPasswordChallenge(ctx, "Permanent-1", "Permanent-2", nil, cognito.Flow("USER_PASSWORD_AUTH"))
	require.ErrorIs(t, err, cognito.ErrNoChallenge)
	require.ErrorContains(t, err, "not temporary")
	assert.Equal(t, tokens, c.Tokens())
	require.NoError(t, c.Authenticate(ctx, "Permanent-1"))
}

func TestRequiredAttributes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	srv := newFlowServer(t, cognitotest.Config{})
	answer(srv, "InitiateAuth", 200, map[string]any{
		"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "session-of-twenty-characters", "ChallengeParameters": map[string]string{
			"requiredAttributes": `["userAttributes.given_name"]`, "userAttributes": `{"email":"fay@example.com"}`,
		},
	})
	c := newFlowClient(t, srv, cognito.WithUsername("fresh"))
	err := c.NewPasswordChallenge(ctx, testPassword, "Permanent-1", nil, cognito.Flow("USER_PASSWORD_AUTH"))
	require.ErrorContains(t, err, "cognito: NewPasswordChallenge: attributes: want [given_name], which the pool requires, got none")
	assert.Len(t, serviceCalls(srv), 1, "it is refused before it is sent")
	_, ok := c.Challenge()
	assert.True(t, ok)
}

// Challenge errors are no *Error: what went wrong is nothing.
func TestChallengeIsNoFailure(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	err := newFlowClient(t, srv, cognito.WithUsername("either")).AdminAuthenticate(t.Context(), testPassword)
	var failure *cognito.Error
	require.NotErrorAs(t, err, &failure)
	assert.True(t, slices.Contains(names(challenged(t, err).Options()), "SMS_MFA"))
}
