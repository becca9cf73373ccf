package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

const password = "Correct-Horse-1"

// script is a user who types what answers says, by a part of the prompt.
type script struct {
	answers map[string]func() string
	said    strings.Builder
	asked   []string
}

func (s *script) Say(text string) { s.said.WriteString(text + "\n") }

func (s *script) Ask(_ context.Context, prompt string) (string, error) {
	s.asked = append(s.asked, prompt)
	for part, answer := range s.answers {
		if strings.Contains(prompt, part) {
			return answer(), nil
		}
	}
	return "", io.EOF
}

func (s *script) AskSecret(ctx context.Context, prompt string) (string, error) {
	return s.Ask(ctx, prompt)
}

func always(text string) func() string { return func() string { return text } }

// oneByOne gives one text after the other, and the last again and again.
func oneByOne(texts ...func() string) func() string {
	return func() string {
		text := texts[0]
		if len(texts) > 1 {
			texts = texts[1:]
		}
		return text()
	}
}

func newPool(t *testing.T, cfg cognitotest.Config, u cognitotest.User) (*cognitotest.Server, *cognito.Cognito) {
	t.Helper()
	cfg.Clients = []cognitotest.Client{{ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	}}}
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	u.Username, u.Password = "bob", password
	srv.AddUser(u)
	pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	require.NoError(t, err)
	return srv, pool
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	address := map[string]string{"email": "bob@example.com", "email_verified": "true", "phone_number": "+49301234567"}
	ask := func(e *cognitotest.DefineAuthChallengeEvent) error {
		e.ChallengeName = "CUSTOM_CHALLENGE"
		for _, round := range e.Session {
			e.IssueTokens = e.IssueTokens || round.Name == "CUSTOM_CHALLENGE" && round.Passed
		}
		return nil
	}
	type answers = map[string]func() string
	tests := []struct {
		name, flow string
		cfg        cognitotest.Config
		user       cognitotest.User
		answers    func(srv *cognitotest.Server) answers
		said       string
	}{
		{"password alone", "srp", cognitotest.Config{}, cognitotest.User{}, nil, ""},
		{"password in clear", "password", cognitotest.Config{}, cognitotest.User{}, nil, ""},
		{
			"SMS, nothing and wrong at first", "srp",
			cognitotest.Config{},
			cognitotest.User{MFA: []string{"SMS_MFA"}, Attributes: address},
			func(srv *cognitotest.Server) answers {
				return answers{"Code sent by SMS to +*******4567": oneByOne(always(""), always("000000"), func() string { return srv.Code("bob") })}
			},
			"That was not right",
		},
		{
			"choice of factors", "srp",
			cognitotest.Config{},
			cognitotest.User{MFA: []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"}, Attributes: address},
			func(srv *cognitotest.Server) answers {
				return answers{
					"Number of the second factor": oneByOne(always("7"), always("2")), "authenticator app": func() string { return srv.TOTP("bob") },
				}
			},
			"There is no such number.",
		},
		{
			"new password", "srp",
			cognitotest.Config{},
			cognitotest.User{Status: "FORCE_CHANGE_PASSWORD"},
			func(*cognitotest.Server) answers {
				return answers{
					"New password":   oneByOne(always("a"), always("weak"), always("Permanent-1")),
					"The same again": oneByOne(always("b"), always("weak"), always("Permanent-1")),
				}
			},
			"The two differ.",
		},
		{
			"set-up", "srp",
			cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA"}},
			cognitotest.User{},
			func(srv *cognitotest.Server) answers {
				return answers{"Code that it shows": oneByOne(always("000000"), func() string { return srv.TOTP("bob") })}
			},
			"otpauth://totp/Cognito:bob?secret=",
		},
		{
			"set-up of an address", "srp",
			cognitotest.Config{MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}},
			cognitotest.User{},
			func(srv *cognitotest.Server) answers {
				return answers{
					"Number of the second factor to set up": always("2"), "E-mail address": always("bob@example.com"),
					"Code sent by EMAIL": func() string { return srv.Code("bob") },
				}
			},
			"",
		},
		{
			"choice, e-mail", "choice",
			cognitotest.Config{FirstFactors: []string{"PASSWORD", "EMAIL_OTP"}},
			cognitotest.User{Attributes: address},
			func(srv *cognitotest.Server) answers {
				return answers{"way to sign in": always("3"), "Code sent by EMAIL to b***@e***": func() string { return srv.Code("bob") }}
			},
			"3: EMAIL_OTP",
		},
		{
			"choice, password", "choice",
			cognitotest.Config{},
			cognitotest.User{},
			func(*cognitotest.Server) answers {
				return answers{"way to sign in": always("1")}
			},
			"1: PASSWORD_SRP",
		},
		{"custom", "custom", cognitotest.Config{Triggers: cognitotest.Triggers{
			DefineAuthChallenge: func(e *cognitotest.DefineAuthChallengeEvent) error {
				if len(e.Session) == 1 {
					e.ChallengeName = "PASSWORD_VERIFIER"
					return nil
				}
				return ask(e)
			},
			CreateAuthChallenge: func(e *cognitotest.CreateAuthChallengeEvent) error {
				e.PublicParameters = map[string]string{"question": "the word?"}
				return nil
			},
			VerifyAuthChallenge: func(e *cognitotest.VerifyAuthChallengeEvent) error {
				e.Correct = e.Answer == "sesame"
				return nil
			},
		}}, cognitotest.User{}, func(*cognitotest.Server) answers {
			return answers{"Answer": oneByOne(always("wrong"), always("sesame"))}
		}, "question: the word?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, pool := newPool(t, tt.cfg, tt.user)
			user := &script{answers: answers{}}
			if tt.answers != nil {
				user.answers = tt.answers(srv)
			}
			user.answers["Password of bob"] = always(password)
			session := pool.ForUser("bob")
			require.NoError(t, signIn(t.Context(), session, user, tt.flow), user.asked)
			assert.Equal(t, "bob", session.AccessClaims().Username)
			assert.Contains(t, user.said.String(), tt.said)
		})
	}
}

func TestSignInFails(t *testing.T) {
	t.Parallel()
	_, pool := newPool(t, cognitotest.Config{}, cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	user := &script{answers: map[string]func() string{"Password": oneByOne(always("wrong"), always(password))}}
	require.ErrorIs(t, signIn(t.Context(), pool.ForUser("bob"), user, "srp"), cognito.ErrInvalidCredentials)
	require.ErrorIs(t, signIn(t.Context(), pool.ForUser("bob"), user, "srp"), io.EOF, "the user gives up at the code")
	require.ErrorContains(t, signIn(t.Context(), pool.ForUser("bob"), user, "magic"), "-flow: want")
	passkey := pool.ForUser("", cognito.WithChallenge(cognito.Challenge{Name: "WEB_AUTHN", Username: "bob"}))
	ch, _ := passkey.Challenge()
	require.ErrorContains(t, answer(t.Context(), passkey, user, ch), "WEB_AUTHN")
}

// The whole program, against the pool in its own process.
func TestRun(t *testing.T) {
	t.Parallel()
	user := &script{answers: map[string]func() string{"Password of bob": always(password)}}
	require.NoError(t, settings{user: "bob", flow: "srp"}.run(t.Context(), user))
	assert.Contains(t, user.said.String(), "Signed in as bob until ")
}

// The device is kept where only its owner can read it, and spares the code the next time.
func TestDeviceIsKept(t *testing.T) {
	t.Parallel()
	srv, pool := newPool(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}},
		cognitotest.User{MFA: []string{"SOFTWARE_TOKEN_MFA"}})
	s := settings{
		pool: pool.UserPoolID(), client: pool.ClientID(), endpoint: srv.URL, user: "bob", flow: "srp",
		store: filepath.Join(t.TempDir(), "session"),
	}
	user := &script{answers: map[string]func() string{"Password": always(password), "authenticator": func() string { return srv.TOTP("bob") }}}
	require.NoError(t, s.run(t.Context(), user))
	info, err := os.Stat(s.store + ".device")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.NoFileExists(t, s.store, "signed out")
	asked := len(user.asked)
	require.NoError(t, s.run(t.Context(), user))
	assert.Equal(t, []string{"Password of bob"}, user.asked[asked:])
}
