package cognitotest_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// everyFlow is an app client that allows all flows.
func everyFlow() cognitotest.Client {
	return cognitotest.Client{ID: clientID, ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH",
		"ALLOW_REFRESH_TOKEN_AUTH",
	}}
}

const (
	phone      = "+12065550100"
	totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

	badSession     = "Invalid session for the user."
	spentSession   = "Invalid session for the user, session can only be used once."
	expiredSession = "Invalid session for the user, session is expired."
	badCode        = "Invalid code or auth state for the user."
	badTOTP        = "Invalid code received for user"
	lockedOut      = "Password attempts exceeded"
)

// newFlows is a fixture whose client allows all flows, with the user bob, who has what user says.
func newFlows(t *testing.T, cfg cognitotest.Config, user cognitotest.User) *fixture {
	t.Helper()
	if cfg.Clients == nil {
		cfg.Clients = []cognitotest.Client{everyFlow()}
	}
	f := newFixture(t, cfg)
	user.Username = "bob"
	if user.Password == "" {
		user.Password = password
	}
	f.AddUser(user)
	return f
}

// addresses are the attributes of a user with both.
func addresses() map[string]string {
	return map[string]string{"email": "bob@example.com", "email_verified": "true", "phone_number": phone}
}

// step is an answer of one of the four operations of a sign-in.
type step struct {
	ChallengeName        string
	Session              string
	ChallengeParameters  map[string]string
	AvailableChallenges  []string
	AuthenticationResult *struct {
		AccessToken       string
		IDToken           string `json:"IdToken"`
		RefreshToken      string
		NewDeviceMetadata *struct{ DeviceKey, DeviceGroupKey string }
	}
}

func (f *fixture) step(op string, in members) (step, error) {
	f.t.Helper()
	var s step
	out, err := f.call(op, in)
	if err != nil {
		return s, err
	}
	raw, err := json.Marshal(out)
	require.NoError(f.t, err)
	require.NoError(f.t, json.Unmarshal(raw, &s))
	assert.NotEqual(f.t, s.ChallengeName == "", s.AuthenticationResult == nil, "a challenge or tokens, never both: %v", out)
	return s, nil
}

// params makes a map of keys and values by turns, with the secret hash of the USERNAME among them.
func (f *fixture) params(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	if name := m["USERNAME"]; name != "" {
		maps.Copy(m, f.hash(name))
	}
	return m
}

// begin is InitiateAuth.
func (f *fixture) begin(flow string, pairs ...string) (step, error) {
	f.t.Helper()
	return f.step("InitiateAuth", members{"AuthFlow": flow, "ClientId": f.ClientID, "AuthParameters": f.params(pairs...)})
}

// goOn is RespondToAuthChallenge.
func (f *fixture) goOn(challenge, session string, pairs ...string) (step, error) {
	f.t.Helper()
	return f.step("RespondToAuthChallenge", members{
		"ChallengeName": challenge, "ClientId": f.ClientID, "Session": session, "ChallengeResponses": f.params(pairs...),
	})
}

// mustBegin begins with bob's password and returns what is asked next.
func (f *fixture) mustBegin(pairs ...string) step {
	f.t.Helper()
	out, err := f.begin("USER_PASSWORD_AUTH", append([]string{"USERNAME", "bob", "PASSWORD", password}, pairs...)...)
	require.NoError(f.t, err)
	return out
}

// mustGoOn answers for bob, rightly.
func (f *fixture) mustGoOn(challenge, session string, pairs ...string) step {
	f.t.Helper()
	out, err := f.goOn(challenge, session, append([]string{"USERNAME", "bob"}, pairs...)...)
	require.NoError(f.t, err)
	return out
}

// refusesAnswer answers for bob, wrongly.
func (f *fixture) refusesAnswer(challenge, session, kind, message string, pairs ...string) {
	f.t.Helper()
	_, err := f.goOn(challenge, session, append([]string{"USERNAME", "bob"}, pairs...)...)
	refused(f.t, err, kind, message)
}

// freshTOTP is a code of bob's software token that was not used yet.
func (f *fixture) freshTOTP() string {
	f.Advance(30e9)
	return f.TOTP("bob")
}
