// Package jwks keeps the public keys of an issuer. They are given once, or fetched on first use and
// again when a token names a key that is missing. A [Keys] implements a storage of
// github.com/MicahParks/jwkset, so that github.com/MicahParks/keyfunc finds the keys for a parser.
// The HTTP storage of jwkset is not used: it does I/O in its constructor, leaves a goroutine behind
// and makes callers wait for minutes.
package jwks

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/flight"
)

const (
	minKeyBits    = 2048
	maxKeyBits    = 8192             // a pool's keys have 2,048; the time of a verification grows with the square
	maxBody       = 64 << 10         // bytes; a pool's key set has two keys and is under 1 kB
	fetchTimeout  = 10 * time.Second // of the fetch itself; a caller's context may end its wait earlier
	softAge       = 45 * time.Minute // after which the set is fetched again in the background
	maxAge        = time.Hour        // after which a call waits for that fetch, at most maxAgeWait
	maxAgeWait    = time.Second      // the old keys are used while fetches fail
	freeFailures  = 2                // failed fetches without a pause
	maxFetchPause = 30 * time.Second // between two fetches while they fail
)

// UnknownKeyPause is the pause between two fetches for keys that are not in the set.
const UnknownKeyPause = 10 * time.Second

var (
	// ErrUnknownKey means that the token names no key, or one that the set does not have.
	ErrUnknownKey = errors.New("token is signed with an unknown key")
	// ErrUnavailable means that the set could not be fetched.
	ErrUnavailable = errors.New("the pool's keys are unavailable")
	// ErrPaused is wrapped together with ErrUnknownKey if the set may have the key by now, but may
	// not be fetched again yet.
	ErrPaused = errors.New("the key set was fetched moments ago, and may not be fetched again yet")
)

// Config configures the sets of a [Keys].
type Config struct {
	Client *http.Client // nil: a plain one; redirects are not followed
	Now    func() time.Time
	Log    *slog.Logger
}

// Set is the set of public keys of one issuer. It starts no goroutine that outlives a fetch, never
// blocks a caller longer than the caller's context, and keeps the old keys while fetches fail. It
// is safe for concurrent use, and finds a key in the set without a lock.
type Set struct {
	url    string // "" if the keys were given
	source string // the option or variable that gave the keys
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	flight flight.Group[struct{}, struct{}]

	current atomic.Pointer[snapshot] // nil before the first fetch

	mu        sync.Mutex // protects the fields below
	lastErr   error      // of the last fetch; nil if it succeeded
	failures  int        // fetches that failed since the last success
	nextFetch time.Time  // no fetch before

	refreshing atomic.Pointer[refresh] // nil unless an old set is being fetched again
}

// refresh is the fetch of a set that is old.
type refresh struct {
	done  chan struct{} // closed when the fetch has ended
	until time.Time     // no caller waits longer
}

// snapshot is a key set as it was fetched or given. It does not change.
type snapshot struct {
	keys map[string]*entry // by their IDs
	at   time.Time
}

// entry is a key, or the reason why it cannot be used.
type entry struct {
	jwk      jwkset.JWK
	unusable error
}

func (e *entry) public() *rsa.PublicKey {
	public, _ := e.jwk.Key().(*rsa.PublicKey)
	return public
}

// Fetched returns a set that is fetched from url.
func Fetched(url string, config Config) *Set {
	s := &Set{url: url, client: &http.Client{}, now: config.Now, log: config.Log}
	if config.Client != nil {
		*s.client = *config.Client
	}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return s
}

// Given returns a set from JSON. source names the option or environment variable that gave it, for
// errors.
func Given(source string, raw []byte) (*Set, error) {
	keys, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	s := &Set{source: source}
	s.current.Store(&snapshot{keys: keys})
	return s, nil
}

// key returns the key with the ID kid. It fetches the set if there is none yet or the key is not in
// it. Errors wrap ErrUnknownKey or ErrUnavailable, or jwt.ErrTokenSignatureInvalid for a key that
// does not sign tokens.
func (s *Set) key(ctx context.Context, kid string) (jwkset.JWK, error) {
	if kid == "" {
		return jwkset.JWK{}, fmt.Errorf("%w: want a key ID, got none", ErrUnknownKey)
	}
	s.refreshIfOld(ctx)
	seen := s.current.Load()
	key, ok := seen.find(kid)
	// A fetch by another caller may have started before the key was published, so one more is made.
	asked := true
	for range 2 {
		if ok {
			break
		}
		var err error
		var fetched bool
		if fetched, asked, err = s.fetchFor(ctx, seen); err != nil {
			return jwkset.JWK{}, err
		}
		seen = s.current.Load()
		if key, ok = seen.find(kid); fetched {
			break
		}
	}
	switch {
	case !ok && s.url == "":
		return jwkset.JWK{}, fmt.Errorf("%w: %s is not in the key set of %s", ErrUnknownKey, quote(kid), s.source)
	case !ok && !asked:
		return jwkset.JWK{}, fmt.Errorf("%w: %s: %w: %s", ErrUnknownKey, quote(kid), ErrPaused, s.url)
	case !ok:
		s.pauseUnknown()
		return jwkset.JWK{}, fmt.Errorf("%w: %s", ErrUnknownKey, quote(kid))
	case key.unusable != nil:
		return jwkset.JWK{}, key.unusable
	default:
		return key.jwk, nil
	}
}

func (set *snapshot) find(kid string) (key *entry, ok bool) {
	if set == nil {
		return nil, false
	}
	key, ok = set.keys[kid]
	return key, ok
}

// has reports whether key is still the key with the ID kid.
func (s *Set) has(ctx context.Context, kid string, key *rsa.PublicKey) bool {
	s.refreshIfOld(ctx)
	found, ok := s.current.Load().find(kid)
	return ok && found.unusable == nil && found.public() == key
}

// recheck reports whether the key with the ID kid is no longer key, whose signature did not match. It
// fetches the set again to learn that, unless the set was fetched moments ago.
func (s *Set) recheck(ctx context.Context, kid string, key *rsa.PublicKey) bool {
	seen := s.current.Load()
	if s.url == "" || seen == nil {
		return false
	}
	if seen.changed(kid, key) { // by a fetch of another call
		return true
	}
	if s.now().Sub(seen.at) < UnknownKeyPause {
		return false
	}
	_, _, _ = s.fetchFor(ctx, seen) // if it fails, the old keys stay
	return s.current.Load().changed(kid, key)
}

// changed reports whether the set has another usable key than key with the ID kid.
func (set *snapshot) changed(kid string, key *rsa.PublicKey) bool {
	now, ok := set.find(kid)
	return ok && now.unusable == nil && now.public() != key
}

// replace makes keys the set. It keeps the pointer of a key that has not changed, so that cached
// tokens stay valid.
func (s *Set) replace(keys map[string]*entry, at time.Time) {
	before := s.current.Load()
	for kid, key := range keys {
		old, ok := before.find(kid)
		if ok && old.unusable == nil && key.unusable == nil && old.public().Equal(key.public()) {
			keys[kid] = old
		}
	}
	s.current.Store(&snapshot{keys: keys, at: at})
}

// preload fetches the set if there is none yet.
func (s *Set) preload(ctx context.Context) error {
	if s.current.Load() != nil {
		return nil
	}
	_, _, err := s.fetchFor(ctx, nil)
	return err
}

// prefetch starts to fetch the set if there is none yet. It does not wait.
func (s *Set) prefetch(ctx context.Context) {
	if s.current.Load() == nil && s.mayFetch() {
		s.start(ctx, nil)
	}
}

// refreshIfOld fetches the set again if it is old. It does not wait while the set is younger than
// an hour. After that, all calls wait until the fetch has ended or has taken a moment, so that a
// withdrawn key is not used for longer than an hour while the endpoint answers, even after a long
// time without calls.
func (s *Set) refreshIfOld(ctx context.Context) {
	set := s.current.Load()
	if s.url == "" || set == nil {
		return
	}
	age := s.now().Sub(set.at)
	if age <= softAge {
		return
	}
	r := s.refreshing.Load()
	if r == nil {
		if !s.mayFetch() {
			return
		}
		r = s.refresh(ctx, set)
	}
	if age < maxAge || r == nil {
		return
	}
	timer := time.NewTimer(time.Until(r.until))
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// refresh starts to fetch the old set again, unless another call has just started that. It returns
// nil if the fetch of the other call has ended.
func (s *Set) refresh(ctx context.Context, old *snapshot) *refresh {
	r := &refresh{done: make(chan struct{}), until: time.Now().Add(maxAgeWait)}
	if !s.refreshing.CompareAndSwap(nil, r) {
		return s.refreshing.Load()
	}
	ended, _ := s.start(ctx, old)
	go func() {
		<-ended // a panic of the caller's clock or logger was recovered; this call is not the one to pass it on
		s.refreshing.Store(nil)
		close(r.done)
	}()
	return r
}

func (s *Set) mayFetch() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.now().Before(s.nextFetch)
}

// fetchFor waits, at most until ctx is done, for a fetch that replaces seen. fetched reports
// whether this call started it. If a fetch was made moments ago, fetchFor does not wait: asked is
// then false, and err is the error of the last fetch, if it failed.
func (s *Set) fetchFor(ctx context.Context, seen *snapshot) (fetched, asked bool, err error) {
	if s.url == "" {
		return true, true, nil
	}
	if !s.mayFetch() {
		s.mu.Lock()
		defer s.mu.Unlock()
		return false, false, s.lastErr
	}
	done, started := s.start(ctx, seen)
	select {
	case result := <-done:
		if result.panicked != nil {
			panic(result.panicked)
		}
		return started.Load(), true, result.err
	case <-ctx.Done():
		return false, true, fmt.Errorf("%w: waiting for %s: %w", ErrUnavailable, s.url, ctx.Err())
	}
}

// outcome is the outcome of a fetch for a caller that waited for it.
type outcome struct {
	err      error
	panicked *flight.PanicError // of the caller's clock or logger
}

// start joins the fetch in progress or starts one, unless the set is no longer seen. Once done has
// a value, started reports whether this call fetched. The fetch has ctx's values but
// outlives it, since others may wait for it.
func (s *Set) start(ctx context.Context, seen *snapshot) (done <-chan outcome, started *atomic.Bool) {
	ctx, started = context.WithoutCancel(ctx), &atomic.Bool{}
	ended := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			o.panicked, _ = recover().(*flight.PanicError)
			ended <- o
		}()
		_, _, o.err = s.flight.Do(ctx, struct{}{}, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.refetch(ctx, seen, started)
		})
	}()
	return ended, started
}

func (s *Set) refetch(ctx context.Context, seen *snapshot, started *atomic.Bool) error {
	if s.current.Load() != seen {
		return nil
	}
	started.Store(true)
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	keys, err := s.fetch(ctx)
	var blip temporaryError
	if errors.As(err, &blip) && ctx.Err() == nil && s.lastSucceeded() { // one retry, so that a blip fails no request
		keys, err = s.fetch(ctx)
	}
	return s.finish(ctx, keys, err)
}

// lastSucceeded reports whether the last fetch succeeded, or there was none.
func (s *Set) lastSucceeded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures == 0
}

// finish records the outcome of a fetch. After the first failures the next caller may retry at
// once. After further failures, fetches pause for 1 s, 2 s, 4 s and so on.
func (s *Set) finish(ctx context.Context, keys map[string]*entry, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if err == nil {
		s.replace(keys, now)
		s.nextFetch, s.failures, s.lastErr = now, 0, nil
		s.log.DebugContext(ctx, "cognito: key set fetched", slog.String("url", s.url), slog.Int("keys", len(keys)))
		return nil
	}
	s.lastErr = fmt.Errorf("%w: %s: %w", ErrUnavailable, s.url, err)
	s.failures++
	if over := s.failures - freeFailures; over > 0 {
		s.nextFetch = now.Add(min(time.Second<<min(over-1, 10), maxFetchPause))
	}
	s.log.DebugContext(ctx, "cognito: key set not fetched", slog.String("url", s.url), slog.Any("error", err))
	return s.lastErr
}

// pauseUnknown delays further fetches after one that did not return a token's key, so that made-up
// key IDs cannot make every call fetch.
func (s *Set) pauseUnknown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); !now.Before(s.nextFetch) { // made-up IDs must not extend a pause
		s.nextFetch = now.Add(UnknownKeyPause)
	}
}

// resume ends a pause that unknown key IDs caused, and reports whether there was one. It does not
// end the pause after failed fetches.
func (s *Set) resume() bool {
	if s.url == "" {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	paused := s.failures == 0 && s.now().Before(s.nextFetch)
	if paused {
		s.nextFetch = s.now()
	}
	return paused
}

// temporaryError is a failure that a retry may avoid: no response, or one with a status of 500 or
// higher.
type temporaryError struct{ error }

// Unwrap returns the error of the request.
func (e temporaryError) Unwrap() error { return e.error }

func (s *Set) fetch(ctx context.Context) (keys map[string]*entry, err error) {
	defer func() { // the HTTP client may be a caller's and panic, and no caller can recover here
		if p := recover(); p != nil {
			keys, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, temporaryError{err}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		err := fmt.Errorf("want status 200, got %d", resp.StatusCode)
		if resp.StatusCode >= http.StatusInternalServerError {
			return nil, temporaryError{err}
		}
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, temporaryError{err}
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("want at most %d bytes, got more", maxBody)
	}
	return parse(body)
}

// parse parses a JSON Web Key Set. It skips keys that cannot be used and keys without an ID, which
// no token can name. It is an error if no key is left. Of two keys with the same ID it uses the
// first that can be used.
func parse(raw []byte) (map[string]*entry, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("want a JSON Web Key Set: %w", err)
	}
	keys, good := map[string]*entry{}, 0
	var problems []error
	for i, raw := range set.Keys {
		kid, key := parseKey(raw)
		if key.unusable != nil && len(problems) < 5 {
			problems = append(problems, fmt.Errorf("key %d (kid %s): %w", i+1, quote(kid), key.unusable))
		}
		if first, ok := keys[kid]; kid == "" || ok && (first.unusable == nil || key.unusable != nil) {
			continue
		}
		keys[kid] = key
		if !errors.Is(key.unusable, ErrUnknownKey) { // a key for another purpose is valid, too
			good++
		}
	}
	if good == 0 {
		none := errors.New("want a JSON Web Key Set with at least one usable key")
		return nil, errors.Join(append([]error{none}, problems...)...)
	}
	return keys, nil
}

func parseKey(raw json.RawMessage) (kid string, key *entry) {
	key = &entry{}
	var id struct {
		KeyID string `json:"kid"`
	}
	err := json.Unmarshal(raw, &id)
	if err == nil {
		// With these options, certificates are compared with the key and never fetched.
		key.jwk, err = jwkset.NewJWKFromRawJSON(raw, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	}
	if err != nil {
		key.unusable = fmt.Errorf("%w: %s is in the key set but cannot be used: %s",
			ErrUnknownKey, quote(id.KeyID), clip(err.Error()))
		return id.KeyID, key
	}
	members, public := key.jwk.Marshal(), key.public()
	switch {
	case public == nil,
		members.USE != "" && members.USE != jwkset.UseSig,
		members.ALG != "" && members.ALG != jwkset.AlgRS256,
		len(members.KEYOPS) > 0 && !slices.Contains(members.KEYOPS, jwkset.KeyOpsVerify):
		key.unusable = fmt.Errorf("key %s is not for this token's algorithm: %w",
			quote(id.KeyID), jwt.ErrTokenSignatureInvalid)
	case public.N.BitLen() < minKeyBits || public.N.BitLen() > maxKeyBits:
		key.unusable = fmt.Errorf("%w: %s is in the key set but cannot be used: want %d to %d bits, got %d",
			ErrUnknownKey, quote(id.KeyID), minKeyBits, maxKeyBits, public.N.BitLen())
	}
	return id.KeyID, key
}

// quote returns a part of a token or a key set for an error, with a bounded length.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%s… (%d bytes)", strconv.Quote(s[:most]), len(s))
	}
	return strconv.Quote(s)
}

func clip(s string) string {
	const most = 200
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return s
}
