package cognito_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// poolWithCarol is a pool with bob, who is signed in at the client with AWS credentials, and carol.
func poolWithCarol(t *testing.T) (*cognitotest.Server, *cognito.Cognito) {
	t.Helper()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "carol", Password: testPassword, Attributes: m2("email", "carol@example.com", "given_name", "Carol")})
	c := newAdmin(t, srv, cognito.WithUsername("bob"))
	require.NoError(t, c.Authenticate(t.Context(), testPassword))
	return srv, c
}

func listed(t *testing.T, c *cognito.Cognito, username string) *cognito.User {
	t.Helper()
	for user, err := range c.Users(t.Context()) {
		require.NoError(t, err)
		if user.Username == username {
			return user
		}
	}
	t.Fatalf("no user %s in the list", username)
	return nil
}

// pycognito's get_users()[i].delete(admin=True) deletes the client's own user.
func TestDeletingAListedUserDeletesThatUser(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	require.NoError(t, listed(t, c, "carol").AdminDelete(t.Context()))
	_, err := c.AdminGetUser(t.Context(), "carol")
	require.ErrorIs(t, err, cognito.ErrUserNotFound)
	_, err = c.AdminGetUser(t.Context(), "bob")
	require.NoError(t, err)
	assert.NotEmpty(t, c.Tokens().AccessToken, "bob's session goes on")
}

// pycognito's get_users()[i].save(admin=True) writes that user's attributes onto the client's own
// user.
func TestSavingAListedUserSavesThatUser(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	carol := listed(t, c, "carol")
	carol.Attributes["given_name"] = "Caroline"
	require.NoError(t, err1(carol.AdminSave(t.Context())))

	got, err := c.AdminGetUser(t.Context(), "carol")
	require.NoError(t, err)
	assert.Equal(t, "Caroline", got.Attributes["given_name"])
	bob, err := c.GetUser(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "bob@example.com", bob.Attributes["email"])
	assert.NotContains(t, bob.Attributes, "given_name")
}

// Save and Delete work with the session's token, so what they do happens to the session's user.
func TestSavingAnotherUserWithTheSessionIsRefused(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	withSub, withoutSub := listed(t, c, "carol"), c.UserFromAttributes("carol", nil)
	nameless := c.UserFromAttributes("", nil)
	before := len(srv.Requests())
	for _, user := range []*cognito.User{withSub, withoutSub, nameless} {
		user.Attributes["given_name"] = "X"
		user.Sub = c.AccessClaims().Subject // what a caller changes does not make it another user
		require.ErrorContains(t, err1(user.Save(t.Context())), `the session belongs to "bob", not to`)
		require.ErrorContains(t, user.Delete(t.Context()), `the session belongs to "bob", not to`)
	}
	namesake := c.UserFromAttributes("bob", []types.AttributeType{{Name: aws.String("sub"), Value: aws.String("of-a-bob-who-is-gone")}})
	namesake.Attributes["given_name"] = "X"
	require.ErrorContains(t, err1(namesake.Save(t.Context())), `the session belongs to another user called "bob"`)
	require.ErrorContains(t, namesake.Delete(t.Context()), `the session belongs to another user called "bob"`)
	unreadable := newClient(t, srv, cognito.WithTokens(cognito.Tokens{AccessToken: "opaque"})).UserFromAttributes("bob", nil)
	require.ErrorContains(t, unreadable.Delete(t.Context()), "want the claim sub or username")
	require.ErrorIs(t, c.ForUser("bob").UserFromAttributes("bob", nil).Delete(t.Context()), cognito.ErrNotSignedIn)
	require.ErrorContains(t, nameless.AdminDelete(t.Context()), "username")
	assert.Len(t, srv.Requests(), before)
	assert.NotEmpty(t, c.Tokens().AccessToken)
}

func TestDeletingOneselfEndsTheSession(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	me, err := c.GetUser(t.Context())
	require.NoError(t, err)
	require.NoError(t, me.Delete(t.Context()))
	assert.Equal(t, cognito.Tokens{}, c.Tokens())
	_, err = c.AdminGetUser(t.Context(), "bob")
	require.ErrorIs(t, err, cognito.ErrUserNotFound)
}

// pycognito's admin_create_user makes the client the new user, and an attribute client_id replaces
// the client's ID.
func TestCreatingAUserDoesNotChangeTheClient(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	claims, tokens, clientID := c.AccessClaims(), c.Tokens(), c.ClientID()
	attrs := cognito.Attributes{"email": "dave@example.com", "custom:client_id": "x"}
	dave, err := c.AdminCreateUser(t.Context(), "dave", attrs, cognito.TemporaryPassword(""))
	require.NoError(t, err)
	assert.Equal(t, "dave", dave.Username)
	assert.Equal(t, types.UserStatusTypeForceChangePassword, dave.Status)
	assert.True(t, dave.Enabled)
	assert.False(t, dave.Created.IsZero())
	assert.Equal(t, "bob", c.Username())
	assert.Equal(t, clientID, c.ClientID())
	assert.Equal(t, claims, c.AccessClaims())
	assert.Equal(t, tokens, c.Tokens())
	assert.Equal(t, cognito.Attributes{"email": "dave@example.com", "custom:client_id": "x"}, attrs, "the caller's map is not changed")
	_, err = c.AdminCreateUser(t.Context(), "dave", attrs)
	require.ErrorIs(t, err, cognito.ErrUserExists)
}

// pycognito's admin_disable_user once disabled the client's own user.
func TestDisablingAUserDisablesThatUser(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	require.NoError(t, c.AdminDisableUser(t.Context(), "carol"))
	assert.False(t, listed(t, c, "carol").Enabled)
	assert.True(t, listed(t, c, "bob").Enabled)
	require.ErrorIs(t, c.ForUser("carol").Authenticate(t.Context(), testPassword), cognito.ErrUserDisabled)
	require.NoError(t, c.AdminEnableUser(t.Context(), "carol"))
	require.NoError(t, c.ForUser("carol").Authenticate(t.Context(), testPassword))
}

// pycognito's get_user() takes the name from the client, so a client made from tokens has users
// without a name.
func TestGetUserNamesTheUserOfTheReply(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	_, err := newClient(t, srv, cognito.WithTokens(c.Tokens()), cognito.WithUsername("someone")).GetUser(t.Context())
	require.ErrorIs(t, err, cognito.ErrStoreUser)
	fromTokens := newClient(t, srv, cognito.WithTokens(c.Tokens()))
	user, err := fromTokens.GetUser(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "bob", user.Username)
	assert.Equal(t, c.AccessClaims().Subject, user.Sub)
	assert.Empty(t, user.Status, "GetUser does not say")
	assert.True(t, user.Created.IsZero())
}

// pycognito silently does not save a new attribute, and sends every attribute it read, immutable
// ones too.
func TestSaveSendsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	user, err := c.GetUser(t.Context())
	require.NoError(t, err)
	before := len(srv.Requests())
	require.NoError(t, err1(user.Save(t.Context())))
	assert.Len(t, srv.Requests(), before, "nothing has changed")

	user.Attributes["nickname"] = "Bobby"  // new
	user.Attributes["custom:team"] = "red" // changed
	delete(user.Attributes, "email")       // gone
	user.Attributes["given_name"] = ""     // neither there before nor now
	require.NoError(t, err1(user.Save(t.Context(), cognito.ClientMetadata{"k": "v"})))
	sent := srv.Requests()[before:]
	require.Len(t, sent, 1)
	assert.Equal(t, m{
		"AccessToken": c.Tokens().AccessToken, "ClientMetadata": m{"k": "v"},
		"UserAttributes": []any{pair("custom:team", "red"), pair("email", ""), pair("nickname", "Bobby")},
	}, sent[0].Body)
	require.NoError(t, err1(user.Save(t.Context())))
	assert.Len(t, srv.Requests(), before+1, "it is saved")
	delete(user.Attributes, "given_name")
	require.NoError(t, err1(user.Save(t.Context())))
	assert.Len(t, srv.Requests(), before+1, "what is empty is gone already")

	got, err := c.AdminGetUser(t.Context(), "bob")
	require.NoError(t, err)
	assert.Equal(t, "red", got.Attributes["custom:team"])
	assert.Equal(t, "Bobby", got.Attributes["nickname"])
	assert.NotContains(t, got.Attributes, "email")
}

func TestSaveAfterAFailureSendsTheChangeAgain(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	srv.AddUser(cognitotest.User{Username: "carol", Password: testPassword})
	c := newAdmin(t, srv)
	user := listed(t, c, "carol")
	user.Attributes["phone_number"] = "not a number"
	require.Error(t, err1(user.AdminSave(t.Context())))
	user.Attributes["phone_number"] = "+15550100"
	require.NoError(t, err1(user.AdminSave(t.Context())))
	assert.Equal(t, "+15550100", listed(t, c, "carol").Attributes["phone_number"])
}

func TestSaveRefusesFixedAttributes(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	before := len(srv.Requests())
	for name, admin := range map[string]bool{"sub": false, "identities": false, "email_verified": true, "phone_number_verified": true} {
		user := c.UserFromAttributes("bob", nil)
		user.Attributes[name] = "true"
		require.ErrorContains(t, err1(user.Save(t.Context())), "attribute "+name, name)
		if !admin {
			require.ErrorContains(t, err1(user.AdminSave(t.Context())), "attribute "+name, name)
		}
	}
	assert.Len(t, srv.Requests(), before)

	carol := listed(t, c, "carol")
	before = len(srv.Requests())
	carol.Attributes = cognito.Attributes{"given_name": "C"} // in place of all that there was
	require.ErrorContains(t, err1(carol.AdminSave(t.Context())), "attribute sub: it is missing from the user's Attributes")
	assert.Len(t, srv.Requests(), before)
	user := c.UserFromAttributes("carol", nil)
	require.NoError(t, user.Attributes.Set("email_verified", true))
	require.NoError(t, err1(user.AdminSave(t.Context())))
	assert.True(t, listed(t, c, "carol").Attributes.Bool("email_verified"))
}

// After pycognito's save() with an attr_map the attributes have the pool's names.
func TestAttributeMapSurvivesSave(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	names := cognito.AttributeMap{"given_name": "first", "custom:team": "team"}
	user, err := c.AdminGetUser(t.Context(), "carol", names)
	require.NoError(t, err)
	assert.Equal(t, "Carol", user.Attributes["first"])
	assert.NotContains(t, user.Attributes, "given_name")
	for _, first := range []string{"Caroline", "Carolina"} {
		user.Attributes["first"], user.Attributes["team"] = first, "green"
		require.NoError(t, err1(user.AdminSave(t.Context())))
		assert.Equal(t, first, user.Attributes["first"])
		got := listed(t, c, "carol")
		assert.Equal(t, first, got.Attributes["given_name"])
		assert.Equal(t, "green", got.Attributes["custom:team"])
	}
	before := len(srv.Requests())
	user.Attributes["given_name"] = "Both"
	require.ErrorContains(t, err1(user.AdminSave(t.Context())), `two attributes would be called "given_name"`)
	assert.Len(t, srv.Requests(), before)
	assert.Equal(t, cognito.AttributeMap{"given_name": "first", "custom:team": "team"}, names)
}

func TestAttributeMapsThatLoseAnAttributeAreRefused(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	before := len(srv.Requests())
	for _, names := range []cognito.AttributeMap{{"given_name": "x", "name": "x"}, {"": "x"}, {"name": ""}} {
		_, err := c.AdminGetUser(t.Context(), "carol", names)
		require.ErrorContains(t, err, "AttributeMap")
		require.ErrorContains(t, err1(c.UserFromAttributes("carol", nil, names).AdminSave(t.Context())), "AttributeMap")
	}
	assert.Len(t, srv.Requests(), before)
	_, err := c.AdminGetUser(t.Context(), "carol", cognito.AttributeMap{"given_name": "email"})
	require.ErrorContains(t, err, `two attributes would be called "email"`)
	for _, err := range c.Users(t.Context(), cognito.AttributeMap{"email": "sub"}) {
		require.ErrorContains(t, err, "two attributes would be called")
	}
}

func TestUserFromAttributes(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	list := []types.AttributeType{{Name: aws.String("sub"), Value: aws.String("s")}, {Name: aws.String("given_name"), Value: aws.String("G")}}
	user := c.UserFromAttributes("carol", list, cognito.AttributeMap{"given_name": "first"})
	assert.Equal(t, "carol", user.Username)
	assert.Equal(t, "s", user.Sub)
	assert.Equal(t, cognito.Attributes{"sub": "s", "first": "G"}, user.Attributes)
	require.ErrorContains(t, err1(c.UserFromAttributes("carol", list, cognito.Limit(1)).Save(t.Context())), "option Limit")

	byHand := &cognito.User{Username: "carol"}
	require.ErrorContains(t, err1(byHand.Save(t.Context())), "want one from a method of Cognito")
	require.ErrorContains(t, err1(byHand.AdminSave(t.Context())), "want one from a method of Cognito")
	require.ErrorContains(t, byHand.Delete(t.Context()), "want one from a method of Cognito")
	require.ErrorContains(t, byHand.AdminDelete(t.Context()), "want one from a method of Cognito")
}

func TestAdminGetUser(t *testing.T) {
	t.Parallel()
	srv, c := poolWithCarol(t)
	user, err := c.AdminGetUser(t.Context(), "carol")
	require.NoError(t, err)
	assert.Equal(t, types.UserStatusTypeConfirmed, user.Status)
	assert.True(t, user.Enabled)
	assert.WithinDuration(t, srv.Now(), user.Created, 1e9*60)
	assert.False(t, user.Modified.IsZero())
	assert.Equal(t, "User{carol, CONFIRMED}", fmt.Sprint(user))
	assert.Equal(t, "User{carol, CONFIRMED}", fmt.Sprintf("%+v", *user))
	_, err = c.AdminGetUser(t.Context(), "nobody")
	require.ErrorIs(t, err, cognito.ErrUserNotFound)
	_, err = c.AdminGetUser(t.Context(), "")
	require.ErrorContains(t, err, "username")
}

// pycognito renames and fills the dicts that it is given.
func TestCallsDoNotChangeTheCallersMaps(t *testing.T) {
	t.Parallel()
	_, c := poolWithCarol(t)
	attrs := cognito.Attributes{"first": "B", "email": "dave@example.com"}
	names := cognito.AttributeMap{"given_name": "first"}
	metadata, validation := cognito.ClientMetadata{"k": "v"}, cognito.ValidationData{"w": "x"}
	details := map[string]string{"client_id": "x", "client_secret": "y"}
	ctx := t.Context()
	calls := map[string]error{
		"Register":        err1(c.Register(ctx, "erin", testPassword, attrs, names, metadata, validation)),
		"AdminCreateUser": err1(c.AdminCreateUser(ctx, "dave", attrs, names, metadata, validation)),
		"UpdateProfile":   err1(c.UpdateProfile(ctx, attrs, names, metadata)),
		"AdminUpdate":     err1(c.AdminUpdateProfile(ctx, "carol", attrs, names, metadata)),
		"AdminGetUser":    err1(c.AdminGetUser(ctx, "carol", names)),
		"AdminCreateIdentityProvider": err1(c.AdminCreateIdentityProvider(ctx, cognito.IdentityProvider{
			Name: "Corp", Type: types.IdentityProviderTypeTypeOidc, Details: details, AttributeMapping: names,
		})),
		"AdminUpdateIdentityProvider": err1(c.AdminUpdateIdentityProvider(ctx, "Corp", func(p *cognito.IdentityProvider) { p.Details["scopes"] = "z" })),
	}
	for name, err := range calls {
		require.NoError(t, err, name)
	}
	assert.Equal(t, cognito.Attributes{"first": "B", "email": "dave@example.com"}, attrs)
	assert.Equal(t, cognito.AttributeMap{"given_name": "first"}, names)
	assert.Equal(t, cognito.ClientMetadata{"k": "v"}, metadata)
	assert.Equal(t, cognito.ValidationData{"w": "x"}, validation)
	assert.Equal(t, map[string]string{"client_id": "x", "client_secret": "y"}, details)
}
