//go:build unix && !aix && !solaris

package cognito_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// Processes that share a session in a file, with rotating refresh tokens, may be killed in the
// middle of a refresh: the next one goes on with the session within the grace period, and finds no
// lock and no left-over file.
func TestSessionSurvivesKill(t *testing.T) {
	if path := os.Getenv("COGNITO_TEST_REFRESH_IN"); path != "" {
		refreshForEver(t, path)
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{rotating(time.Minute)}})
	path := filepath.Join(t.TempDir(), "tokens.json")
	c := signedIn(t, srv, cognito.WithTokenStore(cognito.NewFileStore(path)))
	rounds := killRounds(t, 4)
	for round := range rounds {
		var children []*exec.Cmd
		for range 3 {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSessionSurvivesKill$", "-test.count", "1")
			child.Env = append(os.Environ(), "COGNITO_TEST_REFRESH_IN="+path, "COGNITO_TEST_URL="+srv.URL,
				"COGNITO_TEST_POOL="+srv.UserPoolID, "COGNITO_TEST_CLIENT="+srv.ClientID)
			require.NoError(t, child.Start())
			children = append(children, child)
		}
		before := renewals(srv)
		require.Eventually(t, func() bool { return renewals(srv) > before }, 20*time.Second, time.Millisecond)
		var killed sync.WaitGroup
		for _, child := range children {
			moment := time.Duration(random.IntN(20_000)) * time.Microsecond
			killed.Go(func() {
				time.Sleep(moment) // when it is killed, not a wait
				_ = child.Process.Signal(syscall.SIGKILL)
				_ = child.Wait() // it says that the process was killed
			})
		}
		killed.Wait()
		require.NoError(t, c.RenewAccessToken(t.Context()), "round %d", round)
		require.NoError(t, c.RenewAccessToken(t.Context()), "the first may have taken what the others saved, and have saved nothing")
		stored, err := cognito.NewFileStore(path).Load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, c.Tokens().RefreshToken, stored.RefreshToken)
		assert.Equal(t, []string{"tokens.json", "tokens.json.lock"}, filesBeside(t, path), "round %d", round)
	}
}

// refreshForEver refreshes the session in the file until it is killed.
func refreshForEver(t *testing.T, path string) {
	t.Helper()
	c, err := cognito.New(os.Getenv("COGNITO_TEST_POOL"), os.Getenv("COGNITO_TEST_CLIENT"),
		cognito.WithEndpoint(os.Getenv("COGNITO_TEST_URL")), cognito.WithUsername("bob"),
		cognito.WithTokenStore(cognito.NewFileStore(path)))
	require.NoError(t, err)
	for {
		if err := c.RenewAccessToken(context.Background()); err != nil {
			os.Exit(1)
		}
	}
}
