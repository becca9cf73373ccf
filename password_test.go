package cognito_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

const newPassword = "Another-Horse-2"

// signedInAt is bob, signed in at an app client with and without a secret.
func signedInAt(t *testing.T, test func(t *testing.T, srv *cognitotest.Server, bob *cognito.Cognito)) {
	t.Helper()
	for _, client := range []cognitotest.Client{{ID: testClient}, secretClient()} {
		srv := newServer(t, cognitotest.Config{Clients: []cognitotest.Client{client}})
		bob := newAdmin(t, srv, cognito.WithUsername("bob"))
		require.NoError(t, bob.Authenticate(t.Context(), testPassword))
		test(t, srv, bob)
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, srv *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		tokens := bob.Tokens()
		delivery, err := bob.InitiateForgotPassword(t.Context())
		require.NoError(t, err)
		assert.Equal(t, types.DeliveryMediumTypeEmail, delivery.Medium)
		assert.Equal(t, "email", delivery.Attribute)
		assert.Contains(t, delivery.Destination, "***")

		code := srv.Code("bob")
		require.ErrorIs(t, bob.ConfirmForgotPassword(t.Context(), code+"0", newPassword), cognito.ErrCodeMismatch)
		require.ErrorIs(t, bob.ConfirmForgotPassword(t.Context(), code, "weak"), cognito.ErrInvalidPassword)
		require.NoError(t, bob.ConfirmForgotPassword(t.Context(), code, newPassword))
		require.ErrorIs(t, bob.ConfirmForgotPassword(t.Context(), code, newPassword), cognito.ErrCodeExpired)
		assert.Equal(t, tokens, bob.Tokens(), "nobody is signed in or out by it")
		require.ErrorIs(t, bob.ForUser("bob").Authenticate(t.Context(), testPassword), cognito.ErrInvalidCredentials)
		require.NoError(t, bob.ForUser("bob").Authenticate(t.Context(), newPassword))
	})
}

func TestForgottenPasswordReasons(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv)
	_, err := c.InitiateForgotPassword(t.Context())
	require.ErrorContains(t, err, "username")
	require.ErrorContains(t, c.ConfirmForgotPassword(t.Context(), "1", newPassword), "username")
	bob := c.ForUser("bob")
	require.ErrorContains(t, bob.ConfirmForgotPassword(t.Context(), "", newPassword), "code")
	require.ErrorContains(t, bob.ConfirmForgotPassword(t.Context(), "1", ""), "new password")
	require.ErrorContains(t, bob.ConfirmForgotPassword(t.Context(), "1", newPassword, cognito.Flow("x")), "option Flow")
	_, err = bob.InitiateForgotPassword(t.Context(), cognito.ValidationData{})
	require.ErrorContains(t, err, "option ValidationData")
	assert.Empty(t, srv.Requests())

	_, err = c.ForUser("nobody").InitiateForgotPassword(t.Context())
	require.ErrorIs(t, err, cognito.ErrUserNotFound)
	_, err = bob.InitiateForgotPassword(t.Context())
	require.NoError(t, err)
	srv.Advance(2 * time.Hour)
	require.ErrorIs(t, bob.ConfirmForgotPassword(t.Context(), srv.Code("bob"), newPassword), cognito.ErrCodeExpired)
	for range 25 {
		_, err = bob.InitiateForgotPassword(t.Context())
	}
	require.ErrorIs(t, err, cognito.ErrLimitExceeded)
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, _ *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		require.ErrorIs(t, bob.ChangePassword(t.Context(), "wrong", newPassword), cognito.ErrInvalidCredentials)
		require.ErrorIs(t, bob.ChangePassword(t.Context(), testPassword, "weak"), cognito.ErrInvalidPassword)
		require.ErrorContains(t, bob.ChangePassword(t.Context(), testPassword, ""), "new password")
		require.NoError(t, bob.ChangePassword(t.Context(), testPassword, newPassword))
		require.NoError(t, bob.ForUser("bob").Authenticate(t.Context(), newPassword))
	})
}

func TestPasswordsSetByAnAdministrator(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, srv *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		require.NoError(t, bob.AdminSetPassword(t.Context(), "bob", newPassword, true))
		require.NoError(t, bob.ForUser("bob").Authenticate(t.Context(), newPassword))
		require.ErrorIs(t, bob.AdminSetPassword(t.Context(), "bob", "weak", true), cognito.ErrInvalidPassword)
		require.ErrorContains(t, bob.AdminSetPassword(t.Context(), "bob", "", true), "new password")
		require.NoError(t, bob.AdminSetPassword(t.Context(), "bob", testPassword, false))
		require.ErrorIs(t, bob.ForUser("bob").Authenticate(t.Context(), testPassword), cognito.ErrNewPasswordRequired)

		require.NoError(t, bob.AdminSetPassword(t.Context(), "bob", testPassword, true))
		require.NoError(t, bob.AdminResetPassword(t.Context(), "bob"))
		require.ErrorIs(t, bob.ForUser("bob").Authenticate(t.Context(), testPassword), cognito.ErrPasswordResetRequired)
		require.NoError(t, bob.ConfirmForgotPassword(t.Context(), srv.Code("bob"), newPassword))
		require.NoError(t, bob.ForUser("bob").Authenticate(t.Context(), newPassword))
	})
}

// pycognito renews an expired token in these calls, and its comparison of local times failed for an
// hour a year.
func TestExpiredTokensAreRenewedFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range userRequests {
		if tt.kind != kindToken {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			bob := newClient(t, srv, cognito.WithUsername("bob"))
			require.NoError(t, bob.Authenticate(t.Context(), testPassword))
			old := bob.Tokens()
			srv.Advance(61 * time.Minute)
			before := len(serviceCalls(srv))
			_ = tt.call(t.Context(), bob) // some are refused by the pool, with the new token
			sent := ops(serviceCalls(srv)[before:])
			assert.Equal(t, []string{"GetTokensFromRefreshToken", tt.op}, sent)
			calls := srv.Requests()
			assert.NotEqual(t, old.AccessToken, calls[len(calls)-1].Body["AccessToken"])

			withoutRefresh := newClient(t, srv, cognito.WithTokens(cognito.Tokens{AccessToken: old.AccessToken}))
			before = len(srv.Requests())
			require.Error(t, tt.call(t.Context(), withoutRefresh))
			assert.Equal(t, []string{tt.op}, ops(srv.Requests()[before:]), "the service says what is wrong with it")
		})
	}
}

func TestARefreshTokenAloneIsASession(t *testing.T) {
	t.Parallel()
	srv, bob := poolWithCarol(t)
	c := newClient(t, srv, cognito.WithTokens(cognito.Tokens{RefreshToken: bob.Tokens().RefreshToken}))
	user, err := c.GetUser(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "bob", user.Username)

	require.NoError(t, bob.Logout(t.Context()))
	_, err = newClient(t, srv, cognito.WithTokens(cognito.Tokens{RefreshToken: c.Tokens().RefreshToken})).GetUser(t.Context())
	require.Error(t, err)
	assert.True(t, cognito.IsTerminal(err))
}

// pycognito keeps the plain password on the object after register, confirm_forgot_password and
// change_password.
func TestPasswordsAreNotKept(t *testing.T) {
	t.Parallel()
	srv, bob := poolWithCarol(t)
	require.NoError(t, bob.ChangePassword(t.Context(), testPassword, secret+"-Horse-2"))
	_, err := bob.InitiateForgotPassword(t.Context())
	require.NoError(t, err)
	require.NoError(t, bob.ConfirmForgotPassword(t.Context(), srv.Code("bob"), secret+"-Horse-3"))
	_, err = bob.Register(t.Context(), "dave", secret+"-Horse-4", nil)
	require.NoError(t, err)
	for how, text := range prints.All(bob) {
		assert.NotContains(t, text, secret, how)
	}
}

// Requests that carry a code or make something must not be sent again when it is not known what
// became of them.
func TestOneTimeRequestsAreSentOnce(t *testing.T) {
	t.Parallel()
	once := []string{
		"ForgotPassword", "ConfirmForgotPassword", "ChangePassword", "GetUserAttributeVerificationCode", "VerifyUserAttribute",
		"AdminCreateUser", "AdminResetUserPassword", "CreateGroup", "CreateIdentityProvider",
	}
	srv, bob := poolWithCarol(t)
	srv.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	for _, tables := range [][]request{userRequests, adminRequests, providerRequests} {
		for _, tt := range tables {
			for _, op := range once {
				if tt.op == op {
					before := len(srv.Requests())
					require.Error(t, tt.call(t.Context(), bob))
					assert.Len(t, srv.Requests(), before+1, tt.name)
				}
			}
		}
	}
}
