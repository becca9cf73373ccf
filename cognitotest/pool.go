package cognitotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"
)

// pool is the state behind a Server, which locks it.
type pool struct {
	cfg      Config
	advanced time.Duration
	secret   [32]byte // for what must be stable and unguessable

	users     []*user // in the order of their serials
	directory directory
	serials   int64
	messages  []Message
	groups    []*group // these lists too
	providers []*provider
	clients   []*Client       // the app clients; cfg.Clients is what they began as
	apps      map[string]*app // what else is known of them, by ID
	created   time.Time
	proofs    map[string]*proof // by SECRET_BLOCK
	sessions  map[string]*challengeSession
	lockouts  map[string]*lockout     // by internal username, made-up ones included
	attempts  map[string][]time.Time  // by operation and internal username
	refresh   map[string]*refreshable // by refresh token
	families  map[string]*family      // by origin_jti
	keys      keyring
}

func newPool(cfg Config, url string) *pool {
	p := &pool{
		cfg: cfg, proofs: map[string]*proof{}, sessions: map[string]*challengeSession{}, lockouts: map[string]*lockout{},
		attempts: map[string][]time.Time{}, refresh: map[string]*refreshable{}, families: map[string]*family{},
		directory: newDirectory(), apps: map[string]*app{},
		keys: newKeyring(url + cfg.UserPoolID),
	}
	_, _ = rand.Read(p.secret[:]) // it never fails
	p.created = p.now()
	for _, c := range cfg.Clients {
		p.addApp(&c, settingsOf(&c))
	}
	for _, g := range cfg.Groups {
		p.ensureGroup(g)
	}
	return p
}

// nextSerial numbers what the pool lists, in the order in which it comes.
func (p *pool) nextSerial() int64 {
	p.serials++
	return p.serials
}

func (p *pool) now() time.Time { return p.cfg.Now().Add(p.advanced) }

// client finds the app client id.
func (p *pool) client(id string) (*Client, error) {
	i := slices.IndexFunc(p.clients, func(c *Client) bool { return c.ID == id })
	if i < 0 {
		return nil, errNoClient(id)
	}
	return p.clients[i], nil
}

// stable derives bytes from text that are the same for the life of the pool and that nobody can guess.
func (p *pool) stable(purpose, text string) []byte {
	mac := hmac.New(sha256.New, p.secret[:])
	mac.Write([]byte(purpose + "\x00" + text))
	return mac.Sum(nil)
}
