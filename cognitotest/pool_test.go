package cognitotest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

func TestDescribeUserPool(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{
		AliasAttributes: []string{"email"}, RequiredAttributes: []string{"email"}, PasswordHistorySize: 4, CaseInsensitive: true,
		CustomAttributes: []cognitotest.CustomAttribute{{Name: "age", Type: "Number", Immutable: true}},
	})
	out, err := f.signer().DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: aws.String(f.UserPoolID)})
	require.NoError(t, err)
	p := out.UserPool
	assert.Equal(t, f.UserPoolID, *p.Id)
	assert.Equal(t, "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Test00001", *p.Arn)
	assert.Equal(t, int32(8), *p.Policies.PasswordPolicy.MinimumLength)
	assert.Equal(t, int32(4), *p.Policies.PasswordPolicy.PasswordHistorySize)
	assert.Equal(t, int32(7), p.Policies.PasswordPolicy.TemporaryPasswordValidityDays)
	assert.Equal(t, []types.AliasAttributeType{"email"}, p.AliasAttributes)
	assert.False(t, *p.UsernameConfiguration.CaseSensitive)
	assert.Equal(t, int32(1), p.EstimatedNumberOfUsers)
	for _, a := range p.SchemaAttributes {
		switch *a.Name {
		case "email":
			assert.True(t, *a.Required)
		case "custom:age":
			assert.Equal(t, types.AttributeDataTypeNumber, a.AttributeDataType)
			assert.False(t, *a.Mutable)
		}
	}
}
