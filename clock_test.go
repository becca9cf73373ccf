package cognito_test

import (
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// wrongClock is the pool's clock, off by some time that a test can change.
func wrongClock(srv *cognitotest.Server, off time.Duration) (now func() time.Time, set func(time.Duration)) {
	var by atomic.Int64
	by.Store(int64(off))
	return func() time.Time { return srv.Now().Add(time.Duration(by.Load())) }, func(off time.Duration) { by.Store(int64(off)) }
}

// A machine without a clock of its own starts in 1970, and others run in the wrong time zone. The
// service refuses proofs with a wrong time, and its tokens seem to have expired, or never to do so.
func TestTheMachinesClockIsWrong(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]func(time.Time) time.Duration{
		"2 hours behind": func(time.Time) time.Duration { return -2 * time.Hour },
		"2 hours ahead":  func(time.Time) time.Duration { return 2 * time.Hour },
		"in 1970":        func(now time.Time) time.Duration { return time.Unix(5, 0).Sub(now) },
		"10 s behind":    func(time.Time) time.Duration { return -10 * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			srv := newServer(t, cognitotest.Config{})
			now, _ := wrongClock(srv, off(srv.Now()))
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClock(now), cognito.WithLeeway(0))
			require.NoError(t, c.Authenticate(ctx, testPassword))
			tokens, err := c.Token(ctx)
			require.NoError(t, err)
			_, err = c.GetUser(ctx)
			require.NoError(t, err)
			v, err := c.Verifier()
			require.NoError(t, err)
			_, err = v.VerifyAccessToken(ctx, tokens.AccessToken)
			require.NoError(t, err)
			expired, err := c.CheckToken(ctx, false)
			require.NoError(t, err)
			assert.False(t, expired)
			assert.Zero(t, renewals(srv), "no token had expired")

			srv.Advance(time.Hour + 5*time.Second)
			next, err := c.Token(ctx)
			require.NoError(t, err)
			assert.NotEqual(t, tokens.AccessToken, next.AccessToken, "that one has expired by the service's clock")
			assert.Equal(t, 1, renewals(srv))
			_, err = v.VerifyAccessToken(ctx, tokens.AccessToken)
			require.ErrorContains(t, err, "expired")

			// Stored tokens, in a process that has not talked to the service yet.
			stored := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClock(now), cognito.WithTokens(next))
			_, err = stored.GetUser(ctx)
			require.NoError(t, err)
			_, err = stored.Token(ctx)
			require.NoError(t, err)
			srv.Advance(61 * time.Minute)
			late := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClock(now), cognito.WithTokens(stored.Tokens()))
			_, err = late.GetUser(ctx)
			require.NoError(t, err, "refused as expired, it is renewed and repeated")
		})
	}
}

// What is renewed because the service calls it expired is repeated once, and no more.
func TestExpiredByTheServiceIsRepeatedOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	calls := 0
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetUser") {
			return false
		}
		calls++
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"NotAuthorizedException","message":"Access Token has expired"}`))
		return true
	})
	_, err := c.GetUser(t.Context())
	require.ErrorIs(t, err, cognito.ErrAccessTokenExpired)
	assert.Equal(t, 2, calls)
	assert.Equal(t, 1, renewals(srv))
}

// The date of a proxy on the way, or of a server that is none of the service's, says nothing about
// the service's clock.
func TestDatesOfOthersDoNotCount(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"a proxy":         {"Date": {time.Now().Add(5 * time.Hour).UTC().Format(http.TimeFormat)}},
		"no date":         {"X-Amzn-Requestid": {"id"}},
		"no date of HTTP": {"X-Amzn-Requestid": {"id"}, "Date": {"yesterday"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := signedIn(t, srv)
			srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ForgotPassword") {
					return false
				}
				w.Header()["Date"] = nil
				maps.Copy(w.Header(), header)
				w.WriteHeader(http.StatusBadRequest)
				return true
			})
			_, err := c.InitiateForgotPassword(t.Context())
			require.Error(t, err)
			_, err = c.Token(t.Context())
			require.NoError(t, err)
			assert.Zero(t, renewals(srv))
		})
	}
}

// withMonotonic moves the monotonic reading of t by d, and leaves the time of day.
func withMonotonic(t time.Time, d time.Duration) time.Time {
	*(*int64)(unsafe.Add(unsafe.Pointer(&t), 8)) += int64(d) // the layout of time.Time, which the test checks
	return t
}

// A clock that was set right by its own must not be put right once more: the tokens of every
// request to a server would have expired until it talks to the service again.
func TestTheMachinesClockIsSetRight(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-2 * time.Hour, 2 * time.Hour, -50 * 365 * 24 * time.Hour} {
		ctx := t.Context()
		base := time.Now()
		srv := newServer(t, cognitotest.Config{Now: func() time.Time { return base }})
		step := withMonotonic(base.Add(-off), off)
		require.Equal(t, base.Add(-off).Round(0), step.Round(0))
		require.Zero(t, step.Sub(base), "no time has passed")

		var now atomic.Pointer[time.Time]
		set := func(to time.Time) { now.Store(&to) }
		wrong := withMonotonic(base.Add(off), -off)
		set(wrong)
		c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClock(func() time.Time { return *now.Load() }))
		require.NoError(t, c.Authenticate(ctx, testPassword))
		v, err := c.Verifier()
		require.NoError(t, err)
		access := c.Tokens().AccessToken
		_, err = v.VerifyAccessToken(ctx, access)
		require.NoError(t, err, off)
		set(base.Add(time.Second)) // by NTP
		_, err = v.VerifyAccessToken(ctx, access)
		require.NoError(t, err, off)
		set(withMonotonic(wrong.Add(3*time.Hour), -3*time.Hour)) // asleep for some hours, and still wrong
		_, err = v.VerifyAccessToken(ctx, access)
		require.ErrorContains(t, err, "expired", off)
	}
}
