package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"time"
)

// challengeSession is a challenge that waits for its answer: good once, for a while, for one user, client,
// challenge and kind of operation. A wrong code leaves it good.
type challengeSession struct {
	login     *login
	challenge string
	told      bool // the client knows the internal name
	expires   time.Time
	used      bool

	code    string   // that was delivered
	address string   // the attribute that it went to, and
	value   string   // what that was then: the code proves it
	first   bool     // the code is a first factor
	options []string // to choose from
	device  *device  // that is to be proven
	passkey string   // the challenge to a passkey
	private map[string]string
	note    string         // both from CreateAuthChallenge
	token   *softwareToken // that is being set up
	ready   bool           // it is verified
}

// newSession keeps s and returns its handle, which looks like the service's.
func (p *pool) newSession(s *challengeSession) string {
	maps.DeleteFunc(p.sessions, func(_ string, s *challengeSession) bool {
		return p.now().Sub(s.expires) > time.Hour // long past: it no longer matters why it is no good
	})
	var random [600]byte
	_, _ = rand.Read(random[:]) // it never fails
	handle := "AYABe" + base64.RawURLEncoding.EncodeToString(random[:])
	s.expires = p.now().Add(s.login.client.AuthSessionValidity)
	p.sessions[handle] = s
	return handle
}

// The sessions that are no challenges: of a sign-up, and of its confirmation.
const (
	afterSignUp       = "SignUp"
	afterConfirmation = "ConfirmSignUp"
)

// challenge asks for what s waits for.
func (p *pool) challenge(s *challengeSession, params map[string]string) authOutput {
	s.told = params[paramUsername] != "" || params[paramUserID] != ""
	return authOutput{ChallengeName: s.challenge, Session: p.newSession(s), ChallengeParameters: params}
}

// openSession finds the session of an answer to one of the named challenges, and says, as the service does, why it
// is no good.
func (p *pool) openSession(r *authRequest, challenges ...string) (*challengeSession, error) {
	if r.session == "" {
		return nil, errMissing("Session")
	}
	s := p.sessions[r.session]
	if s == nil || s.login.client.ID != r.client.ID || s.login.admin != r.admin ||
		!slices.Contains(challenges, s.challenge) || !s.names(p, r.params[paramUsername]) {
		return nil, errSession
	}
	if err := p.usable(s); err != nil {
		return nil, err
	}
	s.login.take(r)
	return s, nil
}

// usable says why a session is spent.
func (p *pool) usable(s *challengeSession) error {
	switch {
	case s.used:
		return errSessionUsed
	case p.now().After(s.expires):
		return errSessionExpired
	default:
		return nil
	}
}

// names reports whether username is the session's user. Where the challenge told the internal name it must be that.
// Else, and in USER_AUTH, it may also be what the client began with: AWS's own client sends it there to the end.
func (s *challengeSession) names(p *pool, username string) bool {
	l := s.login
	return username == l.username || (!s.told || l.flow == flowChoice) && p.same(l.typed, username)
}
