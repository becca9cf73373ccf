package cognitotest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// Who is asked what: the pool's setting, what it has and what the user has.
func TestMFADecision(t *testing.T) {
	t.Parallel()
	email, phoneOnly, both := map[string]string{"email": "bob@example.com"}, map[string]string{"phone_number": phone}, addresses()
	all := []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}
	for _, tt := range []struct {
		pool string
		has  []string
		user cognitotest.User
		want string
	}{
		{"OFF", all, cognitotest.User{TOTPSecret: totpSecret, Attributes: both}, ""},
		{"OPTIONAL", all, cognitotest.User{Attributes: both}, ""},
		{"", nil, cognitotest.User{Attributes: both}, ""},
		{"", nil, cognitotest.User{TOTPSecret: totpSecret}, "SOFTWARE_TOKEN_MFA"},
		{"OPTIONAL", all, cognitotest.User{TOTPSecret: totpSecret, MFA: []string{}}, ""},
		{"OPTIONAL", all, cognitotest.User{MFA: []string{"SMS_MFA"}, Attributes: both}, "SMS_MFA"},
		{"OPTIONAL", all, cognitotest.User{MFA: []string{"EMAIL_OTP"}, Attributes: both}, "EMAIL_OTP"},
		{"OPTIONAL", all, cognitotest.User{MFA: all, Attributes: both}, "SELECT_MFA_TYPE"},
		{"OPTIONAL", all, cognitotest.User{MFA: all, PreferredMFA: "EMAIL_OTP", Attributes: both}, "EMAIL_OTP"},
		{"ON", all, cognitotest.User{MFA: all, Attributes: both}, "SELECT_MFA_TYPE"},
		{"ON", all, cognitotest.User{MFA: all, PreferredMFA: "SMS_MFA", Attributes: both}, "SMS_MFA"},
		{"ON", all, cognitotest.User{MFA: []string{"EMAIL_OTP"}, Attributes: both}, "EMAIL_OTP"},
		{"ON", all, cognitotest.User{Attributes: phoneOnly}, "SMS_MFA"},
		{"ON", all, cognitotest.User{Attributes: email}, "EMAIL_OTP"},
		{"ON", all, cognitotest.User{Attributes: both}, "SELECT_MFA_TYPE"},
		{"ON", all, cognitotest.User{MFA: []string{}, TOTPSecret: totpSecret}, "SOFTWARE_TOKEN_MFA"},
		{"ON", all[:1], cognitotest.User{Attributes: both}, "SMS_MFA"},
		{"ON", all[1:2], cognitotest.User{Attributes: both}, "MFA_SETUP"},
		{"ON", all, cognitotest.User{}, "MFA_SETUP"},
	} {
		f := newFlows(t, cognitotest.Config{MFA: tt.pool, MFAFactors: tt.has}, tt.user)
		assert.Equal(t, tt.want, f.mustBegin().ChallengeName, "%+v", tt)
		out, err := f.bySRP("bob", password)
		require.NoError(t, err)
		assert.Equal(t, tt.want, string(out.ChallengeName), "by SRP: %+v", tt)
	}
	f := newFlows(t, cognitotest.Config{MFA: "ON", MFAFactors: all[:1]}, cognitotest.User{})
	_, err := f.byPassword("bob", password)
	refused(t, err, badParameter, "User has no MFA method and can set none up.")
}

func TestMFACodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		factor, key, mismatch string
		params                map[string]string
	}{
		{"SMS_MFA", "SMS_MFA_CODE", badCode, map[string]string{
			"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******0100", "USER_ID_FOR_SRP": "bob",
		}},
		{"EMAIL_OTP", "EMAIL_OTP_CODE", badCode, map[string]string{
			"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "b***@e***", "USER_ID_FOR_SRP": "bob",
		}},
		{"SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE", badTOTP, map[string]string{"USER_ID_FOR_SRP": "bob"}},
	} {
		for _, client := range []string{"", secret} {
			c := everyFlow()
			c.Secret = client
			f := newFlows(t, cognitotest.Config{Clients: []cognitotest.Client{c}}, cognitotest.User{MFA: []string{tt.factor}, Attributes: addresses()})
			asked := f.mustBegin()
			assert.Equal(t, tt.factor, asked.ChallengeName)
			assert.Equal(t, tt.params, asked.ChallengeParameters)
			assert.Nil(t, asked.AvailableChallenges)
			code := f.Code("bob")
			if tt.factor == "SOFTWARE_TOKEN_MFA" {
				code = f.TOTP("bob")
			}
			assert.Len(t, code, 6)
			for range 3 {
				f.refusesAnswer(tt.factor, asked.Session, "CodeMismatchException", tt.mismatch, tt.key, another(code))
			}
			f.refusesAnswer(tt.factor, asked.Session, badParameter, "Missing required parameter "+tt.key, "ANSWER", code)
			f.mustGoOn(tt.factor, asked.Session, tt.key, code)
			f.refusesAnswer(tt.factor, asked.Session, notAuthorized, spentSession, tt.key, code)
		}
	}
}

func TestMFACodeProvesTheAddress(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SMS_MFA"}, Attributes: addresses()})
	_, got := f.user("bob")
	assert.Empty(t, got["phone_number_verified"])
	asked := f.mustBegin()
	f.mustGoOn("SMS_MFA", asked.Session, "SMS_MFA_CODE", f.Code("bob"))
	_, got = f.user("bob")
	assert.Equal(t, "true", got["phone_number_verified"])
}

func TestTOTPIsGoodOnce(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{TOTPSecret: totpSecret})
	code := f.TOTP("bob")
	f.mustGoOn("SOFTWARE_TOKEN_MFA", f.mustBegin().Session, "SOFTWARE_TOKEN_MFA_CODE", code)
	asked := f.mustBegin()
	f.refusesAnswer("SOFTWARE_TOKEN_MFA", asked.Session, "ExpiredCodeException", "Your software token has already been used once.",
		"SOFTWARE_TOKEN_MFA_CODE", code)
	f.mustGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
	assert.Empty(t, f.TOTP("ana"))
	assert.Panics(t, func() { f.TOTP("nobody") })
}

func TestMFASessions(t *testing.T) {
	t.Parallel()
	other := everyFlow()
	other.ID = "other"
	f := newFlows(t, cognitotest.Config{Clients: []cognitotest.Client{everyFlow(), other}}, cognitotest.User{TOTPSecret: totpSecret})
	asked := f.mustBegin()
	const key = "SOFTWARE_TOKEN_MFA_CODE"
	code := f.TOTP("bob")
	answer := func(client, username, challenge, session string) error {
		_, err := f.step("RespondToAuthChallenge", members{
			"ChallengeName": challenge, "ClientId": client, "Session": orNone(session),
			"ChallengeResponses": map[string]string{"USERNAME": username, key: code, "SMS_MFA_CODE": code, "ANSWER": "SMS_MFA"},
		})
		return err
	}
	refused(t, answer("other", "bob", "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, badSession)
	refused(t, answer(clientID, "ana", "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, badSession)
	refused(t, answer(clientID, sub, "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, badSession)
	for _, challenge := range []string{"SMS_MFA", "SELECT_MFA_TYPE", "MFA_SETUP", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE", "PASSWORD"} {
		refused(t, answer(clientID, "bob", challenge, asked.Session), notAuthorized, badSession)
	}
	refused(t, answer(clientID, "bob", "SOFTWARE_TOKEN_MFA", strings.Repeat("x", 20)), notAuthorized, badSession)
	refused(t, answer(clientID, "bob", "SOFTWARE_TOKEN_MFA", ""), badParameter, "Missing required parameter Session")
	_, err := f.step("AdminRespondToAuthChallenge", members{
		"ChallengeName": "SOFTWARE_TOKEN_MFA", "ClientId": clientID, "Session": asked.Session,
		"ChallengeResponses": map[string]string{"USERNAME": "bob", key: code},
	})
	refused(t, err, notAuthorized, badSession)
	f.Advance(3*time.Minute + time.Second)
	refused(t, answer(clientID, "bob", "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, expiredSession)
}

func TestMFALockout(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SMS_MFA"}, Attributes: addresses()})
	asked := f.mustBegin()
	code := f.Code("bob")
	for range 5 {
		f.refusesAnswer("SMS_MFA", asked.Session, "CodeMismatchException", badCode, "SMS_MFA_CODE", another(code))
	}
	f.refusesAnswer("SMS_MFA", asked.Session, notAuthorized, lockedOut, "SMS_MFA_CODE", code)
	assert.Equal(t, "SMS_MFA", f.mustBegin().ChallengeName, "the password has a count of its own")
	f.Advance(time.Second)
	f.refusesAnswer("SMS_MFA", asked.Session, "CodeMismatchException", badCode, "SMS_MFA_CODE", another(code))
	f.Advance(time.Second)
	f.refusesAnswer("SMS_MFA", asked.Session, notAuthorized, lockedOut, "SMS_MFA_CODE", code)
	f.Advance(time.Second)
	f.mustGoOn("SMS_MFA", asked.Session, "SMS_MFA_CODE", code)
}

func TestSelectMFA(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"EMAIL_OTP", "SOFTWARE_TOKEN_MFA", "SMS_MFA"}, Attributes: addresses()})
	asked := f.mustBegin()
	assert.Equal(t, map[string]string{
		"MFAS_CAN_CHOOSE": `["SMS_MFA","SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`, "USER_ID_FOR_SRP": "bob",
	}, asked.ChallengeParameters)
	f.refusesAnswer("SELECT_MFA_TYPE", asked.Session, badParameter, "Missing required parameter ANSWER")
	f.refusesAnswer("SELECT_MFA_TYPE", asked.Session, badParameter, "The challenge that was selected is not available.", "ANSWER", "EMAIL_MFA")
	f.refusesAnswer("SMS_MFA", asked.Session, notAuthorized, badSession, "SMS_MFA_CODE", "000000")
	for _, factor := range []string{"SMS_MFA", "EMAIL_OTP"} {
		chosen := f.mustGoOn("SELECT_MFA_TYPE", asked.Session, "ANSWER", factor)
		assert.Equal(t, factor, chosen.ChallengeName)
		f.refusesAnswer("SELECT_MFA_TYPE", asked.Session, notAuthorized, spentSession, "ANSWER", factor)
		f.mustGoOn(factor, chosen.Session, factor+"_CODE", f.Code("bob"))
		asked = f.mustBegin()
	}
}

func TestNewPasswordThenMFA(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{TOTPSecret: totpSecret, Status: "FORCE_CHANGE_PASSWORD"})
	asked := f.mustBegin()
	assert.Equal(t, "NEW_PASSWORD_REQUIRED", asked.ChallengeName)
	next := f.mustGoOn("NEW_PASSWORD_REQUIRED", asked.Session, "NEW_PASSWORD", "Another-Horse-2")
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", next.ChallengeName)
	assert.Equal(t, "CONFIRMED", f.status("bob"))
	f.mustGoOn("SOFTWARE_TOKEN_MFA", next.Session, "SOFTWARE_TOKEN_MFA_CODE", f.TOTP("bob"))
}

func TestImpossibleFactors(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]cognitotest.Config{
		"Config.MFA":          {MFA: "MAYBE"},
		"Config.MFAFactors":   {MFAFactors: []string{"PIGEON"}},
		"Config.FirstFactors": {FirstFactors: []string{"SMS_MFA"}},
		"UserVerification":    {WebAuthn: cognitotest.WebAuthn{UserVerification: "never"}},
	} {
		assert.Contains(t, panicText(func() { cognitotest.NewServer(cfg).Close() }), want)
	}
	f := newFixture(t, cognitotest.Config{MFAFactors: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}})
	for want, user := range map[string]cognitotest.User{
		"User.MFA: want":         {MFA: []string{"EMAIL_OTP"}},
		"phone_number":           {MFA: []string{"SMS_MFA"}},
		"User.PreferredMFA":      {MFA: []string{"SOFTWARE_TOKEN_MFA"}, PreferredMFA: "SMS_MFA"},
		"User.TOTPSecret: want ": {TOTPSecret: "1"},
	} {
		user.Username, user.Password = "x"+want, password
		assert.Contains(t, panicText(func() { f.AddUser(user) }), want)
	}
}

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
		"ConfiguredUserAuthFactors": []any{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "SOFTWARE_TOKEN"}, // the service's manual lists it among them
	}
	assert.Equal(t, want, f.must("GetUserAuthFactors", members{"AccessToken": f.Token("bob", cognitotest.TokenOptions{})}))
	assert.Equal(t, want, f.must("AdminGetUserAuthFactors", members{"Username": "bob"}))
}

func TestAdminDeleteSoftwareToken(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{TOTPSecret: totpSecret, PreferredMFA: "SOFTWARE_TOKEN_MFA"})
	assert.Equal(t, "SOFTWARE_TOKEN_MFA", f.mustBegin().ChallengeName)
	f.must("AdminDeleteSoftwareToken", members{"Username": "bob"})
	assert.NotNil(t, f.mustBegin().AuthenticationResult)
	factors := f.must("AdminGetUserAuthFactors", members{"Username": "bob"})
	assert.Equal(t, []any{"PASSWORD"}, factors["ConfiguredUserAuthFactors"])
	assert.NotContains(t, factors, "PreferredMfaSetting")
	f.refuses("AdminDeleteSoftwareToken", members{"Username": "bob"}, "SoftwareTokenMFANotFoundException", "User has no software token.")
	f.refuses("AdminDeleteSoftwareToken", members{"Username": "nobody"}, "UserNotFoundException", "User does not exist.")
}
