package cognito_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func newPasswordServer(t *testing.T) *cognitotest.Server {
	t.Helper()
	srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{secretClient()}})
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	return srv
}

func TestChallengeHandlerSignsIn(t *testing.T) {
	t.Parallel()
	for _, flow := range []types.AuthFlowType{types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth} {
		srv := newPasswordServer(t)
		var asked []cognito.Challenge
		c := newClient(t, srv).ForUser("carol", cognito.WithChallengeHandler(func(_ context.Context, ch cognito.Challenge) (cognito.Answer, error) {
			asked = append(asked, ch)
			ch.Parameters["USER_ID_FOR_SRP"] = "eve" // what a handler does to its copy is its own affair
			return cognito.Answer{"NEW_PASSWORD": "Permanent-1"}, nil
		}))
		require.NoError(t, c.Authenticate(t.Context(), "Temporary-1", cognito.Flow(flow)))
		require.Len(t, asked, 1)
		assert.Equal(t, types.ChallengeNameTypeNewPasswordRequired, asked[0].Name)
		assert.Equal(t, "carol", asked[0].Username)
		assert.Equal(t, "carol", c.AccessClaims().Username)
		_, pending := c.Challenge()
		assert.False(t, pending)
		last := serviceCalls(srv)[len(serviceCalls(srv))-1]
		assert.Equal(t, asked[0].Session, last.Body["Session"])
		assert.Equal(t, map[string]any{
			"USERNAME": "carol", "NEW_PASSWORD": "Permanent-1", "SECRET_HASH": hmacHash("carol"+testClient, testSecret),
		}, last.Body["ChallengeResponses"])
	}
}

func TestChallengeHandlerLeavesItToTheCaller(t *testing.T) {
	t.Parallel()
	srv := newPasswordServer(t)
	c := newClient(t, srv, cognito.WithUsername("carol"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) { return nil, nil },
	))
	require.ErrorIs(t, c.Authenticate(t.Context(), "Temporary-1"), cognito.ErrNewPasswordRequired)
	_, pending := c.Challenge()
	assert.True(t, pending)
	require.NoError(t, c.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "Permanent-1"}))
}

func TestChallengeHandlerFails(t *testing.T) {
	t.Parallel()
	srv := newPasswordServer(t)
	errAsleep := errors.New("the user is asleep")
	answers := []cognito.Answer{nil, {"NEW_PASSWORD": "weak"}}
	errs := []error{errAsleep, nil}
	c := newClient(t, srv, cognito.WithUsername("carol"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) {
			answer, err := answers[0], errs[0]
			answers, errs = answers[1:], errs[1:]
			return answer, err
		},
	))
	require.ErrorIs(t, c.Authenticate(t.Context(), "Temporary-1"), errAsleep)
	require.ErrorIs(t, c.Authenticate(t.Context(), "Temporary-1"), cognito.ErrInvalidPassword)
	_, pending := c.Challenge()
	assert.True(t, pending, "the challenge can be answered again")
	require.NoError(t, c.RespondToChallenge(t.Context(), map[string]string{"NEW_PASSWORD": "Permanent-1"}))
}

// A service that never stops asking must not keep a handler busy for ever.
func TestChallengeHandlerIsNotAskedForEver(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		_, _ = w.Write([]byte(`{"ChallengeName":"CUSTOM_CHALLENGE","Session":"session-of-twenty-characters","ChallengeParameters":{}}`))
		return true
	})
	asked := 0
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithChallengeHandler(
		func(context.Context, cognito.Challenge) (cognito.Answer, error) {
			asked++
			return cognito.Answer{"ANSWER": "x"}, nil
		},
	))
	require.ErrorIs(t, c.Authenticate(t.Context(), testPassword), cognito.ErrCustomChallengeRequired)
	assert.Equal(t, 16, asked)
}
