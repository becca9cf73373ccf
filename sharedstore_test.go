package cognito_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// watchingStore sees what the session has when it is asked to save.
type watchingStore struct {
	*cognito.MemoryStore

	session *cognito.Cognito
	seen    []cognito.Tokens
	fail    error
}

func (w *watchingStore) Save(ctx context.Context, t cognito.Tokens) error {
	if w.session != nil {
		w.seen = append(w.seen, w.session.Tokens())
	}
	if w.fail != nil {
		return w.fail
	}
	return w.MemoryStore.Save(ctx, t)
}

func TestRotatedTokensAreSavedBeforeTheyAreHandedOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := &watchingStore{MemoryStore: cognito.NewMemoryStore()}
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	before := c.Tokens()
	store.session = c
	srv.Advance(2 * time.Hour)
	_, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []cognito.Tokens{before}, store.seen, "the session still had the old ones")

	// A store that fails: the tokens are used all the same, and saved by the next change.
	store.fail = errors.New("disk full")
	srv.Advance(2 * time.Hour)
	_, err = c.Token(t.Context())
	require.NoError(t, err)
	store.fail = nil
	require.NoError(t, c.VerifyTokens(t.Context()))
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, c.Tokens(), stored)

	// The same within a second, when the tokens in the store are as old as those that could not be
	// saved.
	store.fail = errors.New("disk full")
	require.NoError(t, c.RenewAccessToken(t.Context()))
	store.fail = nil
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.NotEqual(t, stored, c.Tokens())
	stored, err = store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, c.Tokens(), stored)
}

// When the new tokens cannot be verified for want of keys, the rotated refresh token must outlive
// the process.
func TestRotatedTokensAreSavedWithoutKeys(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	store := cognito.NewMemoryStore()
	c := signedIn(t, srv, cognito.WithTokenStore(store))
	srv.RotateKeys()
	srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1})
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
	srv.ClearFaults()
	require.NoError(t, newClient(t, srv, cognito.WithTokenStore(store)).RenewAccessToken(t.Context()))
}

// plainStore cannot be locked, as a store of a caller's own.
type plainStore struct{ store *cognito.MemoryStore }

func (p plainStore) Load(ctx context.Context) (cognito.Tokens, error) { return p.store.Load(ctx) }
func (p plainStore) Save(ctx context.Context, t cognito.Tokens) error { return p.store.Save(ctx, t) }
func (p plainStore) Delete(ctx context.Context) error                 { return p.store.Delete(ctx) }

// Two processes with one store: the second takes what the first has obtained.
func TestSharedStore(t *testing.T) {
	t.Parallel()
	for name, share := range map[string]func(*cognito.MemoryStore) cognito.TokenStore{
		"with a lock":    func(m *cognito.MemoryStore) cognito.TokenStore { return m },
		"without a lock": func(m *cognito.MemoryStore) cognito.TokenStore { return plainStore{m} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
			memory := cognito.NewMemoryStore()
			first := signedIn(t, srv, cognito.WithTokenStore(share(memory)))
			second := newClient(t, srv, cognito.WithTokenStore(share(memory)))
			require.NoError(t, second.VerifyTokens(t.Context()))
			srv.Advance(2 * time.Hour)
			tokens, err := first.Token(t.Context())
			require.NoError(t, err)
			same, err := second.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tokens, same)
			assert.Equal(t, 1, renewals(srv))
			assert.Equal(t, second.AccessClaims().ExpiresAt.Time, same.ExpiresAt, "the claims are those of the tokens")

			// Even when what it took has expired, its refresh token is the newer one.
			srv.Advance(2 * time.Hour)
			_, err = first.Token(t.Context())
			require.NoError(t, err)
			srv.Advance(2 * time.Hour)
			_, err = second.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 3, renewals(srv))
		})
	}
}

// racingStore gives another process's tokens only once the service has said that the own ones were
// used.
type racingStore struct {
	plainStore

	srv    *cognitotest.Server
	newer  cognito.Tokens
	before int
}

func (r racingStore) Load(ctx context.Context) (cognito.Tokens, error) {
	if renewals(r.srv) > r.before {
		return r.newer, nil
	}
	return r.store.Load(ctx)
}

func TestReuseReloadsTheStoreOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	memory := cognito.NewMemoryStore()
	other := signedIn(t, srv, cognito.WithTokenStore(memory))
	old := other.Tokens()
	srv.Advance(2 * time.Hour)
	newer := refreshElsewhere(t, other)
	stale := cognito.NewMemoryStore()
	require.NoError(t, stale.Save(t.Context(), old))

	c := newClient(t, srv, cognito.WithTokenStore(racingStore{plainStore{stale}, srv, newer, renewals(srv)}))
	got, err := c.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, newer, got)
	assert.Equal(t, 2, renewals(srv))

	// Without anything newer it is the end of the session.
	require.NoError(t, stale.Save(t.Context(), old))
	c = newClient(t, srv, cognito.WithTokenStore(stale))
	_, err = c.Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrRefreshTokenReused)
	assert.Equal(t, 3, renewals(srv))
}
