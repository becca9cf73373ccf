package cognito

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/singleflight"
)

// session is the changing part of a Cognito: who the user is and what was obtained. Nothing holds mu across I/O.
type session struct {
	handler ChallengeHandler // nil: challenges are the caller's
	store   TokenStore       // nil: tokens last as long as the session

	renewals singleflight.Group // of the tokens
	signIns  singleflight.Group // of transports

	mu sync.Mutex // protects the fields below

	epoch     uint64    // counts the changes of tokens
	username  string    // as the caller gave it
	tokens    *Tokens   // verified, or given by WithTokens
	renewAt   time.Time // when to renew tokens; zero: that is not known yet
	access    *AccessClaims
	id        *IDClaims
	pending   *Tokens   // obtained, but not verified for want of their key, or not saved
	pendingAt time.Time // when they were
	challenge *Challenge
	signUp    signUp // the last one of this session
	deviceState
}

func newSession(o sessionOptions) *session {
	s := &session{username: o.username, challenge: o.challenge, handler: o.handler, store: o.store, signUp: o.signUp}
	s.trackName = o.trackName
	switch { // it stays when the challenge or the sign-up is over, so that the user can sign in anew
	case s.username != "":
	case s.challenge != nil:
		s.username = s.challenge.Username
	default:
		s.username = o.signUp.username
	}
	if o.device != (Device{}) {
		s.device = &o.device
	}
	if o.tokens != (Tokens{}) {
		s.tokens = &o.tokens
	}
	return s
}

// name is whose session it is, as far as is known; the caller holds mu.
func (s *session) name() string {
	switch {
	case s.username != "":
		return s.username
	case s.access != nil:
		return s.access.Username
	default:
		return ""
	}
}

// current returns the session's tokens, or the zero Tokens.
func (s *session) current() Tokens {
	if s == nil {
		return Tokens{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		return Tokens{}
	}
	return *s.tokens
}

// newest returns the tokens that were obtained last, even if they still wait to be verified: a rotated refresh
// token among them is the only one that is still good.
func (s *session) newest() Tokens {
	_, tokens := s.snapshot()
	return tokens
}

// snapshot returns the newest tokens, and the epoch to replace them in.
func (s *session) snapshot() (epoch uint64, newest Tokens) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.pending != nil:
		newest = *s.pending
	case s.tokens != nil:
		newest = *s.tokens
	}
	return s.epoch, newest
}

// keptAside returns the tokens that were obtained but are not the session's yet, or the zero Tokens.
func (s *session) keptAside() Tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil {
		return Tokens{}
	}
	return *s.pending
}

// anyEpoch is for the tokens of a new sign-in, which go before all others.
const anyEpoch = ^uint64(0)

// replace replaces the session's tokens, in the epoch in which the new ones were asked for. A sign-out that came in
// between stays one, and later tokens stay, too; it is false then.
func (s *session) replace(epoch uint64, t Tokens, access *AccessClaims, id *IDClaims) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epoch != anyEpoch && s.epoch != epoch {
		return false
	}
	// A verification of the tokens that it has is no change, and newer ones that were kept aside stay there.
	same := s.tokens != nil && s.tokens.AccessToken == t.AccessToken && s.tokens.RefreshToken == t.RefreshToken
	if !same {
		s.epoch++
		s.pending = nil
	}
	s.tokens, s.renewAt, s.access, s.id = &t, time.Time{}, access, id
	return true
}

// keep holds on to tokens that were obtained but could not be verified for want of their key, or not be saved. It
// reports whether it did: the session may have got others since epoch, or been signed out.
func (s *session) keep(epoch uint64, t Tokens, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epoch != anyEpoch && s.epoch != epoch {
		return false
	}
	if epoch == anyEpoch {
		s.epoch++ // a sign-in: what was under way before it must not take its place
	}
	if s.pending == nil || *s.pending != t {
		s.pending, s.pendingAt = &t, now
	}
	return true
}

// keptSince returns for how long tokens have been kept aside.
func (s *session) keptSince(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.pendingAt)
}

// dropAside forgets t, if that is what was kept aside.
func (s *session) dropAside(t Tokens) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending == nil || *s.pending != t {
		return false
	}
	s.pending = nil
	return true
}

// rotate makes the refresh token of old that of its successor, and returns the tokens as they are then. It is false
// when the session has no longer old.
func (s *session) rotate(old Tokens, refreshToken string) (Tokens, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, held := range []*Tokens{s.pending, s.tokens} {
		if held != nil && held.RefreshToken == old.RefreshToken {
			held.RefreshToken = refreshToken
			return *held, true
		}
	}
	return Tokens{}, false
}

// signedOut forgets the session's tokens, unless newer ones than t, which were signed out, have come since; it is
// false then.
func (s *session) signedOut(t Tokens) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := s.tokens
	if s.pending != nil {
		newest = s.pending
	}
	if newest != nil && newest.AccessToken != t.AccessToken {
		return false
	}
	s.epoch++
	s.tokens, s.renewAt, s.access, s.id, s.pending = nil, time.Time{}, nil, nil, nil
	return true
}

// await makes ch the challenge that the sign-in waits for.
func (s *session) await(ch *Challenge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.challenge = ch
}

// awaited returns the challenge that is pending, which is not to be changed; nil when there is none.
func (s *session) awaited() *Challenge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.challenge
}

// endChallenge forgets ch, which was pending before the user signed in otherwise, unless another one has come since.
func (s *session) endChallenge(ch *Challenge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.challenge == ch {
		s.challenge = nil
	}
}

// dropChallenge forgets ch, unless another one has come since.
func (s *session) dropChallenge(ch Challenge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.challenge != nil && s.challenge.Name == ch.Name && s.challenge.Session == ch.Session {
		s.challenge = nil
	}
}

// IDClaims returns a copy of the claims of the session's verified ID token; nil when there is none, or it has
// not been verified (see [Cognito.VerifyTokens]).
func (c *Cognito) IDClaims() *IDClaims {
	if c.session == nil {
		return nil
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.session.id == nil {
		return nil
	}
	return c.session.id.clone()
}

// AccessClaims returns a copy of the claims of the session's verified access token; nil when there is none, or
// it has not been verified (see [Cognito.VerifyTokens]).
func (c *Cognito) AccessClaims() *AccessClaims {
	if c.session == nil {
		return nil
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.session.access == nil {
		return nil
	}
	return c.session.access.clone()
}

// withAccessToken makes a call with the session's access token, which is read once: what signs in or out meanwhile
// does not change whose call it is. An expired token is renewed first when there is a refresh token to do it with; if
// not, the service says what it thinks of the token.
func (c *Cognito) withAccessToken(ctx context.Context, call func(accessToken *string) error) error {
	tokens, err := c.accessToken(ctx)
	if err != nil {
		return err
	}
	return call(aws.String(tokens.AccessToken))
}

// accessToken returns tokens with an access token that has not expired, as far as that can be had.
func (c *Cognito) accessToken(ctx context.Context) (Tokens, error) {
	tokens, err := c.session.loaded(ctx)
	if err != nil {
		return Tokens{}, err
	}
	if tokens.AccessToken != "" && (tokens.RefreshToken == "" || !c.hasExpired(tokens.AccessToken)) {
		return tokens, nil
	}
	if tokens.RefreshToken == "" {
		return Tokens{}, ErrNotSignedIn
	}
	if tokens, err = c.renewed(ctx, tokens, false); err != nil {
		return Tokens{}, err
	}
	if tokens.AccessToken == "" { // signed out meanwhile
		return Tokens{}, ErrNotSignedIn
	}
	return tokens, nil
}

// hasExpired reports whether a token of our own session has expired. One that cannot be read has not, for what we
// know.
func (c *Cognito) hasExpired(raw string) bool {
	claims := unverifiedClaims(raw)
	return claims != nil && claims.expires.set && !c.pool.now().Before(claims.expires.Time)
}
