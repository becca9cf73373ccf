package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// rotating is an app client whose refresh tokens are good for one use.
func rotating(grace time.Duration) cognitotest.Client {
	return cognitotest.Client{
		ID: testClient, RefreshTokenRotation: true, RefreshTokenGracePeriod: grace, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH"},
	}
}

func TestTokenRenewsBeforeTheFirstExpires(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]cognitotest.Client{
		"access token first": {ID: testClient, AccessTokenValidity: 30 * time.Minute},
		"ID token first":     {ID: testClient, IDTokenValidity: 30 * time.Minute},
		"both":               {ID: testClient, AccessTokenValidity: 30 * time.Minute, IDTokenValidity: 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
			c := signedIn(t, srv)
			before := c.Tokens()
			srv.Advance(27 * time.Minute) // a minute of window and at most one of jitter are left
			tokens, err := c.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, before, tokens)
			assert.Zero(t, renewals(srv))
			srv.Advance(2*time.Minute + time.Second)
			tokens, err = c.Token(t.Context())
			require.NoError(t, err)
			assert.NotEqual(t, before.AccessToken, tokens.AccessToken)
			assert.NotEqual(t, before.IDToken, tokens.IDToken)
			assert.Equal(t, tokens, c.Tokens())
			assert.Equal(t, 1, renewals(srv))
		})
	}
}

// A fleet that signed in at once must not renew at once.
func TestTokenRenewsWithJitter(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	const sessions = 40
	tokens := signedIn(t, srv).Tokens()
	all := make([]*cognito.Cognito, sessions)
	for i := range all {
		all[i] = newClient(t, srv, cognito.WithTokens(tokens))
	}
	srv.Advance(time.Hour - 90*time.Second)
	renewed := 0
	for _, c := range all {
		got, err := c.Token(t.Context())
		require.NoError(t, err)
		if got.AccessToken != tokens.AccessToken {
			renewed++
		}
	}
	// Each does so with probability 1/2; that all or none do has one of 2^-39.
	assert.Positive(t, renewed)
	assert.Less(t, renewed, sessions)
}

func TestTokenOfManyCallersIsOneRenewal(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	for round := range 3 {
		srv.Advance(2 * time.Hour)
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				var err error
				switch i % 10 {
				case 0:
					_, err = c.CheckToken(t.Context(), true)
				default:
					_, err = c.Token(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		assert.Equal(t, round+1, renewals(srv))
	}
}

func TestNobodyWaitsPastItsContext(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	srv.Advance(2 * time.Hour)
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultDelay, Release: release})
	patient := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.Token(ctx) // it begins the renewal
	require.ErrorIs(t, err, context.DeadlineExceeded)
	go func() {
		_, err := c.Token(t.Context())
		patient <- err
	}()
	_, err = c.CheckToken(ctx, true)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, c.RenewAccessToken(ctx), context.DeadlineExceeded)
	close(release)
	require.NoError(t, <-patient, "the renewal outlives the caller who began it")
	assert.Equal(t, 1, renewals(srv))
}

// faultCase says what a fault during a renewal does: to the call itself, and to the next.
type faultCase struct {
	name   string
	fault  cognitotest.Fault
	client cognitotest.Client
	first  error // nil: none; errAny: some error that is not terminal
	next   error
	calls  int // of the service, for the first
	kept   bool
}

var errAny = errors.New("any error")

func TestFaultsDuringARenewal(t *testing.T) {
	t.Parallel()
	plain, strict, lenient := cognitotest.Client{ID: testClient}, rotating(0), rotating(time.Minute)
	fault := func(kind cognitotest.FaultKind, times int) cognitotest.Fault {
		return cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: kind, Times: times}
	}
	tests := []faultCase{
		{"throttled twice", fault(cognitotest.FaultThrottle, 2), strict, nil, nil, 3, true},
		{"throttled for long", fault(cognitotest.FaultThrottle, 3), strict, cognito.ErrThrottled, nil, 3, true},
		{"500", fault(cognitotest.FaultServerError, 1), strict, errAny, nil, 1, true},
		{"503", cognitotest.Fault{Op: "GetTokensFromRefreshToken", Status: 503}, strict, errAny, nil, 1, true},
		{"reset before it was taken", fault(cognitotest.FaultReset, 1), strict, nil, nil, 2, true},
		{"delay", cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultDelay, Delay: 5 * time.Millisecond}, strict, nil, nil, 1, true},
		{"wrong content type", fault(cognitotest.FaultContentType, 1), strict, nil, nil, 1, true},
		{"lost reply, no rotation", fault(cognitotest.FaultLostReply, 1), plain, nil, nil, 2, true},
		{"lost reply, rotation with grace", fault(cognitotest.FaultLostReply, 1), lenient, nil, nil, 2, true},
		{"truncated, rotation with grace", fault(cognitotest.FaultTruncate, 1), lenient, nil, nil, 2, true},
		{"garbage, rotation with grace", fault(cognitotest.FaultGarbage, 1), lenient, nil, nil, 2, true},
		// The service has rotated the token and nobody knows the new one: the session is gone, and
		// that is said.
		{"lost reply, rotation without grace", fault(cognitotest.FaultLostReply, 1), strict, cognito.ErrRefreshTokenReused, cognito.ErrNotSignedIn, 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{tt.client}})
			store := cognito.NewMemoryStore()
			c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
			before := c.Tokens()
			srv.Advance(2 * time.Hour)
			srv.Fault(tt.fault)
			_, err := c.Token(t.Context())
			checkFault(t, err, tt.first)
			assert.Equal(t, tt.calls, renewals(srv))
			if tt.first != nil {
				assert.NotContains(t, err.Error(), before.RefreshToken)
			}
			if tt.first != nil && tt.kept {
				assert.False(t, cognito.IsTerminal(err))
				assert.Equal(t, before, c.Tokens(), "a fault that may pass costs no tokens")
			}
			_, err = c.Token(t.Context())
			checkFault(t, err, tt.next)
			stored, loadErr := store.Load(t.Context())
			require.NoError(t, loadErr)
			assert.Equal(t, stored, c.Tokens())
			assert.Equal(t, tt.kept, stored.AccessToken != "")
		})
	}
}

func checkFault(t *testing.T, err, want error) {
	t.Helper()
	switch {
	case want == nil:
		require.NoError(t, err)
	case errors.Is(want, errAny):
		require.Error(t, err)
	default:
		require.ErrorIs(t, err, want)
	}
}

func TestTokensThatAreStillGoodOutlastAFault(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv, cognito.WithClientOptions(noBackoff))
	before := c.Tokens()
	srv.Advance(time.Hour - 45*time.Second) // within the window
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Times: -1})
	for range 5 {
		tokens, err := c.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, before, tokens)
	}
	assert.Equal(t, 1, renewals(srv), "and it is not tried anew at once")
	srv.Advance(11 * time.Second)
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, renewals(srv))
	srv.Advance(time.Minute)
	_, err = c.Token(t.Context())
	require.Error(t, err, "expired tokens are not handed out")
	srv.ClearFaults()
	srv.Advance(11 * time.Second) // the pause ends
	tokens, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before, tokens)
}

func TestTerminalRefusalCostsTheTokens(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	require.NoError(t, signedIn(t, srv).Logout(t.Context()))
	srv.Advance(2 * time.Hour)
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrRefreshTokenRevoked)
	assert.True(t, cognito.IsTerminal(err))
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
	assert.Nil(t, c.AccessClaims())
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, stored)
	_, err = c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	assert.Equal(t, 1, renewals(srv))
}

func TestTokenWithoutARefreshToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tokens := signedIn(t, srv).Tokens()
	tokens.RefreshToken = ""
	c := newClient(t, srv, cognito.WithTokens(tokens))
	for _, advance := range []time.Duration{0, time.Hour - 30*time.Second} {
		srv.Advance(advance)
		got, err := c.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tokens, got)
	}
	srv.Advance(time.Minute)
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	_, err = newClient(t, srv).Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	got, err := newClient(t, srv, cognito.WithTokens(cognito.Tokens{RefreshToken: signedIn(t, srv).Tokens().RefreshToken})).Token(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, got.AccessToken)
}

// What comes back after a sign-out, or a new sign-in, must not undo it.
func TestRenewalDoesNotUndoWhatCameLater(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(*testing.T, *cognito.Cognito){
		"sign-out": func(t *testing.T, c *cognito.Cognito) { t.Helper(); require.NoError(t, c.RevokeToken(t.Context())) },
		"sign-in": func(t *testing.T, c *cognito.Cognito) {
			t.Helper()
			require.NoError(t, c.Authenticate(t.Context(), testPassword))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := cognito.NewMemoryStore()
			c := signedIn(t, srv, cognito.WithTokenStore(plainStore{store}))
			release := make(chan struct{})
			srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release})
			done := make(chan error, 1)
			before := renewals(srv)
			go func() { done <- c.RenewAccessToken(t.Context()) }()
			require.Eventually(t, func() bool { return renewals(srv) > before }, 10*time.Second, time.Millisecond)
			old := c.Tokens()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				later(t, c)
			}()
			close(release)
			<-ended
			if err := <-done; err != nil { // whichever came first, what came later stays
				require.ErrorIs(t, err, cognito.ErrNotSignedIn)
			}
			assert.Equal(t, name == "sign-out", c.Tokens() == cognito.Tokens{})
			assert.NotEqual(t, old, c.Tokens())
			stored, err := store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.Tokens(), stored)
		})
	}
}

// Nor may a verification in between make a renewal lose what it obtained.
func TestVerificationDuringARenewal(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	c := signedIn(t, srv, cognito.WithTokenStore(cognito.NewMemoryStore()))
	before := c.Tokens()
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release})
	done := make(chan error, 1)
	go func() { done <- c.RenewAccessToken(t.Context()) }()
	require.Eventually(t, func() bool { return renewals(srv) > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, c.VerifyTokens(t.Context()))
	close(release)
	require.NoError(t, <-done)
	assert.NotEqual(t, before.RefreshToken, c.Tokens().RefreshToken)
	require.NoError(t, c.RenewAccessToken(t.Context()))
}

func TestTokenSource(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	source := c.TokenSource(ctx)
	cancel()
	token, err := source.Token()
	require.NoError(t, err)
	assert.Equal(t, c.Tokens().AccessToken, token.AccessToken)
	assert.Equal(t, c.Tokens().IDToken, token.Extra("id_token"))
	assert.Equal(t, "Bearer", token.Type())
	assert.True(t, c.Tokens().ExpiresAt.Equal(token.Expiry))
	assert.Empty(t, token.RefreshToken)
	srv.Advance(2 * time.Hour)
	renewed, err := source.Token()
	require.NoError(t, err)
	assert.NotEqual(t, token.AccessToken, renewed.AccessToken)
	_, err = newClient(t, srv).TokenSource(t.Context()).Token()
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	assert.NotContains(t, fmt.Sprintf("%+v", source), renewed.AccessToken)
}
