package cognito_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// watchedCredentials fails the test when they are asked for.
type watchedCredentials struct{ t *testing.T }

func (w watchedCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	w.t.Error("an unsigned call asked for credentials")
	return aws.Credentials{}, nil
}

func TestUnsignedCallsNeverAskForCredentials(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{AutoVerifiedAttributes: []string{"email"}})
	ways := map[string]cognito.Option{
		"AWS configuration": cognito.WithAWSConfig(aws.Config{Credentials: watchedCredentials{t}}),
		"client options": cognito.WithClientOptions(func(o *cognitoidentityprovider.Options) {
			o.Credentials = watchedCredentials{t}
		}),
	}
	for name, opt := range ways {
		user := "user-" + strings.ReplaceAll(name, " ", "-")
		c := newClient(t, srv, opt, cognito.WithUsername(user))
		_, err := c.Register(t.Context(), user, testPassword, cognito.Attributes{"email": user + "@example.com"})
		require.NoError(t, err)
		_, err = c.ResendConfirmationCode(t.Context(), user)
		require.NoError(t, err)
		require.NoError(t, c.ConfirmSignUp(t.Context(), user, srv.Code(user)))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, c.VerifyTokens(t.Context()))
		require.NoError(t, c.RenewAccessToken(t.Context()))
		require.NoError(t, c.RevokeToken(t.Context()))
		require.NoError(t, c.Authenticate(t.Context(), testPassword))
		require.NoError(t, c.Logout(t.Context()))
	}
	for _, r := range serviceCalls(srv) {
		assert.Empty(t, r.Header.Get("Authorization"), r.Op)
	}
}

func TestSignedCallsNeedCredentials(t *testing.T) {
	srv := newServer(t, cognitotest.Config{})
	adminGetUser := func(c *cognito.Cognito) error {
		_, err := c.Client().AdminGetUser(t.Context(), &cognitoidentityprovider.AdminGetUserInput{
			UserPoolId: aws.String(srv.UserPoolID), Username: aws.String("bob"),
		})
		return err
	}
	for name, opts := range map[string][]cognito.Option{
		"AWS configuration without": {cognito.WithAWSConfig(aws.Config{})},
		"anonymous":                 {cognito.WithAWSConfig(aws.Config{Credentials: aws.AnonymousCredentials{}})},
	} {
		err := adminGetUser(newClient(t, srv, opts...))
		require.ErrorIs(t, err, cognito.ErrNoCredentials, name)
		require.ErrorContains(t, err, "AdminGetUser")
	}
	assert.Empty(t, srv.Requests(), "nothing is sent unsigned")

	// The default configuration is read when the first call must be signed, not before.
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := newClient(t, srv)
	require.ErrorIs(t, adminGetUser(c), cognito.ErrNoCredentials)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDFROMENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	require.NoError(t, adminGetUser(c))
	require.NoError(t, adminGetUser(newClient(t, srv, cognito.WithStaticCredentials("AKIDSTATIC", "secret", "token"))))
	calls := serviceCalls(srv)
	require.Len(t, calls, 2)
	assert.Contains(t, calls[0].Header.Get("Authorization"), "Credential=AKIDFROMENV/")
	assert.Contains(t, calls[0].Header.Get("Authorization"), "/us-east-1/cognito-idp/aws4_request")
	assert.Contains(t, calls[1].Header.Get("Authorization"), "Credential=AKIDSTATIC/")
	assert.Equal(t, "token", calls[1].Header.Get("X-Amz-Security-Token"))
}
