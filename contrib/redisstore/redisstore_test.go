package redisstore_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/contrib/redisstore"
)

const lockTime = 500 * time.Millisecond

// server is a Redis server of a test's own.
type server struct {
	addr, folder string
	cmd          *exec.Cmd
	client       *redis.Client
}

// startServer starts a server that writes everything to disk at once. It skips the test if there is
// none.
func startServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("no redis-server on this machine; Debian has it in the package redis-server")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &server{addr: listener.Addr().String(), folder: t.TempDir()}
	require.NoError(t, listener.Close())
	s.start(t)
	s.client = redis.NewClient(&redis.Options{Addr: s.addr})
	t.Cleanup(func() { _ = s.client.Close(); s.stop() })
	require.Eventually(t, func() bool { return s.client.Ping(t.Context()).Err() == nil }, 20*time.Second, 10*time.Millisecond)
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	require.NoError(t, err)
	s.cmd = exec.CommandContext(context.Background(), "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", s.folder,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "")
	require.NoError(t, s.cmd.Start())
}

// stop kills the server.
func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

var testKey = bytes.Repeat([]byte{7}, 32)

func (s *server) store(t *testing.T, opts ...redisstore.Option) *redisstore.Store {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: s.addr})
	t.Cleanup(func() { _ = client.Close() })
	store, err := redisstore.New(client, append([]redisstore.Option{redisstore.WithKeys(testKey), redisstore.WithLockTime(lockTime)}, opts...)...)
	require.NoError(t, err)
	return store
}

func lock(t *testing.T, s redisstore.Session) (unlock func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	unlock, err := s.Lock(ctx)
	require.NoError(t, err)
	t.Cleanup(unlock)
	return unlock
}

func TestOptions(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer func() { _ = client.Close() }()
	for want, opts := range map[string][]redisstore.Option{
		"either WithKeys or WithoutEncryption": {},
		"want either":                          {redisstore.WithKeys(testKey), redisstore.WithoutEncryption()},
		"want at least one key":                {redisstore.WithKeys()},
		"key 1: want 32 bytes, got 16":         {redisstore.WithKeys(make([]byte, 16))},
		"key 2: want random bytes":             {redisstore.WithKeys(testKey, make([]byte, 32))},
		"WithExpiry: want at least 1s, got 0s": {redisstore.WithKeys(testKey), redisstore.WithExpiry(0)},
		"WithPrefix: want":                     {redisstore.WithKeys(testKey), redisstore.WithPrefix("{x}")},
		"WithLockTime: want at least 100ms":    {redisstore.WithKeys(testKey), redisstore.WithLockTime(-1)},
		"option 2: want one, got nil":          {redisstore.WithKeys(testKey), nil},
	} {
		_, err := redisstore.New(client, opts...)
		require.ErrorContains(t, err, want)
	}
	_, err := redisstore.New(nil, redisstore.WithKeys(testKey))
	require.ErrorContains(t, err, "client: want one")

	store, err := redisstore.New(client, redisstore.WithoutEncryption())
	require.NoError(t, err)
	for want, session := range map[string]redisstore.Session{"session ID: want one": store.Session(""), "from Store.Session": {}} {
		_, err := session.Load(t.Context())
		require.ErrorContains(t, err, want)
		_, err = session.Lock(t.Context())
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, session.Save(t.Context(), cognito.Tokens{}), want)
		require.ErrorContains(t, session.Delete(t.Context()), want)
	}
	_, err = store.Session("id").Load(t.Context())
	require.Error(t, err, "there is no server")
	_, err = store.Session("id").Lock(t.Context())
	require.Error(t, err)
	_, err = store.Session("id").Lock(t.Context())
	require.ErrorContains(t, err, "take the lock", "a failure leaves no turn behind")
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
	store := srv.store(t, redisstore.WithExpiry(time.Hour))
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

	// What the database sees.
	keys, err := srv.client.Keys(ctx, "*").Result()
	require.NoError(t, err)
	assert.Len(t, keys, 2)
	for _, key := range keys {
		assert.True(t, strings.HasPrefix(key, "cognito:{"), key)
		assert.NotContains(t, key, "cookie")
		value, err := srv.client.Get(ctx, key).Result()
		require.NoError(t, err)
		assert.NotContains(t, value, "hush")
		assert.NotContains(t, value, "bob")
		left, err := srv.client.PTTL(ctx, key).Result()
		require.NoError(t, err)
		assert.InDelta(t, time.Hour, left, float64(time.Minute))
		require.NoError(t, srv.client.PExpire(ctx, key, time.Minute).Err())
	}
	require.NoError(t, a.Save(ctx, saved))
	require.NoError(t, a.SaveDevice(ctx, device))
	for _, key := range keys { // renewed
		left, err := srv.client.PTTL(ctx, key).Result()
		require.NoError(t, err)
		assert.Greater(t, left, 50*time.Minute)
	}

	// A value was moved to another session, or is invalid.
	require.NoError(t, b.Save(ctx, cognito.Tokens{}))
	require.NoError(t, b.SaveDevice(ctx, cognito.Device{}))
	all, err := srv.client.Keys(ctx, "*").Result()
	require.NoError(t, err)
	require.Len(t, all, 4)
	for _, to := range all {
		if !slices.Contains(keys, to) {
			from := keys[slices.IndexFunc(keys, func(key string) bool { return strings.HasSuffix(key, to[strings.LastIndex(to, ":"):]) })]
			require.NoError(t, srv.client.Copy(ctx, from, to, 0, true).Err())
		}
	}
	_, err = b.Load(ctx)
	require.ErrorIs(t, err, cognito.ErrStoreContent)
	_, err = b.LoadDevice(ctx)
	require.ErrorIs(t, err, cognito.ErrStoreContent)
	require.NoError(t, b.Save(ctx, saved), "a save replaces it")

	// Keys rotate.
	fresh := bytes.Repeat([]byte{8}, 32)
	rotated := srv.store(t, redisstore.WithKeys(fresh, testKey)).Session("cookie-a")
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
	require.NoError(t, a.DeleteDevice(ctx))
	kept, err = a.LoadDevice(ctx)
	require.NoError(t, err)
	assert.Equal(t, cognito.Device{}, kept)
}

func TestLock(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	first, same, other := srv.store(t), srv.store(t), srv.store(t)
	unlock := lock(t, first.Session("a"))
	lock(t, first.Session("b"))() // another session
	for _, session := range []redisstore.Session{first.Session("a"), other.Session("a")} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*lockTime) // longer than the lock lives without extension
		_, err := session.Lock(ctx)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	require.NoError(t, first.Session("a").Save(t.Context(), cognito.Tokens{RefreshToken: "r"}))
	unlock()
	unlock()
	again := lock(t, other.Session("a"))
	unlock()
	ctx, cancel := context.WithTimeout(t.Context(), lockTime)
	defer cancel()
	_, err := same.Session("a").Lock(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the second unlock released nobody's lock")
	again()
	require.Eventually(t, func() bool { return !strings.Contains(stacks(), "redisstore.Session.extend(") || t.Failed() }, 30*time.Second, 10*time.Millisecond,
		"no goroutine is left")
}

func stacks() string {
	text := make([]byte, 1<<20)
	return string(text[:runtime.Stack(text, true)])
}

// The lock is lost, as in a failover.
func TestLostLock(t *testing.T) {
	t.Parallel()
	srv, ctx := startServer(t), t.Context()
	slow := srv.store(t, redisstore.WithLockTime(time.Hour)).Session("a") // it does not extend the lock during the test
	other := srv.store(t).Session("a")
	drop := func() {
		keys, err := srv.client.Keys(ctx, "*:lock").Result()
		require.NoError(t, err)
		require.Len(t, keys, 1)
		require.NoError(t, srv.client.Del(ctx, keys...).Err())
	}
	unlock := lock(t, slow)
	drop()
	require.NoError(t, slow.Save(ctx, cognito.Tokens{RefreshToken: "1"}), "nobody else has taken it")
	theirs := lock(t, other)
	require.ErrorIs(t, slow.Save(ctx, cognito.Tokens{RefreshToken: "2"}), redisstore.ErrLockLost)
	require.NoError(t, other.Save(ctx, cognito.Tokens{RefreshToken: "3"}))
	theirs()
	require.ErrorIs(t, slow.Save(ctx, cognito.Tokens{RefreshToken: "4"}), redisstore.ErrLockLost, "also when it is free again")
	require.ErrorIs(t, slow.Delete(ctx), redisstore.ErrLockLost)
	require.ErrorIs(t, slow.SaveDevice(ctx, cognito.Device{Key: "k"}), redisstore.ErrLockLost)
	require.ErrorIs(t, slow.DeleteDevice(ctx), redisstore.ErrLockLost)
	got, err := slow.Load(ctx)
	require.NoError(t, err)
	assert.Equal(t, "3", got.RefreshToken)
	held := lock(t, other)
	unlock()
	require.NoError(t, other.Save(ctx, cognito.Tokens{RefreshToken: "5"}), "a late unlock takes nothing away")
	short, cancel := context.WithTimeout(ctx, lockTime/2)
	defer cancel()
	_, err = slow.Lock(short)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the lock neither")
	held()
	lock(t, slow)()
}

// A holder that extends its lock does not get back a lock that another has taken since.
func TestLostLockIsNotExtended(t *testing.T) {
	t.Parallel()
	srv, ctx := startServer(t), t.Context()
	mine, other := srv.store(t).Session("a"), srv.store(t).Session("a")
	unlock := lock(t, mine)
	keys, err := srv.client.Keys(ctx, "*:lock").Result()
	require.NoError(t, err)
	require.NoError(t, srv.client.Del(ctx, keys...).Err())
	for {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		theirs, err := other.Lock(short)
		cancel()
		if err == nil { // otherwise the first holder was faster and has its lock again
			theirs()
			break
		}
		require.NoError(t, srv.client.Del(ctx, keys...).Err())
	}
	time.Sleep(2 * lockTime) // long enough to extend the lock
	left, err := srv.client.Exists(ctx, keys...).Result()
	require.NoError(t, err)
	assert.Zero(t, left)
	unlock()
}

// The server is killed and restarted while the lock is held, with and without its data.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]bool{"with its data": false, "without its data": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, ctx := startServer(t), t.Context()
			mine, other := srv.store(t).Session("a"), srv.store(t).Session("a")
			require.NoError(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "1"}))
			unlock := lock(t, mine)
			srv.stop()
			require.Error(t, mine.Save(ctx, cognito.Tokens{RefreshToken: "2"}))
			if empty {
				srv.folder = t.TempDir()
			}
			srv.start(t)
			require.Eventually(t, func() bool { return mine.Save(ctx, cognito.Tokens{RefreshToken: "3"}) == nil }, 20*time.Second, 20*time.Millisecond)
			time.Sleep(lockTime) // the lock is extended meanwhile, or taken again
			short, cancel := context.WithTimeout(ctx, 2*lockTime)
			defer cancel()
			_, err := other.Lock(short)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			unlock()
			lock(t, other)()
			got, err := other.Load(ctx)
			require.NoError(t, err)
			assert.Equal(t, "3", got.RefreshToken)
		})
	}
}

// child runs this test binary as another process.
func child(t *testing.T, job, addr string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestProcesses$", "-test.count", "1")
	cmd.Env = append(os.Environ(), "COGNITO_TEST_JOB="+job, "COGNITO_TEST_ADDR="+addr)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

func TestProcesses(t *testing.T) {
	const rounds = 50
	if job := os.Getenv("COGNITO_TEST_JOB"); job != "" {
		client := redis.NewClient(&redis.Options{Addr: os.Getenv("COGNITO_TEST_ADDR")})
		store, err := redisstore.New(client, redisstore.WithKeys(testKey), redisstore.WithLockTime(lockTime))
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

	// A process killed while it holds the lock delays the others by at most the lock time.
	for range 3 {
		holder, out := child(t, "hold", srv.addr)
		require.True(t, out.Scan())
		require.Equal(t, "held", out.Text())
		require.NoError(t, holder.Process.Kill())
		_ = holder.Wait()
		start := time.Now()
		lock(t, session)()
		assert.Less(t, time.Since(start), lockTime+2*time.Second)
	}

	// Two processes that count up lose no count.
	one, _ := child(t, "count", srv.addr)
	two, _ := child(t, "count", srv.addr)
	require.NoError(t, one.Wait())
	require.NoError(t, two.Wait())
	got, err := session.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, strconv.Itoa(2*rounds), got.RefreshToken)
}

// count adds one to the number in the session.
func count(t *testing.T, session redisstore.Session) {
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
	var stores []*redisstore.Store
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
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer func() { _ = client.Close() }()
	store, err := redisstore.New(client, redisstore.WithKeys(key), redisstore.WithExpiry(30*24*time.Hour))
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
