package cognito_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// isAnswerTo reports whether r answers the challenge name. It can be asked once of a request.
func isAnswerTo(r *http.Request, name string) bool {
	var body struct{ ChallengeName string }
	return strings.HasSuffix(r.Header.Get("X-Amz-Target"), "RespondToAuthChallenge") &&
		json.NewDecoder(r.Body).Decode(&body) == nil && body.ChallengeName == name
}

// A sign-in that fails, at whatever point, leaves the challenge of an earlier one pending: the
// service has not spent it.
func TestFailedSignInLeavesTheChallenge(t *testing.T) {
	t.Parallel()
	garbage := map[string]any{"AuthenticationResult": map[string]any{"AccessToken": "garbage"}}
	for name, spoil := range map[string]func(*cognitotest.Server){
		"refused": func(srv *cognitotest.Server) {
			answer(srv, "InitiateAuth", 400, map[string]any{"__type": "NotAuthorizedException"})
		},
		"garbage tokens": func(srv *cognitotest.Server) { answer(srv, "InitiateAuth", 200, garbage) },
		"nothing":        func(srv *cognitotest.Server) { answer(srv, "InitiateAuth", 200, map[string]any{}) },
		"a bad proof":    func(srv *cognitotest.Server) { answer(srv, "InitiateAuth", 200, verifierChallenge(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newFlowServer(t, cognitotest.Config{})
			c := newFlowClient(t, srv, cognito.WithUsername("totp"))
			before := challenged(t, c.Authenticate(t.Context(), testPassword))
			spoil(srv)
			require.Error(t, c.Authenticate(t.Context(), testPassword))
			srv.Intercept(nil)
			after, ok := c.Challenge()
			require.True(t, ok)
			assert.Equal(t, before, after)
			require.NoError(t, c.RespondToSoftwareTokenMFAChallenge(t.Context(), srv.TOTP("totp")))
			_, ok = c.Challenge()
			assert.False(t, ok)
		})
	}
}

// Whoever signs in otherwise has no use for the challenge of an earlier sign-in.
func TestSignInEndsAnEarlierChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("plain"))
	require.ErrorIs(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{}), cognito.ErrSelectChallengeRequired)
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	_, ok := c.Challenge()
	assert.False(t, ok)
}

// A sign-in that begins while an answer is under way waits for it. What it brings stays, however
// the answer ends.
func TestNewerChallengeStays(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"right", "spent"} {
		srv := newFlowServer(t, cognitotest.Config{})
		c := newFlowClient(t, srv, cognito.WithUsername("totp"))
		older := challenged(t, c.Authenticate(t.Context(), testPassword))
		if code == "spent" {
			other := newFlowClient(t, srv, cognito.WithChallenge(older))
			require.NoError(t, other.RespondToSoftwareTokenMFAChallenge(t.Context(), srv.TOTP("totp")))
		}
		signedIn := make(chan error, 1)
		var once sync.Once
		srv.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
			if isAnswerTo(r, "SOFTWARE_TOKEN_MFA") {
				once.Do(func() { go func() { signedIn <- c.Authenticate(t.Context(), testPassword) }() })
			}
			return false
		})
		err := c.RespondToSoftwareTokenMFAChallenge(t.Context(), srv.TOTP("totp"))
		assert.Equal(t, code == "right", err == nil, "%v", err)
		newer := challenged(t, <-signedIn)
		pending, ok := c.Challenge()
		require.True(t, ok, code)
		assert.Equal(t, newer, pending)
		assert.NotEqual(t, older.Session, pending.Session)
	}
}

// What the caller does to a challenge that it was given, or gave, is its own affair.
func TestChallengesAreCopies(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("bob"))
	ask := func() cognito.Challenge {
		return challenged(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{}))
	}
	spoil := func(ch cognito.Challenge) {
		ch.Available[0] = "SPOILT"
		if ch.Parameters != nil {
			ch.Parameters["USERNAME"] = "eve"
		}
	}
	want := ask()
	spoil(ask())
	pending, _ := c.Challenge()
	assert.Equal(t, want.Available, pending.Available, "that of the error")

	given := ask()
	given.Parameters = map[string]string{"a": "b"}
	option := cognito.WithChallenge(given)
	first := newFlowClient(t, srv, option)
	spoil(given)
	pending, _ = first.Challenge()
	assert.Equal(t, want.Available, pending.Available, "that of the option")
	assert.Equal(t, map[string]string{"a": "b"}, pending.Parameters)
	spoil(pending)
	pending, _ = first.Challenge()
	assert.Equal(t, want.Available, pending.Available, "that of Challenge")
	assert.Equal(t, map[string]string{"a": "b"}, pending.Parameters)

	handled := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithChallengeHandler(
		func(_ context.Context, ch cognito.Challenge) (cognito.Answer, error) {
			spoil(ch)
			return nil, nil
		},
	))
	left := challenged(t, handled.AuthenticateChoice(t.Context(), cognito.FirstFactor{}))
	assert.Equal(t, want.Available, left.Available, "that of the handler")
	pending, _ = handled.Challenge()
	assert.Equal(t, want.Available, pending.Available)
}

// Neither errors nor the log show a password, a code, a session or a token, right or wrong.
func TestSignInsKeepSecrets(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}})
	var log strings.Builder
	c := newFlowClient(t, srv, cognito.WithUsername("totp"), cognito.WithDeviceTracking("phone"),
		cognito.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	said := func(err error) string { return err.Error() + "\n" }
	const wrong = "Wrong-Horse-1"
	text := said(c.Authenticate(t.Context(), wrong))
	text += said(c.Authenticate(t.Context(), wrong, cognito.Flow("USER_PASSWORD_AUTH")))
	err := c.Authenticate(t.Context(), testPassword)
	session := challenged(t, err).Session
	text += said(err) + said(c.RespondToSoftwareTokenMFAChallenge(t.Context(), "918273")) +
		said(c.RespondToNewPasswordChallenge(t.Context(), wrong, nil))
	code := srv.TOTP("totp")
	require.NoError(t, c.RespondToSoftwareTokenMFAChallenge(t.Context(), code))
	stale := newFlowClient(t, srv, cognito.WithChallenge(cognito.Challenge{Name: "SOFTWARE_TOKEN_MFA", Username: "totp", Session: session}))
	text += said(stale.RespondToSoftwareTokenMFAChallenge(t.Context(), code))
	d, ok := c.Device()
	require.True(t, ok)
	require.NotEmpty(t, log.String())
	for _, secret := range []string{wrong, testPassword, "918273", code, session, d.Password, c.Tokens().AccessToken, c.Tokens().RefreshToken} {
		assert.NotContains(t, text, secret)
		assert.NotContains(t, log.String(), secret)
	}
}
