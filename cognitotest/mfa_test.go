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
			"ChallengeName": challenge, "ClientId": client, "Session": session,
			"ChallengeResponses": map[string]string{"USERNAME": username, key: code, "SMS_MFA_CODE": code, "ANSWER": "SMS_MFA"},
		})
		return err
	}
	refused(t, answer("other", "bob", "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, badSession)
	refused(t, answer(clientID, "ana", "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, badSession)
	refused(t, answer(clientID, sub, "SOFTWARE_TOKEN_MFA", asked.Session), notAuthorized, badSession)
	for _, challenge := range []string{"SMS_MFA", "SELECT_MFA_TYPE", "MFA_SETUP", "CUSTOM_CHALLENGE", "SELECT_CHALLENGE", "PASSWORD", "NEW_WORLD"} {
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
