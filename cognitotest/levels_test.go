package cognitotest_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

const loa = "urn:cognito:loa:"

// levels is a pool that takes all first factors, and MFA by codes only where a sign-in aims at a
// level.
func levels(t *testing.T, user cognitotest.User) *fixture {
	t.Helper()
	return newFlows(t, allFirstFactors(), user)
}

// reached is the level and the methods in both tokens of s.
func (f *fixture) reached(s step) (acr any, methods []any) {
	f.t.Helper()
	require.NotNil(f.t, s.AuthenticationResult, "%+v", s)
	access, id := claims(f.t, s.AuthenticationResult.AccessToken), claims(f.t, s.AuthenticationResult.IDToken)
	assert.Equal(f.t, access["acr"], id["acr"])
	assert.Equal(f.t, access["amr"], id["amr"])
	methods, _ = access["amr"].([]any)
	return access["acr"], methods
}

// assertReached checks the level and the methods in both tokens of s.
func (f *fixture) assertReached(s step, level int, methods ...any) {
	f.t.Helper()
	acr, amr := f.reached(s)
	assert.Equal(f.t, loa+strconv.Itoa(level), acr)
	assert.Equal(f.t, methods, amr)
}

// Each row of the manual's table of levels.
func TestLevels(t *testing.T) {
	t.Parallel()
	withPassword := []string{"PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password}
	both := cognitotest.User{Attributes: addresses(), MFA: []string{}, TOTPSecret: totpSecret}

	f := levels(t, both)
	acr, methods := f.reached(f.choose(withPassword...))
	assert.Nil(t, acr, "nobody asked")
	assert.Nil(t, methods)

	out := f.choose(append(withPassword, "TARGET_ACR_VALUES", loa+"1")...)
	f.assertReached(out, 1, "pwd")
	out = f.choose("PREFERRED_CHALLENGE", "EMAIL_OTP", "TARGET_ACR_VALUES", loa+"2")
	f.assertReached(f.mustGoOn("EMAIL_OTP", out.Session, "EMAIL_OTP_CODE", f.Code("bob")), 2, "email_otp")
	out = f.choose("PREFERRED_CHALLENGE", "SMS_OTP", "TARGET_ACR_VALUES", loa+"2")
	f.assertReached(f.mustGoOn("SMS_OTP", out.Session, "SMS_OTP_CODE", f.Code("bob")), 2, "sms")

	// The software token reaches level 3, too, so the user may choose.
	out = f.choose(append(withPassword, "TARGET_ACR_VALUES", loa+"3")...)
	require.Equal(t, "SELECT_MFA_TYPE", out.ChallengeName)
	out = f.mustGoOn("SELECT_MFA_TYPE", out.Session, "ANSWER", "SMS_MFA")
	f.assertReached(f.mustGoOn("SMS_MFA", out.Session, "SMS_MFA_CODE", f.Code("bob")), 3, "pwd", "sms", "mfa")
	out = f.choose(append(withPassword, "TARGET_ACR_VALUES", loa+"4")...)
	require.Equal(t, "SOFTWARE_TOKEN_MFA", out.ChallengeName)
	out = f.mustGoOn("SOFTWARE_TOKEN_MFA", out.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
	f.assertReached(out, 4, "pwd", "otp", "mfa")

	// A refresh keeps all of it.
	before := claims(t, out.AuthenticationResult.AccessToken)
	f.Advance(time.Hour)
	refreshed, err := f.refresh(out.AuthenticationResult.RefreshToken)
	require.NoError(t, err)
	after := claims(t, *refreshed.AccessToken)
	for _, name := range []string{"acr", "amr", "auth_time"} {
		assert.Equal(t, before[name], after[name], name)
	}

	// A passkey alone is level 3, and no way to level 4.
	f = levels(t, cognitotest.User{TOTPSecret: totpSecret, MFA: []string{}})
	key := cognitotest.NewPasskey()
	f.register(key)
	out = f.choose("TARGET_ACR_VALUES", loa+"3")
	assert.Contains(t, out.AvailableChallenges, "WEB_AUTHN")
	out = f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN", "TARGET_ACR_VALUES", loa+"3")
	assertion, err := key.Get(out.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"])
	require.NoError(t, err)
	f.assertReached(f.mustGoOn("WEB_AUTHN", out.Session, "CREDENTIAL", assertion), 3, "swk")
	out = f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN", "TARGET_ACR_VALUES", loa+"4")
	assert.Equal(t, []string{"PASSWORD_SRP", "PASSWORD"}, out.AvailableChallenges)
}

// The first level of the list that the user has the factors for counts.
func TestLevelsFallBack(t *testing.T) {
	t.Parallel()
	withPassword := []string{"PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password}
	f := levels(t, cognitotest.User{})
	f.assertReached(f.choose(append(withPassword, "TARGET_ACR_VALUES", "urn:other "+loa+"4 "+loa+"1")...), 1, "pwd")
	for targets, text := range map[string]string{
		loa + "4 " + loa + "3": "The user has no factors to reach a requested level.",
		"urn:other urn:more":   "TARGET_ACR_VALUES has no level of the user pool.",
	} {
		_, err := f.begin("USER_AUTH", "USERNAME", "bob", "TARGET_ACR_VALUES", targets)
		refused(t, err, badParameter, text)
	}
	for _, age := range []string{"-1", "1.5", "soon", ""} {
		_, err := f.begin("USER_AUTH", "USERNAME", "bob", "TARGET_ACR_VALUES", loa+"1", "MAX_AGE", age)
		refused(t, err, badParameter, "MAX_AGE must be a number of seconds.")
	}

	f = newFlows(t, cognitotest.Config{Tier: "LITE"}, cognitotest.User{})
	_, err := f.begin("USER_AUTH", "USERNAME", "bob", "TARGET_ACR_VALUES", loa+"1")
	refused(t, err, "FeatureUnavailableInTierException", "The feature is not available in the tier of the user pool.")

	f = newFlows(t, cognitotest.Config{ACRNames: [4]string{3: "gold"}}, cognitotest.User{TOTPSecret: totpSecret})
	out := f.choose(append(withPassword, "TARGET_ACR_VALUES", "gold")...)
	acr, _ := f.reached(f.mustGoOn("SOFTWARE_TOKEN_MFA", out.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP()))
	assert.Equal(t, "gold", acr)
	_, err = f.begin("USER_AUTH", "USERNAME", "bob", "TARGET_ACR_VALUES", loa+"4")
	refused(t, err, badParameter, "TARGET_ACR_VALUES has no level of the user pool.")

	// MFA that the user must use is asked for, whatever the level.
	f = newFlows(t, cognitotest.Config{}, cognitotest.User{TOTPSecret: totpSecret})
	out = f.choose(append(withPassword, "TARGET_ACR_VALUES", loa+"1")...)
	f.assertReached(f.mustGoOn("SOFTWARE_TOKEN_MFA", out.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP()), 4, "pwd", "otp", "mfa")

	// Who hides which users exist hides it here, too.
	hiding := everyFlow()
	hiding.PreventUserExistenceErrors = true
	f = newFlows(t, cognitotest.Config{Clients: []cognitotest.Client{hiding}}, cognitotest.User{})
	out, err = f.begin("USER_AUTH", "USERNAME", "nobody", "TARGET_ACR_VALUES", loa+"4")
	require.NoError(t, err)
	assert.Equal(t, "SELECT_CHALLENGE", out.ChallengeName)
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	withPassword := []string{"PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password}
	f := levels(t, cognitotest.User{Attributes: addresses(), TOTPSecret: totpSecret, MFA: []string{}})
	low := f.choose(append(withPassword, "TARGET_ACR_VALUES", loa+"1")...)
	token := low.AuthenticationResult.AccessToken
	toLevel := func(level string, more ...string) []string {
		return append([]string{"USERNAME", "bob", "ACCESS_TOKEN", token, "TARGET_ACR_VALUES", level}, more...)
	}
	up := func(level string, more ...string) step {
		out, err := f.begin("USER_AUTH", toLevel(level, more...)...)
		require.NoError(t, err)
		return out
	}
	// Only what is missing is asked for.
	f.Advance(time.Minute)
	out := up(loa + "4")
	require.Equal(t, "SOFTWARE_TOKEN_MFA", out.ChallengeName)
	high := f.mustGoOn("SOFTWARE_TOKEN_MFA", out.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
	f.assertReached(high, 4, "pwd", "otp", "mfa")
	assert.NotEqual(t, low.AuthenticationResult.RefreshToken, high.AuthenticationResult.RefreshToken)
	assert.Greater(t, claims(t, high.AuthenticationResult.AccessToken)["auth_time"], claims(t, token)["auth_time"])
	_, err := f.getUser(token)
	require.NoError(t, err, "the former tokens stay good")

	// One wrong code ends it.
	out = up(loa + "4")
	_, err = f.goOn("SOFTWARE_TOKEN_MFA", out.Session, "USERNAME", "bob", "SOFTWARE_TOKEN_MFA_CODE", "000000")
	require.Error(t, err)
	f.refusesAnswer("SOFTWARE_TOKEN_MFA", out.Session, notAuthorized, "Invalid session for the user.", "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
	select1 := up(loa+"4", "MAX_AGE", "1")
	_, err = f.goOn("SELECT_CHALLENGE", select1.Session, "USERNAME", "bob", "ANSWER", "PASSWORD", "PASSWORD", "Wrong-Horse-1")
	require.Error(t, err)
	f.refusesAnswer("SELECT_CHALLENGE", select1.Session, notAuthorized, "Invalid session for the user.", "ANSWER", "PASSWORD", "PASSWORD", password)

	// A level that is met is an error, unless the sign-in was too long ago.
	_, err = f.begin("USER_AUTH", toLevel(loa+"1")...)
	refused(t, err, badParameter, "The access token already meets the requested level.")
	_, err = f.begin("USER_AUTH", toLevel(loa+"1", "MAX_AGE", "3600")...)
	refused(t, err, badParameter, "The access token already meets the requested level.")
	f.assertReached(up(loa+"1", "MAX_AGE", "30", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password), 1, "pwd")

	// Who stepped down by a code alone proves the password as well.
	out = f.choose("PREFERRED_CHALLENGE", "EMAIL_OTP", "TARGET_ACR_VALUES", loa+"2")
	token = f.mustGoOn("EMAIL_OTP", out.Session, "EMAIL_OTP_CODE", f.Code("bob")).AuthenticationResult.AccessToken
	f.assertReached(up(loa+"3", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password), 3, "email_otp", "pwd", "mfa")

	// A token that does not tell of methods counts for nothing.
	token = f.choose(withPassword...).AuthenticationResult.AccessToken
	out = up(loa + "4")
	assert.Equal(t, []string{"PASSWORD_SRP", "PASSWORD"}, out.AvailableChallenges)

	_, err = f.begin("USER_AUTH", "USERNAME", "bob", "ACCESS_TOKEN", token)
	refused(t, err, badParameter, "ACCESS_TOKEN requires TARGET_ACR_VALUES.")
	_, err = f.begin("USER_AUTH", "USERNAME", "ana", "ACCESS_TOKEN", token, "TARGET_ACR_VALUES", loa+"1")
	refused(t, err, notAuthorized, "Access Token is of another user or client.")
	_, err = f.begin("USER_AUTH", "USERNAME", "bob", "ACCESS_TOKEN", strings.Repeat("x", 20), "TARGET_ACR_VALUES", loa+"1")
	refused(t, err, notAuthorized, "Invalid Access Token")
	f.Advance(2 * time.Hour)
	_, err = f.begin("USER_AUTH", toLevel(loa+"4")...)
	refused(t, err, notAuthorized, "Access Token has expired")
}

func TestLevelNames(t *testing.T) {
	t.Parallel()
	for _, cfg := range []cognitotest.Config{
		{ACRNames: [4]string{"a b"}},
		{ACRNames: [4]string{strings.Repeat("x", 65)}},
		{ACRNames: [4]string{loa + "2"}},
		{ACRNames: [4]string{"x", "x"}},
		{ACRNames: [4]string{"x"}, Tier: "LITE"},
		{Tier: "GOLD"},
	} {
		assert.Panics(t, func() { cognitotest.NewServer(cfg).Close() }, "%v", cfg.ACRNames)
	}
	assert.NotPanics(t, func() {
		cognitotest.NewServer(cognitotest.Config{ACRNames: [4]string{1: strings.Repeat("~", 64)}}).Close()
	})
}
