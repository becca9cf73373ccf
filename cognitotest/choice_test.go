package cognitotest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

func allFirstFactors() cognitotest.Config {
	return cognitotest.Config{
		FirstFactors: []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}, WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "example.com"},
	}
}

// choose is USER_AUTH for bob.
func (f *fixture) choose(pairs ...string) step {
	f.t.Helper()
	out, err := f.begin("USER_AUTH", append([]string{"USERNAME", "bob"}, pairs...)...)
	require.NoError(f.t, err)
	return out
}

// What is offered to whom.
func TestOfferedFactors(t *testing.T) {
	t.Parallel()
	passwords := []string{"PASSWORD_SRP", "PASSWORD"}
	all := allFirstFactors()
	required := all
	required.MFA = "ON"
	for _, tt := range []struct {
		cfg  cognitotest.Config
		user cognitotest.User
		want []string
	}{
		{cognitotest.Config{}, cognitotest.User{Attributes: addresses()}, passwords},
		{all, cognitotest.User{}, passwords},
		{all, cognitotest.User{Attributes: addresses()}, append(passwords[:2:2], "EMAIL_OTP", "SMS_OTP")},
		{all, cognitotest.User{Attributes: addresses(), TOTPSecret: totpSecret}, passwords},
		{all, cognitotest.User{Attributes: addresses(), Status: "FORCE_CHANGE_PASSWORD"}, passwords},
		{required, cognitotest.User{Attributes: addresses()}, passwords},
	} {
		f := newFlows(t, tt.cfg, tt.user)
		out := f.choose()
		assert.Equal(t, "SELECT_CHALLENGE", out.ChallengeName)
		assert.Equal(t, tt.want, out.AvailableChallenges)
		assert.Empty(t, out.ChallengeParameters)
		assert.Equal(t, "SELECT_CHALLENGE", f.choose("PREFERRED_CHALLENGE", "WEB_AUTHN").ChallengeName, "what the user cannot do")
	}
}

func TestPreferredFactors(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{Attributes: addresses()})
	assert.NotNil(t, f.choose("PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password).AuthenticationResult)
	_, err := f.begin("USER_AUTH", "USERNAME", "bob", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password+"x")
	refused(t, err, notAuthorized, wrongPassword)
	_, err = f.begin("USER_AUTH", "USERNAME", "bob", "PREFERRED_CHALLENGE", "PASSWORD")
	refused(t, err, badParameter, "Missing required parameter PASSWORD")
	_, err = f.begin("USER_AUTH", "USERNAME", "bob", "PREFERRED_CHALLENGE", "PASSWORD_SRP")
	refused(t, err, badParameter, "Missing required parameter SRP_A")

	for _, factor := range []string{"EMAIL_OTP", "SMS_OTP"} {
		out := f.choose("PREFERRED_CHALLENGE", factor)
		assert.Equal(t, factor, out.ChallengeName)
		assert.Equal(t, []string{factor}, out.AvailableChallenges)
		assert.Equal(t, "bob", out.ChallengeParameters["USER_ID_FOR_SRP"])
		code := f.Code("bob")
		assert.Len(t, code, 8)
		f.refusesAnswer(factor, out.Session, "CodeMismatchException", badCode, factor+"_CODE", "0")
		f.mustGoOn(factor, out.Session, factor+"_CODE", code)
		f.refusesAnswer(factor, out.Session, notAuthorized, spentSession, factor+"_CODE", code)
	}
}

func TestChoiceBySRP(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{TOTPSecret: totpSecret})
	for _, begin := range []func(a string) step{
		func(a string) step { return f.choose("PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", a) },
		func(a string) step {
			return f.mustGoOn("SELECT_CHALLENGE", f.choose().Session, "ANSWER", "PASSWORD_SRP", "SRP_A", a)
		},
		func(a string) step { return f.mustGoOn("PASSWORD_SRP", f.choose().Session, "SRP_A", a) },
	} {
		a := &attempt{client: srp.NewClient()}
		asked := begin(a.client.PublicKey())
		assert.Equal(t, "PASSWORD_VERIFIER", asked.ChallengeName)
		a.params = asked.ChallengeParameters
		answer := f.answer(a, password, f.Now())
		_, err := f.respond("PASSWORD_VERIFIER", "", answer)
		refused(t, err, badParameter, "Missing required parameter Session")
		out, err := f.respond("PASSWORD_VERIFIER", asked.Session, answer)
		require.NoError(t, err)
		assert.Equal(t, "SOFTWARE_TOKEN_MFA", string(out.ChallengeName))
		f.mustGoOn("SOFTWARE_TOKEN_MFA", *out.Session, "SOFTWARE_TOKEN_MFA_CODE", f.freshTOTP())
	}
}

func TestSelectChallenge(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{Attributes: addresses()})
	session := f.choose().Session
	f.refusesAnswer("SELECT_CHALLENGE", session, badParameter, "Missing required parameter ANSWER")
	f.refusesAnswer("SELECT_CHALLENGE", session, badParameter, "The challenge that was selected is not available.", "ANSWER", "WEB_AUTHN")
	f.refusesAnswer("WEB_AUTHN", session, badParameter, "The challenge that was selected is not available.", "CREDENTIAL", "{}")
	f.refusesAnswer("PASSWORD", session, badParameter, "Missing required parameter PASSWORD")
	f.refusesAnswer("PASSWORD", session, notAuthorized, wrongPassword, "PASSWORD", password+"x")
	f.refusesAnswer("EMAIL_OTP", session, notAuthorized, badSession, "EMAIL_OTP_CODE", "12345678")
	f.mustGoOn("PASSWORD", session, "PASSWORD", password)
	f.refusesAnswer("PASSWORD", session, notAuthorized, spentSession, "PASSWORD", password)

	f.mustGoOn("SELECT_CHALLENGE", f.choose().Session, "ANSWER", "PASSWORD", "PASSWORD", password)

	asked := f.mustGoOn("SELECT_CHALLENGE", f.choose().Session, "ANSWER", "PASSWORD")
	assert.Equal(t, "PASSWORD", asked.ChallengeName)
	f.mustGoOn("PASSWORD", asked.Session, "PASSWORD", password)

	asked = f.mustGoOn("SELECT_CHALLENGE", f.choose().Session, "ANSWER", "SMS_OTP")
	assert.Equal(t, "SMS_OTP", asked.ChallengeName)
	assert.Nil(t, asked.AvailableChallenges, "that operation does not have them")
	f.mustGoOn("SMS_OTP", asked.Session, "SMS_OTP_CODE", f.Code("bob"))
}

func TestChoiceKeepsTheAlias(t *testing.T) {
	t.Parallel()
	cfg := allFirstFactors()
	cfg.AliasAttributes = []string{"email"}
	c := everyFlow()
	c.Secret = secret
	cfg.Clients = []cognitotest.Client{c}
	f := newFlows(t, cfg, cognitotest.User{Attributes: addresses()})
	for _, name := range []string{"bob", "bob@example.com"} {
		asked, err := f.begin("USER_AUTH", "USERNAME", "bob@example.com")
		require.NoError(t, err)
		asked, err = f.goOn("SELECT_CHALLENGE", asked.Session, "USERNAME", name, "ANSWER", "EMAIL_OTP")
		require.NoError(t, err)
		_, err = f.goOn("EMAIL_OTP", asked.Session, "USERNAME", name, "EMAIL_OTP_CODE", f.Code("bob"))
		require.NoError(t, err)
	}
	asked, err := f.begin("USER_AUTH", "USERNAME", "bob@example.com")
	require.NoError(t, err)
	_, err = f.goOn("SELECT_CHALLENGE", asked.Session, "USERNAME", "ana@example.com", "ANSWER", "EMAIL_OTP")
	refused(t, err, notAuthorized, badSession)
}

func TestChoiceConfirmsAUser(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{Status: "UNCONFIRMED", Attributes: map[string]string{"email": "bob@example.com"}})
	_, err := f.begin("USER_AUTH", "USERNAME", "bob", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, "UserNotConfirmedException", "User is not confirmed.")
	out := f.choose("PREFERRED_CHALLENGE", "EMAIL_OTP")
	f.mustGoOn("EMAIL_OTP", out.Session, "EMAIL_OTP_CODE", f.Code("bob"))
	assert.Equal(t, "CONFIRMED", f.status("bob"))
	_, got := f.user("bob")
	assert.Equal(t, "true", got["email_verified"])
}

func TestChoiceHidesUsers(t *testing.T) {
	t.Parallel()
	cfg := allFirstFactors()
	open := newFlows(t, cfg, cognitotest.User{})
	_, err := open.begin("USER_AUTH", "USERNAME", "nobody@example.com")
	refused(t, err, "UserNotFoundException", noUser)
	c := everyFlow()
	c.PreventUserExistenceErrors = true
	cfg.Clients = []cognitotest.Client{c}
	f := newFlows(t, cfg, cognitotest.User{})
	for _, preferred := range []string{"", "EMAIL_OTP", "WEB_AUTHN"} {
		out, err := f.begin("USER_AUTH", "USERNAME", "nobody@example.com", "PREFERRED_CHALLENGE", preferred)
		require.NoError(t, err)
		assert.Equal(t, "EMAIL_OTP", out.ChallengeName)
		assert.Equal(t, []string{"EMAIL_OTP"}, out.AvailableChallenges)
		assert.Equal(t, "n***@e***", out.ChallengeParameters["CODE_DELIVERY_DESTINATION"])
		name := out.ChallengeParameters["USER_ID_FOR_SRP"]
		assert.Len(t, name, 36)
		_, err = f.goOn("EMAIL_OTP", out.Session, "USERNAME", name, "EMAIL_OTP_CODE", "12345678")
		refused(t, err, "CodeMismatchException", badCode)
	}
	_, err = f.begin("USER_AUTH", "USERNAME", "nobody", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	refused(t, err, notAuthorized, wrongPassword)
	a := srp.NewClient()
	out, err := f.begin("USER_AUTH", "USERNAME", "nobody", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", a.PublicKey())
	require.NoError(t, err)
	answer := f.answer(&attempt{client: a, params: out.ChallengeParameters}, password, f.Now())
	_, err = f.respond("PASSWORD_VERIFIER", out.Session, answer)
	refused(t, err, notAuthorized, wrongPassword)

	only := newFlows(t, cognitotest.Config{Clients: []cognitotest.Client{c}}, cognitotest.User{})
	out, err = only.begin("USER_AUTH", "USERNAME", "nobody")
	require.NoError(t, err)
	assert.Equal(t, []string{"PASSWORD_SRP", "PASSWORD"}, out.AvailableChallenges)
	_, err = only.goOn("PASSWORD", out.Session, "USERNAME", "nobody", "PASSWORD", password)
	refused(t, err, notAuthorized, wrongPassword)
}

func TestSignInAfterSignUp(t *testing.T) {
	t.Parallel()
	f := newFlows(t, allFirstFactors(), cognitotest.User{})
	signUp := func(name string) string {
		out := f.must("SignUp", members{"ClientId": clientID, "Username": name, "UserAttributes": attributes("email", name+"@example.com")})
		return out["Session"].(string)
	}
	confirm := func(name, session string) members {
		return f.must("ConfirmSignUp", members{"ClientId": clientID, "Username": name, "ConfirmationCode": f.Code(name), "Session": session})
	}
	start := func(name, session string) (step, error) {
		return f.step("InitiateAuth", members{
			"AuthFlow": "USER_AUTH", "ClientId": clientID, "Session": session, "AuthParameters": map[string]string{"USERNAME": name},
		})
	}
	first := signUp("new")
	_, err := start("new", first)
	refused(t, err, notAuthorized, badSession)
	f.refuses("ConfirmSignUp", members{"ClientId": clientID, "Username": "new", "ConfirmationCode": f.Code("new"), "Session": signUp("other")},
		notAuthorized, badSession)
	second := confirm("new", first)["Session"].(string)
	_, err = start("bob", second)
	refused(t, err, notAuthorized, badSession)
	out, err := start("new", second)
	require.NoError(t, err)
	assert.NotNil(t, out.AuthenticationResult)
	_, err = start("new", second)
	refused(t, err, notAuthorized, spentSession)

	late := confirm("late", signUp("late"))["Session"].(string)
	f.Advance(3*time.Minute + time.Second)
	_, err = start("late", late)
	refused(t, err, notAuthorized, expiredSession)
	slow := signUp("slow")
	f.Advance(3*time.Minute + time.Second)
	assert.NotContains(t, confirm("slow", slow), "Session")
	f.must("SignUp", members{"ClientId": clientID, "Username": "plain", "Password": password})

	_, err = f.begin("USER_PASSWORD_AUTH", "USERNAME", "new", "PASSWORD", "x")
	refused(t, err, notAuthorized, wrongPassword)
	_, err = f.bySRP("new", password)
	refused(t, err, notAuthorized, wrongPassword)
}

// Who may sign up without a password, and who gets a session.
func TestSignUpForChoice(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	out := f.must("SignUp", members{"ClientId": clientID, "Username": "new", "Password": password})
	assert.NotContains(t, out, "Session")
	_, err := f.call("SignUp", members{"ClientId": clientID, "Username": "newer"})
	require.ErrorContains(t, err, "password")
	with := newFixture(t, allFirstFactors())
	_, err = with.call("SignUp", members{"ClientId": clientID, "Username": "newer"})
	require.ErrorContains(t, err, "InvalidPasswordException", "the client has no USER_AUTH")
}
