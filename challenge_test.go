package cognito_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestChallengesComeBackAsErrors(t *testing.T) {
	t.Parallel()
	sentinels := []error{
		cognito.ErrMFARequired, cognito.ErrSMSMFARequired, cognito.ErrSoftwareTokenMFARequired, cognito.ErrEmailOTPRequired,
		cognito.ErrSMSOTPRequired, cognito.ErrMFASetupRequired, cognito.ErrSelectMFATypeRequired, cognito.ErrNewPasswordRequired,
		cognito.ErrCustomChallengeRequired, cognito.ErrSelectChallengeRequired, cognito.ErrWebAuthnRequired,
	}
	tests := map[string][]error{
		"SMS_MFA":               {cognito.ErrMFARequired, cognito.ErrSMSMFARequired},
		"SOFTWARE_TOKEN_MFA":    {cognito.ErrMFARequired, cognito.ErrSoftwareTokenMFARequired},
		"EMAIL_OTP":             {cognito.ErrMFARequired, cognito.ErrEmailOTPRequired},
		"SELECT_MFA_TYPE":       {cognito.ErrMFARequired, cognito.ErrSelectMFATypeRequired},
		"SMS_OTP":               {cognito.ErrSMSOTPRequired},
		"MFA_SETUP":             {cognito.ErrMFASetupRequired},
		"NEW_PASSWORD_REQUIRED": {cognito.ErrNewPasswordRequired},
		"CUSTOM_CHALLENGE":      {cognito.ErrCustomChallengeRequired},
		"SELECT_CHALLENGE":      {cognito.ErrSelectChallengeRequired},
		"WEB_AUTHN":             {cognito.ErrWebAuthnRequired},
		"DEVICE_SRP_AUTH":       nil,
		"OF_THE_YEAR_2031":      nil,
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := newClient(t, srv, cognito.WithUsername("bob@example.com"))
			answer(srv, "InitiateAuth", http.StatusOK, map[string]any{
				"ChallengeName": name, "Session": "session-of-twenty-characters",
				"ChallengeParameters": map[string]string{"USER_ID_FOR_SRP": "bob", "HINT": "x"},
			})
			err := c.Authenticate(t.Context(), testPassword)
			for _, sentinel := range sentinels {
				matches := false
				for _, w := range want {
					matches = matches || w == sentinel //nolint:errorlint // sentinels themselves are compared
				}
				assert.Equal(t, matches, errorIs(err, sentinel), sentinel)
			}
			var challenge *cognito.ChallengeError
			require.ErrorAs(t, err, &challenge)
			wantChallenge := cognito.Challenge{
				Name: types.ChallengeNameType(name), Session: "session-of-twenty-characters", Username: "bob",
				Parameters: map[string]string{"USER_ID_FOR_SRP": "bob", "HINT": "x"}, Unproven: true,
			}
			assert.Equal(t, wantChallenge, challenge.Challenge)
			pending, ok := c.Challenge()
			assert.True(t, ok)
			assert.Equal(t, wantChallenge, pending)
			assert.Contains(t, err.Error(), name)
			assert.NotContains(t, err.Error(), "session-of-twenty-characters")
		})
	}
}

func TestRespondToChallenge(t *testing.T) {
	t.Parallel()
	for _, client := range []cognitotest.Client{{ID: testClient}, secretClient()} {
		srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}, AliasAttributes: []string{"email"}})
		srv.AddUser(cognitotest.User{
			Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD",
			Attributes: map[string]string{"email": "carol@example.com", "email_verified": "true"},
		})
		first := newClient(t, srv, cognito.WithUsername("carol@example.com"))
		err := first.Authenticate(t.Context(), "Temporary-1")
		require.ErrorIs(t, err, cognito.ErrNewPasswordRequired)
		var challenge *cognito.ChallengeError
		require.ErrorAs(t, err, &challenge)

		stored, err := json.Marshal(challenge.Challenge)
		require.NoError(t, err)
		var loaded cognito.Challenge
		require.NoError(t, json.Unmarshal(stored, &loaded))
		assert.Equal(t, challenge.Challenge, loaded)

		other := newClient(t, srv).ForUser("", cognito.WithChallenge(loaded))
		err = other.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "weak"})
		require.ErrorIs(t, err, cognito.ErrInvalidPassword)
		_, pending := other.Challenge()
		assert.True(t, pending, "the challenge can be answered again")

		require.NoError(t, other.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "Permanent-1"}))
		assert.Equal(t, "carol", other.AccessClaims().Username)
		_, pending = other.Challenge()
		assert.False(t, pending)
		require.ErrorIs(t, other.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "Permanent-2"}), cognito.ErrNoChallenge)

		// The first session still holds the challenge, whose session is spent.
		err = first.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "Permanent-2"})
		require.ErrorIs(t, err, cognito.ErrSessionExpired)
		_, pending = first.Challenge()
		assert.False(t, pending)

		require.NoError(t, newClient(t, srv, cognito.WithUsername("carol")).Authenticate(t.Context(), "Permanent-1"))
	}
}

// Every challenge that the SDK knows has a method of its own, but for those that need no caller.
func TestEveryChallengeHasAResponder(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	responders := map[string]func(*cognito.Cognito) error{
		"RespondToSMSMFAChallenge":           func(c *cognito.Cognito) error { return c.RespondToSMSMFAChallenge(ctx, "1") },
		"RespondToSoftwareTokenMFAChallenge": func(c *cognito.Cognito) error { return c.RespondToSoftwareTokenMFAChallenge(ctx, "1") },
		"RespondToEmailOTPChallenge":         func(c *cognito.Cognito) error { return c.RespondToEmailOTPChallenge(ctx, "1") },
		"RespondToSMSOTPChallenge":           func(c *cognito.Cognito) error { return c.RespondToSMSOTPChallenge(ctx, "1") },
		"RespondToNewPasswordChallenge":      func(c *cognito.Cognito) error { return c.RespondToNewPasswordChallenge(ctx, "1", nil) },
		"RespondToCustomChallenge":           func(c *cognito.Cognito) error { return c.RespondToCustomChallenge(ctx, "1") },
		"RespondToPasswordChallenge":         func(c *cognito.Cognito) error { return c.RespondToPasswordChallenge(ctx, "1") },
		"RespondToWebAuthnChallenge":         func(c *cognito.Cognito) error { return c.RespondToWebAuthnChallenge(ctx, []byte("{}")) },
		"SelectMFAType":                      func(c *cognito.Cognito) error { return c.SelectMFAType(ctx, "SMS_MFA") },
		"SelectChallenge":                    func(c *cognito.Cognito) error { return c.SelectChallenge(ctx, "EMAIL_OTP") },
		"SetupEmailMFA":                      func(c *cognito.Cognito) error { return c.SetupEmailMFA(ctx, "bob@example.com") },
	}
	want := map[types.ChallengeNameType]string{
		"SMS_MFA": "RespondToSMSMFAChallenge", "SOFTWARE_TOKEN_MFA": "RespondToSoftwareTokenMFAChallenge",
		"EMAIL_OTP": "RespondToEmailOTPChallenge", "SMS_OTP": "RespondToSMSOTPChallenge",
		"NEW_PASSWORD_REQUIRED": "RespondToNewPasswordChallenge", "CUSTOM_CHALLENGE": "RespondToCustomChallenge",
		"PASSWORD": "RespondToPasswordChallenge", "PASSWORD_SRP": "RespondToPasswordChallenge",
		"ADMIN_NO_SRP_AUTH": "RespondToPasswordChallenge", "WEB_AUTHN": "RespondToWebAuthnChallenge",
		"SELECT_MFA_TYPE": "SelectMFAType", "SELECT_CHALLENGE": "SelectChallenge", "MFA_SETUP": "SetupEmailMFA",
		"PASSWORD_VERIFIER": "", "DEVICE_SRP_AUTH": "", "DEVICE_PASSWORD_VERIFIER": "", // answered by the sign-in itself
	}
	srv := newServer(t, cognitotest.Config{})
	for _, name := range types.ChallengeNameType("").Values() {
		responder, known := want[name]
		assert.True(t, known, "the SDK has a new challenge: %s", name)
		for method, call := range responders {
			c := newClient(t, srv, cognito.WithChallenge(cognito.Challenge{Name: name, Username: "bob", Session: "session-of-twenty-characters"}))
			before := len(serviceCalls(srv))
			require.Error(t, call(c))
			sent := serviceCalls(srv)[before:]
			if method != responder {
				assert.Empty(t, sent, "%s takes %s", method, name)
				continue
			}
			require.Len(t, sent, 1, "%s does not take %s", method, name)
			assert.Equal(t, string(name), sent[0].Body["ChallengeName"])
		}
	}
}
