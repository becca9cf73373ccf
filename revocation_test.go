package cognito_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// questions counts the questions about tokens.
func questions(srv *cognitotest.Server) int {
	n := 0
	for _, r := range srv.Requests() {
		if r.Op == "GetUser" {
			n++
		}
	}
	return n
}

// revocationVerifier is a verifier of srv's tokens that remembers answers for a minute.
func revocationVerifier(t *testing.T, srv *cognitotest.Server, opts ...cognito.RevocationOption) *cognito.Verifier {
	t.Helper()
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{srv.ClientID}, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now),
		cognito.WithRevocationCheck(time.Minute, opts...))
	require.NoError(t, err)
	return v
}

func TestRevocationCheck(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(context.Context, *cognito.Cognito) error{
		"Logout":           func(ctx context.Context, c *cognito.Cognito) error { return c.Logout(ctx) },
		"RevokeToken":      func(ctx context.Context, c *cognito.Cognito) error { return c.RevokeToken(ctx) },
		"AdminSignOut":     func(ctx context.Context, c *cognito.Cognito) error { return c.AdminSignOut(ctx, "bob") },
		"AdminDisableUser": func(ctx context.Context, c *cognito.Cognito) error { return c.AdminDisableUser(ctx, "bob") },
		"AdminDeleteUser":  func(ctx context.Context, c *cognito.Cognito) error { return c.AdminDeleteUser(ctx, "bob") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := signedIn(t, srv, cognito.WithStaticCredentials("a", "b", ""))
			tokens := c.Tokens()
			v := revocationVerifier(t, srv)
			for range 10 {
				require.NoError(t, verifyAccess(t, v, tokens.AccessToken))
			}
			_, err := v.VerifyIDToken(t.Context(), tokens.IDToken)
			require.NoError(t, err)
			assert.Equal(t, 1, questions(srv))
			require.NoError(t, revoke(t.Context(), c))
			require.NoError(t, verifyAccess(t, v, tokens.AccessToken), "the answer is remembered")
			srv.Advance(time.Minute)
			for range 10 {
				err := verifyAccess(t, v, tokens.AccessToken)
				require.ErrorIs(t, err, cognito.ErrTokenRevoked)
				var refused *cognito.TokenError
				require.ErrorAs(t, err, &refused)
				assert.NotContains(t, err.Error(), tokens.AccessToken)
			}
			assert.Equal(t, 2, questions(srv))
			_, err = v.VerifyIDToken(t.Context(), tokens.IDToken)
			require.ErrorIs(t, err, cognito.ErrTokenRevoked, "it is of the same sign-in")
			assert.Equal(t, http.StatusUnauthorized, serve(t, v.Handler(empty), tokens.AccessToken).Code)
			m, err := cognito.NewMultiVerifier(v)
			require.NoError(t, err)
			assert.Equal(t, http.StatusUnauthorized, serve(t, m.Handler(empty), tokens.AccessToken).Code)
		})
	}
}

func TestRevocationOfOneSessionLeavesTheOthers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	one, two := signedIn(t, srv), signedIn(t, srv)
	gone, stays := one.Tokens().AccessToken, two.Tokens().AccessToken
	require.NoError(t, one.RevokeToken(t.Context()))
	v, err := two.Verifier(cognito.WithRevocationCheck(time.Minute))
	require.NoError(t, err)
	require.ErrorIs(t, verifyAccess(t, v, gone), cognito.ErrTokenRevoked)
	require.NoError(t, verifyAccess(t, v, stays))
	require.NoError(t, two.RenewAccessToken(t.Context()))
	require.NoError(t, verifyAccess(t, v, two.Tokens().AccessToken))
	assert.Equal(t, 2, questions(srv), "a refreshed token is of the same sign-in")
	require.NoError(t, verifyAccess(t, revocationVerifier(t, srv), stays))
}

func TestRevocationIsAskedOnceForManyCallers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	raw := signedIn(t, srv).Tokens().AccessToken
	v := revocationVerifier(t, srv)
	require.NoError(t, v.Preload(t.Context()))
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultDelay, Release: release})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := v.VerifyAccessToken(ctx, raw)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, cognito.ErrRevocationUnknown)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { assert.NoError(t, verifyAccess(t, v, raw)) })
	}
	close(release)
	wg.Wait()
	assert.Equal(t, 1, questions(srv))
}

func TestRevocationWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for _, kind := range []cognitotest.FaultKind{cognitotest.FaultThrottle, cognitotest.FaultServerError, cognitotest.FaultReset} {
		srv := newServer(t, cognitotest.Config{})
		raw := signedIn(t, srv).Tokens().AccessToken
		closed, open := revocationVerifier(t, srv), revocationVerifier(t, srv, cognito.FailOpen())
		srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: kind, Times: -1})
		for range 5 {
			err := verifyAccess(t, closed, raw)
			require.ErrorIs(t, err, cognito.ErrRevocationUnknown)
		}
		sent := questions(srv)
		assert.LessOrEqual(t, sent, 2, "one call, and once more unless it is throttled")
		for range 5 {
			require.NoError(t, verifyAccess(t, open, raw))
		}
		assert.LessOrEqual(t, questions(srv), 2*sent)
		w := serve(t, closed.Handler(empty), raw)
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		srv.ClearFaults()
		srv.Advance(time.Second)
		require.NoError(t, verifyAccess(t, closed, raw))
	}
}

func TestRevocationOfOtherTokens(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	status := http.StatusOK
	userInfo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Contains(t, r.Header.Get("Authorization"), "Bearer ey")
		w.WriteHeader(status)
	}))
	defer userInfo.Close()
	token := func(claims map[string]any) string {
		return srv.Token("bob", cognitotest.TokenOptions{Use: "access", Claims: claims})
	}
	v := revocationVerifier(t, srv, cognito.UserInfoURL(userInfo.URL+"/oauth2/userInfo"))
	machine := token(map[string]any{"username": nil, "sub": srv.ClientID, "scope": "api/read", "origin_jti": nil})
	require.NoError(t, verifyAccess(t, v, machine), "nobody can sign out a machine")
	require.NoError(t, verifyAccess(t, v, token(map[string]any{"scope": "openid", "origin_jti": "a"})))
	status = http.StatusUnauthorized
	require.ErrorIs(t, verifyAccess(t, v, token(map[string]any{"scope": "openid", "origin_jti": "b"})), cognito.ErrTokenRevoked)
	require.NoError(t, verifyAccess(t, v, token(map[string]any{"scope": "openid", "origin_jti": "a"})))
	status = http.StatusServiceUnavailable
	require.ErrorIs(t, verifyAccess(t, v, token(map[string]any{"scope": "openid", "origin_jti": "c"})), cognito.ErrRevocationUnknown)
	srv.Advance(time.Second)
	for range 2 {
		err := verifyAccess(t, v, token(map[string]any{"scope": "api/read", "origin_jti": "d"}))
		require.ErrorIs(t, err, cognito.ErrRevocationUnknown)
		require.ErrorContains(t, err, "openid")
	}
	require.ErrorIs(t, verifyAccess(t, v, token(map[string]any{"origin_jti": 1})), jwt.ErrTokenMalformed)
	assert.Zero(t, questions(srv))
}

// An outage does not make a revoked token valid again, and no time makes its sign-in's ID token.
func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv)
	other := signedIn(t, srv).Tokens().AccessToken
	tokens := c.Tokens()
	v := revocationVerifier(t, srv, cognito.FailOpen())
	require.NoError(t, c.RevokeToken(t.Context()))
	require.ErrorIs(t, verifyAccess(t, v, tokens.AccessToken), cognito.ErrTokenRevoked)
	srv.Advance(time.Minute)
	_, err := v.VerifyIDToken(t.Context(), tokens.IDToken)
	require.ErrorIs(t, err, cognito.ErrTokenRevoked)
	srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultServerError, Times: -1})
	require.NoError(t, verifyAccess(t, v, other))
	for range 3 {
		require.ErrorIs(t, verifyAccess(t, v, tokens.AccessToken), cognito.ErrTokenRevoked)
	}
}

// An answer that the service does not accept a token is no outage: the holder of one such token, of an app client that
// is gone for example, must not stop the check of the others.
func TestRejectedTokensDoNotStopTheCheck(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		`{"__type":"NotAuthorizedException","message":"Invalid Access Token"}`:                             cognito.ErrTokenRevoked,
		`{"__type":"ResourceNotFoundException","message":"User pool client x does not exist."}`:            cognito.ErrTokenRevoked,
		`{"__type":"PasswordResetRequiredException","message":"Password reset required for the user"}`:     cognito.ErrTokenRevoked,
		`{"__type":"NotAuthorizedException","message":"Access Token has expired"}`:                         jwt.ErrTokenExpired,
		`{"__type":"ForbiddenException","message":"Request not allowed due to WAF block."}`:                cognito.ErrRevocationUnknown,
		`{"__type":"NotAuthorizedException","message":"Request not allowed because of security reasons."}`: cognito.ErrRevocationUnknown,
		`{"__type":"TooManyRequestsException","message":"Rate exceeded"}`:                                  cognito.ErrRevocationUnknown,
		`{"__type":"InternalErrorException","message":"Something went wrong"}`:                             cognito.ErrRevocationUnknown,
	} {
		asked := 0
		v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithHTTPClient(&http.Client{
			Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
				asked++
				return &http.Response{
					StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
					Body: io.NopCloser(strings.NewReader(answer)),
				}, nil
			}),
		}))
		token := func(signIn string) string {
			return forged(map[string]any{"scope": "aws.cognito.signin.user.admin", "origin_jti": signIn})
		}
		require.ErrorIs(t, verifyAccess(t, v, token("a")), want, answer)
		before := asked
		require.ErrorIs(t, verifyAccess(t, v, token("b")), want, answer)
		if errors.Is(want, cognito.ErrRevocationUnknown) {
			assert.Equal(t, before, asked, "%s: questions pause", answer)
		} else {
			assert.Equal(t, before+1, asked, "%s: the next one is asked about", answer)
		}
	}
}

func TestRevocationCheckRefusesBadArguments(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]cognito.VerifierOption{
		"WithRevocationCheck": cognito.WithRevocationCheck(0), "1 second to 1 hour": cognito.WithRevocationCheck(2 * time.Hour),
		"UserInfoURL": cognito.WithRevocationCheck(time.Minute, cognito.UserInfoURL("x")),
	} {
		_, err := cognito.NewVerifier(testPool, []string{testClient}, opt)
		require.ErrorContains(t, err, want)
	}
}

// The panic of a caller's HTTP client is an error, not the end of the process.
func TestRevocationSurvivesAPanic(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithHTTPClient(&http.Client{
		Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) { panic("broken") }),
	}))
	require.ErrorIs(t, verifyAccess(t, v, forged(claim("scope", "aws.cognito.signin.user.admin"))), cognito.ErrRevocationUnknown)
}

// Work that never returns leaves nobody waiting: a transport may end its goroutine, as a test's does that fails.
func TestRevocationQuestionThatNeverReturns(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
		runtime.Goexit()
		return nil, nil
	})}
	raw := forged(claim("scope", "aws.cognito.signin.user.admin"))
	closed := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithHTTPClient(client))
	require.ErrorIs(t, verifyAccess(t, closed, raw), cognito.ErrRevocationUnknown)
	open := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute, cognito.FailOpen()), cognito.WithHTTPClient(client))
	require.NoError(t, verifyAccess(t, open, raw))
}

// Who gives up does not take the answer from those who wait, nor from those who ask later.
func TestRevocationAnswerOutlivesItsFirstCaller(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	raw := signedIn(t, srv).Tokens().AccessToken
	v := revocationVerifier(t, srv)
	require.NoError(t, v.Preload(t.Context()))
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultDelay, Release: release})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := v.VerifyAccessToken(ctx, raw); gone <- err }()
	require.Eventually(t, func() bool { return questions(srv) == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-gone, context.Canceled)
	close(release)
	require.NoError(t, verifyAccess(t, v, raw))
	assert.Equal(t, 1, questions(srv), "the question was answered, although nobody waited")
}
