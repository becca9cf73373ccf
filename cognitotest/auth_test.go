package cognitotest_test

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

const verifier = types.ChallengeNameTypePasswordVerifier

func TestSignInWithEitherFlow(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, login, internal string
		cfg                   cognitotest.Config
	}{
		{"username", "ana", "ana", cognitotest.Config{}},
		{"e-mail alias", "ana@example.com", "ana", cognitotest.Config{AliasAttributes: []string{"email"}}},
		{"username beside aliases", "ana", "ana", cognitotest.Config{AliasAttributes: []string{"email"}}},
		{"e-mail as username", "ana@example.com", sub, cognitotest.Config{UsernameAttributes: []string{"email"}}},
		{"sub where the e-mail is the username", sub, sub, cognitotest.Config{UsernameAttributes: []string{"email"}}},
		{"another case", "ANA", "ana", cognitotest.Config{CaseInsensitive: true}},
	}
	for _, tt := range tests {
		for _, client := range []cognitotest.Client{allFlows(), withSecret()} {
			cfg := tt.cfg
			cfg.Clients = []cognitotest.Client{client}
			f := newFixture(t, cfg)
			a, err := f.startSRP(tt.login)
			require.NoError(t, err, tt.name)
			assert.Equal(t, tt.internal, a.params["USERNAME"])
			assert.Equal(t, tt.internal, a.params["USER_ID_FOR_SRP"])
			out, err := f.respond(verifier, "", f.answer(a, password, f.Now()))
			require.NoError(t, err, tt.name)
			assert.Equal(t, tt.internal, claims(t, *out.AuthenticationResult.AccessToken)["username"])

			byPassword, err := f.byPassword(tt.login, password)
			require.NoError(t, err, tt.name)
			assert.Equal(t, tt.internal, claims(t, *byPassword.AuthenticationResult.AccessToken)["username"])
			_, err = f.byPassword(tt.login, password+"x")
			refused(t, err, notAuthorized, wrongPassword)
			_, err = f.bySRP(tt.login, password+"x")
			refused(t, err, notAuthorized, wrongPassword)
		}
	}
}

func TestWhoIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{AliasAttributes: []string{"email", "phone_number", "preferred_username"}})
	f.AddUser(cognitotest.User{Username: "eve", Password: password, Attributes: map[string]string{
		"email": "eve@example.com", "phone_number": "+4912345678", "phone_number_verified": "true", "preferred_username": "evening",
	}})
	f.AddUser(cognitotest.User{Username: "new", Password: password, Status: "UNCONFIRMED", Attributes: map[string]string{"preferred_username": "newcomer"}})
	for login, found := range map[string]bool{
		"newcomer": false, // before it is confirmed
		"eve":      true, "EVE": false, "eve@example.com": false, "+4912345678": true, "evening": true, "nobody": false,
	} {
		_, err := f.byPassword(login, password)
		if found {
			require.NoError(t, err, login)
		} else {
			refused(t, err, "UserNotFoundException", "User does not exist.")
		}
		_, err = f.bySRP(login, password)
		assert.Equal(t, found, err == nil, login)
	}
	plain := newFixture(t, cognitotest.Config{})
	_, err := plain.byPassword("ana@example.com", password)
	refused(t, err, "UserNotFoundException", "User does not exist.")
}

// A client that stays on the machine's clock must be able to sign in after Advance.
func TestAdvanceDoesNotLockOutClientsOnTheRealClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.Advance(48 * time.Hour)
	a, err := f.startSRP("ana")
	require.NoError(t, err)
	_, err = f.respond(verifier, "", f.answer(a, password, time.Now()))
	require.NoError(t, err)
}

func TestHiddenUsers(t *testing.T) {
	t.Parallel()
	client := withSecret()
	client.PreventUserExistenceErrors = true
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	for range 3 {
		_, err := f.bySRP("nobody", password)
		refused(t, err, notAuthorized, wrongPassword)
	}
	_, err := f.byPassword("nobody", password)
	refused(t, err, notAuthorized, wrongPassword)
	nobody, err := f.startSRP("nobody")
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, nobody.params["USER_ID_FOR_SRP"])
	assert.Equal(t, nobody.params["USER_ID_FOR_SRP"], nobody.params["USERNAME"])
	somebody, err := f.startSRP("somebody")
	require.NoError(t, err)
	assert.NotEqual(t, nobody.params["SALT"], somebody.params["SALT"])
	assert.NotEqual(t, nobody.params["USERNAME"], somebody.params["USERNAME"])

	// Lock-out does not tell them from real users either.
	var genuine, madeUp error
	for range 6 {
		_, genuine = f.bySRP("ana", "wrong")
		_, madeUp = f.bySRP("somebody", "wrong")
	}
	refused(t, genuine, notAuthorized, "Password attempts exceeded")
	refused(t, madeUp, notAuthorized, "Password attempts exceeded")

	_, err = f.resend("nobody@example.com")
	require.NoError(t, err)
	refused(t, f.confirm("nobody", "123456"), "ExpiredCodeException", "Invalid code provided, please request a code again.")

	legacy := newFixture(t, cognitotest.Config{})
	_, err = legacy.bySRP("nobody", password)
	refused(t, err, "UserNotFoundException", "User does not exist.")
	_, err = legacy.resend("nobody")
	refused(t, err, "UserNotFoundException", "Username/client id combination not found.")
	refused(t, legacy.confirm("nobody", "123456"), "UserNotFoundException", "Username/client id combination not found.")
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for _, hidden := range []bool{false, true} {
		client := allFlows()
		client.PreventUserExistenceErrors = hidden
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		f.AddUser(cognitotest.User{Username: "new", Password: password, Status: "UNCONFIRMED"})
		f.AddUser(cognitotest.User{Username: "reset", Password: password, Status: "RESET_REQUIRED"})
		f.AddUser(cognitotest.User{Username: "off", Password: password, Disabled: true})
		for name, want := range map[string][2]string{
			"new":   {"UserNotConfirmedException", "User is not confirmed."},
			"reset": {"PasswordResetRequiredException", "Password reset required for the user"},
			"off":   {notAuthorized, "User is disabled."},
		} {
			_, err := f.byPassword(name, password)
			refused(t, err, want[0], want[1])
			_, err = f.bySRP(name, password)
			refused(t, err, want[0], want[1])
			_, err = f.startSRP(name)
			assert.Equal(t, name == "off" && !hidden, err != nil, "a disabled user is told before the proof, unless users are hidden")
			if name == "off" && !hidden {
				want[1] = "User is disabled."
			} else {
				want = [2]string{notAuthorized, wrongPassword} // nothing is told to who does not know the password
			}
			_, err = f.byPassword(name, "wrong")
			refused(t, err, want[0], want[1])
		}
		f.DisableUser("ana", true)
		_, err := f.byPassword("ana", password)
		refused(t, err, notAuthorized, "User is disabled.")
		f.DisableUser("ana", false)
		f.tokens()
	}
}

func TestSecretHashes(t *testing.T) {
	t.Parallel()
	const (
		missing  = "Client " + clientID + " is configured with secret but SECRET_HASH was not received"
		wrong    = "Unable to verify secret hash for client " + clientID
		mismatch = "SecretHash does not match for the client: " + clientID
	)
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{withSecret()}, AliasAttributes: []string{"email"}})
	good := f.tokens()
	bigA := srp.NewClient().PublicKey()
	hash := func(name string) string { return srp.SecretHash(name, clientID, secret) }
	for _, tt := range []struct {
		flow   types.AuthFlowType
		params map[string]string
		wrong  string
		hashed string // the name that the hash must be over
	}{
		{types.AuthFlowTypeUserSrpAuth, map[string]string{"USERNAME": "ana@example.com", "SRP_A": bigA}, wrong, "ana@example.com"},
		{types.AuthFlowTypeUserPasswordAuth, map[string]string{"USERNAME": "ana", "PASSWORD": password}, wrong, "ana"},
		{types.AuthFlowTypeRefreshTokenAuth, map[string]string{"REFRESH_TOKEN": *good.RefreshToken}, mismatch, "ana"},
	} {
		_, err := f.initiate(tt.flow, tt.params)
		refused(t, err, notAuthorized, missing)
		for _, bad := range []string{"x", hash("eve"), hash(strings.ToUpper(tt.hashed)), srp.SecretHash(tt.hashed, clientID, "another"), srp.SecretHash(tt.hashed, "another", secret)} {
			params := maps.Clone(tt.params)
			params["SECRET_HASH"] = bad
			_, err = f.initiate(tt.flow, params)
			refused(t, err, notAuthorized, tt.wrong)
		}
		tt.params["SECRET_HASH"] = hash(tt.hashed)
		_, err = f.initiate(tt.flow, tt.params)
		require.NoError(t, err)
	}

	a, err := f.startSRP("ana@example.com")
	require.NoError(t, err)
	params := f.answer(a, password, f.Now())
	delete(params, "SECRET_HASH")
	_, err = f.respond(verifier, "", params)
	refused(t, err, notAuthorized, missing)
	params["SECRET_HASH"] = hash("ana@example.com") // the alias's, where the answer names the user
	_, err = f.respond(verifier, "", params)
	refused(t, err, notAuthorized, wrong)

	public := newFixture(t, cognitotest.Config{})
	for _, unwanted := range []string{hash("ana"), srp.SecretHash("ana", clientID, "")} {
		_, err = public.initiate(types.AuthFlowTypeUserPasswordAuth, map[string]string{"USERNAME": "ana", "PASSWORD": password, "SECRET_HASH": unwanted})
		refused(t, err, notAuthorized, wrong)
	}
}

func TestFlowGate(t *testing.T) {
	t.Parallel()
	byDefault := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: clientID}}})
	_, err := byDefault.byPassword("ana", password)
	refused(t, err, badParameter, "USER_PASSWORD_AUTH flow not enabled for this client")
	_, err = byDefault.bySRP("ana", password)
	require.NoError(t, err)

	none := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: clientID, ExplicitAuthFlows: []string{}}}})
	_, err = none.bySRP("ana", password)
	refused(t, err, badParameter, "USER_SRP_AUTH is not enabled for the client.")
	_, err = none.initiate(types.AuthFlowTypeRefreshTokenAuth, map[string]string{"REFRESH_TOKEN": "x"})
	refused(t, err, badParameter, "REFRESH_TOKEN_AUTH flow not enabled for this client")
}

func TestNewPasswordRequired(t *testing.T) {
	t.Parallel()
	const challenge = types.ChallengeNameTypeNewPasswordRequired
	other := allFlows()
	other.ID = "2example23456789abcdefghij"
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), other}, RequiredAttributes: []string{"email", "name"}})
	begin := func(name string) string {
		f.AddUser(cognitotest.User{Username: name, Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD", Attributes: map[string]string{"email": name + "@example.com"}})
		out, err := f.byPassword(name, "Temporary-1")
		require.NoError(t, err)
		assert.Equal(t, challenge, out.ChallengeName)
		assert.Nil(t, out.AuthenticationResult)
		assert.Equal(t, name, out.ChallengeParameters["USER_ID_FOR_SRP"])
		var current map[string]string
		require.NoError(t, json.Unmarshal([]byte(out.ChallengeParameters["userAttributes"]), &current))
		assert.Equal(t, map[string]string{"email": name + "@example.com"}, current)
		assert.JSONEq(t, `["userAttributes.name"]`, out.ChallengeParameters["requiredAttributes"])
		assert.True(t, strings.HasPrefix(*out.Session, "AYABe"))
		return *out.Session
	}
	session := begin("new")
	answer := func(change map[string]string) map[string]string {
		params := map[string]string{"USERNAME": "new", "NEW_PASSWORD": "Permanent-1", "userAttributes.name": "New"}
		maps.Copy(params, change)
		return params
	}
	for name, tt := range map[string]struct {
		change        map[string]string
		kind, message string
	}{
		"weak":                {map[string]string{"NEW_PASSWORD": "weak"}, "InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		"none":                {map[string]string{"NEW_PASSWORD": ""}, badParameter, "Missing required parameter NEW_PASSWORD"},
		"required missing":    {map[string]string{"userAttributes.name": ""}, badParameter, "Attributes did not conform to the schema: name: The attribute is required\n"},
		"already there":       {map[string]string{"userAttributes.email": "x@example.com"}, notAuthorized, "Cannot modify an already provided email"},
		"verified by himself": {map[string]string{"userAttributes.email_verified": "true"}, notAuthorized, "A client attempted to write unauthorized attribute"},
		"no such attribute":   {map[string]string{"userAttributes.shoe": "42"}, badParameter, "user.shoe: Attribute does not exist in the schema.\n"},
		"another user":        {map[string]string{"USERNAME": "ana"}, notAuthorized, "Invalid session for the user."},
	} {
		_, err := f.respond(challenge, session, answer(tt.change))
		t.Log(name)
		refused(t, err, tt.kind, tt.message)
	}
	_, err := f.respond(challenge, session+"x", answer(nil))
	refused(t, err, notAuthorized, "Invalid session for the user.")
	_, err = f.respond(types.ChallengeNameTypeSmsMfa, session, answer(nil))
	refused(t, err, notAuthorized, "Invalid session for the user.")
	f.ClientID = other.ID
	_, err = f.respond(challenge, session, answer(nil))
	refused(t, err, notAuthorized, "Invalid session for the user.")
	f.ClientID = clientID

	out, err := f.respond(challenge, session, answer(nil)) // none of these spent it
	require.NoError(t, err)
	assert.Equal(t, "New", claims(t, *out.AuthenticationResult.IdToken)["name"])
	_, err = f.respond(challenge, session, answer(nil))
	refused(t, err, notAuthorized, "Invalid session for the user, session can only be used once.")
	_, err = f.bySRP("new", "Permanent-1")
	require.NoError(t, err)
	_, err = f.byPassword("new", "Temporary-1")
	refused(t, err, notAuthorized, wrongPassword)

	late := begin("late")
	f.Advance(3*time.Minute + time.Second)
	_, err = f.respond(challenge, late, answer(map[string]string{"USERNAME": "late"}))
	refused(t, err, notAuthorized, "Invalid session for the user, session is expired.")
}

func TestLockOutDoubles(t *testing.T) {
	t.Parallel()
	// The clock stands still but for Advance.
	start := time.Now()
	f := newFixture(t, cognitotest.Config{Now: func() time.Time { return start }})
	fail := func() {
		t.Helper()
		_, err := f.byPassword("ana", "wrong")
		refused(t, err, notAuthorized, wrongPassword)
	}
	locked := func(want bool) {
		t.Helper()
		_, err := f.byPassword("ana", "wrong")
		if want {
			refused(t, err, notAuthorized, "Password attempts exceeded")
		} else {
			refused(t, err, notAuthorized, wrongPassword)
		}
	}
	a, err := f.startSRP("ana")
	require.NoError(t, err)
	for range 5 {
		fail()
	}
	_, err = f.startSRP("ana")
	refused(t, err, notAuthorized, "Password attempts exceeded")
	_, err = f.respond(verifier, "", f.answer(a, password, start)) // begun before the lock-out
	refused(t, err, notAuthorized, "Password attempts exceeded")
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		f.Advance(wait*time.Second - time.Millisecond)
		locked(true)
		_, err := f.byPassword("ana", password) // the right one does not help
		refused(t, err, notAuthorized, "Password attempts exceeded")
		f.Advance(time.Millisecond)
		locked(false)
	}
	f.Advance(15*time.Minute + time.Second)
	f.tokens() // and a success ends the count
	for range 4 {
		fail()
	}
	f.tokens()
	for range 5 {
		fail()
	}
	locked(true)
	f.Advance(16 * time.Minute) // as do quiet minutes
	for range 5 {
		fail()
	}
	locked(true)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := f.bySRP("ana", password); err != nil {
				t.Error(err)
			}
			f.Requests()
			f.Advance(time.Millisecond)
			f.Code("ana")
			f.Token("ana", cognitotest.TokenOptions{})
		})
	}
	wg.Wait()
}

// adminBegin is AdminInitiateAuth.
func (f *fixture) adminBegin(flow string, pairs ...string) (step, error) {
	f.t.Helper()
	return f.step("AdminInitiateAuth", members{"AuthFlow": flow, "ClientId": f.ClientID, "AuthParameters": f.params(pairs...)})
}

// adminGoOn is AdminRespondToAuthChallenge.
func (f *fixture) adminGoOn(challenge, session string, pairs ...string) (step, error) {
	f.t.Helper()
	return f.step("AdminRespondToAuthChallenge", members{
		"ChallengeName": challenge, "ClientId": f.ClientID, "Session": session, "ChallengeResponses": f.params(pairs...),
	})
}

func TestAdminSignIn(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{"", secret} {
		c := everyFlow()
		c.Secret = hidden
		f := newFlows(t, cognitotest.Config{Clients: []cognitotest.Client{c}, Triggers: riddle()}, cognitotest.User{TOTPSecret: totpSecret})
		for _, flow := range []string{"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"} {
			asked, err := f.adminBegin(flow, "USERNAME", "bob", "PASSWORD", password)
			require.NoError(t, err)
			code := f.freshTOTP()
			_, err = f.goOn("SOFTWARE_TOKEN_MFA", asked.Session, "USERNAME", "bob", "SOFTWARE_TOKEN_MFA_CODE", code)
			refused(t, err, notAuthorized, badSession)
			out, err := f.adminGoOn("SOFTWARE_TOKEN_MFA", asked.Session, "USERNAME", "bob", "SOFTWARE_TOKEN_MFA_CODE", code)
			require.NoError(t, err)
			refreshed, err := f.adminBegin("REFRESH_TOKEN_AUTH", append([]string{"REFRESH_TOKEN", out.AuthenticationResult.RefreshToken}, hashPair(f)...)...)
			require.NoError(t, err)
			assert.Empty(t, refreshed.AuthenticationResult.RefreshToken)
			_, err = f.adminBegin(flow, "USERNAME", "bob", "PASSWORD", password+"x")
			refused(t, err, notAuthorized, wrongPassword)
		}
		a := &attempt{client: srp.NewClient()}
		asked, err := f.adminBegin("USER_SRP_AUTH", "USERNAME", "bob", "SRP_A", a.client.PublicKey())
		require.NoError(t, err)
		a.params = asked.ChallengeParameters
		answer := f.answer(a, password, f.Now())
		_, err = f.respond("PASSWORD_VERIFIER", "", answer)
		refused(t, err, notAuthorized, wrongPassword)
		out, err := f.step("AdminRespondToAuthChallenge", members{"ChallengeName": "PASSWORD_VERIFIER", "ClientId": clientID, "ChallengeResponses": answer})
		require.NoError(t, err)
		assert.Equal(t, "SOFTWARE_TOKEN_MFA", out.ChallengeName)

		asked, err = f.adminBegin("CUSTOM_AUTH", "USERNAME", "bob")
		require.NoError(t, err)
		_, err = f.adminGoOn("CUSTOM_CHALLENGE", asked.Session, "USERNAME", "bob", "ANSWER", "42")
		require.NoError(t, err)
		asked, err = f.adminBegin("USER_AUTH", "USERNAME", "bob")
		require.NoError(t, err)
		_, err = f.adminGoOn("PASSWORD", asked.Session, "USERNAME", "bob", "PASSWORD", password)
		require.NoError(t, err)
	}
}

// hashPair is the secret hash of bob as a parameter.
func hashPair(f *fixture) []string {
	if hash := f.hash("bob")["SECRET_HASH"]; hash != "" {
		return []string{"SECRET_HASH", hash}
	}
	return nil
}

func TestAdminSignInIsGated(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: clientID, ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}}}})
	for _, flow := range []string{
		"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "USER_SRP_AUTH", "CUSTOM_AUTH", "USER_AUTH", "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN",
	} {
		_, err := f.adminBegin(flow, "USERNAME", "ana", "PASSWORD", password)
		refused(t, err, badParameter, "Auth flow not enabled for this client")
	}
	_, err := f.adminBegin("USER_PASSWORD_AUTH", "USERNAME", "ana", "PASSWORD", password)
	refused(t, err, badParameter, "Initiate Auth method not supported.")
	_, err = f.begin("ADMIN_USER_PASSWORD_AUTH", "USERNAME", "ana", "PASSWORD", password)
	refused(t, err, badParameter, "Initiate Auth method not supported.")
	for flow, message := range map[string]string{
		"USER_SRP_AUTH": "USER_SRP_AUTH is not enabled for the client.", "CUSTOM_AUTH": "CUSTOM_AUTH is not enabled for the client.",
		"USER_AUTH": "USER_AUTH flow not enabled for this client",
	} {
		_, err := f.begin(flow, "USERNAME", "ana")
		refused(t, err, badParameter, message)
	}
	for _, op := range []string{"AdminInitiateAuth", "AdminRespondToAuthChallenge"} {
		resp, body := post(t, f, target+op, `{"UserPoolId":"us-east-1_Test00001"}`, nil)
		assert.Equal(t, 400, resp.StatusCode)
		assert.Contains(t, body, "MissingAuthenticationTokenException")
		resp, body = post(t, f, target+op, `{"UserPoolId":"us-east-1_Other","ClientId":"x","AuthFlow":"USER_SRP_AUTH","ChallengeName":"SMS_MFA"}`, map[string]string{"Authorization": "AWS4-HMAC-SHA256 x"})
		assert.Equal(t, 400, resp.StatusCode)
		assert.Contains(t, body, "User pool us-east-1_Other does not exist.")
	}
}

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
	for _, wait := range []time.Duration{3*time.Minute + time.Second, 2 * time.Hour} { // remembered, and forgotten
		f.Advance(wait)
		signUp("another") // forgets what is long past
		f.refuses("ConfirmSignUp", members{"ClientId": clientID, "Username": "slow", "ConfirmationCode": f.Code("slow"), "Session": slow},
			notAuthorized, badSession)
		f.must("AdminDeleteUser", members{"UserPoolId": f.UserPoolID, "Username": "another"})
	}
	confirmed := f.must("ConfirmSignUp", members{"ClientId": clientID, "Username": "slow", "ConfirmationCode": f.Code("slow")})
	assert.NotContains(t, confirmed, "Session")
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

func TestProofsThatAreRefused(t *testing.T) {
	t.Parallel()
	other := allFlows()
	other.ID = "2example23456789abcdefghij"
	tests := []struct {
		name          string
		change        func(f *fixture, params map[string]string)
		kind, message string
	}{
		{"wrong signature", func(_ *fixture, p map[string]string) { p["PASSWORD_CLAIM_SIGNATURE"] = "AAAA" }, notAuthorized, wrongPassword},
		{"signature that is no base64", func(_ *fixture, p map[string]string) { p["PASSWORD_CLAIM_SIGNATURE"] = "!" }, notAuthorized, wrongPassword},
		{"unknown block", func(_ *fixture, p map[string]string) { p["PASSWORD_CLAIM_SECRET_BLOCK"] = "AAAA" }, notAuthorized, wrongPassword},
		{"the alias for the username", func(_ *fixture, p map[string]string) { p["USERNAME"] = "ana@example.com" }, notAuthorized, wrongPassword},
		{"another user", func(_ *fixture, p map[string]string) { p["USERNAME"] = "eve" }, notAuthorized, wrongPassword},
		{"another client", func(f *fixture, _ map[string]string) { f.ClientID = other.ID }, notAuthorized, wrongPassword},
		{"late", func(f *fixture, _ map[string]string) { f.Advance(61 * time.Second) }, notAuthorized, wrongPassword},
		{"day of two digits", func(_ *fixture, p map[string]string) { p["TIMESTAMP"] = "Thu Jan 01 10:00:00 UTC 2026" }, badParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		{"24 o'clock", func(_ *fixture, p map[string]string) { p["TIMESTAMP"] = "Sat Feb 17 24:03:00 UTC 2024" }, badParameter, "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."},
		{"another time than was signed", func(f *fixture, p map[string]string) { p["TIMESTAMP"] = srp.Timestamp(f.Now().Add(7 * time.Second)) }, notAuthorized, wrongPassword},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{allFlows(), other}, AliasAttributes: []string{"email"}})
			f.AddUser(cognitotest.User{Username: "eve", Password: password})
			a, err := f.startSRP("ana@example.com")
			require.NoError(t, err)
			params := f.answer(a, password, f.Now())
			tt.change(f, params)
			_, err = f.respond(verifier, "", params)
			refused(t, err, tt.kind, tt.message)
		})
	}

	f := newFixture(t, cognitotest.Config{})
	a, err := f.startSRP("ana")
	require.NoError(t, err)
	f.Advance(time.Minute + time.Second)
	_, err = f.respond(verifier, "", f.answer(a, password, f.Now()))
	refused(t, err, notAuthorized, wrongPassword) // the challenge is over, whatever TIMESTAMP says
	for _, wrongBy := range []time.Duration{-time.Hour, 2 * time.Minute, 12 * time.Hour, -20 * 365 * 24 * time.Hour} {
		a, err = f.startSRP("ana")
		require.NoError(t, err)
		_, err = f.respond(verifier, "", f.answer(a, password, f.Now().Add(wrongBy)))
		require.NoError(t, err, "a clock that is off by %v", wrongBy)
	}
	_, err = f.respond(verifier, "", f.answer(a, password, f.Now()))
	refused(t, err, notAuthorized, wrongPassword) // the block is spent
}

func TestPublicKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	for _, bigA := range []string{"0", "00", "xyz", strings.Repeat("f", 4096)} {
		_, err := f.initiate(types.AuthFlowTypeUserSrpAuth, map[string]string{"USERNAME": "ana", "SRP_A": bigA})
		require.ErrorContains(t, err, badParameter)
		require.ErrorContains(t, err, "SRP_A")
	}
}

func TestSaltIsTheUsersAndBIsFresh(t *testing.T) {
	t.Parallel()
	for _, login := range []string{"ana", "nobody"} { // who does not exist looks just the same
		client := allFlows()
		client.PreventUserExistenceErrors = true
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		first, err := f.startSRP(login)
		require.NoError(t, err)
		second, err := f.startSRP(login)
		require.NoError(t, err)
		assert.Equal(t, first.params["SALT"], second.params["SALT"])
		assert.Equal(t, first.params["USER_ID_FOR_SRP"], second.params["USER_ID_FOR_SRP"])
		assert.NotEqual(t, first.params["SRP_B"], second.params["SRP_B"])
		assert.NotEqual(t, first.params["SECRET_BLOCK"], second.params["SECRET_BLOCK"])
		assert.InDelta(t, 32, len(first.params["SALT"]), 4)
		assert.InDelta(t, 768, len(first.params["SRP_B"]), 6)
		assert.Len(t, first.params["SECRET_BLOCK"], 1600)

		other := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		elsewhere, err := other.startSRP(login)
		require.NoError(t, err)
		assert.NotEqual(t, first.params["SALT"], elsewhere.params["SALT"])
	}
}

// In a pool that takes NOB for nob, a user who does not exist must not answer to the two as
// different users.
func TestHiddenUsersHaveOneNameInAnyCase(t *testing.T) {
	t.Parallel()
	client := allFlows()
	client.PreventUserExistenceErrors = true
	for _, insensitive := range []bool{true, false} {
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}, CaseInsensitive: insensitive})
		lower, err := f.startSRP("nob@example.com")
		require.NoError(t, err)
		upper, err := f.startSRP("NOB@example.com")
		require.NoError(t, err)
		for _, param := range []string{"SALT", "USERNAME", "USER_ID_FOR_SRP"} {
			assert.Equal(t, insensitive, lower.params[param] == upper.params[param], param)
		}
		for _, ask := range []func(username string) string{f.recoveryAddress, f.resentAddress} {
			assert.Equal(t, insensitive, ask("nob@example.com") == ask("NOB@example.com"))
		}
	}
}

func (f *fixture) recoveryAddress(username string) string {
	f.t.Helper()
	out, err := f.sdk.ForgotPassword(f.t.Context(), &cip.ForgotPasswordInput{ClientId: aws.String(f.ClientID), Username: aws.String(username)})
	require.NoError(f.t, err)
	return aws.ToString(out.CodeDeliveryDetails.Destination)
}

func (f *fixture) resentAddress(username string) string {
	f.t.Helper()
	out, err := f.resend(username)
	require.NoError(f.t, err)
	return aws.ToString(out.CodeDeliveryDetails.Destination)
}
