package cognito_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func TestFileStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new folder", "tokens.json")
	store := cognito.NewFileStore(path)
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, tokens)
	require.NoError(t, store.Delete(t.Context()))

	saved := cognito.Tokens{AccessToken: "a", IDToken: "i", RefreshToken: "r", TokenType: "Bearer", ExpiresAt: testTime}
	require.NoError(t, store.Save(t.Context(), cognito.Tokens{AccessToken: strings.Repeat("longer", 100)}))
	require.NoError(t, store.Save(t.Context(), saved))
	tokens, err = cognito.NewFileStore(path).Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, saved, tokens)
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		info, err = os.Stat(filepath.Dir(path))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left beside it")

	require.NoError(t, store.Delete(t.Context()))
	tokens, err = store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, tokens)
}

// A save replaces a link that somebody has left in place of the file; nothing follows one.
func TestFileStoreAndLinks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, target := filepath.Join(folder, "tokens.json"), filepath.Join(folder, "target")
	require.NoError(t, os.WriteFile(target, []byte(`{"access_token":"`+secret+`"}`), 0o600))
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err) // Windows, without the right to
	}
	store := cognito.NewFileStore(path)
	tokens, err := store.Load(t.Context())
	require.ErrorIs(t, err, cognito.ErrStoreContent)
	assert.Equal(t, cognito.Tokens{}, tokens)
	require.NoError(t, store.Save(t.Context(), cognito.Tokens{AccessToken: "other"}))
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.Contains(t, string(text), secret)
	tokens, err = store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "other", tokens.AccessToken)

	require.NoError(t, os.Symlink(filepath.Join(folder, "new"), path+".lock"))
	_, err = store.Lock(t.Context())
	if runtime.GOOS != "windows" {
		require.ErrorContains(t, err, path+".lock")
		require.NoFileExists(t, filepath.Join(folder, "new"))
	}
}

func TestFileStoreFails(t *testing.T) {
	t.Parallel()
	for _, nowhere := range []*cognito.FileStore{{}, cognito.NewFileStore("")} {
		_, err := nowhere.Load(t.Context())
		require.ErrorContains(t, err, "want the path")
		require.ErrorContains(t, nowhere.Save(t.Context(), cognito.Tokens{}), "want the path")
		_, err = nowhere.Lock(t.Context())
		require.ErrorContains(t, err, "want the path")
		require.NoError(t, nowhere.Delete(t.Context()))
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "tokens.json")
	for name, text := range map[string]string{"no JSON": `{"access_token":"` + secret, "huge": strings.Repeat(" ", 300<<10)} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := cognito.NewFileStore(path).Load(t.Context())
		require.ErrorIs(t, err, cognito.ErrStoreContent, name)
		require.ErrorContains(t, err, path, name)
		assert.NotContains(t, err.Error(), secret)
	}
	// A file where the folder should be: saving fails, locking too, and nothing is left behind.
	inFile := cognito.NewFileStore(filepath.Join(path, "tokens.json"))
	require.Error(t, inFile.Save(t.Context(), cognito.Tokens{}))
	_, err := inFile.Lock(t.Context())
	require.Error(t, err)
	// A folder where the file should be.
	require.NoError(t, os.Mkdir(filepath.Join(folder, "x"), 0o700))
	require.Error(t, cognito.NewFileStore(filepath.Join(folder, "x")).Save(t.Context(), cognito.Tokens{}))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 2)
}

func TestFileStoreLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	unlock, err := cognito.NewFileStore(path).Lock(t.Context())
	require.NoError(t, err)
	other := cognito.NewFileStore(path)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = other.Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, path+".lock")
	unlock()
	unlock() // once is enough
	again, err := other.Lock(t.Context())
	require.NoError(t, err)
	unlock() // the other holds it by now
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = cognito.NewFileStore(path).Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	again()
	again, err = other.Lock(t.Context())
	require.NoError(t, err)
	again()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = other.Lock(canceled)
	require.ErrorIs(t, err, context.Canceled, "even if the lock is free")
}

// A lock file that an earlier process has left is no obstacle, whatever its age, and one at a time holds the lock.
func TestFileStoreLockFileLeftBehind(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]time.Duration{"old": time.Hour, "new": 0, "of the future": -100 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "tokens.json")
			require.NoError(t, os.WriteFile(path+".lock", []byte("of a process that is gone"), 0o600))
			at := time.Now().Add(-age)
			require.NoError(t, os.Chtimes(path+".lock", at, at))
			var held, most atomic.Int32
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					unlock, err := cognito.NewFileStore(path).Lock(t.Context())
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
				})
			}
			wg.Wait()
			assert.Equal(t, int32(1), most.Load())
			assert.Equal(t, []string{"tokens.json.lock"}, filesBeside(t, path))
		})
	}
}

// filesBeside lists the folder of the file at path.
func filesBeside(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// Sessions that share a file as processes do must not both spend a refresh token that is good for one use.
func TestFileStoreBetweenSessions(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	path := filepath.Join(t.TempDir(), "tokens.json")
	signedIn(t, srv, cognito.WithTokenStore(cognito.NewFileStore(path)))
	var sessions []*cognito.Cognito
	for range 8 {
		c := newClient(t, srv, cognito.WithTokenStore(cognito.NewFileStore(path)))
		require.NoError(t, c.VerifyTokens(t.Context()))
		sessions = append(sessions, c)
	}
	for round := range 3 {
		srv.Advance(2 * time.Hour)
		var wg sync.WaitGroup
		for _, c := range sessions {
			wg.Go(func() {
				if _, err := c.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		assert.Equal(t, round+1, renewals(srv))
		for _, c := range sessions {
			assert.Equal(t, sessions[0].Tokens(), c.Tokens())
		}
	}
}

// The same with real processes: this test binary, started several times.
func TestFileStoreBetweenProcesses(t *testing.T) {
	if pool := os.Getenv("COGNITO_TEST_POOL"); pool != "" {
		renewInAnotherProcess(t, pool)
		return
	}
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(0)}})
	path := filepath.Join(t.TempDir(), "tokens.json")
	signedIn(t, srv, cognito.WithTokenStore(cognito.NewFileStore(path)))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFileStoreBetweenProcesses$", "-test.count", "1")
			cmd.Env = append(os.Environ(), "COGNITO_TEST_POOL="+srv.URL+" "+srv.UserPoolID+" "+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	assert.GreaterOrEqual(t, renewals(srv), 5)
	assert.LessOrEqual(t, renewals(srv), 20, "some take what another has obtained")
	for _, r := range srv.Requests() {
		assert.Empty(t, r.ErrorType, "no refresh token is spent twice")
	}
}

func renewInAnotherProcess(t *testing.T, pool string) {
	t.Helper()
	url, rest, _ := strings.Cut(pool, " ")
	id, path, _ := strings.Cut(rest, " ")
	c, err := cognito.New(id, testClient, cognito.WithEndpoint(url), cognito.WithTokenStore(cognito.NewFileStore(path)))
	require.NoError(t, err)
	for range 5 {
		require.NoError(t, c.RenewAccessToken(t.Context()))
	}
}
