package cognito_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

// echoing makes srv refuse all calls, with everything that a request says in its message and in its
// headers.
func echoing(srv *cognitotest.Server) {
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		var request any
		_ = json.Unmarshal(body, &request)
		said := strings.Join(texts(request), "'; '")
		code := "UserLambdaValidationException"
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "Password") {
			code = "Exception with " + said // as one that the SDK does not know
		}
		w.Header().Set("X-Amzn-Requestid", "id '"+said+"'")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "PreAuth failed: '" + said + "'."})
		return true
	})
}

// texts are all texts in what JSON says.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case map[string]any:
		for name, value := range v {
			all = append(all, name)
			all = append(all, texts(value)...)
		}
	case []any:
		for _, value := range v {
			all = append(all, texts(value)...)
		}
	}
	return all
}

func TestEchoedSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	const quoted = secret + `"<é>\` // which JSON escapes
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	bob := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithStaticCredentials("AKID", "key", ""), cognito.WithClientOptions(noBackoff))
	require.NoError(t, bob.Authenticate(t.Context(), testPassword))
	tokens := bob.Tokens()
	echoing(srv)
	session := secret + strings.Repeat("x", 20)
	pending := func(name string) *cognito.Cognito {
		var ch cognito.Challenge
		require.NoError(t, json.Unmarshal([]byte(`{"name":"`+name+`","session":"`+session+`","username":"bob"}`), &ch))
		return bob.ForUser("", cognito.WithChallenge(ch))
	}
	device := cognito.Device{Key: "eu-west-1_0a1b2c3d", GroupKey: "group", Password: secret}
	signedIn := func(call func(c *cognito.Cognito) error) error { return call(bob) }
	refresh := func(c *cognito.Cognito) error { return c.RenewAccessToken(t.Context()) }
	calls := map[string]error{
		"password":        bob.Authenticate(t.Context(), quoted, cognito.Flow("USER_PASSWORD_AUTH")),
		"admin":           bob.AdminAuthenticate(t.Context(), quoted),
		"sign-up":         err1(bob.Register(t.Context(), "carol", quoted, cognito.Attributes{"name": "shown"})),
		"confirmation":    bob.ConfirmSignUp(t.Context(), "bob", "48231705"),
		"resending":       err1(bob.ResendConfirmationCode(t.Context(), "bob")),
		"forgotten":       bob.ConfirmForgotPassword(t.Context(), "48231705", quoted),
		"change":          bob.ChangePassword(t.Context(), "abcdef-1", "abcdef-1-longer"),
		"profile":         err1(bob.UpdateProfile(t.Context(), cognito.Attributes{"name": "shown"})),
		"verification":    bob.ValidateVerification(t.Context(), "email", "48231705"),
		"user":            err1(bob.GetUser(t.Context())),
		"sign-out":        bob.Logout(t.Context()),
		"revocation":      bob.RevokeToken(t.Context()),
		"refresh":         signedIn(refresh),
		"refresh by flow": bob.RenewAccessToken(t.Context(), cognito.Flow("REFRESH_TOKEN_AUTH")),
		"authenticator":   bob.VerifySoftwareToken(t.Context(), "48231705", "phone"),
		"SMS code":        pending("SMS_MFA").RespondToSMSMFAChallenge(t.Context(), "48231705"),
		"short code":      pending("SMS_MFA").RespondToSMSMFAChallenge(t.Context(), "4823"),
		"answer":          pending("CUSTOM_CHALLENGE").RespondToCustomChallenge(t.Context(), quoted),
		"new password":    pending("NEW_PASSWORD_REQUIRED").RespondToNewPasswordChallenge(t.Context(), quoted, cognito.Attributes{"name": "shown"}),
		"unknown":         pending("NEW").RespondToChallenge(t.Context(), map[string]string{"KEY": quoted}),
		"choice":          pending("SELECT_CHALLENGE").SelectChallenge(t.Context(), "PASSWORD", cognito.Password(quoted)),
		"password set":    bob.AdminSetPassword(t.Context(), "bob", quoted, true),
		"user made":       err1(bob.AdminCreateUser(t.Context(), "dave", nil, cognito.TemporaryPassword(quoted))),
		"device":          bob.ForUser("bob", cognito.WithDevice(device)).Authenticate(t.Context(), quoted, cognito.Flow("USER_PASSWORD_AUTH")),
		"provider": err1(bob.AdminCreateIdentityProvider(t.Context(), cognito.IdentityProvider{
			Name: "okta", Type: "OIDC", Details: map[string]string{"client_id": "shown", "client_secret": quoted, "private_key": session},
		})),
		"device's verifier": err1(bob.Client().ConfirmDevice(t.Context(), &cognitoidentityprovider.ConfirmDeviceInput{
			AccessToken: aws.String(quoted), DeviceKey: aws.String("shown"),
			DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{PasswordVerifier: aws.String("abcdef-verifier"), Salt: aws.String("salt")},
		})),
		"feedback":      bob.UpdateAuthEventFeedback(t.Context(), "shown", "event", quoted, cognito.FeedbackValid),
		"client secret": err1(bob.AddUserPoolClientSecret(t.Context(), testClient, strings.Repeat("abcdef", 5))),
		"SDK's client": err1(bob.Client().ForgetDevice(t.Context(), &cognitoidentityprovider.ForgetDeviceInput{
			AccessToken: aws.String(quoted), DeviceKey: aws.String("shown"),
		})),
	}
	hash := cognito.SecretHash("bob", srv.ClientID, testSecret)
	for name, err := range calls {
		require.Error(t, err, name)
		require.ErrorContains(t, err, "[redacted]", name)
		for e := err; e != nil; e = errors.Unwrap(e) {
			for how, text := range prints.All(&cognito.Error{Op: "X", Err: e}) {
				for _, never := range []string{secret, "abcdef", "-longer", "48231705", "'4823'", tokens.AccessToken, tokens.RefreshToken, hash, testSecret} {
					assert.NotContains(t, text, never, "%s with %s", name, how)
				}
			}
			assert.NotContains(t, e.Error(), secret, name)
		}
	}
	for name, shown := range map[string]string{
		"sign-up": "carol", "profile": "shown", "new password": "shown", "device": "eu-west-1_0a1b2c3d", "provider": "shown",
		"choice": "PASSWORD", "SDK's client": "shown", "authenticator": "phone",
	} {
		require.ErrorContains(t, calls[name], shown, "what is no secret stays: "+name)
	}
	require.ErrorIs(t, calls["sign-up"], cognito.ErrLambda)
}

// A password that is among the service's own words must not be found by what is missing from them,
// nor cost the reason.
func TestSecretsAmongTheServicesWords(t *testing.T) {
	t.Parallel()
	hash := cognito.SecretHash("bob", testClient, testSecret)
	tests := []struct{ password, message, want string }{
		{"password", "Incorrect username or password.", "Incorrect username or password."},
		{"username or password.", "Incorrect username or password.", "Incorrect username or password."},
		{"Incorrect", "Incorrect username or password.", "Incorrect username or password."},
		{"password", "Incorrect username or password: password", "Incorrect username or password: [redacted]"},
		{"or", "Incorrect username or password, or so", "Incorrect username or password, [redacted] so"},
		{"s", "Incorrect username or password, so", "Incorrect username or password, so"},
		{"so", "Incorrect username or password, so", "Incorrect username or password, [redacted]"},
		{"cycle", "Incorrect username or password, bicycles", "Incorrect username or password, bicycles"},
		{"cycles", "Incorrect username or password, bicycles", "Incorrect username or password, bi[redacted]"},
		{"aaaaaa", "Incorrect username or password aaaaaaaaaaaaa", "Incorrect username or password [redacted][redacted]a"},
		{"secret1", "ȺȺȺȺ Incorrect username or password secret1", "ȺȺȺȺ Incorrect username or password [redacted]"},
		{"password", hash + ": Incorrect username or password.", "[redacted]: Incorrect username or password."},
		{"wrong1", "Password attempts exceeded", "Password attempts exceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.password+" in "+tt.message, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
			c := newClient(t, srv, cognito.WithUsername("bob"))
			answer(srv, "InitiateAuth", http.StatusBadRequest, map[string]string{"__type": "NotAuthorizedException", "message": tt.message})
			err := c.Authenticate(t.Context(), tt.password, cognito.Flow("USER_PASSWORD_AUTH"))
			require.EqualError(t, err, "cognito: Authenticate: InitiateAuth: NotAuthorizedException: "+tt.want)
			assert.True(t, errors.Is(err, cognito.ErrInvalidCredentials) || errors.Is(err, cognito.ErrTooManyAttempts))
		})
	}
}

// The levels that a caller asks for are no secret: which of them the pool does not know must be
// seen. The reason code is a text of the service's, too.
func TestEchoesOfLevelsAndReasonCodes(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{everyFlow(false)}})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	answer(srv, "InitiateAuth", http.StatusBadRequest, map[string]string{
		"__type": "InvalidParameterException", "message": "unknown: urn:example:gold, 3000000, " + secret, "reasonCode": "about " + secret,
	})
	err := c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Preferred: "PASSWORD", Password: secret}, cognito.TargetACR("urn:example:gold"), cognito.MaxAge(3000000*time.Second))
	require.ErrorContains(t, err, "unknown: urn:example:gold, 3000000, [redacted]")
	var refused *types.InvalidParameterException
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "about [redacted]", aws.ToString(refused.ReasonCode))
}

// JSON is how slog's JSON handler prints what holds a value, and that calls no LogValue.
func TestErrorsMarshalWithoutSecrets(t *testing.T) {
	t.Parallel()
	challenge := cognito.Challenge{Name: "SMS_MFA", Session: secret, Username: "bob", Parameters: map[string]string{"p": secret}}
	asked := &cognito.ChallengeError{Challenge: challenge}
	wrapped := &cognito.Error{Op: "Op", Err: fmt.Errorf("app: %w", asked)}
	factor := cognito.FirstFactor{Preferred: "PASSWORD", Password: secret}
	for _, v := range []any{
		asked, *asked, wrapped, factor, &factor,
		[]error{asked, wrapped},
		map[string]error{"e": asked},
		[]cognito.ChallengeError{*asked},
		[]cognito.FirstFactor{factor},
		struct {
			E error
			C *cognito.ChallengeError
			F cognito.FirstFactor
		}{wrapped, asked, factor},
	} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		assert.NotContains(t, string(text), secret)
		for how, text := range prints.All(v) {
			if how == "JSON handler" {
				assert.NotContains(t, text, secret, "%T with %s", v, how)
			}
		}
	}
	for text, v := range map[string]any{
		`{"challenge":{"name":"SMS_MFA","username":"bob"},"error":"cognito: sign-in requires challenge SMS_MFA"}`: asked,
		`{"error":"cognito: Op: app: cognito: sign-in requires challenge SMS_MFA","op":"Op"}`:                     wrapped,
		`{"Preferred":"PASSWORD"}`: factor,
	} {
		got, err := json.Marshal(v)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(got))
	}
	var back cognito.FirstFactor // as a form of the application's may bring it
	require.NoError(t, json.Unmarshal([]byte(`{"Preferred":"PASSWORD","Password":"x"}`), &back))
	assert.Equal(t, cognito.FirstFactor{Preferred: "PASSWORD", Password: "x"}, back)
}
