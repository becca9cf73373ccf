//go:build unix

package pgstore_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/pgstore"
)

// server is a PostgreSQL server of a test's own.
type server struct {
	url, port, binaries, folder string
	as                          *syscall.SysProcAttr
	cmd                         *exec.Cmd
}

// startServer starts a server. It skips the test if there is none.
func startServer(t *testing.T) *server {
	t.Helper()
	s := &server{}
	if found, err := exec.LookPath("initdb"); err == nil {
		s.binaries = filepath.Dir(found)
	} else if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); err == nil && len(found) > 0 {
		s.binaries = filepath.Dir(found[len(found)-1])
	} else {
		t.Skip("no PostgreSQL server on this machine; Debian has it in the package postgresql")
	}
	var err error
	s.folder, err = os.MkdirTemp("", "pgstore") //nolint:usetesting // another user cannot get into t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(s.folder) })
	if os.Geteuid() == 0 { // the server refuses to run as the superuser
		postgres, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("PostgreSQL does not run as the superuser, and there is no user postgres")
		}
		uid, err := strconv.Atoi(postgres.Uid)
		require.NoError(t, err)
		gid, err := strconv.Atoi(postgres.Gid)
		require.NoError(t, err)
		require.NoError(t, os.Chown(s.folder, uid, gid))
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "postgres://postgres@" + listener.Addr().String() + "/postgres?sslmode=disable"
	_, s.port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	initdb := s.command("initdb", "-D", filepath.Join(s.folder, "data"), "-U", "postgres", "-A", "trust", "-N")
	out, err := initdb.CombinedOutput()
	require.NoError(t, err, "%s", out)
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.binaries, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.folder, s.as
	return cmd
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.cmd = s.command("postgres", "-D", filepath.Join(s.folder, "data"), "-p", s.port, "-F",
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
	require.NoError(t, s.cmd.Start())
	pool := s.pool(t, 1)
	require.Eventually(t, func() bool { return pool.Ping(t.Context()) == nil }, 30*time.Second, 20*time.Millisecond)
}

// stop ends the server at once, as a crash would.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	_ = s.cmd.Wait()
}

func (s *server) pool(t *testing.T, connections int) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), s.url+"&pool_max_conns="+strconv.Itoa(connections))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

var testKey = bytes.Repeat([]byte{7}, 32)

func (s *server) store(t *testing.T, opts ...pgstore.Option) *pgstore.Store {
	t.Helper()
	store, err := pgstore.New(s.pool(t, 4), append([]pgstore.Option{pgstore.WithKeys(testKey)}, opts...)...)
	require.NoError(t, err)
	require.NoError(t, store.CreateTable(t.Context()))
	return store
}

func lock(t *testing.T, s pgstore.Session) (unlock func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	unlock, err := s.Lock(ctx)
	require.NoError(t, err)
	t.Cleanup(unlock) // otherwise a failing test would wait for the pool to close
	return unlock
}

func locked(t *testing.T, s pgstore.Session) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := s.Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(context.Background(), "postgres://postgres@127.0.0.1:1/postgres")
	require.NoError(t, err)
	defer pool.Close()
	for want, opts := range map[string][]pgstore.Option{
		"either WithKeys or WithoutEncryption": {},
		"want either":                          {pgstore.WithKeys(testKey), pgstore.WithoutEncryption()},
		"want at least one key":                {pgstore.WithKeys()},
		"key 1: want 32 bytes, got 16":         {pgstore.WithKeys(make([]byte, 16))},
		"key 2: want random bytes":             {pgstore.WithKeys(testKey, make([]byte, 32))},
		"WithExpiry: want at least 1s, got 0s": {pgstore.WithKeys(testKey), pgstore.WithExpiry(0)},
		"WithTable: want":                      {pgstore.WithKeys(testKey), pgstore.WithTable(`x"; DROP TABLE y`)},
		"option 2: want one, got nil":          {pgstore.WithKeys(testKey), nil},
	} {
		_, err := pgstore.New(pool, opts...)
		require.ErrorContains(t, err, want)
	}
	_, err = pgstore.New(nil, pgstore.WithKeys(testKey))
	require.ErrorContains(t, err, "pool: want one")

	store, err := pgstore.New(pool, pgstore.WithoutEncryption())
	require.NoError(t, err)
	for want, session := range map[string]pgstore.Session{"session ID: want one": store.Session(""), "from Store.Session": {}} {
		_, err := session.Load(t.Context())
		require.ErrorContains(t, err, want)
		_, err = session.Lock(t.Context())
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, session.Save(t.Context(), cognito.Tokens{}), want)
		require.ErrorContains(t, session.Delete(t.Context()), want)
	}
	for range 2 { // a failure leaves no turn behind
		_, err = store.Session("id").Lock(t.Context())
		require.ErrorContains(t, err, "take the lock")
	}
	queues := map[cognito.TokenStore]int{}
	for _, id := range []string{"id", "id2", "id"} {
		queues[store.Session(id)]++
	}
	assert.Equal(t, map[cognito.TokenStore]int{store.Session("id"): 2, store.Session("id2"): 1}, queues, "sessions are comparable")
	assert.NotContains(t, fmt.Sprintf("%v %+v %s %x", store.Session("id2"), store.Session("id2"), store.Session("id2"), store.Session("id2")), "id2")
}

func TestSession(t *testing.T) {
	t.Parallel()
	srv, ctx := startServer(t), t.Context()
	pool := srv.pool(t, 1)
	_, err := pool.Exec(ctx, pgstore.Schema)
	require.NoError(t, err)
	store := srv.store(t, pgstore.WithExpiry(time.Hour))
	a, b := store.Session("cookie-a"), store.Session("cookie-b")
	got, err := a.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, got)
	require.NoError(t, a.Delete(ctx))

	saved := cognito.Tokens{AccessToken: "hush-access", RefreshToken: "hush-refresh", ExpiresAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Username: "bob"}
	device := cognito.Device{Key: "key", GroupKey: "group", Password: "hush-device", Username: "bob"}
	require.NoError(t, a.Save(ctx, saved))
	require.NoError(t, a.SaveDevice(ctx, device))
	got, err = srv.store(t).Session("cookie-a").Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, saved, got)
	got, err = b.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, got, "another session")
	got, err = srv.store(t, pgstore.WithTable("Others")).Session("cookie-a").Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, got, "another table")

	// What the database sees.
	var row string
	require.NoError(t, pool.QueryRow(ctx, "SELECT encode(id, 'escape') || encode(tokens, 'escape') || encode(device, 'escape') FROM cognito_sessions").Scan(&row))
	for _, hidden := range []string{"cookie", "hush", "bob"} {
		assert.NotContains(t, row, hidden)
	}

	// A value was moved to another session.
	require.NoError(t, b.Save(ctx, cognito.Tokens{}))
	_, err = pool.Exec(ctx, "UPDATE cognito_sessions SET tokens = (SELECT tokens FROM cognito_sessions WHERE device IS NOT NULL) WHERE device IS NULL")
	require.NoError(t, err)
	_, err = b.Load(ctx)
	require.ErrorIs(t, err, cognito.ErrStoreContent)
	require.NoError(t, b.Save(ctx, saved), "a save replaces it")

	// Keys rotate.
	rotated := srv.store(t, pgstore.WithKeys(bytes.Repeat([]byte{8}, 32), testKey)).Session("cookie-a")
	got, err = rotated.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, saved, got)
	require.NoError(t, rotated.Save(ctx, saved))
	_, err = a.Load(ctx)
	require.ErrorIs(t, err, cognito.ErrStoreContent)
	require.NotContains(t, err.Error(), "hush")

	require.NoError(t, a.Delete(ctx))
	got, err = a.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, got)
	kept, err := a.LoadDevice(ctx)
	require.NoError(t, err)
	assert.Equal(t, device, kept, "a device outlives a sign-out")

	// Expired values are not loaded. A save extends their life. Expired values can be removed.
	age := func() {
		_, err := pool.Exec(ctx, "UPDATE cognito_sessions SET tokens_expire_at = now() - interval '1 s', device_expire_at = now() - interval '1 s', locked_at = now() - interval '2 days'")
		require.NoError(t, err)
	}
	require.NoError(t, a.Save(ctx, saved))
	age()
	got, err = a.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, got)
	require.NoError(t, a.Save(ctx, saved))
	got, err = a.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, saved, got)
	removed, err := store.DeleteExpired(ctx)
	require.NoError(t, err)
	assert.Equal(t, int64(1), removed, "the other session")
	require.NoError(t, a.DeleteDevice(ctx))
	kept, err = a.LoadDevice(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Device{}, kept)
}

func TestLock(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	first, other := srv.store(t), srv.store(t)
	unlock := lock(t, first.Session("a"))
	lock(t, first.Session("b"))() // another session
	locked(t, first.Session("a"))
	locked(t, other.Session("a"))
	require.NoError(t, first.Session("a").Save(t.Context(), cognito.Tokens{RefreshToken: "r"}))
	unlock()
	unlock()
	again := lock(t, other.Session("a"))
	unlock()
	locked(t, first.Session("a"))
	again()
	lock(t, first.Session("a"))()
}

// More sessions than connections are locked and saved at the same time. No holder waits for a
// connection that another holder keeps.
func TestFewConnections(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	store, err := pgstore.New(srv.pool(t, 2), pgstore.WithKeys(testKey))
	require.NoError(t, err)
	require.NoError(t, store.CreateTable(t.Context()))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			count(t, store.Session(strconv.Itoa(i%4)))
		})
	}
	wg.Wait()
	for i := range 4 {
		got, err := store.Session(strconv.Itoa(i)).Load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "4", got.RefreshToken)
	}
}

// The connection of the lock is lost, as in a failover.
func TestLostLock(t *testing.T) {
	t.Parallel()
	srv, ctx := startServer(t), t.Context()
	mine, other := srv.store(t).Session("a"), srv.store(t).Session("a")
	admin := srv.pool(t, 1)
	unlock := lock(t, mine)
	_, err := admin.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
	require.NoError(t, err)
	require.NoError(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "1"}), "nobody else has taken it")
	theirs := lock(t, other)
	require.ErrorIs(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "2"}), pgstore.ErrLockLost)
	require.NoError(t, other.Save(ctx, cognito.Tokens{RefreshToken: "3"}))
	theirs()
	require.ErrorIs(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "4"}), pgstore.ErrLockLost, "also when it is free again")
	require.ErrorIs(t, mine.Delete(ctx), pgstore.ErrLockLost)
	require.ErrorIs(t, mine.SaveDevice(ctx, cognito.Device{Key: "k"}), pgstore.ErrLockLost)
	require.ErrorIs(t, mine.DeleteDevice(ctx), pgstore.ErrLockLost)
	got, err := mine.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, "3", got.RefreshToken)
	held := lock(t, other)
	unlock()
	require.NoError(t, other.Save(ctx, cognito.Tokens{RefreshToken: "5"}), "a late unlock takes nothing away")
	locked(t, mine)
	held()
	lock(t, mine)()
}

// The server crashes and restarts while the lock is held.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	srv, ctx := startServer(t), t.Context()
	mine, other := srv.store(t).Session("a"), srv.store(t).Session("a")
	unlock := lock(t, mine)
	require.NoError(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "1"}))
	srv.stop()
	require.Error(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "2"}))
	srv.start(t)
	require.Eventually(t, func() bool { return mine.Save(ctx, cognito.Tokens{RefreshToken: "3"}) == nil }, 20*time.Second, 20*time.Millisecond)
	theirs := lock(t, other) // the lock was released with its connection
	require.ErrorIs(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "4"}), pgstore.ErrLockLost)
	unlock()
	theirs()
	lock(t, mine)()
	got, err := other.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, "3", got.RefreshToken)
}

// child runs this test binary as another process.
func child(t *testing.T, job, url string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestProcesses$", "-test.count", "1")
	cmd.Env = append(os.Environ(), "COGNITO_TEST_JOB="+job, "COGNITO_TEST_URL="+url)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

func TestProcesses(t *testing.T) {
	const rounds = 50
	if job := os.Getenv("COGNITO_TEST_JOB"); job != "" {
		pool, err := pgxpool.New(context.Background(), os.Getenv("COGNITO_TEST_URL"))
		require.NoError(t, err)
		store, err := pgstore.New(pool, pgstore.WithKeys(testKey))
		require.NoError(t, err)
		session := store.Session("a")
		if job == "hold" {
			lock(t, session)
			fmt.Println("held")
			select {}
		}
		for range rounds {
			count(t, session)
		}
		return
	}
	t.Parallel()
	srv := startServer(t)
	session := srv.store(t).Session("a")

	// A process killed while it holds the lock leaves it free.
	for range 3 {
		holder, out := child(t, "hold", srv.url)
		require.True(t, out.Scan())
		require.Equal(t, "held", out.Text())
		require.NoError(t, holder.Process.Kill())
		_ = holder.Wait()
		start := time.Now()
		lock(t, session)()
		assert.Less(t, time.Since(start), 5*time.Second)
	}

	// Two processes that count up lose no count.
	one, _ := child(t, "count", srv.url)
	two, _ := child(t, "count", srv.url)
	require.NoError(t, one.Wait())
	require.NoError(t, two.Wait())
	got, err := session.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, strconv.Itoa(2*rounds), got.RefreshToken)
}

// count adds one to the number in the session.
func count(t *testing.T, session pgstore.Session) {
	t.Helper()
	unlock := lock(t, session)
	defer unlock()
	got, err := session.Load(t.Context())
	require.NoError(t, err)
	n, err := strconv.Atoi("0" + got.RefreshToken)
	require.NoError(t, err)
	require.NoError(t, session.Save(t.Context(), cognito.Tokens{RefreshToken: strconv.Itoa(n + 1)}))
}

// Servers that create a session value per request share one refresh, and the refresh token can be
// used only once.
func TestWholeSessions(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	pool := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{ID: "client", RefreshTokenRotation: true}}})
	t.Cleanup(pool.Close)
	const password = "Correct-Horse-1"
	var stores []*pgstore.Store
	var clients []*cognito.Cognito
	for range 2 { // machines
		stores = append(stores, srv.store(t))
		client, err := cognito.New(pool.UserPoolID, pool.ClientID, cognito.WithEndpoint(pool.URL), cognito.WithClock(pool.Now))
		require.NoError(t, err)
		clients = append(clients, client)
	}
	request := func(i int, name string) *cognito.Cognito {
		return clients[i%2].ForUser(name, cognito.WithTokenStore(stores[i%2].Session("cookie of "+name)))
	}
	users := []string{"alice", "bob", "carol"}
	for i, name := range users {
		pool.AddUser(cognitotest.User{Username: name, Password: password})
		require.NoError(t, request(i, name).Authenticate(t.Context(), password))
	}
	for range 3 {
		pool.Advance(2 * time.Hour)
		before := len(pool.Requests())
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				if _, err := request(i, users[i%3]).Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		refreshes := 0
		for _, r := range pool.Requests()[before:] { // also has requests for the keys
			if r.Op == "GetTokensFromRefreshToken" {
				refreshes++
			}
		}
		assert.Equal(t, len(users), refreshes, "one refresh for each user")
	}
	require.NoError(t, request(0, "bob").Logout(t.Context()))
	_, err := request(1, "bob").Token(t.Context())
	require.ErrorIs(t, err, cognito.ErrNotSignedIn)
}

func ExampleNew() {
	key := make([]byte, 32) // from a secret manager, the same for all servers
	_, _ = rand.Read(key)
	database, err := pgxpool.New(context.Background(), "postgres://app@127.0.0.1:5432/app")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer database.Close()
	store, err := pgstore.New(database, pgstore.WithKeys(key), pgstore.WithExpiry(30*24*time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := cognito.New("us-east-1_AbCdEfGhI", "1example23456789")
	if err != nil {
		fmt.Println(err)
		return
	}
	// In each request, sessionID is the value of the browser's cookie.
	sessionID := "d1e8a70b5ccab1dc2f56bbf7e99f064a"
	bob := pool.ForUser("bob", cognito.WithTokenStore(store.Session(sessionID)))
	fmt.Println(bob.Username())
	// Output: bob
}
