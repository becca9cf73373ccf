package cognito_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// Rule 5: a Save that hung in one value does not bring the tokens back after a sign-out of another
// value.
func TestALateSaveOfAnotherValueAfterASignOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &slowSave{MemoryStore: cognito.NewMemoryStore()}
		client := srv.Client(t)
		require.NoError(t, client.ForUser("bob", cognito.WithTokenStore(store)).Authenticate(t.Context(), testPassword))
		store.gate = make(chan struct{})
		require.NoError(t, client.ForUser("bob", cognito.WithTokenStore(store)).RenewAccessToken(t.Context()))
		require.NoError(t, client.ForUser("bob", cognito.WithTokenStore(store)).Logout(t.Context()))
		close(store.gate)
		synctest.Wait()
		assert.Zero(t, storedIn(t, store), "signed out, and back in the store")
	})
}

// lateSaves holds back the first Save after arm.
type lateSaves struct {
	*cognito.MemoryStore

	mu   sync.Mutex
	gate chan struct{}
}

func (s *lateSaves) arm() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
	return s.gate
}

func (s *lateSaves) wait() {
	s.mu.Lock()
	gate := s.gate
	s.gate = nil
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

func (s *lateSaves) Save(ctx context.Context, t cognito.Tokens) error {
	s.wait()
	return s.MemoryStore.Save(ctx, t)
}

// Rule 4: a Save that hung does not replace the tokens of a later refresh.
func TestALateSaveOverLaterTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
		store := &lateSaves{MemoryStore: cognito.NewMemoryStore()}
		client := srv.Client(t)
		c := client.ForUser("bob", cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		gate := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.Equal(t, c.Tokens(), storedIn(t, store))
		close(gate)
		time.Sleep(time.Minute)
		assert.True(t, c.Tokens() == storedIn(t, store), "the store has a spent refresh token") //nolint:testifylint // it prints less
		srv.Advance(2 * time.Hour)
		_, err := client.ForUser("bob", cognito.WithTokenStore(store)).Token(t.Context())
		assert.NoError(t, err, "the next request's session is lost")
	})
}

// lateDelete holds back Delete.
type lateDelete struct {
	*cognito.MemoryStore

	gate chan struct{}
}

func (s *lateDelete) Delete(ctx context.Context) error {
	<-s.gate
	return s.MemoryStore.Delete(ctx)
}

// Rule 4: a Delete that hung does not take a later sign-in with it.
func TestALateDeleteAfterASignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &lateDelete{cognito.NewMemoryStore(), make(chan struct{})}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.Error(t, c.Logout(t.Context()))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		close(store.gate)
		time.Sleep(time.Minute)
		assert.NotZero(t, storedIn(t, store))
		assert.NoError(t, c.RenewAccessToken(t.Context()), "nobody signed out of this sign-in")
	})
}

// VerifyTokens, without an error, means that there are claims: not where another value has emptied
// the store.
func TestVerifyTokensAfterAnotherSignedOut(t *testing.T) {
	t.Parallel()
	for name, verify := range map[string]func(context.Context, *cognito.Cognito) error{
		"VerifyTokens": func(ctx context.Context, c *cognito.Cognito) error { return c.VerifyTokens(ctx) },
		"CheckToken":   func(ctx context.Context, c *cognito.Cognito) error { _, err := c.CheckToken(ctx, false); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := cognito.NewMemoryStore()
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
			srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
			require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
			srv.ClearFaults()
			require.NoError(t, newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store)).ForgetTokens(t.Context()))
			require.ErrorIs(t, verify(t.Context(), c), cognito.ErrNotSignedIn)
		})
	}
}

// VerifyTokens says that tokens have expired, also where they could not be saved.
func TestVerifyTokensThatExpiredAndWereNotSaved(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{false, true} {
		srv := newServer(t, cognitotest.Config{})
		store := &modelStore{inner: cognito.NewFileStore(filepath.Join(t.TempDir(), "tokens.json"))}
		store.set(false, full, false, false)
		c := signedIn(t, srv, cognito.WithTokenStore(store))
		srv.Advance(2 * time.Hour)
		assert.ErrorIs(t, c.VerifyTokens(t.Context()), jwt.ErrTokenExpired, "disk full: %t", full)
	}
}

// Rule 7: a challenge that came before the proof is none in the next request either, which takes it
// up from its JSON.
func TestAChallengeBeforeTheProofInTheNextRequest(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	withoutProof(t, srv, "SMS_MFA")
	client := newClient(t, srv)
	text, err := json.Marshal(challenged(t, client.ForUser("bob").Authenticate(t.Context(), testPassword)))
	require.NoError(t, err)
	var saved cognito.Challenge
	require.NoError(t, json.Unmarshal(text, &saved))
	next := client.ForUser("bob", cognito.WithChallenge(saved))
	var rejected *cognito.TokenError
	require.ErrorAs(t, next.RespondToSMSMFAChallenge(t.Context(), "123456"), &rejected)
	assert.Zero(t, next.Tokens())
}

// Rule 8: the first rejection waits 30 seconds, however often the network failed before.
func TestARejectionAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithClock(time.Now), cognito.WithClientOptions(noBackoff))
		try := func() error {
			_, err := newTransport(c, testPassword, &recordingBase{}).RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is none
			return err
		}
		srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultServerError, Times: -1})
		for range 7 {
			require.Error(t, try())
			time.Sleep(3 * time.Minute)
		}
		srv.ClearFaults()
		answer(srv, "InitiateAuth", 400, map[string]any{"__type": "NotAuthorizedException", "message": "Incorrect username or password."})
		require.ErrorIs(t, try(), cognito.ErrInvalidCredentials)
		srv.Intercept(nil)
		time.Sleep(31 * time.Second)
		assert.NoError(t, try(), "one rejection counts as eight")
	})
}

// The same of a refresh.
func TestARejectedRefreshAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		srv.Advance(2 * time.Hour)
		srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultServerError, Times: -1})
		for range 7 {
			_, err := c.Token(t.Context())
			require.Error(t, err)
			time.Sleep(3 * time.Minute)
		}
		srv.ClearFaults()
		answer(srv, "GetTokensFromRefreshToken", 400, map[string]any{"__type": "NotAuthorizedException", "message": "something new"})
		_, err := c.Token(t.Context())
		require.Error(t, err)
		srv.Intercept(nil)
		time.Sleep(31 * time.Second)
		_, err = c.Token(t.Context())
		assert.NoError(t, err, "one rejection counts as eight")
	})
}

// Logout has signed the user out of all sessions, or it returns an error: that a refresh token was
// spent by somebody else says that the sign-in goes on elsewhere, perhaps at a thief's.
func TestLogoutWithATokenThatSomebodyElseSpent(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	victim := signedIn(t, srv)
	thief := newClient(t, srv, cognito.WithTokens(refreshElsewhere(t, victim)))
	srv.Advance(2 * time.Hour)
	out := victim.Logout(t.Context())
	still := thief.RenewAccessToken(t.Context())
	assert.False(t, out == nil && still == nil, "Logout returns nil, and the user is signed in")
}

// Rule 10: a sign-out that the service refuses as expired is repeated with a renewed token.
func TestSignOutWithATokenThatTheServiceHoldsForExpired(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context, *cognito.Cognito) error{
		"GetUser":    func(ctx context.Context, c *cognito.Cognito) error { _, err := c.GetUser(ctx); return err },
		"Logout":     func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"DeleteUser": func(ctx context.Context, c *cognito.Cognito) error { return c.DeleteUser(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			tokens := signedIn(t, srv).Tokens()
			slow := tokens.ExpiresAt.Add(-30 * time.Minute)
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(tokens), cognito.WithClock(func() time.Time { return slow }))
			srv.Advance(2 * time.Hour)
			assert.NoError(t, end(t.Context(), c))
		})
	}
}

// Another process has rotated the refresh token, and its tokens cannot be verified while the keys
// are out: that is for a while, and no reason to ask the user to sign in.
func TestKeysAreOutAfterAnotherProcessRotated(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	srv.Advance(50 * time.Minute)
	srv.RotateKeys()
	theirs := refreshElsewhere(t, newClient(t, srv, cognito.WithTokens(c.Tokens())))
	theirs.Username = "bob"
	require.NoError(t, store.Save(t.Context(), theirs))
	srv.Advance(15 * time.Minute) // c's own have expired; theirs are good
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	_, err := c.Token(t.Context())
	require.Error(t, err)
	assert.False(t, cognito.IsTerminal(err), "%v", err)
	assert.True(t, cognito.IsTemporary(err), "%v", err)
	assert.NotZero(t, c.Tokens(), "the session is dropped")
}

// failingLoad is a store that cannot be read while err is set.
type failingLoad struct {
	*cognito.MemoryStore

	err error
}

func (f *failingLoad) Load(ctx context.Context) (cognito.Tokens, error) {
	if f.err != nil {
		return cognito.Tokens{}, f.err
	}
	return f.MemoryStore.Load(ctx)
}

// The same while the store cannot be read: who spent the refresh token cannot be looked up, and the
// session is not lost.
func TestTheStoreIsOutAfterAnotherProcessRotated(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := &failingLoad{MemoryStore: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	theirs := refreshElsewhere(t, c)
	require.NoError(t, store.Save(t.Context(), theirs))
	srv.Advance(2 * time.Hour)
	store.err = errors.New("connection refused")
	_, err := c.Token(t.Context())
	require.Error(t, err)
	assert.False(t, cognito.IsTerminal(err), "%v", err)
	store.err = nil
	_, err = c.Token(t.Context())
	assert.NoError(t, err)
}

// Rules 4 and 11: a Save that panics once does not cost what the exchange brought.
func TestASaveThatPanicsLosesNothing(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := &hostileStore{MemoryStore: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	store.at, store.do = "save", func() { panic("a hostile store") }
	require.Panics(t, func() { _ = c.RenewAccessToken(t.Context()) })
	store.at = ""
	srv.Advance(2 * time.Hour)
	_, err := c.Token(t.Context())
	assert.NoError(t, err, "the new refresh token is lost")
}

// overtakenLoad calls then before its first Load returns.
type overtakenLoad struct {
	*cognito.MemoryStore

	done atomic.Bool
	then func()
}

func (o *overtakenLoad) Load(ctx context.Context) (cognito.Tokens, error) {
	tokens, err := o.MemoryStore.Load(ctx)
	if o.done.CompareAndSwap(false, true) {
		o.then()
	}
	return tokens, err
}

// After a Token without an error there are claims, also where a sign-in that waits for its key has
// overtaken it.
func TestClaimsAreThereAfterAnOvertakenToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &overtakenLoad{MemoryStore: cognito.NewMemoryStore()}
	require.NoError(t, store.Save(t.Context(), signedIn(t, srv).Tokens()))
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	_, err := c.VerifyToken(t.Context(), storedIn(t, store.MemoryStore).AccessToken, cognito.AccessToken) // it has that key
	require.NoError(t, err)
	store.then = func() {
		srv.RotateKeys()
		srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
		err := c.Authenticate(t.Context(), testPassword)
		assert.True(t, errors.Is(err, cognito.ErrKeysUnavailable) || errors.Is(err, cognito.ErrUnknownKey), "%v", err)
		srv.ClearFaults()
		srv.Advance(10 * time.Minute) // the key set may be fetched again
	}
	tokens, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.NotNil(t, c.AccessClaims())
	assert.True(t, tokens == c.Tokens()) //nolint:testifylint // it prints less
}

// A refresh that was under way when the user was signed out brings others nothing.
func TestAnExchangeThatASignOutOvertookIsNotShared(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	a := signedIn(t, srv)
	held := a.Tokens()
	other := newClient(t, srv, cognito.WithTokens(mallory(t, srv)))
	b := newClient(t, srv, cognito.WithTokens(held))
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	done := make(chan error, 1)
	go func() { done <- a.RenewAccessToken(t.Context()) }()
	<-entered
	require.NoError(t, b.Logout(t.Context()))
	require.NoError(t, other.RenewAccessToken(t.Context())) // one that began later and ends before
	close(release)
	t.Log(<-done) // the same as if it had been another process's
	assert.Error(t, newClient(t, srv, cognito.WithTokens(held)).RenewAccessToken(t.Context()), "the service was not asked")
}

// A sign-out beside another user's tokens ends what a refresh has just brought, as any other.
func TestASignOutBesideOthersEndsWhatARefreshBrought(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	first := c.Tokens()
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, store.Save(t.Context(), mallory(t, srv)))
	require.NoError(t, c.RevokeToken(t.Context()))
	assert.Error(t, newClient(t, srv, cognito.WithTokens(first)).RenewAccessToken(t.Context()), "the service was not asked")
}

// A ConfirmDevice that failed for a moment does not cost the session of the next request's value,
// or after a restart.
func TestAFailedConfirmationAndTheNextRequest(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	store := cognito.NewMemoryStore()
	client := newFlowClient(t, srv, cognito.WithDeviceTracking(""), cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "ConfirmDevice", Times: 1})
	c := client.ForUser("bob", cognito.WithTokenStore(store))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	require.Error(t, c.DeviceError())
	srv.Advance(59 * time.Minute) // the access token is good for a minute yet
	_, err := client.ForUser("bob", cognito.WithTokenStore(store)).Token(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, storedIn(t, store))
}

// Rule 5: a Token that waited for keys does not bring back what was forgotten meanwhile.
func TestATokenThatWaitedForKeysAfterASignOut(t *testing.T) {
	t.Parallel()
	for _, failures := range []int{1, 2} { // so that the first verification fails, and not the second
		synctest.Test(t, func(t *testing.T) {
			srv := newServer(t, cognitotest.Config{InMemory: true})
			store := cognito.NewMemoryStore()
			require.NoError(t, srv.Client(t).ForUser("bob", cognito.WithTokenStore(store)).Authenticate(t.Context(), testPassword))
			c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
			srv.Fault(cognitotest.Fault{Op: "JWKS", Times: failures, Delay: 2 * time.Second})
			done := make(chan error, 1)
			go func() {
				_, err := c.Token(t.Context())
				done <- err
			}()
			time.Sleep(time.Second)
			require.NoError(t, c.ForgetTokens(t.Context()))
			require.Error(t, <-done)
			assert.Zero(t, c.Tokens(), "signed out, and back")
		})
	}
}

// VerifyTokens, without an error, means that there are claims, also where a sign-out has overtaken
// it.
func TestVerifyTokensThatASignOutOvertook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		first := srv.Client(t, cognito.WithUsername("bob"))
		require.NoError(t, first.Authenticate(t.Context(), testPassword))
		c := srv.Client(t, cognito.WithTokens(first.Tokens()))
		srv.Fault(cognitotest.Fault{Op: "JWKS", Kind: cognitotest.FaultDelay, Delay: 2 * time.Second})
		done := make(chan error, 1)
		go func() { done <- c.VerifyTokens(t.Context()) }()
		time.Sleep(time.Second)
		require.NoError(t, c.ForgetTokens(t.Context()))
		require.ErrorIs(t, <-done, cognito.ErrNotSignedIn)
		assert.Nil(t, c.AccessClaims())
	})
}

// Rule 2: while another user's exchange hangs, what the exchanges of a new sign-in bring is shared,
// whoever signed out before.
func TestExchangesOfANewSignInAreShared(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	other := newClient(t, srv, cognito.WithTokens(mallory(t, srv)))
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	done := make(chan error, 1)
	go func() { done <- other.RenewAccessToken(t.Context()) }()
	<-entered
	require.NoError(t, signedIn(t, srv).Logout(t.Context()))
	tokens := signedIn(t, srv).Tokens()
	require.NoError(t, newClient(t, srv, cognito.WithTokens(tokens)).RenewAccessToken(t.Context()))
	assert.NoError(t, newClient(t, srv, cognito.WithTokens(tokens)).RenewAccessToken(t.Context()), "the token was spent twice")
	close(release)
	require.NoError(t, <-done)
}

// unsureStore is lateSaves whose Load, or Lock, goes wrong.
type unsureStore struct {
	lateSaves

	loads atomic.Int32           // how many Loads fail
	saves atomic.Int32           // how many Saves fail
	locks atomic.Int32           // how many Locks panic
	then  atomic.Pointer[func()] // called once before a Load returns
}

func (s *unsureStore) Load(ctx context.Context) (cognito.Tokens, error) {
	if s.loads.Add(-1) >= 0 {
		return cognito.Tokens{}, errors.New("connection refused")
	}
	tokens, err := s.lateSaves.Load(ctx)
	if then := s.then.Swap(nil); then != nil {
		(*then)()
	}
	return tokens, err
}

func (s *unsureStore) Save(ctx context.Context, t cognito.Tokens) error {
	if s.saves.Add(-1) >= 0 {
		return errors.New("connection refused")
	}
	return s.lateSaves.Save(ctx, t)
}

func (s *unsureStore) Lock(ctx context.Context) (func(), error) {
	if s.locks.Add(-1) >= 0 {
		panic("a hostile store")
	}
	return s.lateSaves.Lock(ctx)
}

func (s *unsureStore) Delete(ctx context.Context) error {
	s.wait()
	return s.lateSaves.Delete(ctx)
}

// signedInOverAnUnsureStore makes a pool in memory and signs bob in.
func signedInOverAnUnsureStore(
	t *testing.T, clients ...cognitotest.Client,
) (*cognitotest.Server, *unsureStore, *cognito.Cognito) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{InMemory: true, Clients: clients})
	store := &unsureStore{lateSaves: lateSaves{MemoryStore: cognito.NewMemoryStore()}}
	c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	return srv, store, c
}

// A Save that hung, and then replaced what another process had written, is undone to what that
// process wrote.
func TestALateSaveOverWhatAnotherProcessWrote(t *testing.T) {
	t.Parallel()
	for name, inChange := range map[string]bool{"seen by a refresh": true, "seen by a new value": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
				store := &unsureStore{lateSaves: lateSaves{MemoryStore: cognito.NewMemoryStore()}}
				client := srv.Client(t)
				c := client.ForUser("bob", cognito.WithTokenStore(store))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				gate := store.arm()
				require.NoError(t, c.RenewAccessToken(t.Context()))
				require.NoError(t, c.RenewAccessToken(t.Context()))
				theirs := refreshElsewhere(t, c)
				require.NoError(t, store.MemoryStore.Save(t.Context(), theirs))
				if inChange {
					srv.Advance(2 * time.Hour)
				} else {
					c = client.ForUser("bob", cognito.WithTokenStore(store))
				}
				_, err := c.Token(t.Context())
				require.NoError(t, err)
				close(gate)
				time.Sleep(time.Minute)
				assert.True(t, c.Tokens() == storedIn(t, store), "the store has a spent refresh token") //nolint:testifylint // it prints less
			})
		})
	}
}

// But what the store had all along, as a later write failed, and what a reader found before a later
// write, is older.
func TestALateSaveAfterOlderTokensWereSeen(t *testing.T) {
	t.Parallel()
	for name, see := range map[string]func(store *unsureStore, renew, look func()){
		"a write failed": func(store *unsureStore, renew, look func()) {
			store.saves.Store(2) // of the tokens that were not saved, which are tried again first, and of the new ones
			renew()
			look()
		},
		"a reader was overtaken": func(store *unsureStore, renew, look func()) {
			renew()
			store.then.Store(&renew)
			look()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
				store := &unsureStore{lateSaves: lateSaves{MemoryStore: cognito.NewMemoryStore()}}
				client := srv.Client(t)
				c := client.ForUser("bob", cognito.WithTokenStore(store))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				gate := store.arm()
				require.NoError(t, c.RenewAccessToken(t.Context()))
				see(store, func() { require.NoError(t, c.RenewAccessToken(t.Context())) }, func() {
					_, err := client.ForUser("bob", cognito.WithTokenStore(store)).Token(t.Context())
					require.NoError(t, err)
				})
				close(gate)
				time.Sleep(time.Minute)
				assert.True(t, c.Tokens() == storedIn(t, store), "the store has a spent refresh token") //nolint:testifylint // it prints less
			})
		})
	}
}

// A late write that was the last one is what another process has read when it writes its own.
func TestALateSaveThatWasTheLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
		store := &unsureStore{lateSaves: lateSaves{MemoryStore: cognito.NewMemoryStore()}}
		client := srv.Client(t)
		c := client.ForUser("bob", cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		first := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		second := store.arm()
		store.saves.Store(1) // of the tokens that were not saved, which are tried again first
		require.NoError(t, c.RenewAccessToken(t.Context()))
		close(second)
		time.Sleep(time.Minute)
		theirs := refreshElsewhere(t, c)
		require.NoError(t, store.MemoryStore.Save(t.Context(), theirs))
		_, err := client.ForUser("bob", cognito.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		close(first)
		time.Sleep(time.Minute)
		assert.True(t, theirs == storedIn(t, store), "the store has a spent refresh token") //nolint:testifylint // it prints less
	})
}

// Rule 5: nor is it undone to what another process has signed out since.
func TestALateSaveAfterASignOutOfAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, store, c := signedInOverAnUnsureStore(t)
		gate := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, store.MemoryStore.Delete(t.Context()))
		require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrNotSignedIn)
		close(gate)
		time.Sleep(time.Minute)
		assert.Zero(t, storedIn(t, store), "signed out, and back in the store")
	})
}

// A late write is undone although the store cannot be read at first.
func TestALateSaveIsUndoneOnceTheStoreAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, store, c := signedInOverAnUnsureStore(t)
		gate := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.Logout(t.Context()))
		store.loads.Store(1)
		close(gate)
		synctest.Wait()
		_, err := srv.Client(t).ForUser("bob", cognito.WithTokenStore(store)).Token(t.Context())
		require.ErrorIs(t, err, cognito.ErrNotSignedIn)
		time.Sleep(time.Minute)
		assert.Zero(t, storedIn(t, store), "signed out, and back in the store")
	})
}

// A late write that cannot be looked after is forgotten: a later sign-out of another process is
// one.
func TestALateDeleteIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, store, c := signedInOverAnUnsureStore(t)
		gate := store.arm()
		require.Error(t, c.Logout(t.Context()))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		store.locks.Store(1)
		close(gate)
		synctest.Wait()
		require.NoError(t, store.MemoryStore.Save(t.Context(), c.Tokens()))
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, store.MemoryStore.Delete(t.Context()))
		assert.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrNotSignedIn)
	})
}

// A write that hangs for ever holds up the next change, not every later one, and a late one besides
// is undone.
func TestAWriteThatHangsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, store, c := signedInOverAnUnsureStore(t, rotating(0))
		forEver := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		gate := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.RenewAccessToken(t.Context()))
		began := time.Now()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		assert.Less(t, time.Since(began), time.Second)
		close(gate)
		time.Sleep(time.Minute)
		assert.True(t, c.Tokens() == storedIn(t, store), "the store has a spent refresh token") //nolint:testifylint // it prints less
		close(forEver)
		time.Sleep(time.Minute)
		assert.True(t, c.Tokens() == storedIn(t, store), "the store has a spent refresh token") //nolint:testifylint // it prints less
	})
}

type storeUser struct{}

// tersePerRequest keeps nothing but the tokens, and wants a value in the context of every call.
type tersePerRequest struct{ unsureStore }

func (s *tersePerRequest) Load(ctx context.Context) (cognito.Tokens, error) {
	if ctx.Value(storeUser{}) == nil {
		return cognito.Tokens{}, errors.New("no user in the context")
	}
	return s.unsureStore.Load(ctx)
}

func (s *tersePerRequest) Save(ctx context.Context, t cognito.Tokens) error {
	t.ExpiresAt, t.Username, t.TokenType = time.Time{}, "", ""
	return s.unsureStore.Save(ctx, t)
}

// A late write is undone in a store that keeps only the tokens, and that takes its connection from
// the context.
func TestALateSaveOfAStoreOfRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.WithValue(t.Context(), storeUser{}, "bob")
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &tersePerRequest{unsureStore{lateSaves: lateSaves{MemoryStore: cognito.NewMemoryStore()}}}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(ctx, testPassword))
		gate := store.arm()
		require.NoError(t, c.RenewAccessToken(ctx))
		require.NoError(t, c.Logout(ctx))
		close(gate)
		time.Sleep(time.Minute)
		assert.Zero(t, storedIn(t, store.MemoryStore), "signed out, and back in the store")
	})
}

// A device that another session over the same store has confirmed meanwhile stays confirmed.
func TestADeviceThatAnotherSessionConfirmed(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	store := cognito.NewMemoryStore()
	client := newFlowClient(t, srv, cognito.WithDeviceTracking(""), cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "ConfirmDevice", Times: 1})
	c := client.ForUser("bob", cognito.WithTokenStore(store))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	require.Error(t, c.DeviceError())
	require.NoError(t, client.ForUser("bob", cognito.WithTokenStore(store)).RenewAccessToken(t.Context()))
	confirmed, err := store.LoadDevice(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, confirmed.Password)
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, c.RenewAccessToken(t.Context()))
	kept, err := store.LoadDevice(t.Context())
	require.NoError(t, err)
	assert.True(t, confirmed == kept, "the device's password is lost") //nolint:testifylint // it prints less
	assert.NoError(t, c.DeviceError())
}

// Rule 4: a rotated refresh token is not lost if a verification replaces the tokens while it is saved.
func TestARotationDuringAVerification(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := &hostileStore{MemoryStore: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	next := refreshElsewhere(t, c).RefreshToken
	answer(srv, "GetTokensFromRefreshToken", http.StatusOK, map[string]any{
		"AuthenticationResult": map[string]string{"AccessToken": "a.b.c", "RefreshToken": next},
	})
	verified := errors.New("not called")
	store.at, store.do = "save", func() { verified = c.VerifyTokens(t.Context()) }
	require.Error(t, c.RenewAccessToken(t.Context()), "the new access token is rejected")
	store.at = ""
	require.NoError(t, verified)
	srv.Intercept(nil)
	require.Equal(t, next, c.Tokens().RefreshToken)
	require.NoError(t, c.RenewAccessToken(t.Context()))
}

// Rule 6: ForgetTokens leaves a store alone that it cannot read: another user's tokens may be there.
// The session has no tokens then, and does not take its own up again.
func TestForgettingOverAStoreThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, theirs := range map[string]bool{"another user's": true, "its own": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := &failingLoad{MemoryStore: cognito.NewMemoryStore()}
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			if theirs {
				require.NoError(t, store.Save(t.Context(), mallory(t, srv)))
			}
			before := storedIn(t, store.MemoryStore)
			store.err = errors.New("connection refused")
			require.ErrorIs(t, c.ForgetTokens(t.Context()), store.err)
			store.err = nil
			assert.Zero(t, c.Tokens())
			require.True(t, before == storedIn(t, store.MemoryStore)) //nolint:testifylint // it prints less
			_, err := c.Token(t.Context())
			if theirs {
				require.ErrorIs(t, err, cognito.ErrStoreUser)
			} else {
				require.ErrorIs(t, err, cognito.ErrNotSignedIn)
			}
		})
	}
}

// contextLocker keeps the contexts that it was locked with.
type contextLocker struct {
	*cognito.MemoryStore

	locked []context.Context
	saving func()
}

func (l *contextLocker) Lock(ctx context.Context) (func(), error) {
	l.locked = append(l.locked, ctx)
	return l.MemoryStore.Lock(ctx)
}

func (l *contextLocker) Save(ctx context.Context, t cognito.Tokens) error {
	l.saving()
	return l.MemoryStore.Save(ctx, t)
}

// A locker may hold its lock with its context, such as a transaction: the context lives until the
// lock is released, whatever becomes of the caller's, and no longer.
func TestTheContextOfALock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &contextLocker{MemoryStore: cognito.NewMemoryStore(), saving: func() {}}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		ctx, cancel := context.WithCancel(t.Context())
		during := errors.New("nothing was saved")
		turn := len(store.locked)
		saving := make(chan struct{})
		store.saving = func() {
			close(saving)
			time.Sleep(time.Second)
			during = store.locked[turn].Err()
		}
		go func() { <-saving; cancel() }()
		require.ErrorIs(t, c.RenewAccessToken(ctx), context.Canceled)
		require.NoError(t, c.ForgetTokens(t.Context()), "after the turn of the refresh")
		require.NoError(t, during)
		require.ErrorIs(t, store.locked[turn].Err(), context.Canceled)
	})
}

// Rules 4 and 11: a rotated refresh token whose new tokens are rejected survives a store that panics
// or fails, and is saved later.
func TestARotationThatCannotBeSaved(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{true, false} {
		srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
		unsure := &unsureStore{lateSaves: lateSaves{MemoryStore: cognito.NewMemoryStore()}}
		hostile := &hostileStore{MemoryStore: unsure.MemoryStore}
		var store cognito.TokenStore = unsure
		if panics {
			store = hostile
		}
		c := signedIn(t, srv, cognito.WithTokenStore(store))
		next := refreshElsewhere(t, c).RefreshToken
		answer(srv, "GetTokensFromRefreshToken", http.StatusOK, map[string]any{
			"AuthenticationResult": map[string]string{"AccessToken": "a.b.c", "RefreshToken": next},
		})
		if panics {
			hostile.at, hostile.do = "save", func() { panic("a hostile store") }
			require.Panics(t, func() { _ = c.RenewAccessToken(t.Context()) })
			hostile.at = ""
		} else {
			unsure.saves.Store(1)
			require.Error(t, c.RenewAccessToken(t.Context()))
		}
		require.Equal(t, next, c.Tokens().RefreshToken, "panics: %t", panics)
		require.Error(t, c.RenewAccessToken(t.Context()), "rejected again")
		require.Equal(t, next, storedIn(t, store).RefreshToken, "panics: %t", panics)
	}
}

// Rule 8: a refresh token that was spent elsewhere is not sent again at once because the store that
// has its successor cannot be read.
func TestTheNextLookForASuccessorWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
		store := &failingLoad{MemoryStore: cognito.NewMemoryStore()}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, store.Save(t.Context(), refreshElsewhere(t, c)))
		srv.Advance(2 * time.Hour)
		store.err = errors.New("connection refused")
		_, err := c.Token(t.Context())
		require.ErrorIs(t, err, store.err)
		start := time.Now()
		_, err = c.Token(t.Context())
		require.ErrorIs(t, err, store.err)
		assert.GreaterOrEqual(t, time.Since(start), time.Second)
	})
}

// Rule 5: tokens that were signed out while the store could be neither read nor emptied are not
// loaded again.
func TestASignOutWhileTheStoreIsOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	inner := cognito.NewMemoryStore()
	tokens := signedIn(t, srv, cognito.WithTokenStore(inner)).Tokens()
	store := &brokenStore{failingDelete{MemoryStore: inner, err: errors.New("connection refused")}}
	c := newClient(t, srv, cognito.WithTokens(tokens), cognito.WithTokenStore(store))
	require.ErrorIs(t, c.Logout(t.Context()), store.err)
	store.err = nil
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	assert.Zero(t, storedIn(t, inner), "signed-out tokens are left in the store")
}

// brokenStore can be neither read nor emptied while err is set.
type brokenStore struct{ failingDelete }

func (b *brokenStore) Load(ctx context.Context) (cognito.Tokens, error) {
	if b.err != nil {
		return cognito.Tokens{}, b.err
	}
	return b.failingDelete.Load(ctx)
}

// A change waits a while for a write that hangs, so that what it writes comes later.
func TestAChangeWaitsForALateWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &lateSaves{MemoryStore: cognito.NewMemoryStore()}
		c := srv.Client(t).ForUser("bob", cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		gate := store.arm()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		const op = "GetTokensFromRefreshToken"
		before := callsOf(srv, op)
		done := make(chan error)
		go func() { done <- c.RenewAccessToken(t.Context()) }()
		synctest.Wait()
		assert.Equal(t, before, callsOf(srv, op), "the write is still under way")
		close(gate)
		require.NoError(t, <-done)
		assert.Equal(t, before+1, callsOf(srv, op))
	})
}

// heldBodies holds back the bodies of an operation's responses, whatever the context says.
type heldBodies struct {
	cognitoidentityprovider.HTTPClient

	op   string
	gate chan struct{}
}

type heldBody struct {
	io.Reader

	gate chan struct{}
}

func (h heldBodies) Do(r *http.Request) (*http.Response, error) {
	resp, err := h.HTTPClient.Do(r)
	if err != nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+h.op) {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = heldBody{bytes.NewReader(body), h.gate}
	return resp, err
}

func (h heldBody) Read(p []byte) (int, error) {
	<-h.gate
	return h.Reader.Read(p)
}

func (heldBody) Close() error { return nil }

// What a refresh token was exchanged for is not shared if it arrives when everybody has given up: a
// sign-out in the meantime is no longer known by then.
func TestAnExchangeThatHungIsNotShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const op = "GetTokensFromRefreshToken"
		srv := newServer(t, cognitotest.Config{InMemory: true})
		gate := make(chan struct{})
		client := srv.Client(t, cognito.WithClientOptions(func(o *cognitoidentityprovider.Options) {
			o.HTTPClient = heldBodies{o.HTTPClient, op, gate}
		}))
		c := client.ForUser("bob")
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		tokens := c.Tokens()
		require.ErrorIs(t, c.RenewAccessToken(t.Context()), context.DeadlineExceeded)
		time.Sleep(time.Minute)
		close(gate)
		synctest.Wait()
		before := callsOf(srv, op)
		require.NoError(t, client.ForUser("", cognito.WithTokens(tokens)).RenewAccessToken(t.Context()))
		assert.Equal(t, before+1, callsOf(srv, op), "tokens of the exchange that hung")
	})
}
