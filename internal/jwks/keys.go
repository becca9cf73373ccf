package jwks

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// Keys holds the key sets of the issuers that a verifier accepts, which are those of one pool. A
// token's key is looked up in the set of the issuer that the token names. If that set cannot be
// fetched, it is looked up in the others: a replicated pool serves its keys from several regions. A
// Keys is safe for concurrent use.
type Keys struct {
	sets     []*Set
	byIssuer map[string]*storage
}

// New returns the keys of issuers. set returns the set of each issuer; it may return the same set
// for several.
func New(issuers []string, set func(issuer string) *Set) (*Keys, error) {
	k := &Keys{byIssuer: map[string]*storage{}}
	for _, issuer := range issuers {
		own := set(issuer)
		s := &storage{Storage: jwkset.NewMemoryStorage(), keys: k, own: own}
		var err error
		if s.keyfunc, err = keyfunc.New(keyfunc.Options{Ctx: context.Background(), Storage: s}); err != nil {
			return nil, fmt.Errorf("keys of %s: %w", issuer, err)
		}
		k.byIssuer[issuer] = s
		if !k.contains(own) {
			k.sets = append(k.sets, own)
		}
	}
	return k, nil
}

func (k *Keys) contains(set *Set) bool {
	return slices.Contains(k.sets, set)
}

// storage is a [jwkset.Storage] of the keys of one issuer. Only its reading methods work. The
// memory storage that it embeds for the others is empty.
type storage struct {
	jwkset.Storage

	keys    *Keys
	own     *Set
	keyfunc keyfunc.Keyfunc
}

// KeyRead returns the key with the ID kid; see [Keys].
func (s *storage) KeyRead(ctx context.Context, kid string) (jwkset.JWK, error) {
	key, err := s.own.key(ctx, kid)
	if !errors.Is(err, ErrUnavailable) {
		return key, wrapKeyError(err)
	}
	for _, other := range s.keys.sets {
		if other == s.own || ctx.Err() != nil {
			continue
		}
		if key, err := other.key(ctx, kid); err == nil {
			return key, nil
		}
	}
	return key, wrapKeyError(err)
}

// keyError carries an error of this package through keyfunc, which wraps it in others.
type keyError struct{ error }

func wrapKeyError(err error) error {
	if err == nil {
		return nil
	}
	return &keyError{err}
}

// KeyReadAll returns the keys of the last fetch. It fetches nothing.
func (s *storage) KeyReadAll(context.Context) ([]jwkset.JWK, error) {
	var all []jwkset.JWK
	if set := s.own.current.Load(); set != nil {
		for _, key := range set.keys {
			if key.unusable == nil {
				all = append(all, key.jwk)
			}
		}
	}
	return all, nil
}

// Key returns the key of a token of issuer. The token's header must have been checked. Errors wrap
// ErrUnknownKey, ErrUnavailable or jwt.ErrTokenSignatureInvalid.
func (k *Keys) Key(ctx context.Context, issuer string, t *jwt.Token) (*rsa.PublicKey, error) {
	s := k.byIssuer[issuer]
	if kid, _ := t.Header["kid"].(string); s == nil || kid == "" { // keyfunc would try all keys
		return nil, fmt.Errorf("%w: want a key ID, got none", ErrUnknownKey)
	}
	key, err := s.keyfunc.KeyfuncCtx(ctx)(t)
	var own *keyError
	switch {
	case errors.As(err, &own):
		return nil, own.error
	case err != nil:
		return nil, fmt.Errorf("%w: %w", jwt.ErrTokenSignatureInvalid, err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: want an RSA key, got %T", jwt.ErrTokenSignatureInvalid, key)
	}
	return public, nil
}

// Has reports whether key is still the key with the ID kid of issuer, or of another issuer if the
// set of issuer has never been fetched.
func (k *Keys) Has(ctx context.Context, issuer, kid string, key *rsa.PublicKey) bool {
	s := k.byIssuer[issuer]
	if s == nil {
		return false
	}
	if s.own.current.Load() != nil || len(k.sets) == 1 {
		return s.own.has(ctx, kid, key)
	}
	for _, set := range k.sets {
		if set.has(ctx, kid, key) {
			return true
		}
	}
	return false
}

// Recheck fetches the set of issuer again after a signature did not match the key with the ID kid,
// but not often. It reports whether the key has changed.
func (k *Keys) Recheck(ctx context.Context, issuer, kid string, key *rsa.PublicKey) bool {
	s := k.byIssuer[issuer]
	return s != nil && s.own.recheck(ctx, kid, key)
}

// Preload fetches the keys of the first issuer whose set can be fetched, if there are none yet.
func (k *Keys) Preload(ctx context.Context) error {
	var errs []error
	for _, set := range k.sets {
		err := set.preload(ctx)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// Prefetch starts to fetch the keys of the first issuer if there are none yet. It does not wait.
func (k *Keys) Prefetch(ctx context.Context) { k.sets[0].prefetch(ctx) }

// Resume ends pauses that unknown key IDs caused, and reports whether there was one.
func (k *Keys) Resume() bool {
	resumed := false
	for _, set := range k.sets {
		resumed = set.resume() || resumed
	}
	return resumed
}
