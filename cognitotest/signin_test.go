package cognitotest_test

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

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
	for login, found := range map[string]bool{
		"eve": true, "EVE": false, "eve@example.com": false, "+4912345678": true, "evening": true, "nobody": false,
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
		for _, bad := range []string{"x", hash("eve"), srp.SecretHash(tt.hashed, clientID, "another"), srp.SecretHash(tt.hashed, "another", secret)} {
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
	refused(t, err, badParameter, "USER_SRP_AUTH flow not enabled for this client")
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
