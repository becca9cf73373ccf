package cognito_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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

// Whoever can write into the folder can leave a link there: it is replaced, not followed, and a link in place of the
// lock is no lock for ever.
func TestFileStoreAndLinks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, target := filepath.Join(folder, "tokens.json"), filepath.Join(folder, "target")
	require.NoError(t, os.WriteFile(target, []byte("{}"), 0o600))
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err) // Windows, without the right to
	}
	store := cognito.NewFileStore(path)
	require.NoError(t, store.Save(t.Context(), cognito.Tokens{AccessToken: secret}))
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(text))

	long := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(target, long, long))
	require.NoError(t, os.Symlink(target, path+".lock"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = store.Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the age of a lock is its own, not that of what it leads to")
	require.FileExists(t, target)
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
	unlock() // it is the other's by now
	require.FileExists(t, path+".lock")
	again()
	require.NoFileExists(t, path+".lock")
}

func TestFileStoreBreaksAStaleLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	lock := path + ".lock"
	require.NoError(t, os.WriteFile(lock, []byte("of a process that is gone"), 0o600))
	long := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(lock, long, long))
	// Of many that find it, one at a time gets the lock.
	held, most := 0, 0
	var mu sync.Mutex
	note := func(change int) {
		mu.Lock()
		defer mu.Unlock()
		held += change
		most = max(most, held)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			unlock, err := cognito.NewFileStore(path).Lock(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			note(1)
			runtime.Gosched()
			note(-1)
			unlock()
		})
	}
	wg.Wait()
	assert.Equal(t, 1, most)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, entries)
}

// A process that was asleep for so long that others took its lock must not take away theirs.
func TestFileStoreLateUnlock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	unlock, err := cognito.NewFileStore(path).Lock(t.Context())
	require.NoError(t, err)
	long := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path+".lock", long, long))
	other, err := cognito.NewFileStore(path).Lock(t.Context())
	require.NoError(t, err)
	unlock()
	require.FileExists(t, path+".lock")
	other()
	require.NoFileExists(t, path+".lock")
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
