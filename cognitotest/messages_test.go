package cognitotest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// CustomMessage is told of each message by its source, and what it writes is what is delivered.
func TestCustomMessage(t *testing.T) {
	t.Parallel()
	var told []string
	cfg := cognitotest.Config{
		MFA: "OPTIONAL", AutoVerifiedAttributes: []string{"email"},
		Triggers: cognitotest.Triggers{CustomMessage: func(e *cognitotest.CustomMessageEvent) error {
			told = append(told, e.Source+" for "+e.Username+" by "+e.ClientID+" "+e.ClientMetadata["from"])
			assert.Equal(t, "{####}", e.CodeParameter)
			assert.Equal(t, e.Source == "CustomMessage_AdminCreateUser", e.UsernameParameter == "{username}", e.Source)
			e.EmailSubject, e.EmailMessage, e.SMSMessage = "Hello {username}", "mail "+e.CodeParameter, "text "+e.CodeParameter
			return nil
		}},
	}
	f := newFlows(t, cfg, cognitotest.User{MFA: []string{"EMAIL_OTP"}, Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"}})
	metadata := members{"from": "a test"}
	last := func() cognitotest.Message {
		t.Helper()
		all := f.Messages()
		require.NotEmpty(t, all)
		return all[len(all)-1]
	}
	f.must("SignUp", members{
		"ClientId": clientID, "Username": "eve", "Password": password, "UserAttributes": attributes("email", "eve@example.com"), "ClientMetadata": metadata,
	})
	m := last()
	assert.Equal(t, []string{"Hello eve", "mail " + m.Code, "EMAIL", "SignUp"}, []string{m.Subject, m.Text, m.Medium, m.Purpose})
	assert.Equal(t, f.Code("eve"), m.Code)
	f.must("ResendConfirmationCode", members{"ClientId": clientID, "Username": "eve", "ClientMetadata": metadata})
	f.must("ConfirmSignUp", members{"ClientId": clientID, "Username": "eve", "ConfirmationCode": f.Code("eve")})
	f.must("ForgotPassword", members{"ClientId": clientID, "Username": "eve", "ClientMetadata": metadata})
	f.must("AdminResetUserPassword", members{"UserPoolId": f.UserPoolID, "Username": "eve", "ClientMetadata": metadata})
	f.must("AdminCreateUser", members{
		"UserPoolId": f.UserPoolID, "Username": "ann", "UserAttributes": attributes("phone_number", "+12065550100"), "ClientMetadata": metadata,
	})
	m = last()
	assert.Equal(t, []string{"", "text " + m.Code, "SMS"}, []string{m.Subject, m.Text, m.Medium})
	f.must("AdminUpdateUserAttributes", members{
		"UserPoolId": f.UserPoolID, "Username": "ann", "UserAttributes": attributes("email", "ann@example.com"), "ClientMetadata": metadata,
	})
	access := f.Token("eve", cognitotest.TokenOptions{})
	f.must("UpdateUserAttributes", members{"AccessToken": access, "UserAttributes": attributes("email", "eve2@example.com"), "ClientMetadata": metadata})
	f.must("GetUserAttributeVerificationCode", members{"AccessToken": access, "AttributeName": "email", "ClientMetadata": metadata})
	f.must("InitiateAuth", members{
		"ClientId": clientID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": members{"USERNAME": "bob", "PASSWORD": password}, "ClientMetadata": metadata,
	})
	assert.Equal(t, []string{
		"CustomMessage_SignUp for eve by " + clientID + " a test",
		"CustomMessage_ResendCode for eve by " + clientID + " a test",
		"CustomMessage_ForgotPassword for eve by " + clientID + " a test",
		"CustomMessage_ForgotPassword for eve by CLIENT_ID_NOT_APPLICABLE a test",
		"CustomMessage_AdminCreateUser for ann by CLIENT_ID_NOT_APPLICABLE a test",
		"CustomMessage_UpdateUserAttribute for ann by CLIENT_ID_NOT_APPLICABLE a test",
		"CustomMessage_UpdateUserAttribute for eve by " + clientID + " a test",
		"CustomMessage_VerifyUserAttribute for eve by " + clientID + " a test",
		"CustomMessage_Authentication for bob by " + clientID + " a test",
	}, told)
	assert.Len(t, f.Messages(), len(told))
}

// A message that CustomMessage refuses is not sent, and the call says why.
func TestCustomMessageRefuses(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{Triggers: cognitotest.Triggers{CustomMessage: func(*cognitotest.CustomMessageEvent) error {
		return errors.New("no paper")
	}}}, cognitotest.User{MFA: []string{"EMAIL_OTP"}, Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"}})
	const kind, text = "UserLambdaValidationException", "CustomMessage failed with error no paper."
	f.refuses("SignUp", members{
		"ClientId": clientID, "Username": "eve", "Password": password, "UserAttributes": attributes("email", "eve@example.com"),
	}, kind, text)
	f.refuses("ResendConfirmationCode", members{"ClientId": clientID, "Username": "eve"}, kind, text)
	f.refuses("ForgotPassword", members{"ClientId": clientID, "Username": "bob"}, kind, text)
	f.refuses("InitiateAuth", members{
		"ClientId": clientID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": members{"USERNAME": "bob", "PASSWORD": password},
	}, kind, text)
	access := f.Token("bob", cognitotest.TokenOptions{})
	f.refuses("UpdateUserAttributes", members{"AccessToken": access, "UserAttributes": attributes("email", "new@example.com")}, kind, text)
	f.refuses("GetUserAttributeVerificationCode", members{"AccessToken": access, "AttributeName": "email"}, kind, text)
	invite := members{"UserPoolId": f.UserPoolID, "Username": "ann", "UserAttributes": attributes("phone_number", "+12065550100")}
	f.refuses("AdminCreateUser", invite, kind, text)
	invite["Username"], invite["MessageAction"] = "amy", "SUPPRESS"
	f.must("AdminCreateUser", invite)
	assert.Empty(t, f.Messages())
}

// PreSignUp is asked before an administrator creates a user, too; what it answers beyond a refusal
// does nothing there.
func TestPreSignUpOfAdminCreateUser(t *testing.T) {
	t.Parallel()
	asked := 0
	f := newFlows(t, cognitotest.Config{Triggers: cognitotest.Triggers{PreSignUp: func(e *cognitotest.PreSignUpEvent) error {
		asked++
		assert.Equal(t, "PreSignUp_AdminCreateUser", e.Source)
		assert.Equal(t, "CLIENT_ID_NOT_APPLICABLE", e.ClientID)
		assert.Equal(t, map[string]string{"email": "eve@example.com"}, e.Attributes)
		assert.Equal(t, map[string]string{"from": "a test"}, e.ClientMetadata)
		if e.ValidationData["kind"] == "robot" {
			return errors.New("no robots")
		}
		e.AutoConfirmUser, e.AutoVerifyEmail = true, true
		return nil
	}}}, cognitotest.User{})
	in := members{
		"UserPoolId": f.UserPoolID, "Username": "eve", "UserAttributes": attributes("email", "eve@example.com"),
		"ValidationData": attributes("kind", "robot"), "ClientMetadata": members{"from": "a test"},
	}
	f.refuses("AdminCreateUser", in, "UserLambdaValidationException", "PreSignUp failed with error no robots.")
	f.refuses("AdminGetUser", members{"UserPoolId": f.UserPoolID, "Username": "eve"}, "UserNotFoundException", "User does not exist.")
	delete(in, "ValidationData")
	f.must("AdminCreateUser", in)
	user := f.must("AdminGetUser", members{"UserPoolId": f.UserPoolID, "Username": "eve"})
	assert.Equal(t, "FORCE_CHANGE_PASSWORD", user["UserStatus"])
	assert.NotContains(t, user["UserAttributes"], map[string]any{"Name": "email_verified", "Value": "true"})
	in["MessageAction"] = "RESEND"
	f.must("AdminCreateUser", in)
	assert.Equal(t, 2, asked, "an invitation that is repeated adds nobody")
}

// PostConfirmation is told of the confirmations of administrators and of recoveries, too.
func TestPostConfirmationSources(t *testing.T) {
	t.Parallel()
	var told []string
	f := newFlows(t, cognitotest.Config{Triggers: cognitotest.Triggers{PostConfirmation: func(e *cognitotest.TriggerEvent) error {
		told = append(told, e.Source+" "+e.Username+" "+e.ClientMetadata["from"])
		return nil
	}}}, cognitotest.User{Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"}})
	metadata := members{"from": "a test"}
	f.must("SignUp", members{"ClientId": clientID, "Username": "eve", "Password": password, "UserAttributes": attributes("email", "eve@example.com")})
	f.must("AdminConfirmSignUp", members{"UserPoolId": f.UserPoolID, "Username": "eve", "ClientMetadata": metadata})
	f.must("ForgotPassword", members{"ClientId": clientID, "Username": "bob"})
	f.must("ConfirmForgotPassword", members{
		"ClientId": clientID, "Username": "bob", "ConfirmationCode": f.Code("bob"), "Password": password + "x", "ClientMetadata": metadata,
	})
	assert.Equal(t, []string{"PostConfirmation_ConfirmSignUp eve a test", "PostConfirmation_ConfirmForgotPassword bob a test"}, told)
}

// A function behind a URL gets the event as Lambda functions do, and may call the service
// meanwhile.
func TestCustomMessageByURL(t *testing.T) {
	t.Parallel()
	var srv *cognitotest.Server
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			TriggerSource string
			UserName      string
			CallerContext struct{ ClientID string }
			Request       map[string]any
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&event))
		assert.Equal(t, "CustomMessage_AdminCreateUser", event.TriggerSource)
		assert.Equal(t, "CLIENT_ID_NOT_APPLICABLE", event.CallerContext.ClientID)
		assert.Equal(t, "{username}", event.Request["usernameParameter"])
		assert.NotEmpty(t, srv.Messages) // the server is not locked
		_ = json.NewEncoder(w).Encode(map[string]any{"response": map[string]any{"smsMessage": "{username} {####}"}})
	}))
	t.Cleanup(function.Close)
	f := newFlows(t, cognitotest.Config{TriggerURLs: map[string]string{"CustomMessage": function.URL}}, cognitotest.User{})
	srv = f.Server
	f.must("AdminCreateUser", members{"UserPoolId": srv.UserPoolID, "Username": "ann", "UserAttributes": attributes("phone_number", "+12065550100")})
	m := srv.Messages()[0]
	assert.Equal(t, "ann "+m.Code, m.Text)
	assert.Equal(t, function.URL, f.must("DescribeUserPool", members{"UserPoolId": srv.UserPoolID})["UserPool"].(map[string]any)["LambdaConfig"].(map[string]any)["CustomMessage"])
}
