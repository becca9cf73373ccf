package cognito

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/flight"
)

const (
	revocationTimeout  = 5 * time.Second // of one check and its retry; a caller's context may end its wait earlier
	maxRevocationPause = 30 * time.Second
	maxRevocations     = 50_000 // answers in each of the two generations
	adminScope         = "aws.cognito.signin.user.admin"
)

// ErrRevocationUnknown means that the service could not be asked whether the token was revoked
// ([WithRevocationCheck]). The token was rejected although it verifies.
var ErrRevocationUnknown = errors.New("the service cannot be asked whether the token was revoked")

// RevocationOption configures [WithRevocationCheck].
type RevocationOption interface {
	applyRevocation(*revocations)
}

type revocationOption func(*revocations)

func (o revocationOption) applyRevocation(target *revocations) { o(target) }

// FailOpen accepts tokens that verify while the service cannot be asked about them. By default they
// are rejected with [ErrRevocationUnknown], which [Verifier.Handler] answers with status 503.
func FailOpen() RevocationOption { return revocationOption(func(r *revocations) { r.open = true }) }

// UserInfoURL sets the userInfo endpoint of the pool's managed login, such as
// "https://example.auth.eu-west-1.amazoncognito.com/oauth2/userInfo". It is called for tokens that
// have the scope openid but not aws.cognito.signin.user.admin. By default the service cannot be
// asked about such tokens.
func UserInfoURL(url string) RevocationOption {
	return revocationOption(func(r *revocations) {
		if err := checkURL("UserInfoURL", url); err != nil {
			r.errs = append(r.errs, err)
		}
		r.userInfo = url
	})
}

// WithRevocationCheck asks the service about the sign-in of each access token that verifies. Tokens
// that the service no longer accepts are rejected with [ErrTokenRevoked]: those of users who were
// signed out with [Cognito.Logout], [Cognito.RevokeToken] or [Cognito.AdminSignOut], and of users
// who are disabled or deleted. The answer applies to all tokens of the sign-in (the origin_jti
// claim) and is remembered for ttl, which is 1 second to 1 hour. A revoked token is therefore
// accepted for at most ttl. Concurrent callers share one request.
//
// It calls GetUser, which needs no AWS credentials but the scope aws.cognito.signin.user.admin, and
// counts against the quota of that operation. See [UserInfoURL] for tokens without that scope.
// While the service throttles or cannot be reached, requests to it pause for 1 to 30 seconds.
// Tokens without a remembered answer are then rejected; see [FailOpen].
//
// A token that is known to be revoked stays rejected, also with FailOpen.
//
// The tokens of machine clients (the client credentials grant) belong to no user and are not
// checked. ID tokens are not checked either, because the service does not accept them. They are
// rejected only if their sign-in is known to be revoked.
func WithRevocationCheck(ttl time.Duration, opts ...RevocationOption) VerifierOption {
	return verifierOption(func(o *verifierOptions) {
		r := &revocations{ttl: ttl}
		if ttl < time.Second || ttl > time.Hour {
			o.refuse("WithRevocationCheck", fmt.Sprintf("want 1 second to 1 hour, got %v", ttl))
		}
		for _, opt := range opts {
			if opt != nil {
				opt.applyRevocation(r)
			}
		}
		o.errs = append(o.errs, r.errs...)
		o.revocation = r.use
	})
}

// revocations asks the service whether sign-ins were revoked, and remembers the answers. The
// answers are kept in two generations, so that old ones are forgotten without a scan.
type revocations struct {
	ttl      time.Duration
	open     bool
	userInfo string // "" if there is none
	errs     []error

	sdk    *cognitoidentityprovider.Client
	client *http.Client
	now    func() time.Time
	flight flight.Group[string, verdict]

	mu         sync.Mutex // protects the fields below
	young, old map[string]verdict
	rotated    time.Time // when young was started
	failures   int       // since the last answer
	nextAsk    time.Time // no request before
	lastErr    error     // of the last request
}

// verdict is the service's answer about a sign-in.
type verdict struct {
	revoked error // nil: the sign-in was not revoked
	at      time.Time
}

// revocationCheck returns an error if a verified token was revoked, or if it must be rejected
// because that is not known.
type revocationCheck func(ctx context.Context, raw string, t *verifiedToken) error

// use makes the check of one verifier. It does not change r, since an option may be given to
// several verifiers.
func (r *revocations) use(o *verifierOptions, poolID string, client *http.Client) (revocationCheck, error) {
	sdk := o.sdk
	if sdk == nil {
		region, _ := splitPoolID(poolID)
		var err error
		if sdk, err = newServiceClient(&o.clientOptions, region, &serviceClock{local: o.now}); err != nil {
			return nil, err
		}
	}
	if r.userInfo != "" {
		warnOfPlainHTTP(o.logger, "the userInfo endpoint, which gets access tokens", r.userInfo)
	}
	made := &revocations{ttl: r.ttl, open: r.open, userInfo: r.userInfo, sdk: sdk, client: &http.Client{}, now: o.now}
	if client != nil {
		*made.client = *client
	}
	made.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return made.check, nil
}

// check returns an error if the sign-in of a verified token was revoked, or if the token must be
// rejected because that is not known.
func (r *revocations) check(ctx context.Context, raw string, t *verifiedToken) error {
	c := &t.claims
	if c.use == AccessToken && c.username == "" && c.subject == c.clientID { // a token of a machine client
		return nil
	}
	signIn := c.subject + "\x00" + c.originID
	if c.originID == "" { // the app client has revocation off, so each token is checked by itself
		sum := hashToken(raw)
		signIn = c.subject + "\x01" + string(sum[:])
	}
	last, fresh := r.remembered(signIn)
	if fresh || c.use == IDToken {
		return last.revoked
	}
	answer, err := r.ask(ctx, signIn, raw, c)
	switch {
	case err == nil:
		return answer.revoked
	case last.revoked != nil: // no outage makes a revoked token valid again
		return last.revoked
	case r.open && ctx.Err() == nil:
		return nil
	default:
		return fmt.Errorf("%w: %w", ErrRevocationUnknown, err)
	}
}

// remembered returns the last answer about a sign-in, or the zero verdict if there is none. fresh
// reports whether the answer is younger than ttl. Older answers are not kept for long.
func (r *revocations) remembered(signIn string) (last verdict, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.young[signIn]
	if !ok {
		last, ok = r.old[signIn]
	}
	return last, ok && r.now().Sub(last.at) < r.ttl
}

// ask asks the service and waits at most until ctx is done. Concurrent callers share a request
// about the same sign-in.
func (r *revocations) ask(ctx context.Context, signIn, raw string, c *tokenClaims) (verdict, error) {
	if !r.checkable(c) {
		return verdict{}, errNotCheckable
	}
	sum := hashToken(raw) // other tokens of the sign-in may not have expired
	answer, _, err := r.flight.Do(ctx, signIn+string(sum[:]), func(ctx context.Context) (verdict, error) {
		if last, fresh := r.remembered(signIn); fresh { // an earlier request has just been answered
			return last, nil
		}
		if err := r.paused(); err != nil { // not earlier: only a request ends the pause that paused begins
			return verdict{}, err
		}
		// The request continues if nobody waits for it any longer: others may need its answer.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revocationTimeout)
		defer cancel()
		revoked, err := r.query(ctx, raw, c)
		if r.shouldRetry(err) && ctx.Err() == nil {
			revoked, err = r.query(ctx, raw, c)
		}
		return r.finish(signIn, revoked, err)
	})
	return answer, err
}

// paused returns the last error while requests pause. After a pause one request is sent, and the
// others wait for what it shows: a service that throttles or hangs is not asked by all at once.
func (r *revocations) paused() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Before(r.nextAsk) {
		return r.lastErr
	}
	if r.failures > 0 {
		r.nextAsk = now.Add(revocationTimeout) // finish ends this pause
	}
	return nil
}

// shouldRetry reports whether to retry at once: only after the first failure since the last answer,
// and not if the service throttles.
func (r *revocations) shouldRetry(err error) bool {
	if err == nil || errors.Is(err, ErrAccessTokenExpired) || errors.Is(err, ErrThrottled) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures == 0
}

// checkable reports whether the service can be asked about the token.
func (r *revocations) checkable(c *tokenClaims) bool {
	scopes := AccessClaims{Scope: c.scope}
	return scopes.HasScope(adminScope) || r.userInfo != "" && scopes.HasScope("openid")
}

// errNotCheckable means that the service cannot be asked about the token. It does not pause the
// requests about other tokens.
var errNotCheckable = errors.New("want a token with the scope " + adminScope + ", or with openid and a UserInfoURL")

// finish records an answer. After failures, requests pause for 1 s, 2 s, 4 s and so on.
func (r *revocations) finish(signIn string, revoked, err error) (verdict, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	switch {
	case errors.Is(err, ErrAccessTokenExpired): // the service has no leeway
		r.failures, r.lastErr, r.nextAsk = 0, nil, now
		return verdict{revoked: fmt.Errorf("%w: %w", jwt.ErrTokenExpired, err)}, nil
	case err != nil:
		r.lastErr = err
		r.nextAsk = now.Add(min(time.Second<<min(r.failures, 10), maxRevocationPause))
		r.failures++
		return verdict{}, err
	}
	r.failures, r.lastErr, r.nextAsk = 0, nil, now
	if r.young == nil || now.Sub(r.rotated) >= r.ttl || len(r.young) >= maxRevocations {
		r.old, r.young, r.rotated = r.young, map[string]verdict{}, now
	}
	answer := verdict{revoked, now}
	r.young[signIn] = answer
	return answer, nil
}

// query asks the service about a token. It returns the reason in revoked if the service no longer
// accepts the token.
func (r *revocations) query(ctx context.Context, raw string, c *tokenClaims) (revoked, err error) {
	defer func() { // a panic of the caller's HTTP client counts as a service that cannot be reached
		if p := recover(); p != nil {
			revoked, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	scopes := AccessClaims{Scope: c.scope}
	if !scopes.HasScope(adminScope) {
		return r.queryUserInfo(ctx, raw)
	}
	_, err = r.sdk.GetUser(ctx, &cognitoidentityprovider.GetUserInput{AccessToken: aws.String(raw)},
		func(o *cognitoidentityprovider.Options) { o.RetryMaxAttempts = 1 }) // ask and finish retry and pause
	err = wrapError("GetUser", err)
	if isRejected(err) {
		return fmt.Errorf("%w: %w", ErrTokenRevoked, err), nil
	}
	return nil, err
}

// isRejected reports whether err says that the service does not accept the token, rather than that
// it could not answer. An app client may be gone, for example. Counting that as an outage would
// let the holder of one such token stop the check of all others.
func isRejected(err error) bool {
	var notAuthorized *types.NotAuthorizedException
	var gone *types.ResourceNotFoundException
	switch {
	case errors.Is(err, ErrAccessTokenExpired), errors.Is(err, ErrForbidden):
		return false
	default:
		return IsTerminal(err) || errors.As(err, &notAuthorized) || errors.As(err, &gone)
	}
}

// queryUserInfo is query for the userInfo endpoint.
func (r *revocations) queryUserInfo(ctx context.Context, raw string) (revoked, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.userInfo, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+raw)
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection is reused
	switch resp.StatusCode {
	case http.StatusOK:
		return nil, nil
	case http.StatusUnauthorized:
		return fmt.Errorf("%w: userInfo: status 401", ErrTokenRevoked), nil
	default:
		return nil, fmt.Errorf("userInfo: want status 200 or 401, got %d", resp.StatusCode)
	}
}
