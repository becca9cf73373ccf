// Package redisstore keeps the sessions of package cognito in Redis or Valkey, so that the servers of a
// web application share them.
//
//	store, err := redisstore.New(client, redisstore.WithKeys(key), redisstore.WithExpiry(30*24*time.Hour))
//	bob := pool.ForUser("bob", cognito.WithTokenStore(store.Session(sessionID)))
//
// Each session has its tokens, the user's device, and a lock. Values are encrypted with AES-256-GCM
// and are bound to their session. The database sees a hash of the session's ID and not the ID itself,
// which may therefore be the value of a cookie.
//
// The lock expires by itself when its holder dies, and is extended while it is held. Redis may lose it, for example
// in a failover. Each lock therefore has a random fencing token: a Save or Delete under a lock that
// somebody else has taken since is rejected with [ErrLockLost].
package redisstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/internal/flight"
	"github.com/gocognito/cognito/internal/seal"
)

// ErrLockLost is returned by Save and Delete, and their like for devices, if the session's lock was lost
// and somebody else has taken it since. Nothing is changed then.
var ErrLockLost = errors.New("redisstore: the lock was lost and another process has taken it")

const (
	defaultPrefix   = "cognito:"
	defaultLockTime = 10 * time.Second
	minLockTime     = 100 * time.Millisecond
	poll            = 20 * time.Millisecond // between two attempts to take a lock, and as much again at random
	releaseTime     = 2 * time.Second       // for releasing a lock; it expires anyway
	fenceTime       = 24 * time.Hour        // how much longer than the values a fencing token lives
)

// Store keeps sessions in a Redis database. It is safe for concurrent use. Make one with [New].
type Store struct {
	client   redis.UniversalClient
	box      seal.Box
	prefix   string
	expiry   time.Duration // 0: never
	lockTime time.Duration
	turns    flight.Locks[string]
	locks    sync.Map // the fencing tokens of the locks that this process holds, by session
}

// Option changes what [New] makes.
type Option func(*options) error

type options struct {
	store Store
	keys  [][]byte
	plain bool
}

// WithKeys sets the keys that encrypt the values, of 32 random bytes each. The first key encrypts; all
// of them decrypt. To rotate keys, put the new one first and remove the old one when all sessions
// have been saved again or have expired.
func WithKeys(keys ...[]byte) Option {
	return func(o *options) error {
		if len(keys) == 0 {
			return errors.New("WithKeys: want at least one key, got none")
		}
		o.keys = keys
		return nil
	}
}

// WithoutEncryption stores values as plain JSON. Anyone who can read the database can then act as
// every user in it.
func WithoutEncryption() Option {
	return func(o *options) error {
		o.plain = true
		return nil
	}
}

// WithExpiry makes tokens and devices expire d after they were last saved. Set it to the
// lifetime of the app client's refresh tokens. By default they do not expire.
func WithExpiry(d time.Duration) Option {
	return func(o *options) error {
		if d < time.Second {
			return fmt.Errorf("WithExpiry: want at least 1s, got %v", d)
		}
		o.store.expiry = d
		return nil
	}
}

// WithPrefix sets what the names of all keys begin with. The default is "cognito:".
func WithPrefix(prefix string) Option {
	return func(o *options) error {
		if prefix == "" || len(prefix) > 128 || strings.ContainsAny(prefix, "{}") {
			return errors.New("WithPrefix: want 1 to 128 bytes without braces")
		}
		o.store.prefix = prefix
		return nil
	}
}

// WithLockTime sets after what time a lock expires whose holder has died. The default is 10 s.
func WithLockTime(d time.Duration) Option {
	return func(o *options) error {
		if d < minLockTime {
			return fmt.Errorf("WithLockTime: want at least %v, got %v", minLockTime, d)
		}
		o.store.lockTime = d
		return nil
	}
}

// New returns a store in the database of client. It does no I/O. It is an error to give neither
// [WithKeys] nor [WithoutEncryption], or both.
func New(client redis.UniversalClient, opts ...Option) (*Store, error) {
	if client == nil {
		return nil, errors.New("redisstore: client: want one, got nil")
	}
	var o options
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("redisstore: option %d: want one, got nil", i+1)
		}
		if err := opt(&o); err != nil {
			return nil, fmt.Errorf("redisstore: %w", err)
		}
	}
	if o.plain == (o.keys != nil) {
		return nil, errors.New("redisstore: want either WithKeys or WithoutEncryption")
	}
	box, err := seal.New(o.keys...)
	if err != nil {
		return nil, fmt.Errorf("redisstore: WithKeys: %w", err)
	}
	s := &Store{client: client, box: box, prefix: o.store.prefix, expiry: o.store.expiry, lockTime: o.store.lockTime}
	if s.prefix == "" {
		s.prefix = defaultPrefix
	}
	if s.lockTime == 0 {
		s.lockTime = defaultLockTime
	}
	return s, nil
}

// Session returns the store of one session, such as that of one browser. It does no I/O. Sessions of one
// Store with the same ID are equal. The session's methods return an error if id is empty.
func (s *Store) Session(id string) Session { return Session{store: s, id: id} }

// Session is the store of one session. It is comparable, and safe for concurrent use. Printed or logged
// it does not show its ID. Get one from [Store.Session].
type Session struct {
	store *Store
	id    string
}

var _ interface {
	cognito.TokenStore
	cognito.TokenLocker
	cognito.DeviceStore
} = Session{}

// Format prints the type's name for every verb.
func (s Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "redisstore.Session{}") }

const (
	tokens = "tokens"
	device = "device"
)

// Load returns the session's tokens, or the zero Tokens if there are none. Common errors:
// [cognito.ErrStoreContent].
func (s Session) Load(ctx context.Context) (t cognito.Tokens, err error) {
	err = s.load(ctx, tokens, &t)
	return t, err
}

// Save replaces the session's tokens. Common errors: [ErrLockLost].
func (s Session) Save(ctx context.Context, t cognito.Tokens) error { return s.save(ctx, tokens, t) }

// Delete removes the session's tokens. Deleting when there are no tokens is not an error. Common errors:
// [ErrLockLost].
func (s Session) Delete(ctx context.Context) error { return s.remove(ctx, tokens) }

// LoadDevice returns the user's device, or the zero Device if there is none. Common errors:
// [cognito.ErrStoreContent].
func (s Session) LoadDevice(ctx context.Context) (d cognito.Device, err error) {
	err = s.load(ctx, device, &d)
	return d, err
}

// SaveDevice replaces the user's device. Common errors: [ErrLockLost].
func (s Session) SaveDevice(ctx context.Context, d cognito.Device) error {
	return s.save(ctx, device, d)
}

// DeleteDevice removes the user's device. Deleting when there is no device is not an error. Common
// errors: [ErrLockLost].
func (s Session) DeleteDevice(ctx context.Context) error { return s.remove(ctx, device) }

// check reports a Session that no Store has made or whose ID is empty.
func (s Session) check() error {
	switch {
	case s.store == nil:
		return errors.New("redisstore: session: want one from Store.Session")
	case s.id == "":
		return errors.New("redisstore: session ID: want one, got none")
	default:
		return nil
	}
}

// key returns the name of one of the session's keys. The braces keep them together in a cluster.
func (s Session) key(kind string) string {
	sum := sha256.Sum256([]byte(s.id))
	return s.store.prefix + "{" + base64.RawURLEncoding.EncodeToString(sum[:]) + "}:" + kind
}

func (s Session) load(ctx context.Context, kind string, v any) error {
	if err := s.check(); err != nil {
		return err
	}
	value, err := s.store.client.Get(ctx, s.key(kind)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("redisstore: load the %s: %w", kind, err)
	}
	if err := s.store.box.Open(kind, s.id, value, v); err != nil {
		return fmt.Errorf("redisstore: load the %s: %w: %w", kind, cognito.ErrStoreContent, err)
	}
	return nil
}

// write changes the key KEYS[1] to ARGV[2] for ARGV[3] ms, or removes it if ARGV[2] is empty. It returns 0 and changes
// nothing if KEYS[2], the fencing token, is no longer ARGV[1]. A fencing token that is missing was lost with
// the database, and nobody has taken the lock since.
var write = redis.NewScript(`
local fence = redis.call('GET', KEYS[2])
if ARGV[1] ~= '' and fence and fence ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
elseif ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`)

func (s Session) save(ctx context.Context, kind string, v any) error {
	if err := s.check(); err != nil {
		return err
	}
	value, err := s.store.box.Seal(kind, s.id, v)
	if err != nil {
		return fmt.Errorf("redisstore: save the %s: %w", kind, err)
	}
	return s.write(ctx, "save", kind, value)
}

func (s Session) remove(ctx context.Context, kind string) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.write(ctx, "delete", kind, nil)
}

func (s Session) write(ctx context.Context, what, kind string, value []byte) error {
	held, _ := s.store.locks.Load(s.id)
	token, _ := held.(string)
	done, err := write.Run(ctx, s.store.client, []string{s.key(kind), s.key("fence")},
		token, value, s.store.expiry.Milliseconds()).Int()
	switch {
	case err != nil:
		return fmt.Errorf("redisstore: %s the %s: %w", what, kind, err)
	case done == 0:
		return ErrLockLost
	default:
		return nil
	}
}

// take takes the lock KEYS[1] for ARGV[1], or extends it, for ARGV[2] ms. It returns 1 if ARGV[1] has it now. Its
// fencing token KEYS[2] lives for ARGV[3] ms more. ARGV[4] says that ARGV[1] had the lock before: it gets
// it back if nobody has taken it since.
var take = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[4] == '1' then
	local fence = redis.call('GET', KEYS[2])
	if fence and fence ~= ARGV[1] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[3] == '0' then redis.call('SET', KEYS[2], ARGV[1])
else redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3]) end
return 1`)

// release removes the lock KEYS[1] if ARGV[1] holds it, and ends the fencing token KEYS[2], so that nothing that is
// still on its way changes anything.
var release = redis.NewScript(`
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('SET', KEYS[2], ARGV[1] .. '/released', 'KEEPTTL') end
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)

// Lock waits, at most until ctx is done, until nobody else holds the session's lock. The lock is extended
// until it is released. An error that is not that of ctx means that the database cannot be reached.
func (s Session) Lock(ctx context.Context) (unlock func(), err error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	done, err := s.store.turns.Lock(ctx, s.id)
	if err != nil {
		return nil, fmt.Errorf("redisstore: wait for the lock: %w", err)
	}
	token := rand.Text()
	for {
		taken, err := s.take(ctx, token, false)
		if err != nil {
			s.release(token) // the reply may have been lost
			done()
			return nil, fmt.Errorf("redisstore: take the lock: %w", err)
		}
		if taken {
			break
		}
		select {
		case <-time.After(poll + mathrand.N(poll)): //nolint:gosec // not a secret
		case <-ctx.Done():
			done()
			return nil, fmt.Errorf("redisstore: wait for the lock: %w", ctx.Err())
		}
	}
	s.store.locks.Store(s.id, token)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.extend(stop, token) })
	return sync.OnceFunc(func() {
		close(stop)
		wg.Wait()
		s.store.locks.Delete(s.id) // first: from here on writes must not bear the fencing token
		s.release(token)
		done()
	}), nil
}

// take runs the script of that name. held says that token has had the lock.
func (s Session) take(ctx context.Context, token string, held bool) (bool, error) {
	var fence time.Duration
	if s.store.expiry != 0 {
		fence = 2*s.store.expiry + fenceTime
	}
	before := "0"
	if held {
		before = "1"
	}
	taken, err := take.Run(ctx, s.store.client, []string{s.key("lock"), s.key("fence")},
		token, s.store.lockTime.Milliseconds(), fence.Milliseconds(), before).Int()
	return taken == 1, err
}

// extend extends the lock until it is told to stop or somebody else has the lock.
func (s Session) extend(stop <-chan struct{}, token string) {
	ticker := time.NewTicker(s.store.lockTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
		taken, err := s.take(ctx, token, true)
		cancel()
		if err == nil && !taken {
			return // Save and Delete find it out, too
		}
	}
}

// release gives the lock back, even if the caller's context is done.
func (s Session) release(token string) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_ = release.Run(ctx, s.store.client, []string{s.key("lock"), s.key("fence")}, token).Err() // else it expires
}
