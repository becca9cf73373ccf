package cognito_test

import (
	"net/http"
	"strings"
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
	v, err := cognito.NewVerifier(srv.UserPoolID, []string{}, cognito.WithAnyClient(), cognito.WithIssuers(srv.Issuer()), cognito.WithVerifierClock(srv.Now))
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
