package cognito

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/flight"
)

// A user's session is the tokens of one sign-in, wherever they are held: by several clients in this
// process that share a store, and by other processes. Two rules keep them consistent.
//
// First, a client has one state, which is never modified in place. A call reads the state once and
// uses that for all its decisions.
//
// Second, only a change replaces the tokens: a sign-in, a refresh, a delayed verification, or a
// sign-out. Changes of one session run one at a time. Each takes the session's queue in this
// process and the store's lock, loads what the store holds, calls the service, verifies, saves, and
// replaces the state. Reading never waits for a change.

// Each step of a change has its own time limit, so that no step starts without the time it needs,
// however long the change waited for its turn. The limits also bound how long a hanging store can
// block other callers.
const (
	lockTimeout     = 2 * time.Minute  // for the lock of the store
	storeTimeout    = 10 * time.Second // for one call of the store
	requestsTimeout = time.Minute      // for the requests of a sign-in that follow one another without the caller
	exchangeTimeout = 20 * time.Second // for the exchange of a refresh token
	attemptTimeout  = 9 * time.Second  // for one request of an exchange, so that a lost reply leaves time for another
	verifyTimeout   = 10 * time.Second // for the key set
	trackTimeout    = 10 * time.Second // for the calls that confirm a device
	signOutTimeout  = 20 * time.Second // for the call that ends a session
)

// session is one user's session as held by one Cognito value.
type session struct {
	handler   ChallengeHandler // nil: challenges are the caller's
	store     TokenStore       // nil: tokens last as long as the session
	trackName *string          // confirm new devices under this name; nil: leave that to the caller
	metadata  RefreshMetadata  // for refreshes; nil: that of the sign-in

	log *slog.Logger
	now func() time.Time

	state     atomic.Pointer[state]
	refreshes flight.Group[refreshKey, *tokenSet]
	signIns   flight.Group[struct{}, *tokenSet] // of transports
}

// state is the state of a session. It is never changed in place, and neither is anything it points
// to.
type state struct {
	username string // as the caller gave it

	tokens       *tokenSet // nil: none
	waiting      *tokenSet // newer tokens, whose signing key is not available yet; nil: none
	waitingSince time.Time
	stored       Tokens // what the store held when it was last read or written
	unsaved      bool   // saving the tokens failed
	unreadable   bool   // the store's content was not tokens
	cleared      uint64 // how often the session lost its tokens
	ended        string // fingerprint of signed-out tokens that the store may still hold, or get again

	metadata   map[string]string // ClientMetadata of the sign-in
	challenge  *Challenge        // the pending challenge; nil: none
	askedAt    time.Time         // when the pool last asked
	signUp     signUp            // the last one of this session
	registered bool              // username comes from the last sign-up, not from the caller
	device     *Device           // signs in with the user; nil: none
	newDevice  *Device           // unconfirmed device of the last sign-in, without a password; nil: none
	deviceErr  error             // device error of the last sign-in, which continued without the device
}

// newest returns the tokens obtained last, even if they still wait to be verified.
func (st *state) newest() *tokenSet {
	if st.waiting != nil {
		return st.waiting
	}
	return st.tokens
}

// name returns the session's username, or "" if it is not known.
func (st *state) name() string {
	switch {
	case st.username != "":
		return st.username
	case st.tokens != nil && st.tokens.access != nil:
		return st.tokens.access.Username
	default:
		return ""
	}
}

// checkOwner rejects tokens of another user than the session's. It accepts tokens that name no
// user.
func (st *state) checkOwner(ts *tokenSet) error {
	if ts == st.waiting {
		return nil // checked at the sign-in, which may be of a re-created user with a new subject
	}
	if st.tokens != nil && st.tokens.subject != "" && ts.subject != "" && st.tokens.subject != ts.subject {
		return fmt.Errorf("%w: the subject of the tokens changed", ErrStoreUser)
	}
	if st.username == "" || ts.isOf(st.username) {
		return nil
	}
	return fmt.Errorf("%w: want those of %s", ErrStoreUser, quote(st.username))
}

func newSession(o sessionOptions, p *pool) *session {
	s := &session{handler: o.handler, store: o.store, trackName: o.trackName, metadata: o.metadata}
	if p != nil {
		s.log, s.now = p.log, p.now
	}
	st := &state{username: o.username, challenge: o.challenge, signUp: o.signUp}
	switch { // the name outlasts the challenge or the sign-up, so that the user can sign in again
	case st.username != "":
	case st.challenge != nil:
		st.username = st.challenge.Username
	default:
		st.username = o.signUp.username
	}
	if st.challenge != nil && s.now != nil {
		st.askedAt = s.now()
	}
	if o.device != (Device{}) {
		st.device = &o.device
	}
	if o.tokens != (Tokens{}) {
		st.tokens = readTokens(o.tokens)
	}
	s.state.Store(st)
	return s
}

// current returns the session's state.
func (s *session) current() *state {
	if s == nil {
		return &state{}
	}
	return s.state.Load()
}

// update replaces the state with a changed copy and returns it. change may run more than once.
func (s *session) update(change func(*state)) *state {
	for {
		old := s.state.Load()
		next := *old
		change(&next)
		if s.state.CompareAndSwap(old, &next) {
			return &next
		}
	}
}

// adopt makes ts, existing tokens that were loaded or given, the session's. It does nothing and
// reports false if the session's tokens have changed since seen was read.
func (s *session) adopt(seen *state, ts *tokenSet, change func(*state)) bool {
	adopted := false
	s.update(func(st *state) {
		adopted = st.tokens == seen.tokens && st.waiting == seen.waiting && st.cleared == seen.cleared
		if adopted {
			st.tokens = ts
			change(st)
		}
	})
	return adopted
}

// turns holds the queues of all sessions in this process. Sessions that share a store share a
// queue.
var turns flight.Locks[any]

// queue is the key of the session's queue.
func (s *session) queue() any {
	if s.store != nil && reflect.ValueOf(s.store).Comparable() {
		return s.store
	}
	return s
}

// change runs work as the only change of the session: in this process, and in all processes that
// share the store if it can be locked. It waits for its turn until ctx is done. work decides which
// of its steps ctx cancels. A change must not start another change: it would wait for itself.
func (s *session) change(ctx context.Context, work func(context.Context) error) error {
	done, err := turns.Lock(ctx, s.queue())
	if err != nil {
		return fmt.Errorf("waiting for another change of the session: %w", err)
	}
	defer done()
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.awaitWrites(ctx); err != nil {
		return fmt.Errorf("waiting for the token store: %w", err)
	}
	return work(ctx)
}

// lock locks the store, if it can be locked. If locking fails, as in a read-only folder, the
// session continues without the lock. If ctx or the time limit ends the wait, lock returns an
// error.
func (s *session) lock(ctx context.Context) (unlock func(), err error) {
	locker, ok := s.store.(TokenLocker)
	if !ok {
		return func() {}, nil
	}
	// A locker may hold the lock with something that lives as long as its context, such as a
	// transaction. So ctx and the time limit cancel only the wait.
	lockCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	timer := time.AfterFunc(lockTimeout, func() { cancel(context.DeadlineExceeded) })
	stop := context.AfterFunc(ctx, func() { cancel(ctx.Err()) })
	defer timer.Stop() // also if the store panics
	defer stop()
	var mu sync.Mutex // protects the variables below
	var held func()   // unlocks the store
	abandoned := false
	_, err = flight.Run(lockCtx, func() (struct{}, error) {
		unlock, err := locker.Lock(lockCtx)
		mu.Lock()
		late := abandoned
		if err == nil && !late {
			held = unlock
		}
		mu.Unlock()
		if err == nil && late {
			unlock()
		}
		return struct{}{}, err
	})
	var ended error // why the wait ended, even if lockCtx is not canceled yet
	if !timer.Stop() {
		ended = context.DeadlineExceeded
	}
	if !stop() {
		ended = ctx.Err()
	}
	if err == nil {
		err = ended
	}
	mu.Lock()
	abandoned = err != nil
	locked := held
	mu.Unlock()
	release := func() {
		defer cancel(nil)
		if locked == nil {
			return
		}
		_, err := storeCall(context.WithoutCancel(ctx), "unlock", func(context.Context) (struct{}, error) {
			locked()
			return struct{}{}, nil
		})
		if err != nil {
			s.log.WarnContext(ctx, "cognito: the token store could not be unlocked", slog.Any("error", err))
		}
	}
	if err == nil {
		return release, nil
	}
	release()         // the lock may have come as the wait ended
	if ended != nil { // otherwise the locker failed, perhaps by a time limit of its own
		return nil, fmt.Errorf("lock the token store: %w", ended)
	}
	s.log.WarnContext(ctx, "cognito: the token store cannot be locked", slog.Any("error", err))
	return func() {}, nil
}

// storeCall calls the store with a time limit. It abandons a call that hangs.
func storeCall[V any](ctx context.Context, what string, call func(context.Context) (V, error)) (V, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	v, err := flight.Run(ctx, func() (V, error) { return call(ctx) })
	if err != nil {
		return v, fmt.Errorf("%s the token store: %w", what, err)
	}
	return v, nil
}

// load returns the tokens in the store. Unreadable content counts as no tokens, and unreadable is
// true.
func (s *session) load(ctx context.Context) (tokens Tokens, unreadable bool, err error) {
	seen := lateWrites.decisions(s.queue())
	tokens, err = storeCall(ctx, "load from", s.store.Load)
	if errors.Is(err, ErrStoreContent) {
		s.log.WarnContext(ctx, "cognito: the content of the token store is not tokens and counts as none",
			slog.Any("error", err))
		return Tokens{}, true, nil
	}
	if err != nil {
		return tokens, false, err
	}
	if last, outdated := lateWrites.outdated(s.queue(), tokens, seen); outdated {
		return last, false, nil
	}
	return tokens, false, nil
}

// save writes tokens to the store, if there is one, and reports success. The session can continue
// without it.
func (s *session) save(ctx context.Context, tokens Tokens) bool {
	if s.store == nil {
		return true
	}
	err := s.write(ctx, tokens)
	if err != nil {
		s.log.WarnContext(ctx, "cognito: tokens could not be saved", slog.Any("error", err))
	}
	return err == nil
}

// remove empties the store, if there is one.
func (s *session) remove(ctx context.Context) error {
	if s.store == nil {
		return nil
	}
	return s.write(ctx, Tokens{})
}

// write saves tokens in the store, or deletes its content if they are the zero Tokens. It ignores
// the cancelation of ctx, because new tokens, or a sign-out, must not be lost.
func (s *session) write(ctx context.Context, tokens Tokens) error {
	what, call := "save to", func(ctx context.Context) error { return s.store.Save(ctx, tokens) }
	if tokens == (Tokens{}) {
		what, call = "delete from", s.store.Delete
	}
	lateWrites.decided(s.queue(), tokens)
	done := make(chan struct{})
	_, err := storeCall(context.WithoutCancel(ctx), what, func(ctx context.Context) (struct{}, error) {
		defer close(done)
		return struct{}{}, call(ctx)
	})
	select {
	case <-done:
	default:
		lateWrites.abandon(ctx, s, tokens, done)
	}
	if err == nil {
		lateWrites.wrote(s.queue())
	}
	return err
}

// lateWrites tracks writes that were abandoned because the store hung, and that may still reach it.
// They must not undo later decisions of any session. So the next change waits for them for a while.
// What they have written counts as what was decided last, and is replaced with that once they have
// ended.
var lateWrites lateWriteTable

type lateWriteTable struct {
	mu     sync.Mutex
	queues map[any]*lateQueue
}

// lateQueue tracks the late writes of one queue.
type lateQueue struct {
	running int
	ended   chan struct{} // closed when none is running any more
	until   time.Time     // how long changes wait for them
	wrote   []Tokens      // what they write; the zero Tokens delete
	last    Tokens        // what the store is to hold
	held    bool          // the store has held last: what differs came later, and is another process's
	number  int           // of decisions what it is to hold
}

func (q *lateQueue) decide(tokens Tokens, held bool) {
	q.last, q.held = tokens, held
	q.number++
}

// decided records that the store of the queue should hold tokens.
func (t *lateWriteTable) decided(queue any, tokens Tokens) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[queue]; q != nil {
		q.decide(tokens, false)
	}
}

// wrote records that the store of the queue holds what was decided last.
func (t *lateWriteTable) wrote(queue any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[queue]; q != nil {
		q.held = true
	}
}

// decisions returns the number of decisions of the queue, which a Load is about to be made for; see
// outdated.
func (t *lateWriteTable) decisions(queue any) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[queue]; q != nil {
		return q.number
	}
	return 0
}

// outdated reports whether loaded was written by a late write, and returns what was decided since.
// If it was written by another process after the decision, which was the one with the number seen,
// it is what the store is to hold.
func (t *lateWriteTable) outdated(queue any, loaded Tokens, seen int) (last Tokens, outdated bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.queues[queue]
	switch {
	case q == nil:
	case loaded.same(q.last):
		q.held = true
	case slices.ContainsFunc(q.wrote, loaded.same):
		return q.last, true
	case q.held && q.number == seen:
		q.decide(loaded, true)
	}
	return Tokens{}, false
}

// abandon records that s still writes tokens until done is closed. Afterwards it puts the store
// right. That runs in no caller's goroutine, so a panic of the store is dropped there.
func (t *lateWriteTable) abandon(ctx context.Context, s *session, tokens Tokens, done <-chan struct{}) {
	queue := s.queue()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queues == nil {
		t.queues = map[any]*lateQueue{}
	}
	q := t.queues[queue]
	if q == nil {
		q = &lateQueue{last: tokens, number: 1}
		t.queues[queue] = q
	}
	if q.running == 0 {
		q.ended = make(chan struct{})
	}
	q.running++
	q.until = time.Now().Add(storeTimeout)
	q.wrote = append(q.wrote, tokens)
	flight.Go(func() {
		<-done
		t.mu.Lock()
		if q.running--; q.running == 0 {
			close(q.ended)
		}
		t.mu.Unlock()
		s.undoLateWrites(context.WithoutCancel(ctx))
	})
}

// wait returns a channel that is closed when the late writes of the queue have ended, and until
// when that is waited for; nil if there are none.
func (t *lateWriteTable) wait(queue any) (ended <-chan struct{}, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[queue]; q != nil {
		return q.ended, q.until
	}
	return nil, time.Time{}
}

// forget forgets the late writes of the queue, unless there are new ones.
func (t *lateWriteTable) forget(queue any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queues[queue]; q != nil && q.running == 0 {
		delete(t.queues, queue)
	}
}

// undoLateWrites makes the store hold what was decided last, if late writes have replaced it. A
// store that fails is tried again for a minute and a half.
func (s *session) undoLateWrites(ctx context.Context) {
	defer lateWrites.forget(s.queue())
	for pause := time.Second; ; pause *= 4 {
		err := s.undoLateWrite(ctx)
		if err == nil {
			return
		}
		s.log.WarnContext(ctx, "cognito: a write of the token store that hung could not be undone", slog.Any("error", err))
		if pause > lockTimeout {
			return
		}
		time.Sleep(pause)
	}
}

func (s *session) undoLateWrite(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	return s.change(ctx, func(ctx context.Context) error {
		seen := lateWrites.decisions(s.queue())
		found, err := storeCall(ctx, "load from", s.store.Load)
		switch {
		case errors.Is(err, ErrStoreContent):
			return nil
		case err != nil:
			return err
		}
		if last, outdated := lateWrites.outdated(s.queue(), found, seen); outdated {
			return s.write(ctx, last)
		}
		return nil
	})
}

// awaitWrites waits until the late writes of the store have ended, but not longer than a call of
// the store may take since the last of them was given up.
func (s *session) awaitWrites(ctx context.Context) error {
	ended, until := lateWrites.wait(s.queue())
	if ended == nil {
		return nil
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// held returns the session's newest tokens, or the store's if the session has none, or nil. Tokens
// from the store become the session's if they can be verified. Otherwise they are returned
// unverified, for calls in which the service checks them. If the store holds tokens that were
// signed out but could not be deleted, held deletes them.
func (c *Cognito) held(ctx context.Context) (*tokenSet, error) {
	ts, ended, err := c.look(ctx)
	if ended {
		err = c.session.change(ctx, func(ctx context.Context) (err error) {
			ts, err = c.sync(ctx)
			return err
		})
	}
	return ts, err
}

// look is like held, but does not delete, so that it can run within a change. ended reports that
// the store's tokens were signed out.
func (c *Cognito) look(ctx context.Context) (ts *tokenSet, ended bool, err error) {
	if c.pool == nil || c.session == nil {
		return nil, false, errNotMade
	}
	s := c.session
	st := s.current()
	if ts := st.newest(); ts != nil {
		return ts, false, st.checkOwner(ts)
	}
	if s.store == nil {
		return nil, false, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	loaded, _, err := s.load(ctx)
	switch {
	case err != nil || loaded == Tokens{}:
		return nil, false, err
	case st.hasEnded(loaded):
		return nil, true, nil
	}
	ts = readTokens(loaded)
	if err := st.checkOwner(ts); err != nil {
		return nil, false, err
	}
	verified, err := c.verify(ctx, ts)
	if err != nil {
		return ts, false, nil //nolint:nilerr // a caller that needs verified tokens verifies them and gets the error
	}
	if s.adopt(st, verified, func(st *state) { st.stored = loaded }) {
		return verified, false, nil
	}
	return s.current().newest(), false, nil // a sign-in or sign-out came in between
}

// hasEnded reports whether tokens were signed out by this session but could not be deleted from the
// store.
func (st *state) hasEnded(tokens Tokens) bool {
	return st.ended != "" && st.ended == fingerprint(tokens)
}

// fingerprint identifies the tokens of one refresh. It reveals nothing about them.
func fingerprint(t Tokens) string {
	token := t.RefreshToken
	if token == "" {
		token = t.AccessToken
	}
	sum := sha256.Sum256([]byte(token))
	return string(sum[:])
}

// sync reads the store within a change. It returns the store's tokens if another client or process
// has changed them, otherwise the session's, or nil. The result becomes the session's, unless only
// its refresh token is usable.
func (c *Cognito) sync(ctx context.Context) (*tokenSet, error) {
	s := c.session
	st := s.current()
	own := st.newest()
	if s.store == nil {
		if own == nil {
			return nil, nil //nolint:nilnil // no tokens are no error
		}
		return own, st.checkOwner(own)
	}
	loaded, unreadable, err := s.load(ctx)
	switch {
	case err != nil && own == nil:
		return nil, err
	case err != nil:
		s.log.WarnContext(ctx, "cognito: the session goes on with the tokens it has", slog.Any("error", err))
		return own, nil
	case unreadable:
		st = s.update(func(st *state) { st.stored, st.unsaved, st.unreadable = Tokens{}, true, true })
	case st.hasEnded(loaded):
		if s.remove(ctx) == nil {
			st = s.update(func(st *state) { st.stored, st.ended = Tokens{}, "" })
		}
	case loaded == Tokens{} && (st.stored != Tokens{} || st.unreadable):
		// The tokens that this session saw in the store are gone: a sign-out elsewhere.
		s.update(func(st *state) { st.clear(); st.stored = Tokens{} })
		return nil, nil //nolint:nilnil // no tokens are no error
	case loaded.equal(st.stored) && (own != nil || loaded == Tokens{}): // otherwise seen before, but not taken
	default:
		return c.take(ctx, st, loaded)
	}
	if st.unsaved && st.tokens != nil && s.save(ctx, st.tokens.Tokens) {
		s.update(func(st *state) { st.holds(st.tokens.Tokens) })
	}
	return own, nil
}

// take chooses between the session's tokens and different ones found in the store.
func (c *Cognito) take(ctx context.Context, st *state, loaded Tokens) (*tokenSet, error) {
	s, own, ts := c.session, st.newest(), readTokens(loaded)
	if err := st.checkOwner(ts); err != nil {
		return nil, err
	}
	if own != nil && own.newer(ts) { // saving failed earlier, or the store was restored from a backup
		if own == st.tokens && own.verified() && s.save(ctx, own.Tokens) {
			s.update(func(st *state) { st.holds(own.Tokens) })
		}
		return own, nil
	}
	verified, err := c.verify(ctx, ts)
	switch {
	case err == nil:
		s.update(func(st *state) {
			st.tokens, st.waiting = verified, nil
			st.holds(loaded)
		})
		return verified, nil
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, ErrUnknownKey):
		return ts, nil // the refresh token may be valid, and its new tokens are verified
	case errors.Is(err, ErrKeysUnavailable) && own != nil:
		return own, nil
	case errors.Is(err, ErrKeysUnavailable):
		return nil, err
	}
	s.log.WarnContext(ctx, "cognito: the tokens in the store were rejected", slog.Any("error", err))
	switch {
	case own != nil:
		return own, nil
	case ts.RefreshToken != "":
		return ts, nil
	default:
		return nil, fmt.Errorf("%w: the tokens in the store were rejected: %w", ErrNotSignedIn, err)
	}
}

// holds records that the store holds tokens.
func (st *state) holds(tokens Tokens) { st.stored, st.unsaved, st.unreadable = tokens, false, false }

// clear drops the tokens and what is known about them.
func (st *state) clear() {
	st.tokens, st.waiting, st.unsaved, st.unreadable, st.newDevice = nil, nil, false, false, nil
	st.cleared++
}

// commit saves verified tokens and then makes them the session's. The order matters: after a
// rotation, no other copy of the new refresh token exists. Tokens that cannot be saved are used
// anyway, and the next change saves them.
func (s *session) commit(ctx context.Context, ts *tokenSet) {
	saved := false
	defer func() { // also if the store panics
		s.update(func(st *state) {
			st.tokens, st.waiting, st.unsaved, st.ended = ts, nil, true, ""
			if saved {
				st.holds(ts.Tokens)
			}
		})
	}()
	saved = s.save(ctx, ts.Tokens)
}

// wait keeps the tokens of a refresh whose key is not available. They do not replace verified
// tokens. But the refresh token of base, which they came from, may be spent, so base gets the new
// one, here and in the store.
func (s *session) wait(ctx context.Context, base, ts *tokenSet) {
	s.rotate(ctx, base, ts.RefreshToken)
	s.update(func(st *state) { st.waiting, st.waitingSince = ts, s.now() })
}

// waitSignedIn keeps the tokens of a sign-in whose key is not available. They are stored if the
// store is empty.
func (s *session) waitSignedIn(ctx context.Context, ts *tokenSet) {
	s.update(func(st *state) { st.waiting, st.waitingSince = ts, s.now() })
	if s.store == nil {
		return
	}
	loaded, _, err := s.load(ctx)
	if err == nil && loaded == (Tokens{}) && s.save(ctx, ts.Tokens) {
		s.update(func(st *state) { st.stored = ts.Tokens })
	}
}

// dropWaiting forgets tokens that waited for their key and then failed verification. If the store
// holds them, it gets the session's verified tokens instead.
func (s *session) dropWaiting(ctx context.Context, bad *tokenSet) {
	st := s.update(func(st *state) {
		if st.waiting == bad {
			st.waiting = nil
		}
	})
	switch {
	case s.store == nil || st.stored != bad.Tokens:
	case st.tokens != nil:
		s.commit(ctx, st.tokens)
	case s.remove(ctx) == nil:
		s.update(func(st *state) { st.stored = Tokens{} })
	}
}

// rotate replaces base's refresh token, here and in the store.
func (s *session) rotate(ctx context.Context, base *tokenSet, refreshToken string) {
	if base == nil || refreshToken == "" || base.RefreshToken == refreshToken {
		return
	}
	st := s.current()
	if st.tokens != nil && st.tokens.RefreshToken == base.RefreshToken {
		base = st.tokens // base waits for its key, and came from these
	}
	next := *base
	next.RefreshToken = refreshToken
	// A sign-in that waits for its key is in the store only if nothing else was.
	isStored, saved := base != st.waiting || base.RefreshToken == st.stored.RefreshToken, false
	defer func() { // also if the store panics
		s.update(func(st *state) {
			switch {
			case base == st.waiting:
				st.waiting = &next
			case st.tokens != nil && st.tokens.RefreshToken == base.RefreshToken:
				rotated := *st.tokens // perhaps a verified copy of base, which is made without a change
				rotated.RefreshToken = refreshToken
				st.tokens = &rotated
			}
			if st.unsaved = st.unsaved || !saved; saved {
				st.holds(next.Tokens)
			}
		})
	}()
	saved = isStored && s.save(ctx, next.Tokens)
}

// end clears the session and its store. If the store fails, the session does not load these tokens
// again.
func (s *session) end(ctx context.Context, ts *tokenSet) error {
	ctx = context.WithoutCancel(ctx)
	err := s.remove(ctx)
	var left Tokens // what the store still holds, perhaps of another process's refresh
	if err != nil {
		left, _, _ = s.load(ctx)
	}
	s.update(func(st *state) {
		st.clear()
		st.metadata = nil
		switch {
		case err == nil:
			st.stored, st.ended = Tokens{}, ""
		case left != Tokens{}:
			st.ended = fingerprint(left)
		case st.stored != Tokens{}:
			st.ended = fingerprint(st.stored)
		case ts != nil:
			st.ended = fingerprint(ts.Tokens)
		}
	})
	if ts != nil {
		exchanges.forget(ts)
	}
	return err
}

// drop clears the session, which had ts, and leaves its store alone. The session does not load ts
// again. ts may be nil.
func (s *session) drop(ts *tokenSet) {
	s.update(func(st *state) {
		st.clear()
		if ts != nil {
			st.ended = fingerprint(ts.Tokens)
		}
	})
	if ts != nil {
		exchanges.forget(ts)
	}
}

// endIfSpent clears the session after the service has rejected ts for good. The store keeps tokens
// that others have saved in the meantime.
func (s *session) endIfSpent(ctx context.Context, ts *tokenSet) error {
	if s.store != nil {
		loaded, _, err := s.load(ctx)
		if err != nil || (loaded != Tokens{} && loaded.RefreshToken != ts.RefreshToken) {
			s.drop(ts)
			return err
		}
	}
	return s.end(ctx, ts)
}

// awaited returns the pending challenge, or nil. The caller must not change it.
func (s *session) awaited() *Challenge { return s.current().challenge }

// await makes ch the challenge that the sign-in waits for.
func (s *session) await(ch *Challenge) {
	now := s.now()
	s.update(func(st *state) { st.challenge, st.askedAt = ch, now })
}

// IDClaims returns a copy of the claims of the session's verified ID token, or nil if there is none
// or it has not been verified (see [Cognito.VerifyTokens]). After [Cognito.Token] has returned
// without an error, the claims are there.
func (c *Cognito) IDClaims() *IDClaims {
	if ts := c.session.current().tokens; ts != nil && ts.id != nil {
		return ts.id.clone()
	}
	return nil
}

// AccessClaims returns a copy of the claims of the session's verified access token, or nil if there
// is none or it has not been verified (see [Cognito.VerifyTokens]). After [Cognito.Token] has
// returned without an error, the claims are there.
func (c *Cognito) AccessClaims() *AccessClaims {
	if ts := c.session.current().tokens; ts != nil && ts.access != nil {
		return ts.access.clone()
	}
	return nil
}
