package cognito_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// answer makes srv give body as the answer to op, with the values of the real answer where fn keeps
// them.
func answer(srv *cognitotest.Server, op string, status int, body any) {
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+op) {
			return false
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		if text, ok := body.(string); ok {
			_, _ = w.Write([]byte(text))
			return true
		}
		_ = json.NewEncoder(w).Encode(body)
		return true
	})
}

func verifierChallenge(change map[string]string) map[string]any {
	params := map[string]string{
		"SALT": "9ed2a1b3", "SRP_B": "a03f17", "SECRET_BLOCK": base64.StdEncoding.EncodeToString([]byte("block")),
		"USERNAME": "bob", "USER_ID_FOR_SRP": "bob",
	}
	for key, value := range change {
		params[key] = value
		if value == "-" {
			delete(params, key)
		}
	}
	return map[string]any{"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": params}
}

const primeN = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("a", 3<<20)
	tests := []struct {
		name, op string
		body     any
		want     string
	}{
		{"nothing", "InitiateAuth", map[string]any{}, "want tokens or a challenge"},
		{"nothing after the proof", "RespondToAuthChallenge", map[string]any{}, "want tokens or a challenge"},
		{"an empty result", "InitiateAuth", map[string]any{"AuthenticationResult": map[string]any{}}, "access token"},
		{"a result with an ID token only", "RespondToAuthChallenge", map[string]any{"AuthenticationResult": map[string]any{"IdToken": "x"}}, "access token"},
		{"garbage tokens", "RespondToAuthChallenge", map[string]any{"AuthenticationResult": map[string]any{"AccessToken": "garbage"}}, "malformed"},
		{"HTML", "InitiateAuth", "<html>", "InitiateAuth"},
		{"a list", "InitiateAuth", "[]", "InitiateAuth"},
		{"no parameters", "InitiateAuth", map[string]any{"ChallengeName": "PASSWORD_VERIFIER"}, "USER_ID_FOR_SRP"},
		{"no USER_ID_FOR_SRP", "InitiateAuth", verifierChallenge(map[string]string{"USER_ID_FOR_SRP": "-"}), "USER_ID_FOR_SRP"},
		{"no SRP_B", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": "-"}), "SRP_B"},
		{"SRP_B is not hex", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": "xyz"}), "SRP_B"},
		{"SRP_B is negative", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": "-1"}), "SRP_B"},
		{"SRP_B is 0", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": "0"}), "SRP_B"},
		{"SRP_B is N", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": primeN}), "SRP_B"},
		{"SRP_B of 3 MB", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": huge}), "SRP_B"},
		{"no SALT", "InitiateAuth", verifierChallenge(map[string]string{"SALT": "-"}), "SALT"},
		{"SALT is not hex", "InitiateAuth", verifierChallenge(map[string]string{"SALT": "salt"}), "SALT"},
		{"SALT of 3 MB", "InitiateAuth", verifierChallenge(map[string]string{"SALT": huge}), "SALT"},
		{"no SECRET_BLOCK", "InitiateAuth", verifierChallenge(map[string]string{"SECRET_BLOCK": "-"}), "SECRET_BLOCK"},
		{"SECRET_BLOCK is not base64", "InitiateAuth", verifierChallenge(map[string]string{"SECRET_BLOCK": "!"}), "SECRET_BLOCK"},
		{"SECRET_BLOCK of 3 MB", "InitiateAuth", verifierChallenge(map[string]string{"SECRET_BLOCK": huge}), "SECRET_BLOCK"},
		{"an answer of 9 MB", "InitiateAuth", verifierChallenge(map[string]string{"SALT": huge, "SRP_B": huge, "SECRET_BLOCK": huge}), "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := newClient(t, srv, cognito.WithUsername("bob"))
			require.NoError(t, c.Authenticate(t.Context(), testPassword))
			before := c.Tokens()
			answer(srv, tt.op, http.StatusOK, tt.body)
			err := c.Authenticate(t.Context(), testPassword)
			require.ErrorContains(t, err, tt.want)
			assert.Less(t, len(err.Error()), 1000)
			assert.Equal(t, before, c.Tokens(), "the session is as it was")
			_, challenged := c.Challenge()
			assert.False(t, challenged)
		})
	}
}

// A service that asks for a second proof must not get one: it could be collecting them.
func TestOnlyOneProofAnAttempt(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	answer(srv, "RespondToAuthChallenge", http.StatusOK, verifierChallenge(nil))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := c.Authenticate(ctx, testPassword)
	var challenge *cognito.ChallengeError
	require.ErrorAs(t, err, &challenge)
	assert.Equal(t, types.ChallengeNameTypePasswordVerifier, challenge.Challenge.Name)
	assert.Len(t, serviceCalls(srv), 2)
}

// Tokens that are good, but another user's, are refused when the service has said who signs in.
func TestTokensOfAnotherUser(t *testing.T) {
	t.Parallel()
	const sub = "4320de44-0c1b-4e8e-b7c6-5f7a2f6b0d11"
	asked := func(params map[string]string) map[string]any {
		return map[string]any{"ChallengeName": "CUSTOM_CHALLENGE", "Session": "session-of-twenty-characters", "ChallengeParameters": params}
	}
	tests := []struct {
		name   string
		params map[string]string
		user   string
		good   bool
	}{
		{"the user", map[string]string{"USERNAME": "ana", "USER_ID_FOR_SRP": "ana"}, "ana", true},
		{"the user, by the ID", map[string]string{"USERNAME": "ana@example.com", "USER_ID_FOR_SRP": "ana"}, "ana", true},
		{"the user, by the subject", map[string]string{"USER_ID_FOR_SRP": sub}, "ana", true},
		{"the user, by the address", map[string]string{"USERNAME": "ana@example.com"}, "ana", true},
		{"another, by the address", map[string]string{"USERNAME": "bob@example.com"}, "ana", false},
		{"nobody is named", map[string]string{}, "ana", true},
		{"another", map[string]string{"USERNAME": "bob"}, "ana", false},
		{"another, by the ID", map[string]string{"USER_ID_FOR_SRP": "bob"}, "ana", false},
		{"another, whom it names later", map[string]string{"USERNAME": "ana"}, "bob", false},
	}
	for _, tt := range tests {
		for _, resumed := range []bool{false, true} {
			srv := newServer(t, cognitotest.Config{})
			srv.AddUser(cognitotest.User{Username: "ana", Password: testPassword, Sub: sub, Attributes: map[string]string{"email": "ana@example.com"}})
			c := newClient(t, srv, cognito.WithUsername("bob"))
			require.NoError(t, c.Authenticate(t.Context(), testPassword))
			answer(srv, "InitiateAuth", http.StatusOK, asked(tt.params))
			ch := challenged(t, c.AuthenticateCustom(t.Context(), ""))
			if resumed {
				c = newClient(t, srv, cognito.WithChallenge(ch), cognito.WithTokens(c.Tokens()))
			}
			before := c.Tokens()
			answer(srv, "RespondToAuthChallenge", http.StatusOK, map[string]any{"AuthenticationResult": map[string]any{
				"AccessToken": srv.Token(tt.user, cognitotest.TokenOptions{}), "IdToken": srv.Token(tt.user, cognitotest.TokenOptions{Use: "id"}),
			}})
			err := c.RespondToCustomChallenge(t.Context(), "x")
			if tt.good {
				require.NoError(t, err, tt.name)
				assert.Equal(t, tt.user, c.AccessClaims().Username)
				continue
			}
			require.ErrorIs(t, err, jwt.ErrTokenInvalidSubject, tt.name)
			require.ErrorContains(t, err, "cognito: RespondToCustomChallenge: access token: ")
			assert.Equal(t, before, c.Tokens(), "the session is as it was")
		}
	}
}

// A service that asks for the device's proof again and again does not get it, nor is it answered
// for ever.
func TestDeviceProvesItselfOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	asked := 0
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		body := verifierChallenge(map[string]string{"USERNAME": "-", "USER_ID_FOR_SRP": "-"})
		body["ChallengeName"] = "DEVICE_PASSWORD_VERIFIER"
		if asked == 0 {
			body["ChallengeName"] = "DEVICE_SRP_AUTH"
		}
		if asked++; asked > 20 {
			body = nil
		}
		_ = json.NewEncoder(w).Encode(body)
		return true
	})
	d := cognito.Device{Key: "us-east-1_0a", GroupKey: "-group", Password: "password"}
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	assert.Equal(t, "DEVICE_PASSWORD_VERIFIER", string(challenged(t, c.Authenticate(t.Context(), testPassword)).Name))
	assert.Equal(t, 3, asked)
}

// Whatever the service puts into its parameters, errors stay short and on one line, and nothing
// fails for it.
func TestHostileParameters(t *testing.T) {
	t.Parallel()
	huge := `["` + strings.Repeat(`a","\n`, 100_000) + `"]`
	for name, tt := range map[string]struct {
		challenge, parameter string
		call                 func(*cognito.Cognito) error
	}{
		"factors": {"SELECT_MFA_TYPE", "MFAS_CAN_CHOOSE", func(c *cognito.Cognito) error { return c.SelectMFAType(t.Context(), "SMS_MFA") }},
		"attributes": {"NEW_PASSWORD_REQUIRED", "requiredAttributes", func(c *cognito.Cognito) error {
			return c.RespondToNewPasswordChallenge(t.Context(), "Permanent-1", nil)
		}},
	} {
		srv := newServer(t, cognitotest.Config{})
		for _, value := range []string{huge, `"`, `{}`, `[1]`, `null`, strings.Repeat("[", 100_000)} {
			c := newClient(t, srv, cognito.WithChallenge(cognito.Challenge{
				Name: types.ChallengeNameType(tt.challenge), Username: "bob", Session: "session-of-twenty-characters",
				Parameters: map[string]string{tt.parameter: value},
			}))
			err := tt.call(c)
			require.Error(t, err, name)
			assert.Less(t, len(err.Error()), 1000)
			assert.NotContains(t, err.Error(), "\n")
		}
		assert.Len(t, serviceCalls(srv), 5, "what cannot be read is as good as absent: the service decides")
	}
}

// Errors say once that they are this package's.
func TestErrorsHaveOnePrefix(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	answer(srv, "InitiateAuth", http.StatusOK, verifierChallenge(map[string]string{"SRP_B": "0"}))
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	err := c.Authenticate(t.Context(), testPassword)
	require.ErrorContains(t, err, "cognito: Authenticate: SRP_B: ")

	nameless := newFlowClient(t, srv, cognito.WithChallenge(cognito.Challenge{Name: "PASSWORD_SRP"}))
	err = nameless.RespondToPasswordChallenge(t.Context(), testPassword)
	require.ErrorContains(t, err, "cognito: RespondToPasswordChallenge: username: ")

	answer(srv, "InitiateAuth", http.StatusOK, map[string]any{"AuthenticationResult": map[string]any{
		"AccessToken": srv.Token("bob", cognitotest.TokenOptions{}), "NewDeviceMetadata": map[string]string{"DeviceKey": "key"},
	}})
	require.NoError(t, c.Authenticate(t.Context(), testPassword, cognito.Flow("USER_PASSWORD_AUTH")))
	_, err = c.ConfirmDevice(t.Context(), "phone")
	require.ErrorContains(t, err, "cognito: ConfirmDevice: device: want a group key")
}
