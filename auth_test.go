package cognito_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestAuthenticateCostsTwoRoundTrips(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	assert.Equal(t, []string{"InitiateAuth", "RespondToAuthChallenge"}, ops(serviceCalls(srv)))
	assert.Len(t, srv.Requests(), 3, "and one fetch of the key set")

	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	assert.Len(t, srv.Requests(), 5, "the second sign-in needs no key set")
}

// The key set must be asked for while the sign-in is under way, not after it: the service's first answer is
// held back until the fetch has arrived.
func TestKeySetIsFetchedBesideTheSignIn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	fetched := make(chan struct{})
	var once sync.Once
	srv.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			once.Do(func() { close(fetched) })
			return false
		}
		select {
		case <-fetched:
		case <-r.Context().Done():
		}
		return false
	})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, c.Authenticate(ctx, testPassword))
}

func TestAuthenticateFillsTheSession(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))

	tokens := c.Tokens()
	assert.NotEmpty(t, tokens.RefreshToken)
	assert.Equal(t, "Bearer", tokens.TokenType)
	assert.WithinDuration(t, srv.Now().Add(time.Hour), tokens.ExpiresAt, 2*time.Second)

	id := c.IDClaims()
	require.NotNil(t, id)
	assert.Equal(t, "bob", id.Username)
	assert.Equal(t, "bob@example.com", id.Email)
	assert.True(t, id.EmailVerified)
	assert.False(t, id.PhoneNumberVerified)
	assert.Equal(t, "blue", id.Custom("team"))
	assert.Equal(t, []string{"readers"}, id.Groups)
	assert.Equal(t, cognito.IDToken, id.TokenUse)
	assert.Equal(t, []string{srv.ClientID}, []string(id.Audience))
	assert.Equal(t, srv.Issuer(), id.Issuer)

	access := c.AccessClaims()
	require.NotNil(t, access)
	assert.Equal(t, "bob", access.Username)
	assert.Equal(t, srv.ClientID, access.ClientID)
	assert.Equal(t, []string{"aws.cognito.signin.user.admin"}, access.Scopes())
	assert.Equal(t, id.Subject, access.Subject)
	assert.Equal(t, id.OriginID, access.OriginID)
	assert.NotEmpty(t, access.OriginID)

	// What is handed out is a copy.
	id.Groups[0], id.All["email"] = "admins", "eve@example.com"
	assert.Equal(t, "readers", c.IDClaims().Groups[0])
	assert.Equal(t, "bob@example.com", c.IDClaims().All["email"])
}

// What goes out is pinned here key by key, with the secret hash computed by hand from the protocol's formula.
func TestRequestsOfASignIn(t *testing.T) {
	t.Parallel()
	const sub = "4320de44-0c1b-4e8e-b7c6-5f7a2f6b0d11"
	pools := map[string]cognitotest.Config{
		"public":      {Clients: []cognitotest.Client{{ID: testClient}}},
		"with secret": {Clients: []cognitotest.Client{secretClient()}},
	}
	logins := []struct {
		name, typed, internal string
		cfg                   func(*cognitotest.Config)
	}{
		{"username", "ana", "ana", func(*cognitotest.Config) {}},
		{"alias", "ana@example.com", "ana", func(cfg *cognitotest.Config) { cfg.AliasAttributes = []string{"email"} }},
		{"e-mail as username", "ana@example.com", sub, func(cfg *cognitotest.Config) { cfg.UsernameAttributes = []string{"email"} }},
	}
	for clientKind, cfg := range pools {
		for _, login := range logins {
			t.Run(clientKind+", "+login.name, func(t *testing.T) {
				t.Parallel()
				cfg := cfg
				login.cfg(&cfg)
				srv := cognitotest.NewServer(cfg)
				t.Cleanup(srv.Close)
				user := cognitotest.User{
					Username: "ana", Password: testPassword, Sub: sub,
					Attributes: map[string]string{"email": "ana@example.com", "email_verified": "true"},
				}
				if cfg.UsernameAttributes != nil {
					user.Username = "ana@example.com"
				}
				srv.AddUser(user)

				c := newClient(t, srv, cognito.WithUsername(login.typed))
				require.NoError(t, c.Authenticate(t.Context(), testPassword, cognito.ClientMetadata{"from": "test"},
					cognito.UserContextData{IPAddress: "192.0.2.1"}))
				assert.Equal(t, login.internal, c.AccessClaims().Username)

				calls := serviceCalls(srv)
				require.Len(t, calls, 2)
				assert.Equal(t, "USER_SRP_AUTH", calls[0].Body["AuthFlow"])
				assert.Equal(t, map[string]any{"IpAddress": "192.0.2.1"}, calls[0].Body["UserContextData"])
				first := calls[0].Body["AuthParameters"].(map[string]any)
				second := calls[1].Body["ChallengeResponses"].(map[string]any)
				assert.Equal(t, login.typed, first["USERNAME"])
				assert.Equal(t, login.internal, second["USERNAME"])
				assert.NotContains(t, calls[1].Body, "Session", "none was given")

				wantFirst, wantSecond := []string{"SRP_A", "USERNAME"}, []string{"PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP", "USERNAME"}
				if srv.ClientSecret != "" {
					wantFirst, wantSecond = append(wantFirst, "SECRET_HASH"), append(wantSecond, "SECRET_HASH")
					assert.Equal(t, hmacHash(login.typed+testClient, testSecret), first["SECRET_HASH"])
					assert.Equal(t, hmacHash(login.internal+testClient, testSecret), second["SECRET_HASH"])
				}
				assert.ElementsMatch(t, wantFirst, keysOf(first))
				assert.ElementsMatch(t, wantSecond, keysOf(second))
				for _, call := range calls {
					assert.Equal(t, map[string]any{"from": "test"}, call.Body["ClientMetadata"])
					assert.Empty(t, call.Header.Get("Authorization"))
				}
				assert.Equal(t, srv.Now().UTC().Format("Mon Jan 2 15:04"), strings.Join(strings.Split(second["TIMESTAMP"].(string), ":")[:2], ":"))
			})
		}
	}
}

func TestPasswordFlow(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword, cognito.Flow(types.AuthFlowTypeUserPasswordAuth)))
	calls := serviceCalls(srv)
	require.Len(t, calls, 1)
	assert.Equal(t, map[string]any{
		"USERNAME": "bob", "PASSWORD": testPassword, "SECRET_HASH": hmacHash("bob"+testClient, testSecret),
	}, calls[0].Body["AuthParameters"])
	assert.Equal(t, "bob", c.AccessClaims().Username)
}

func TestAuthenticateRefusesBadArguments(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tests := []struct {
		name, username, password string
		opt                      cognito.CallOption
		want                     string
	}{
		{"no username", "", testPassword, nil, "username"},
		{"no password", "bob", "", nil, "password"},
		{"a flow of another method", "bob", testPassword, cognito.Flow(types.AuthFlowTypeAdminUserPasswordAuth), "ADMIN_USER_PASSWORD_AUTH"},
		{"a flow that does not exist", "bob", testPassword, cognito.Flow("NO_AUTH"), "NO_AUTH"},
		{"an option of another method", "bob", testPassword, cognito.ValidationData{"a": "b"}, "ValidationData"},
	}
	for _, tt := range tests {
		c := newClient(t, srv, cognito.WithUsername(tt.username))
		err := c.Authenticate(t.Context(), tt.password, tt.opt)
		require.ErrorContains(t, err, tt.want, tt.name)
		assert.True(t, strings.HasPrefix(err.Error(), "cognito: Authenticate: "), err.Error())
	}
	assert.Empty(t, srv.Requests(), "nothing is sent")
}

func TestAuthenticateReasons(t *testing.T) {
	t.Parallel()
	users := []cognitotest.User{
		{Username: "new", Password: testPassword, Status: "UNCONFIRMED"},
		{Username: "off", Password: testPassword, Disabled: true},
		{Username: "reset", Password: testPassword, Status: "RESET_REQUIRED"},
	}
	flows := []types.AuthFlowType{types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth}
	tests := []struct {
		name, username, password string
		hide                     bool
		secret                   string
		want                     error
		exception                string
	}{
		{"wrong password", "bob", "Wrong-Horse-1", false, testSecret, cognito.ErrInvalidCredentials, "NotAuthorizedException"},
		{"unknown user", "nobody", testPassword, false, testSecret, cognito.ErrUserNotFound, "UserNotFoundException"},
		{"unknown user, hidden", "nobody", testPassword, true, testSecret, cognito.ErrInvalidCredentials, "NotAuthorizedException"},
		{"unconfirmed", "new", testPassword, false, testSecret, cognito.ErrUserNotConfirmed, "UserNotConfirmedException"},
		{"unconfirmed, wrong password", "new", "Wrong-Horse-1", false, testSecret, cognito.ErrInvalidCredentials, "NotAuthorizedException"},
		{"disabled", "off", testPassword, false, testSecret, cognito.ErrUserDisabled, "NotAuthorizedException"},
		{"reset required", "reset", testPassword, false, testSecret, cognito.ErrPasswordResetRequired, "PasswordResetRequiredException"},
		{"no secret", "bob", testPassword, false, "", cognito.ErrSecretHash, "NotAuthorizedException"},
		{"wrong secret", "bob", testPassword, false, "x", cognito.ErrSecretHash, "NotAuthorizedException"},
	}
	for _, tt := range tests {
		for _, flow := range flows {
			t.Run(tt.name+", "+string(flow), func(t *testing.T) {
				t.Parallel()
				client := secretClient()
				client.PreventUserExistenceErrors = tt.hide
				srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
				for _, user := range users {
					srv.AddUser(user)
				}
				c := newClient(t, srv, cognito.WithClientSecret(tt.secret), cognito.WithUsername(tt.username))
				err := c.Authenticate(t.Context(), tt.password, cognito.Flow(flow))
				require.ErrorIs(t, err, tt.want)
				for _, other := range []error{cognito.ErrInvalidCredentials, cognito.ErrUserNotFound, cognito.ErrUserNotConfirmed, cognito.ErrUserDisabled, cognito.ErrSecretHash, cognito.ErrMFARequired} {
					if other != tt.want { //nolint:errorlint // sentinels themselves are compared
						require.NotErrorIs(t, err, other)
					}
				}
				require.ErrorContains(t, err, tt.exception)
				var own *cognito.Error
				require.ErrorAs(t, err, &own)
				assert.Equal(t, "Authenticate", own.Op)
				assert.Equal(t, cognito.Tokens{}, c.Tokens())
			})
		}
	}
}

func TestLockOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	var err error
	for range 7 {
		err = c.Authenticate(t.Context(), "Wrong-Horse-1")
	}
	require.ErrorIs(t, err, cognito.ErrTooManyAttempts)
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrTooManyAttempts)
	srv.Advance(16 * time.Minute)
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
}

func TestFailedSignInLeavesTheSession(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	before, claims := c.Tokens(), c.IDClaims()
	require.Error(t, c.Authenticate(t.Context(), "Wrong-Horse-1"))
	assert.Equal(t, before, c.Tokens())
	assert.Equal(t, claims, c.IDClaims())
}

// answer makes srv give body as the answer to op, with the values of the real answer where fn keeps them.
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
	huge := strings.Repeat("a", 10<<20)
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
		{"SRP_B of 10 MB", "InitiateAuth", verifierChallenge(map[string]string{"SRP_B": huge}), "SRP_B"},
		{"no SALT", "InitiateAuth", verifierChallenge(map[string]string{"SALT": "-"}), "SALT"},
		{"SALT is not hex", "InitiateAuth", verifierChallenge(map[string]string{"SALT": "salt"}), "SALT"},
		{"SALT of 10 MB", "InitiateAuth", verifierChallenge(map[string]string{"SALT": huge}), "SALT"},
		{"no SECRET_BLOCK", "InitiateAuth", verifierChallenge(map[string]string{"SECRET_BLOCK": "-"}), "SECRET_BLOCK"},
		{"SECRET_BLOCK is not base64", "InitiateAuth", verifierChallenge(map[string]string{"SECRET_BLOCK": "!"}), "SECRET_BLOCK"},
		{"SECRET_BLOCK of 10 MB", "InitiateAuth", verifierChallenge(map[string]string{"SECRET_BLOCK": huge}), "SECRET_BLOCK"},
		{"an answer of 30 MB", "InitiateAuth", verifierChallenge(map[string]string{"SALT": huge, "SRP_B": huge, "SECRET_BLOCK": huge}), "longer than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := newClient(t, srv, cognito.WithUsername("bob"))
			require.NoError(t, c.Authenticate(t.Context(), testPassword))
			before := c.Tokens()
			answer(srv, tt.op, http.StatusOK, tt.body)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := c.Authenticate(ctx, testPassword)
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
	err := c.Authenticate(t.Context(), testPassword)
	var challenge *cognito.ChallengeError
	require.ErrorAs(t, err, &challenge)
	assert.Equal(t, types.ChallengeNameTypePasswordVerifier, challenge.Challenge.Name)
	assert.Len(t, serviceCalls(srv), 2)
}

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
				Parameters: map[string]string{"USER_ID_FOR_SRP": "bob", "HINT": "x"},
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

// An answer that may have been taken must not be sent twice; a request that was refused for its rate may.
func TestRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, op, exception string
		status              int
		want                int
	}{
		{"answer, server fault", "RespondToAuthChallenge", "InternalErrorException", 500, 1},
		{"answer, throttled", "RespondToAuthChallenge", "TooManyRequestsException", 400, 2},
		{"first request, server fault", "InitiateAuth", "InternalErrorException", 500, 2},
		{"quota", "InitiateAuth", "LimitExceededException", 400, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			var mu sync.Mutex
			sent := 0
			srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+tt.op) {
					return false
				}
				mu.Lock()
				defer mu.Unlock()
				sent++
				if sent > 1 {
					return false
				}
				w.Header().Set("X-Amzn-ErrorType", tt.exception+":")
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, tt.exception)
				return true
			})
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
			err := c.Authenticate(t.Context(), testPassword)
			assert.Equal(t, tt.want, sent)
			assert.Equal(t, tt.want > 1, err == nil, "%v", err)
		})
	}
}

// noBackoff makes the SDK repeat at once.
func noBackoff(o *cognitoidentityprovider.Options) {
	o.Retryer = aws.RetryerV2(instantly{o.Retryer})
}

type instantly struct{ aws.Retryer }

func (instantly) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
func (i instantly) GetAttemptToken(context.Context) (func(error) error, error) {
	return i.GetInitialToken(), nil
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	srv.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".RespondToAuthChallenge") {
			cancel()
			<-r.Context().Done()
		}
		return false
	})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.ErrorIs(t, c.Authenticate(ctx, testPassword), context.Canceled)
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
}

func TestConcurrentSignIns(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := c.Authenticate(t.Context(), testPassword); err != nil {
				t.Error(err)
			}
			_, _ = c.Tokens(), c.IDClaims()
		})
	}
	wg.Wait()
	fetches := 0
	for _, op := range ops(srv.Requests()) {
		if op == "JWKS" {
			fetches++
		}
	}
	assert.Equal(t, 1, fetches)
}

// watchedCredentials fails the test when they are asked for.
type watchedCredentials struct{ t *testing.T }

func (w watchedCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	w.t.Error("an unsigned call asked for credentials")
	return aws.Credentials{}, nil
}

func TestUnsignedCallsNeverAskForCredentials(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{AutoVerifiedAttributes: []string{"email"}})
	ways := map[string]cognito.Option{
		"AWS configuration": cognito.WithAWSConfig(aws.Config{Credentials: watchedCredentials{t}}),
		"client options": cognito.WithClientOptions(func(o *cognitoidentityprovider.Options) {
			o.Credentials = watchedCredentials{t}
		}),
	}
	for name, opt := range ways {
		c := newClient(t, srv, opt, cognito.WithUsername("bob"))
		user := "user-" + strings.ReplaceAll(name, " ", "-")
		_, err := c.Register(t.Context(), user, testPassword, cognito.Attributes{"email": user + "@example.com"})
		require.NoError(t, err)
		_, err = c.ResendConfirmationCode(t.Context(), user)
		require.NoError(t, err)
		require.NoError(t, c.ConfirmSignUp(t.Context(), user, srv.Code(user)))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, c.VerifyTokens(t.Context()))
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.RevokeToken(t.Context()))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, c.Logout(t.Context()))
	}
	for _, r := range serviceCalls(srv) {
		assert.Empty(t, r.Header.Get("Authorization"), r.Op)
	}
}

func TestSignedCallsNeedCredentials(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	adminGetUser := func(c *cognito.Cognito) error {
		_, err := c.Client().AdminGetUser(t.Context(), &cognitoidentityprovider.AdminGetUserInput{
			UserPoolId: aws.String(srv.UserPoolID), Username: aws.String("bob"),
		})
		return err
	}
	for name, opts := range map[string][]cognito.Option{
		"AWS configuration without": {cognito.WithAWSConfig(aws.Config{})},
		"anonymous":                 {cognito.WithAWSConfig(aws.Config{Credentials: aws.AnonymousCredentials{}})},
	} {
		err := adminGetUser(newClient(t, srv, opts...))
		require.ErrorIs(t, err, cognito.ErrNoCredentials, name)
		require.ErrorContains(t, err, "AdminGetUser")
	}
	assert.Empty(t, srv.Requests(), "nothing is sent unsigned")

	// The default configuration is read when the first call must be signed, not before.
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := newClient(t, srv)
	require.ErrorIs(t, adminGetUser(c), cognito.ErrNoCredentials)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDFROMENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	require.NoError(t, adminGetUser(c))
	require.NoError(t, adminGetUser(newClient(t, srv, cognito.WithStaticCredentials("AKIDSTATIC", "secret", "token"))))
	calls := serviceCalls(srv)
	require.Len(t, calls, 2)
	assert.Contains(t, calls[0].Header.Get("Authorization"), "Credential=AKIDFROMENV/")
	assert.Contains(t, calls[0].Header.Get("Authorization"), "/us-east-1/cognito-idp/aws4_request")
	assert.Contains(t, calls[1].Header.Get("Authorization"), "Credential=AKIDSTATIC/")
	assert.Equal(t, "token", calls[1].Header.Get("X-Amz-Security-Token"))
}
