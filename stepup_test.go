package cognito_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// newLevels is a pool that serves levels. dana has a password and a software token that she is
// asked for only where a level needs it, and erin no more than a password.
func newLevels(t *testing.T, cfg cognitotest.Config, flows ...string) *cognitotest.Server {
	t.Helper()
	client := secretClient()
	client.ExplicitAuthFlows = append(client.ExplicitAuthFlows, append(flows, "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH")...)
	cfg.Clients = []cognitotest.Client{client}
	cfg.FirstFactors = []string{"PASSWORD", "EMAIL_OTP"}
	cfg.AliasAttributes = []string{"email"}
	srv := newServer(t, cfg)
	srv.AddUser(cognitotest.User{
		Username: "dana", Password: testPassword, TOTPSecret: rfcSecret, MFA: []string{},
		Attributes: m2("email", "dana@example.com", "email_verified", "true"),
	})
	srv.AddUser(cognitotest.User{Username: "erin", Password: testPassword})
	return srv
}

func newLevelClient(t *testing.T, srv *cognitotest.Server, name string, opts ...cognito.Option) *cognito.Cognito {
	t.Helper()
	return newClient(t, srv, append([]cognito.Option{cognito.WithClientSecret(testSecret), cognito.WithUsername(name)}, opts...)...)
}

func authParameters(r cognitotest.Request) map[string]any {
	params, _ := r.Body["AuthParameters"].(map[string]any)
	return params
}

func TestTargetACR(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{})
	ctx := t.Context()
	c := newLevelClient(t, srv, "dana")
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}))
	assert.Empty(t, c.AccessClaims().ACR)

	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel1), cognito.MaxAge(0)))
	assert.Equal(t, cognito.ACRLevel1, c.AccessClaims().ACR)
	assert.Equal(t, []string{"pwd"}, c.IDClaims().AMR)

	before := len(serviceCalls(srv))
	err := c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel4, cognito.ACRLevel3), cognito.MaxAge(5*time.Minute))
	require.ErrorIs(t, err, cognito.ErrSoftwareTokenMFARequired)
	params := authParameters(serviceCalls(srv)[before])
	assert.Equal(t, cognito.ACRLevel4+" "+cognito.ACRLevel3, params["TARGET_ACR_VALUES"])
	assert.Equal(t, "300", params["MAX_AGE"])
	assert.NotContains(t, params, "ACCESS_TOKEN")

	// Another process answers, and knows what level there must be.
	stored, err := json.Marshal(challenged(t, err))
	require.NoError(t, err)
	var ch cognito.Challenge
	require.NoError(t, json.Unmarshal(stored, &ch))
	assert.Equal(t, []string{cognito.ACRLevel4, cognito.ACRLevel3}, ch.TargetACR)
	other := newLevelClient(t, srv, "dana", cognito.WithChallenge(ch))
	require.NoError(t, other.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("dana")))
	assert.Equal(t, cognito.ACRLevel4, other.AccessClaims().ACR)
	assert.Equal(t, []string{"pwd", "otp", "mfa"}, other.AccessClaims().AMR)
	require.NoError(t, other.RenewAccessToken(ctx))
	assert.Equal(t, cognito.ACRLevel4, other.AccessClaims().ACR)

	// A user without the factors is told so, and so is a plan without levels.
	require.ErrorIs(t, newLevelClient(t, srv, "erin").AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel4)), cognito.ErrInvalidArgument)
	lite := newLevels(t, cognitotest.Config{Tier: "LITE"})
	err = newLevelClient(t, lite, "dana").AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel1))
	require.ErrorIs(t, err, cognito.ErrFeatureUnavailable)
}

// What the user must prove anyway may reach a higher level than was asked for.
func TestAHigherLevelWillDo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		names  [4]string
		target []string
		want   error
	}{
		{[4]string{}, []string{cognito.ACRLevel1}, nil},
		{[4]string{3: "gold"}, []string{cognito.ACRLevel1}, cognito.ErrInsufficientAuthentication}, // nobody knows what gold is
		{[4]string{3: "gold"}, []string{"gold", cognito.ACRLevel1}, nil},
		{[4]string{"bronze"}, []string{"bronze"}, cognito.ErrInsufficientAuthentication},
		{[4]string{"bronze"}, []string{"bronze", cognito.ACRLevel3}, nil},
	} {
		srv := newLevels(t, cognitotest.Config{MFA: "ON", ACRNames: tt.names})
		srv.AddUser(cognitotest.User{Username: "totp", Password: testPassword, TOTPSecret: rfcSecret})
		c := newLevelClient(t, srv, "totp", cognito.WithChallengeHandler(cognito.TOTPHandler(rfcSecret)))
		err := c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(tt.target...))
		require.ErrorIs(t, err, tt.want, "%v %v", tt.names, tt.target)
		assert.Equal(t, tt.want != nil, c.Tokens() == cognito.Tokens{}, "tokens of a lower level are dropped")
	}
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{})
	ctx := t.Context()
	store := cognito.NewMemoryStore()
	c := newLevelClient(t, srv, "dana@example.com", cognito.WithTokenStore(store))
	level4 := cognito.TargetACR(cognito.ACRLevel4)
	require.ErrorIs(t, c.StepUp(ctx, cognito.FirstFactor{}, level4), cognito.ErrNotSignedIn)
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel1)))
	tokens := c.Tokens()
	before := len(serviceCalls(srv))
	require.EqualError(t, c.StepUp(ctx, cognito.FirstFactor{}), "cognito: StepUp: option TargetACR: want the level to reach, got none")
	require.ErrorIs(t, c.StepUp(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel1)), cognito.ErrLevelReached)
	require.ErrorContains(t, c.StepUp(ctx, cognito.FirstFactor{Preferred: "PASSWORD"}, level4), "first factor: want a password")
	assert.Len(t, serviceCalls(srv), before)

	// While the challenge is pending the session goes on.
	err := c.StepUp(ctx, cognito.FirstFactor{}, level4, cognito.ClientMetadata{"m": "1"})
	require.ErrorIs(t, err, cognito.ErrSoftwareTokenMFARequired)
	ch := challenged(t, err)
	assert.Equal(t, "dana", ch.Username)
	assert.NotEmpty(t, ch.StepUp)
	call := serviceCalls(srv)[before]
	assert.Equal(t, map[string]any{"m": "1"}, call.Body["ClientMetadata"])
	assert.Equal(t, map[string]any{
		"USERNAME": "dana", "SECRET_HASH": hmacHash("dana"+testClient, testSecret), "ACCESS_TOKEN": tokens.AccessToken, "TARGET_ACR_VALUES": cognito.ACRLevel4,
	}, authParameters(call))
	held, err := c.Token(ctx)
	require.NoError(t, err)
	assert.Equal(t, tokens, held)

	// One wrong code ends the attempt, and the session is as it was.
	require.ErrorIs(t, c.RespondToSoftwareTokenMFAChallenge(ctx, "000000"), cognito.ErrCodeMismatch)
	_, pending := c.Challenge()
	assert.False(t, pending)
	require.ErrorIs(t, c.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("dana")), cognito.ErrNoChallenge)
	assert.Equal(t, tokens, c.Tokens())
	stored, err := store.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, tokens.RefreshToken, stored.RefreshToken)

	// That the last of the levels is reached does not keep the user from the first.
	require.ErrorIs(t, c.StepUp(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel4, cognito.ACRLevel1)), cognito.ErrSoftwareTokenMFARequired)
	require.NoError(t, c.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("dana")))
	assert.Equal(t, cognito.ACRLevel4, c.AccessClaims().ACR)
	assert.Equal(t, "dana@example.com", c.Username())
	stored, err = store.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, c.Tokens().RefreshToken, stored.RefreshToken)
	assert.NotEqual(t, tokens.RefreshToken, stored.RefreshToken)
	require.ErrorIs(t, c.StepUp(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel3)), cognito.ErrLevelReached, "a higher one will do")

	// A sign-in that was too long ago is made again in full.
	srv.Advance(10 * time.Minute)
	robot := newLevelClient(t, srv, "dana", cognito.WithTokens(c.Tokens()), cognito.WithChallengeHandler(cognito.TOTPHandler(rfcSecret)))
	require.NoError(t, robot.StepUp(ctx, cognito.FirstFactor{Password: testPassword}, level4, cognito.MaxAge(time.Minute)))
	assert.WithinDuration(t, srv.Now(), robot.AccessClaims().AuthTime.Time, time.Minute)

	// The password that is known already is not asked for, although it was offered.
	low := newLevelClient(t, srv, "dana", cognito.WithChallengeHandler(cognito.TOTPHandler(rfcSecret)))
	require.NoError(t, low.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel1)))
	srv.Advance(time.Minute)
	require.NoError(t, low.StepUp(ctx, cognito.FirstFactor{Password: testPassword}, level4))
	assert.Equal(t, cognito.ACRLevel4, low.AccessClaims().ACR)
}

// An access token that has expired is refreshed first, by this clock or the service's.
func TestStepUpRefreshesFirst(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{})
	ctx := t.Context()
	c := newLevelClient(t, srv, "dana", cognito.WithChallengeHandler(cognito.TOTPHandler(rfcSecret)))
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel1)))
	old := c.Tokens().AccessToken
	first := true
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !first || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".InitiateAuth") {
			return false
		}
		first = false
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"NotAuthorizedException","message":"Access Token has expired"}`))
		return true
	})
	require.NoError(t, c.StepUp(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel4)))
	assert.Equal(t, cognito.ACRLevel4, c.AccessClaims().ACR)
	assert.Equal(t, 1, renewals(srv))
	var sent []any
	for _, call := range serviceCalls(srv) {
		if call.Op == "InitiateAuth" && authParameters(call)["ACCESS_TOKEN"] != nil {
			sent = append(sent, authParameters(call)["ACCESS_TOKEN"])
		}
	}
	require.Len(t, sent, 2)
	assert.Equal(t, old, sent[0])
	assert.NotEqual(t, old, sent[1])
}

// tokensInstead lets the pool answer the next InitiateAuth with tokens.
func tokensInstead(srv *cognitotest.Server, access, id string) {
	answer(srv, "InitiateAuth", 200, map[string]any{"AuthenticationResult": map[string]any{
		"AccessToken": access, "IdToken": id, "RefreshToken": "refresh", "ExpiresIn": 3600, "TokenType": "Bearer",
	}})
}

// Tokens that do not say what was reached, say less, or are of somebody else do not count, and the
// session is as it was.
func TestStepUpRejectsTokens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		user   string
		claims map[string]any
		want   error
		text   string
	}{
		{"dana", nil, cognito.ErrInsufficientAuthentication, "want the level urn:cognito:loa:4, got no claim acr"},
		{"dana", map[string]any{"acr": cognito.ACRLevel3}, cognito.ErrInsufficientAuthentication, `want the level urn:cognito:loa:4, got "urn:cognito:loa:3"`},
		{"dana", map[string]any{"acr": "gold"}, cognito.ErrInsufficientAuthentication, `got "gold"`},
		{"erin", map[string]any{"acr": cognito.ACRLevel4}, jwt.ErrTokenInvalidSubject, "it does not belong to the user who steps up"},
		{"dana", map[string]any{"acr": cognito.ACRLevel4}, nil, ""},
	} {
		srv := newLevels(t, cognitotest.Config{})
		c := newLevelClient(t, srv, "dana")
		require.NoError(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}))
		before := c.Tokens()
		access := srv.Token(tt.user, cognitotest.TokenOptions{Claims: tt.claims})
		tokensInstead(srv, access, srv.Token(tt.user, cognitotest.TokenOptions{Use: "id", Claims: tt.claims}))
		err := c.StepUp(t.Context(), cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel4))
		if tt.want == nil {
			require.NoError(t, err)
			assert.Equal(t, access, c.Tokens().AccessToken)
			continue
		}
		require.ErrorIs(t, err, tt.want)
		require.ErrorContains(t, err, tt.text)
		assert.Equal(t, before, c.Tokens())
		assert.False(t, cognito.IsTerminal(err))
	}
}

// A token whose claims cannot be read says nothing of whose it is.
func TestStepUpWithATokenThatCannotBeRead(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{})
	c := newLevelClient(t, srv, "dana", cognito.WithTokens(cognito.Tokens{AccessToken: "opaque"}))
	require.Error(t, c.StepUp(t.Context(), cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel4)))
	assert.Empty(t, serviceCalls(srv))
}

// The first request of a step-up may make the service send a code, so it is sent once.
func TestStepUpIsSentOnce(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{})
	c := newLevelClient(t, srv, "dana", cognito.WithClientOptions(noBackoff))
	require.NoError(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}))
	answer(srv, "InitiateAuth", 500, map[string]any{"__type": "InternalErrorException"})
	for _, opts := range [][]cognito.CallOption{{cognito.TargetACR(cognito.ACRLevel4)}, {cognito.AuthParameter("X", "y")}} {
		before := len(serviceCalls(srv))
		require.Error(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}, opts...))
		assert.Len(t, serviceCalls(srv), before+1)
	}
	before := len(serviceCalls(srv))
	require.Error(t, c.StepUp(t.Context(), cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel4)))
	assert.Len(t, serviceCalls(srv), before+1)
	require.Error(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}))
	assert.Greater(t, len(serviceCalls(srv)), before+2, "SRP's first request alone may be repeated")
}

func TestOptionsOfLevels(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{}, "ALLOW_ADMIN_USER_PASSWORD_AUTH")
	ctx := t.Context()
	c := newLevelClient(t, srv, "dana", cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", ""))
	choose := func(opts ...cognito.CallOption) error {
		return c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, opts...)
	}
	level := cognito.TargetACR(cognito.ACRLevel1)
	for want, err := range map[string]error{
		"option TargetACR: want at least one level, got none":                                                           choose(cognito.TargetACR()),
		`option TargetACR: want names of 1 to 64 characters without spaces, quotation marks and backslashes, got "a b"`: choose(cognito.TargetACR("a b")),
		`quotation marks and backslashes, got ""`:                                                                       choose(cognito.TargetACR("")),
		`and backslashes, got "a\\b"`:                                                                                   choose(cognito.TargetACR(`a\b`)),
		`and backslashes, got "a\"b"`:                                                                                   choose(cognito.TargetACR(`a"b`)),
		`and backslashes, got "é"`:                                                                                      choose(cognito.TargetACR("é")),
		`and backslashes, got "` + strings.Repeat("x", 60):                                                              choose(cognito.TargetACR(strings.Repeat("x", 65))),
		"option MaxAge: want TargetACR with it, got none":                                                               choose(cognito.MaxAge(time.Minute)),
		"option MaxAge: want whole seconds, 0 or more, got -1s":                                                         choose(level, cognito.MaxAge(-time.Second)),
		"option MaxAge: want whole seconds, 0 or more, got 500ms":                                                       choose(level, cognito.MaxAge(500*time.Millisecond)),
		"option TargetACR: this call takes only":                                                                        c.Authenticate(ctx, testPassword, level),
		"option TargetACR: want the flow USER_AUTH, got ADMIN_USER_PASSWORD_AUTH":                                       c.AdminAuthenticate(ctx, testPassword, level),
		"option AuthParameter: want the name of a parameter, got none":                                                  c.Authenticate(ctx, testPassword, cognito.AuthParameter("", "x")),
	} {
		require.ErrorContains(t, err, want)
		require.ErrorIs(t, err, cognito.ErrInvalidArgument)
	}
	for _, own := range []string{
		"USERNAME", "PASSWORD", "SECRET_HASH", "SRP_A", "DEVICE_KEY", "CHALLENGE_NAME", "PREFERRED_CHALLENGE", "TARGET_ACR_VALUES", "MAX_AGE", "ACCESS_TOKEN", "REFRESH_TOKEN",
	} {
		require.ErrorContains(t, choose(cognito.AuthParameter(own, "x")), "option AuthParameter: want a parameter that this package does not set itself, got "+own)
	}
	assert.Empty(t, serviceCalls(srv))

	require.NoError(t, c.AdminAuthenticate(ctx, testPassword, cognito.Flow("USER_AUTH"), level))
	assert.Equal(t, cognito.ACRLevel1, c.AccessClaims().ACR)
}

// A parameter that this package does not know goes with the first request of each way to sign in.
func TestAuthParameter(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{}, "ALLOW_ADMIN_USER_PASSWORD_AUTH")
	ctx := t.Context()
	c := newLevelClient(t, srv, "dana", cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", ""))
	x, y := cognito.AuthParameter("NEW_ONE", "1"), cognito.AuthParameter("NEW_TWO", "2")
	require.NoError(t, c.Authenticate(ctx, testPassword, x, y))
	require.NoError(t, c.AdminAuthenticate(ctx, testPassword, x, y))
	require.Error(t, c.AuthenticateCustom(ctx, "", x, y))
	require.NoError(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{Password: testPassword}, x, y))
	require.ErrorIs(t, c.NewPasswordChallenge(ctx, testPassword, "Another-Horse-2", nil, x, y), cognito.ErrNoChallenge)
	require.ErrorIs(t, c.StepUp(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel4), x, y), cognito.ErrSelectChallengeRequired)
	firsts := 0
	for _, call := range serviceCalls(srv) {
		if strings.HasSuffix(call.Op, "InitiateAuth") {
			firsts++
			assert.Equal(t, "1", authParameters(call)["NEW_ONE"], call.Op)
			assert.Equal(t, "2", authParameters(call)["NEW_TWO"], call.Op)
		}
	}
	assert.Equal(t, 6, firsts)
	require.ErrorContains(t, c.RespondToChallenge(ctx, nil, x), "option AuthParameter: this call takes only")
}

// A sign-up reaches no level, so its session is not used towards one.
func TestTargetACRAfterSignUp(t *testing.T) {
	t.Parallel()
	srv := newLevels(t, cognitotest.Config{})
	ctx := t.Context()
	c := newLevelClient(t, srv, "carol")
	register(t, c, "carol")
	require.NoError(t, c.ConfirmSignUp(ctx, "carol", srv.Code("carol")))
	require.ErrorIs(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel1)), cognito.ErrSelectChallengeRequired)
	require.NoError(t, c.SelectChallenge(ctx, "PASSWORD", cognito.Password(testPassword)))
	assert.Equal(t, cognito.ACRLevel1, c.AccessClaims().ACR)
}

// A failed challenge ends a sign-in towards a level, whatever it failed for. A request that came to nothing does not.
func TestAFailedChallengeEndsTheStepUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		exception, message string
		reason             error
		pending            bool
	}{
		{"CodeMismatchException", "Invalid code received for user", cognito.ErrCodeMismatch, false},
		{"ExpiredCodeException", "Your software token has already been used once.", cognito.ErrCodeExpired, false},
		{"NotAuthorizedException", "Incorrect username or password.", cognito.ErrInvalidCredentials, false},
		{"NotAuthorizedException", "Password attempts exceeded", cognito.ErrTooManyAttempts, false},
		{"TooManyRequestsException", "Rate exceeded", cognito.ErrThrottled, true},
	} {
		srv := newLevels(t, cognitotest.Config{})
		c := newLevelClient(t, srv, "dana", cognito.WithClientOptions(noBackoff))
		require.NoError(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Password: testPassword}, cognito.TargetACR(cognito.ACRLevel1)))
		tokens := c.Tokens()
		require.ErrorIs(t, c.StepUp(t.Context(), cognito.FirstFactor{}, cognito.TargetACR(cognito.ACRLevel4)), cognito.ErrSoftwareTokenMFARequired)
		answer(srv, "RespondToAuthChallenge", http.StatusBadRequest, map[string]string{"__type": tt.exception, "message": tt.message})
		require.ErrorIs(t, c.RespondToSoftwareTokenMFAChallenge(t.Context(), "123456"), tt.reason)
		_, pending := c.Challenge()
		assert.Equal(t, tt.pending, pending, tt.message)
		assert.Equal(t, tokens, c.Tokens())
	}
}
