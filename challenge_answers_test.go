package cognito_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// newFlowServer starts a pool that allows every flow, with the user bob and users who have a second
// factor each.
func newFlowServer(t *testing.T, cfg cognitotest.Config) *cognitotest.Server {
	t.Helper()
	cfg.Clients = []cognitotest.Client{everyFlow(true)}
	cfg.Triggers = customTriggers()
	if cfg.FirstFactors == nil {
		cfg.FirstFactors = []string{"PASSWORD", "EMAIL_OTP", "SMS_OTP"}
	}
	srv := newServer(t, cfg)
	for name, u := range map[string]cognitotest.User{
		"sms": {MFA: []string{"SMS_MFA"}}, "totp": {MFA: []string{"SOFTWARE_TOKEN_MFA"}}, "email": {MFA: []string{"EMAIL_OTP"}},
		"either": {MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}}, "fresh": {Status: "FORCE_CHANGE_PASSWORD"}, "plain": {},
	} {
		u.Username, u.Password = name, testPassword
		u.Attributes = map[string]string{"email": name + "@example.com", "email_verified": "true", "phone_number": "+49301234567"}
		srv.AddUser(u)
	}
	return srv
}

// newFlowClient makes a client of srv with AWS credentials.
func newFlowClient(t *testing.T, srv *cognitotest.Server, opts ...cognito.Option) *cognito.Cognito {
	t.Helper()
	return newClient(t, srv, append([]cognito.Option{cognito.WithStaticCredentials("AKID", "secret", "")}, opts...)...)
}

// challenged signs in until a challenge is pending.
func challenged(t *testing.T, err error) cognito.Challenge {
	t.Helper()
	var challenge *cognito.ChallengeError
	require.ErrorAs(t, err, &challenge)
	return challenge.Challenge
}

// People type and paste spaces into codes, and messages have invisible characters beside them. The
// service refuses both.
func TestCodesMayHaveSpaces(t *testing.T) {
	t.Parallel()
	const typed, sent = "\ufeff 123\u00a0456\u200b\u2060\n", "123456"
	ctx := t.Context()
	srv := newFlowServer(t, cognitotest.Config{MFA: "OPTIONAL"})
	bob := newFlowClient(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, bob.Authenticate(ctx, testPassword))
	pending := func(name cognito.ChallengeName, opts ...cognito.SessionOption) *cognito.Cognito {
		ch := cognito.Challenge{Name: name, Session: strings.Repeat("s", 20), Username: "bob"}
		return bob.ForUser("bob", append(opts, cognito.WithChallenge(ch))...)
	}
	byHandler := newFlowClient(t, srv, cognito.WithUsername("totp"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) {
			return cognito.Answer{"SOFTWARE_TOKEN_MFA_CODE": typed}, nil
		},
	))
	for name, call := range map[string]func() error{
		"sign-up":        func() error { return bob.ConfirmSignUp(ctx, "bob", typed) },
		"password":       func() error { return bob.ConfirmForgotPassword(ctx, typed, "Another-Horse-1") },
		"address":        func() error { return bob.ValidateVerification(ctx, "email", typed) },
		"set-up":         func() error { return bob.VerifySoftwareToken(ctx, typed, "") },
		"SMS":            func() error { return pending("SMS_MFA").RespondToSMSMFAChallenge(ctx, typed) },
		"software token": func() error { return pending("SOFTWARE_TOKEN_MFA").RespondToSoftwareTokenMFAChallenge(ctx, typed) },
		"e-mail":         func() error { return pending("EMAIL_OTP").RespondToEmailOTPChallenge(ctx, typed) },
		"SMS first":      func() error { return pending("SMS_OTP").RespondToSMSOTPChallenge(ctx, typed) },
		"any challenge": func() error {
			return pending("SMS_MFA").RespondToChallenge(ctx, map[string]string{"SMS_MFA_CODE": typed})
		},
		"handler": func() error { return byHandler.Authenticate(ctx, testPassword) },
	} {
		before := len(serviceCalls(srv))
		require.Error(t, call(), "%s: it is not the code", name)
		calls := serviceCalls(srv)
		require.Greater(t, len(calls), before, name)
		assert.Contains(t, texts(calls[len(calls)-1].Body), sent, name)
	}
	// An answer to a question of the application's own goes as it is.
	_ = pending("CUSTOM_CHALLENGE").RespondToChallenge(ctx, map[string]string{"ANSWER": "two words", "SMS_MFA_CODE": "1 2"})
	assert.Subset(t, texts(lastCall(srv).Body), []string{"two words", "1 2"})
}

func TestWrongCodeLeavesTheChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	tests := []struct {
		user  string
		begin func(*cognito.Cognito) error
		code  func() string
		reply func(*cognito.Cognito, string) error
		want  error
	}{
		{"sms", byPassword(t), func() string { return srv.Code("sms") }, func(c *cognito.Cognito, code string) error {
			return c.RespondToSMSMFAChallenge(t.Context(), code)
		}, cognito.ErrSMSMFARequired},
		{"totp", byPassword(t), func() string { return srv.TOTP("totp") }, func(c *cognito.Cognito, code string) error {
			return c.RespondToSoftwareTokenMFAChallenge(t.Context(), code)
		}, cognito.ErrSoftwareTokenMFARequired},
		{"email", byPassword(t), func() string { return srv.Code("email") }, func(c *cognito.Cognito, code string) error {
			return c.RespondToEmailOTPChallenge(t.Context(), code)
		}, cognito.ErrEmailOTPRequired},
		{"plain", func(c *cognito.Cognito) error {
			return c.AuthenticateChoice(t.Context(), cognito.FirstFactor{Preferred: "SMS_OTP"})
		}, func() string { return srv.Code("plain") }, func(c *cognito.Cognito, code string) error {
			return c.RespondToSMSOTPChallenge(t.Context(), code)
		}, cognito.ErrSMSOTPRequired},
	}
	for _, tt := range tests {
		c := newFlowClient(t, srv, cognito.WithUsername(tt.user))
		err := tt.begin(c)
		require.ErrorIs(t, err, tt.want)
		ch := challenged(t, err)
		for range 2 {
			require.ErrorIs(t, tt.reply(c, "000000"), cognito.ErrCodeMismatch, tt.user)
			pending, ok := c.Challenge()
			require.True(t, ok)
			require.Equal(t, ch, pending, "the same session is good for the next code")
		}
		require.NoError(t, tt.reply(c, tt.code()), tt.user)
		require.Equal(t, tt.user, c.AccessClaims().Username)
		require.ErrorIs(t, tt.reply(c, "000000"), cognito.ErrNoChallenge)

		// The challenge is spent, wherever it went.
		late := newFlowClient(t, srv, cognito.WithChallenge(ch))
		err = tt.reply(late, "000000")
		require.ErrorIs(t, err, cognito.ErrSessionExpired, tt.user)
		_, ok := late.Challenge()
		require.False(t, ok, "an answered challenge is no longer pending")
		require.ErrorIs(t, tt.reply(late, "000000"), cognito.ErrNoChallenge)
	}
}

func byPassword(t *testing.T) func(*cognito.Cognito) error {
	t.Helper()
	return func(c *cognito.Cognito) error { return c.Authenticate(t.Context(), testPassword) }
}

func TestExpiredChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("totp"))
	require.Error(t, c.Authenticate(t.Context(), testPassword))
	srv.Advance(time.Hour)
	err := c.RespondToSoftwareTokenMFAChallenge(t.Context(), srv.TOTP("totp"))
	require.ErrorIs(t, err, cognito.ErrSessionExpired)
	require.ErrorContains(t, err, "cognito: RespondToSoftwareTokenMFAChallenge: the challenge's session is spent or expired, start the sign-in again: "+
		"RespondToAuthChallenge: NotAuthorizedException: Invalid session for the user, session is expired.")
	_, ok := c.Challenge()
	assert.False(t, ok)

	// A session that was resumed knows who is to start again.
	require.Error(t, c.Authenticate(t.Context(), testPassword))
	ch, _ := c.Challenge()
	c = newFlowClient(t, srv, cognito.WithChallenge(ch))
	srv.Advance(time.Hour)
	require.ErrorIs(t, c.RespondToSoftwareTokenMFAChallenge(t.Context(), srv.TOTP("totp")), cognito.ErrSessionExpired)
	assert.Equal(t, "totp", c.Username())
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrSoftwareTokenMFARequired)
}

func TestCustomChallengeAsksAgainOrGivesUp(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("plain"))
	err := c.AuthenticateCustom(t.Context(), "")
	seen := map[string]bool{}
	for range 5 {
		require.ErrorIs(t, err, cognito.ErrCustomChallengeRequired)
		ch := challenged(t, err)
		assert.Equal(t, map[string]string{"question": "the word?"}, ch.PublicParameters())
		assert.False(t, seen[ch.Session], "each round has a session of its own")
		seen[ch.Session] = true
		err = c.RespondToCustomChallenge(t.Context(), "wrong")
	}
	require.ErrorIs(t, err, cognito.ErrInvalidCredentials)
	_, ok := c.Challenge()
	assert.False(t, ok, "nothing is left to answer")
	require.ErrorIs(t, c.RespondToCustomChallenge(t.Context(), "sesame"), cognito.ErrNoChallenge)
}

// Each method answers its own challenge only, and says which one is pending.
func TestRespondersCheckTheChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	ctx := t.Context()
	responders := map[types.ChallengeNameType]func(*cognito.Cognito) error{
		"SMS_MFA":               func(c *cognito.Cognito) error { return c.RespondToSMSMFAChallenge(ctx, "123456") },
		"SOFTWARE_TOKEN_MFA":    func(c *cognito.Cognito) error { return c.RespondToSoftwareTokenMFAChallenge(ctx, "123456") },
		"EMAIL_OTP":             func(c *cognito.Cognito) error { return c.RespondToEmailOTPChallenge(ctx, "123456") },
		"SMS_OTP":               func(c *cognito.Cognito) error { return c.RespondToSMSOTPChallenge(ctx, "123456") },
		"NEW_PASSWORD_REQUIRED": func(c *cognito.Cognito) error { return c.RespondToNewPasswordChallenge(ctx, "Password-1", nil) },
		"CUSTOM_CHALLENGE":      func(c *cognito.Cognito) error { return c.RespondToCustomChallenge(ctx, "answer") },
		"WEB_AUTHN":             func(c *cognito.Cognito) error { return c.RespondToWebAuthnChallenge(ctx, []byte(`{}`)) },
		"SELECT_MFA_TYPE":       func(c *cognito.Cognito) error { return c.SelectMFAType(ctx, "SMS_MFA") },
		"SELECT_CHALLENGE":      func(c *cognito.Cognito) error { return c.SelectChallenge(ctx, "EMAIL_OTP") },
		"MFA_SETUP":             func(c *cognito.Cognito) error { return c.SetupEmailMFA(ctx, "bob@example.com") },
		"PASSWORD":              func(c *cognito.Cognito) error { return c.RespondToPasswordChallenge(ctx, testPassword) },
	}
	for kind, respond := range responders {
		require.ErrorIs(t, respond(newFlowClient(t, srv)), cognito.ErrNoChallenge, kind)
		zero := newFlowClient(t, srv, cognito.WithChallenge(cognito.Challenge{}))
		require.ErrorContains(t, respond(zero), "got one without a name", kind)
		for pending := range responders {
			if kind == pending {
				continue
			}
			ch := cognito.Challenge{Name: pending, Username: "bob", Session: strings.Repeat("s", 30)}
			c := newFlowClient(t, srv, cognito.WithChallenge(ch))
			err := respond(c)
			require.ErrorContains(t, err, "got "+string(pending), kind)
			require.ErrorContains(t, err, string(kind))
			kept, _ := c.Challenge()
			require.Equal(t, ch, kept)
		}
	}
	assert.Empty(t, serviceCalls(srv))
	for kind, respond := range responders { // and its own it sends
		c := newFlowClient(t, srv, cognito.WithChallenge(cognito.Challenge{Name: kind, Username: "bob", Session: strings.Repeat("s", 30)}))
		require.ErrorIs(t, respond(c), cognito.ErrSessionExpired, kind)
		calls := serviceCalls(srv)
		require.Equal(t, string(kind), calls[len(calls)-1].Body["ChallengeName"])
	}
}

func TestAnswersAreCheckedBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	ctx := t.Context()
	select3 := cognito.Challenge{Name: "SELECT_CHALLENGE", Available: []types.ChallengeNameType{"PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"}}
	mfa := cognito.Challenge{Name: "SELECT_MFA_TYPE", Parameters: map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA","SOFTWARE_TOKEN_MFA"]`}}
	newPassword := cognito.Challenge{Name: "NEW_PASSWORD_REQUIRED", Parameters: map[string]string{"requiredAttributes": `["userAttributes.given_name","userAttributes.custom:team"]`}}
	tests := []struct {
		ch   cognito.Challenge
		call func(*cognito.Cognito) error
		want string
	}{
		{cognito.Challenge{Name: "SMS_MFA"}, func(c *cognito.Cognito) error { return c.RespondToSMSMFAChallenge(ctx, "") }, "code: want"},
		{cognito.Challenge{Name: "CUSTOM_CHALLENGE"}, func(c *cognito.Cognito) error { return c.RespondToCustomChallenge(ctx, "") }, "answer: want"},
		{cognito.Challenge{Name: "WEB_AUTHN"}, func(c *cognito.Cognito) error { return c.RespondToWebAuthnChallenge(ctx, []byte(`"x"`)) }, "credential: want"},
		{cognito.Challenge{Name: "WEB_AUTHN"}, func(c *cognito.Cognito) error { return c.RespondToWebAuthnChallenge(ctx, []byte(`null`)) }, "credential: want"},
		{cognito.Challenge{Name: "MFA_SETUP"}, func(c *cognito.Cognito) error { return c.SetupEmailMFA(ctx, "") }, "address: want"},
		{cognito.Challenge{Name: "MFA_SETUP"}, func(c *cognito.Cognito) error { return c.VerifySoftwareToken(ctx, "", "") }, "code: want"},
		{cognito.Challenge{Name: "PASSWORD"}, func(c *cognito.Cognito) error { return c.RespondToPasswordChallenge(ctx, "") }, "password: want"},
		{mfa, func(c *cognito.Cognito) error { return c.SelectMFAType(ctx, "EMAIL_OTP") }, "name: want one of [SMS_MFA SOFTWARE_TOKEN_MFA]"},
		{cognito.Challenge{Name: "SELECT_MFA_TYPE"}, func(c *cognito.Cognito) error { return c.SelectMFAType(ctx, "") }, "name: want"},
		{select3, func(c *cognito.Cognito) error { return c.SelectChallenge(ctx, "WEB_AUTHN") }, "name: want one of"},
		{select3, func(c *cognito.Cognito) error { return c.SelectChallenge(ctx, "PASSWORD") }, "option Password: want a password with PASSWORD"},
		{select3, func(c *cognito.Cognito) error { return c.SelectChallenge(ctx, "PASSWORD_SRP") }, "option Password: want a password"},
		{select3, func(c *cognito.Cognito) error { return c.SelectChallenge(ctx, "EMAIL_OTP", cognito.Password("x")) }, "option Password: want no password"},
		{newPassword, func(c *cognito.Cognito) error { return c.RespondToNewPasswordChallenge(ctx, "", nil) }, "new password: want"},
		{newPassword, func(c *cognito.Cognito) error { return c.RespondToNewPasswordChallenge(ctx, "Password-1", nil) }, "attributes: want [given_name custom:team]"},
		{newPassword, func(c *cognito.Cognito) error {
			return c.RespondToNewPasswordChallenge(ctx, "Password-1", cognito.Attributes{"given_name": "Fay"})
		}, "attributes: want [custom:team]"},
		{cognito.Challenge{Name: "SMS_MFA"}, func(c *cognito.Cognito) error {
			return c.RespondToSMSMFAChallenge(ctx, "123456", cognito.Password("x"))
		}, "option Password"},
		{cognito.Challenge{Name: "SMS_MFA"}, func(c *cognito.Cognito) error {
			return c.RespondToSMSMFAChallenge(ctx, "123456", cognito.ContextData{IPAddress: "1", ServerName: "2", ServerPath: "3"})
		}, "option ContextData"},
		{cognito.Challenge{Name: "SMS_MFA", Admin: true}, func(c *cognito.Cognito) error {
			return c.RespondToSMSMFAChallenge(ctx, "123456", cognito.UserContextData{IPAddress: "1"})
		}, "option UserContextData"},
	}
	for _, tt := range tests {
		tt.ch.Username, tt.ch.Session = "bob", strings.Repeat("s", 30)
		c := newFlowClient(t, srv, cognito.WithChallenge(tt.ch))
		err := tt.call(c)
		require.ErrorContains(t, err, tt.want)
		kept, _ := c.Challenge()
		require.Equal(t, tt.ch, kept, tt.want)
	}
	for want, call := range map[string]func(*cognito.Cognito) error{
		"username: want": func(c *cognito.Cognito) error {
			return c.ForUser("").AuthenticateChoice(ctx, cognito.FirstFactor{})
		},
		"cognito: AuthenticateCustom: username: want": func(c *cognito.Cognito) error { return c.ForUser("").AuthenticateCustom(ctx, "") },
		"cognito: AdminAuthenticate: username: want":  func(c *cognito.Cognito) error { return c.ForUser("").AdminAuthenticate(ctx, "x") },
		"first factor: want a password with PASSWORD,": func(c *cognito.Cognito) error {
			return c.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "PASSWORD"})
		},
		"first factor: want no password": func(c *cognito.Cognito) error {
			return c.AuthenticateChoice(ctx, cognito.FirstFactor{Preferred: "EMAIL_OTP", Password: "x"})
		},
		"option Flow: want one of [ADMIN_USER_PASSWORD_AUTH": func(c *cognito.Cognito) error {
			return c.AdminAuthenticate(ctx, "x", cognito.Flow("USER_PASSWORD_AUTH"))
		},
		"option Flow: want one of [USER_SRP_AUTH USER_PASSWORD_AUTH], got \"CUSTOM_AUTH\"": func(c *cognito.Cognito) error {
			return c.Authenticate(ctx, "x", cognito.Flow("CUSTOM_AUTH"))
		},
		"cognito: NewPasswordChallenge: new password: want": func(c *cognito.Cognito) error { return c.NewPasswordChallenge(ctx, "x", "", nil) },
		"device: want a key, a group key and a password": func(c *cognito.Cognito) error {
			return c.ForUser("bob", cognito.WithDevice(cognito.Device{Key: "key"})).Authenticate(ctx, "x")
		},
	} {
		require.ErrorContains(t, call(newFlowClient(t, srv, cognito.WithUsername("bob"))), want)
	}
	assert.Empty(t, serviceCalls(srv), "nothing was sent")
}

// A challenge that nobody has invented yet comes through with its parameters, and its answer goes
// out as it is.
func TestUnknownChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	answer(srv, "InitiateAuth", 200, map[string]any{
		"ChallengeName": "RETINA", "Session": "session-of-twenty-characters", "ChallengeParameters": map[string]string{"eye": "left"},
	})
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	err := c.Authenticate(t.Context(), testPassword)
	require.ErrorContains(t, err, "RETINA")
	assert.Equal(t, "left", challenged(t, err).Parameters["eye"])
	require.Error(t, c.RespondToChallenge(t.Context(), map[string]string{"IRIS": "blue", "USERNAME": "eve", "SECRET_HASH": "x"}))
	calls := serviceCalls(srv)
	last := calls[len(calls)-1].Body
	assert.Equal(t, "RETINA", last["ChallengeName"])
	assert.Equal(t, map[string]any{"IRIS": "blue", "USERNAME": "bob", "SECRET_HASH": hmacHash("bob"+testClient, testSecret)}, last["ChallengeResponses"])
}

// A reply with neither tokens nor a challenge is an error, and the former session stays.
func TestReplyWithNothing(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"InitiateAuth", "RespondToAuthChallenge", "AdminInitiateAuth", "AdminRespondToAuthChallenge"} {
		srv := newFlowServer(t, cognitotest.Config{})
		c := newFlowClient(t, srv, cognito.WithUsername("bob"))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		before, claims := c.Tokens(), c.AccessClaims()
		answer(srv, op, 200, map[string]any{"ChallengeParameters": map[string]string{}})
		var err error
		if strings.HasPrefix(op, "Admin") {
			err = c.AdminAuthenticate(t.Context(), testPassword, cognito.Flow("USER_SRP_AUTH"))
		} else {
			err = c.Authenticate(t.Context(), testPassword)
		}
		require.ErrorContains(t, err, "want tokens or a challenge, got neither", op)
		assert.Equal(t, before, c.Tokens())
		assert.Equal(t, claims, c.AccessClaims())
	}
}

// A context that ends mid-way is what the error says; the challenge stays where the service has not
// got the answer.
func TestContextCancelledMidWay(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("totp"))
	require.Error(t, c.Authenticate(t.Context(), testPassword))
	before, _ := c.Challenge()
	ctx, cancel := context.WithCancel(t.Context())
	srv.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "RespondToAuthChallenge") {
			cancel()
			<-r.Context().Done()
			return true
		}
		return false
	})
	require.ErrorIs(t, c.RespondToSoftwareTokenMFAChallenge(ctx, srv.TOTP("totp")), context.Canceled)
	srv.Intercept(nil)
	after, ok := c.Challenge()
	require.True(t, ok)
	assert.Equal(t, before, after)
	require.NoError(t, c.RespondToSoftwareTokenMFAChallenge(t.Context(), srv.TOTP("totp")))
}

// An answer is sent once when it is not known whether the service took it, and again when it was
// throttled.
func TestAnswersAreSentOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	signedIn := func(c *cognito.Cognito) { require.NoError(t, c.Authenticate(ctx, testPassword)) }
	pending := func(c *cognito.Cognito) { require.Error(t, c.AdminAuthenticate(ctx, testPassword)) }
	tests := []struct {
		op, user string
		before   func(*cognito.Cognito)
		call     func(*cognito.Cognito) error
	}{
		{"AdminRespondToAuthChallenge", "sms", pending, func(c *cognito.Cognito) error { return c.RespondToSMSMFAChallenge(ctx, "000000") }},
		{"AssociateSoftwareToken", "bob", signedIn, func(c *cognito.Cognito) error { _, err := c.AssociateSoftwareToken(ctx); return err }},
		{"VerifySoftwareToken", "bob", signedIn, func(c *cognito.Cognito) error { return c.VerifySoftwareToken(ctx, "000000", "") }},
		{"ConfirmDevice", "bob", signedIn, func(c *cognito.Cognito) error { _, err := c.ConfirmDevice(ctx, "phone"); return err }},
		{"CompleteWebAuthnRegistration", "bob", signedIn, func(c *cognito.Cognito) error { return c.CompleteWebAuthnRegistration(ctx, []byte(`{}`)) }},
	}
	for _, tt := range tests {
		for _, fault := range []struct {
			status    int
			exception string
			want      int64
		}{{500, "InternalErrorException", 1}, {503, "", 1}, {400, "TooManyRequestsException", 3}} {
			srv := newFlowServer(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}})
			c := newFlowClient(t, srv, cognito.WithUsername(tt.user), cognito.WithClientOptions(noBackoff))
			tt.before(c)
			var sent atomic.Int64
			srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+tt.op) {
					return false
				}
				sent.Add(1)
				w.Header().Set("X-Amzn-ErrorType", fault.exception)
				w.WriteHeader(fault.status)
				return true
			})
			require.Error(t, tt.call(c))
			assert.Equal(t, fault.want, sent.Load(), "%s, %d", tt.op, fault.status)
		}
	}
}

// Two answers at once: the service takes one, and the session is that of the one.
func TestConcurrentAnswers(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("sms"))
	require.Error(t, c.Authenticate(t.Context(), testPassword))
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- c.RespondToSMSMFAChallenge(t.Context(), srv.Code("sms")) }()
	}
	good := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			good++
		}
	}
	assert.Equal(t, 1, good)
	assert.Equal(t, "sms", c.AccessClaims().Username)
}

// The session of each reply goes into the next request, and only there.
func TestSessionsAreForwarded(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	sessions := []string{"session-number-1-for-you", "", "session-number-3-for-you"}
	step := 0
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || step == len(sessions) {
			return false
		}
		body := `{"ChallengeName":"CUSTOM_CHALLENGE","ChallengeParameters":{"USERNAME":"bob-` + strings.Repeat("x", step) + `"}`
		if sessions[step] != "" {
			body += `,"Session":"` + sessions[step] + `"`
		}
		step++
		_, _ = w.Write([]byte(body + "}"))
		return true
	})
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrCustomChallengeRequired)
	for range sessions[1:] {
		require.ErrorIs(t, c.RespondToChallenge(t.Context(), map[string]string{"ANSWER": "x"}), cognito.ErrCustomChallengeRequired)
	}
	calls := serviceCalls(srv)
	require.Len(t, calls, 3)
	assert.Equal(t, "session-number-1-for-you", calls[1].Body["Session"])
	assert.NotContains(t, calls[2].Body, "Session")
	assert.Equal(t, map[string]any{"USERNAME": "bob-", "ANSWER": "x"}, calls[1].Body["ChallengeResponses"])
	assert.Equal(t, map[string]any{"USERNAME": "bob-x", "ANSWER": "x"}, calls[2].Body["ChallengeResponses"])
	ch, _ := c.Challenge()
	assert.Equal(t, "session-number-3-for-you", ch.Session)
}
