package cognito

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"github.com/gocognito/cognito/internal/backoff"
	"github.com/gocognito/cognito/internal/flight"
)

const (
	expiryWindow     = time.Minute            // tokens that expire sooner are refreshed
	maxJitter        = time.Minute            // refreshes are spread over this time, so that fleets do not cause peaks
	earlyWait        = 5 * time.Second        // longest wait for a refresh while the tokens are still valid
	metadataTimeout  = 10 * time.Second       // bounds the function of WithRefreshMetadata
	longestPause     = 10 * time.Second       // longest pause that a call waits out instead of returning the last error
	exchangeAttempts = 3                      // attempts to exchange a refresh token when replies are lost
	spentLooks       = 10                     // reads of the store after another process spent the refresh token
	spentPause       = 100 * time.Millisecond // pause between two such reads
	exchangeMemory   = 30 * time.Second       // how long this process remembers what a refresh token was exchanged for
)

// Tokens are the tokens of a sign-in. Whoever has them can act as the user, so store them as
// secrets. They print without their tokens. Their fields and their JSON include them.
type Tokens struct {
	// IDToken identifies the user. AccessToken authorizes calls.
	IDToken     string `json:"id_token,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	// RefreshToken obtains new tokens. It is opaque.
	RefreshToken string `json:"refresh_token,omitempty"`
	// TokenType is "Bearer".
	TokenType string `json:"token_type,omitempty"`
	// ExpiresAt is when the access token expires.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	// Username is the name that the user signed in with, which may be an alias. A session with a
	// name accepts only that user's tokens. Username is not signed: anyone who can write the store
	// can change it. It is empty in tokens that this package did not obtain.
	Username string `json:"username,omitempty"`
}

// Format prints which tokens there are and when they expire, for every verb.
func (t Tokens) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Tokens{ID %t, access %t, refresh %t, expires %s}",
		t.IDToken != "", t.AccessToken != "", t.RefreshToken != "", stamp(t.ExpiresAt))
}

// LogValue logs which tokens there are and when they expire.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// equal reports whether t and other are the same. A store may return the time in another location.
func (t Tokens) equal(other Tokens) bool {
	same := t.ExpiresAt.Equal(other.ExpiresAt)
	t.ExpiresAt, other.ExpiresAt = time.Time{}, time.Time{}
	return same && t == other
}

// same reports whether the tokens of t and other are the same. A store may not keep the rest as it
// is.
func (t Tokens) same(other Tokens) bool {
	return t.AccessToken == other.AccessToken && t.RefreshToken == other.RefreshToken && t.IDToken == other.IDToken
}

// tokenSet is a set of tokens, parsed once. It does not change.
type tokenSet struct {
	Tokens

	access *AccessClaims // verified claims; nil: not verified, or no access token
	id     *IDClaims     // likewise for the ID token

	// The fields below are read without verification. They tell when to refresh and whose tokens
	// these seem to be. They may be a reason to reject tokens, never a reason to trust them.
	subject, username string
	deviceKey         string
	acr               string          // the level of authentication
	addresses         map[string]bool // e-mail address and phone number of the ID token, and whether they are verified
	signedInAt        time.Time       // zero: unknown
	issuedAt          time.Time
	expires           time.Time // when the first of the tokens expires; zero: unknown
	accessExpires     time.Time // when the access token expires; zero: unknown
	refreshAt         time.Time
	hasExpiry         [2]bool // whether the expiry of the access and of the ID token can be read
}

// readTokens parses t without verifying it. It skips what it cannot parse.
func readTokens(t Tokens) *tokenSet {
	ts := &tokenSet{Tokens: t}
	jitter := rand.Float64() //nolint:gosec // it spreads load; nothing depends on its secrecy
	for i, raw := range []string{t.AccessToken, t.IDToken} {
		parsed, err := parseToken(raw)
		if err != nil {
			continue
		}
		claims := &parsed.claims
		ts.hasExpiry[i] = claims.expires.set
		if i == 0 {
			ts.subject, ts.username, ts.deviceKey = claims.subject, claims.username, claims.deviceKey
			ts.acr = claims.acr
			ts.signedInAt, ts.issuedAt = claims.authTime.Time, claims.issued.Time
			if claims.expires.set {
				ts.accessExpires = claims.expires.Time
			}
		} else {
			ts.addresses = addressesOf(parsed)
			if ts.subject == "" {
				ts.subject, ts.username = claims.subject, claims.idUsername
				ts.signedInAt, ts.issuedAt = claims.authTime.Time, claims.issued.Time
			}
		}
		if claims.expires.set {
			lifetime := time.Hour
			if claims.issued.set {
				lifetime = max(claims.expires.Sub(claims.issued.Time), 0)
			}
			ts.expireAt(claims.expires.Time, lifetime, jitter)
		}
	}
	if ts.expires.IsZero() && !t.ExpiresAt.IsZero() {
		ts.expireAt(t.ExpiresAt, time.Hour, jitter)
	}
	return ts
}

// expireAt records the expiry of one of the tokens. The token is refreshed a minute before, or a
// fifth of its lifetime if that is less. jitter, 0 to 1, moves the refresh further forward by its
// share of a minute, or of a tenth of the lifetime if that is less.
func (ts *tokenSet) expireAt(at time.Time, lifetime time.Duration, jitter float64) {
	early := min(expiryWindow, lifetime/5) + time.Duration(jitter*float64(min(maxJitter, lifetime/10)))
	if ts.expires.IsZero() || at.Before(ts.expires) {
		ts.expires = at
	}
	if refreshAt := at.Add(-early); ts.refreshAt.IsZero() || refreshAt.Before(ts.refreshAt) {
		ts.refreshAt = refreshAt
	}
}

// addressesOf returns the addresses in an ID token, which may be aliases, and whether the pool has
// verified them.
func addressesOf(id *parsedToken) map[string]bool {
	var claims struct {
		Email         string `json:"email"`
		EmailVerified any    `json:"email_verified"`
		Phone         string `json:"phone_number"`
		PhoneVerified any    `json:"phone_number_verified"`
	}
	_ = json.Unmarshal([]byte(id.payload), &claims) // unreadable claims count as absent
	addresses := map[string]bool{}
	for address, verified := range map[string]any{
		claims.Email: claims.EmailVerified, claims.Phone: claims.PhoneVerified,
	} {
		if address != "" {
			addresses[address] = verified == true || verified == "true"
		}
	}
	return addresses
}

// isOf reports whether the tokens may belong to the user name: the user signed in with that name,
// or it is the username, the subject or a verified address in the tokens. Tokens that name no user
// may belong to anyone.
func (ts *tokenSet) isOf(name string) bool {
	if ts.Username == "" && ts.username == "" && ts.subject == "" {
		return true
	}
	return name == ts.Username || name == ts.username || name == ts.subject || ts.addresses[name]
}

// unverified returns a copy of the tokens that counts as unverified, so that they are verified
// again: their key may have been removed, or they may have expired.
func (ts *tokenSet) unverified() *tokenSet {
	next := *ts
	next.access, next.id = nil, nil
	return &next
}

// verified reports whether the tokens were verified.
func (ts *tokenSet) verified() bool { return ts != nil && (ts.access != nil || ts.id != nil) }

// fresh reports whether the tokens can be handed out without a refresh, once they are verified.
func (ts *tokenSet) fresh(now time.Time) bool {
	return ts != nil && ts.AccessToken != "" && now.Before(ts.refreshAt)
}

// newer reports whether ts comes from a later sign-in than other, or from a later refresh of the
// same sign-in.
func (ts *tokenSet) newer(other *tokenSet) bool {
	if ts.signedInAt.IsZero() || other.signedInAt.IsZero() || ts.signedInAt.Equal(other.signedInAt) {
		return ts.issuedAt.After(other.issuedAt)
	}
	return ts.signedInAt.After(other.signedInAt)
}

// same reports whether ts and other are the same set of tokens.
func (ts *tokenSet) same(other *tokenSet) bool {
	if ts == nil || other == nil {
		return ts == other
	}
	return ts.AccessToken == other.AccessToken && ts.RefreshToken == other.RefreshToken
}

// verify verifies the access and the ID token, and that both belong to the same user. Either may be
// missing.
func (c *Cognito) verify(ctx context.Context, ts *tokenSet) (*tokenSet, error) {
	if ts.verified() {
		return ts, nil
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	access, id, err := c.verifyPair(ctx, ts.Tokens)
	if err != nil {
		return nil, err
	}
	next := *ts
	next.access, next.id = access, id
	if access != nil {
		next.ExpiresAt = access.ExpiresAt.Time
	}
	return &next, nil
}

// verifyNew verifies tokens that the service has just issued. The pause between fetches of the key
// set, which protects against made-up key IDs, does not apply to them.
func (c *Cognito) verifyNew(ctx context.Context, ts *tokenSet) (*tokenSet, error) {
	verified, err := c.verify(ctx, ts)
	if errors.Is(err, ErrUnknownKey) && c.shared().verifier.keys.Resume() {
		verified, err = c.verify(ctx, ts)
	}
	return verified, err
}

// keyMissing reports whether verification failed only for lack of the signing key.
func keyMissing(err error) bool {
	return errors.Is(err, ErrKeysUnavailable) || errors.Is(err, ErrUnknownKey)
}

// Tokens returns the session's tokens, or the zero Tokens if no user is signed in. It does no I/O:
// it does not return tokens that are still in the [TokenStore].
func (c *Cognito) Tokens() Tokens {
	if ts := c.session.current().tokens; ts != nil {
		return ts.Tokens
	}
	return Tokens{}
}

// Token returns verified tokens that are valid for at least a minute: the session's, those of its
// [TokenStore], or new ones if the access or the ID token is about to expire. Concurrent callers
// share one refresh. Canceling ctx stops the caller's wait but not the refresh.
//
// If a refresh fails for a temporary reason, such as a network error, Token returns tokens that
// have not expired yet. After a failed refresh the next one has to wait: for a second at first and
// for 5 minutes at most, longer after a rejection. Token waits up to 10 seconds for that, and
// otherwise returns the last error.
//
// If the service rejects the refresh token for good (see [IsTerminal]), the session and its store
// lose their tokens, unless newer ones have arrived in the meantime. After another error the
// session is unchanged. Common errors: [ErrNotSignedIn] without tokens, [ErrStoreUser] if the store
// holds another user's tokens.
//
// It calls GetTokensFromRefreshToken as [Cognito.RenewAccessToken] does.
func (c *Cognito) Token(ctx context.Context) (Tokens, error) {
	ts, err := c.token(ctx)
	if err != nil {
		return Tokens{}, wrapError("Token", err)
	}
	return ts.Tokens, nil
}

func (c *Cognito) token(ctx context.Context) (*tokenSet, error) {
	if c.pool == nil || c.session == nil {
		return nil, errNotMade
	}
	if ts := c.session.current().tokens; ts.verified() && ts.fresh(c.shared().now()) {
		return ts, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ts, err := c.usable(ctx)
	now := c.shared().now() // reading the store may have taken a while
	switch {
	case err != nil:
		return nil, err
	case ts == nil:
		return nil, ErrNotSignedIn
	case ts.verified() && ts.fresh(now):
		return ts, nil
	}
	request := refreshRequest{old: ts, background: true}
	if _, paused := c.shared().refreshPauses.Recent(request.pauseKey(), now); paused != nil &&
		ts.verified() && now.Before(ts.expires) {
		return ts, nil // a refresh has just failed, and these tokens are still valid
	}
	waiting := ctx
	if ts.verified() && now.Before(ts.expires) { // still valid: do not wait for long
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, earlyWait)
		defer cancel()
	}
	fresh, err := c.refresh(waiting, request)
	if err == nil {
		return fresh, nil
	}
	if ts = c.session.current().tokens; ts.verified() && c.shared().now().Before(ts.expires) {
		c.shared().log.DebugContext(ctx, "cognito: tokens not refreshed yet",
			slog.Any("error", wrapError("Token", err)))
		return ts, nil
	}
	return nil, err
}

// usable returns the session's tokens, or nil if there are none. If they are still fresh, it
// verifies tokens that came from WithTokens.
func (c *Cognito) usable(ctx context.Context) (*tokenSet, error) {
	seen := c.session.current()
	ts, err := c.held(ctx)
	if err != nil || ts == nil || ts == c.session.current().waiting || ts.verified() || !ts.fresh(c.shared().now()) {
		return ts, err
	}
	verified, err := c.verify(ctx, ts)
	switch {
	case errors.Is(err, ErrKeysUnavailable):
		return nil, err
	case err != nil && ts.RefreshToken == "":
		return nil, fmt.Errorf("%w: %w", ErrNotSignedIn, err)
	case err != nil:
		return ts, nil //nolint:nilerr // the refresh token may be valid, and its new tokens are verified
	}
	if !c.session.adopt(seen, verified, func(*state) {}) {
		return c.session.current().newest(), nil // a sign-in or sign-out came in between
	}
	return verified, nil
}

// RenewAccessToken refreshes the session's ID and access tokens now and verifies the new ones. A
// refresh token that comes with them replaces the old one. If the [TokenStore] holds newer tokens,
// from another process, the session takes those instead.
//
// It takes the options [ClientMetadata], for the pool's Lambda functions, and [Flow]:
// REFRESH_TOKEN_AUTH calls InitiateAuth instead of GetTokensFromRefreshToken. Without
// ClientMetadata, the session's [WithRefreshMetadata] provides them, or else those of the sign-in
// are sent. Concurrent calls without options share one refresh, which continues if ctx is canceled.
//
// After an error the session is unchanged, but see [Cognito.VerifyTokens] for [ErrKeysUnavailable]
// and [ErrUnknownKey]. [IsTerminal] reports whether only a new sign-in helps. Common errors:
// [ErrNotSignedIn] without a refresh token.
//
// It calls GetTokensFromRefreshToken, or InitiateAuth with REFRESH_TOKEN_AUTH if the server does
// not know that operation, as some local ones.
func (c *Cognito) RenewAccessToken(ctx context.Context, opts ...CallOption) (err error) {
	defer named("RenewAccessToken", &err)
	call, err := newCallOptions(opts, optClientMetadata, optFlow)
	if err != nil {
		return err
	}
	if call.flow != "" && call.flow != FlowRefreshTokenAuth {
		return fieldError("option Flow", "want REFRESH_TOKEN_AUTH, got "+quote(string(call.flow)))
	}
	old, err := c.held(ctx)
	if err != nil {
		return err
	}
	_, err = c.refresh(ctx, refreshRequest{old: old, metadata: call.metadata, flow: call.flow})
	return err
}

// RefreshMetadata returns the ClientMetadata for the next refresh, or nil. It must return within 10
// seconds. It must not call a method that refreshes the same session: that call would wait for
// itself. It may be called from several goroutines. See [WithRefreshMetadata].
type RefreshMetadata func(ctx context.Context) map[string]string

// refreshRequest describes a refresh.
type refreshRequest struct {
	old        *tokenSet // the caller's tokens: newer ones will do, unless it has wishes
	background bool      // not requested by a caller: drops rejected tokens, and pauses after failures
	metadata   map[string]string
	flow       AuthFlow
}

// refreshKey distinguishes refreshes that cannot be shared.
type refreshKey struct {
	background bool
	flow       AuthFlow
	metadata   string
}

func (r refreshRequest) key() refreshKey {
	key := refreshKey{background: r.background, flow: r.flow}
	if r.metadata != nil {
		text, _ := json.Marshal(r.metadata) // map keys are sorted
		key.metadata = string(text)
	}
	return key
}

// hasWishes reports whether the caller set options, so that the result of another refresh will not
// do.
func (r refreshRequest) hasWishes() bool { return r.flow != "" || r.metadata != nil }

// refresh returns tokens newer than the caller's: the session's, or those of a refresh, for which
// it waits at most until ctx is done.
func (c *Cognito) refresh(ctx context.Context, request refreshRequest) (*tokenSet, error) {
	s := c.session
	for again := false; ; {
		ts, joined, err := s.refreshes.Do(ctx, request.key(), func(ctx context.Context) (*tokenSet, error) {
			return c.refreshInTurn(ctx, request)
		})
		switch {
		case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return nil, fmt.Errorf("waiting for the refresh of the tokens: %w", ctx.Err())
		case joined && err == nil && ts.same(request.old):
			continue // the shared refresh was started with older tokens
		case joined && !again && errors.Is(err, context.DeadlineExceeded):
			again = true // the refresh timed out, but this caller joined late and has time left
			continue
		}
		return ts, err
	}
}

// refreshInTurn runs a refresh as a change of the session. ctx cancels its wait, but not its work.
func (c *Cognito) refreshInTurn(ctx context.Context, request refreshRequest) (result *tokenSet, err error) {
	pauses, pause := &c.shared().refreshPauses, request.pauseKey()
	if request.background {
		if err := waitOut(ctx, pauses, pause, c.shared().now); err != nil {
			return nil, err
		}
	}
	err = c.session.change(ctx, func(ctx context.Context) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if request.background { // another client may have failed while this one waited for its turn
			if _, err := pauses.Recent(pause, c.shared().now()); err != nil {
				return err
			}
		}
		result, err = c.refreshNow(context.WithoutCancel(ctx), request)
		switch {
		case err == nil || IsTerminal(&Error{Err: err}) || errors.Is(err, ErrNotSignedIn):
			pauses.Clear(pause)
		case request.background && errors.Is(err, errSpent):
			pauses.Failed(pause, err, pauseAfter(err), c.shared().now())
		}
		return err
	})
	return result, err
}

// pauseKey returns the key of the request's tokens in the table of pauses. It reveals nothing about
// the tokens.
func (r refreshRequest) pauseKey() string {
	if r.old == nil {
		return ""
	}
	return fingerprint(r.old.Tokens)
}

// pauseAfter returns the pause after err before another attempt: short and growing for temporary
// errors, longer for rejections by the service.
func pauseAfter(err error) backoff.Policy {
	if isRejection(err) {
		return rejected
	}
	policy := backoff.Policy{First: time.Second, Max: 5 * time.Minute, Jitter: 0.2}
	if errors.Is(&Error{Err: err}, ErrThrottled) {
		policy.First = 3 * time.Second
	}
	return policy
}

// waitOut waits until key may be tried again. If that takes longer than longestPause or ctx, it
// returns the last error of key.
func waitOut(ctx context.Context, pauses *backoff.Table[string], key string, now func() time.Time) error {
	for {
		left, err := pauses.Recent(key, now())
		if err == nil || left > longestPause {
			return err
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// refreshNow refreshes the session's tokens unless they are newer than the request's already. It
// runs within a change.
func (c *Cognito) refreshNow(ctx context.Context, request refreshRequest) (*tokenSet, error) {
	s := c.session
	newest, err := c.sync(ctx)
	if err != nil {
		return nil, err
	}
	if newest == nil {
		return nil, ErrNotSignedIn
	}
	if newest == s.current().waiting {
		verified, err := c.verifyWaiting(ctx, newest)
		switch now := c.shared().now(); {
		case err != nil:
			return nil, err
		case verified != nil && verified.fresh(now) && request.background:
			return verified, nil
		case verified != nil:
			newest = verified
		default:
			newest = s.current().newest()
		}
		if newest == nil {
			return nil, ErrNotSignedIn
		}
	}
	if newest.verified() && newest.fresh(c.shared().now()) && !newest.same(request.old) && !request.hasWishes() {
		return newest, nil // refreshed elsewhere meanwhile
	}
	fresh, err := c.exchange(ctx, newest, request)
	if !IsTerminal(&Error{Err: err}) {
		return fresh, err
	}
	other, lookErr := c.successor(ctx, newest, err)
	if lookErr != nil {
		return nil, &spentError{lookErr}
	}
	if other != nil {
		if other.verified() && other.fresh(c.shared().now()) {
			return other, nil
		}
		newest = other
		if fresh, err = c.exchange(ctx, newest, request); !IsTerminal(&Error{Err: err}) {
			return fresh, err
		}
	}
	if st := s.current(); newest == st.waiting && st.tokens != nil && st.tokens.RefreshToken != newest.RefreshToken {
		// The waiting sign-in has ended; the sign-in of the verified tokens may still be valid.
		s.update(func(st *state) { st.waiting = nil })
		return c.refreshNow(ctx, request)
	}
	if request.background {
		err = errors.Join(err, s.endIfSpent(ctx, newest))
	}
	return nil, err
}

// verifyWaiting tries again to verify tokens that wait for their key. It returns them once they are
// the session's. It returns nil without an error if the refresh should go on with the tokens there
// are: invalid tokens have been dropped, and tokens that have expired, or whose key the pool still
// does not have, can be exchanged with their refresh token.
func (c *Cognito) verifyWaiting(ctx context.Context, ts *tokenSet) (*tokenSet, error) {
	s := c.session
	verified, err := c.verifyNew(ctx, ts)
	switch {
	case err == nil:
		s.commit(ctx, verified)
		c.trackDevice(ctx, "Token", verified)
		return verified, nil
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, nil //nolint:nilnil // see above
	case errors.Is(err, ErrUnknownKey):
		if c.shared().now().Sub(s.current().waitingSince).Abs() < unknownKeyPause {
			return nil, err // the key may be published soon
		}
		return nil, nil //nolint:nilnil // see above
	case errors.Is(err, ErrKeysUnavailable) && ts.fresh(c.shared().now()):
		return nil, err
	case errors.Is(err, ErrKeysUnavailable):
		return nil, nil //nolint:nilnil // see above
	default:
		c.shared().log.WarnContext(ctx, "cognito: tokens that waited for their key were rejected",
			slog.Any("error", err))
		s.dropWaiting(ctx, ts)
		return nil, nil //nolint:nilnil // see above
	}
}

// successor looks in the store for the tokens of another process that spent the refresh token of
// ts. If the service says that the token was used before, successor looks several times, because
// the other process may not have saved yet. It returns nil if there are no such tokens, and an
// error if it cannot know now.
func (c *Cognito) successor(ctx context.Context, ts *tokenSet, refusal error) (*tokenSet, error) {
	s := c.session
	if s.store == nil {
		return nil, nil //nolint:nilnil // see above
	}
	looks, spent := 1, false
	if err := (&Error{Err: refusal}); errors.Is(err, ErrRefreshTokenReused) || errors.Is(err, ErrInvalidRefreshToken) {
		looks, spent = spentLooks, true
	}
	for look := range looks {
		if look > 0 {
			time.Sleep(spentPause)
		}
		loaded, _, err := s.load(ctx)
		switch {
		case err != nil && spent:
			return nil, fmt.Errorf("another process has spent the refresh token: %w", err)
		case err != nil || loaded == Tokens{}:
			return nil, nil //nolint:nilnil,nilerr // see above
		case loaded.RefreshToken == ts.RefreshToken:
			continue
		}
		st := s.current()
		other, err := c.take(ctx, st, loaded)
		switch {
		case err == nil && !other.same(ts):
			return other, nil
		case st.checkOwner(readTokens(loaded)) != nil:
			return nil, nil //nolint:nilnil // see above
		}
		if _, err := c.verify(ctx, readTokens(loaded)); errors.Is(err, ErrKeysUnavailable) {
			return nil, fmt.Errorf("another process has refreshed the tokens: %w", err)
		}
		return nil, nil //nolint:nilnil // see above
	}
	return nil, nil //nolint:nilnil // see above
}

// exchange exchanges a refresh token for new tokens and makes them the session's. It runs within a
// change. Once a request was made, errors match errSpent, unless the new tokens wait for their key.
func (c *Cognito) exchange(ctx context.Context, base *tokenSet, request refreshRequest) (*tokenSet, error) {
	if base.RefreshToken == "" {
		return nil, ErrNotSignedIn
	}
	if base.verified() && c.session.mustConfirm(ctx, base) {
		c.trackDevice(ctx, "Token", base) // the service refreshes only after the device is confirmed
	}
	result, shared, err := c.spend(ctx, base, request)
	if err != nil {
		return nil, &spentError{err}
	}
	ts, err := c.exchanged(ctx, base, result)
	switch {
	case err == nil && shared && request.hasWishes(): // the shared result was made without this caller's options
		return c.exchange(ctx, ts, request)
	case err == nil || keyMissing(err):
		return ts, err
	default:
		return nil, &spentError{err}
	}
}

// errSpent matches the errors of an exchange that reached the service, or may have reached it.
var errSpent = errors.New("the exchange failed")

// spentError makes err match errSpent, too.
type spentError struct{ err error }

// Error returns the text of the wrapped error.
func (e *spentError) Error() string { return e.err.Error() }

// Unwrap returns the wrapped error.
func (e *spentError) Unwrap() error { return e.err }

// Is reports whether target is errSpent.
func (e *spentError) Is(target error) bool { return target == errSpent }

// exchanged makes result, the tokens that base's refresh token was exchanged for, the session's.
func (c *Cognito) exchanged(
	ctx context.Context, base *tokenSet, result *types.AuthenticationResultType,
) (*tokenSet, error) {
	s := c.session
	tokens, err := c.newTokens(result)
	if err != nil {
		if result != nil {
			s.rotate(ctx, base, aws.ToString(result.RefreshToken))
		}
		return nil, err
	}
	if tokens.RefreshToken == "" {
		tokens.RefreshToken = base.RefreshToken
	}
	tokens.Username = base.Username
	ts := readTokens(tokens)
	if base.subject != "" && ts.subject != "" && base.subject != ts.subject {
		return nil, &TokenError{
			Use: AccessToken, Reason: fmt.Errorf("%w: it is not that of the token before", jwt.ErrTokenInvalidSubject),
		}
	}
	st := s.current()
	if err := st.checkOwner(ts); err != nil {
		return nil, err
	}
	if ts.Username == "" {
		ts.Username = st.username
	}
	verified, err := c.verifyNew(ctx, ts)
	switch {
	case err == nil:
		s.commit(ctx, verified)
		return verified, nil
	case keyMissing(err):
		s.wait(ctx, base, ts)
	default:
		exchanges.forget(base)               // another attempt may return valid tokens
		s.rotate(ctx, base, ts.RefreshToken) // the new tokens are rejected, but the old refresh token is spent
	}
	return nil, err
}

// exchanges holds the exchanges of this process, whatever sessions and stores hold the refresh
// tokens.
var exchanges exchangeTable

// exchangeTable ensures that this process exchanges a refresh token once. Another caller with the
// same token joins the exchange, or gets its recent result.
type exchangeTable struct {
	flights flight.Group[string, *types.AuthenticationResultType]

	mu     sync.Mutex           // protects the fields below
	recent map[string]exchanged // dropped after exchangeMemory
	added  uint64               // how often
	// begun is how many exchanges there were, running are those under way, by number, and forgotten
	// is what was forgotten since the first of them began.
	begun     uint64
	running   map[uint64]bool
	forgotten []forgottenTokens
}

// forgottenTokens are tokens that were forgotten when the exchanges up to begun had begun.
type forgottenTokens struct {
	begun  uint64
	tokens *tokenSet
}

type exchanged struct {
	number  uint64
	result  *types.AuthenticationResultType
	subject string    // subject of the access token; "": unreadable
	at      time.Time // by the caller's clock
}

// do returns the result of exchange, or of an exchange of the same refresh token that is under way
// or has just ended; shared reports the latter two. have is the caller's present access token. If a
// joined exchange timed out, do tries once more.
func (t *exchangeTable) do(
	ctx context.Context, key, have string, now func() time.Time,
	exchange func(context.Context) (*types.AuthenticationResultType, error),
) (result *types.AuthenticationResultType, shared bool, err error) {
	remembered := false
	work := func(ctx context.Context) (*types.AuthenticationResultType, error) {
		if result := t.find(key, now()); result != nil && aws.ToString(result.AccessToken) != have {
			remembered = true
			return result, nil
		}
		number, done := t.begin()
		defer done()
		result, err := exchange(ctx)
		if err == nil && result != nil && aws.ToString(result.AccessToken) != "" {
			t.add(number, key, result, now())
		}
		return result, err
	}
	result, joined, err := t.flights.Do(ctx, key, work)
	if joined && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		result, joined, err = t.flights.Do(ctx, key, work)
	}
	return result, err == nil && (joined || remembered), err
}

func (t *exchangeTable) find(key string, now time.Time) *types.AuthenticationResultType {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.recent[key]; ok && now.Sub(e.at) < exchangeMemory {
		return e.result
	}
	return nil
}

// begin notes that an exchange is under way until done is called, or for exchangeMemory: a hanging
// one, whose caller has given up by then, is not remembered.
func (t *exchangeTable) begin() (number uint64, done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == nil {
		t.running = map[uint64]bool{}
	}
	t.begun++
	number = t.begun
	t.running[number] = true
	timer := time.AfterFunc(exchangeMemory, func() { t.end(number) })
	return number, func() {
		timer.Stop()
		t.end(number)
	}
}

// end notes that an exchange is under way no longer, and drops what was forgotten for its sake.
func (t *exchangeTable) end(number uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, number)
	first := t.begun + 1
	for number := range t.running {
		first = min(first, number)
	}
	t.forgotten = slices.DeleteFunc(t.forgotten, func(f forgottenTokens) bool { return f.begun < first })
}

// add keeps the result of an exchange for a while, unless it was forgotten while the exchange was
// under way.
func (t *exchangeTable) add(begun uint64, key string, result *types.AuthenticationResultType, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.recent == nil {
		t.recent = map[string]exchanged{}
	}
	t.added++
	number := t.added
	e := exchanged{number, result, readTokens(Tokens{AccessToken: aws.ToString(result.AccessToken)}).subject, now}
	if !t.running[begun] || slices.ContainsFunc(t.forgotten, func(f forgottenTokens) bool {
		return begun <= f.begun && e.isOf(key, f.tokens)
	}) {
		return
	}
	t.recent[key] = e
	time.AfterFunc(exchangeMemory, func() { // must not refer to the tokens: they may be forgotten earlier
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.recent[key].number == number {
			delete(t.recent, key)
		}
	})
}

// forget drops the results that belong to the user of ts, when a session of that user ends. The
// sign-out may have ended the user's other sessions, too, and an older refresh token of the same
// sign-in must not bring its tokens back.
func (t *exchangeTable) forget(ts *tokenSet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.recent, func(key string, e exchanged) bool { return e.isOf(key, ts) })
	if len(t.running) > 0 {
		t.forgotten = append(t.forgotten, forgottenTokens{t.begun, ts})
	}
}

// isOf reports whether the result remembered under key belongs to the user or the session of ts.
func (e exchanged) isOf(key string, ts *tokenSet) bool {
	return strings.HasPrefix(key, fingerprint(ts.Tokens)) || ts.subject != "" && e.subject == ts.subject ||
		ts.RefreshToken != "" && aws.ToString(e.result.RefreshToken) == ts.RefreshToken
}

// spend sends the refresh token to the service. After a lost reply it retries at once: if the token
// was spent, nothing is lost; if it was not, the retry saves the session.
func (c *Cognito) spend(
	ctx context.Context, base *tokenSet, request refreshRequest,
) (result *types.AuthenticationResultType, shared bool, err error) {
	metadata := request.metadata
	if metadata == nil && c.session.metadata != nil {
		if metadata, err = c.askMetadata(ctx); err != nil {
			return nil, false, err
		}
	} else if metadata == nil {
		metadata = c.session.current().metadata
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	key := fingerprint(base.Tokens) + c.shared().id + c.shared().clientID
	exchange := func(ctx context.Context) (*types.AuthenticationResultType, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTimeout)
		defer cancel()
		for attempt := 1; ; attempt++ {
			result, err := c.sendRefreshToken(ctx, base, request.flow, metadata)
			if err == nil || attempt == exchangeAttempts || ctx.Err() != nil || !isLost(err) {
				return result, err
			}
		}
	}
	return exchanges.do(ctx, key, base.AccessToken, c.shared().now, exchange)
}

// askMetadata calls the function of WithRefreshMetadata. It is the caller's code, and may hang.
func (c *Cognito) askMetadata(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	metadata, err := flight.Run(ctx, func() (map[string]string, error) { return c.session.metadata(ctx), nil })
	if err != nil {
		return nil, fmt.Errorf("the function of WithRefreshMetadata: %w", err)
	}
	return metadata, nil
}

// sendRefreshToken makes one request of an exchange.
func (c *Cognito) sendRefreshToken(
	ctx context.Context, base *tokenSet, flow AuthFlow, metadata map[string]string,
) (*types.AuthenticationResultType, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	deviceKey := c.session.current().deviceKeyOf(base)
	if flow == "" && !c.shared().refreshByAuth.Load() {
		out, err := c.shared().sdk.GetTokensFromRefreshToken(ctx, &cognitoidentityprovider.GetTokensFromRefreshTokenInput{
			ClientId: aws.String(c.shared().clientID), RefreshToken: aws.String(base.RefreshToken),
			ClientSecret: optional(c.shared().clientSecret), DeviceKey: optional(deviceKey), ClientMetadata: metadata,
		}, sendOnce)
		if err == nil {
			return out.AuthenticationResult, nil
		}
		if !unknownOperation(err) {
			return nil, err
		}
	}
	params := map[string]string{keyRefreshToken: base.RefreshToken}
	if deviceKey != "" {
		params[keyDeviceKey] = deviceKey
	}
	if c.shared().clientSecret != "" {
		// The hash must be made with the username in the pool, not with an alias. The access token
		// has it.
		name := base.username
		if name == "" {
			name = c.session.current().username
		}
		if name == "" {
			const problem = "access token: want the claim username, which the secret hash of a refresh is made with"
			return nil, fmt.Errorf(problem+": %w", ErrSecretHash)
		}
		params[keySecretHash] = *c.shared().secretHash(name)
	}
	reply, err := c.shared().sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: FlowRefreshTokenAuth, ClientId: aws.String(c.shared().clientID), AuthParameters: params,
		ClientMetadata: metadata,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	if flow == "" {
		c.shared().refreshByAuth.Store(true)
	}
	return reply.AuthenticationResult, nil
}

// unknownOperation reports whether the server does not know GetTokensFromRefreshToken. It
// recognizes the errors of the service and of local servers used in tests.
func unknownOperation(err error) bool {
	if hasCode(err, "UnknownOperationException", "Unsupported", "InvalidAction") {
		return true
	}
	if hasCode(err, "InvalidParameterException") {
		return strings.Contains(messageOf(err), "GetTokensFromRefreshToken")
	}
	var response interface{ HTTPStatusCode() int }
	if !errors.As(err, &response) {
		return false
	}
	var known smithy.APIError
	status := response.HTTPStatusCode()
	return status == http.StatusNotImplemented || status == http.StatusInternalServerError && !errors.As(err, &known)
}

// accessToken returns tokens with an access token that has not expired, refreshing them if
// possible. The tokens need not be verified, because the service checks them.
func (c *Cognito) accessToken(ctx context.Context) (*tokenSet, error) {
	ts, err := c.held(ctx)
	if err != nil {
		return nil, err
	}
	if ts == nil {
		return nil, ErrNotSignedIn
	}
	if ts.AccessToken != "" && (ts.RefreshToken == "" || !ts.hasExpired(c.shared().now())) {
		return ts, nil
	}
	if ts.RefreshToken == "" {
		return nil, ErrNotSignedIn
	}
	return c.refresh(ctx, refreshRequest{old: ts})
}

// hasExpired reports whether the access token has expired. It is false if the expiry is unknown.
func (ts *tokenSet) hasExpired(now time.Time) bool {
	return !ts.accessExpires.IsZero() && !now.Before(ts.accessExpires)
}

// withAccessToken makes a call with the session's access token; see withTokens.
func (c *Cognito) withAccessToken(ctx context.Context, call func(accessToken *string) error) error {
	return c.withTokens(ctx, func(ts *tokenSet) error { return call(aws.String(ts.AccessToken)) })
}

// withTokens makes a call with the session's tokens. It reads them once, so that a concurrent
// sign-in or sign-out does not change the call's user. It first refreshes an expired access token
// if there is a refresh token. If the service rejects the access token as expired, withTokens
// refreshes it and retries the call once.
func (c *Cognito) withTokens(ctx context.Context, call func(*tokenSet) error) error {
	ts, err := c.accessToken(ctx)
	if err != nil {
		return err
	}
	err = call(ts)
	if ts.RefreshToken == "" || !errors.Is(&Error{Err: err}, ErrAccessTokenExpired) {
		return err
	}
	fresh, refreshErr := c.refresh(ctx, refreshRequest{old: ts})
	if refreshErr != nil {
		return errors.Join(err, refreshErr)
	}
	return call(fresh)
}

// VerifyTokens verifies the session's ID and access token and makes their claims available. It
// makes no API call but may fetch the key set. Call it after [WithTokens], and after a sign-in that
// failed with [ErrKeysUnavailable] or [ErrUnknownKey]: the tokens of that sign-in then replace the
// session's, and with [WithDeviceTracking] its device is confirmed.
//
// After an error the session is unchanged, except that tokens waiting for their key are dropped if
// they turn out to be invalid. Common errors: [ErrNotSignedIn], [ErrStoreUser], and a [*TokenError]
// for a rejected token.
func (c *Cognito) VerifyTokens(ctx context.Context) (err error) {
	defer named("VerifyTokens", &err)
	return c.verifyHeld(ctx)
}

func (c *Cognito) verifyHeld(ctx context.Context) error {
	seen := c.session.current()
	ts, err := c.held(ctx)
	if err != nil {
		return err
	}
	if ts == nil || ts.AccessToken == "" && ts.IDToken == "" {
		return ErrNotSignedIn
	}
	if st := c.session.current(); ts != st.waiting && !st.unsaved {
		verified, err := c.verify(ctx, ts.unverified())
		if err == nil && c.session.adopt(seen, verified, func(*state) {}) {
			return nil
		}
		now := c.session.current()
		signedOut := now.cleared != seen.cleared && now.newest() == nil
		if signedOut || err == nil && !now.tokens.verified() {
			return ErrNotSignedIn
		}
		return err
	}
	return c.session.change(ctx, func(ctx context.Context) error {
		newest, err := c.sync(ctx)
		switch {
		case err != nil:
			return err
		case newest == nil:
			return ErrNotSignedIn
		case newest.verified():
			_, err := c.verify(ctx, newest.unverified())
			return err
		}
		verified, err := c.verifyNew(ctx, newest)
		switch {
		case err == nil:
			c.session.commit(ctx, verified)
			c.trackDevice(ctx, "VerifyTokens", verified)
		case !keyMissing(err) && !errors.Is(err, jwt.ErrTokenExpired):
			c.session.dropWaiting(ctx, newest)
		}
		return err
	})
}

// VerifyToken verifies raw, a token of this pool and app client, for use and returns its claims. It
// does not use the session. The error is a [*TokenError], or an [*Error] for an unknown use.
func (c *Cognito) VerifyToken(ctx context.Context, raw string, use TokenUse) (jwt.MapClaims, error) {
	if err := checkUse(use); err != nil {
		return nil, wrapError("VerifyToken", err)
	}
	if c.pool == nil {
		return nil, wrapError("VerifyToken", errNotMade)
	}
	claims := jwt.MapClaims{}
	if err := c.shared().verifier.VerifyInto(ctx, raw, use, &claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// CheckToken reports whether the session's access or ID token has expired. If renew is set, it
// refreshes expired tokens as [Cognito.RenewAccessToken] does, and returns false if that succeeds.
// It verifies only tokens that wait for their key since a sign-in or a refresh, as
// [Cognito.VerifyTokens] does. Common errors: [ErrNotSignedIn].
func (c *Cognito) CheckToken(ctx context.Context, renew bool) (expired bool, err error) {
	defer named("CheckToken", &err)
	ts, err := c.held(ctx)
	if err != nil {
		return false, err
	}
	if ts == nil || ts.AccessToken == "" {
		return false, ErrNotSignedIn
	}
	now := c.shared().now()
	if st := c.session.current(); ts == st.waiting && st.tokens != nil {
		ts = st.tokens
	} else if ts == st.waiting && ts.fresh(now) {
		if !renew {
			return false, c.verifyHeld(ctx)
		}
		_, err = c.refresh(ctx, refreshRequest{}) // verifies the tokens, or exchanges their refresh token
		return false, err
	}
	for use, raw := range map[TokenUse]string{AccessToken: ts.AccessToken, IDToken: ts.IDToken} {
		if raw != "" && !ts.hasExpiry[map[TokenUse]int{AccessToken: 0, IDToken: 1}[use]] {
			return false, &TokenError{
				Use: use, Reason: fmt.Errorf("%w: its expiry cannot be read", jwt.ErrTokenMalformed),
			}
		}
	}
	if expired = !now.Before(ts.expires); !expired || !renew {
		return expired, nil
	}
	_, err = c.refresh(ctx, refreshRequest{old: ts})
	return err != nil, err
}

// Logout signs the user out everywhere: it revokes all refresh tokens of the user, and the service
// rejects the access tokens. Servers that verify tokens offline accept them until they expire.
//
// When Logout has returned nil, the session and its [TokenStore] hold no token of the sign-in,
// whatever refresh was under way. A session that is over already is a success, too. After an error
// the session still has its tokens, perhaps refreshed (see [Cognito.ForgetTokens]); if only the
// store failed, it has none.
//
// It calls GlobalSignOut, which needs an access token; Logout refreshes an expired one first.
// Common errors: [ErrNotSignedIn].
func (c *Cognito) Logout(ctx context.Context) (err error) {
	defer named("Logout", &err)
	return c.endSession(ctx, ending{live: true, isOver: isOver, call: func(ctx context.Context, ts *tokenSet) error {
		_, err := c.shared().sdk.GlobalSignOut(ctx, &cognitoidentityprovider.GlobalSignOutInput{
			AccessToken: aws.String(ts.AccessToken),
		})
		return err
	}})
}

// RevokeToken signs the user out of this session only: it revokes the session's refresh token, and
// the service rejects the access tokens that came from it.
//
// When RevokeToken has returned nil, the session and its [TokenStore] hold no token of the sign-in,
// whatever refresh was under way. After an error the session is unchanged; if only the store
// failed, it has no tokens.
//
// It calls RevokeToken, which needs a refresh token. Common errors: [ErrNotSignedIn] without one.
func (c *Cognito) RevokeToken(ctx context.Context) (err error) {
	defer named("RevokeToken", &err)
	return c.endSession(ctx, ending{isOver: isOver, call: func(ctx context.Context, ts *tokenSet) error {
		_, err := c.shared().sdk.RevokeToken(ctx, &cognitoidentityprovider.RevokeTokenInput{
			ClientId: aws.String(c.shared().clientID), Token: aws.String(ts.RefreshToken),
			ClientSecret: optional(c.shared().clientSecret),
		})
		return err
	}})
}

// ForgetTokens drops the session's tokens, here and in its [TokenStore], without telling the
// service: they stay valid for anyone else who has them. Use it if [Cognito.Logout] and
// [Cognito.RevokeToken] fail. It first waits for a refresh that is under way, at most until ctx is
// done. It returns the store's error. Even then the session has no tokens, and does not load those
// of the store again.
func (c *Cognito) ForgetTokens(ctx context.Context) (err error) {
	defer named("ForgetTokens", &err)
	if c.pool == nil || c.session == nil {
		return errNotMade
	}
	s := c.session
	return s.change(ctx, func(ctx context.Context) error {
		st := s.current()
		if s.store != nil {
			loaded, _, err := s.load(ctx)
			if own := st.newest(); err != nil && own != nil || err == nil && st.checkOwner(readTokens(loaded)) != nil {
				s.drop(own) // the store holds, or may hold, another user's tokens
				return err
			}
		}
		return s.end(ctx, st.newest())
	})
}

// ending describes how to end a session.
type ending struct {
	live   bool             // needs a valid access token; otherwise a refresh token
	isOver func(error) bool // whether the error says that there is nothing left to end
	apart  bool             // the session is one that endApart made
	call   func(context.Context, *tokenSet) error
}

// endSession ends the session with a call to the service, as a change of the session. Once the
// service has answered, the store and the session drop the tokens, even if ctx is done by then.
func (c *Cognito) endSession(ctx context.Context, end ending) error {
	if c.pool == nil || c.session == nil {
		return errNotMade
	}
	s := c.session
	had := s.current().newest()
	var refreshed *tokenSet // the expired tokens that were exchanged, or can no longer be
	over := false           // refreshed can no longer be exchanged
	for {
		var expired *tokenSet
		err := s.change(ctx, func(ctx context.Context) error {
			ts, others, err := c.toEnd(ctx, had)
			switch {
			case err != nil:
				return err
			case others && !end.apart:
				return c.endApart(ctx, ts, end)
			case over && ts.same(refreshed):
			case refreshed == nil && end.live && ts.RefreshToken != "" &&
				(ts.AccessToken == "" || ts.hasExpired(c.shared().now())):
				expired = ts
				return nil
			case end.live && ts.AccessToken == "" || !end.live && ts.RefreshToken == "":
				return ErrNotSignedIn
			default:
				err := c.callToEnd(ctx, ts, end)
				if refreshed == nil && ts.RefreshToken != "" && errors.Is(&Error{Err: err}, ErrAccessTokenExpired) {
					expired = ts // according to the service
					return nil
				}
				if err != nil {
					return err
				}
			}
			return s.end(ctx, ts)
		})
		if err != nil || expired == nil {
			return err
		}
		refreshed = expired
		fresh, err := c.refresh(ctx, refreshRequest{old: expired}) // a change of its own, so that ctx bounds the wait
		if err == nil {
			had = fresh // another sign-out may end the session first
		}
		// Another process that spent the refresh token may still be signed in.
		over = end.isOver(err) && !errors.Is(&Error{Err: err}, ErrRefreshTokenReused)
		if err != nil && !over && !keyMissing(err) {
			return err
		}
	}
}

// endApart ends the sign-in of ts, the session's own tokens or those it had, and leaves the store
// alone: it holds another user's. It runs within a change. A refresh on the way must not reach the
// store either, so it is that of a session without one. It ends even if ctx ends the wait for it,
// because the refresh token may be a new one.
func (c *Cognito) endApart(ctx context.Context, ts *tokenSet, end ending) error {
	s := c.session
	own := *s.current()
	held := own.newest()
	if held == nil {
		own.tokens = ts
	}
	own.username = "" // the tokens may be of another user than the session
	apart := &session{trackName: s.trackName, metadata: s.metadata, log: s.log, now: s.now}
	apart.state.Store(&own)
	end.apart = true
	_, err := flight.Run(ctx, func() (struct{}, error) {
		defer s.takeBack(held, apart) // also if the caller's code panics
		err := (&Cognito{pool: c.pool, session: apart}).endSession(ctx, end)
		if done, waitErr := turns.Lock(context.WithoutCancel(ctx), apart.queue()); waitErr == nil {
			done() // a refresh that ctx has not ended has ended
		}
		return struct{}{}, err
	})
	if err == nil && held == nil {
		s.drop(ts)
	}
	return err
}

// takeBack replaces held, the session's tokens, with those that apart has instead, unless the
// session has got others meanwhile.
func (s *session) takeBack(held *tokenSet, apart *session) {
	left := apart.current()
	if held == nil || left.newest() == held {
		return
	}
	dropped := false
	s.update(func(st *state) {
		now := st.newest()
		dropped = false
		switch {
		case now == nil || now.RefreshToken != held.RefreshToken:
		case left.newest() == nil:
			st.clear()
			st.ended, dropped = fingerprint(held.Tokens), true
		default:
			st.tokens, st.waiting, st.waitingSince = left.tokens, left.waiting, left.waitingSince
		}
	})
	if dropped {
		exchanges.forget(held)
	}
}

// toEnd returns the tokens to sign out: those of the store, or else the session's, or else had,
// which the session held when the sign-out was requested. It runs within a change. others reports
// that the store holds another user's tokens, which must stay there.
func (c *Cognito) toEnd(ctx context.Context, had *tokenSet) (ts *tokenSet, others bool, err error) {
	ts, err = c.sync(ctx)
	switch {
	case errors.Is(err, ErrStoreUser):
		ts, others, err = c.session.current().newest(), true, nil // sign out the session's own tokens
	case errors.Is(err, ErrKeysUnavailable):
		ts, _, err = c.look(ctx) // the service checks the tokens itself
	}
	if ts == nil && err == nil {
		ts = had // the store is empty: only the service knows whether that was a sign-out
	}
	if ts == nil && err == nil {
		err = ErrNotSignedIn
	}
	return ts, others, err
}

// callToEnd makes the call that ends a session. If the service rejects tokens that still wait for
// their key, callToEnd retries with the verified tokens. If the session has already ended, it
// returns nil.
func (c *Cognito) callToEnd(ctx context.Context, ts *tokenSet, end ending) error {
	ctx, cancel := context.WithTimeout(ctx, signOutTimeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err
	}
	err := end.call(ctx, ts)
	if st := c.session.current(); isRejection(err) && ts == st.waiting && st.tokens != nil {
		err = end.call(ctx, st.tokens)
	}
	if end.isOver(err) {
		return nil
	}
	return err
}

// isOver reports whether err says that the session has already ended.
func isOver(err error) bool {
	err = &Error{Err: err}
	for _, reason := range []error{
		ErrTokenRevoked, ErrRefreshTokenExpired, ErrRefreshTokenRevoked, ErrRefreshTokenReused,
		ErrInvalidRefreshToken, ErrUserNotFound,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// newTokens returns the tokens in a response.
func (c *Cognito) newTokens(result *types.AuthenticationResultType) (Tokens, error) {
	if result == nil || aws.ToString(result.AccessToken) == "" {
		return Tokens{}, errors.New("the service's answer: want an access token, got none")
	}
	return Tokens{
		IDToken: aws.ToString(result.IdToken), AccessToken: aws.ToString(result.AccessToken),
		RefreshToken: aws.ToString(result.RefreshToken), TokenType: aws.ToString(result.TokenType),
		ExpiresAt: c.shared().now().Add(time.Duration(result.ExpiresIn) * time.Second),
	}, nil
}

// verifyPair verifies the access and the ID token, and that both belong to the same user. Either
// may be missing.
func (c *Cognito) verifyPair(ctx context.Context, tokens Tokens) (access *AccessClaims, id *IDClaims, err error) {
	if tokens.AccessToken != "" {
		t, err := c.shared().verifier.verify(ctx, tokens.AccessToken, AccessToken)
		if err != nil {
			return nil, nil, err
		}
		if access, err = t.access(); err != nil {
			return nil, nil, err
		}
	}
	if tokens.IDToken != "" {
		t, err := c.shared().verifier.verify(ctx, tokens.IDToken, IDToken)
		if err != nil {
			return nil, nil, err
		}
		if access != nil {
			if err := samePair(&t.claims, access, tokens.AccessToken); err != nil {
				return nil, nil, &TokenError{Use: IDToken, Reason: err}
			}
		}
		if id, err = t.identity(); err != nil {
			return nil, nil, err
		}
	}
	return access, id, nil
}

// samePair checks that an ID token belongs to an access token. Only ID tokens of the hosted sign-in
// carry at_hash.
func samePair(id *tokenClaims, access *AccessClaims, accessToken string) error {
	if id.subject != access.Subject {
		return fmt.Errorf("%w: its subject is not that of the access token", jwt.ErrTokenInvalidSubject)
	}
	if !id.hasAtHash {
		return nil
	}
	sum := sha256.Sum256([]byte(accessToken))
	want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if subtle.ConstantTimeCompare([]byte(want), []byte(id.atHash)) != 1 {
		return fmt.Errorf("%w: its at_hash is not that of the access token", jwt.ErrTokenInvalidClaims)
	}
	return nil
}

// TokenSource returns an [oauth2.TokenSource] of the session. It returns the tokens of
// [Cognito.Token] and refreshes them when needed, so it needs no [oauth2.ReuseTokenSource]. The ID
// token is in the extra "id_token". The refresh token is not included: its only owner is the
// session.
//
// Refreshes use the values of ctx, but not its cancelation: an [oauth2.TokenSource] outlives the
// call that made it. The source is safe for concurrent use.
func (c *Cognito) TokenSource(ctx context.Context) oauth2.TokenSource {
	return tokenSource{c, context.WithoutCancel(ctx)}
}

type tokenSource struct {
	c   *Cognito
	ctx context.Context // oauth2.TokenSource takes none
}

// Token returns the session's tokens as an [oauth2.Token].
func (s tokenSource) Token() (*oauth2.Token, error) {
	ts, err := s.c.token(s.ctx)
	if err != nil {
		return nil, wrapError("Token", err)
	}
	token := &oauth2.Token{AccessToken: ts.AccessToken, TokenType: ts.TokenType, Expiry: ts.expires}
	return token.WithExtra(map[string]any{"id_token": ts.IDToken}), nil
}
