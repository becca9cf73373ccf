package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"
)

const (
	jwksEnv  = "COGNITO_JWKS"
	jwksPath = "/.well-known/jwks.json"

	maxKeySetBody   = 64 << 10         // a pool's key set has two keys and is under 1 kB
	keyFetchTimeout = 10 * time.Second // of the fetch itself; a caller's context may end its wait earlier
	keySetMaxAge    = 24 * time.Hour   // then it is fetched again, beside the call that noticed
	unknownKeyPause = 10 * time.Second // between two fetches for key IDs that are not in the set
	freeFailures    = 2                // failed fetches before they pause
	maxFetchPause   = 30 * time.Second // between two fetches while they fail
)

// keySet is the public keys of one issuer: given once, or fetched on first use and again when a token names a
// key that is not there. It starts no goroutine that outlives a fetch, never blocks a caller longer than the
// caller's context, and keeps the old keys while fetches fail. It is safe for concurrent use.
type keySet struct {
	url    string // "" when the keys were given
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	store  jwkset.Storage
	lookup keyfunc.Keyfunc
	flight singleflight.Group

	mu        sync.Mutex // protects the fields below
	fetched   time.Time  // when the keys in store came
	lastErr   error      // of the last fetch; nil when it succeeded
	failures  int        // fetches that failed since the last success
	nextFetch time.Time  // no fetch before
}

func newKeySet(url string, client *http.Client, now func() time.Time, log *slog.Logger) *keySet {
	ks := &keySet{url: url, client: &http.Client{}, now: now, log: log, store: jwkset.NewMemoryStorage()}
	if client != nil {
		*ks.client = *client
	}
	ks.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ks.lookup = newLookup(ks.store)
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
	ks := &keySet{store: jwkset.NewMemoryStorage()}
	ks.lookup = newLookup(ks.store)
	return ks, ks.store.KeyReplaceAll(context.Background(), keys)
}

// newLookup finds a token's key in store; keys for another use than signatures are refused.
func newLookup(store jwkset.Storage) keyfunc.Keyfunc {
	lookup, err := keyfunc.New(keyfunc.Options{Storage: store, UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}})
	if err != nil {
		panic("cognito: " + err.Error()) // only for want of a store
	}
	return lookup
}

// key finds the key that signed token. It fetches the set when there is none yet or the key is not in it.
// Errors wrap ErrUnknownKey or ErrKeysUnavailable.
func (ks *keySet) key(ctx context.Context, token *jwt.Token) (any, error) {
	key, err := ks.lookup.KeyfuncCtx(ctx)(token)
	if err == nil {
		ks.refreshIfOld(ctx)
		return key, nil
	}
	if errors.Is(err, jwkset.ErrKeyNotFound) {
		if err := ks.fetchFor(ctx); err != nil {
			return nil, err
		}
		key, err = ks.lookup.KeyfuncCtx(ctx)(token)
	}
	switch {
	case err == nil:
		return key, nil
	case errors.Is(err, jwkset.ErrKeyNotFound):
		ks.pauseUnknown()
		return nil, fmt.Errorf("%w: %s", ErrUnknownKey, quote(fmt.Sprint(token.Header["kid"])))
	default:
		// The key is there, but it is not for the token's algorithm or not for signatures.
		return nil, fmt.Errorf("key %s is not for this token's algorithm: %w", quote(fmt.Sprint(token.Header["kid"])), jwt.ErrTokenSignatureInvalid)
	}
}

// preload fetches the set if there is none yet.
func (ks *keySet) preload(ctx context.Context) error {
	if ks.loaded() {
		return nil
	}
	return ks.fetchFor(ctx)
}

// warm starts fetching the set, if there is none yet, and does not wait for it.
func (ks *keySet) warm(ctx context.Context) {
	if !ks.loaded() && ks.mayFetch() {
		ks.start(ctx)
	}
}

func (ks *keySet) loaded() bool {
	if ks.url == "" {
		return true
	}
	ks.mu.Lock()
	defer ks.mu.Unlock()
	return !ks.fetched.IsZero()
}

func (ks *keySet) refreshIfOld(ctx context.Context) {
	if ks.url == "" {
		return
	}
	ks.mu.Lock()
	now := ks.now()
	old := now.Sub(ks.fetched) > keySetMaxAge && !now.Before(ks.nextFetch)
	ks.mu.Unlock()
	if old {
		ks.start(ctx)
	}
}

func (ks *keySet) mayFetch() bool {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	return !ks.now().Before(ks.nextFetch)
}

// fetchFor waits for a fetch of the set, its own or one under way, but not longer than ctx. Where a fetch has
// just been made it does not wait: the error then is that of the last one, if it failed.
func (ks *keySet) fetchFor(ctx context.Context) error {
	if ks.url == "" {
		return nil
	}
	if !ks.mayFetch() {
		ks.mu.Lock()
		defer ks.mu.Unlock()
		return ks.lastErr
	}
	select {
	case result := <-ks.start(ctx):
		return result.Err
	case <-ctx.Done():
		return fmt.Errorf("%w: waiting for %s: %w", ErrKeysUnavailable, ks.url, ctx.Err())
	}
}

// start joins the fetch that is under way or begins one. The fetch has ctx's values but outlives it: others may
// wait for it.
func (ks *keySet) start(ctx context.Context) <-chan singleflight.Result {
	detached := context.WithoutCancel(ctx)
	return ks.flight.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(detached, keyFetchTimeout)
		defer cancel()
		keys, err := ks.fetch(ctx)
		if err == nil {
			err = ks.store.KeyReplaceAll(ctx, keys)
		}
		return nil, ks.finish(ctx, len(keys), err)
	})
}

// finish records how a fetch ended. After a failure or two the next caller may try again at once; from then on
// fetches pause 1 s, 2 s, 4 s and so on while they fail.
func (ks *keySet) finish(ctx context.Context, n int, err error) error {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	now := ks.now()
	if err == nil {
		ks.fetched, ks.nextFetch, ks.failures, ks.lastErr = now, now, 0, nil
		ks.log.DebugContext(ctx, "cognito: key set fetched", slog.String("url", ks.url), slog.Int("keys", n))
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

func (ks *keySet) fetch(ctx context.Context) ([]jwkset.JWK, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ks.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := ks.client.Do(req)
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
// token can name, are passed over; a broken one spoils the set, since nothing says what else in it is wrong.
func parseKeySet(raw []byte) ([]jwkset.JWK, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("want a JSON Web Key Set: %w", err)
	}
	var keys []jwkset.JWK
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
		keys = append(keys, key)
	}
	return keys, nil
}
