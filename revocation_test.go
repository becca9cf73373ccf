package cognito_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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

// A caller who is overtaken by another one's question, whenever that is, takes the answer.
func TestRevocationIsAskedOnceByOvertakenCallers(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	raw := signedIn(t, srv).Tokens().AccessToken
	ran := 0
	for moment := range int32(10) {
		v := revocationVerifier(t, srv)
		require.NoError(t, v.Preload(t.Context()))
		before := questions(srv)
		ctx := &interrupted{Context: t.Context(), run: func() {
			ran++
			assert.NoError(t, verifyAccess(t, v, raw))
		}}
		ctx.left.Store(moment + 1)
		_, err := v.VerifyAccessToken(ctx, raw)
		require.NoError(t, err)
		assert.Equal(t, before+1, questions(srv), "moment %d", moment)
	}
	assert.Positive(t, ran)
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
	_, err := v.VerifyIDToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "id"}))
	require.NoError(t, err, "the service does not take ID tokens")
	assert.Zero(t, questions(srv))

	v = revocationVerifier(t, srv)
	require.ErrorContains(t, verifyAccess(t, v, token(map[string]any{"scope": "openid"})), "UserInfoURL")
	require.NotErrorIs(t, verifyAccess(t, v, token(nil)), cognito.ErrRevocationUnknown, "that makes no pause")
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

// Only a machine's token is exempt, and no token gets the answer about another sign-in.
func TestWhoseTokensAreAskedAbout(t *testing.T) {
	t.Parallel()
	const scope = "aws.cognito.signin.user.admin"
	user := map[string]any{"scope": scope, "origin_jti": "o", "sub": "u"}
	change := func(pairs ...any) map[string]any {
		claims := maps.Clone(user)
		for i := 0; i < len(pairs); i += 2 {
			claims[pairs[i].(string)] = pairs[i+1]
		}
		return claims
	}
	for name, tt := range map[string]struct {
		tokens []map[string]any
		asked  int
	}{
		"a machine":                           {[]map[string]any{change("username", nil, "sub", testClient)}, 0},
		"a user whose sub is the client's ID": {[]map[string]any{change("sub", testClient)}, 1},
		"no name, but not the client's sub":   {[]map[string]any{change("username", nil)}, 1},
		"an empty name":                       {[]map[string]any{change("username", "")}, 1},
		"the same sign-in":                    {[]map[string]any{user, change("jti", "2"), user}, 1},
		"two sign-ins":                        {[]map[string]any{user, change("origin_jti", "p")}, 2},
		"many sign-ins, each asked about once": {[]map[string]any{
			change("origin_jti", "1"), change("origin_jti", "2"), change("origin_jti", "3"), change("origin_jti", "4"),
			change("origin_jti", "1"), change("origin_jti", "2"), change("origin_jti", "3"), change("origin_jti", "4"),
		}, 4},
		"two users": {[]map[string]any{user, change("sub", "v")}, 2},
		"without origin_jti each by itself": {[]map[string]any{
			change("origin_jti", nil), change("origin_jti", nil, "jti", "2"), change("origin_jti", nil), change("origin_jti", ""),
		}, 3},
	} {
		asked := 0
		v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithHTTPClient(&http.Client{
			Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
				asked++
				return awsAnswer(http.StatusOK, `{"Username":"bob","UserAttributes":[]}`), nil
			}),
		}))
		for _, claims := range tt.tokens {
			require.NoError(t, verifyAccess(t, v, forged(claims)), name)
		}
		assert.Equal(t, tt.asked, asked, name)
	}
}

// An answer serves for its whole time, however many others come meanwhile.
func TestRevocationAnswersStayForTheirTime(t *testing.T) {
	t.Parallel()
	now, asked := testTime, 0
	v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithClock(func() time.Time { return now }),
		cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
			asked++
			return awsAnswer(http.StatusOK, `{"Username":"bob","UserAttributes":[]}`), nil
		})}))
	for i, step := range []struct {
		at     time.Duration
		signIn string
		asked  int
	}{
		{0, "a", 1},
		{59 * time.Second, "b", 2},
		{60 * time.Second, "a", 3},
		{61 * time.Second, "b", 3},
		{119*time.Second - 1, "b", 3},
		{119 * time.Second, "b", 4},
	} {
		now = testTime.Add(step.at)
		raw := forged(map[string]any{"scope": "aws.cognito.signin.user.admin", "origin_jti": step.signIn, "exp": testTime.Add(time.Hour).Unix()})
		require.NoError(t, verifyAccess(t, v, raw))
		assert.Equal(t, step.asked, asked, "step %d", i)
	}
}

// The service has no leeway: that it calls a token expired says nothing about the next token of the
// sign-in.
func TestRevocationOfAnExpiredTokenSaysNothingOfTheNext(t *testing.T) {
	t.Parallel()
	first, release := make(chan struct{}), make(chan struct{})
	var asked atomic.Int32
	v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithHTTPClient(&http.Client{
		Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
			if asked.Add(1) > 1 {
				return awsAnswer(http.StatusOK, `{"Username":"bob","UserAttributes":[]}`), nil
			}
			close(first)
			<-release
			return awsAnswer(http.StatusBadRequest, `{"__type":"NotAuthorizedException","message":"Access Token has expired"}`), nil
		}),
	}))
	token := func(id string) string {
		return forged(map[string]any{"scope": "aws.cognito.signin.user.admin", "origin_jti": "o", "jti": id})
	}
	expired := make(chan error)
	go func() { expired <- verifyAccess(t, v, token("old")) }()
	<-first
	next := make(chan error)
	go func() { next <- verifyAccess(t, v, token("new")) }()
	time.AfterFunc(100*time.Millisecond, func() { close(release) }) // the next one does not wait for it
	require.NoError(t, <-next)
	require.ErrorIs(t, <-expired, jwt.ErrTokenExpired)
	require.NoError(t, verifyAccess(t, v, token("old")), "the sign-in is known to be good by now")
}

// A caller who has given up is no reason to let a token pass.
func TestFailOpenIsNotForCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	raw := signedIn(t, srv).Tokens().AccessToken
	v := revocationVerifier(t, srv, cognito.FailOpen())
	require.NoError(t, v.Preload(t.Context()))
	release := make(chan struct{})
	defer close(release)
	srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultDelay, Release: release})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := v.VerifyAccessToken(ctx, raw)
	require.ErrorIs(t, err, cognito.ErrRevocationUnknown)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// awsAnswer is an answer of the service.
func awsAnswer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

// Requests pause for 1, 2, 4 … 30 seconds, with one between two pauses: a service that throttles
// gets no more.
func TestPausesOfRevocationChecks(t *testing.T) {
	t.Parallel()
	now, asked := testTime, 0
	answer := func() *http.Response {
		return awsAnswer(http.StatusBadRequest, `{"__type":"TooManyRequestsException","message":"Rate exceeded"}`)
	}
	v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute), cognito.WithClock(func() time.Time { return now }),
		cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(*http.Request) (*http.Response, error) {
			asked++
			return answer(), nil
		})}))
	raw := forged(map[string]any{"scope": "aws.cognito.signin.user.admin", "exp": testTime.Add(time.Hour).Unix()})
	for i, seconds := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		require.ErrorIs(t, verifyAccess(t, v, raw), cognito.ErrThrottled)
		assert.Equal(t, i+1, asked)
		now = now.Add(seconds*time.Second - 1)
		require.ErrorIs(t, verifyAccess(t, v, raw), cognito.ErrThrottled, "the reason stays known")
		assert.Equal(t, i+1, asked, "%d s", seconds)
		now = now.Add(1)
	}
	// The service does not accept the token any more: it is there, so the next one is asked about.
	answer = func() *http.Response {
		return awsAnswer(http.StatusBadRequest, `{"__type":"NotAuthorizedException","message":"Access Token has expired"}`)
	}
	for range 2 {
		require.ErrorIs(t, verifyAccess(t, v, raw), jwt.ErrTokenExpired)
	}
	assert.Equal(t, 9, asked)
	answer = func() *http.Response { return awsAnswer(http.StatusBadGateway, "") }
	require.ErrorIs(t, verifyAccess(t, v, raw), cognito.ErrRevocationUnknown)
	assert.Equal(t, 11, asked, "the first failure is repeated at once")
	now = now.Add(time.Second)
	require.ErrorIs(t, verifyAccess(t, v, raw), cognito.ErrRevocationUnknown)
	assert.Equal(t, 12, asked, "the second is not")
}

// The userInfo endpoint sends the token nowhere else, and only its 401 says that a token was
// revoked.
func TestUserInfoAnswers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		200: nil, 401: cognito.ErrTokenRevoked, 403: cognito.ErrRevocationUnknown, 302: cognito.ErrRevocationUnknown,
		307: cognito.ErrRevocationUnknown, 404: cognito.ErrRevocationUnknown, 204: cognito.ErrRevocationUnknown,
	} {
		var asked []string
		v := newTestVerifier(t, cognito.WithRevocationCheck(time.Minute, cognito.UserInfoURL("https://example.auth.eu-west-1.amazoncognito.com/oauth2/userInfo")),
			cognito.WithHTTPClient(&http.Client{Transport: roundTripperFunc(func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.Host)
				return &http.Response{
					StatusCode: status, Header: http.Header{"Location": {"https://evil.example.com/"}},
					Body: http.NoBody, Request: r,
				}, nil
			})}))
		require.ErrorIs(t, verifyAccess(t, v, forged(claim("scope", "openid"))), want, status)
		for _, host := range asked {
			assert.Equal(t, "example.auth.eu-west-1.amazoncognito.com", host, status)
		}
	}
}

// After a pause one request tries whether the service is back. The others do not hang with it, nor
// add to the load.
func TestOneRequestTriesWhetherTheServiceIsBack(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	tokens := []string{signedIn(t, srv).Tokens().AccessToken, signedIn(t, srv).Tokens().AccessToken, signedIn(t, srv).Tokens().AccessToken}
	v := revocationVerifier(t, srv)
	srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultThrottle, Times: 1})
	require.ErrorIs(t, verifyAccess(t, v, tokens[0]), cognito.ErrRevocationUnknown)
	srv.Advance(time.Second)
	release := make(chan struct{})
	srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultDelay, Release: release, Times: 1})
	tried := make(chan error)
	go func() { tried <- verifyAccess(t, v, tokens[0]) }()
	require.Eventually(t, func() bool { return questions(srv) == 2 }, 10*time.Second, time.Millisecond)
	for range 3 {
		for _, raw := range tokens[1:] {
			require.ErrorIs(t, verifyAccess(t, v, raw), cognito.ErrRevocationUnknown)
		}
	}
	assert.Equal(t, 2, questions(srv))
	close(release)
	require.NoError(t, <-tried)
	for _, raw := range tokens {
		require.NoError(t, verifyAccess(t, v, raw), "it is back")
	}
	assert.Equal(t, 4, questions(srv))
}

// An answer that the service does not accept a token is no outage: the holder of one such token, of
// an app client that is gone for example, must not stop the check of the others.
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
				return awsAnswer(http.StatusBadRequest, answer), nil
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

// Work that never returns leaves nobody waiting: a transport may end its goroutine, as a test's
// does that fails.
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

// A caller whose context is over asks nothing, so nobody waits for what it would have learned.
func TestCallersThatHaveGoneDoNotEndTheRevocationCheck(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]cognito.RevocationOption{"closed": nil, "open": {cognito.FailOpen()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient, AccessTokenValidity: 24 * time.Hour}}})
			c := signedIn(t, srv)
			stolen := c.Tokens().AccessToken
			raw := signedIn(t, srv).Tokens().AccessToken
			v := revocationVerifier(t, srv, opts...)
			require.NoError(t, v.Preload(t.Context()))
			srv.Fault(cognitotest.Fault{Op: "GetUser", Kind: cognitotest.FaultThrottle, Times: 1})
			_ = verifyAccess(t, v, raw) // one throttled request
			require.NoError(t, c.RevokeToken(t.Context()))
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			before, failed, accepted := questions(srv), 0, 0
			for range 720 {
				srv.Advance(5 * time.Second)
				_, _ = v.VerifyAccessToken(gone, raw) // HTTP/2: HEADERS and RST_STREAM
				if verifyAccess(t, v, raw) != nil {
					failed++
				}
				if verifyAccess(t, v, stolen) == nil {
					accepted++
				}
			}
			assert.Zero(t, failed, "good tokens rejected")
			assert.Zero(t, accepted, "revoked tokens accepted")
			assert.NotEqual(t, before, questions(srv), "the service was never asked again")
		})
	}
}
