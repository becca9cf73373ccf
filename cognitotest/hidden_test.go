package cognitotest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

// In a pool that takes NOB for nob, a user who does not exist must not answer to the two as different users.
func TestHiddenUsersHaveOneNameInAnyCase(t *testing.T) {
	t.Parallel()
	client := allFlows()
	client.PreventUserExistenceErrors = true
	for _, insensitive := range []bool{true, false} {
		f := newFixture(t, cognitotest.Config{Clients: []cognitotest.Client{client}, CaseInsensitive: insensitive})
		lower, err := f.startSRP("nob@example.com")
		require.NoError(t, err)
		upper, err := f.startSRP("NOB@example.com")
		require.NoError(t, err)
		for _, param := range []string{"SALT", "USERNAME", "USER_ID_FOR_SRP"} {
			assert.Equal(t, insensitive, lower.params[param] == upper.params[param], param)
		}
		for _, ask := range []func(username string) string{f.recoveryAddress, f.resentAddress} {
			assert.Equal(t, insensitive, ask("nob@example.com") == ask("NOB@example.com"))
		}
	}
}

func (f *fixture) recoveryAddress(username string) string {
	f.t.Helper()
	out, err := f.sdk.ForgotPassword(f.t.Context(), &cip.ForgotPasswordInput{ClientId: aws.String(f.ClientID), Username: aws.String(username)})
	require.NoError(f.t, err)
	return aws.ToString(out.CodeDeliveryDetails.Destination)
}

func (f *fixture) resentAddress(username string) string {
	f.t.Helper()
	out, err := f.resend(username)
	require.NoError(f.t, err)
	return aws.ToString(out.CodeDeliveryDetails.Destination)
}
