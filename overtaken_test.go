package cognito_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// An empty list of client IDs is no list.
func TestAnyClientWithAnEmptyList(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{}, cognito.WithAnyClient(), cognito.WithIssuers(srv.Issuer()), cognito.WithClock(srv.Now))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), srv.Token("bob", cognitotest.TokenOptions{Use: "access"}))
	require.NoError(t, err)
}

// A sign-in that cannot succeed is not begun anew by each request.
func TestTransportPausesAfterFailuresThatStay(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "off", Password: testPassword, Disabled: true})
	client := newClient(t, srv, cognito.WithUsername("off")).HTTPClient(nil, testPassword, cognito.WithOrigins(srv.URL))
	for range 5 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/x", nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		require.ErrorIs(t, err, cognito.ErrUserDisabled)
	}
	assert.Equal(t, 1, strings.Count(strings.Join(ops(srv.Requests()), " "), "InitiateAuth"))
}

// gatedLoad is a store whose first load, once it has read, waits for the gate.
type gatedLoad struct {
	*cognito.MemoryStore

	later         *atomic.Bool
	reached, gate chan struct{}
}

func (g gatedLoad) Load(ctx context.Context) (cognito.Tokens, error) {
	tokens, err := g.MemoryStore.Load(ctx)
	if g.later.CompareAndSwap(false, true) {
		close(g.reached)
		<-g.gate
	}
	return tokens, err
}

func TestLoadIsOvertakenByASignOut(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := gatedLoad{cognito.NewMemoryStore(), &atomic.Bool{}, make(chan struct{}), make(chan struct{})}
	require.NoError(t, store.Save(t.Context(), signedIn(t, srv).Tokens()))
	c := newClient(t, srv, cognito.WithTokenStore(store))
	done := make(chan error, 1)
	go func() {
		_, err := c.CheckToken(context.WithoutCancel(t.Context()), false)
		done <- err
	}()
	<-store.reached
	err := c.ForgetTokens(t.Context())
	close(store.gate)
	require.NoError(t, err)
	require.ErrorIs(t, <-done, cognito.ErrNotSignedIn)
	assert.Zero(t, c.Tokens())
}
