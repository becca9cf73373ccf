package cognito_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// pycognito throws away where the code went.
func TestProfileUpdateSaysWhereCodesWent(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, srv *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		deliveries, err := bob.UpdateProfile(t.Context(), cognito.Attributes{"given_name": "Bob"})
		require.NoError(t, err)
		assert.Nil(t, deliveries)
		deliveries, err = bob.UpdateProfile(t.Context(), cognito.Attributes{"email": "bob@example.org"})
		require.NoError(t, err)
		require.Len(t, deliveries, 1)
		assert.Equal(t, "email", deliveries[0].Attribute)
		assert.Equal(t, types.DeliveryMediumTypeEmail, deliveries[0].Medium)

		user, err := bob.GetUser(t.Context())
		require.NoError(t, err)
		assert.False(t, user.Attributes.Bool("email_verified"))
		code := srv.Code("bob")
		require.ErrorIs(t, bob.ValidateVerification(t.Context(), "email", code+"0"), cognito.ErrCodeMismatch)
		require.NoError(t, bob.ValidateVerification(t.Context(), "email", code))
		user, err = bob.GetUser(t.Context())
		require.NoError(t, err)
		assert.True(t, user.Attributes.Bool("email_verified"))
		assert.Equal(t, "bob@example.org", user.Attributes["email"])
		assert.Equal(t, "Bob", user.Attributes["given_name"])
	})
}

func TestSendVerification(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, srv *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		delivery, err := bob.SendVerification(t.Context(), "email")
		require.NoError(t, err)
		assert.Equal(t, "email", delivery.Attribute)
		require.NoError(t, bob.ValidateVerification(t.Context(), "email", srv.Code("bob")))
		for range 10 {
			_, err = bob.SendVerification(t.Context(), "email")
		}
		require.ErrorIs(t, err, cognito.ErrLimitExceeded)
	})
}

func TestDeleteAttributes(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, _ *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		require.NoError(t, bob.DeleteAttributes(t.Context(), "custom:team"))
		require.NoError(t, err1(bob.AdminUpdateProfile(t.Context(), "bob", cognito.Attributes{"given_name": "Bob", "nickname": "B"})))
		require.NoError(t, bob.AdminDeleteAttributes(t.Context(), "bob", "given_name"))
		user, err := bob.AdminGetUser(t.Context(), "bob")
		require.NoError(t, err)
		assert.NotContains(t, user.Attributes, "custom:team")
		assert.NotContains(t, user.Attributes, "given_name")
		assert.Equal(t, "B", user.Attributes["nickname"])
		assert.Equal(t, "true", user.Attributes["email_verified"])
	})
}

func TestDeleteUserEndsTheSession(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, _ *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		require.NoError(t, bob.DeleteUser(t.Context()))
		assert.Equal(t, cognito.Tokens{}, bob.Tokens())
		require.ErrorIs(t, bob.DeleteUser(t.Context()), cognito.ErrNotSignedIn)
		_, err := bob.AdminGetUser(t.Context(), "bob")
		require.ErrorIs(t, err, cognito.ErrUserNotFound)
	})
}

func TestAFailedDeleteKeepsTheSession(t *testing.T) {
	t.Parallel()
	_, bob := poolWithCarol(t)
	require.NoError(t, bob.AdminSignOut(t.Context(), "bob"))
	tokens := bob.Tokens()
	require.ErrorIs(t, bob.DeleteUser(t.Context()), cognito.ErrTokenRevoked)
	assert.Equal(t, tokens, bob.Tokens())
}

// The codes of one session's calls and the tokens of a store are one user's.
func TestDeleteUserEmptiesTheTokenStore(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	store := &memoryStore{}
	bob := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithTokenStore(store))
	require.NoError(t, bob.Authenticate(t.Context(), testPassword))
	later := newClient(t, srv, cognito.WithTokenStore(store))
	user, err := later.GetUser(t.Context())
	require.NoError(t, err, "the tokens come from the store")
	require.NoError(t, user.Delete(t.Context()))
	left, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, cognito.Tokens{}, left)
}

func TestBadProfileArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	srv, bob := poolWithCarol(t)
	before := len(srv.Requests())
	attrs := cognito.Attributes{"name": "x"}
	_, errUpdate := bob.UpdateProfile(t.Context(), nil)
	_, errUpdateOption := bob.UpdateProfile(t.Context(), attrs, cognito.UserContextData{})
	_, errSend := bob.SendVerification(t.Context(), "")
	_, errSendOption := bob.SendVerification(t.Context(), "email", cognito.AttributeMap{})
	_, errGet := bob.GetUser(t.Context(), cognito.ClientMetadata{})
	_, errAdminGet := bob.AdminGetUser(t.Context(), "carol", cognito.ClientMetadata{})
	for want, errs := range map[string][]error{
		"attrs":                  {errUpdate, err1(bob.AdminUpdateProfile(t.Context(), "carol", nil))},
		"want no empty names":    {err1(bob.AdminUpdateProfile(t.Context(), "carol", cognito.Attributes{"": "x"})), err1(nameless(bob).Save(t.Context()))},
		"names":                  {bob.DeleteAttributes(t.Context()), bob.AdminDeleteAttributes(t.Context(), "carol", "")},
		"attribute":              {errSend, bob.ValidateVerification(t.Context(), "", "1")},
		"code":                   {bob.ValidateVerification(t.Context(), "email", "")},
		"username":               {err1(bob.AdminUpdateProfile(t.Context(), "", attrs)), bob.AdminConfirmSignUp(t.Context(), ""), bob.AdminResetPassword(t.Context(), "")},
		"option UserContextData": {errUpdateOption, err1(bob.AdminUpdateProfile(t.Context(), "carol", attrs, cognito.UserContextData{}))},
		"option AttributeMap":    {errSendOption, bob.AdminConfirmSignUp(t.Context(), "carol", cognito.AttributeMap{}), bob.AdminResetPassword(t.Context(), "carol", cognito.AttributeMap{})},
		"option ClientMetadata":  {errGet, errAdminGet},
	} {
		for _, err := range errs {
			require.ErrorContains(t, err, want)
		}
	}
	assert.Len(t, srv.Requests(), before)
}

// nameless is a user with an attribute that has no name.
func nameless(c *cognito.Cognito) *cognito.User {
	user := c.UserFromAttributes("bob", nil)
	user.Attributes[""] = "x"
	return user
}

func TestAdminConfirmSignUp(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	_, err := c.Register(t.Context(), "dave", testPassword, cognito.Attributes{"email": "dave@example.com"})
	require.NoError(t, err)
	require.ErrorIs(t, c.ForUser("dave").Authenticate(t.Context(), testPassword), cognito.ErrUserNotConfirmed)
	require.NoError(t, c.AdminConfirmSignUp(t.Context(), "dave"))
	require.NoError(t, c.ForUser("dave").Authenticate(t.Context(), testPassword))
	require.ErrorIs(t, c.AdminConfirmSignUp(t.Context(), "nobody"), cognito.ErrUserNotFound)
}

// All four ways to set attributes return the same; the service tells an administrator nothing.
func TestSavesReturnDeliveries(t *testing.T) {
	t.Parallel()
	signedInAt(t, func(t *testing.T, _ *cognitotest.Server, bob *cognito.Cognito) {
		t.Helper()
		user, err := bob.GetUser(t.Context())
		require.NoError(t, err)
		user.Attributes["email"] = "bob@example.org"
		deliveries, err := user.Save(t.Context())
		require.NoError(t, err)
		require.Len(t, deliveries, 1)
		assert.Equal(t, cognito.CodeDelivery{Destination: "b***@e***", Medium: "EMAIL", Attribute: "email"}, deliveries[0])
		deliveries, err = user.Save(t.Context())
		require.NoError(t, err)
		assert.Nil(t, deliveries, "nothing has changed")

		user.Attributes["email"] = "bob@example.net"
		deliveries, err = user.AdminSave(t.Context())
		require.NoError(t, err)
		assert.Nil(t, deliveries)
		deliveries, err = bob.AdminUpdateProfile(t.Context(), "bob", cognito.Attributes{"email": "bob@example.com"})
		require.NoError(t, err)
		assert.Nil(t, deliveries)
	})
}
