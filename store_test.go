package cognito_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// memoryStore is a store that can be made to fail.
type memoryStore struct {
	mu     sync.Mutex
	tokens cognito.Tokens
	err    error
	calls  []string
}

func (m *memoryStore) note(call string) error {
	m.calls = append(m.calls, call)
	return m.err
}

func (m *memoryStore) Load(context.Context) (cognito.Tokens, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tokens, m.note("load")
}

func (m *memoryStore) Save(_ context.Context, t cognito.Tokens) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.tokens = t
	}
	return m.note("save")
}

func (m *memoryStore) Delete(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.tokens = cognito.Tokens{}
	}
	return m.note("delete")
}

func TestTokenStore(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &memoryStore{}
	first := newClient(t, srv).ForUser("bob", cognito.WithTokenStore(store))
	require.NoError(t, first.Authenticate(t.Context(), testPassword))
	assert.Equal(t, first.Tokens(), store.tokens)

	// Another process begins with what is in the store, and only when it needs tokens.
	for name, use := range map[string]func(*cognito.Cognito) error{
		"VerifyTokens":     func(c *cognito.Cognito) error { return c.VerifyTokens(t.Context()) },
		"RenewAccessToken": func(c *cognito.Cognito) error { return c.RenewAccessToken(t.Context()) },
		"CheckToken": func(c *cognito.Cognito) error {
			_, err := c.CheckToken(t.Context(), false)
			return err
		},
	} {
		other := newClient(t, srv, cognito.WithTokenStore(store))
		assert.Equal(t, cognito.Tokens{}, other.Tokens(), name)
		require.NoError(t, use(other), name)
		assert.Equal(t, store.tokens.RefreshToken, other.Tokens().RefreshToken, name)
	}

	srv.Advance(2 * time.Hour)
	before := store.tokens
	second := newClient(t, srv, cognito.WithTokenStore(store))
	_, err := second.CheckToken(t.Context(), true)
	require.NoError(t, err)
	assert.NotEqual(t, before.AccessToken, store.tokens.AccessToken)
	assert.Equal(t, second.Tokens(), store.tokens)

	require.NoError(t, newClient(t, srv, cognito.WithTokenStore(store)).RevokeToken(t.Context()))
	assert.Equal(t, cognito.Tokens{}, store.tokens)
	require.ErrorIs(t, newClient(t, srv, cognito.WithTokenStore(store)).VerifyTokens(t.Context()), cognito.ErrNotSignedIn)
}

func TestTokenStoreFails(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	errFull := errors.New("disk full")
	store := &memoryStore{err: errFull}
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	require.ErrorIs(t, c.VerifyTokens(t.Context()), errFull)
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), errFull)
	require.ErrorIs(t, c.Logout(t.Context()), errFull)
	_, err := c.CheckToken(t.Context(), false)
	require.ErrorIs(t, err, errFull)

	require.NoError(t, c.Authenticate(t.Context(), testPassword), "a store that fails is no reason not to sign in")
	assert.NotEqual(t, cognito.Tokens{}, c.Tokens())
	store.err = nil
	require.NoError(t, c.VerifyTokens(t.Context()), "and nothing is lost")
	assert.Equal(t, store.tokens, c.Tokens())
	assert.NotEmpty(t, store.tokens.RefreshToken)

	store.err = errFull
	require.ErrorIs(t, c.Logout(t.Context()), errFull)
	assert.Equal(t, cognito.Tokens{}, c.Tokens(), "the service did sign out")
}

func TestZeroMemoryStore(t *testing.T) {
	t.Parallel()
	var store cognito.MemoryStore
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, tokens)
	srv := newServer(t, cognitotest.Config{})
	c := signedIn(t, srv, cognito.WithTokenStore(&store))
	require.NoError(t, c.RenewAccessToken(t.Context()))
	tokens, err = store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, c.Tokens(), tokens)
	unlock, err := store.Lock(t.Context())
	require.NoError(t, err)
	unlock()
}

// A client that New did not make says so.
func TestZeroCognito(t *testing.T) {
	t.Parallel()
	var c cognito.Cognito
	ctx := t.Context()
	_, tokenErr := c.Token(ctx)
	_, checkErr := c.CheckToken(ctx, true)
	_, verifyErr := c.VerifyToken(ctx, "x", cognito.AccessToken)
	_, userErr := c.GetUser(ctx, nil)
	_, sourceErr := c.TokenSource(ctx).Token()
	for name, err := range map[string]error{
		"Authenticate": c.Authenticate(ctx, "x"), "AdminAuthenticate": c.AdminAuthenticate(ctx, "x"),
		"AuthenticateChoice": c.AuthenticateChoice(ctx, cognito.FirstFactor{}), "RenewAccessToken": c.RenewAccessToken(ctx),
		"VerifyTokens": c.VerifyTokens(ctx), "Logout": c.Logout(ctx), "RevokeToken": c.RevokeToken(ctx), "ForgetTokens": c.ForgetTokens(ctx),
		"Token": tokenErr, "CheckToken": checkErr, "VerifyToken": verifyErr, "GetUser": userErr, "TokenSource": sourceErr,
	} {
		require.ErrorContains(t, err, "want one from New", name)
	}
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
	assert.Nil(t, c.AccessClaims())
	assert.Nil(t, c.IDClaims())
	assert.Empty(t, c.Username())
}

// Devices are kept beside the tokens, and outlive them.
func TestDeviceStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "tokens.json")
	memory := cognito.NewMemoryStore()
	for name, open := range map[string]func() cognito.DeviceStore{
		"MemoryStore": func() cognito.DeviceStore { return memory },
		"FileStore":   func() cognito.DeviceStore { return cognito.NewFileStore(path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			device, err := open().LoadDevice(ctx)
			require.NoError(t, err)
			assert.Equal(t, cognito.Device{}, device)
			require.NoError(t, open().DeleteDevice(ctx))

			saved := cognito.Device{Key: "key", GroupKey: "group", Password: "password", Username: "bob"}
			require.NoError(t, open().SaveDevice(ctx, cognito.Device{Key: "earlier"}))
			require.NoError(t, open().SaveDevice(ctx, saved))
			store, ok := open().(cognito.TokenStore)
			require.True(t, ok)
			tokens, err := store.Load(ctx)
			require.NoError(t, err)
			assert.Equal(t, cognito.Tokens{}, tokens)
			require.NoError(t, store.Save(ctx, cognito.Tokens{RefreshToken: "r", Username: "bob"}))
			require.NoError(t, store.Delete(ctx))
			device, err = open().LoadDevice(ctx)
			require.NoError(t, err)
			assert.Equal(t, saved, device, "it outlives a sign-out")

			require.NoError(t, store.Save(ctx, cognito.Tokens{RefreshToken: "r"}))
			require.NoError(t, open().DeleteDevice(ctx))
			device, err = open().LoadDevice(ctx)
			require.NoError(t, err)
			assert.Equal(t, cognito.Device{}, device)
			tokens, err = store.Load(ctx)
			require.NoError(t, err)
			assert.Equal(t, "r", tokens.RefreshToken)
		})
	}

	bad := filepath.Join(t.TempDir(), "tokens.json")
	require.NoError(t, os.WriteFile(bad+".device", []byte(`{"key":"`+secret), 0o600))
	device, err := cognito.NewFileStore(bad).LoadDevice(t.Context())
	require.ErrorIs(t, err, cognito.ErrStoreContent)
	require.ErrorContains(t, err, "want a device")
	require.NotContains(t, err.Error(), secret)
	assert.Equal(t, cognito.Device{}, device)
	_, err = cognito.NewFileStore("").LoadDevice(t.Context())
	require.ErrorContains(t, err, "want the path")
}

func TestMemoryStoreLock(t *testing.T) {
	t.Parallel()
	var store cognito.MemoryStore
	var held, most atomic.Int32
	var wg sync.WaitGroup
	for range 16 { // the first calls of Lock come at the same time
		wg.Go(func() {
			unlock, err := store.Lock(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if now := held.Add(1); now > most.Load() {
				most.Store(now)
			}
			runtime.Gosched()
			held.Add(-1)
			unlock()
			unlock() // the second call releases nobody's lock
		})
	}
	wg.Wait()
	assert.Equal(t, int32(1), most.Load())
	unlock, err := store.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = store.Lock(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
