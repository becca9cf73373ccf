// Package pgstore keeps the sessions of package cognito in PostgreSQL, so that the servers of a web
// application share them.
//
//	store, err := pgstore.New(pool, pgstore.WithKeys(key), pgstore.WithExpiry(30*24*time.Hour))
//	err = store.CreateTable(ctx) // or apply pgstore.Schema in a migration
//	bob := userPool.ForUser("bob", cognito.WithTokenStore(store.Session(sessionID)))
//
// Each session has its tokens, the user's device, and a lock. Values are encrypted with AES-256-GCM
// and bound to their session. The database sees a hash of the session's ID and not the ID itself,
// which may therefore be the value of a cookie.
//
// The lock is an advisory lock of a connection, which the holder keeps until it unlocks. The server
// releases the lock when the connection ends. Each lock has a random fencing token in the session's
// row: if another process has taken the lock since, a Save or Delete is rejected with
// [ErrLockLost].
package pgstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/internal/flight"
	"github.com/gocognito/cognito/internal/seal"
)

// ErrLockLost is returned by Save, Delete, SaveDevice and DeleteDevice if the session's lock was
// lost and another process has taken it since. Nothing is changed then.
var ErrLockLost = errors.New("pgstore: the lock was lost and another process has taken it")

// DefaultTable is the name of the table unless [WithTable] sets another.
const DefaultTable = "cognito_sessions"

// Schema creates the table with the default name if it does not exist.
const Schema = `CREATE TABLE IF NOT EXISTS ` + DefaultTable + columns

const columns = ` (
	id bytea PRIMARY KEY,
	tokens bytea,
	tokens_expire_at timestamptz,
	device bytea,
	device_expire_at timestamptz,
	fence text NOT NULL DEFAULT '',
	locked_at timestamptz NOT NULL DEFAULT now()
)`

const (
	poll        = 20 * time.Millisecond // between attempts to take a lock, plus a random time up to the same
	releaseTime = 2 * time.Second       // for releasing a lock; closing the connection releases it anyway
	fenceTime   = 24 * time.Hour        // how long an empty row keeps its fencing token
)

// Store keeps sessions in a table. It is safe for concurrent use. Create a Store with [New].
type Store struct {
	pool   *pgxpool.Pool
	box    seal.Box
	table  string        // quoted
	expiry time.Duration // 0: never
	turns  flight.Locks[string]
	locks  sync.Map // the locks that this process holds, as *held, by session
}

// held is a lock that this process holds.
type held struct {
	fence string

	mu   sync.Mutex    // for one query at a time
	conn *pgxpool.Conn // nil once it is released
}

// querier is a connection or a pool of connections.
type querier interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// Option configures a [Store] in [New].
type Option func(*options) error

type options struct {
	keys   [][]byte
	plain  bool
	table  string
	expiry time.Duration
}

// WithKeys sets the keys that encrypt the values. Each key is 32 random bytes. The first key
// encrypts; all of them decrypt. To rotate keys, add the new key as the first one. Remove the old
// key when all sessions have been saved again or have expired.
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

// WithExpiry sets how long tokens and devices live after they were last saved. Set it to the
// lifetime of the app client's refresh tokens. d must be at least one second. By default they do
// not expire. Expired values are not loaded. [Store.DeleteExpired] removes them.
func WithExpiry(d time.Duration) Option {
	return func(o *options) error {
		if d < time.Second {
			return fmt.Errorf("WithExpiry: want at least 1s, got %v", d)
		}
		o.expiry = d
		return nil
	}
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$`)

// WithTable sets the name of the table, such as "sessions" or "auth.sessions". The name is
// case-sensitive. The default is [DefaultTable].
func WithTable(name string) Option {
	return func(o *options) error {
		if !tableName.MatchString(name) {
			return errors.New("WithTable: want a name of letters, digits and underscores, with or without a schema")
		}
		o.table = name
		return nil
	}
}

// New returns a store in the database of pool. It does no I/O. Exactly one of [WithKeys] and
// [WithoutEncryption] must be given. Each locked session uses a connection of the pool.
func New(pool *pgxpool.Pool, opts ...Option) (*Store, error) {
	if pool == nil {
		return nil, errors.New("pgstore: pool: want one, got nil")
	}
	o := options{table: DefaultTable}
	for i, opt := range opts {
		if opt == nil {
			return nil, fmt.Errorf("pgstore: option %d: want one, got nil", i+1)
		}
		if err := opt(&o); err != nil {
			return nil, fmt.Errorf("pgstore: %w", err)
		}
	}
	if o.plain == (o.keys != nil) {
		return nil, errors.New("pgstore: want either WithKeys or WithoutEncryption")
	}
	box, err := seal.New(o.keys...)
	if err != nil {
		return nil, fmt.Errorf("pgstore: WithKeys: %w", err)
	}
	table := pgx.Identifier(strings.Split(o.table, ".")).Sanitize()
	return &Store{pool: pool, box: box, table: table, expiry: o.expiry}, nil
}

// CreateTable creates the store's table if it does not exist.
func (s *Store) CreateTable(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+s.table+columns); err != nil {
		return fmt.Errorf("pgstore: create the table: %w", err)
	}
	return nil
}

// DeleteExpired removes sessions whose tokens and device have expired or were deleted. It returns
// their number. Call it from time to time.
func (s *Store) DeleteExpired(ctx context.Context) (int64, error) {
	tag, err := s.pool.Exec(ctx, "DELETE FROM "+s.table+` WHERE (tokens IS NULL OR tokens_expire_at < now())
		AND (device IS NULL OR device_expire_at < now()) AND locked_at < now() - $1::interval`, fenceTime)
	if err != nil {
		return 0, fmt.Errorf("pgstore: delete expired sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}

// Session returns the store of one session, such as the session of one browser. It does no I/O.
// Sessions of one Store with the same ID are equal. If id is empty, the session's methods return an
// error.
func (s *Store) Session(id string) Session { return Session{store: s, id: id} }

// Session is the store of one session. It is comparable and safe for concurrent use. Printed or
// logged, it does not show its ID. Create a Session with [Store.Session].
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
func (s Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "pgstore.Session{}") }

// The columns of the values.
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

// Delete removes the session's tokens. Deleting when there are no tokens is not an error. Common
// errors: [ErrLockLost].
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

// check returns an error if no Store created the Session or its ID is empty.
func (s Session) check() error {
	switch {
	case s.store == nil:
		return errors.New("pgstore: session: want one from Store.Session")
	case s.id == "":
		return errors.New("pgstore: session ID: want one, got none")
	default:
		return nil
	}
}

// row returns the session's primary key.
func (s Session) row() []byte {
	sum := sha256.Sum256([]byte(s.id))
	return sum[:]
}

// advisory returns the number of the session's advisory lock. Two sessions may have the same
// number, which is unlikely and only makes them wait for each other.
func (s Session) advisory() int64 {
	sum := sha256.Sum256(append([]byte("cognito\x00"+s.store.table+"\x00"), s.row()...))
	return int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any number will do
}

// with calls do with the fencing token and the connection of the lock that this process holds. If a
// holder needed another connection, it could wait forever while other holders have taken the whole
// pool. Without a lock, or if the connection is broken, with calls do with the pool.
func (s Session) with(ctx context.Context, do func(q querier, fence string) error) error {
	value, _ := s.store.locks.Load(s.id)
	lock, _ := value.(*held)
	if lock == nil {
		return s.store.onPool(ctx, func() error { return do(s.store.pool, "") })
	}
	lock.mu.Lock()
	if lock.conn != nil && !lock.conn.Conn().IsClosed() {
		err := do(lock.conn, lock.fence)
		closed := lock.conn.Conn().IsClosed()
		lock.mu.Unlock()
		if err == nil || !closed {
			return err
		}
	} else {
		lock.mu.Unlock()
	}
	return s.store.onPool(ctx, func() error { return do(s.store.pool, lock.fence) })
}

// onPool calls do again while it fails because its connection was already broken. All connections
// of the pool are broken after the server has restarted. do may send its query twice.
func (s *Store) onPool(ctx context.Context, do func() error) error {
	for left := s.pool.Config().MaxConns; ; left-- {
		err := do()
		if err == nil || left == 0 || ctx.Err() != nil || !broken(err) {
			return err
		}
	}
}

// broken reports whether err means that the connection has ended.
func broken(err error) bool {
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) || errors.Is(err, pgx.ErrNoRows) {
		return false
	}
	var answer *pgconn.PgError
	return !errors.As(err, &answer) || strings.HasPrefix(answer.Code, "57P") // the server is shutting down
}

func (s Session) load(ctx context.Context, kind string, v any) error {
	if err := s.check(); err != nil {
		return err
	}
	var value []byte
	err := s.with(ctx, func(q querier, _ string) error {
		return q.QueryRow(ctx, "SELECT "+kind+" FROM "+s.store.table+" WHERE id = $1 AND ("+
			kind+"_expire_at IS NULL OR "+kind+"_expire_at > now())", s.row()).Scan(&value)
	})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && value == nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pgstore: load the %s: %w", kind, err)
	}
	if err := s.store.box.Open(kind, s.id, value, v); err != nil {
		return fmt.Errorf("pgstore: load the %s: %w: %w", kind, cognito.ErrStoreContent, err)
	}
	return nil
}

func (s Session) save(ctx context.Context, kind string, v any) error {
	if err := s.check(); err != nil {
		return err
	}
	value, err := s.store.box.Seal(kind, s.id, v)
	if err != nil {
		return fmt.Errorf("pgstore: save the %s: %w", kind, err)
	}
	var expiry any // NULL: never
	if s.store.expiry != 0 {
		expiry = s.store.expiry
	}
	return s.write(ctx, "save", kind, value, expiry)
}

func (s Session) remove(ctx context.Context, kind string) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.write(ctx, "delete", kind, nil, nil)
}

// write sets the column kind. A missing row was lost with the database; nobody has taken the lock
// since.
func (s Session) write(ctx context.Context, what, kind string, value []byte, expiry any) error {
	var written int64
	err := s.with(ctx, func(q querier, fence string) error {
		tag, err := q.Exec(ctx, "INSERT INTO "+s.store.table+" AS t (id, "+kind+", "+kind+`_expire_at, fence)
			VALUES ($1, $2, now() + $3::interval, $4)
			ON CONFLICT (id) DO UPDATE SET `+kind+" = excluded."+kind+", "+kind+"_expire_at = excluded."+kind+`_expire_at
			WHERE $4 = '' OR t.fence = $4`, s.row(), value, expiry, fence)
		written = tag.RowsAffected()
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("pgstore: %s the %s: %w", what, kind, err)
	case written == 0:
		return ErrLockLost
	default:
		return nil
	}
}

// Lock waits, at most until ctx is done, until nobody else holds the session's lock. It uses a
// connection of the pool until the lock is released. Waiting callers keep no connection. An error
// other than that of ctx means that the database cannot be used.
func (s Session) Lock(ctx context.Context) (unlock func(), err error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	done, err := s.store.turns.Lock(ctx, s.id)
	if err != nil {
		return nil, fmt.Errorf("pgstore: wait for the lock: %w", err)
	}
	lock, err := s.poll(ctx)
	if err != nil {
		done()
		return nil, err
	}
	s.store.locks.Store(s.id, lock)
	return sync.OnceFunc(func() {
		s.store.locks.Delete(s.id) // first: from here on writes must not bear the fencing token
		lock.mu.Lock()
		s.release(lock.conn, lock.fence)
		lock.conn = nil
		lock.mu.Unlock()
		done()
	}), nil
}

// poll waits for the lock and takes it.
func (s Session) poll(ctx context.Context) (*held, error) {
	for {
		var lock *held
		err := s.store.onPool(ctx, func() (err error) {
			lock, err = s.try(ctx)
			return err
		})
		if lock != nil {
			return lock, nil
		}
		if err != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("pgstore: take the lock: %w", err)
		}
		select {
		case <-time.After(poll + mathrand.N(poll)): //nolint:gosec // not a secret
		case <-ctx.Done():
			return nil, fmt.Errorf("pgstore: wait for the lock: %w", ctx.Err())
		}
	}
}

// try takes the lock if nobody holds it. Otherwise it returns nil.
func (s Session) try(ctx context.Context) (*held, error) {
	conn, err := s.store.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	var taken bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", s.advisory()).Scan(&taken); err != nil {
		drop(conn) // the lock may have been taken anyway
		return nil, err
	}
	if !taken {
		conn.Release()
		return nil, nil
	}
	fence := rand.Text()
	_, err = conn.Exec(ctx, "INSERT INTO "+s.store.table+` (id, fence) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET fence = excluded.fence, locked_at = now()`, s.row(), fence)
	if err != nil {
		drop(conn)
		return nil, err
	}
	return &held{fence: fence, conn: conn}, nil
}

// release releases the lock and its connection, even if the caller's context is done. It
// invalidates the fencing token first, so that queries still in transit change nothing.
func (s Session) release(conn *pgxpool.Conn, fence string) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_, err := conn.Exec(ctx,
		"UPDATE "+s.store.table+" SET fence = $2 || '/released' WHERE id = $1 AND fence = $2", s.row(), fence)
	var released bool
	if err == nil {
		err = conn.QueryRow(ctx, "SELECT pg_advisory_unlock($1)", s.advisory()).Scan(&released)
	}
	if err != nil || !released {
		drop(conn)
		return
	}
	conn.Release()
}

// drop closes a connection, which releases its locks.
func drop(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_ = conn.Hijack().Close(ctx)
}
