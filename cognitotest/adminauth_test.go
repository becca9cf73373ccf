package cognitotest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

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
	for _, flow := range []string{"USER_SRP_AUTH", "CUSTOM_AUTH", "USER_AUTH"} {
		_, err := f.begin(flow, "USERNAME", "ana")
		refused(t, err, badParameter, flow+" flow not enabled for this client")
	}
	for _, op := range []string{"AdminInitiateAuth", "AdminRespondToAuthChallenge"} {
		resp, body := post(t, f, target+op, `{"UserPoolId":"us-east-1_Test00001"}`, nil)
		assert.Equal(t, 400, resp.StatusCode)
		assert.Contains(t, body, "MissingAuthenticationTokenException")
		resp, body = post(t, f, target+op, `{"UserPoolId":"us-east-1_Other"}`, map[string]string{"Authorization": "AWS4-HMAC-SHA256 x"})
		assert.Equal(t, 400, resp.StatusCode)
		assert.Contains(t, body, "User pool us-east-1_Other does not exist.")
	}
}
