package cognito_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

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

// The key set must be asked for while the sign-in is under way, not after it: the service's first
// answer is held back until the fetch has arrived.
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

// What goes out is pinned here key by key, with the secret hash computed by hand from the
// protocol's formula.
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
