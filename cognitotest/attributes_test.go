package cognitotest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// update is the input of UpdateUserAttributes for ana.
func (f *fixture) update(pairs ...string) members {
	f.t.Helper()
	return members{"AccessToken": f.session(), "UserAttributes": attributes(pairs...)}
}

func (f *fixture) verify(code string) members {
	f.t.Helper()
	return members{"AccessToken": f.session(), "AttributeName": "email", "Code": code}
}

func TestUpdateUserAttributes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	assert.Nil(t, f.must("UpdateUserAttributes", f.update("name", "Ana", "custom:team", "7"))["CodeDeliveryDetailsList"])
	_, got := f.user("ana")
	assert.Equal(t, "Ana", got["name"])
	assert.Equal(t, "7", got["custom:team"])
	assert.Equal(t, "true", got["email_verified"])

	out := f.must("UpdateUserAttributes", f.update("email", "new@example.org"))
	assert.Equal(t, []any{members{"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}}, out["CodeDeliveryDetailsList"])
	_, got = f.user("ana")
	assert.Equal(t, "new@example.org", got["email"])
	assert.Equal(t, "false", got["email_verified"])
	assert.Equal(t, "VerifyUserAttribute", f.Messages()[0].Purpose)
	code := f.Code("ana")
	f.refuses("VerifyUserAttribute", f.verify(another(code)), "CodeMismatchException", wrongCode)
	f.must("VerifyUserAttribute", f.verify(code))
	f.refuses("VerifyUserAttribute", f.verify(code), "ExpiredCodeException", noCode)
	_, got = f.user("ana")
	assert.Equal(t, "true", got["email_verified"])
	assert.Nil(t, f.must("UpdateUserAttributes", f.update("email", "new@example.org"))["CodeDeliveryDetailsList"], "it is what it was")

	f.must("UpdateUserAttributes", f.update("name", "", "email", ""))
	_, got = f.user("ana")
	assert.NotContains(t, got, "name")
	assert.NotContains(t, got, "email")
	assert.NotContains(t, got, "email_verified")
}

func TestDeleteUserAttributes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{RequiredAttributes: []string{"email"}})
	f.must("UpdateUserAttributes", f.update("name", "Ana", "nickname", "An"))
	remove := func(names ...string) members {
		return members{"AccessToken": f.session(), "UserAttributeNames": names, "Username": "ana"}
	}
	f.must("DeleteUserAttributes", remove("name", "gender"))
	f.must("AdminDeleteUserAttributes", remove("nickname"))
	_, got := f.user("ana")
	assert.NotContains(t, got, "name")
	assert.NotContains(t, got, "nickname")
	for _, op := range []string{"DeleteUserAttributes", "AdminDeleteUserAttributes"} {
		f.refuses(op, remove("email"), badParameter, "Attributes did not conform to the schema: email: The attribute is required\n")
		f.refuses(op, remove("shoe_size"), badParameter, "user.shoe_size: Attribute does not exist in the schema.\n")
	}
	const unauthorized = "A client attempted to write unauthorized attribute"
	f.refuses("DeleteUserAttributes", remove("email_verified"), notAuthorized, unauthorized)
	f.refuses("DeleteUserAttributes", remove("sub"), notAuthorized, unauthorized)
	f.refuses("AdminDeleteUserAttributes", remove("sub"), badParameter, "Cannot modify the non-mutable attribute sub")
	f.must("AdminDeleteUserAttributes", remove("email_verified"))
}

func TestSchema(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{CustomAttributes: []cognitotest.CustomAttribute{
		{Name: "team", Max: 3, Min: 2},
		{Name: "age", Type: "Number", Min: 18, Max: 99},
		{Name: "vip", Type: "Boolean"},
		{Name: "since", Type: "DateTime"},
		{Name: "id", Immutable: true},
	}})
	const noSuch = ": Attribute does not exist in the schema.\n"
	for _, tt := range []struct{ name, value, problem string }{
		{"custom:nope", "x", "user.custom:nope" + noSuch},
		{"shoe_size", "x", "user.shoe_size" + noSuch},
		{"shoe_size", "", "user.shoe_size" + noSuch},
		{"custom:team", "abcd", "user.custom:team: String must be no longer than 3 characters"},
		{"custom:team", "a", "user.custom:team: String must be at least 2 characters"},
		{"custom:age", "old", "user.custom:age: Number is not valid"},
		{"custom:age", "17", "user.custom:age: Number is not valid"},
		{"custom:age", "100", "user.custom:age: Number is not valid"},
		{"custom:vip", "True", "user.custom:vip: Boolean must be true or false"},
		{"custom:since", "yesterday", "user.custom:since: DateTime is not valid"},
		{"custom:id", "2", "user.custom:id: Attribute cannot be updated.\n"},
		{"birthdate", "1.1.1990", "user.birthdate: String must be at least 10 characters"},
		{"updated_at", "now", "user.updated_at: Number is not valid"},
		{"email", "ana", "Invalid email address format."},
		{"phone_number", "0123", "Invalid phone number format."},
	} {
		f.refuses("UpdateUserAttributes", f.update("nickname", "changed", tt.name, tt.value), badParameter, tt.problem)
		f.refuses("AdminUpdateUserAttributes", members{"Username": "ana", "UserAttributes": attributes(tt.name, tt.value)}, badParameter, tt.problem)
	}
	_, got := f.user("ana")
	assert.NotContains(t, got, "nickname", "all is changed, or nothing")
	f.must("UpdateUserAttributes", f.update("custom:team", "abc", "custom:age", "18", "custom:vip", "true", "custom:since", "2024-02-29T00:00:00Z",
		"birthdate", "1990-01-01", "updated_at", "0", "name", strings.Repeat("ä", 2048)))
	f.must("AdminCreateUser", members{"Username": "bob", "UserAttributes": attributes("custom:id", "1", "custom:since", "1700000000")})
	_, got = f.user("bob")
	assert.Equal(t, "1", got["custom:id"], "what cannot be changed can be given")
}

func TestClientPermissions(t *testing.T) {
	t.Parallel()
	c := allFlows()
	c.ReadAttributes, c.WriteAttributes = []string{"name"}, []string{"name", "email"}
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{c}})
	const unauthorized = "A client attempted to write unauthorized attribute"
	f.refuses("UpdateUserAttributes", f.update("nickname", "An"), notAuthorized, unauthorized)
	f.refuses("UpdateUserAttributes", f.update("name", "Ana", "nickname", ""), notAuthorized, unauthorized)
	f.refuses("DeleteUserAttributes", members{"AccessToken": f.session(), "UserAttributeNames": []string{"nickname"}}, notAuthorized, unauthorized)
	for _, name := range []string{"email_verified", "phone_number_verified", "sub", "dev:custom:x"} {
		f.refuses("UpdateUserAttributes", f.update(name, "true"), notAuthorized, unauthorized)
	}
	_, err := f.signUp("bob", password, map[string]string{"gender": "x"})
	refused(t, err, notAuthorized, unauthorized)
	f.must("UpdateUserAttributes", f.update("name", "Ana"))
	f.must("AdminUpdateUserAttributes", members{"Username": "ana", "UserAttributes": attributes("nickname", "An", "dev:custom:x", "1")})
	out := f.must("GetUser", members{"AccessToken": f.session()})
	assert.Equal(t, map[string]string{"sub": sub, "name": "Ana"}, byName(out["UserAttributes"]))

	c.WriteAttributes = []string{} // none, where nil is all
	f = newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{c}})
	f.refuses("UpdateUserAttributes", f.update("name", "Ana"), notAuthorized, unauthorized)
}

func TestAdminUpdateUserAttributes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	update := func(pairs ...string) members {
		return members{"Username": "ana", "UserAttributes": attributes(pairs...)}
	}
	assert.Equal(t, members{}, f.must("AdminUpdateUserAttributes", update("email", "new@example.org", "email_verified", "true")))
	_, got := f.user("ana")
	assert.Equal(t, "true", got["email_verified"])
	assert.Empty(t, f.Messages())
	f.must("AdminUpdateUserAttributes", update("email", "newer@example.org"))
	_, got = f.user("ana")
	assert.Equal(t, "false", got["email_verified"])
	f.must("VerifyUserAttribute", f.verify(f.Code("ana")))
	f.refuses("AdminUpdateUserAttributes", update("email_verified", "yes"), badParameter, "user.email_verified: Boolean must be true or false")
	f.refuses("AdminUpdateUserAttributes", update("sub", sub), badParameter, "Cannot modify the non-mutable attribute sub")
}

func TestVerificationBeforeUpdate(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{AttributesRequireVerificationBeforeUpdate: []string{"email"}})
	f.must("UpdateUserAttributes", f.update("email", "new@example.org"))
	_, got := f.user("ana")
	assert.Equal(t, "ana@example.com", got["email"])
	assert.Equal(t, "true", got["email_verified"])
	first := f.Code("ana")
	out := f.must("GetUserAttributeVerificationCode", members{"AccessToken": f.session(), "AttributeName": "email"})
	assert.Equal(t, members{"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}, out["CodeDeliveryDetails"], "to the new address")
	if first != f.Code("ana") {
		f.refuses("VerifyUserAttribute", f.verify(first), "CodeMismatchException", wrongCode)
	}
	f.must("VerifyUserAttribute", f.verify(f.Code("ana")))
	_, got = f.user("ana")
	assert.Equal(t, "new@example.org", got["email"])
	assert.Equal(t, "true", got["email_verified"])

	assert.Contains(t, panicText(func() {
		cognitotest.NewServer(cognitotest.Config{AttributesRequireVerificationBeforeUpdate: []string{"phone_number"}}).Close()
	}), "Config.AttributesRequireVerificationBeforeUpdate")
}

func TestVerificationCodes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	request := members{"AccessToken": f.session(), "AttributeName": "email"}
	f.refuses("VerifyUserAttribute", f.verify("123456"), "ExpiredCodeException", noCode)
	f.must("GetUserAttributeVerificationCode", request)
	f.Advance(24*time.Hour + time.Second)
	f.refuses("VerifyUserAttribute", f.verify(f.Code("ana")), "ExpiredCodeException", noCode)
	request["AccessToken"] = f.session()
	for range 5 {
		f.must("GetUserAttributeVerificationCode", request)
	}
	f.refuses("GetUserAttributeVerificationCode", request, "LimitExceededException", attemptLimit)
	code := f.Code("ana")
	for range 14 {
		f.refuses("VerifyUserAttribute", f.verify(another(code)), "CodeMismatchException", wrongCode)
	}
	f.refuses("VerifyUserAttribute", f.verify(code), "LimitExceededException", attemptLimit)
	request["AttributeName"] = "name"
	f.refuses("GetUserAttributeVerificationCode", request, badParameter, "Invalid attribute name: name")
	request["AttributeName"] = "phone_number"
	f.refuses("GetUserAttributeVerificationCode", request, badParameter, "User does not have the attribute phone_number")
}

// A code is no good any more when the address that it went to is not the user's.
func TestCodesGoWithTheirAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	change := func(username string, pairs ...string) {
		f.must("AdminUpdateUserAttributes", members{"Username": username, "UserAttributes": attributes(pairs...)})
	}
	f.must("UpdateUserAttributes", f.update("email", "new@example.org"))
	code := f.Code("ana")
	change("ana", "email", "")
	f.refuses("VerifyUserAttribute", f.verify(code), "ExpiredCodeException", noCode)
	_, got := f.user("ana")
	assert.NotContains(t, got, "email")

	change("ana", "email", "ana@example.com", "email_verified", "true")
	f.must("ForgotPassword", forgot("ana", nil))
	code = f.Code("ana")
	change("ana", "email", "mallory@example.com", "email_verified", "true")
	f.refuses("ConfirmForgotPassword", reset("ana", code, newPassword), "ExpiredCodeException", noCode)

	_, err := f.signUp("bob", password, map[string]string{"email": "bob@example.com"})
	require.NoError(t, err)
	code = f.Code("bob")
	change("bob", "email", "robert@example.com")
	refused(t, f.confirm("bob", code), "ExpiredCodeException", noCode)
}

// In a pool of aliases an address becomes a name to sign in with when it is verified, and only one
// user has it.
func TestAliasesAreUnique(t *testing.T) {
	t.Parallel()
	const taken = "An account with the email already exists."
	f := newFixture(t, cognitotest.Config{AliasAttributes: []string{"email", "preferred_username"}})
	f.AddUser(cognitotest.User{Username: "bob", Password: password, Attributes: map[string]string{
		"email": "bob@example.com", "email_verified": "true", "preferred_username": "bobby",
	}})
	f.must("UpdateUserAttributes", f.update("email", "bob@example.com")) // nobody knows yet whose it is
	f.refuses("VerifyUserAttribute", f.verify(f.Code("ana")), "AliasExistsException", taken)
	f.refuses("UpdateUserAttributes", f.update("preferred_username", "bobby"), "AliasExistsException", "An account with the preferred_username already exists.")
	f.refuses("AdminUpdateUserAttributes", members{"Username": "ana", "UserAttributes": attributes("email", "bob@example.com", "email_verified", "true")},
		"AliasExistsException", taken)
	_, err := f.byPassword("bob@example.com", password)
	require.NoError(t, err)
	_, err = f.byPassword("ana@example.com", password)
	refused(t, err, "UserNotFoundException", noUser)
	f.must("AdminUpdateUserAttributes", members{"Username": "bob", "UserAttributes": attributes("email_verified", "false")})
	f.must("VerifyUserAttribute", f.verify(f.Code("ana"))) // who has not verified it has no claim
	_, err = f.byPassword("bob@example.com", password)
	require.NoError(t, err, "it is ana's now")
}

// In a pool of addresses a change of the address changes the name to sign in with.
func TestSignInNamesChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{UsernameAttributes: []string{"email"}, CaseInsensitive: true})
	f.AddUser(cognitotest.User{Username: "bob@example.com", Password: password})
	token := f.Token("bob@example.com", cognitotest.TokenOptions{})
	in := members{"AccessToken": token, "UserAttributes": attributes("email", "ANA@example.com")}
	f.refuses("UpdateUserAttributes", in, "AliasExistsException", "An account with the email already exists.")
	in["UserAttributes"] = attributes("email", "")
	f.refuses("UpdateUserAttributes", in, badParameter, "Attributes did not conform to the schema: email: The attribute is required\n")
	in["UserAttributes"] = attributes("email", "robert@example.com")
	f.must("UpdateUserAttributes", in)
	_, err := f.byPassword("Robert@example.com", password)
	require.NoError(t, err)
	_, err = f.byPassword("bob@example.com", password)
	refused(t, err, "UserNotFoundException", noUser)
}
