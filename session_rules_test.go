package cognito_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// What a file gives back differs in the location of the time only: the tokens in it are no others, which would replace
// newer ones that could not be saved.
func TestOlderTokensInAFileDoNotReplaceUnsavedOnes(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := &modelStore{inner: cognito.NewFileStore(filepath.Join(t.TempDir(), "tokens.json"))}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	store.set(false, true, false, false)
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	newer := c.Tokens()
	store.heal()
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.NotEqual(t, newer.RefreshToken, c.Tokens().RefreshToken)
	spent := 0
	for _, r := range srv.Requests() {
		if r.Body["RefreshToken"] == newer.RefreshToken {
			spent++
		}
	}
	assert.Equal(t, 1, spent, "the newer refresh token is the one that was exchanged")
	assert.Equal(t, 1, renewals(srv))
	assert.Equal(t, withoutTime(c.Tokens()), withoutTime(store.content(t)))
}

// The tokens of a refresh waited for their key, and the next refresh was rejected for good.
func TestSessionAndStoreAgreeAfterWaitingTokensWereRejected(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	srv.DisableUser("bob", true)
	srv.Advance(2 * time.Hour)
	_, err := c.Token(t.Context())
	require.Error(t, err)
	stored, loadErr := store.Load(t.Context())
	require.NoError(t, loadErr)
	if cognito.IsTerminal(err) {
		assert.Equal(t, cognito.Tokens{}, c.Tokens())
		assert.Equal(t, cognito.Tokens{}, stored)
	}
	assert.Equal(t, c.Tokens(), stored)
}

// A sign-in that waited for its key and is over takes no other one with it.
func TestADeadSignInThatWaitedLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLostReply})
	srv.Advance(2 * time.Hour) // the refresh token of the second sign-in is exchanged, and the reply is lost
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable, "the sign-in before is exchanged instead, and what it brings waits")
	srv.ClearFaults()
	srv.Advance(2 * time.Hour)
	tokens, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, c.Tokens(), tokens)
	assert.Equal(t, tokens, storedIn(t, store))
}

func TestOneRefreshAtExpiryForManyCallers(t *testing.T) {
	t.Parallel()
	for name, session := range map[string]func(*cognito.Cognito, cognito.TokenStore) *cognito.Cognito{
		"one value": func(c *cognito.Cognito, _ cognito.TokenStore) *cognito.Cognito { return c },
		"a value each": func(c *cognito.Cognito, store cognito.TokenStore) *cognito.Cognito {
			return c.ForUser("bob", cognito.WithTokenStore(store))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
			store := cognito.NewMemoryStore()
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			srv.Advance(2 * time.Hour)
			var wg sync.WaitGroup
			var mu sync.Mutex // protects got
			got := map[string]int{}
			for range 1000 {
				value := session(c, store)
				wg.Go(func() {
					tokens, err := value.Token(t.Context())
					if assert.NoError(t, err) && assert.NotNil(t, value.AccessClaims()) {
						mu.Lock()
						defer mu.Unlock()
						got[tokens.AccessToken]++
					}
				})
			}
			wg.Wait()
			assert.Len(t, got, 1, "all have the same tokens")
			assert.Equal(t, 1, renewals(srv))
		})
	}
}

// hostileStore does what it is told at one of its methods.
type hostileStore struct {
	*cognito.MemoryStore

	at string
	do func()
}

func (h *hostileStore) reach(at string) {
	if h.at == at {
		h.do()
	}
}

func (h *hostileStore) Load(ctx context.Context) (cognito.Tokens, error) {
	h.reach("load")
	return h.MemoryStore.Load(ctx)
}

func (h *hostileStore) Save(ctx context.Context, tokens cognito.Tokens) error {
	h.reach("save")
	return h.MemoryStore.Save(ctx, tokens)
}

func (h *hostileStore) Lock(ctx context.Context) (func(), error) {
	h.reach("lock")
	unlock, err := h.MemoryStore.Lock(ctx)
	return func() { unlock(); h.reach("unlock") }, err
}

func TestAStoreMayPanicOrExit(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"load", "save", "lock", "unlock"} {
		for name, do := range map[string]func(){"panic": func() { panic("a hostile store") }, "exit": runtime.Goexit} {
			t.Run(name+" in "+at, func(t *testing.T) {
				t.Parallel()
				srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
				store := &hostileStore{MemoryStore: cognito.NewMemoryStore()}
				c := signedIn(t, srv, cognito.WithTokenStore(store))
				store.at, store.do = at, do
				panicked := func() (value any) {
					defer func() { value = recover() }()
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					_ = c.RenewAccessToken(ctx) // whether it succeeds is the step's business; it must return
					assert.NoError(t, ctx.Err())
					return nil
				}()
				if name == "panic" {
					require.NotNil(t, panicked, "the panic reaches the caller")
					assert.Contains(t, panicked.(error).Error(), "a hostile store")
				} else {
					assert.Nil(t, panicked)
				}
				store.at = ""
				free, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				require.NoError(t, c.Authenticate(free, testPassword), "the queue and the lock are free")
				require.NoError(t, c.RenewAccessToken(free))
			})
		}
	}
}

type panickingTransport struct {
	http.RoundTripper

	panics bool
}

func (p *panickingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if p.panics {
		panic("a hostile round trip")
	}
	return p.RoundTripper.RoundTrip(req)
}

func TestARoundTripperMayPanic(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	base := &panickingTransport{RoundTripper: &http.Transport{}}
	c := signedIn(t, srv, cognito.WithTokenStore(cognito.NewMemoryStore()), cognito.WithHTTPClient(&http.Client{Transport: base}))
	base.panics = true
	for range 2 {
		require.Panics(t, func() { _ = c.RenewAccessToken(t.Context()) })
	}
	base.panics = false
	require.NoError(t, c.RenewAccessToken(t.Context()))
}

func TestAStoreOfAnotherUser(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "mallory", Password: testPassword})
	store := cognito.NewMemoryStore()
	mallory := newClient(t, srv, cognito.WithUsername("mallory"), cognito.WithTokenStore(store))
	require.NoError(t, mallory.Authenticate(t.Context(), testPassword))
	theirs := mallory.Tokens()

	named := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	_, err := named.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrStoreUser)
	require.ErrorIs(t, named.RenewAccessToken(t.Context()), cognito.ErrStoreUser)
	assert.Equal(t, cognito.Tokens{}, named.Tokens())
	assert.Equal(t, theirs, storedIn(t, store), "they stay where they are")

	nameless := newClient(t, srv, cognito.WithTokens(signedIn(t, srv).Tokens()), cognito.WithTokenStore(store))
	require.NoError(t, nameless.VerifyTokens(t.Context()))
	require.ErrorIs(t, nameless.RenewAccessToken(t.Context()), cognito.ErrStoreUser)
	assert.Equal(t, "bob", nameless.AccessClaims().Username)

	api := newAPI(t)
	client := named.HTTPClient(nil, testPassword, cognito.WithOrigins(api))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api, nil)
	require.NoError(t, err)
	reply, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, reply.Body.Close())
	assert.Equal(t, "bob", named.AccessClaims().Username)
	assert.Equal(t, "bob", storedIn(t, store).Username)
}

func storedIn(t *testing.T, store cognito.TokenStore) cognito.Tokens {
	t.Helper()
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	return tokens
}

func newAPI(t *testing.T) string {
	t.Helper()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(api.Close)
	return api.URL
}

// Not parallel: what others allocate would count.
func TestGoodTokensTakeNoLock(t *testing.T) { //nolint:paralleltest // see above
	srv := newServer(t, cognitotest.Config{})
	store := &hostileStore{MemoryStore: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	for _, at := range []string{"lock", "load"} {
		store.at, store.do = at, func() { t.Error("good tokens cost a call of the store") }
		allocated := testing.AllocsPerRun(100, func() {
			if _, err := c.Token(t.Context()); err != nil {
				t.Error(err)
			}
		})
		assert.LessOrEqual(t, allocated, 1.0)
	}
}

// failingDelete is a store that cannot delete while err is set.
type failingDelete struct {
	*cognito.MemoryStore

	err error
}

func (f *failingDelete) Delete(ctx context.Context) error {
	if f.err != nil {
		return f.err
	}
	return f.MemoryStore.Delete(ctx)
}

// ForgetTokens forgets what another process has refreshed since, too, also where the store cannot delete it.
func TestForgottenTokensAreNotTakenAgain(t *testing.T) {
	t.Parallel()
	for _, held := range []bool{false, true} {
		srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
		store := &failingDelete{MemoryStore: cognito.NewMemoryStore()}
		c := signedIn(t, srv, cognito.WithTokenStore(store))
		if !held {
			c = newClient(t, srv, cognito.WithTokenStore(store))
		}
		require.NoError(t, newClient(t, srv, cognito.WithTokenStore(store)).RenewAccessToken(t.Context()))
		store.err = errors.New("read-only")
		require.ErrorIs(t, c.ForgetTokens(t.Context()), store.err)
		_, err := c.Token(t.Context())
		require.ErrorIs(t, err, cognito.ErrNotSignedIn)
	}
}

// A store that was emptied does not make a deletion or a sign-out of it that never reached the service.
func TestSignOutWithAnEmptiedStoreAsksTheService(t *testing.T) {
	t.Parallel()
	for op, end := range map[string]func(context.Context, *cognito.Cognito) error{
		"DeleteUser":    func(ctx context.Context, c *cognito.Cognito) error { return c.DeleteUser(ctx) },
		"GlobalSignOut": func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"RevokeToken":   func(ctx context.Context, c *cognito.Cognito) error { return c.RevokeToken(ctx) },
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := cognito.NewMemoryStore()
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			require.NoError(t, store.Delete(t.Context()))
			require.NoError(t, end(t.Context(), c))
			requests := srv.Requests()
			assert.Equal(t, op, requests[len(requests)-1].Op)
			assert.Zero(t, c.Tokens())
		})
	}
}

// Keys are not needed to revoke what a store holds.
func TestRevokeTokenWithoutKeys(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	signedIn(t, srv, cognito.WithTokenStore(store))
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.NoError(t, newClient(t, srv, cognito.WithTokenStore(store)).RevokeToken(t.Context()))
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Zero(t, stored)
}

// An answer without tokens is an error of its call and of no other.
func TestAnEmptyAnswerToARefresh(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	answer(srv, "GetTokensFromRefreshToken", 200, map[string]any{})
	require.ErrorContains(t, c.RenewAccessToken(t.Context()), "want an access token, got none")
	srv.Intercept(nil)
	require.NoError(t, signedIn(t, newServer(t, cognitotest.Config{})).Logout(t.Context()))
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, c.Logout(t.Context()))
}

// A value that still has an older refresh token does not bring a session back that was signed out with a newer one.
func TestOlderRefreshTokenAfterASignOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(time.Minute)}})
	c := signedIn(t, srv)
	first := c.Tokens()
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, c.Logout(t.Context()))
	require.Error(t, newClient(t, srv, cognito.WithTokens(first)).RenewAccessToken(t.Context()))
}

// Sessions of one user over one store know how the others' refresh has just failed.
func TestValuesShareTheBackOff(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	client := newClient(t, srv, cognito.WithClientOptions(noBackoff))
	store := cognito.NewMemoryStore()
	require.NoError(t, client.ForUser("bob", cognito.WithTokenStore(store)).Authenticate(t.Context(), testPassword))
	srv.Advance(2 * time.Hour)
	answer(srv, "GetTokensFromRefreshToken", 400, map[string]any{"__type": "NotAuthorizedException", "message": "something new"})
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			_, err := client.ForUser("bob", cognito.WithTokenStore(store)).Token(t.Context())
			assert.Error(t, err)
		})
	}
	callers.Wait()
	assert.Equal(t, 1, renewals(srv))
}

// Transports of several sessions of a user send a wrong password once.
func TestTransportsShareAWrongPassword(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	client := newClient(t, srv)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			tr := newTransport(client.ForUser("bob"), "wrong", &recordingBase{})
			_, err := tr.RoundTrip(apiRequest(t, "GET", api, nil)) //nolint:bodyclose // there is none
			assert.ErrorIs(t, err, cognito.ErrInvalidCredentials)
		})
	}
	callers.Wait()
	proofs := 0
	for _, r := range srv.Requests() {
		if r.Op == "RespondToAuthChallenge" {
			proofs++
		}
	}
	assert.Equal(t, 1, proofs)
}
