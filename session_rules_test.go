package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
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

// What a file gives back differs in the location of the time only: the tokens in it are no others,
// which would replace newer ones that could not be saved.
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

// ForgetTokens forgets what another process has refreshed since, too, also where the store cannot
// delete it.
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

// A store that was emptied does not make a deletion or a sign-out of it that never reached the
// service.
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

// A value that still has an older refresh token does not bring a session back that was signed out
// with a newer one.
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

// mallory is another user of the pool.
func mallory(t *testing.T, srv *cognitotest.Server) cognito.Tokens {
	t.Helper()
	srv.AddUser(cognitotest.User{Username: "mallory", Password: testPassword})
	c := newClient(t, srv, cognito.WithUsername("mallory"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	return c.Tokens()
}

// once lets the first call of op be answered by reply.
func once(srv *cognitotest.Server, op string, reply func(http.ResponseWriter)) {
	var done atomic.Bool
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+op) || !done.CompareAndSwap(false, true) {
			return false
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		reply(w)
		return true
	})
}

// Tokens of a global sign-out come back by no other session of the user either.
func TestASignOutEndsWhatARefreshHasJustBrought(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	a, b := signedIn(t, srv), signedIn(t, srv)
	old := b.Tokens()
	require.NoError(t, b.RenewAccessToken(t.Context()))
	require.NoError(t, a.Logout(t.Context()))
	err := newClient(t, srv, cognito.WithTokens(old)).RenewAccessToken(t.Context())
	require.ErrorIs(t, err, cognito.ErrRefreshTokenRevoked)
}

// What others have saved while the service rejected this session's tokens stays in the store.
func TestADeadSessionLeavesTheStoreToOthers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	others := mallory(t, srv)
	srv.Advance(2 * time.Hour)
	once(srv, "GetTokensFromRefreshToken", func(w http.ResponseWriter) {
		assert.NoError(t, store.Save(context.WithoutCancel(t.Context()), others)) //nolint:testifylint // in a goroutine of its own
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"NotAuthorizedException","message":"Refresh Token has been revoked"}`))
	})
	_, err := c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrRefreshTokenRevoked)
	assert.Zero(t, c.Tokens())
	assert.Equal(t, others, storedIn(t, store))
}

// A content that is not tokens is replaced at the next change, also where that brings no new
// tokens.
func TestUnreadableContentIsReplaced(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &modelStore{inner: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	store.spoil()
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultServerError, Times: -1})
	require.Error(t, c.RenewAccessToken(t.Context()))
	assert.Equal(t, c.Tokens(), store.content(t))
}

// What another value has signed out while the content could not be read does not come back.
func TestASignOutOverAnUnreadableContentIsFinal(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &modelStore{inner: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	other := newClient(t, srv, cognito.WithTokenStore(store))
	require.NoError(t, other.VerifyTokens(t.Context()))
	store.spoil()
	store.set(false, true, false, false) // nor can it be replaced
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultServerError})
	require.Error(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, other.RevokeToken(t.Context()))
	store.heal()
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrNotSignedIn)
	assert.Zero(t, store.content(t))
}

// A store that has gone back in time, such as a replica that lags, gets the newer tokens again.
func TestOlderTokensOfTheSameSignIn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	old := c.Tokens()
	srv.Advance(time.Minute)
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, store.Save(t.Context(), old))
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultServerError})
	require.Error(t, c.RenewAccessToken(t.Context()))
	assert.Equal(t, c.Tokens(), storedIn(t, store))
	require.NoError(t, c.RenewAccessToken(t.Context()), "the older refresh token is spent")
}

// The later sign-in is the session, also where an earlier one was refreshed since.
func TestLaterSignInWins(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	srv.Advance(time.Minute)
	later := signedIn(t, srv).Tokens()
	srv.Advance(time.Minute)
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, store.Save(t.Context(), later)) // by a process that does not take the lock
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.Equal(t, later.RefreshToken, c.Tokens().RefreshToken)
}

// A session whose tokens could not be saved was signed out, and what the store has instead could
// not be deleted.
func TestWhatTheStoreHadBeforeASignOutIsNotTaken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := &modelStore{inner: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	store.set(false, true, false, false)
	require.NoError(t, c.RenewAccessToken(t.Context()))
	store.set(true, true, true, false)
	require.ErrorIs(t, c.RevokeToken(t.Context()), errModelStore)
	store.set(false, false, true, false)
	for name, call := range map[string]func() error{
		"Token":        func() error { _, err := c.Token(t.Context()); return err },
		"GetUser":      func() error { _, err := c.GetUser(t.Context()); return err },
		"VerifyTokens": func() error { return c.VerifyTokens(t.Context()) },
		"Logout":       func() error { return c.Logout(t.Context()) },
	} {
		require.ErrorIs(t, call(), cognito.ErrNotSignedIn, name)
	}
	assert.NotZero(t, store.content(t), "it is there all the same")
}

// An answer without an access token may still carry a rotated refresh token, and the old one is
// spent.
func TestARotatedRefreshTokenInABadAnswer(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(cognito.Tokens) string{
		"no access token":       func(cognito.Tokens) string { return "" },
		"a forged access token": func(next cognito.Tokens) string { return `"AccessToken":"` + next.AccessToken + `x",` },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
			store := cognito.NewMemoryStore()
			before := signedIn(t, srv, cognito.WithTokenStore(store))
			srv.Advance(2 * time.Hour)
			c := newClient(t, srv, cognito.WithTokenStore(store)) // these tokens it has never seen good
			next := refreshElsewhere(t, before)
			once(srv, "GetTokensFromRefreshToken", func(w http.ResponseWriter) {
				_, _ = fmt.Fprintf(w, `{"AuthenticationResult":{%s"RefreshToken":%q,"ExpiresIn":3600}}`, bad(next), next.RefreshToken)
			})
			require.Error(t, c.RenewAccessToken(t.Context()))
			assert.Equal(t, next.RefreshToken, storedIn(t, store).RefreshToken)
			require.NoError(t, c.RenewAccessToken(t.Context()))
			assert.Equal(t, c.Tokens(), storedIn(t, store))
		})
	}
}

// A rejected answer is not remembered: the service may give better ones when it is asked again.
func TestABadAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	next := signedIn(t, srv).Tokens()
	once(srv, "GetTokensFromRefreshToken", func(w http.ResponseWriter) {
		_, _ = fmt.Fprintf(w, `{"AuthenticationResult":{"AccessToken":"%sx","ExpiresIn":3600}}`, next.AccessToken)
	})
	require.Error(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, c.RenewAccessToken(t.Context()))
}

// Tokens that name nobody are exchanged for those of the session's user and of no other.
func TestARefreshForAnotherUser(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	others := mallory(t, srv)
	given := cognito.Tokens{RefreshToken: others.RefreshToken}
	store := cognito.NewMemoryStore()
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(given), cognito.WithTokenStore(store))
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrStoreUser)
	assert.Equal(t, given, c.Tokens())
	assert.Zero(t, storedIn(t, store))
}

// lateTransport fails refreshes as a client does that has a time limit of its own.
type lateTransport struct {
	base           http.RoundTripper
	calls, waiting atomic.Int32
	gate           chan struct{}
}

func (l *lateTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetTokensFromRefreshToken") {
		return l.base.RoundTrip(r)
	}
	l.calls.Add(1)
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	<-l.gate
	return nil, fmt.Errorf("proxy: %w", context.DeadlineExceeded)
}

// Callers who joined a refresh that ran out of time share another one, and no more than that.
func TestJoinersTryAgainOnce(t *testing.T) {
	t.Parallel()
	for name, session := range map[string]func(*cognito.Cognito, cognito.Tokens) *cognito.Cognito{
		"one value": func(c *cognito.Cognito, _ cognito.Tokens) *cognito.Cognito { return c },
		"a value each": func(c *cognito.Cognito, ts cognito.Tokens) *cognito.Cognito {
			return c.ForUser("bob", cognito.WithTokens(ts))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true})
				late := &lateTransport{base: srv.HTTPClient().Transport, gate: make(chan struct{})}
				c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithHTTPClient(&http.Client{Transport: late}))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				var callers sync.WaitGroup
				for range 30 {
					value := session(c, c.Tokens())
					callers.Go(func() {
						assert.True(t, errors.Is(value.RenewAccessToken(t.Context()), context.DeadlineExceeded)) //nolint:testifylint // in a goroutine of its own
					})
				}
				for synctest.Wait(); late.waiting.Load() > 0; synctest.Wait() {
					assert.EqualValues(t, 1, late.waiting.Load(), "they wait for one")
					late.gate <- struct{}{}
				}
				callers.Wait()
				assert.EqualValues(t, 2*3, late.calls.Load(), "two exchanges of three attempts each")
			})
		})
	}
}

// What a refresh brought is good for others for half a minute by the session's clock, too.
func TestWhatARefreshBroughtIsShared(t *testing.T) {
	t.Parallel()
	for later, refreshes := range map[time.Duration]int{29 * time.Second: 1, 31 * time.Second: 2} {
		srv := newServer(t, cognitotest.Config{})
		c := signedIn(t, srv)
		old := c.Tokens()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		srv.Advance(later)
		require.NoError(t, newClient(t, srv, cognito.WithTokens(old)).RenewAccessToken(t.Context()))
		assert.Equal(t, refreshes, renewals(srv), later)
	}
}

// A refresh that worked ends the growing of the pauses.
func TestPausesBeginAnewAfterASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		for range 4 {
			srv.Advance(2 * time.Hour)
			srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultThrottle, Times: -1})
			_, err := c.Token(t.Context())
			require.ErrorIs(t, err, cognito.ErrThrottled)
			srv.ClearFaults()
			began := time.Now()
			_, err = c.Token(t.Context())
			require.NoError(t, err)
			assert.LessOrEqual(t, time.Since(began), 3600*time.Millisecond)
		}
	})
}

// A Logout waits no longer than its context for the refresh that it begins with.
func TestLogoutGivesUpOnASlowRefresh(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	srv.Advance(2 * time.Hour)
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, c.Logout(ctx), context.DeadlineExceeded)
	close(release)
	require.NoError(t, c.Logout(t.Context()))
	assert.Zero(t, c.Tokens())
	assert.Equal(t, 1, renewals(srv), "the refresh went on")
}

// Of a sign-in that waits for its key the service says whether it is over. Only if it does is the
// one before signed out instead.
func TestLogoutWhileASignInWaitsForItsKey(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv, cognito.WithClientOptions(noBackoff))
	first := c.Tokens()
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.Fault(cognitotest.Fault{Op: "RevokeToken", Kind: cognitotest.FaultServerError, Times: 3}) // as often as the SDK asks
	require.Error(t, c.RevokeToken(t.Context()))
	require.NoError(t, newClient(t, srv, cognito.WithTokens(first)).RevokeToken(t.Context()), "the first is as it was")
	require.NoError(t, c.RevokeToken(t.Context()))
	assert.Zero(t, c.Tokens())
}

// withoutProof makes the pool ask for a challenge instead of the proof, and answer it with good
// tokens.
func withoutProof(t *testing.T, srv *cognitotest.Server, challenge string) {
	t.Helper()
	good := signedIn(t, srv).Tokens()
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch _, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); op {
		case "InitiateAuth":
			_, _ = fmt.Fprintf(w, `{"ChallengeName":%q,"Session":%q,"ChallengeParameters":{"USERNAME":"bob"},"AvailableChallenges":["EMAIL_OTP"]}`,
				challenge, strings.Repeat("s", 28))
		case "RespondToAuthChallenge":
			_, _ = fmt.Fprintf(w, `{"AuthenticationResult":{"AccessToken":%q,"IdToken":%q,"RefreshToken":"r","ExpiresIn":3600}}`,
				good.AccessToken, good.IDToken)
		default:
			return false
		}
		return true
	})
}

// In USER_SRP_AUTH no challenge makes up for the proof of the password.
func TestSelectChallengeIsNoProof(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	withoutProof(t, srv, "SELECT_CHALLENGE")
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) {
			return cognito.Answer{"ANSWER": "EMAIL_OTP"}, nil
		},
	))
	err := c.Authenticate(t.Context(), testPassword)
	var rejected *cognito.TokenError
	require.ErrorAs(t, err, &rejected)
	assert.Zero(t, c.Tokens())
}

// Nor does a challenge that came before the proof, and is answered in a later call.
func TestAChallengeBeforeTheProof(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	withoutProof(t, srv, "SMS_MFA")
	c := newClient(t, srv, cognito.WithUsername("bob"))
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrMFARequired)
	var rejected *cognito.TokenError
	require.ErrorAs(t, c.RespondToSMSMFAChallenge(t.Context(), "123456"), &rejected)
	assert.Zero(t, c.Tokens())
}

// A sign-out, and ForgetTokens, leave the tokens of another user in the store.
func TestASignOutLeavesOthersInTheStore(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context, *cognito.Cognito) error{
		"RevokeToken":  func(ctx context.Context, c *cognito.Cognito) error { return c.RevokeToken(ctx) },
		"ForgetTokens": func(ctx context.Context, c *cognito.Cognito) error { return c.ForgetTokens(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := cognito.NewMemoryStore()
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			others := mallory(t, srv)
			require.NoError(t, store.Save(t.Context(), others))
			require.NoError(t, end(t.Context(), c))
			assert.Zero(t, c.Tokens())
			assert.Equal(t, others, storedIn(t, store))
		})
	}
}

// switchingStore gives other tokens at its second Load, when the keys have just gone.
type switchingStore struct {
	*cognito.MemoryStore

	loads atomic.Int32
	then  func() cognito.Tokens
}

func (s *switchingStore) Load(ctx context.Context) (cognito.Tokens, error) {
	if s.loads.Add(1) == 2 {
		return s.then(), nil
	}
	return s.MemoryStore.Load(ctx)
}

func TestLogoutWhileTheKeysGo(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &switchingStore{MemoryStore: cognito.NewMemoryStore()}
	signedIn(t, srv, cognito.WithTokenStore(store.MemoryStore))
	srv.Advance(2 * time.Hour)
	c := newClient(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	srv.RotateKeys()
	next := signedIn(t, srv).Tokens()
	srv.Advance(time.Minute)
	store.then = func() cognito.Tokens {
		srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
		return next
	}
	require.NoError(t, c.Logout(t.Context()))
	assert.Zero(t, c.Tokens())
	assert.Zero(t, storedIn(t, store.MemoryStore))
}

// A token that a server has refused is not sent again, also when the request that learned it could
// not be repeated.
func TestARefusedTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	base := &recordingBase{statuses: []int{http.StatusUnauthorized}}
	tr := newTransport(c, "", base)
	first := apiRequest(t, http.MethodPost, api, strings.NewReader("x"))
	first.GetBody = nil
	require.Equal(t, http.StatusUnauthorized, roundTrip(t, tr, first))
	require.Equal(t, http.StatusOK, roundTrip(t, tr, apiRequest(t, http.MethodGet, api, nil)))
	sent := base.headers("Authorization")
	require.Len(t, sent, 2)
	assert.NotEqual(t, sent[0], sent[1])
	assert.Equal(t, 1, renewals(srv))
}
