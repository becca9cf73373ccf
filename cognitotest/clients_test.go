package cognitotest_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func TestUserPoolClients(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	sdk, ctx := f.signer(), t.Context()
	created, err := sdk.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: aws.String(f.UserPoolID), ClientName: aws.String("web app"), GenerateSecret: true,
		ExplicitAuthFlows:          []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
		PreventUserExistenceErrors: types.PreventUserExistenceErrorTypesEnabled,
		CallbackURLs:               []string{"https://example.com/cb"}, SupportedIdentityProviders: []string{"COGNITO"},
		AccessTokenValidity: aws.Int32(10), TokenValidityUnits: &types.TokenValidityUnitsType{AccessToken: types.TimeUnitsTypeMinutes},
		WriteAttributes: []string{"name"}, EnableTokenRevocation: aws.Bool(false),
	})
	require.NoError(t, err)
	c := created.UserPoolClient
	assert.Len(t, *c.ClientSecret, 52)
	assert.Regexp(t, `^[0-9a-z]{26}$`, *c.ClientId)
	assert.Equal(t, int32(30), c.RefreshTokenValidity)
	assert.Equal(t, int32(3), *c.AuthSessionValidity)
	assert.WithinDuration(t, f.Now(), *c.CreationDate, time.Minute)
	described, err := sdk.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: c.UserPoolId, ClientId: c.ClientId})
	require.NoError(t, err)
	assert.Equal(t, c, described.UserPoolClient)

	// The pool behaves by it.
	f.ClientID, f.ClientSecret = *c.ClientId, *c.ClientSecret
	_, err = f.byPassword("nobody", password)
	refused(t, err, notAuthorized, wrongPassword)
	out, err := f.byPassword("ana", password)
	require.NoError(t, err)
	assert.Equal(t, int32(600), out.AuthenticationResult.ExpiresIn)
	assert.NotContains(t, claims(t, *out.AuthenticationResult.AccessToken), "origin_jti")
	_, err = f.startSRP("ana")
	refused(t, err, badParameter, "USER_SRP_AUTH is not enabled for the client.")

	nickname := func() members {
		return members{"AccessToken": f.Token("ana", cognitotest.TokenOptions{ClientID: *c.ClientId}), "UserAttributes": attributes("nickname", "An")}
	}
	f.refuses("UpdateUserAttributes", nickname(), notAuthorized, "A client attempted to write unauthorized attribute")

	// An update replaces all but the name and the secret.
	f.Advance(time.Hour)
	updated, err := sdk.UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: c.UserPoolId, ClientId: c.ClientId, LogoutURLs: []string{"https://example.com/out"}})
	require.NoError(t, err)
	u := updated.UserPoolClient
	assert.Equal(t, "web app", *u.ClientName)
	assert.Equal(t, c.ClientSecret, u.ClientSecret)
	assert.Equal(t, c.CreationDate, u.CreationDate)
	assert.True(t, u.LastModifiedDate.After(*u.CreationDate))
	assert.Empty(t, u.CallbackURLs)
	assert.Empty(t, u.ExplicitAuthFlows)
	assert.Empty(t, u.PreventUserExistenceErrors)
	assert.Nil(t, u.AccessTokenValidity)
	assert.True(t, *u.EnableTokenRevocation)
	f.must("UpdateUserAttributes", nickname())
	_, err = f.byPassword("ana", password)
	refused(t, err, badParameter, "USER_PASSWORD_AUTH flow not enabled for this client")
	_, err = f.startSRP("nobody")
	refused(t, err, "UserNotFoundException", noUser)
	srp, err := f.bySRP("ana", password)
	require.NoError(t, err)
	assert.Equal(t, int32(3600), srp.AuthenticationResult.ExpiresIn)
	assert.Contains(t, claims(t, *srp.AuthenticationResult.AccessToken), "origin_jti")

	listed, err := sdk.ListUserPoolClients(ctx, &cip.ListUserPoolClientsInput{UserPoolId: c.UserPoolId, MaxResults: aws.Int32(1)})
	require.NoError(t, err)
	require.Len(t, listed.UserPoolClients, 1)
	assert.Equal(t, clientID, *listed.UserPoolClients[0].ClientId)
	listed, err = sdk.ListUserPoolClients(ctx, &cip.ListUserPoolClientsInput{UserPoolId: c.UserPoolId, MaxResults: aws.Int32(1), NextToken: listed.NextToken})
	require.NoError(t, err)
	assert.Equal(t, "web app", *listed.UserPoolClients[0].ClientName)
	assert.Nil(t, listed.NextToken)

	_, err = sdk.DeleteUserPoolClient(ctx, &cip.DeleteUserPoolClientInput{UserPoolId: c.UserPoolId, ClientId: c.ClientId})
	require.NoError(t, err)
	for _, op := range []string{"DescribeUserPoolClient", "UpdateUserPoolClient", "DeleteUserPoolClient"} {
		f.refuses(op, members{"ClientId": *c.ClientId}, "ResourceNotFoundException", "User pool client "+*c.ClientId+" does not exist.")
	}
	_, err = f.bySRP("ana", password)
	refused(t, err, "ResourceNotFoundException", "User pool client "+*c.ClientId+" does not exist.")
}

// What the Config says about a client can be read back and written back, and nothing changes.
func TestConfiguredClientsRoundTrip(t *testing.T) {
	t.Parallel()
	c := withSecret()
	c.Name, c.PreventUserExistenceErrors, c.DisableTokenRevocation = "mine", true, true
	c.AccessTokenValidity, c.IDTokenValidity, c.RefreshTokenValidity = 301*time.Second, 5*time.Minute, 48*time.Hour
	c.AuthSessionValidity = 7 * time.Minute
	c.ReadAttributes, c.WriteAttributes = []string{"email", "name"}, []string{"name"}
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{c}})
	before := f.must("DescribeUserPoolClient", members{"ClientId": clientID})["UserPoolClient"].(members)
	assert.Equal(t, "mine", before["ClientName"])
	assert.Equal(t, "ENABLED", before["PreventUserExistenceErrors"])
	assert.EqualValues(t, 7, before["AuthSessionValidity"])
	assert.Equal(t, secret, before["ClientSecret"])
	after := f.must("UpdateUserPoolClient", before)["UserPoolClient"].(members)
	for name, value := range before {
		if name != "LastModifiedDate" {
			assert.Equal(t, value, after[name], name)
		}
	}
	tokens := f.tokens()
	assert.Equal(t, int32(301), tokens.ExpiresIn)
	id := claims(t, *tokens.IdToken)
	assert.InDelta(t, 300, id["exp"].(float64)-id["iat"].(float64), 0)
	assert.NotContains(t, id, "email_verified")
	assert.NotContains(t, id, "jti")

	rotating := allFlows()
	rotating.ExplicitAuthFlows, rotating.RefreshTokenRotation, rotating.RefreshTokenGracePeriod = []string{"ALLOW_USER_PASSWORD_AUTH"}, true, 30*time.Second
	f = newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{rotating}})
	before = f.must("DescribeUserPoolClient", members{"ClientId": clientID})["UserPoolClient"].(members)
	assert.Equal(t, members{"Feature": "ENABLED", "RetryGracePeriodSeconds": 30.0}, before["RefreshTokenRotation"])
	f.must("UpdateUserPoolClient", before)
	result, err := f.refresh(*f.tokens().RefreshToken)
	require.NoError(t, err)
	assert.NotNil(t, result.RefreshToken)
	f.must("UpdateUserPoolClient", members{"ClientId": clientID, "ExplicitAuthFlows": []string{"USER_PASSWORD_AUTH"}})
	result, err = f.refresh(*f.tokens().RefreshToken)
	require.NoError(t, err)
	assert.Nil(t, result.RefreshToken, "it does not rotate any more")
}

func TestClientSettingsAreChecked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{CustomAttributes: []cognitotest.CustomAttribute{{Name: "team"}}})
	const failed = "1 validation error detected: Value at '"
	for _, tt := range []struct {
		in      members
		message string
	}{
		{members{"ClientName": "a/b"}, failed + `clientName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+`},
		{members{"AuthSessionValidity": 2}, failed + "authSessionValidity' failed to satisfy constraint: Member must have value greater than or equal to 3"},
		{members{"AuthSessionValidity": 16}, failed + "authSessionValidity' failed to satisfy constraint: Member must have value less than or equal to 15"},
		{members{"PreventUserExistenceErrors": "MAYBE"}, failed + "preventUserExistenceErrors' failed to satisfy constraint: Member must satisfy enum value set: [ENABLED, LEGACY]"},
		{members{"RefreshTokenRotation": members{"Feature": "ENABLED", "RetryGracePeriodSeconds": 61}}, failed + "refreshTokenRotation.retryGracePeriodSeconds' failed to satisfy constraint: Member must have value less than or equal to 60"},
		{members{"RefreshTokenRotation": members{"Feature": "ENABLED"}, "ExplicitAuthFlows": []string{"ALLOW_REFRESH_TOKEN_AUTH"}}, "ALLOW_REFRESH_TOKEN_AUTH cannot be used with refresh token rotation."},
		{members{"ExplicitAuthFlows": []string{"ALLOW_USER_AUTH", "USER_PASSWORD_AUTH"}}, "Flows with the prefix ALLOW_ and without it cannot be mixed."},
		{members{"AccessTokenValidity": 25}, "Invalid range for token validity."},
		{members{"IdTokenValidity": 4, "TokenValidityUnits": members{"IdToken": "minutes"}}, "Invalid range for token validity."},
		{members{"RefreshTokenValidity": 59, "TokenValidityUnits": members{"RefreshToken": "minutes"}}, "Invalid range for token validity."},
		{members{"RefreshTokenValidity": 3651}, "Invalid range for token validity."},
		{members{"ReadAttributes": []string{"custom:nope"}}, "Invalid read attributes specified while creating a client"},
		{members{"WriteAttributes": []string{"email_verified"}}, "Invalid write attributes specified while creating a client"},
		{members{"SupportedIdentityProviders": []string{"Google"}}, "The provider Google does not exist for User Pool us-east-1_Test00001"},
	} {
		tt.in["ClientId"] = clientID
		f.refuses("UpdateUserPoolClient", tt.in, badParameter, tt.message)
		if tt.in["ClientName"] == nil {
			tt.in["ClientName"] = "c"
		}
		f.refuses("CreateUserPoolClient", tt.in, badParameter, tt.message)
	}
	f.must("UpdateUserPoolClient", members{"ClientId": clientID, "ReadAttributes": []string{"custom:team", "email_verified"}, "AccessTokenValidity": 24})
	out := f.must("UpdateUserPoolClient", members{"ClientId": clientID, "TokenValidityUnits": members{"RefreshToken": "minutes"}})["UserPoolClient"].(members)
	assert.EqualValues(t, 30, out["RefreshTokenValidity"])
	f.must("UpdateUserPoolClient", out) // 30 are days again
	f.refuses("ListUserPoolClients", members{"MaxResults": 0}, badParameter, failed+"maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1")
}

func TestClientSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{withSecret(), {ID: "public"}}})
	const added = "another_secret+24letters"
	of := func(more members) members {
		more["ClientId"] = clientID
		return more
	}
	list := func() []any { return f.must("ListUserPoolClientSecrets", of(members{}))["ClientSecrets"].([]any) }
	require.Len(t, list(), 1)
	first := list()[0].(members)
	assert.NotContains(t, first, "ClientSecretValue")
	f.refuses("DeleteUserPoolClientSecret", of(members{"ClientSecretId": first["ClientSecretId"]}), badParameter, "The last secret of an app client cannot be deleted.")
	f.refuses("DeleteUserPoolClientSecret", of(members{"ClientSecretId": "x"}), "ResourceNotFoundException", "Client secret does not exist.")
	f.refuses("AddUserPoolClientSecret", of(members{"ClientSecret": secret}), badParameter, "The app client has this secret already.")
	f.refuses("AddUserPoolClientSecret", of(members{"ClientSecret": "a-b"}), badParameter,
		"2 validation errors detected: Value at 'clientSecret' failed to satisfy constraint: Member must have length greater than or equal to 24; "+
			`Value at 'clientSecret' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+]+`)
	f.refuses("AddUserPoolClientSecret", members{"ClientId": "public"}, badParameter, "The app client has no secret.")
	f.refuses("AddUserPoolClientSecret", members{"ClientId": "nobodys"}, "ResourceNotFoundException", "User pool client nobodys does not exist.")
	assert.Empty(t, f.must("ListUserPoolClientSecrets", members{"ClientId": "public"})["ClientSecrets"])

	second := f.must("AddUserPoolClientSecret", of(members{"ClientSecret": added}))["ClientSecretDescriptor"].(members)
	assert.NotContains(t, second, "ClientSecretValue", "only what the pool made itself")
	f.refuses("AddUserPoolClientSecret", of(members{}), "LimitExceededException", "The app client has two secrets already.")
	for _, known := range []string{secret, added} {
		f.ClientSecret = known
		_, err := f.byPassword("ana", password)
		require.NoError(t, err)
		refreshed, err := f.refresh(*f.tokens().RefreshToken)
		require.NoError(t, err)
		require.NotNil(t, refreshed)
	}
	f.must("DeleteUserPoolClientSecret", of(members{"ClientSecretId": first["ClientSecretId"]}))
	f.ClientSecret = secret
	_, err := f.byPassword("ana", password)
	refused(t, err, notAuthorized, "Unable to verify secret hash for client "+clientID)
	f.ClientSecret = added
	_, err = f.byPassword("ana", password)
	require.NoError(t, err)
	assert.Equal(t, added, f.must("DescribeUserPoolClient", of(members{}))["UserPoolClient"].(members)["ClientSecret"])
	made := f.must("AddUserPoolClientSecret", of(members{}))["ClientSecretDescriptor"].(members)
	assert.Regexp(t, `^[0-9a-z]{52}$`, made["ClientSecretValue"])
}
