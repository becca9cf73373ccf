package cognito_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	"github.com/gocognito/cognito/internal/flight"
)

func callsOf(srv *cognitotest.Server, op string) int {
	n := 0
	for _, r := range srv.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

// Of two who join work that was canceled, only the first begins anew; the second gets the Canceled
// of strangers.
func TestSecondJoinerOfCanceledWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string, int]
		var runs atomic.Int32
		gate := make(chan struct{})
		work := func(ctx context.Context) (int, error) {
			if runs.Add(1) > 1 {
				return 7, nil
			}
			<-ctx.Done()
			<-gate // takes its time to end
			return 0, ctx.Err()
		}
		first, cancel := context.WithCancel(t.Context())
		go func() { _, _, _ = g.Do(first, "k", work) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				v, _, err := g.Do(t.Context(), "k", work)
				assert.NoError(t, err) //nolint:testifylint // in a goroutine of its own
				assert.Equal(t, 7, v)
			})
			synctest.Wait()
		}
		close(gate)
		wg.Wait()
	})
}

type lateLock struct {
	*cognito.MemoryStore
	gate    chan struct{}
	entered chan struct{}
}

func (s *lateLock) Lock(ctx context.Context) (func(), error) {
	if s.gate != nil {
		s.entered <- struct{}{}
		<-s.gate
		ctx = context.WithoutCancel(ctx) // it comes late
	}
	return s.MemoryStore.Lock(ctx)
}

// A background sign-in that has waited for its turn looks again before it calls the service.
func TestTransportSignsInAgainAfterWaiting(t *testing.T) {
	t.Parallel()
	for _, user := range []string{"plain", "totp"} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			srv := newFlowServer(t, cognitotest.Config{})
			c := newFlowClient(t, srv, cognito.WithUsername(user))
			entered, release := make(chan struct{}, 1), make(chan struct{})
			srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
			own := make(chan error, 1)
			go func() { own <- c.Authenticate(t.Context(), testPassword) }()
			<-entered
			tr := newTransport(c, testPassword, &recordingBase{})
			background := make(chan error, 1)
			request := apiRequest(t, http.MethodGet, api, nil)
			go func() {
				_, err := tr.RoundTrip(request) //nolint:bodyclose // there is none
				background <- err
			}()
			close(release)
			err := <-own
			var mine cognito.Challenge
			if user == "totp" {
				mine = challenged(t, err)
			} else {
				require.NoError(t, err)
			}
			err = <-background
			if user == "totp" {
				assert.Equal(t, mine.Session, challenged(t, err).Session, "the same challenge comes back")
				pending, _ := c.Challenge()
				assert.Equal(t, mine.Session, pending.Session, "the challenge that the user is answering is replaced")
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, 1, callsOf(srv, "InitiateAuth"))
		})
	}
}

// Ten processes that start over one empty store sign in once, not ten times one after another.
func TestProcessesOverOneStoreSignInOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	var wg sync.WaitGroup
	for i := range 10 {
		c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store)) // a pool of its own each
		tr := newTransport(c, testPassword, &recordingBase{})
		request := apiRequest(t, http.MethodGet, api, nil)
		wg.Go(func() {
			_, err := tr.RoundTrip(request) //nolint:bodyclose // there is none
			assert.NoError(t, err)
		})
		if i == 0 {
			<-entered
		}
	}
	close(release)
	wg.Wait()
	assert.Equal(t, 1, callsOf(srv, "InitiateAuth"))
}

type hungStore struct {
	*cognito.MemoryStore
	load, device, lock atomic.Bool
}

func (h *hungStore) Load(ctx context.Context) (cognito.Tokens, error) {
	if h.load.Load() {
		<-ctx.Done()
		return cognito.Tokens{}, ctx.Err()
	}
	return h.MemoryStore.Load(ctx)
}

func (h *hungStore) LoadDevice(ctx context.Context) (cognito.Device, error) {
	if h.device.Load() {
		<-ctx.Done()
		return cognito.Device{}, ctx.Err()
	}
	return h.MemoryStore.LoadDevice(ctx)
}

func (h *hungStore) Lock(ctx context.Context) (func(), error) {
	if h.lock.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.MemoryStore.Lock(ctx)
}

// A caller waits by its own context, also for a store that hangs.
func TestCallersWaitForAHungStore(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *cognito.Cognito) error{
		"Token":        func(ctx context.Context, c *cognito.Cognito) error { _, err := c.Token(ctx); return err },
		"GetUser":      func(ctx context.Context, c *cognito.Cognito) error { _, err := c.GetUser(ctx); return err },
		"Authenticate": func(ctx context.Context, c *cognito.Cognito) error { return c.Authenticate(ctx, testPassword) },
		"Logout":       func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"RoundTrip": func(ctx context.Context, c *cognito.Cognito) error {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, api, nil)
			_, err := newTransport(c, "", &recordingBase{}).RoundTrip(req) //nolint:bodyclose // no
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true})
				store := &hungStore{MemoryStore: cognito.NewMemoryStore()}
				store.load.Store(true)
				store.device.Store(true)
				c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				require.Error(t, call(ctx, c))
				assert.LessOrEqual(t, time.Since(began), 2*time.Second)
			})
		})
	}
}

// A lock that could not be had is no rejection of the password.
func TestALockTimeoutIsNoRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &hungStore{MemoryStore: cognito.NewMemoryStore()}
		store.lock.Store(true)
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithClock(time.Now))
		tr := newTransport(c, testPassword, &recordingBase{})
		for range 5 {
			_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // no
			require.Error(t, err)
			time.Sleep(9 * time.Minute)
		}
		_, err := tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // no
		require.Error(t, err)
		store.lock.Store(false)
		time.Sleep(time.Minute)
		_, err = tr.RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // no
		assert.NoError(t, err, "the lock is free again for a minute; nothing was ever refused")
	})
}

// Rule 11 (a caller's code): RefreshMetadata that calls back into the session, or hangs.
func TestRefreshMetadataThatHangs(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(context.Context, *cognito.Cognito){
		"calls Token": func(ctx context.Context, c *cognito.Cognito) { _, _ = c.Token(ctx) },
		"waits for its context": func(ctx context.Context, _ *cognito.Cognito) {
			select {
			case <-ctx.Done():
			case <-time.After(24 * time.Hour): // so that the bubble ends
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true})
				store := cognito.NewMemoryStore()
				var c *cognito.Cognito
				stop := make(chan struct{})
				t.Cleanup(func() { close(stop) })
				client := srv.Client(t)
				c = client.ForUser("bob", cognito.WithTokenStore(store), cognito.WithRefreshMetadata(func(ctx context.Context) map[string]string {
					done := make(chan struct{})
					go func() { hang(ctx, c); close(done) }()
					select {
					case <-done:
					case <-stop:
					}
					return nil
				}))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				srv.Advance(2 * time.Hour)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := c.Token(ctx)
				require.Error(t, err)
				// longer than every time limit of the work but the lock's: who waits 40 s must get a
				// turn
				later, cancel := context.WithTimeout(t.Context(), 40*time.Second)
				defer cancel()
				other := client.ForUser("bob", cognito.WithTokenStore(store))
				assert.NoError(t, other.ForgetTokens(later), "the turn is never given back")
			})
		})
	}
}

// Tokens of a sign-in with a new device that waited for their key.
func TestWaitingTokensOfANewDevice(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *cognito.Cognito) error{
		"Token":      func(ctx context.Context, c *cognito.Cognito) error { _, err := c.Token(ctx); return err },
		"CheckToken": func(ctx context.Context, c *cognito.Cognito) error { _, err := c.CheckToken(ctx, true); return err },
		"Verify":     func(ctx context.Context, c *cognito.Cognito) error { return c.VerifyTokens(ctx) },
		"GetUser":    func(ctx context.Context, c *cognito.Cognito) error { _, err := c.GetUser(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newDeviceServer(t, false)
			c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDeviceTracking(""), cognito.WithClientOptions(noBackoff))
			srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
			require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
			srv.ClearFaults()
			require.NoError(t, call(t.Context(), c))
			assert.Equal(t, 0, renewals(srv), "they were good: no refresh was needed")
			if name != "GetUser" {
				_, ok := c.Device()
				assert.True(t, ok)
			}
		})
	}
}

// Many callers confirm the one device once.
func TestManyCallersConfirmADeviceOnce(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDeviceTracking(""), cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, c.VerifyTokens(t.Context())) })
	}
	wg.Wait()
	assert.Equal(t, 1, callsOf(srv, "ConfirmDevice"))
	require.NoError(t, c.DeviceError())
	d, ok := c.Device()
	require.True(t, ok)
	later := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDevice(d))
	require.NoError(t, later.Authenticate(t.Context(), testPassword))
	assert.NoError(t, later.DeviceError(), "the device has the password that the pool knows")
}

// A ConfirmDevice that failed for a moment costs the session an hour later.
func TestAFailedConfirmationCostsTheSession(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	store := cognito.NewMemoryStore()
	c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithDeviceTracking(""), cognito.WithClientOptions(noBackoff), cognito.WithTokenStore(store))
	srv.Fault(cognitotest.Fault{Op: "ConfirmDevice", Times: 1})
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	require.Error(t, c.DeviceError())
	srv.Advance(59 * time.Minute) // the access token is good for a minute yet
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.NotZero(t, storedIn(t, store))
}

// Unverified tokens never replace verified ones in the store.
func TestUnverifiedTokensReplaceVerifiedOnes(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	verified := c.Tokens()
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	for range 2 {
		require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
		srv.Advance(2 * time.Hour)
	}
	assert.Equal(t, verified.AccessToken, storedIn(t, store).AccessToken)
	assert.Equal(t, storedIn(t, store).RefreshToken, c.Tokens().RefreshToken, "session and store agree on the refresh token")
}

// One exchange per refresh token in a process, also where one of the callers has wishes.
func TestWishesShareTheRefreshToken(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	a := signedIn(t, srv)
	b := newClient(t, srv, cognito.WithTokens(a.Tokens()))
	srv.Advance(2 * time.Hour)
	require.NoError(t, a.RenewAccessToken(t.Context(), cognito.ClientMetadata(map[string]string{"a": "b"})))
	_, err := b.Token(t.Context())
	assert.NoError(t, err, "what the exchange brought is not shared: b's session is lost")
}

type deadLockServer struct{ *cognito.MemoryStore }

func (deadLockServer) Lock(context.Context) (func(), error) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	var d net.Dialer
	_, err := d.DialContext(ctx, "tcp", "192.0.2.1:6379") // what go-redis returns when its DialTimeout is over
	return nil, fmt.Errorf("redisstore: take the lock: %w", err)
}

// A lock that cannot be made does not take the session down, also when the server's address is a
// black hole.
func TestALockServerThatTimesOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	good := signedIn(t, srv).Tokens()
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(good), cognito.WithTokenStore(deadLockServer{cognito.NewMemoryStore()}))
	assert.NoError(t, c.RenewAccessToken(t.Context()))
}

type nilTransport struct{}

func (nilTransport) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil } //nolint:nilnil // hostile

func TestANilResponse(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	client := c.HTTPClient(&http.Client{Transport: nilTransport{}}, "", cognito.WithOrigins(api))
	assert.NotPanics(t, func() { _, _ = client.Do(apiRequest(t, http.MethodGet, api, nil)) }) //nolint:bodyclose // no
}

type stuckTransport struct {
	base http.RoundTripper
	op   string
	gate chan struct{}
}

func (s *stuckTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Amz-Target") == "AWSCognitoIdentityProviderService."+s.op || r.URL.Path == s.op {
		<-s.gate
		return nil, errors.New("stuck")
	}
	return s.base.RoundTrip(r)
}

// A RoundTripper that ignores its context does not hold the turn of everybody over the store for
// ever.
func TestARoundTripperThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	for op, call := range map[string]func(context.Context, *cognito.Cognito) error{
		"InitiateAuth":              func(ctx context.Context, c *cognito.Cognito) error { return c.Authenticate(ctx, testPassword) },
		"GlobalSignOut":             func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"GetTokensFromRefreshToken": func(ctx context.Context, c *cognito.Cognito) error { return c.RenewAccessToken(ctx) },
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true})
				store := cognito.NewMemoryStore()
				good := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
				require.NoError(t, good.Authenticate(t.Context(), testPassword))
				stuck := &stuckTransport{srv.HTTPClient().Transport, op, make(chan struct{})}
				bad := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithHTTPClient(&http.Client{Transport: stuck}))
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				go func() { _ = call(ctx, bad) }()
				time.Sleep(10 * time.Second)
				later, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				err := good.RenewAccessToken(later)
				close(stuck.gate)
				assert.NoError(t, err)
			})
		})
	}
}

// Whatever a background refresh fails by, the next one waits.
func TestBadAnswersArePausedToo(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":        `{}`,
		"a broken token": `{"AuthenticationResult":{"AccessToken":"x.y.z","ExpiresIn":3600}}`,
		"an unknown key": `{"AuthenticationResult":{"AccessToken":"eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vcGUifQ.e30.AAAA","ExpiresIn":3600}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := signedIn(t, srv, cognito.WithClientOptions(noBackoff))
			srv.Advance(2 * time.Hour)
			answer(srv, "GetTokensFromRefreshToken", 200, body)
			_, err := c.Token(t.Context())
			require.Error(t, err)
			for range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				_, err := c.Token(ctx)
				cancel()
				require.Error(t, err)
			}
			assert.LessOrEqual(t, renewals(srv), 3)
		})
	}
}

// Two answers of one challenge: who has waited looks again.
func TestTwoAnswersOfOneChallenge(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	c := newFlowClient(t, srv, cognito.WithUsername("totp"))
	challenged(t, c.Authenticate(t.Context(), testPassword))
	before := callsOf(srv, "RespondToAuthChallenge")
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "RespondToAuthChallenge", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	code := srv.TOTP("totp")
	errs := make(chan error, 2)
	go func() { errs <- c.RespondToSoftwareTokenMFAChallenge(t.Context(), code) }()
	<-entered
	go func() { errs <- c.RespondToSoftwareTokenMFAChallenge(t.Context(), code) }()
	close(release)
	t.Log(<-errs, <-errs)
	assert.Equal(t, 1, callsOf(srv, "RespondToAuthChallenge")-before, "a one-time code is sent again")
}

// A 401 that a new token does not help with ends refreshing for a while by either clock, also if
// one is set back.
func TestRefusedUntilAndTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		base := &recordingBase{statuses: []int{401, 401, 401, 401}}
		tr := newTransport(c, "", base)
		for range 2 {
			require.Equal(t, 401, roundTrip(t, tr, apiRequest(t, "GET", api, nil)))
		}
		sent := base.headers("Authorization")
		require.Len(t, sent, 3, "the second request is not repeated")
		assert.Equal(t, sent[1], sent[2])
		srv.Advance(-10 * time.Minute)
		time.Sleep(31 * time.Second)
		roundTrip(t, tr, apiRequest(t, "GET", api, nil))
		sent = base.headers("Authorization")
		assert.NotEqual(t, sent[2], sent[3])
	})
}

// It costs one refresh in a while, also where each request has its own value.
func TestA401PerValue(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	client := newClient(t, srv)
	store := cognito.NewMemoryStore()
	require.NoError(t, client.ForUser("bob", cognito.WithTokenStore(store)).Authenticate(t.Context(), testPassword))
	for range 10 {
		tr := newTransport(client.ForUser("bob", cognito.WithTokenStore(store)), "", &recordingBase{statuses: []int{401, 401}})
		require.Equal(t, 401, roundTrip(t, tr, apiRequest(t, "GET", api, nil)))
	}
	assert.Equal(t, 1, renewals(srv))
}

// Processes that start together over one store register one device.
func TestProcessesRegisterOneDevice(t *testing.T) {
	t.Parallel()
	srv := newDeviceServer(t, false)
	store := cognito.NewMemoryStore()
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	var wg sync.WaitGroup
	for i := range 5 {
		c := newFlowClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithDeviceTracking(""))
		wg.Go(func() { assert.NoError(t, c.Authenticate(t.Context(), testPassword)) })
		if i == 0 {
			<-entered
		}
	}
	close(release)
	wg.Wait()
	assert.Equal(t, 1, callsOf(srv, "ConfirmDevice"))
}

type unlocked struct{ m *cognito.MemoryStore } // no lock

func (p *unlocked) Load(ctx context.Context) (cognito.Tokens, error) { return p.m.Load(ctx) }
func (p *unlocked) Save(ctx context.Context, t cognito.Tokens) error { return p.m.Save(ctx, t) }
func (p *unlocked) Delete(ctx context.Context) error                 { return p.m.Delete(ctx) }

// Values over one store that cannot be locked share a queue.
func TestSignOutBesideARefreshOfAnotherValue(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &unlocked{cognito.NewMemoryStore()}
	a := signedIn(t, srv, cognito.WithTokenStore(store))
	b := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	done := make(chan struct{})
	go func() { _ = a.RenewAccessToken(t.Context()); close(done) }()
	<-entered
	out := make(chan error, 1)
	go func() { out <- b.RevokeToken(t.Context()) }()
	close(release)
	require.NoError(t, <-out)
	<-done
	assert.Zero(t, storedIn(t, store))
}

// A lock that comes when nobody waits for it any more is given back.
func TestALateLockIsGivenBack(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	inner := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(inner))
	store := &lateLock{MemoryStore: inner}
	b := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	store.gate, store.entered = make(chan struct{}), make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.ForgetTokens(ctx) }()
	<-store.entered
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	close(store.gate)
	later, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	assert.NoError(t, c.ForgetTokens(later))
}

// A sign-in of a user who was made anew, while the keys are out.
func TestARecreatedUserWaits(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv, cognito.WithClientOptions(noBackoff))
	other := signedIn(t, srv)
	require.NoError(t, other.DeleteUser(t.Context()))
	srv.AddUser(cognitotest.User{Username: "bob", Password: testPassword})
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	require.NoError(t, c.VerifyTokens(t.Context()))
	_, err := c.Token(t.Context())
	assert.NoError(t, err)
}

// A sign-in that waits for its key does not replace verified tokens in the store.
func TestASignInThatWaitsLeavesTheStore(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	verified := storedIn(t, store)
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	assert.Equal(t, verified, storedIn(t, store))
}

// The code of a sign-up signs in once. A wait for the turn that ended does not spend it.
func TestAWaitDoesNotSpendTheSignUp(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	store := &hungStore{MemoryStore: cognito.NewMemoryStore()}
	c := newFlowClient(t, srv, cognito.WithUsername("newbie"), cognito.WithTokenStore(store))
	_, err := c.Register(t.Context(), "newbie", testPassword, map[string]string{"email": "n@example.com"})
	require.NoError(t, err)
	require.NoError(t, c.ConfirmSignUp(t.Context(), "newbie", srv.Code("newbie")))
	store.lock.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, c.AuthenticateChoice(ctx, cognito.FirstFactor{}), context.DeadlineExceeded)
	store.lock.Store(false)
	assert.NoError(t, c.AuthenticateChoice(t.Context(), cognito.FirstFactor{}))
}

// A context that is over starts nothing.
func TestAContextThatIsOverStartsNothing(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *cognito.Cognito) error{
		"RenewAccessToken": func(ctx context.Context, c *cognito.Cognito) error { return c.RenewAccessToken(ctx) },
		"VerifyTokens":     func(ctx context.Context, c *cognito.Cognito) error { return c.VerifyTokens(ctx) },
		"CheckToken":       func(ctx context.Context, c *cognito.Cognito) error { _, err := c.CheckToken(ctx, true); return err },
		"GetUser":          func(ctx context.Context, c *cognito.Cognito) error { _, err := c.GetUser(ctx); return err },
		"Token":            func(ctx context.Context, c *cognito.Cognito) error { _, err := c.Token(ctx); return err },
		"Authenticate":     func(ctx context.Context, c *cognito.Cognito) error { return c.Authenticate(ctx, testPassword) },
		"Logout":           func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := &hostileStore{MemoryStore: cognito.NewMemoryStore()}
			signedIn(t, srv, cognito.WithTokenStore(store.MemoryStore))
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
			store.at, store.do = "load", func() { t.Error("the store is read") }
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			assert.ErrorIs(t, call(ctx, c), context.Canceled)
		})
	}
}

// Tokens that are still good are handed out, also where the early refresh does not answer within
// the caller's time.
func TestGoodTokensDuringASlowRefresh(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]func(*cognitotest.Server, *hungStore){
		"the service": func(srv *cognitotest.Server, _ *hungStore) {
			srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultDelay, Delay: time.Minute, Times: -1})
		},
		"the lock": func(_ *cognitotest.Server, store *hungStore) { store.lock.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := newServer(t, cognitotest.Config{InMemory: true})
				store := &hungStore{MemoryStore: cognito.NewMemoryStore()}
				c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
				require.NoError(t, c.Authenticate(t.Context(), testPassword))
				srv.Advance(59*time.Minute + 30*time.Second) // half a minute is left
				slow(srv, store)
				for range 3 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					_, err := c.Token(ctx)
					cancel()
					require.NoError(t, err)
				}
				srv.ClearFaults()
				store.lock.Store(false)
				time.Sleep(5 * time.Minute)
			})
		})
	}
}

type slowSave struct {
	*cognito.MemoryStore
	gate chan struct{}
}

func (s *slowSave) Save(ctx context.Context, t cognito.Tokens) error {
	if s.gate != nil {
		<-s.gate // as a file's fsync, which no context ends
	}
	return s.MemoryStore.Save(ctx, t)
}

// A Save that hung and was given up does not bring tokens back after a sign-out.
func TestALateSaveAfterASignOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &slowSave{MemoryStore: cognito.NewMemoryStore()}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		store.gate = make(chan struct{})
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.Logout(t.Context()))
		close(store.gate)
		synctest.Wait()
		assert.Zero(t, storedIn(t, store))
		_, err := c.Token(t.Context())
		assert.ErrorIs(t, err, cognito.ErrNotSignedIn)
	})
}

// A redirect that began elsewhere stays bare, also after further hops within the origins.
func TestRedirectsFromElsewhereStayBare(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	base := &recordingBase{}
	tr := newTransport(signedIn(t, srv), "", base)
	foreign := &http.Response{Request: apiRequest(t, "GET", "https://evil.example.net/", nil)}
	first := apiRequest(t, http.MethodGet, api+"/1", nil)
	first.Response = foreign
	second := apiRequest(t, http.MethodGet, api+"/2", nil)
	second.Response = &http.Response{Request: first}
	roundTrip(t, tr, second)
	assert.Equal(t, []string{""}, base.headers("Authorization"))
}

// Who asks for new tokens twice gets new ones twice.
func TestRenewTwice(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	require.NoError(t, c.RenewAccessToken(t.Context()))
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.Equal(t, 2, renewals(srv))
}

// What was exchanged is saved, also when nobody waits for it any more.
func TestAnExchangeIsSavedWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	old := storedIn(t, store)
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLateReply, Release: release, Entered: func(string) { entered <- struct{}{} }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.RenewAccessToken(ctx) }()
	<-entered
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	close(release)
	assert.Eventually(t, func() bool { return storedIn(t, store).RefreshToken != old.RefreshToken }, 5*time.Second, 10*time.Millisecond)
}

// A sign-in that waited for its key is dead; the one before goes on, also without a store.
func TestADeadWaitingSignInWithoutAStore(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	c := signedIn(t, srv, cognito.WithClientOptions(noBackoff))
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultLostReply})
	srv.Advance(2 * time.Hour)
	_, _ = c.Token(t.Context())
	srv.ClearFaults()
	srv.Advance(2 * time.Hour)
	_, err := c.Token(t.Context())
	assert.NoError(t, err)
}

// A refresh with wishes is made, also when another one has just been.
func TestWishesAreNotSkipped(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	a := signedIn(t, srv, cognito.WithTokenStore(store))
	b := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	require.NoError(t, b.VerifyTokens(t.Context()))
	require.NoError(t, a.RenewAccessToken(t.Context()))
	require.NoError(t, b.RenewAccessToken(t.Context(), cognito.ClientMetadata(map[string]string{"a": "b"})))
	assert.Equal(t, 2, renewals(srv))
}

// Tokens that waited for their key and are good need no exchange.
func TestWaitingTokensNeedNoExchange(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 0, renewals(srv))
}

// (for mutations 42 and 94) tokens keep the name that the user signed in by.
func TestTokensKeepTheNameOfTheSignIn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	assert.Equal(t, "bob", c.Tokens().Username)
	bare := cognito.Tokens{RefreshToken: c.Tokens().RefreshToken}
	d := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokens(bare))
	require.NoError(t, d.RenewAccessToken(t.Context()))
	assert.Equal(t, "bob", d.Tokens().Username)
}

// endingTransport ends the caller's context when the response to op has come.
type endingTransport struct {
	base http.RoundTripper
	op   string
	end  context.CancelFunc
}

func (e *endingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := e.base.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+e.op) {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	e.end()
	return resp, err
}

// Tokens that have come are kept, and a sign-out that was answered is one, also when the context
// ends at that moment.
func TestTheContextEndsWithTheResponse(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	transport := &endingTransport{base: http.DefaultTransport, op: "RespondToAuthChallenge"}
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithHTTPClient(&http.Client{Transport: transport}))
	ctx, cancel := context.WithCancel(t.Context())
	transport.end = cancel
	require.NoError(t, c.Authenticate(ctx, testPassword))
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	assert.NotZero(t, storedIn(t, store))
	assert.Equal(t, c.Tokens(), storedIn(t, store))

	ctx, cancel = context.WithCancel(t.Context())
	transport.op, transport.end = "GlobalSignOut", cancel
	require.NoError(t, c.Logout(ctx))
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	assert.Zero(t, c.Tokens())
	assert.Zero(t, storedIn(t, store))
}

// A value per request with a Transport each: one challenge and one message for all of them, until
// it is answered.
func TestAValuePerRequestSendsOneCode(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	client := newFlowClient(t, srv)
	request := func() (*cognito.Cognito, error) {
		c := client.ForUser("sms")
		_, err := newTransport(c, testPassword, &recordingBase{}).RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is none
		return c, err
	}
	var asked cognito.Challenge
	for i := range 8 {
		_, err := request()
		require.ErrorIs(t, err, cognito.ErrSMSMFARequired)
		if now := challenged(t, err); i == 0 {
			asked = now
		} else {
			assert.Equal(t, asked, now)
		}
	}
	assert.Equal(t, 1, callsOf(srv, "InitiateAuth"))
	last, err := request()
	require.Error(t, err)
	require.ErrorIs(t, last.RespondToSMSMFAChallenge(t.Context(), "000000"), cognito.ErrCodeMismatch)
	_, err = request()
	assert.Equal(t, asked.Session, challenged(t, err).Session, "a wrong code leaves it pending")
	require.NoError(t, last.RespondToSMSMFAChallenge(t.Context(), srv.Code("sms")))
	_, err = request()
	assert.NotEqual(t, asked.Session, challenged(t, err).Session, "it was answered")
	srv.Advance(4 * time.Minute)
	_, err = request()
	require.ErrorIs(t, err, cognito.ErrSMSMFARequired)
	assert.Equal(t, 3, callsOf(srv, "InitiateAuth"), "the last one could not be answered any more")
}

// panickingLoad panics in Load once it is told to.
type panickingLoad struct {
	*slowSave

	panics atomic.Bool
}

func (p *panickingLoad) Load(ctx context.Context) (cognito.Tokens, error) {
	if p.panics.Load() {
		panic("the store")
	}
	return p.slowSave.Load(ctx)
}

// What is done after a write that hung is done for no caller: a store that panics then must not end
// the process.
func TestAStorePanicsAfterAWriteThatHung(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &panickingLoad{slowSave: &slowSave{MemoryStore: cognito.NewMemoryStore()}}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		store.gate = make(chan struct{})
		require.NoError(t, c.RenewAccessToken(t.Context()))
		store.panics.Store(true)
		close(store.gate)
		synctest.Wait()
		store.panics.Store(false)
		store.gate = nil
		require.NoError(t, c.RenewAccessToken(t.Context()), "the turn and the lock were given back")
		assert.Equal(t, c.Tokens(), storedIn(t, store))
	})
}

// Tokens that expire while an early refresh is waited for are not handed out.
func TestTokensExpireDuringASlowRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		srv := newServer(t, cognitotest.Config{InMemory: true, Now: func() time.Time { return began.Add(time.Since(began)) }})
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		time.Sleep(time.Until(c.Tokens().ExpiresAt) - 2*time.Second)
		srv.Fault(cognitotest.Fault{Op: "GetTokensFromRefreshToken", Kind: cognitotest.FaultDelay, Delay: time.Minute, Times: -1})
		_, err := c.Token(t.Context())
		require.Error(t, err)
		srv.ClearFaults()
		time.Sleep(5 * time.Minute)
	})
}

// A refresh of a sign-in that still waits for its key is made once its tokens have expired, and not
// before. What it brings does not replace the verified tokens in the store.
func TestARefreshOfAWaitingSignIn(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	verified := storedIn(t, store)
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
	assert.Zero(t, renewals(srv), "its tokens are good as soon as the key is there")
	srv.Advance(2 * time.Hour)
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
	assert.Equal(t, 1, renewals(srv))
	assert.Equal(t, verified, storedIn(t, store))
	srv.ClearFaults()
	srv.Advance(time.Minute) // the key set may be fetched again
	require.NoError(t, c.VerifyTokens(t.Context()))
	assert.NotEqual(t, verified.RefreshToken, c.Tokens().RefreshToken)
	assert.Equal(t, c.Tokens(), storedIn(t, store))
}

// Who has the tokens of a refresh that has not given its turn back yet, and asks for new ones, gets
// new ones.
func TestRenewWhileTheLastOneUnlocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		store := &hostileStore{MemoryStore: cognito.NewMemoryStore()}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		gate := make(chan struct{})
		store.at, store.do = "unlock", func() { <-gate }
		var callers sync.WaitGroup
		for range 2 {
			callers.Go(func() { assert.NoError(t, c.RenewAccessToken(t.Context())) })
			synctest.Wait()
		}
		close(gate)
		callers.Wait()
		assert.Equal(t, 2, renewals(srv))
	})
}

// spentStore gives other tokens from the look-th Load on after it was armed.
type spentStore struct {
	*cognito.MemoryStore

	armed atomic.Bool
	looks atomic.Int32
	look  int32
	then  cognito.Tokens
}

func (s *spentStore) Load(ctx context.Context) (cognito.Tokens, error) {
	if s.armed.Load() && s.looks.Add(1) >= s.look {
		return s.then, nil
	}
	return s.MemoryStore.Load(ctx)
}

func (s *spentStore) Save(ctx context.Context, t cognito.Tokens) error {
	s.armed.Store(false)
	return s.MemoryStore.Save(ctx, t)
}

// Whoever has spent a refresh token may save a moment later. What is found then is exchanged itself
// if it has expired.
func TestTheSpenderSavesAMomentLater(t *testing.T) {
	t.Parallel()
	for _, expired := range []bool{false, true} {
		for refusal, body := range map[string]string{
			"reused":  `{"__type":"RefreshTokenReuseException","message":"Refresh token has been used"}`,
			"invalid": `{"__type":"NotAuthorizedException","message":"Invalid Refresh Token"}`,
		} {
			t.Run(fmt.Sprintf("%s, expired %t", refusal, expired), func(t *testing.T) {
				t.Parallel()
				srv := newServer(t, cognitotest.Config{})
				store := &spentStore{MemoryStore: cognito.NewMemoryStore(), look: 2}
				c := signedIn(t, srv, cognito.WithTokenStore(store))
				srv.Advance(time.Hour)
				store.then = signedIn(t, srv).Tokens()
				srv.Advance(30 * time.Minute)
				if expired {
					srv.Advance(time.Hour)
				}
				once(srv, "GetTokensFromRefreshToken", func(w http.ResponseWriter) {
					store.armed.Store(true)
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, body)
				})
				_, err := c.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, store.then.RefreshToken, c.Tokens().RefreshToken)
				if expired {
					assert.Equal(t, 2, renewals(srv))
				} else {
					assert.Equal(t, 1, renewals(srv))
				}
			})
		}
	}
}

// A session that is over is signed out without a call; one that somebody has begun in the store
// meanwhile is not.
func TestLogoutOfASessionThatIsOverAndANewerOne(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &spentStore{MemoryStore: cognito.NewMemoryStore(), look: 2} // after the look for who spent the refresh token
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	srv.Advance(2 * time.Hour)
	store.then = signedIn(t, srv).Tokens()
	once(srv, "GetTokensFromRefreshToken", func(w http.ResponseWriter) {
		store.armed.Store(true)
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"NotAuthorizedException","message":"Refresh Token has been revoked"}`)
	})
	require.NoError(t, c.Logout(t.Context()))
	assert.Equal(t, 1, callsOf(srv, "GlobalSignOut"))
	require.ErrorIs(t, newClient(t, srv, cognito.WithTokens(store.then)).RenewAccessToken(t.Context()), cognito.ErrRefreshTokenRevoked)
}

// A sign-out with a refresh token alone, whose user is not known, ends what that has brought and
// what brought it.
func TestRevokeABareRefreshToken(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]cognitotest.Client{"kept": {}, "rotated": rotating(time.Minute)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
			c := signedIn(t, srv)
			first := c.Tokens()
			require.NoError(t, c.RenewAccessToken(t.Context()))
			bare := newClient(t, srv, cognito.WithTokens(cognito.Tokens{RefreshToken: c.Tokens().RefreshToken}))
			require.NoError(t, bare.RevokeToken(t.Context()))
			assert.Error(t, newClient(t, srv, cognito.WithTokens(first)).RenewAccessToken(t.Context()))
		})
	}
}

// The requests of a sign-in that nobody limits end by themselves.
func TestASignInEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true})
		c := srv.Client(t, cognito.WithUsername("bob"))
		srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultDelay, Delay: time.Hour, Times: -1})
		began := time.Now()
		require.ErrorIs(t, c.Authenticate(context.Background(), testPassword), context.DeadlineExceeded)
		assert.LessOrEqual(t, time.Since(began), 62*time.Second)
		srv.ClearFaults()
		time.Sleep(2 * time.Hour)
	})
}

// An answer to one user's challenge leaves that of another user pending.
func TestAnAnswerLeavesTheChallengesOfOthers(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	client := newFlowClient(t, srv)
	ask := func(user string) (*cognito.Cognito, cognito.Challenge) {
		c := client.ForUser(user)
		_, err := newTransport(c, testPassword, &recordingBase{}).RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is none
		return c, challenged(t, err)
	}
	_, asked := ask("sms")
	other, _ := ask("email")
	require.NoError(t, other.RespondToEmailOTPChallenge(t.Context(), srv.Code("email")))
	_, again := ask("sms")
	assert.Equal(t, asked, again)
	assert.Equal(t, 2, callsOf(srv, "InitiateAuth"))
}

// A challenge of another session of the user that arrives while an older one is being answered
// stays.
func TestAPendingChallengeArrivesDuringAnAnswer(t *testing.T) {
	t.Parallel()
	srv := newFlowServer(t, cognitotest.Config{})
	client := newFlowClient(t, srv)
	c := client.ForUser("sms")
	challenged(t, c.Authenticate(t.Context(), testPassword))
	srv.Advance(4 * time.Minute)
	request := func(c *cognito.Cognito) cognito.Challenge {
		_, err := newTransport(c, testPassword, &recordingBase{}).RoundTrip(apiRequest(t, http.MethodGet, api, nil)) //nolint:bodyclose // there is none
		return challenged(t, err)
	}
	newer := request(client.ForUser("sms"))
	var during atomic.Bool
	srv.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".RespondToAuthChallenge") && during.CompareAndSwap(false, true) {
			assert.Equal(t, newer.Session, request(c).Session)
		}
		return false
	})
	require.ErrorIs(t, c.RespondToSMSMFAChallenge(t.Context(), "000000"), cognito.ErrSessionExpired)
	require.True(t, during.Load())
	pending, ok := c.Challenge()
	require.True(t, ok)
	assert.Equal(t, newer.Session, pending.Session)
}

// Tokens that were signed out and could not be deleted are deleted as soon as they can be.
func TestTokensThatWereSignedOutAreDeletedLater(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *cognito.Cognito) error{
		"Token":   func(ctx context.Context, c *cognito.Cognito) error { _, err := c.Token(ctx); return err },
		"GetUser": func(ctx context.Context, c *cognito.Cognito) error { _, err := c.GetUser(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			store := &failingDelete{MemoryStore: cognito.NewMemoryStore()}
			c := signedIn(t, srv, cognito.WithTokenStore(store))
			store.err = errors.New("read-only")
			require.ErrorIs(t, c.Logout(t.Context()), store.err)
			require.NotZero(t, storedIn(t, store))
			store.err = nil
			require.ErrorIs(t, call(t.Context(), c), cognito.ErrNotSignedIn)
			assert.Zero(t, storedIn(t, store))
		})
	}
}

// slowSaves is a store whose first Save after it was told takes its time, whatever its context
// says.
type slowSaves struct {
	*cognito.MemoryStore

	takes atomic.Int64 // a time.Duration
}

func (s *slowSaves) Save(ctx context.Context, t cognito.Tokens) error {
	time.Sleep(time.Duration(s.takes.Swap(0)))
	return s.MemoryStore.Save(ctx, t)
}

// The next change waits for a Save that was given up, so that the later tokens are those that stay.
func TestTheNextChangeWaitsForASlowSave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, cognitotest.Config{InMemory: true, Clients: []cognitotest.Client{rotating(0)}})
		store := &slowSaves{MemoryStore: cognito.NewMemoryStore()}
		c := srv.Client(t, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		store.takes.Store(int64(15 * time.Second))
		began := time.Now()
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.Less(t, time.Since(began), 15*time.Second, "it was given up")
		require.NoError(t, c.RenewAccessToken(t.Context()))
		assert.Equal(t, c.Tokens().RefreshToken, storedIn(t, store).RefreshToken)
		time.Sleep(time.Minute)
		assert.Equal(t, c.Tokens().RefreshToken, storedIn(t, store).RefreshToken)
	})
}

// A sign-in that waits for its key is in the store if nothing else was: a restart does not cost it.
func TestAWaitingSignInOutlivesARestart(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := cognito.NewMemoryStore()
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	_, err := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store)).Token(t.Context())
	assert.NoError(t, err)
}

// The refresh token of tokens that wait for their key is in the store, also when this process
// remembers nothing any more.
func TestARotatedRefreshTokenOfWaitingTokensIsSaved(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store), cognito.WithClientOptions(noBackoff))
	old := storedIn(t, store)
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
	assert.NotEqual(t, old.RefreshToken, storedIn(t, store).RefreshToken)
	srv.ClearFaults()
	srv.Advance(time.Minute)
	require.NoError(t, newClient(t, srv, cognito.WithTokenStore(store)).RenewAccessToken(t.Context()))
}
