package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestLogoutRenewsAnExpiredToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c, other := signedIn(t, srv), signedIn(t, srv)
	srv.Advance(2 * time.Hour)
	require.NoError(t, c.Logout(t.Context()))
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
	require.ErrorIs(t, other.RenewAccessToken(t.Context()), cognito.ErrRefreshTokenRevoked)

	noRefresh := signedIn(t, srv).Tokens()
	noRefresh.RefreshToken = ""
	c = newClient(t, srv, cognito.WithTokens(noRefresh))
	srv.Advance(2 * time.Hour)
	require.ErrorIs(t, c.Logout(t.Context()), cognito.ErrAccessTokenExpired)
	assert.Equal(t, noRefresh, c.Tokens())
}

func TestForgetTokens(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &memoryStore{}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	tokens, calls := c.Tokens(), len(srv.Requests())
	require.NoError(t, c.ForgetTokens(t.Context()))
	assert.Len(t, srv.Requests(), calls, "the service is not told")
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
	assert.Equal(t, cognito.Tokens{}, store.tokens)
	assert.Nil(t, c.AccessClaims())
	require.NoError(t, c.ForgetTokens(t.Context()))
	require.NoError(t, newClient(t, srv, cognito.WithTokens(tokens)).RenewAccessToken(t.Context()))

	// A process that never used its store's tokens forgets them, too.
	require.NoError(t, signedIn(t, srv, cognito.WithTokenStore(store)).VerifyTokens(t.Context()))
	require.NoError(t, newClient(t, srv, cognito.WithTokenStore(store)).ForgetTokens(t.Context()))
	assert.Equal(t, cognito.Tokens{}, store.tokens)

	c = signedIn(t, srv, cognito.WithTokenStore(store))
	store.err = errors.New("disk full")
	require.ErrorIs(t, c.ForgetTokens(t.Context()), store.err)
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
}

// A sign-out that is slow must not take a newer sign-in with it.
func TestSlowSignOutLeavesANewerSignIn(t *testing.T) {
	t.Parallel()
	for op, signOut := range map[string]func(context.Context, *cognito.Cognito) error{
		"GlobalSignOut": func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"RevokeToken":   func(ctx context.Context, c *cognito.Cognito) error { return c.RevokeToken(ctx) },
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := &memoryStore{}
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			release := make(chan struct{})
			srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultLateReply, Release: release})
			calls, done := len(srv.Requests()), make(chan error, 1)
			go func() { done <- signOut(t.Context(), c) }()
			require.Eventually(t, func() bool { return len(srv.Requests()) > calls }, 10*time.Second, time.Millisecond)
			short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			calls = len(srv.Requests())
			require.ErrorIs(t, c.Authenticate(short, testPassword), context.DeadlineExceeded)
			assert.Len(t, srv.Requests(), calls, "nothing is sent that might bring tokens out of turn")
			signedIn := make(chan error, 1)
			go func() { signedIn <- c.Authenticate(t.Context(), testPassword) }()
			close(release)
			require.NoError(t, <-done)
			require.NoError(t, <-signedIn)
			assert.NotEqual(t, cognito.Tokens{}, c.Tokens(), "the sign-in came later")
			assert.Equal(t, c.Tokens(), store.tokens)
		})
	}
}

// slowStore loads only once it is let.
type slowStore struct {
	plainStore

	began, release chan struct{}
}

func (s slowStore) Load(ctx context.Context) (cognito.Tokens, error) {
	tokens, err := s.store.Load(ctx)
	select {
	case s.began <- struct{}{}:
		<-s.release
	default: // later ones
	}
	return tokens, err
}

// What a slow store loads must not replace a sign-in that came meanwhile.
func TestSlowLoadLeavesANewerSignIn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	memory := cognito.NewMemoryStore()
	older := signedIn(t, srv, cognito.WithTokenStore(memory)).Tokens()
	store := slowStore{plainStore{memory}, make(chan struct{}, 1), make(chan struct{})}
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	done := make(chan error, 1)
	go func() { done <- c.VerifyTokens(t.Context()) }()
	<-store.began
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	newer := c.Tokens()
	close(store.release)
	require.NoError(t, <-done)
	assert.Equal(t, newer, c.Tokens())
	assert.NotEqual(t, older, newer)
}

// Rules 5 and 6: a sign-out over a store that holds another user's tokens ends the session's own
// sign-in, also if its access token has expired, and never touches the store.
func TestSignOutBesideAnotherUsersTokens(t *testing.T) {
	t.Parallel()
	for op, signOut := range map[string]func(*cognito.Cognito, context.Context) error{
		"GlobalSignOut": (*cognito.Cognito).Logout, "RevokeToken": (*cognito.Cognito).RevokeToken,
		"DeleteUser": (*cognito.Cognito).DeleteUser,
	} {
		for _, client := range []cognitotest.Client{{ID: testClient}, rotating(0)} {
			t.Run(fmt.Sprintf("%s, rotation %t", op, client.RefreshTokenRotation), func(t *testing.T) {
				t.Parallel()
				srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
				store := cognito.NewMemoryStore()
				c := signedIn(t, srv, cognito.WithTokenStore(store))
				copied := newClient(t, srv, cognito.WithTokens(c.Tokens()))
				srv.Advance(2 * time.Hour)
				others := mallory(t, srv)
				require.NoError(t, store.Save(t.Context(), others))

				srv.Fault(cognitotest.Fault{Op: op, Kind: cognitotest.FaultServerError, Times: 3})
				require.Error(t, signOut(c, t.Context()))
				srv.ClearFaults()
				assert.NotZero(t, c.Tokens(), "the session goes on, with a new refresh token if it was rotated")
				require.NoError(t, signOut(c, t.Context()))
				assert.Zero(t, c.Tokens())
				require.Error(t, copied.RenewAccessToken(t.Context()))
				assert.True(t, others == storedIn(t, store)) //nolint:testifylint // it prints less
				_, err := c.Token(t.Context())
				require.ErrorIs(t, err, cognito.ErrStoreUser)
			})
		}
	}
}
