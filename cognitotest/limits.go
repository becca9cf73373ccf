package cognitotest

import (
	"slices"
	"time"
)

const (
	freeFailures = 5 // wrong passwords before a lock-out
	maxLockout   = 15 * time.Minute
)

// lockout counts a user's wrong passwords.
type lockout struct {
	failures int
	last     time.Time
	until    time.Time
}

// lockedOut reports whether a user must wait. Attempts meanwhile do not count.
func (p *pool) lockedOut(username string) bool {
	l := p.lockouts[username]
	return l != nil && p.now().Before(l.until)
}

// failed counts a wrong password: from the fifth on the user is locked out for 1 s, 2 s, 4 s, up to 15 minutes.
// 15 quiet minutes end the count.
func (p *pool) failed(username string) {
	l := p.lockouts[username]
	if l == nil || p.now().Sub(l.last) > maxLockout {
		l = &lockout{}
		p.lockouts[username] = l
	}
	l.failures++
	l.last = p.now()
	if over := l.failures - freeFailures; over >= 0 {
		l.until = l.last.Add(min(time.Second<<min(over, 20), maxLockout))
	}
}

func (p *pool) succeeded(username string) { delete(p.lockouts, username) }

// attempt counts an attempt of an operation and reports whether it is among the first most within an hour.
func (p *pool) attempt(op, username string, most int) bool {
	key := op + " " + username
	hourAgo := p.now().Add(-time.Hour)
	recent := slices.DeleteFunc(p.attempts[key], func(t time.Time) bool { return t.Before(hourAgo) })
	if len(recent) >= most {
		p.attempts[key] = recent
		return false
	}
	p.attempts[key] = append(recent, p.now())
	return true
}
