package cognito

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
)

// Tokens are what a sign-in obtains. Whoever has them is the user: store them as secrets. Printed or logged
// they show no token; their fields and their JSON do.
type Tokens struct {
	// IDToken says who the user is. AccessToken is what services are called with.
	IDToken     string `json:"id_token,omitempty"`
	AccessToken string `json:"access_token,omitempty"`
	// RefreshToken obtains new ones. It is opaque.
	RefreshToken string `json:"refresh_token,omitempty"`
	// TokenType is "Bearer".
	TokenType string `json:"token_type,omitempty"`
	// ExpiresAt is when the access token expires.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Format prints which tokens there are and when they expire, whatever the verb.
func (t Tokens) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Tokens{ID %t, access %t, refresh %t, expires %s}",
		t.IDToken != "", t.AccessToken != "", t.RefreshToken != "", stamp(t.ExpiresAt))
}

// LogValue logs which tokens there are and when they expire.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Tokens returns the session's tokens; the zero Tokens when no one is signed in.
func (c *Cognito) Tokens() Tokens { return c.session.current() }

// VerifyTokens verifies the session's ID and access token and makes their claims available; it calls for no
// operation of AWS but may fetch the key set. It is what to call after [WithTokens], and after a sign-in that
// ended in [ErrKeysUnavailable] or [ErrUnknownKey]: the tokens that it obtained then replace the session's. It
// returns [ErrNotSignedIn] without tokens, and an error that wraps a [*TokenError] when one is refused; the session is
// then as it was, and tokens that were only kept aside are dropped if they turn out to be bad.
func (c *Cognito) VerifyTokens(ctx context.Context) error {
	tokens, err := c.session.loaded(ctx)
	if err != nil {
		return wrapError("VerifyTokens", err)
	}
	if tokens.AccessToken == "" && tokens.IDToken == "" {
		return wrapError("VerifyTokens", ErrNotSignedIn)
	}
	epoch, newest := c.session.snapshot()
	if newest == tokens && tokens != c.session.current() { // kept aside, perhaps because they could not be saved
		return wrapError("VerifyTokens", c.adoptSince(ctx, tokens, epoch))
	}
	return wrapError("VerifyTokens", c.take(ctx, tokens, true, epoch))
}

// VerifyToken verifies raw, a token of this pool and app client, for use and returns its claims. It neither
// reads nor changes the session. The error is a [*TokenError], or an [*Error] for a use that does not exist.
func (c *Cognito) VerifyToken(ctx context.Context, raw string, use TokenUse) (jwt.MapClaims, error) {
	if err := checkUse(use); err != nil {
		return nil, wrapError("VerifyToken", err)
	}
	if c.pool == nil {
		return nil, wrapError("VerifyToken", errNotMade)
	}
	claims := jwt.MapClaims{}
	if err := c.pool.verifier.VerifyInto(ctx, raw, use, &claims); err != nil {
		return nil, err
	}
	return claims, nil
}

// CheckToken reports whether the session's access or ID token has expired. With renew, expired tokens are
// renewed as [Cognito.RenewAccessToken] does, and expired is false once that succeeded. It returns
// [ErrNotSignedIn] without tokens. Only tokens that wait to be verified since a sign-in or a renewal are verified here,
// as [Cognito.VerifyTokens] does, and the error is then its.
func (c *Cognito) CheckToken(ctx context.Context, renew bool) (expired bool, err error) {
	tokens := c.session.current()
	if tokens == (Tokens{}) {
		if tokens, err = c.session.loaded(ctx); err != nil {
			return false, wrapError("CheckToken", err)
		}
	}
	if tokens.AccessToken == "" {
		return false, wrapError("CheckToken", ErrNotSignedIn)
	}
	// The epoch is taken before the tokens are looked at again: whoever signs out or in meanwhile is not overtaken.
	if epoch, newest := c.session.snapshot(); tokens == newest && tokens == c.session.keptAside() && c.lasts(tokens) {
		if renew {
			_, err = c.renewed(ctx, Tokens{}, false)
		} else {
			err = c.adoptSince(ctx, tokens, epoch)
		}
		return false, wrapError("CheckToken", err)
	}
	now := c.pool.now()
	for use, raw := range map[TokenUse]string{AccessToken: tokens.AccessToken, IDToken: tokens.IDToken} {
		if raw == "" {
			continue
		}
		claims := unverifiedClaims(raw)
		if claims == nil || !claims.expires.set {
			return false, wrapError("CheckToken", &TokenError{Use: use, Reason: fmt.Errorf("%w: its expiry cannot be read", jwt.ErrTokenMalformed)})
		}
		expired = expired || !now.Before(claims.expires.Time)
	}
	if expired && renew {
		if _, err := c.renewed(ctx, tokens, false); err != nil {
			return true, wrapError("CheckToken", err)
		}
		return false, nil
	}
	return expired, nil
}

// Logout signs the user out everywhere: all refresh tokens of the user die, and the service refuses the access
// tokens. The session then has no tokens; after an error it has those that it had, or renewed ones (see
// [Cognito.ForgetTokens]). Tokens that others verify offline stay good until they expire.
//
// It calls GlobalSignOut, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn]. An expired one is renewed first as [Cognito.RenewAccessToken] does, if there is a refresh token.
func (c *Cognito) Logout(ctx context.Context) error {
	tokens, err := c.accessToken(ctx)
	if err != nil {
		return wrapError("Logout", err)
	}
	return wrapError("Logout", c.signOut(ctx, tokens, func(tokens Tokens) error {
		if tokens.AccessToken == "" {
			return ErrNotSignedIn
		}
		_, err := c.pool.sdk.GlobalSignOut(ctx, &cognitoidentityprovider.GlobalSignOutInput{AccessToken: aws.String(tokens.AccessToken)})
		return err
	}))
}

// RevokeToken ends this session only: its refresh token dies, and the service refuses the access tokens that
// came from it. The session then has no tokens; after an error it is as it was.
//
// It calls RevokeToken, which needs no AWS credentials but a refresh token: without one it returns
// [ErrNotSignedIn].
func (c *Cognito) RevokeToken(ctx context.Context) error {
	tokens, err := c.session.loaded(ctx)
	if err != nil {
		return wrapError("RevokeToken", err)
	}
	return wrapError("RevokeToken", c.signOut(ctx, tokens, func(tokens Tokens) error {
		if tokens.RefreshToken == "" {
			return ErrNotSignedIn
		}
		_, err := c.pool.sdk.RevokeToken(ctx, &cognitoidentityprovider.RevokeTokenInput{
			ClientId: aws.String(c.pool.clientID), Token: aws.String(tokens.RefreshToken),
			ClientSecret: optional(c.pool.clientSecret),
		})
		return err
	}))
}

// ForgetTokens drops the session's tokens here and in its [TokenStore], and tells the service nothing: they stay good
// for whoever else has them. It is for what [Cognito.Logout] and [Cognito.RevokeToken] could not sign out. The error is
// that of the store; the session has no tokens then, either.
func (c *Cognito) ForgetTokens(ctx context.Context) error {
	if c.session == nil {
		return wrapError("ForgetTokens", errNotMade)
	}
	c.session.signedOut(c.session.newest())
	return wrapError("ForgetTokens", c.session.forget(ctx))
}

// signOut makes a call that ends the session of tokens. Where these had been kept aside and are no good, the session's
// own are tried.
func (c *Cognito) signOut(ctx context.Context, tokens Tokens, call func(Tokens) error) error {
	err := call(tokens)
	if own := c.session.current(); err != nil && own != (Tokens{}) && tokens == c.session.keptAside() {
		err = call(own)
	}
	if err != nil || !c.session.signedOut(tokens) {
		return err
	}
	return c.session.forget(ctx)
}

// newTokens takes tokens out of an answer.
func (c *Cognito) newTokens(result *types.AuthenticationResultType) (Tokens, error) {
	if result == nil || aws.ToString(result.AccessToken) == "" {
		return Tokens{}, errors.New("the service's answer: want an access token, got none")
	}
	return Tokens{
		IDToken: aws.ToString(result.IdToken), AccessToken: aws.ToString(result.AccessToken),
		RefreshToken: aws.ToString(result.RefreshToken), TokenType: aws.ToString(result.TokenType),
		ExpiresAt: c.pool.now().Add(time.Duration(result.ExpiresIn) * time.Second),
	}, nil
}

// adopt verifies tokens, saves them and makes them the session's. When they cannot be verified for want of their key,
// or not be saved, they are kept aside, so that nothing is lost.
func (c *Cognito) adopt(ctx context.Context, tokens Tokens) error {
	return c.adoptSince(ctx, tokens, anyEpoch)
}

// adoptSince is adopt, unless the session has got other tokens since epoch, or was signed out.
func (c *Cognito) adoptSince(ctx context.Context, tokens Tokens, epoch uint64) error {
	access, id, err := c.verifyPair(ctx, tokens)
	if errors.Is(err, ErrUnknownKey) && c.pool.verifier.keys.Resume() {
		// The service itself gave them: the pause that made-up key IDs bring about is not for them.
		access, id, err = c.verifyPair(ctx, tokens)
	}
	if undecided(err) {
		if !c.session.keep(epoch, tokens, c.pool.now()) {
			return err
		}
		return errors.Join(err, c.session.save(ctx, tokens)) // the only good refresh token may be among them
	}
	if errors.Is(err, jwt.ErrTokenExpired) {
		return err // what was kept aside stays so, for the sake of its refresh token
	}
	if err != nil {
		return errors.Join(err, c.discard(ctx, tokens))
	}
	if access != nil {
		tokens.ExpiresAt = access.ExpiresAt.Time
	}
	if err := c.session.save(ctx, tokens); err != nil {
		c.session.keep(epoch, tokens, c.pool.now())
		return err
	}
	if c.session.replace(epoch, tokens, access, id) {
		return nil
	}
	// The store must not have what the session has not.
	now := c.session.current()
	if now == (Tokens{}) {
		return errors.Join(ErrNotSignedIn, c.session.forget(ctx))
	}
	return c.session.save(ctx, now)
}

// undecided reports whether err leaves open if tokens are good, as their key is not known.
func undecided(err error) bool {
	return errors.Is(err, ErrKeysUnavailable) || errors.Is(err, ErrUnknownKey)
}

// discard drops tokens that were kept aside and turned out to be bad. Where the store has them it gets again what the
// session has.
func (c *Cognito) discard(ctx context.Context, bad Tokens) error {
	if !c.session.dropAside(bad) {
		return nil
	}
	stored, err := c.session.stored(ctx)
	if err != nil || stored.AccessToken != bad.AccessToken { // another process has saved newer ones
		return err
	}
	if own := c.session.current(); own != (Tokens{}) {
		return c.session.save(ctx, own)
	}
	return c.session.forget(ctx)
}

// verifyPair verifies the access and the ID token, either of which may be missing, and that they are the same
// user's.
func (c *Cognito) verifyPair(ctx context.Context, tokens Tokens) (access *AccessClaims, id *IDClaims, err error) {
	if tokens.AccessToken != "" {
		t, err := c.pool.verifier.verify(ctx, tokens.AccessToken, AccessToken)
		if err != nil {
			return nil, nil, err
		}
		if access, err = t.access(); err != nil {
			return nil, nil, err
		}
	}
	if tokens.IDToken != "" {
		t, err := c.pool.verifier.verify(ctx, tokens.IDToken, IDToken)
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

// samePair checks that an ID token belongs to an access token. Only ID tokens of the hosted sign-in carry at_hash.
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

// unverifiedClaims reads a token of our own session without verifying it, for what is no decision about trust:
// when to renew it and what its user is called. It is nil when it cannot be read.
func unverifiedClaims(raw string) *tokenClaims {
	t, err := parseToken(raw)
	if err != nil {
		return nil
	}
	return &t.claims
}

const (
	expiryWindow   = time.Minute      // tokens are renewed when they have less left
	maxJitter      = time.Minute      // by which single sessions renew earlier, so that a fleet does not do so at once
	refreshTimeout = 30 * time.Second // of a renewal; a caller's context may end its wait earlier
	retryPause     = 10 * time.Second // between renewals that fail while the tokens are still good
)

// Token returns tokens that are good for a while yet, a minute at least: the session's own, or new ones when the
// access or the ID token of these is about to expire. What one call obtains, all that wait for it get; none waits
// longer than its own ctx, whose end does not end the renewal. While a renewal fails for a reason that may pass,
// such as a network fault, tokens that have not expired yet are returned all the same.
//
// Once the service says that the refresh token is dead ([IsTerminal]), the session has no tokens any more, and its
// [TokenStore] neither, unless newer ones have come meanwhile. Without tokens it returns [ErrNotSignedIn]. After
// another error the session is as it was.
//
// It calls GetTokensFromRefreshToken as [Cognito.RenewAccessToken] does, which needs no AWS credentials. Tokens from
// [WithTokens] or a store are not verified here before they are renewed.
func (c *Cognito) Token(ctx context.Context) (Tokens, error) {
	tokens, err := c.goodTokens(ctx)
	return tokens, wrapError("Token", err)
}

// RenewAccessToken obtains new ID and access tokens for the session's refresh token, verifies them and makes
// them the session's; a refresh token that comes with them replaces the old one. After an error the session is
// as it was, but see [Cognito.VerifyTokens] for [ErrKeysUnavailable] and [ErrUnknownKey]; [IsTerminal] says whether only a new
// sign-in helps. Without a refresh token it returns [ErrNotSignedIn]. Calls at the same time share one renewal, which
// outlives a cancelled ctx.
//
// With a [TokenStore] that has newer tokens, from another process, the session takes those.
//
// It calls GetTokensFromRefreshToken, and InitiateAuth with REFRESH_TOKEN_AUTH where the server does not know
// that operation, as some local ones; neither needs AWS credentials.
func (c *Cognito) RenewAccessToken(ctx context.Context) error {
	old, err := c.session.loaded(ctx)
	if err == nil {
		_, err = c.renewed(ctx, old, false)
	}
	return wrapError("RenewAccessToken", err)
}

// goodTokens returns the session's tokens, renewed if it is time. A dead refresh token costs the session its tokens.
func (c *Cognito) goodTokens(ctx context.Context) (Tokens, error) {
	if c.session == nil {
		return Tokens{}, errNotMade
	}
	tokens, good := c.session.usable(c.pool.now())
	if good {
		return tokens, nil
	}
	fresh, err := c.renewed(ctx, tokens, true)
	switch {
	case err == nil:
		return fresh, nil
	case ctx.Err() == nil && c.session.postpone(tokens, c.pool.now()):
		c.pool.log.DebugContext(ctx, "cognito: tokens not renewed yet", slog.Any("error", &Error{Op: "Token", Err: err}))
		return tokens, nil
	default:
		return Tokens{}, err
	}
}

// renewed returns tokens that are newer than old: those that the session has by now, or those of a renewal, for
// which it waits no longer than ctx. With drop a dead refresh token costs the session its tokens.
func (c *Cognito) renewed(ctx context.Context, old Tokens, drop bool) (Tokens, error) {
	detached := context.WithoutCancel(ctx)
	for {
		var began atomic.Bool
		done := c.session.renewals.DoChan("", func() (any, error) {
			began.Store(true)
			ctx, cancel := context.WithTimeout(detached, refreshTimeout)
			defer cancel()
			return c.renewLocked(ctx, old, drop)
		})
		select {
		case result := <-done:
			tokens, _ := result.Val.(Tokens)
			// One that was under way may have brought no more than what the caller had.
			if result.Err == nil && !began.Load() && tokens.AccessToken == old.AccessToken {
				continue
			}
			return tokens, result.Err
		case <-ctx.Done():
			return Tokens{}, fmt.Errorf("waiting for the renewal of the tokens: %w", ctx.Err())
		}
	}
}

// renewLocked makes the session's tokens newer than old. It runs once at a time in this session, and where the
// store can be locked, in all processes that share it.
func (c *Cognito) renewLocked(ctx context.Context, old Tokens, drop bool) (Tokens, error) {
	unlock, err := c.session.lock(ctx)
	if err != nil {
		return Tokens{}, err
	}
	defer unlock()
	before := c.session.newest()
	spent, err := c.renew(ctx, old)
	if err == nil {
		return c.session.current(), nil
	}
	if drop && IsTerminal(&Error{Err: err}) {
		c.session.signedOut(before)
		err = errors.Join(err, c.session.forgetIf(ctx, spent))
	}
	return Tokens{}, err
}

// renew does the work of renewLocked. It returns the tokens that it tried last.
func (c *Cognito) renew(ctx context.Context, old Tokens) (tried Tokens, err error) {
	if done, tokens, err := c.settle(ctx, old); done {
		return tokens, err
	}
	epoch, tokens := c.session.snapshot()
	had := tokens != (Tokens{})
	stored, err := c.session.stored(ctx)
	if err != nil {
		return tokens, err
	}
	// Expiry is to the second; of two that are alike the store's is the one that another process saved since, unless
	// the session's could not be saved.
	aside := had && tokens == c.session.keptAside()
	if stored != (Tokens{}) && !stored.expiry().Before(tokens.expiry()) && !aside {
		tokens = stored
	}
	if tokens.AccessToken != old.AccessToken && c.lasts(tokens) { // somebody was faster
		if tokens == c.session.current() {
			return tokens, nil
		}
		err = c.take(ctx, tokens, had, epoch)
		var refused *TokenError
		if !errors.As(err, &refused) || errors.Is(err, ErrKeysUnavailable) {
			return tokens, err // also without an error
		}
	}
	err = c.exchange(ctx, tokens, epoch)
	if !IsTerminal(&Error{Err: err}) {
		return tokens, err
	}
	// Another process may have spent this refresh token and saved what it got. That is worth one more try.
	again, loadErr := c.session.stored(ctx)
	if loadErr != nil || again.RefreshToken == "" || again.RefreshToken == tokens.RefreshToken {
		return tokens, err
	}
	if c.lasts(again) && c.take(ctx, again, true, epoch) == nil {
		return again, nil
	}
	return again, c.exchange(ctx, again, epoch)
}

// settle tries once more to verify and to save what was kept aside. It is done when that is all there is to do: they
// are newer than old, or nothing is known about them still. Bad ones are gone then. Expired ones, and those whose key
// the pool does not have (any more), stay for the sake of their refresh token.
func (c *Cognito) settle(ctx context.Context, old Tokens) (done bool, aside Tokens, err error) {
	epoch, _ := c.session.snapshot()
	if aside = c.session.keptAside(); !c.lasts(aside) {
		return false, aside, nil
	}
	err = c.adoptSince(ctx, aside, epoch)
	var refused *TokenError
	switch {
	case err == nil:
		return aside.AccessToken != old.AccessToken, aside, nil
	case errors.Is(err, ErrUnknownKey) && c.session.keptSince(c.pool.now()) < unknownKeyPause:
		return true, aside, err // the key may only be on its way
	case errors.As(err, &refused) && !errors.Is(err, ErrKeysUnavailable):
		return false, aside, nil
	default:
		return true, aside, err
	}
}

// take makes tokens that are saved already, or were given, the session's. A session that had none takes them as they
// are, as it takes those of WithTokens; else they are verified, so that its claims are those of its tokens.
func (c *Cognito) take(ctx context.Context, tokens Tokens, verify bool, epoch uint64) error {
	var access *AccessClaims
	var id *IDClaims
	if verify {
		var err error
		if access, id, err = c.verifyPair(ctx, tokens); err != nil {
			return err
		}
		if access != nil {
			tokens.ExpiresAt = access.ExpiresAt.Time
		}
	}
	if !c.session.replace(epoch, tokens, access, id) && c.session.current() == (Tokens{}) {
		return ErrNotSignedIn // it was signed out meanwhile
	}
	return nil
}

// exchange exchanges a refresh token for new tokens and makes them the session's. They are saved before the session
// has them: of a refresh token that was rotated nothing else is left.
func (c *Cognito) exchange(ctx context.Context, old Tokens, epoch uint64) error {
	if old.RefreshToken == "" {
		return ErrNotSignedIn
	}
	result, err := c.refresh(ctx, old)
	if err != nil {
		return err
	}
	fresh, err := c.newTokens(result)
	if err != nil {
		return err
	}
	if fresh.RefreshToken == "" {
		fresh.RefreshToken = old.RefreshToken
	}
	if err := sameUser(old, fresh); err != nil {
		return err
	}
	err = c.adoptSince(ctx, fresh, epoch)
	if err == nil || undecided(err) || fresh.RefreshToken == old.RefreshToken || c.session.keptAside() == fresh {
		return err
	}
	// The new tokens are refused, but the old refresh token is spent: the session goes on with the new one.
	if kept, ok := c.session.rotate(old, fresh.RefreshToken); ok {
		err = errors.Join(err, c.session.save(ctx, kept))
	}
	return err
}

// sameUser checks that a renewal brought tokens of the user that it was for, as far as that can be read.
func sameUser(old, fresh Tokens) error {
	before, now := unverifiedClaims(old.AccessToken), unverifiedClaims(fresh.AccessToken)
	if before == nil || now == nil || before.subject == "" || before.subject == now.subject {
		return nil
	}
	return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: it is not that of the token before", jwt.ErrTokenInvalidSubject)}
}

// refresh is the one exchange of a refresh token. It is not repeated when its outcome is unknown: a pool that
// rotates refresh tokens would take the repetition for a theft.
func (c *Cognito) refresh(ctx context.Context, old Tokens) (*types.AuthenticationResultType, error) {
	deviceKey := c.session.deviceKeyOf(old)
	out, err := c.pool.sdk.GetTokensFromRefreshToken(ctx, &cognitoidentityprovider.GetTokensFromRefreshTokenInput{
		ClientId: aws.String(c.pool.clientID), RefreshToken: aws.String(old.RefreshToken),
		ClientSecret: optional(c.pool.clientSecret), DeviceKey: optional(deviceKey),
	}, sendOnce)
	if err == nil {
		return out.AuthenticationResult, nil
	}
	if !unknownOperation(err) {
		return nil, err
	}
	params := map[string]string{"REFRESH_TOKEN": old.RefreshToken}
	if deviceKey != "" {
		params[keyDeviceKey] = deviceKey
	}
	if c.pool.clientSecret != "" {
		// The hash is over the user's own name, which an alias at sign-in is not; the access token has it.
		claims := unverifiedClaims(old.AccessToken)
		if claims == nil || claims.username == "" {
			return nil, fmt.Errorf("access token: want the claim username, which the secret hash of a refresh is made with: %w", ErrSecretHash)
		}
		params["SECRET_HASH"] = SecretHash(claims.username, c.pool.clientID, c.pool.clientSecret)
	}
	reply, err := c.pool.sdk.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeRefreshTokenAuth, ClientId: aws.String(c.pool.clientID), AuthParameters: params,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return reply.AuthenticationResult, nil
}

// unknownOperation reports whether a server says that it does not know the operation: in the service's words, in those
// of cognito-local, or with the status that LocalStack and others answer.
func unknownOperation(err error) bool {
	var response interface{ HTTPStatusCode() int }
	return hasCode(err, "UnknownOperationException", "Unsupported") ||
		errors.As(err, &response) && response.HTTPStatusCode() == http.StatusNotImplemented
}

// lasts reports whether tokens need no renewal yet.
func (c *Cognito) lasts(tokens Tokens) bool {
	return tokens.AccessToken != "" && c.pool.now().Before(tokens.renewal(0))
}

// expiry is when the first of the tokens expires, as far as can be read; the zero time if there is none.
func (t Tokens) expiry() time.Time {
	first := time.Time{}
	for _, at := range t.times() {
		if first.IsZero() || at.expires.Before(first) {
			first = at.expires
		}
	}
	return first
}

// renewal is when to renew the tokens: a minute before the first expires, but at most a fifth of its lifetime, and
// earlier by a share of jitter, 0 to 1, of a minute or a tenth of its lifetime.
func (t Tokens) renewal(jitter float64) time.Time {
	first := time.Time{}
	for _, at := range t.times() {
		early := min(expiryWindow, at.lifetime/5) + time.Duration(jitter*float64(min(maxJitter, at.lifetime/10)))
		if renewal := at.expires.Add(-early); first.IsZero() || renewal.Before(first) {
			first = renewal
		}
	}
	return first
}

type tokenTimes struct {
	expires  time.Time
	lifetime time.Duration
}

// times reads when the access and the ID token expire. ExpiresAt stands in for an access token that cannot be read.
func (t Tokens) times() []tokenTimes {
	const usual = time.Hour
	var all []tokenTimes
	for _, raw := range []string{t.AccessToken, t.IDToken} {
		claims := unverifiedClaims(raw)
		if claims == nil || !claims.expires.set {
			continue
		}
		at := tokenTimes{claims.expires.Time, usual}
		if claims.issued.set {
			at.lifetime = max(claims.expires.Sub(claims.issued.Time), 0)
		}
		all = append(all, at)
	}
	if len(all) == 0 && !t.ExpiresAt.IsZero() {
		all = append(all, tokenTimes{t.ExpiresAt, usual})
	}
	return all
}

// usable returns the session's tokens, and whether they need no renewal yet.
func (s *session) usable(now time.Time) (Tokens, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		return Tokens{}, false
	}
	if s.renewAt.IsZero() {
		s.renewAt = s.tokens.renewal(rand.Float64()) //nolint:gosec // it spreads load and protects nothing
	}
	return *s.tokens, s.tokens.AccessToken != "" && now.Before(s.renewAt)
}

// postpone puts off the renewal of tokens that are still good, and reports whether they are.
func (s *session) postpone(tokens Tokens, now time.Time) bool {
	expiry := tokens.expiry()
	if tokens.AccessToken == "" || !now.Before(expiry) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil || *s.tokens != tokens {
		return false
	}
	s.renewAt = now.Add(min(retryPause, expiry.Sub(now)))
	return true
}

// TokenSource returns the session as a source of tokens for everything that takes an [oauth2.TokenSource]. Its
// tokens are those of [Cognito.Token], so each call may renew them and none needs [oauth2.ReuseTokenSource] around
// it. The ID token is in the extra "id_token". The refresh token is not in them: it has one owner, the session.
//
// ctx gives its values to the renewals; that it ends does not matter, since an [oauth2.TokenSource] outlives the
// call that made it. The source is safe for concurrent use.
func (c *Cognito) TokenSource(ctx context.Context) oauth2.TokenSource {
	return tokenSource{c, context.WithoutCancel(ctx)}
}

type tokenSource struct {
	c   *Cognito
	ctx context.Context // oauth2.TokenSource takes none
}

// Token returns the session's tokens as [oauth2.Token] has them.
func (s tokenSource) Token() (*oauth2.Token, error) {
	tokens, err := s.c.Token(s.ctx)
	if err != nil {
		return nil, err
	}
	token := &oauth2.Token{AccessToken: tokens.AccessToken, TokenType: tokens.TokenType, Expiry: tokens.expiry()}
	return token.WithExtra(map[string]any{"id_token": tokens.IDToken}), nil
}
