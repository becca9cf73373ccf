package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"time"
)

// challengeSession is a challenge that waits for its answer: good once, for a while, for one user, client and
// challenge. A wrong answer leaves it good.
type challengeSession struct {
	client    string
	user      *user
	challenge string
	expires   time.Time
	used      bool
}

// newSession makes a session and returns its handle, which looks like the service's.
func (p *pool) newSession(c *Client, u *user, challenge string) string {
	maps.DeleteFunc(p.sessions, func(_ string, s *challengeSession) bool {
		return p.now().Sub(s.expires) > time.Hour // long past: it no longer matters why it is no good
	})
	var random [600]byte
	_, _ = rand.Read(random[:]) // it never fails
	handle := "AYABe" + base64.RawURLEncoding.EncodeToString(random[:])
	p.sessions[handle] = &challengeSession{
		client: c.ID, user: u, challenge: challenge, expires: p.now().Add(c.AuthSessionValidity),
	}
	return handle
}

// openSession finds the session of an answer and says, as the service does, why it is no good.
func (p *pool) openSession(c *Client, handle, challenge, username string) (*challengeSession, error) {
	if handle == "" {
		return nil, errMissing("Session")
	}
	s := p.sessions[handle]
	switch {
	case s == nil || s.client != c.ID || s.challenge != challenge || s.user.username != username:
		return nil, errSession
	case s.used:
		return nil, errSessionUsed
	case p.now().After(s.expires):
		return nil, errSessionExpired
	default:
		return s, nil
	}
}
