package cognitotest

import (
	"slices"
	"time"
)

// pool is a user pool of a service. The Server locks it.
type pool struct {
	service *service
	serial  int64 // among the pools
	cfg     Config

	users     []*user // in the order of their serials
	directory directory
	serials   int64
	groups    []*group // these lists too
	providers []*provider
	clients   []*Client       // the app clients; cfg.Clients is what they began as
	apps      map[string]*app // what else is known of them, by ID
	resources []*resourceServer
	domains   []*domain
	immutable []string // standard attributes that cannot be changed
	anyCustom bool     // it takes every custom attribute

	settings          poolSettings
	shape             poolShape
	factors           mfaFactors
	created, modified time.Time

	proofs   map[string]*proof // by SECRET_BLOCK
	sessions map[string]*challengeSession
	lockouts map[string]*lockout     // by internal username, made-up ones included
	attempts map[string][]time.Time  // by operation and internal username
	refresh  map[string]*refreshable // by refresh token
	families map[string]*family      // by origin_jti
	keys     keyring
	oauth    oauthState
}

// newPool returns a pool without adding it to the service.
func newPool(s *service, cfg Config) *pool {
	p := &pool{
		service: s, serial: s.nextSerial(), cfg: cfg, proofs: map[string]*proof{},
		sessions: map[string]*challengeSession{}, lockouts: map[string]*lockout{},
		attempts: map[string][]time.Time{}, refresh: map[string]*refreshable{}, families: map[string]*family{},
		directory: newDirectory(), apps: map[string]*app{}, settings: poolSettings{LambdaConfig: &lambdaConfig{}},
		keys: newKeyring(s.url + cfg.UserPoolID),
	}
	p.created, p.modified = p.now(), p.now()
	if cfg.ACRNames == [4]string{} {
		p.cfg.ACRNames = cfg.acrNames()
	}
	p.anyCustom = cfg.CustomAttributes == nil
	for _, server := range cfg.ResourceServers {
		p.addResourceServer(server)
	}
	for _, c := range cfg.Clients {
		p.addApp(&c, settingsOf(&c))
	}
	for _, g := range cfg.Groups {
		p.ensureGroup(g)
	}
	return p
}

// nextSerial returns the next number for the items that the pool lists in order of creation.
func (p *pool) nextSerial() int64 {
	p.serials++
	return p.serials
}

// client returns the app client id.
func (p *pool) client(id string) (*Client, error) {
	i := slices.IndexFunc(p.clients, func(c *Client) bool { return c.ID == id })
	if i < 0 {
		return nil, errNoClient(id)
	}
	return p.clients[i], nil
}

// stable derives unguessable bytes from text that stay the same for the life of the pool.
func (p *pool) stable(purpose, text string) []byte {
	return p.service.stable(p.cfg.UserPoolID+"\x00"+purpose, text)
}

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

// lockedOut reports whether a user must wait. Attempts during the wait do not count.
func (p *pool) lockedOut(username string) bool {
	l := p.lockouts[username]
	return l != nil && p.now().Before(l.until)
}

// failed counts a wrong password. From the fifth on, the user is locked out for 1 s, 2 s, 4 s, up
// to 15 minutes. 15 minutes without an attempt reset the count.
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

// attempt counts an attempt of an operation and reports whether no more than most were made within
// an hour.
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
