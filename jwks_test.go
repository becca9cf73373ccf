package cognito_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
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

// keysFrom makes srv answer fetches of the key set with fn.
func keysFrom(srv *cognitotest.Server, fn http.HandlerFunc) {
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet {
			return false
		}
		fn(w, r)
		return true
	})
}

func fetches(srv *cognitotest.Server) int {
	n := 0
	for _, r := range srv.Requests() {
		if r.Op == "JWKS" {
			n++
		}
	}
	return n
}

func keySetOf(t *testing.T, srv *cognitotest.Server) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.JWKSURL(), nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	keys, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return keys
}

func TestKeySetAnswers(t *testing.T) {
	t.Parallel()
	withKey := func(key string) func(*testing.T, *cognitotest.Server) http.HandlerFunc {
		return func(t *testing.T, srv *cognitotest.Server) http.HandlerFunc {
			t.Helper()
			var set struct {
				Keys []json.RawMessage `json:"keys"`
			}
			require.NoError(t, json.Unmarshal(keySetOf(t, srv), &set))
			set.Keys = append([]json.RawMessage{json.RawMessage(key)}, set.Keys...)
			body, err := json.Marshal(set)
			require.NoError(t, err)
			return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }
		}
	}
	text := func(status int, body string) func(*testing.T, *cognitotest.Server) http.HandlerFunc {
		return func(*testing.T, *cognitotest.Server) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			}
		}
	}
	tests := []struct {
		name  string
		serve func(*testing.T, *cognitotest.Server) http.HandlerFunc
		want  string // "" for no error
	}{
		{"HTML", text(200, "<html>sign in to the proxy</html>"), "Key Set"},
		{"nothing", text(200, ""), "Key Set"},
		{"null", text(200, "null"), "at least one usable key"},
		{"a list", text(200, "[]"), "Key Set"},
		{"no keys", text(200, "{}"), "at least one usable key"},
		{"keys that are no list", text(200, `{"keys":"x"}`), "Key Set"},
		{"a key that is no object", text(200, `{"keys":["x"]}`), "key 1"},
		{"a key ID that is no text", text(200, `{"keys":[{"kid":1}]}`), "key 1"},
		{"500", text(500, `{"keys":[]}`), "500"},
		{"404", text(404, "not found"), "404"},
		{"a good body with status 203", func(t *testing.T, srv *cognitotest.Server) http.HandlerFunc {
			t.Helper()
			body := keySetOf(t, srv)
			return func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNonAuthoritativeInfo)
				_, _ = w.Write(body)
			}
		}, "203"},
		{"huge", text(200, `{"keys":[],"x":"`+strings.Repeat("a", 20<<20)+`"}`), "at most"},
		{"a broken key beside good ones", withKey(`{"kty":"RSA","kid":"broken","n":"!","e":"AQAB"}`), ""},
		{"an RSA key without n", withKey(`{"kty":"RSA","kid":"half","e":"AQAB"}`), ""},
		{"a key of a kind to come beside good ones", withKey(`{"kty":"PQC","kid":"new"}`), ""},
		{"a key without an ID beside good ones", withKey(`{"kty":"EC"}`), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			keysFrom(srv, tt.serve(t, srv))
			c := newClient(t, srv, cognito.WithUsername("bob"))
			err := c.Authenticate(t.Context(), testPassword)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, srv.JWKSURL())
			assert.Less(t, len(err.Error()), 1000)
			assert.False(t, cognito.IsTerminal(err))
			assert.Equal(t, cognito.Tokens{}, c.Tokens(), "what is not verified is not the session's")

			srv.Intercept(nil)
			calls := len(serviceCalls(srv))
			require.NoError(t, c.VerifyTokens(t.Context()), "and nothing is lost")
			assert.Equal(t, "bob", c.AccessClaims().Username)
			assert.NotEmpty(t, c.Tokens().RefreshToken)
			assert.Len(t, serviceCalls(srv), calls)
		})
	}
}

func TestSlowKeySetWaitsNoLongerThanTheContext(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	release := make(chan struct{})
	defer close(release)
	keysFrom(srv, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	tokens := cognito.Tokens{AccessToken: srv.Token("bob", cognitotest.TokenOptions{Use: "access"})}
	c := newClient(t, srv, cognito.WithTokens(tokens))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := c.VerifyTokens(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, cognito.ErrKeysUnavailable)
}

func TestKeysUnavailableOnRefreshKeepsTheNewRefreshToken(t *testing.T) {
	t.Parallel()
	client := cognitotest.Client{ID: testClient, RefreshTokenRotation: true, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH"}}
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
	c := signedIn(t, srv)
	before := c.Tokens()
	srv.RotateKeys()
	keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	require.ErrorIs(t, c.RenewAccessToken(t.Context()), cognito.ErrKeysUnavailable)
	assert.Equal(t, before.AccessToken, c.Tokens().AccessToken)
	assert.NotNil(t, c.AccessClaims())
	assert.NotEqual(t, before.RefreshToken, c.Tokens().RefreshToken, "the old one is spent")
	srv.Intercept(nil)
	// The old refresh token is rotated away; the next renewal must use the one that came with it.
	require.NoError(t, c.RenewAccessToken(t.Context()))
	assert.NotEqual(t, before.RefreshToken, c.Tokens().RefreshToken)
	require.NoError(t, c.RevokeToken(t.Context()))
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	verify := func(raw string) error {
		_, err := c.VerifyToken(t.Context(), raw, cognito.AccessToken)
		return err
	}
	old := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	require.NoError(t, verify(old))
	require.NoError(t, verify(old))
	assert.Equal(t, 1, fetches(srv))
	srv.RotateKeys()
	require.NoError(t, verify(srv.Token("bob", cognitotest.TokenOptions{Use: "access"})), "a new key is fetched at once")
	assert.Equal(t, 2, fetches(srv))
	require.ErrorIs(t, verify(old), cognito.ErrUnknownKey, "a key that is gone no longer verifies")
	assert.Equal(t, 3, fetches(srv))

	// Made-up key IDs do not make the set be fetched again and again, and do not stop good tokens.
	good := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	for range 20 {
		require.ErrorIs(t, verify(srv.Token("bob", cognitotest.TokenOptions{Use: "access", KeyID: "made-up"})), cognito.ErrUnknownKey)
		require.NoError(t, verify(good))
	}
	assert.Equal(t, 3, fetches(srv))
	srv.Advance(11 * time.Second)
	require.ErrorIs(t, verify(old), cognito.ErrUnknownKey)
	assert.Equal(t, 4, fetches(srv))
}

func TestFailingFetchesBackOff(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	c := newClient(t, srv)
	verify := func() error {
		_, err := c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}), cognito.AccessToken)
		return err
	}
	for range 10 {
		require.ErrorIs(t, verify(), cognito.ErrKeysUnavailable)
	}
	assert.Equal(t, 4, fetches(srv))
	srv.Advance(time.Second)
	require.ErrorIs(t, verify(), cognito.ErrKeysUnavailable)
	assert.Equal(t, 5, fetches(srv))
	srv.Advance(time.Second)
	require.ErrorIs(t, verify(), cognito.ErrKeysUnavailable)
	assert.Equal(t, 5, fetches(srv), "the second pause is longer")
	srv.Intercept(nil)
	srv.Advance(time.Second)
	require.NoError(t, verify())
}

func TestOldKeysStayWhileFetchesFail(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	verify := func(opts cognitotest.TokenOptions) error {
		opts.Use = "access"
		_, err := c.VerifyToken(t.Context(), srv.Token("bob", opts), cognito.AccessToken)
		return err
	}
	require.NoError(t, verify(cognitotest.TokenOptions{}))
	keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	require.ErrorIs(t, verify(cognitotest.TokenOptions{KeyID: "made-up"}), cognito.ErrKeysUnavailable)
	require.NoError(t, verify(cognitotest.TokenOptions{}))
	srv.Advance(25 * time.Hour)
	require.NoError(t, verify(cognitotest.TokenOptions{}), "old keys are fetched again beside the call, which does not wait")
	require.Eventually(t, func() bool { return fetches(srv) == 4 }, 10*time.Second, time.Millisecond)
	require.NoError(t, verify(cognitotest.TokenOptions{}))
}

func TestConcurrentVerificationsFetchOnce(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	token := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})
	release := make(chan struct{})
	keys := keySetOf(t, srv)
	before := fetches(srv)
	keysFrom(srv, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write(keys)
	})
	var started, wg sync.WaitGroup
	for range 50 {
		started.Add(1)
		wg.Go(func() {
			started.Done()
			if _, err := c.VerifyToken(t.Context(), token, cognito.AccessToken); err != nil {
				t.Error(err)
			}
		})
	}
	started.Wait()
	close(release)
	wg.Wait()
	assert.Equal(t, 1, fetches(srv)-before)
}

func TestGivenKeys(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	keys := keySetOf(t, srv)
	before := fetches(srv)
	token := srv.Token("bob", cognitotest.TokenOptions{Use: "access"})

	c := newClient(t, srv, cognito.WithJWKS(keys))
	_, err := c.VerifyToken(t.Context(), token, cognito.AccessToken)
	require.NoError(t, err)
	_, err = c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access", KeyID: "made-up"}), cognito.AccessToken)
	require.ErrorIs(t, err, cognito.ErrUnknownKey)

	t.Setenv("COGNITO_JWKS", string(keys))
	_, err = newClient(t, srv).VerifyToken(t.Context(), token, cognito.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, before, fetches(srv), "nothing is fetched")

	t.Setenv("COGNITO_JWKS", "{'keys': []}") // as Python writes it
	_, err = cognito.New(testPool, testClient)
	require.ErrorContains(t, err, "COGNITO_JWKS")
	_, err = newClient(t, srv, cognito.WithJWKS(keys)).VerifyToken(t.Context(), token, cognito.AccessToken)
	require.NoError(t, err, "the option goes before the environment")
}

func TestJWKSURL(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{Issuer: "https://id.example.com/pool"})
	c := newClient(t, srv, cognito.WithIssuer("https://id.example.com/pool"), cognito.WithJWKSURL(srv.JWKSURL()), cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	assert.Equal(t, "https://id.example.com/pool", c.IDClaims().Issuer)
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	srv := cognitotest.NewServer(cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "bob", Password: testPassword})
	transport := &http.Transport{}
	for range 5 {
		c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		_, err := c.VerifyToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access", KeyID: "made-up"}), cognito.AccessToken)
		require.ErrorIs(t, err, cognito.ErrUnknownKey)
	}
	transport.CloseIdleConnections()
	srv.Close()
	// One more is the condition's own; five sign-ins and five fetches would have left more.
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 10*time.Second, 10*time.Millisecond)
}
