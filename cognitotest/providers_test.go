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

func TestIdentityProviders(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	sdk, ctx, pool := f.signer(), t.Context(), aws.String(f.UserPoolID)
	details := map[string]string{"client_id": "x", "client_secret": "y", "authorize_scopes": "openid"}
	created, err := sdk.CreateIdentityProvider(ctx, &cip.CreateIdentityProviderInput{
		UserPoolId: pool, ProviderName: aws.String("Google"), ProviderType: types.IdentityProviderTypeTypeGoogle, ProviderDetails: details,
	})
	require.NoError(t, err)
	assert.Equal(t, details, created.IdentityProvider.ProviderDetails)
	assert.Equal(t, map[string]string{"username": "sub"}, created.IdentityProvider.AttributeMapping)
	f.Advance(time.Hour)
	_, err = sdk.UpdateIdentityProvider(ctx, &cip.UpdateIdentityProviderInput{
		UserPoolId: pool, ProviderName: aws.String("Google"), AttributeMapping: map[string]string{"email": "email"}, IdpIdentifiers: []string{"g"},
	})
	require.NoError(t, err)
	details["client_secret"] = "z"
	_, err = sdk.UpdateIdentityProvider(ctx, &cip.UpdateIdentityProviderInput{UserPoolId: pool, ProviderName: aws.String("Google"), ProviderDetails: details})
	require.NoError(t, err)
	described, err := sdk.DescribeIdentityProvider(ctx, &cip.DescribeIdentityProviderInput{UserPoolId: pool, ProviderName: aws.String("Google")})
	require.NoError(t, err)
	got := described.IdentityProvider
	assert.Equal(t, details, got.ProviderDetails)
	assert.Equal(t, map[string]string{"email": "email"}, got.AttributeMapping)
	assert.Equal(t, []string{"g"}, got.IdpIdentifiers)
	assert.Equal(t, types.IdentityProviderTypeTypeGoogle, got.ProviderType)
	assert.True(t, got.LastModifiedDate.After(*got.CreationDate))

	in := members{"ProviderName": "Google", "ProviderType": "Google", "ProviderDetails": members{}}
	f.refuses("CreateIdentityProvider", in, "DuplicateProviderException", "A provider with the name Google already exists.")
	in["ProviderName"], in["ProviderType"] = "two words", "Gopher"
	_, err = f.call("CreateIdentityProvider", in)
	require.ErrorContains(t, err, "2 validation errors detected: Value at 'providerName' failed")
	f.must("CreateIdentityProvider", members{"ProviderName": "Corp", "ProviderType": "SAML", "ProviderDetails": members{"MetadataURL": "https://example.com"}})
	f.must("UpdateUserPoolClient", members{"ClientId": clientID, "SupportedIdentityProviders": []string{"COGNITO", "Corp"}})
	out := f.must("ListIdentityProviders", members{"MaxResults": 1})
	require.Len(t, out["Providers"], 1)
	out = f.must("ListIdentityProviders", members{"MaxResults": 1, "NextToken": out["NextToken"]})
	assert.Equal(t, "Corp", out["Providers"].([]any)[0].(members)["ProviderName"])
	assert.NotContains(t, out, "NextToken")
	_, err = sdk.DeleteIdentityProvider(ctx, &cip.DeleteIdentityProviderInput{UserPoolId: pool, ProviderName: aws.String("Corp")})
	require.NoError(t, err)
	for _, op := range []string{"DescribeIdentityProvider", "UpdateIdentityProvider", "DeleteIdentityProvider"} {
		f.refuses(op, members{"ProviderName": "Corp"}, "ResourceNotFoundException", "Identity provider Corp does not exist.")
	}
}
