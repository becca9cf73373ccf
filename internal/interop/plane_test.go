//go:build interop

package interop

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

// planeSteps are what the script prints in each language.
var planeSteps = []string{
	"create pool", "turn MFA on", "create client", "create user", "choose a password", "get user", "set up an authenticator",
	"refuse a wrong password", "sign in with MFA", "refresh", "sign out", "describe pool", "delete pool",
}

// localpool builds and starts the program, and returns its address.
func localpool(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "localpool")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../examples/localpool").CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.CommandContext(t.Context(), program, "-addr", "127.0.0.1:0", "-data", filepath.Join(t.TempDir(), "pools.json"))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := regexp.MustCompile(`^User pool \S+ at (http://\S+)$`).FindStringSubmatch(lines.Text()); found != nil {
			go func() {
				for lines.Scan() { // so that it can go on to print
				}
			}()
			return found[1]
		}
	}
	t.Fatal("localpool does not say where it is")
	return ""
}

// The same script in several languages, with the SDK of each, against localpool: a pool is created, a user signs in, and the
// pool is deleted. Only the endpoint is not AWS's.
func TestPlane(t *testing.T) {
	endpoint := localpool(t)
	pool, err := json.Marshal(coordinates{Endpoint: endpoint, Region: "eu-west-1"})
	require.NoError(t, err)
	run := func(t *testing.T, want, env []string, name string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = scripts
		cmd.Env = append(append(os.Environ(), "NODE_NO_WARNINGS=1", "POOL="+string(pool)), env...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, want, strings.Split(strings.TrimSpace(strings.ReplaceAll(string(out), "ok: ", "")), "\n"))
	}
	t.Run("Go", func(t *testing.T) { t.Parallel(); assert.Equal(t, planeSteps, planeInGo(t, endpoint)) })
	t.Run("JavaScript", func(t *testing.T) { t.Parallel(); run(t, planeSteps, nil, "node", "plane.mjs") })
	t.Run("Python", func(t *testing.T) {
		t.Parallel()
		python := withBoto3(t)
		if python == "" {
			t.Skip("no Python with boto3")
		}
		run(t, planeSteps, nil, python, "plane.py")
	})
	t.Run("AWS CLI", func(t *testing.T) {
		t.Parallel()
		if _, err := exec.LookPath("aws"); err != nil {
			t.Skip("no AWS CLI")
		}
		run(t, []string{"create pool", "turn MFA on", "create client", "create user", "sign in", "sign out", "describe pool", "delete pool"},
			[]string{"ENDPOINT=" + endpoint, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_DEFAULT_REGION=eu-west-1", "AWS_PAGER="},
			"sh", "plane.sh")
	})
}

// withBoto3 finds a Python that has boto3: Debian's, or the one of the path.
func withBoto3(t *testing.T) string {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import boto3").Run() == nil {
			return python
		}
	}
	return ""
}

// planeInGo is the script with the AWS SDK for Go. It returns the steps that are done.
func planeInGo(t *testing.T, endpoint string) (done []string) {
	t.Helper()
	ctx := t.Context()
	sdk := cip.New(cip.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(endpoint), Retryer: aws.NopRetryer{},
		HTTPClient:  &http.Client{Transport: sdkhttp.Transport{}},
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	const username, temporary, chosen = "dora", "Correct-Horse-1", "Correct-Horse-2"
	ok := func(name string, err error) {
		t.Helper()
		require.NoError(t, err, name)
		done = append(done, name)
	}
	refused := func(err error, code, message string) {
		t.Helper()
		var failure smithy.APIError
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, []string{code, message}, []string{failure.ErrorCode(), failure.ErrorMessage()})
	}
	pool, err := sdk.CreateUserPool(ctx, &cip.CreateUserPoolInput{
		PoolName: aws.String("plane"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}, UserPoolTags: map[string]string{"team": "a"},
		Policies: &types.UserPoolPolicyType{PasswordPolicy: &types.PasswordPolicyType{MinimumLength: aws.Int32(10), RequireNumbers: true}},
		Schema:   []types.SchemaAttributeType{{Name: aws.String("team"), AttributeDataType: "String", Mutable: aws.Bool(true)}},
	})
	ok("create pool", err)
	id := pool.UserPool.Id
	_, err = sdk.SetUserPoolMfaConfig(ctx, &cip.SetUserPoolMfaConfigInput{
		UserPoolId: id, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
	})
	ok("turn MFA on", err)
	created, err := sdk.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: id, ClientName: aws.String("app"), GenerateSecret: true,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	})
	ok("create client", err)
	client := created.UserPoolClient.ClientId
	hash := cognito.SecretHash(username, *client, *created.UserPoolClient.ClientSecret)
	initiate := func(flow types.AuthFlowType, params map[string]string) (*cip.InitiateAuthOutput, error) {
		params["SECRET_HASH"] = hash
		return sdk.InitiateAuth(ctx, &cip.InitiateAuthInput{AuthFlow: flow, ClientId: client, AuthParameters: params})
	}
	_, err = sdk.AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: id, Username: aws.String(username), TemporaryPassword: aws.String(temporary), MessageAction: "SUPPRESS",
		UserAttributes: []types.AttributeType{
			{Name: aws.String("email"), Value: aws.String("dora@example.com")}, {Name: aws.String("custom:team"), Value: aws.String("a")},
		},
	})
	ok("create user", err)
	begun, err := sdk.AdminInitiateAuth(ctx, &cip.AdminInitiateAuthInput{
		UserPoolId: id, ClientId: client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
		AuthParameters: map[string]string{"USERNAME": username, "PASSWORD": temporary, "SECRET_HASH": hash},
	})
	require.NoError(t, err)
	signedIn, err := sdk.AdminRespondToAuthChallenge(ctx, &cip.AdminRespondToAuthChallengeInput{
		UserPoolId: id, ClientId: client, ChallengeName: "NEW_PASSWORD_REQUIRED", Session: begun.Session,
		ChallengeResponses: map[string]string{"USERNAME": username, "NEW_PASSWORD": chosen, "SECRET_HASH": hash},
	})
	ok("choose a password", err)
	access := signedIn.AuthenticationResult.AccessToken
	user, err := sdk.GetUser(ctx, &cip.GetUserInput{AccessToken: access})
	ok("get user", err)
	assert.Contains(t, user.UserAttributes, types.AttributeType{Name: aws.String("custom:team"), Value: aws.String("a")})
	token, err := sdk.AssociateSoftwareToken(ctx, &cip.AssociateSoftwareTokenInput{AccessToken: access})
	require.NoError(t, err)
	_, err = sdk.VerifySoftwareToken(ctx, &cip.VerifySoftwareTokenInput{AccessToken: access, UserCode: aws.String(totp(t, *token.SecretCode, 0))})
	require.NoError(t, err)
	_, err = sdk.SetUserMFAPreference(ctx, &cip.SetUserMFAPreferenceInput{
		AccessToken: access, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true},
	})
	ok("set up an authenticator", err)
	_, err = initiate("USER_PASSWORD_AUTH", map[string]string{"USERNAME": username, "PASSWORD": temporary})
	refused(err, "NotAuthorizedException", "Incorrect username or password.")
	done = append(done, "refuse a wrong password")
	again, err := initiate("USER_PASSWORD_AUTH", map[string]string{"USERNAME": username, "PASSWORD": chosen})
	require.NoError(t, err)
	out, err := sdk.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{
		ClientId: client, ChallengeName: "SOFTWARE_TOKEN_MFA", Session: again.Session,
		ChallengeResponses: map[string]string{"USERNAME": username, "SOFTWARE_TOKEN_MFA_CODE": totp(t, *token.SecretCode, 1), "SECRET_HASH": hash},
	})
	ok("sign in with MFA", err)
	refresh := *out.AuthenticationResult.RefreshToken
	refreshed, err := initiate("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": refresh})
	ok("refresh", err)
	assert.Nil(t, refreshed.AuthenticationResult.RefreshToken)
	access = refreshed.AuthenticationResult.AccessToken
	_, err = sdk.GlobalSignOut(ctx, &cip.GlobalSignOutInput{AccessToken: access})
	ok("sign out", err)
	_, err = sdk.GetUser(ctx, &cip.GetUserInput{AccessToken: access})
	refused(err, "NotAuthorizedException", "Access Token has been revoked")
	_, err = initiate("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": refresh})
	refused(err, "NotAuthorizedException", "Refresh Token has been revoked")
	described, err := sdk.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: id})
	ok("describe pool", err)
	assert.Equal(t, types.UserPoolMfaTypeOptional, described.UserPool.MfaConfiguration)
	assert.Equal(t, int32(10), *described.UserPool.Policies.PasswordPolicy.MinimumLength)
	assert.Equal(t, map[string]string{"team": "a"}, described.UserPool.UserPoolTags)
	_, err = sdk.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: id})
	ok("delete pool", err)
	_, err = sdk.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: id})
	refused(err, "ResourceNotFoundException", "User pool "+*id+" does not exist.")
	return done
}

// totp is a code of an authenticator by RFC 6238, of the present step or a later one.
func totp(t *testing.T, secret string, later int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	require.NoError(t, err)
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+later)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&0xf:])&0x7fffffff%1_000_000)
}
