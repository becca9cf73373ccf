package cognito

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"
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
	if errors.Is(err, ErrUnknownKey) && c.pool.verifier.keys.resume() {
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
		access = t.claims.access()
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
	if id.atHash == "" {
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
