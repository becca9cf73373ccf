package cognito

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"
)

const (
	jwksEnv  = "COGNITO_JWKS"
	jwksPath = "/.well-known/jwks.json"

	maxKeyBits      = 8192             // a pool's keys have 2,048; a verification takes time with their square
	maxKeySetBody   = 64 << 10         // a pool's key set has two keys and is under 1 kB
	keyFetchTimeout = 10 * time.Second // of the fetch itself; a caller's context may end its wait earlier
	keySetMaxAge    = 24 * time.Hour   // then it is fetched again, beside the call that noticed
	unknownKeyPause = 10 * time.Second // between two fetches for key IDs that are not in the set
	freeFailures    = 2                // failed fetches before they pause
	maxFetchPause   = 30 * time.Second // between two fetches while they fail
)

// keySet is the public keys of one issuer: given once, or fetched on first use and again when a token names a
// key that is not there. It starts no goroutine that outlives a fetch, never blocks a caller longer than the
// caller's context, and keeps the old keys while fetches fail. It is safe for concurrent use, and finds a key that
// is there without a lock.
type keySet struct {
	url    string // "" when the keys were given
	client *http.Client
	now    func() time.Time
	log    *slog.Logger
	flight singleflight.Group

	current atomic.Pointer[fetchedKeys] // nil before the first fetch

	mu        sync.Mutex // protects the fields below
	lastErr   error      // of the last fetch; nil when it succeeded
	failures  int        // fetches that failed since the last success
	nextFetch time.Time  // no fetch before

	refreshing atomic.Bool // while an old set is fetched anew
}

// fetchedKeys is a key set as it came. It does not change.
type fetchedKeys struct {
	keys map[string]*rsa.PublicKey // by their IDs; nil for a key that is not for RS256 signatures
	at   time.Time
}

func newKeySet(url string, client *http.Client, now func() time.Time, log *slog.Logger) *keySet {
	ks := &keySet{url: url, client: &http.Client{}, now: now, log: log}
	if client != nil {
		*ks.client = *client
	}
	ks.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return ks
}

// newStaticKeySet is a key set from JSON that was given by option or environment; source names which, for errors.
func newStaticKeySet(source string, raw []byte) (*keySet, error) {
	keys, err := parseKeySet(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	if len(keys) == 0 {
		return nil, fieldError(source, "want a JSON Web Key Set with at least one key")
	}
	ks := &keySet{}
	ks.current.Store(&fetchedKeys{keys: keys})
	return ks, nil
}

// key finds the key with the ID kid. It fetches the set when there is none yet or the key is not in it. Errors wrap
// ErrUnknownKey or ErrKeysUnavailable, or jwt.ErrTokenSignatureInvalid for a key that does not sign tokens.
func (ks *keySet) key(ctx context.Context, kid string, now time.Time) (*rsa.PublicKey, error) {
	if kid == "" {
		return nil, fmt.Errorf("%w: it names none", ErrUnknownKey)
	}
	seen := ks.current.Load()
	key, ok := seen.find(kid)
	// A fetch that was under way may have begun before the key was there; so one more is worth its while.
	for range 2 {
		if ok {
			break
		}
		fetched, err := ks.fetchFor(ctx, seen)
		if err != nil {
			return nil, err
		}
		seen = ks.current.Load()
		if key, ok = seen.find(kid); fetched {
			break
		}
	}
	switch {
	case !ok:
		ks.pauseUnknown()
		return nil, fmt.Errorf("%w: %s", ErrUnknownKey, quote(kid))
	case key == nil:
		return nil, fmt.Errorf("key %s is not for this token's algorithm: %w", quote(kid), jwt.ErrTokenSignatureInvalid)
	default:
		ks.refreshIfOld(ctx, now)
		return key, nil
	}
}

func (set *fetchedKeys) find(kid string) (key *rsa.PublicKey, ok bool) {
	if set == nil {
		return nil, false
	}
	key, ok = set.keys[kid]
	return key, ok
}

// has reports whether key is still the one with the ID kid.
func (ks *keySet) has(ctx context.Context, kid string, key *rsa.PublicKey, now time.Time) bool {
	found, _ := ks.current.Load().find(kid)
	ks.refreshIfOld(ctx, now)
	return found == key
}

// replace makes keys the set. A key that was in it before stays the same pointer, so that tokens in a cache outlive
// a fetch that changes nothing.
func (ks *keySet) replace(keys map[string]*rsa.PublicKey, at time.Time) {
	before := ks.current.Load()
	for kid, key := range keys {
		if old, ok := before.find(kid); ok && old != nil && key != nil && old.Equal(key) {
			keys[kid] = old
		}
	}
	ks.current.Store(&fetchedKeys{keys: keys, at: at})
}

// preload fetches the set if there is none yet.
func (ks *keySet) preload(ctx context.Context) error {
	if ks.loaded() {
		return nil
	}
	_, err := ks.fetchFor(ctx, nil)
	return err
}

// warm starts fetching the set, if there is none yet, and does not wait for it.
func (ks *keySet) warm(ctx context.Context) {
	if !ks.loaded() && ks.mayFetch() {
		ks.start(ctx, nil)
	}
}

func (ks *keySet) loaded() bool { return ks.current.Load() != nil }

// refreshIfOld fetches the set anew when it is old, and does not wait for it.
func (ks *keySet) refreshIfOld(ctx context.Context, now time.Time) {
	set := ks.current.Load()
	if ks.url == "" || now.Sub(set.at) <= keySetMaxAge || !ks.mayFetch() || !ks.refreshing.CompareAndSwap(false, true) {
		return
	}
	done, _ := ks.start(ctx, set)
	go func() {
		<-done
		ks.refreshing.Store(false)
	}()
}

func (ks *keySet) mayFetch() bool {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	return !ks.now().Before(ks.nextFetch)
}

// fetchFor waits for a fetch of the set, its own (fetched) or one that was under way or has ended since the caller
// had seen the set, but not longer than ctx. Where a fetch has just been made it does not wait: the error then is
// that of the last one, if it failed.
func (ks *keySet) fetchFor(ctx context.Context, seen *fetchedKeys) (fetched bool, err error) {
	if ks.url == "" {
		return true, nil
	}
	if !ks.mayFetch() {
		ks.mu.Lock()
		defer ks.mu.Unlock()
		return ks.current.Load() == seen, ks.lastErr
	}
	done, began := ks.start(ctx, seen)
	select {
	case result := <-done:
		return began.Load(), result.Err
	case <-ctx.Done():
		return false, fmt.Errorf("%w: waiting for %s: %w", ErrKeysUnavailable, ks.url, ctx.Err())
	}
}

// start joins the fetch that is under way or begins one, unless another has ended since the caller had seen the
// set; began tells which, once it is done. The fetch has ctx's values but outlives it: others may wait for it.
func (ks *keySet) start(ctx context.Context, seen *fetchedKeys) (done <-chan singleflight.Result, began *atomic.Bool) {
	detached := context.WithoutCancel(ctx)
	began = &atomic.Bool{}
	return ks.flight.DoChan("", func() (any, error) {
		if ks.current.Load() != seen {
			return nil, nil
		}
		began.Store(true)
		ctx, cancel := context.WithTimeout(detached, keyFetchTimeout)
		defer cancel()
		keys, err := ks.fetch(ctx)
		return nil, ks.finish(ctx, keys, err)
	}), began
}

// finish records how a fetch ended. After a failure or two the next caller may try again at once; from then on
// fetches pause 1 s, 2 s, 4 s and so on while they fail.
func (ks *keySet) finish(ctx context.Context, keys map[string]*rsa.PublicKey, err error) error {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	now := ks.now()
	if err == nil {
		ks.replace(keys, now)
		ks.nextFetch, ks.failures, ks.lastErr = now, 0, nil
		ks.log.DebugContext(ctx, "cognito: key set fetched", slog.String("url", ks.url), slog.Int("keys", len(keys)))
		return nil
	}
	ks.lastErr = fmt.Errorf("%w: %s: %w", ErrKeysUnavailable, ks.url, err)
	ks.failures++
	if over := ks.failures - freeFailures; over > 0 {
		ks.nextFetch = now.Add(min(time.Second<<min(over-1, 10), maxFetchPause))
	}
	ks.log.DebugContext(ctx, "cognito: key set not fetched", slog.String("url", ks.url), slog.Any("error", err))
	return ks.lastErr
}

// pauseUnknown puts off further fetches after one that did not bring a token's key, so that made-up key IDs
// cannot make every call fetch.
func (ks *keySet) pauseUnknown() {
	if ks.url == "" {
		return
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	if now := ks.now(); !now.Before(ks.nextFetch) { // else a pause is under way, and made-up IDs must not prolong it
		ks.nextFetch = now.Add(unknownKeyPause)
	}
}

// resume ends a pause that unknown key IDs brought about, and reports whether there was one. That of failing fetches
// stays.
func (ks *keySet) resume() bool {
	if ks.url == "" {
		return false
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	paused := ks.failures == 0 && ks.now().Before(ks.nextFetch)
	if paused {
		ks.nextFetch = ks.now()
	}
	return paused
}

func (ks *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ks.url, nil) //nolint:gosec // the caller set the address
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := ks.client.Do(req) //nolint:gosec // the same
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("want status 200, got %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySetBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeySetBody {
		return nil, fmt.Errorf("want at most %d bytes, got more", maxKeySetBody)
	}
	keys, err := parseKeySet(body)
	if err == nil && len(keys) == 0 {
		err = errors.New("want at least one key, got none")
	}
	return keys, err
}

// parseKeySet reads a JSON Web Key Set. Keys of a type that is not supported and keys without an ID, which no
// token can name, are passed over; a broken one spoils the set, since nothing says what else in it is wrong. Of two
// keys with one ID the first counts.
func parseKeySet(raw []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("want a JSON Web Key Set: %w", err)
	}
	keys := map[string]*rsa.PublicKey{}
	for i, raw := range set.Keys {
		var id struct {
			KeyID string `json:"kid"`
		}
		err := json.Unmarshal(raw, &id)
		if err == nil && id.KeyID == "" {
			continue
		}
		var key jwkset.JWK
		if err == nil {
			key, err = jwkset.NewJWKFromRawJSON(raw, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		}
		if errors.Is(err, jwkset.ErrUnsupportedKey) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("key %d (kid %s) of the set is broken: %w", i+1, quote(id.KeyID), err)
		}
		if public, ok := key.Key().(*rsa.PublicKey); ok && public.N.BitLen() > maxKeyBits {
			return nil, fmt.Errorf("key %d (kid %s) of the set: want at most %d bits, got %d", i+1, quote(id.KeyID), maxKeyBits, public.N.BitLen())
		}
		if _, ok := keys[id.KeyID]; !ok {
			keys[id.KeyID] = signingKey(key)
		}
	}
	return keys, nil
}

// signingKey is the key if it is for RS256 signatures, else nil.
func signingKey(key jwkset.JWK) *rsa.PublicKey {
	members := key.Marshal()
	if (members.USE != "" && members.USE != jwkset.UseSig) || (members.ALG != "" && members.ALG != jwkset.AlgRS256) {
		return nil
	}
	public, _ := key.Key().(*rsa.PublicKey)
	return public
}
