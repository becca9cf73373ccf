//go:build unix && !aix && !solaris

package cognito_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

// A process that is killed in the middle of whatever it does releases the lock at once, leaves
// whole content behind, and costs no tokens that were saved: each process counts on from what it
// finds.
func TestFileStoreSurvivesKill(t *testing.T) {
	if path := os.Getenv("COGNITO_TEST_COUNT_IN"); path != "" {
		countForEver(path)
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "tokens.json")
	store := cognito.NewFileStore(path)
	rounds := killRounds(t, 8)
	last := 0
	for round := range rounds {
		// Two processes at a time; both are killed at a random moment.
		var children []*exec.Cmd
		var saved [2]int
		var wg sync.WaitGroup
		started := make(chan struct{}, 2*len(saved))
		for i := range saved {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFileStoreSurvivesKill$", "-test.count", "1")
			child.Env = append(os.Environ(), "COGNITO_TEST_COUNT_IN="+path)
			out, err := child.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, child.Start())
			children = append(children, child)
			wg.Go(func() {
				defer func() { started <- struct{}{} }()
				lines := bufio.NewScanner(out)
				for n := 0; lines.Scan(); n++ {
					if n == 0 {
						started <- struct{}{}
					}
					if number, err := strconv.Atoi(lines.Text()); err == nil {
						saved[i] = number
					} else {
						t.Errorf("round %d: %s", round, lines.Text())
					}
				}
			})
		}
		<-started
		time.Sleep(time.Duration(random.IntN(10_000)) * time.Microsecond) // the moment, not a wait
		for _, child := range children {
			require.NoError(t, child.Process.Signal(syscall.SIGKILL))
		}
		wg.Wait()
		for _, child := range children {
			_ = child.Wait() // it says that the process was killed
		}

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		start := time.Now()
		unlock, err := store.Lock(ctx)
		require.NoError(t, err)
		assert.Less(t, time.Since(start), time.Second, "nobody holds the lock")
		tokens, err := store.Load(ctx)
		require.NoError(t, err, "round %d", round)
		now := numberOf(t, tokens)
		assert.GreaterOrEqual(t, now, max(last, saved[0], saved[1]), "what a process has saved stays saved")
		require.NoError(t, store.Save(ctx, numbered(now+1)))
		unlock()
		cancel()
		last = now + 1
		assert.Equal(t, []string{"tokens.json", "tokens.json.lock"}, filesBeside(t, path), "round %d", round)
	}
}

// killRounds returns how often the processes of a test are killed: KILL_ROUNDS times, or usual
// times.
func killRounds(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("KILL_ROUNDS")
	if text == "" {
		return usual
	}
	rounds, err := strconv.Atoi(text)
	require.NoError(t, err, "KILL_ROUNDS: want a number")
	return rounds
}

// countForEver raises the number in the store until it is killed, and says each once it is saved.
func countForEver(path string) {
	store, ctx := cognito.NewFileStore(path), context.Background()
	fail := func(what string, err error) {
		fmt.Println(what+":", err)
		os.Exit(1)
	}
	for {
		unlock, err := store.Lock(ctx)
		if err != nil {
			fail("lock", err)
		}
		tokens, err := store.Load(ctx)
		if err != nil {
			fail("load", err)
		}
		number, err := strconv.Atoi(strings.TrimSpace("0" + tokens.AccessToken))
		if err != nil || tokens.AccessToken != "" && tokens != numbered(number) {
			fail("content", fmt.Errorf("want one number: %w", err))
		}
		if err := store.Save(ctx, numbered(number+1)); err != nil {
			fail("save", err)
		}
		fmt.Println(number + 1)
		unlock()
		time.Sleep(time.Millisecond) // the lock is not a queue: let the other process have it
	}
}

// numbered returns tokens whose parts belong together.
func numbered(n int) cognito.Tokens {
	return cognito.Tokens{AccessToken: strconv.Itoa(n), RefreshToken: strings.Repeat(strconv.Itoa(n)+" ", 500), Username: "bob"}
}

func numberOf(t *testing.T, tokens cognito.Tokens) int {
	t.Helper()
	number, err := strconv.Atoi(tokens.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, numbered(number), tokens)
	return number
}

func TestFileStoreReadsOwnRegularFilesOnly(t *testing.T) {
	t.Parallel()
	const text = `{"access_token":"` + secret + `"}`
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		want string // of the error; "" if it is read
	}{
		"mode 0600":             {chmod(0o600), ""},
		"readable by others":    {chmod(0o644), ""},
		"writable by its group": {chmod(0o620), "only its owner may write"},
		"writable by others":    {chmod(0o602), "only its owner may write"},
		"another user's": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.Chown(path, 54321, -1); err != nil {
				t.Skip(err)
			}
		}, "the user's own"},
		"a link to a file of the user's own": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Rename(path, path+"2"))
			require.NoError(t, os.Symlink(path+"2", path))
		}, "a regular file"},
		"a link to nothing": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Symlink(path+"2", path))
		}, "a regular file"},
		"a FIFO": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, syscall.Mkfifo(path, 0o600))
		}, "a regular file"},
		"a device": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Symlink("/dev/zero", path))
		}, "a regular file"},
		"a folder": {func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Remove(path))
			require.NoError(t, os.Mkdir(path, 0o700))
		}, "a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "tokens.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			c.make(t, path)
			store := cognito.NewFileStore(path)
			tokens, err := store.Load(t.Context())
			if c.want == "" {
				require.NoError(t, err)
				assert.Equal(t, secret, tokens.AccessToken)
			} else {
				require.ErrorIs(t, err, cognito.ErrStoreContent)
				require.ErrorContains(t, err, c.want)
				assert.Equal(t, cognito.Tokens{}, tokens)
			}
			if name == "a folder" {
				require.Error(t, store.Save(t.Context(), numbered(1)), "a save removes no folder")
				return
			}
			require.NoError(t, store.Save(t.Context(), numbered(1)), "a save replaces it")
			info, err := os.Lstat(path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode())
			tokens, err = store.Load(t.Context())
			require.NoError(t, err)
			assert.Equal(t, numbered(1), tokens)
		})
	}
}

func chmod(mode os.FileMode) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.Chmod(path, mode))
	}
}

// A FIFO in place of the lock file must not make Lock wait for its other end.
func TestFileStoreLockOnAFIFO(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	require.NoError(t, syscall.Mkfifo(path+".lock", 0o600))
	_, err := cognito.NewFileStore(path).Lock(t.Context())
	require.ErrorContains(t, err, "want a regular file")
}

// In a folder that cannot be written there is no lock, but the tokens can be read. The superuser
// may write anywhere, so the test goes on as another user if it is the superuser's.
func TestFileStoreInAReadOnlyFolder(t *testing.T) {
	if path := os.Getenv("COGNITO_TEST_READ_ONLY"); path != "" {
		store := cognito.NewFileStore(path)
		tokens, err := store.Load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, numbered(1), tokens)
		_, err = store.Lock(t.Context())
		require.ErrorIs(t, err, os.ErrPermission)
		require.ErrorContains(t, err, path+".lock")
		require.ErrorIs(t, store.Save(t.Context(), numbered(2)), os.ErrPermission)
		require.ErrorIs(t, store.Delete(t.Context()), os.ErrPermission)
		return
	}
	t.Parallel()
	folder, err := os.MkdirTemp("", "cognito-readonly") //nolint:usetesting // another user cannot get into t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "store", "tokens.json")
	require.NoError(t, cognito.NewFileStore(path).Save(t.Context(), numbered(1)))
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, os.Chmod(folder, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(path), 0o555))
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o755) })

	// cp makes the copy, since a program that this process has open for writing could be inherited
	// by another child and then not be started ("text file busy").
	program := filepath.Join(folder, "program")
	out, err := exec.CommandContext(t.Context(), "cp", os.Args[0], program).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, os.Chmod(program, 0o755))
	child := exec.CommandContext(t.Context(), program, "-test.run", "^TestFileStoreInAReadOnlyFolder$", "-test.count", "1")
	child.Dir = folder
	child.Env = append(os.Environ(), "COGNITO_TEST_READ_ONLY="+path)
	if os.Geteuid() == 0 {
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err = child.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestFileStoreSweeps(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *cognito.FileStore) error{
		"Save":   func(ctx context.Context, f *cognito.FileStore) error { return f.Save(ctx, numbered(1)) },
		"Delete": func(ctx context.Context, f *cognito.FileStore) error { return f.Delete(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "tokens.json")
			others := []string{
				"mine.tmp", "tokens.json.tmp", "tokens.json.12a.tmp", "tokens.json.12", "other.json.12.tmp", "tokens.json.device.12.tmp", "tokens.json.device",
			}
			for _, file := range slices.Concat(others, []string{"tokens.json.1.tmp", "tokens.json.4294967295.tmp"}) {
				require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), file), []byte(secret), 0o600))
			}
			require.NoError(t, os.Symlink("mine.tmp", path+".7.tmp"))
			require.NoError(t, os.Mkdir(path+".8.tmp", 0o700))
			// One that a living process writes is locked.
			inUse, err := os.Create(path + ".9.tmp")
			require.NoError(t, err)
			defer func() { _ = inUse.Close() }()
			require.NoError(t, syscall.Flock(int(inUse.Fd()), syscall.LOCK_EX))

			require.NoError(t, change(t.Context(), cognito.NewFileStore(path)))
			want := slices.Concat(others, []string{"tokens.json.7.tmp", "tokens.json.8.tmp", "tokens.json.9.tmp"})
			if name == "Save" {
				want = append(want, "tokens.json")
			}
			assert.ElementsMatch(t, want, filesBeside(t, path))
		})
	}
}

// Saves without the lock sweep too, and take nothing away from each other.
func TestFileStoreSavesAtTheSameTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if err := cognito.NewFileStore(path).Save(t.Context(), numbered(i+1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	tokens, err := cognito.NewFileStore(path).Load(t.Context())
	require.NoError(t, err)
	numberOf(t, tokens)
	assert.Equal(t, []string{"tokens.json"}, filesBeside(t, path))
}

// A save that runs out of space leaves the earlier tokens, and nothing else.
func TestFileStoreRunsOutOfSpace(t *testing.T) {
	path := os.Getenv("COGNITO_TEST_NO_SPACE")
	if path == "" {
		t.Parallel()
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFileStoreRunsOutOfSpace$", "-test.count", "1")
		child.Env = append(os.Environ(), "COGNITO_TEST_NO_SPACE="+filepath.Join(t.TempDir(), "tokens.json"))
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	store := cognito.NewFileStore(path)
	require.NoError(t, store.Save(t.Context(), numbered(1)))
	signal.Ignore(syscall.SIGXFSZ)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: 100}))
	unlock, err := store.Lock(t.Context())
	require.NoError(t, err)
	require.ErrorIs(t, store.Save(t.Context(), numbered(2)), syscall.EFBIG)
	unlock()
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, numbered(1), tokens)
	assert.Equal(t, []string{"tokens.json", "tokens.json.lock"}, filesBeside(t, path))
}
