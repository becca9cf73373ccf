package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// besideAnother runs test in a bubble with a session whose access token has expired, over a store
// of its own tokens and over one that has got another user's.
func besideAnother(t *testing.T, test func(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito)) {
	t.Helper()
	for name, others := range map[string]bool{"its own store": false, "another user's store": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
				store, client := cognito.NewMemoryStore(), srv.Client(t)
				c := client.ForUser("bob", cognito.WithTokenStore(store))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				srv.Advance(2 * time.Hour)
				if others {
					srv.AddUser(cognitotest.User{Username: "mallory", Password: testPassword})
					mallory := client.ForUser("mallory")
					require.NoError(t, mallory.Authenticate(t.Context(), testPassword))
					require.NoError(t, store.Save(t.Context(), mallory.Tokens()))
				}
				test(t, srv, c)
			})
		})
	}
}

// giveUpSignOut begins a sign-out, and gives it up in its refresh, which replies once release is
// closed.
func giveUpSignOut(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) (release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	srv.Fault(cognitotest.Fault{
		Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release,
		Entered: func(string) { cancel() },
	})
	require.ErrorIs(t, c.Logout(ctx), context.Canceled)
	synctest.Wait()
	return release
}

// A sign-out that is given up while it refreshes leaves the session with the new refresh token.
func TestSignOutThatIsGivenUpKeepsARotatedToken(t *testing.T) {
	t.Parallel()
	besideAnother(t, func(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) {
		t.Helper()
		release := giveUpSignOut(t, srv, c)
		close(release)
		synctest.Wait()
		srv.Advance(time.Minute) // the exchange is no longer remembered
		require.NoError(t, c.Logout(t.Context()))
	})
}

// A sign-out that is given up does not replace the tokens of a sign-in that came after it.
func TestSignOutThatIsGivenUpLeavesANewerSignIn(t *testing.T) {
	t.Parallel()
	besideAnother(t, func(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) {
		t.Helper()
		older := c.AccessClaims().OriginID
		release := giveUpSignOut(t, srv, c)
		signedIn := make(chan error, 1)
		go func() { signedIn <- c.Authenticate(t.Context(), testPassword) }()
		synctest.Wait()
		close(release)
		require.NoError(t, <-signedIn)
		synctest.Wait()
		assert.NotEqual(t, older, c.AccessClaims().OriginID)
	})
}

// Tokens that were signed out beside another user's are not loaded again when a late write brings
// them back.
func TestSignOutBesideAnotherUserIsFinal(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	bobs := c.Tokens()
	require.NoError(t, store.Save(t.Context(), mallory(t, srv)))
	require.NoError(t, c.Logout(t.Context()))
	require.NoError(t, store.Save(t.Context(), bobs))
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
}

// A sign-out that the service refuses leaves the session with the new refresh token, too.
func TestFailedSignOutKeepsARotatedToken(t *testing.T) {
	t.Parallel()
	besideAnother(t, func(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) {
		t.Helper()
		srv.Fault(cognitotest.Fault{Op: "GlobalSignOut", Kind: cognitotest.FaultServerError, Times: 3})
		require.Error(t, c.Logout(t.Context()))
		srv.ClearFaults()
		srv.Advance(2 * time.Hour)
		require.NoError(t, c.Logout(t.Context()))
	})
}

// Two sign-outs share a refresh, and the one that comes second finds its sign-in ended.
func TestTwoSignOutsWithAnExpiredToken(t *testing.T) {
	t.Parallel()
	besideAnother(t, func(t *testing.T, srv *cognitotest.Server, c *cognito.Cognito) {
		t.Helper()
		errs, release := make(chan error, 2), make(chan struct{})
		srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultDelay, Release: release})
		for range 2 {
			go func() { errs <- c.Logout(t.Context()) }()
			synctest.Wait()
		}
		close(release)
		require.NoError(t, <-errs)
		require.NoError(t, <-errs)
	})
}

// Rule 6: claims are there after a Token without an error, whatever fails beside it.
func TestFailedSignOutKeepsAVerification(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tokens := signedIn(t, srv).Tokens()
	store := cognito.NewMemoryStore()
	require.NoError(t, store.Save(t.Context(), mallory(t, srv)))
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(tokens), cognito.WithTokenStore(store))
	var once sync.Once
	srv.Fault(cognitotest.Fault{Op: "GlobalSignOut", Kind: cognitotest.FaultServerError, Times: 3, Entered: func(string) {
		once.Do(func() {
			if _, err := c.Token(t.Context()); assert.NoError(t, err) {
				assert.NotNil(t, c.AccessClaims())
			}
		})
	}})
	require.Error(t, c.Logout(t.Context()))
	assert.NotNil(t, c.AccessClaims())
}

// A session's own tokens are signed out, whomever they name.
func TestSignOutOfTokensThatNameAnother(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	bobs := signedIn(t, srv).Tokens()
	store := cognito.NewMemoryStore()
	require.NoError(t, store.Save(t.Context(), mallory(t, srv)))
	c := newClient(t, srv, cognito.WithUsername("carol"), cognito.WithTokens(bobs), cognito.WithTokenStore(store))
	srv.Advance(2 * time.Hour)
	require.NoError(t, c.Logout(t.Context()))
	require.Error(t, newClient(t, srv, cognito.WithTokens(bobs)).RenewAccessToken(t.Context()))
}

// A sign-out ends the tokens that the session had when it was called, also if the store is another
// user's by then.
func TestSignOutWhileTheStoreGetsAnotherUser(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &storeWithHook{MemoryStore: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	bobs, others := c.Tokens(), mallory(t, srv)
	store.load = sync.OnceFunc(func() { assert.NoError(t, store.Save(t.Context(), others)) })
	require.NoError(t, c.Logout(t.Context()))
	require.Error(t, newClient(t, srv, cognito.WithTokens(bobs)).RenewAccessToken(t.Context()))
	require.NoError(t, store.Save(t.Context(), bobs)) // late
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
}

type storeWithHook struct {
	*cognito.MemoryStore

	load func() // called before each Load; nil: nothing
}

func (s *storeWithHook) Load(ctx context.Context) (cognito.Tokens, error) {
	if s.load != nil {
		s.load()
	}
	return s.MemoryStore.Load(ctx)
}

// gatedLoad is a store whose first load, once it has read, waits for the gate.
type gatedLoad struct {
	*cognito.MemoryStore

	later         *atomic.Bool
	reached, gate chan struct{}
}

func (g gatedLoad) Load(ctx context.Context) (cognito.Tokens, error) {
	tokens, err := g.MemoryStore.Load(ctx)
	if g.later.CompareAndSwap(false, true) {
		close(g.reached)
		<-g.gate
	}
	return tokens, err
}

func TestLoadIsOvertakenByASignOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := gatedLoad{cognito.NewMemoryStore(), &atomic.Bool{}, make(chan struct{}), make(chan struct{})}
	require.NoError(t, store.Save(t.Context(), signedIn(t, srv).Tokens()))
	c := newClient(t, srv, cognito.WithTokenStore(store))
	done := make(chan error, 1)
	go func() {
		_, err := c.CheckToken(context.WithoutCancel(t.Context()), false)
		done <- err
	}()
	<-store.reached
	err := c.ForgetTokens(t.Context())
	close(store.gate)
	require.NoError(t, err)
	require.ErrorIs(t, <-done, cognito.ErrNotSignedIn)
	assert.Zero(t, c.Tokens())
}
