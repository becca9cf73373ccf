package cognitotest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

const usedTOTP = "Your software token has already been used once."

func TestSetupOfASoftwareToken(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}}, cognitotest.User{})
	asked := f.mustBegin()
	assert.Equal(t, map[string]string{"MFAS_CAN_SETUP": `["SOFTWARE_TOKEN_MFA"]`, "USER_ID_FOR_SRP": "bob"}, asked.ChallengeParameters)
	f.refusesAnswer("MFA_SETUP", asked.Session, badParameter, "User has not verified software token mfa")
	f.refuses("VerifySoftwareToken", members{"Session": asked.Session, "UserCode": "000000"}, badParameter, "User has not set up software token mfa")

	out := f.must("AssociateSoftwareToken", members{"Session": asked.Session})
	assert.Regexp(t, "^[A-Z2-7]{52}$", out["SecretCode"])
	second := out["Session"].(string)
	assert.NotEqual(t, asked.Session, second)
	f.refuses("AssociateSoftwareToken", members{"Session": asked.Session}, notAuthorized, spentSession)
	f.refusesAnswer("MFA_SETUP", second, badParameter, "User has not verified software token mfa")

	code := f.TOTP("bob")
	f.refuses("VerifySoftwareToken", members{"Session": second, "UserCode": another(code)}, "EnableSoftwareTokenMFAException", "Code mismatch")
	f.refuses("VerifySoftwareToken", members{"Session": second, "UserCode": "12345"}, badParameter,
		"1 validation error detected: Value at 'userCode' failed to satisfy constraint: Member must have length greater than or equal to 6")
	out = f.must("VerifySoftwareToken", members{"Session": second, "UserCode": code, "FriendlyDeviceName": "phone"})
	assert.Equal(t, "SUCCESS", out["Status"])
	third := out["Session"].(string)
	f.refuses("VerifySoftwareToken", members{"Session": second, "UserCode": code}, notAuthorized, spentSession)
	f.refuses("AssociateSoftwareToken", members{"Session": third}, notAuthorized, badSession)
	f.refusesAnswer("MFA_SETUP", second, notAuthorized, spentSession)
	f.mustGoOn("MFA_SETUP", third)
	f.refusesAnswer("MFA_SETUP", third, notAuthorized, spentSession)

	asked = f.mustBegin()
	assert.Equal(t, map[string]string{"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "bob"}, asked.ChallengeParameters)
	f.refusesAnswer("SOFTWARE_TOKEN_MFA", asked.Session, "ExpiredCodeException", usedTOTP, "SOFTWARE_TOKEN_MFA_CODE", code)
	f.mustGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
}

func TestSetupSessionsExpire(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}}, cognitotest.User{})
	session := f.mustBegin().Session
	f.Advance(3*time.Minute + time.Second)
	f.refuses("AssociateSoftwareToken", members{"Session": session}, notAuthorized, expiredSession)
	f.refuses("AssociateSoftwareToken", members{"Session": "something quite different"}, notAuthorized, badSession)
	const either = "Only one of access token and session must be provided."
	f.refuses("AssociateSoftwareToken", members{}, badParameter, either)
	f.refuses("AssociateSoftwareToken", members{"Session": session, "AccessToken": "x"}, badParameter, either)
}

func TestSetupOfAnAddress(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{MFA: "ON"}, cognitotest.User{})
	asked := f.mustBegin()
	assert.JSONEq(t, `["SMS_MFA","SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`, asked.ChallengeParameters["MFAS_CAN_SETUP"])
	f.refusesAnswer("MFA_SETUP", asked.Session, badParameter, "Invalid email address format.", "EMAIL", "bob")
	code := f.mustGoOn("MFA_SETUP", asked.Session, "EMAIL", "bob@example.org")
	assert.Equal(t, "EMAIL_OTP", code.ChallengeName)
	assert.Equal(t, "b***@e***", code.ChallengeParameters["CODE_DELIVERY_DESTINATION"])
	_, got := f.user("bob")
	assert.Empty(t, got["email"], "not before it is proven")
	f.mustGoOn("EMAIL_OTP", code.Session, "EMAIL_OTP_CODE", f.Code("bob"))
	out, got := f.user("bob")
	assert.Equal(t, "bob@example.org", got["email"])
	assert.Equal(t, "true", got["email_verified"])
	assert.Equal(t, []any{"EMAIL_OTP"}, out["UserMFASettingList"])
	assert.Equal(t, "EMAIL_OTP", f.mustBegin().ChallengeName)
}

func TestSetupWhileSignedIn(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{})
	token := f.mustBegin().AuthenticationResult.AccessToken
	f.refuses("VerifySoftwareToken", members{"AccessToken": token, "UserCode": "000000"}, badParameter, "User has not set up software token mfa")
	out := f.must("AssociateSoftwareToken", members{"AccessToken": token})
	assert.NotContains(t, out, "Session")
	enable := members{"AccessToken": token, "SoftwareTokenMfaSettings": members{"Enabled": true, "PreferredMfa": true}}
	f.refuses("SetUserMFAPreference", enable, badParameter, "User has not verified software token mfa")
	out = f.must("VerifySoftwareToken", members{"AccessToken": token, "UserCode": f.TOTP("bob")})
	assert.Equal(t, members{"Status": "SUCCESS"}, out)
	assert.Empty(t, f.mustBegin().ChallengeName, "it is not enabled yet")
	f.must("SetUserMFAPreference", enable)
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", f.mustBegin().ChallengeName)

	// Where MFA is required it is used at once.
	on := newFlows(t, cognitotest.Config{MFA: "ON"}, cognitotest.User{})
	on.must("AssociateSoftwareToken", members{"AccessToken": on.Token("bob", cognitotest.TokenOptions{})})
	on.must("VerifySoftwareToken", members{"AccessToken": on.Token("bob", cognitotest.TokenOptions{}), "UserCode": on.TOTP("bob")})
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", on.mustBegin().ChallengeName)

	for _, cfg := range []cognitotest.Config{{MFA: "OFF"}, {MFAFactors: []string{"SMS_MFA"}}} {
		off := newFlows(t, cfg, cognitotest.User{})
		off.refuses("AssociateSoftwareToken", members{"AccessToken": off.Token("bob", cognitotest.TokenOptions{})},
			"SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
	}
}

func TestMFAPreference(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{MFAFactors: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}}, cognitotest.User{Attributes: addresses()})
	token := f.Token("bob", cognitotest.TokenOptions{})
	on, preferred, off := members{"Enabled": true}, members{"Enabled": true, "PreferredMfa": true}, members{}
	for _, tt := range []struct {
		in      members
		message string
	}{
		{members{"SoftwareTokenMfaSettings": on}, "User has not set up software token mfa"},
		{members{"EmailMfaSettings": on}, "User does not have delivery config set to turn on EMAIL_OTP"},
		{members{"SMSMfaSettings": members{"PreferredMfa": true}}, "The preferred MFA method must be enabled."},
		{members{"WebAuthnMfaSettings": on}, "Passkeys cannot be used as MFA."},
	} {
		tt.in["AccessToken"], tt.in["Username"] = token, "bob"
		f.refuses("SetUserMFAPreference", tt.in, badParameter, tt.message)
		f.refuses("AdminSetUserMFAPreference", tt.in, badParameter, tt.message)
	}
	state := func() (any, any) {
		out, err := f.call("GetUser", members{"AccessToken": token})
		require.NoError(t, err)
		admin, _ := f.user("bob")
		assert.Equal(t, out["UserMFASettingList"], admin["UserMFASettingList"])
		assert.Equal(t, out["PreferredMfaSetting"], admin["PreferredMfaSetting"])
		return out["UserMFASettingList"], out["PreferredMfaSetting"]
	}
	list, first := state()
	assert.Nil(t, list)
	assert.Nil(t, first)
	f.must("SetUserMFAPreference", members{"AccessToken": token, "SMSMfaSettings": on})
	list, first = state()
	assert.Equal(t, []any{"SMS_MFA"}, list)
	assert.Nil(t, first)
	f.must("AdminSetUserMFAPreference", members{"Username": "bob", "SMSMfaSettings": preferred, "SoftwareTokenMfaSettings": off})
	_, first = state()
	assert.Equal(t, "SMS_MFA", first)
	f.must("SetUserMFAPreference", members{"AccessToken": token})
	_, first = state()
	assert.Equal(t, "SMS_MFA", first, "what is not named stays as it is")
	f.must("SetUserMFAPreference", members{"AccessToken": token, "SMSMfaSettings": off})
	list, first = state()
	assert.Nil(t, list)
	assert.Nil(t, first)
	f.refuses("AdminSetUserMFAPreference", members{"Username": "nobody"}, "UserNotFoundException", noUser)
}

func TestOnlyOnePreference(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{Attributes: addresses(), TOTPSecret: totpSecret, PreferredMFA: "SOFTWARE_TOKEN_MFA"})
	preferred := members{"Enabled": true, "PreferredMfa": true}
	f.refuses("AdminSetUserMFAPreference", members{"Username": "bob", "SMSMfaSettings": preferred, "EmailMfaSettings": preferred},
		badParameter, "Only one MFA method can be preferred.")
	f.must("AdminSetUserMFAPreference", members{"Username": "bob", "SMSMfaSettings": preferred})
	assert.Equal(t, "SMS_MFA", f.mustBegin().ChallengeName, "the new one takes the former one's place")
}

func TestAuthFactors(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{Attributes: addresses(), TOTPSecret: totpSecret, PreferredMFA: "SOFTWARE_TOKEN_MFA"})
	want := members{
		"Username": "bob", "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA", "UserMFASettingList": []any{"SOFTWARE_TOKEN_MFA"},
		"ConfiguredUserAuthFactors": []any{"PASSWORD", "EMAIL_OTP", "SMS_OTP"},
	}
	assert.Equal(t, want, f.must("GetUserAuthFactors", members{"AccessToken": f.Token("bob", cognitotest.TokenOptions{})}))
	assert.Equal(t, want, f.must("AdminGetUserAuthFactors", members{"Username": "bob"}))
}
