package cognitotest_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// forgot is the input of ForgotPassword, and of ConfirmForgotPassword with what more is there.
func forgot(username string, more members) members {
	in := members{"ClientId": clientID, "Username": username}
	maps.Copy(in, more)
	return in
}

func reset(username, code, password string) members {
	return forgot(username, members{"ConfirmationCode": code, "Password": password})
}

const newPassword = "Better-Horse-22"

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.refuses("ConfirmForgotPassword", reset("ana", "123456", newPassword), "ExpiredCodeException", noCode)
	out := f.must("ForgotPassword", forgot("ana", nil))
	assert.Equal(t, members{"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}, out["CodeDeliveryDetails"])
	code := f.Code("ana")
	f.refuses("ConfirmForgotPassword", reset("ana", another(code), newPassword), "CodeMismatchException", wrongCode)
	f.refuses("ConfirmForgotPassword", reset("ana", code, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	assert.Equal(t, members{}, f.must("ConfirmForgotPassword", reset("ana", code, newPassword)))
	f.refuses("ConfirmForgotPassword", reset("ana", code, newPassword), "ExpiredCodeException", noCode)
	_, err := f.byPassword("ana", password)
	refused(t, err, notAuthorized, wrongPassword)
	_, err = f.bySRP("ana", newPassword)
	require.NoError(t, err)
}

func TestRecoveryCodesExpireAfterAnHour(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.must("ForgotPassword", forgot("ana", nil))
	first := f.Code("ana")
	f.Advance(time.Hour + time.Second)
	f.refuses("ConfirmForgotPassword", reset("ana", first, newPassword), "ExpiredCodeException", noCode)
	f.must("ForgotPassword", forgot("ana", nil))
	f.Advance(time.Hour - time.Minute)
	if first != f.Code("ana") {
		f.refuses("ConfirmForgotPassword", reset("ana", first, newPassword), "CodeMismatchException", wrongCode)
	}
	f.must("ConfirmForgotPassword", reset("ana", f.Code("ana"), newPassword))
}

func TestRecoveryHasLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	for range 5 {
		f.must("ForgotPassword", forgot("ana", nil))
	}
	f.refuses("ForgotPassword", forgot("ana", nil), "LimitExceededException", attemptLimit)
	code := f.Code("ana")
	for range 5 {
		f.refuses("ConfirmForgotPassword", reset("ana", another(code), newPassword), "CodeMismatchException", wrongCode)
	}
	f.refuses("ConfirmForgotPassword", reset("ana", code, newPassword), "LimitExceededException", attemptLimit)
	f.Advance(time.Hour + time.Second)
	f.must("ForgotPassword", forgot("ana", nil))
	f.must("ConfirmForgotPassword", reset("ana", f.Code("ana"), newPassword))
}

func TestWhoCannotRecover(t *testing.T) {
	t.Parallel()
	const noAddress = "Cannot reset password for the user as there is no registered/verified email or phone_number"
	hidden := allFlows()
	hidden.ID, hidden.PreventUserExistenceErrors = "hidden", true
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), hidden}})
	verified := map[string]string{"email": "x@example.com", "email_verified": "true"}
	f.AddUser(cognitotest.User{Username: "unverified", Attributes: map[string]string{"email": "x@example.com"}})
	f.AddUser(cognitotest.User{Username: "invited", Status: "FORCE_CHANGE_PASSWORD", Attributes: verified})
	f.AddUser(cognitotest.User{Username: "disabled", Disabled: true, Attributes: verified})
	f.AddUser(cognitotest.User{Username: "mobile", Attributes: map[string]string{
		"email": "x@example.com", "email_verified": "true", "phone_number": "+15550100123", "phone_number_verified": "true",
	}})
	f.refuses("ForgotPassword", forgot("unverified", nil), badParameter, noAddress)
	f.refuses("ForgotPassword", forgot("invited", nil), notAuthorized, "User password cannot be reset in the current state.")
	f.refuses("ForgotPassword", forgot("disabled", nil), notAuthorized, "User is disabled.")
	f.refuses("ForgotPassword", forgot("nobody", nil), "UserNotFoundException", "Username/client id combination not found.")
	f.refuses("ConfirmForgotPassword", reset("nobody", "123456", newPassword), "UserNotFoundException", "Username/client id combination not found.")
	f.refuses("AdminResetUserPassword", members{"Username": "unverified"}, badParameter, noAddress)
	f.refuses("AdminResetUserPassword", members{"Username": "invited"}, notAuthorized, "User password cannot be reset in the current state.")
	assert.Equal(t, members{"Destination": "+*******0123", "DeliveryMedium": "SMS", "AttributeName": "phone_number"},
		f.must("ForgotPassword", forgot("mobile", nil))["CodeDeliveryDetails"], "the phone comes first")

	for _, username := range []string{"nobody@example.org", "disabled"} {
		in := forgot(username, members{"ClientId": "hidden"})
		assert.Equal(t, "EMAIL", f.must("ForgotPassword", in)["CodeDeliveryDetails"].(members)["DeliveryMedium"], "it is not said that there is no such user")
		assert.Empty(t, f.Code(username), "and nothing is sent")
		in = reset(username, "123456", newPassword)
		in["ClientId"] = "hidden"
		for range 5 {
			f.refuses("ConfirmForgotPassword", in, "CodeMismatchException", wrongCode)
		}
		f.refuses("ConfirmForgotPassword", in, "LimitExceededException", attemptLimit)
	}
}

func TestAdminResetUserPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.must("AdminResetUserPassword", members{"Username": "ana"})
	assert.Equal(t, "RESET_REQUIRED", f.status("ana"))
	_, err := f.byPassword("ana", password)
	refused(t, err, "PasswordResetRequiredException", "Password reset required for the user")
	f.must("ConfirmForgotPassword", reset("ana", f.Code("ana"), newPassword))
	assert.Equal(t, "CONFIRMED", f.status("ana"))
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	change := func(previous, proposed string) members {
		return members{"AccessToken": f.session(), "PreviousPassword": previous, "ProposedPassword": proposed}
	}
	f.refuses("ChangePassword", change("Wrong-Horse-1", newPassword), notAuthorized, wrongPassword)
	f.refuses("ChangePassword", change("", newPassword), badParameter, "Missing required parameter PreviousPassword")
	f.refuses("ChangePassword", change(password, "correct-horse-1"), "InvalidPasswordException", "Password did not conform with policy: Password must have uppercase characters")
	f.refuses("ChangePassword", change(password, ""), badParameter, "1 validation error detected: Value at 'proposedPassword' failed to satisfy constraint: Member must not be null")
	f.must("ChangePassword", change(password, newPassword))
	_, err := f.byPassword("ana", newPassword)
	require.NoError(t, err)
	f.must("ChangePassword", change(newPassword, password))
	f.refuses("ChangePassword", change(password, newPassword), "LimitExceededException", attemptLimit)
	f.Advance(time.Hour + time.Second)
	f.must("ChangePassword", change(password, newPassword))
}

func TestUsersWithoutAPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.AddUser(cognitotest.User{Username: "bare"})
	_, err := f.byPassword("bare", "anything-1A")
	refused(t, err, notAuthorized, wrongPassword)
	_, err = f.bySRP("bare", "anything-1A")
	refused(t, err, notAuthorized, wrongPassword)
	f.must("ChangePassword", members{"AccessToken": f.Token("bare", cognitotest.TokenOptions{}), "ProposedPassword": newPassword})
	_, err = f.bySRP("bare", newPassword)
	require.NoError(t, err)
}

func TestPasswordHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{PasswordHistorySize: 2})
	set := func(password string) members {
		return members{"Username": "ana", "Password": password, "Permanent": true}
	}
	const kind, used = "PasswordHistoryPolicyViolationException", "Password has previously been used"
	f.refuses("AdminSetUserPassword", set(password), kind, used)
	f.must("AdminSetUserPassword", set("Second-Horse-2"))
	f.refuses("AdminSetUserPassword", set(password), kind, used)
	f.refuses("ChangePassword", members{"AccessToken": f.session(), "PreviousPassword": "Second-Horse-2", "ProposedPassword": password}, kind, used)
	f.must("ForgotPassword", forgot("ana", nil))
	f.refuses("ConfirmForgotPassword", reset("ana", f.Code("ana"), password), kind, used)
	f.must("AdminSetUserPassword", set("Third-Horse-33"))
	f.must("AdminSetUserPassword", set(password)) // it is the third from the end now
}

// The answer to NEW_PASSWORD_REQUIRED is held to the same rules.
func TestNewPasswordsAreNewAndAttributesPermitted(t *testing.T) {
	t.Parallel()
	c := allFlows()
	c.WriteAttributes = []string{"name"}
	f := newFixture(t, cognitotest.Config{PasswordHistorySize: 1, Clients: []cognitotest.Client{c}})
	f.must("AdminSetUserPassword", members{"Username": "ana", "Password": newPassword})
	out, err := f.byPassword("ana", newPassword)
	require.NoError(t, err)
	_, err = f.respond(out.ChallengeName, *out.Session, map[string]string{"USERNAME": "ana", "NEW_PASSWORD": newPassword})
	refused(t, err, "PasswordHistoryPolicyViolationException", "Password has previously been used")
	_, err = f.respond(out.ChallengeName, *out.Session, map[string]string{"USERNAME": "ana", "NEW_PASSWORD": password, "userAttributes.nickname": "An"})
	refused(t, err, notAuthorized, "A client attempted to write unauthorized attribute")
	_, err = f.respond(out.ChallengeName, *out.Session, map[string]string{"USERNAME": "ana", "NEW_PASSWORD": password, "userAttributes.name": "Ana"})
	require.NoError(t, err)
}

func TestAdminSetUserPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{TemporaryPasswordValidity: 48 * time.Hour})
	f.refuses("AdminSetUserPassword", members{"Username": "ana", "Password": "weak"}, "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	f.must("AdminSetUserPassword", members{"Username": "ana", "Password": newPassword})
	assert.Equal(t, "FORCE_CHANGE_PASSWORD", f.status("ana"))
	out, err := f.byPassword("ana", newPassword)
	require.NoError(t, err)
	assert.EqualValues(t, "NEW_PASSWORD_REQUIRED", out.ChallengeName)
	f.Advance(48*time.Hour + time.Second)
	_, err = f.byPassword("ana", newPassword)
	refused(t, err, notAuthorized, "Temporary password has expired and must be reset by an administrator.")
	_, err = f.bySRP("ana", newPassword)
	refused(t, err, notAuthorized, "Temporary password has expired and must be reset by an administrator.")
	f.must("AdminSetUserPassword", members{"Username": "ana", "Password": password, "Permanent": true})
	assert.Equal(t, "CONFIRMED", f.status("ana"))
	_, err = f.byPassword("ana", password)
	require.NoError(t, err)
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{AliasAttributes: []string{"email"}})
	tokens := f.tokens()
	resp, body := post(t, f, target+"DeleteUser", `{"AccessToken":"`+*tokens.AccessToken+`"}`, nil)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Empty(t, body)
	f.refuses("DeleteUser", members{"AccessToken": *tokens.AccessToken}, "UserNotFoundException", noUser)
	_, err := f.refresh(*tokens.RefreshToken)
	refused(t, err, "UserNotFoundException", noUser)
	_, err = f.byPassword("ana@example.com", password)
	refused(t, err, "UserNotFoundException", noUser)
	_, err = f.signUp("ana", password, map[string]string{"email": "ana@example.com"})
	require.NoError(t, err, "the name is free again")
}
