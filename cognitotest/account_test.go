package cognitotest_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func TestSignUpAndConfirm(t *testing.T) {
	t.Parallel()
	for _, client := range []cognitotest.Client{allFlows(), withSecret()} {
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		out, err := f.signUp("bob", password, map[string]string{"email": "bob@example.com", "custom:team": "blue"})
		require.NoError(t, err)
		assert.False(t, out.UserConfirmed)
		assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, aws.ToString(out.UserSub))
		assert.Equal(t, types.CodeDeliveryDetailsType{
			Destination: aws.String("b***@e***"), DeliveryMedium: types.DeliveryMediumTypeEmail, AttributeName: aws.String("email"),
		}, *out.CodeDeliveryDetails)
		assert.Regexp(t, `^[0-9]{6}$`, f.Code("bob"))
		assert.Equal(t, f.Code("bob"), f.Code("bob@example.com"))
		assert.Empty(t, f.Code("ana"))
		assert.Empty(t, f.Code("nobody"))

		_, err = f.byPassword("bob", password)
		refused(t, err, "UserNotConfirmedException", "User is not confirmed.")
		refused(t, f.confirm("bob", another(f.Code("bob"))), "CodeMismatchException", "Invalid verification code provided, please try again.")
		require.NoError(t, f.confirm("bob", f.Code("bob")))
		refused(t, f.confirm("bob", f.Code("bob")), notAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
		_, err = f.resend("bob")
		refused(t, err, badParameter, "User is already confirmed.")

		signedIn, err := f.bySRP("bob", password)
		require.NoError(t, err)
		id := claims(t, *signedIn.AuthenticationResult.IdToken)
		assert.Equal(t, true, id["email_verified"])
		assert.Equal(t, "blue", id["custom:team"])
		assert.Equal(t, aws.ToString(out.UserSub), id["sub"])
	}
}

func TestSignUpHashes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{withSecret()}})
	_, err := f.sdk.SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(clientID), Username: aws.String("bob"), Password: aws.String(password)})
	refused(t, err, notAuthorized, "Client "+clientID+" is configured with secret but SECRET_HASH was not received")
	_, err = f.sdk.ConfirmSignUp(t.Context(), &cip.ConfirmSignUpInput{ClientId: aws.String(clientID), Username: aws.String("bob"), ConfirmationCode: aws.String("1"), SecretHash: aws.String("x")})
	refused(t, err, notAuthorized, "SecretHash does not match for the client: "+clientID)
	_, err = f.sdk.ResendConfirmationCode(t.Context(), &cip.ResendConfirmationCodeInput{ClientId: aws.String(clientID), Username: aws.String("bob"), SecretHash: f.hashMember("ana")})
	refused(t, err, notAuthorized, "SecretHash does not match for the client: "+clientID)
}

func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	plain := cognitotest.Config{RequiredAttributes: []string{"email", "name"}}
	alias := cognitotest.Config{AliasAttributes: []string{"email", "phone_number"}}
	email := cognitotest.Config{UsernameAttributes: []string{"email"}}
	both := cognitotest.Config{UsernameAttributes: []string{"email", "phone_number"}}
	phone := cognitotest.Config{UsernameAttributes: []string{"phone_number"}}
	full := map[string]string{"email": "bob@example.com", "name": "Bob"}
	with := func(name, value string) map[string]string {
		return map[string]string{"email": "bob@example.com", "name": "Bob", name: value}
	}
	const policy = "Password did not conform with policy: "
	tests := []struct {
		name               string
		cfg                cognitotest.Config
		username, password string
		attributes         map[string]string
		kind, message      string
	}{
		{"taken", plain, "ana", password, full, "UsernameExistsException", "User already exists"},
		{"short", plain, "bob", "Aa1-", full, "InvalidPasswordException", policy + "Password not long enough"},
		{"no uppercase", plain, "bob", "correct-horse-1", full, "InvalidPasswordException", policy + "Password must have uppercase characters"},
		{"no lowercase", plain, "bob", "CORRECT-HORSE-1", full, "InvalidPasswordException", policy + "Password must have lowercase characters"},
		{"no number", plain, "bob", "Correct-Horse", full, "InvalidPasswordException", policy + "Password must have numeric characters"},
		{"no symbol", plain, "bob", "CorrectHorse1", full, "InvalidPasswordException", policy + "Password must have symbol characters"},
		{"none of the required", plain, "bob", password, nil, badParameter, "Attributes did not conform to the schema: email: The attribute is required\nname: The attribute is required\n"},
		{"one of the required", plain, "bob", password, map[string]string{"email": "bob@example.com"}, badParameter, "Attributes did not conform to the schema: name: The attribute is required\n"},
		{"unknown attribute", plain, "bob", password, with("shoe", "42"), badParameter, "user.shoe: Attribute does not exist in the schema.\n"},
		{"e-mail", plain, "bob", password, with("email", "bob"), badParameter, "Invalid email address format."},
		{"phone", plain, "bob", password, with("phone_number", "0123"), badParameter, "Invalid phone number format."},
		{"verified", plain, "bob", password, with("email_verified", "true"), notAuthorized, "A client attempted to write unauthorized attribute"},
		{"phone verified", plain, "bob", password, with("phone_number_verified", "true"), notAuthorized, "A client attempted to write unauthorized attribute"},
		{"sub", plain, "bob", password, with("sub", "x"), notAuthorized, "A client attempted to write unauthorized attribute"},
		{"long value", plain, "bob", password, with("nickname", strings.Repeat("x", 2049)), badParameter, "1 validation error detected: Value at 'userAttributes.3.member.value' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{"e-mail as name beside aliases", alias, "bob@example.com", password, full, badParameter, "Username cannot be of email format, since user pool is configured for email alias."},
		{"phone as name beside aliases", alias, "+4912345", password, full, badParameter, "Username cannot be of phone number format, since user pool is configured for phone number alias."},
		{"a name where the e-mail is one", email, "bob", password, full, badParameter, "Username should be an email."},
		{"a name where either is one", both, "bob", password, full, badParameter, "Username should be either an email or a phone number."},
		{"a taken e-mail", email, "ana@example.com", password, nil, "UsernameExistsException", "An account with the given email already exists."},
	}
	for _, tt := range tests {
		f := newFixture(t, tt.cfg)
		_, err := f.signUp(tt.username, tt.password, tt.attributes)
		t.Log(tt.name)
		refused(t, err, tt.kind, tt.message)
	}
	srv := cognitotest.NewServer(phone)
	defer srv.Close()
	f := &fixture{srv, t, sdkOf(srv)}
	_, err := f.signUp("bob@example.com", password, nil)
	refused(t, err, badParameter, "Username should be a phone number.")
	out, err := f.signUp("+4912345678", password, nil)
	require.NoError(t, err)
	assert.Nil(t, out.CodeDeliveryDetails, "the pool verifies e-mail addresses only")
}

func TestAnotherPolicy(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{PasswordPolicy: &cognitotest.PasswordPolicy{MinimumLength: 4}})
	_, err := f.signUp("bob", "four", nil)
	require.NoError(t, err)
	_, err = f.signUp("eve", "thr", nil)
	refused(t, err, "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
}

func TestWhereCodesGo(t *testing.T) {
	t.Parallel()
	both := map[string]string{"email": "bob@example.com", "phone_number": "+4912345678"}
	tests := []struct {
		auto       []string
		attributes map[string]string
		attribute  string
		want       string
	}{
		{nil, both, "email", "b***@e***"},
		{[]string{"email", "phone_number"}, both, "phone_number", "+******5678"},
		{[]string{"email", "phone_number"}, map[string]string{"email": "bob@example.com"}, "email", "b***@e***"},
		{[]string{}, both, "", ""},
		{nil, map[string]string{"phone_number": "+4912345678"}, "", ""},
	}
	for _, tt := range tests {
		f := newFixture(t, cognitotest.Config{AutoVerifiedAttributes: tt.auto})
		out, err := f.signUp("bob", password, tt.attributes)
		require.NoError(t, err)
		if tt.attribute == "" {
			assert.Nil(t, out.CodeDeliveryDetails)
			assert.Empty(t, f.Code("bob"))
			_, err := f.resend("bob")
			refused(t, err, badParameter, "Cannot resend codes. Auto verification not turned on.")
			continue
		}
		assert.Equal(t, tt.attribute, aws.ToString(out.CodeDeliveryDetails.AttributeName))
		assert.Equal(t, tt.want, aws.ToString(out.CodeDeliveryDetails.Destination))
		require.NoError(t, f.confirm("bob", f.Code("bob")))
		tokens, err := f.byPassword("bob", password)
		require.NoError(t, err)
		assert.Equal(t, true, claims(t, *tokens.AuthenticationResult.IdToken)[tt.attribute+"_verified"])
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	start := time.Now()
	f := newFixture(t, cognitotest.Config{Now: func() time.Time { return start }})
	_, err := f.signUp("bob", password, map[string]string{"email": "bob@example.com"})
	require.NoError(t, err)
	first := f.Code("bob")
	f.Advance(24*time.Hour + time.Second)
	refused(t, f.confirm("bob", first), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	sent, err := f.resend("bob")
	require.NoError(t, err)
	assert.Equal(t, "b***@e***", aws.ToString(sent.CodeDeliveryDetails.Destination))
	if second := f.Code("bob"); second != first {
		refused(t, f.confirm("bob", first), "CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	f.Advance(24 * time.Hour) // to the second
	require.NoError(t, f.confirm("bob", f.Code("bob")))
}

func TestAttemptLimits(t *testing.T) {
	t.Parallel()
	const limit = "Attempt limit exceeded, please try after some time."
	start := time.Now()
	f := newFixture(t, cognitotest.Config{Now: func() time.Time { return start }})
	_, err := f.signUp("bob", password, map[string]string{"email": "bob@example.com"})
	require.NoError(t, err)
	for range 5 {
		_, err = f.resend("bob")
		require.NoError(t, err)
	}
	_, err = f.resend("bob")
	refused(t, err, "LimitExceededException", limit)
	for range 15 {
		refused(t, f.confirm("bob", another(f.Code("bob"))), "CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	refused(t, f.confirm("bob", f.Code("bob")), "LimitExceededException", limit)
	f.Advance(time.Hour + time.Second)
	_, err = f.resend("bob")
	require.NoError(t, err)
	require.NoError(t, f.confirm("bob", f.Code("bob")))
}

func TestAliasesThatAreTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{AliasAttributes: []string{"email"}})
	_, err := f.signUp("bob", password, map[string]string{"email": "ana@example.com"})
	require.NoError(t, err, "an alias counts once it is verified")
	refused(t, f.confirm("bob", f.Code("bob")), "AliasExistsException", "An account with the email already exists.")
	confirm := &cip.ConfirmSignUpInput{
		ClientId: aws.String(clientID), Username: aws.String("bob"), ConfirmationCode: aws.String(f.Code("bob")), ForceAliasCreation: true,
	}
	_, err = f.sdk.ConfirmSignUp(t.Context(), confirm)
	require.NoError(t, err)
	out, err := f.byPassword("ana@example.com", password)
	require.NoError(t, err)
	assert.Equal(t, "bob", claims(t, *out.AuthenticationResult.AccessToken)["username"])
	ana := claims(t, *f.tokens().IdToken)
	assert.NotContains(t, ana, "email", "its former holder has it no longer")
	assert.NotContains(t, ana, "email_verified")

	// By force a user gets all of the aliases that others have.
	pool := newFixture(t, cognitotest.Config{AliasAttributes: []string{"email", "preferred_username"}})
	pool.AddUser(cognitotest.User{Username: "rob", Password: password, Attributes: map[string]string{"preferred_username": "bobby"}})
	_, err = pool.signUp("bob", password, map[string]string{"email": "ana@example.com", "preferred_username": "bobby"})
	require.NoError(t, err)
	confirm.ConfirmationCode = aws.String(pool.Code("bob"))
	_, err = pool.sdk.ConfirmSignUp(t.Context(), confirm)
	require.NoError(t, err)
	for _, alias := range []string{"ana@example.com", "bobby"} {
		out, err := pool.byPassword(alias, password)
		require.NoError(t, err, alias)
		assert.Equal(t, "bob", claims(t, *out.AuthenticationResult.AccessToken)["username"], alias)
	}

	// Nobody has an alias that nobody has verified: the first to do so gets it.
	for _, name := range []string{"dan", "dora"} {
		_, err = f.signUp(name, password, map[string]string{"email": "d@example.com"})
		require.NoError(t, err, name)
	}
	require.NoError(t, f.confirm("dora", f.Code("dora")), "dan has not verified it")
	refused(t, f.confirm("dan", f.Code("dan")), "AliasExistsException", "An account with the email already exists.")

	// Who signed up with an alias may confirm with it.
	_, err = f.signUp("carol", password, map[string]string{"email": "carol@example.com"})
	require.NoError(t, err)
	require.NoError(t, f.confirm("carol@example.com", f.Code("carol@example.com")))
}

func TestEmailAsUsername(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{UsernameAttributes: []string{"email"}})
	out, err := f.signUp("bob@example.com", password, nil)
	require.NoError(t, err)
	require.NoError(t, f.confirm("bob@example.com", f.Code("bob@example.com")))
	signedIn, err := f.bySRP("bob@example.com", password)
	require.NoError(t, err)
	id := claims(t, *signedIn.AuthenticationResult.IdToken)
	assert.Equal(t, aws.ToString(out.UserSub), id["cognito:username"])
	assert.Equal(t, aws.ToString(out.UserSub), id["sub"])
	assert.Equal(t, "bob@example.com", id["email"])
}

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
		return members{"AccessToken": f.session(), "PreviousPassword": orNone(previous), "ProposedPassword": orNone(proposed)}
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
