package cognitotest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
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

// created makes a pool and returns its ID.
func (f *fixture) created(in members) string {
	f.t.Helper()
	if _, ok := in["PoolName"]; !ok {
		in["PoolName"] = "made"
	}
	return f.must("CreateUserPool", in)["UserPool"].(members)["Id"].(string)
}

// described is what DescribeUserPool says of a pool.
func (f *fixture) described(id string) members {
	f.t.Helper()
	return f.must("DescribeUserPool", members{"UserPoolId": id})["UserPool"].(members)
}

// A suite that was written for another emulator: create a pool, an app client and a user, sign in,
// delete. The pool that the server began with sees nothing of it.
func TestSeveralPools(t *testing.T) {
	t.Parallel()
	f, ctx := newFixture(t, cognitotest.Config{}), t.Context()
	sdk := f.signer(func(o *cip.Options) { o.Region = "eu-west-1" })
	pool, err := sdk.CreateUserPool(ctx, &cip.CreateUserPoolInput{
		PoolName: aws.String("suite"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)},
	})
	require.NoError(t, err)
	id := pool.UserPool.Id
	assert.Regexp(t, `^eu-west-1_[0-9A-Z]{9}$`, *id, "it is of the region that was called")
	assert.Equal(t, "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/"+*id, *pool.UserPool.Arn)
	app, err := sdk.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: id, ClientName: aws.String("app")})
	require.NoError(t, err)
	client := app.UserPoolClient.ClientId
	_, err = sdk.AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: id, Username: aws.String("bob"), MessageAction: types.MessageActionTypeSuppress,
	})
	require.NoError(t, err)
	_, err = sdk.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{
		UserPoolId: id, Username: aws.String("bob"), Password: aws.String(password), Permanent: true,
	})
	require.NoError(t, err)

	c, err := cognito.New(*id, *client, cognito.WithEndpoint(f.URL), cognito.WithClock(f.Now))
	require.NoError(t, err)
	bob := c.ForUser("BOB")
	require.NoError(t, bob.Authenticate(ctx, password), "by SRP, verified with the pool's own keys")
	assert.Equal(t, f.URL+"/"+*id, bob.IDClaims().Issuer)
	got, err := bob.GetUser(ctx)
	require.NoError(t, err, "an access token leads to its pool")
	assert.Equal(t, "bob", got.Username)

	_, err = sdk.SignUp(ctx, &cip.SignUpInput{
		ClientId: client, Username: aws.String("eve"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("eve@example.com")}},
	})
	require.NoError(t, err)
	messages := f.Messages()
	require.Len(t, messages, 1)
	assert.Equal(t, *id, messages[0].UserPoolID)
	assert.Equal(t, "eve", messages[0].Username)

	// Neither pool knows the other's users, clients and keys.
	f.refuses("AdminGetUser", members{"Username": "bob"}, "UserNotFoundException", noUser)
	_, err = sdk.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: id, Username: aws.String("ana")})
	refused(t, err, "UserNotFoundException", noUser)
	f.refuses("DescribeUserPoolClient", members{"ClientId": *client}, "ResourceNotFoundException", "User pool client "+*client+" does not exist.")
	f.refuses("DescribeUserPoolClient", members{"ClientId": clientID, "UserPoolId": *id}, "ResourceNotFoundException", "User pool client "+clientID+" does not exist.")
	assert.NotEqual(t, keySet(t, f, f.UserPoolID), keySet(t, f, *id))
	_, err = f.getUser(f.session())
	require.NoError(t, err)

	listed, err := sdk.ListUserPools(ctx, &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)})
	require.NoError(t, err)
	require.Len(t, listed.UserPools, 1)
	assert.Equal(t, f.UserPoolID, *listed.UserPools[0].Id)
	listed, err = sdk.ListUserPools(ctx, &cip.ListUserPoolsInput{MaxResults: aws.Int32(1), NextToken: listed.NextToken})
	require.NoError(t, err)
	require.Len(t, listed.UserPools, 1)
	assert.Equal(t, "suite", *listed.UserPools[0].Name)
	assert.Nil(t, listed.NextToken)

	access := bob.Tokens().AccessToken
	_, err = sdk.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: id})
	require.NoError(t, err)
	_, err = sdk.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: id})
	refused(t, err, "ResourceNotFoundException", "User pool "+*id+" does not exist.")
	_, err = sdk.SignUp(ctx, &cip.SignUpInput{ClientId: client, Username: aws.String("eve"), Password: aws.String(password)})
	refused(t, err, "ResourceNotFoundException", "User pool client "+*client+" does not exist.")
	_, err = f.getUser(access)
	refused(t, err, notAuthorized, "Invalid Access Token")
}

// keySet is the key set of a pool.
func keySet(t *testing.T, f *fixture, pool string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.URL+"/"+pool+"/.well-known/jwks.json", nil)
	require.NoError(t, err)
	resp, err := f.HTTPClient().Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

// The session of a challenge leads to its pool where nothing else does, and a session of one pool
// is none of another's.
func TestSessionsLeadToTheirPool(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	var clients, pools []string
	for range 2 {
		id := f.created(members{})
		f.must("SetUserPoolMfaConfig", members{"UserPoolId": id, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": members{"Enabled": true}})
		app := f.must("CreateUserPoolClient", members{"UserPoolId": id, "ClientName": "c", "ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH"}})
		f.must("AdminCreateUser", members{"UserPoolId": id, "Username": "bob"})
		f.must("AdminSetUserPassword", members{"UserPoolId": id, "Username": "bob", "Password": password, "Permanent": true})
		pools, clients = append(pools, id), append(clients, app["UserPoolClient"].(members)["ClientId"].(string))
	}
	begin := func(client string) string {
		out, err := f.sdk.InitiateAuth(t.Context(), &cip.InitiateAuthInput{
			AuthFlow: "USER_PASSWORD_AUTH", ClientId: aws.String(client), AuthParameters: map[string]string{"USERNAME": "bob", "PASSWORD": password},
		})
		require.NoError(t, err)
		require.Equal(t, types.ChallengeNameTypeMfaSetup, out.ChallengeName)
		return *out.Session
	}
	session := begin(clients[1])
	_, err := f.sdk.RespondToAuthChallenge(t.Context(), &cip.RespondToAuthChallengeInput{
		ChallengeName: "MFA_SETUP", ClientId: aws.String(clients[0]), Session: aws.String(session), ChallengeResponses: map[string]string{"USERNAME": "bob"},
	})
	refused(t, err, notAuthorized, "Invalid session for the user.")
	token, err := f.sdk.AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{Session: aws.String(session)})
	require.NoError(t, err)
	assert.NotEmpty(t, *token.SecretCode)
	_, err = f.sdk.AssociateSoftwareToken(t.Context(), &cip.AssociateSoftwareTokenInput{Session: aws.String(strings.Repeat("x", 40))})
	refused(t, err, notAuthorized, "Invalid session for the user.")
	f.must("DeleteUserPool", members{"UserPoolId": pools[0]})
	_ = begin(clients[1])
}

// The first pool can be deleted, too, and with the last one everything is gone.
func TestNoPoolIsLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	token := f.session()
	f.must("DeleteUserPool", members{})
	f.refuses("ListUsers", members{}, "ResourceNotFoundException", "User pool "+f.UserPoolID+" does not exist.")
	f.refuses("ListUsers", members{"UserPoolId": "_"}, badParameter,
		`1 validation error detected: Value at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`)
	_, err := f.byPassword("ana", password)
	refused(t, err, "ResourceNotFoundException", "User pool client "+clientID+" does not exist.")
	_, err = f.getUser(token)
	refused(t, err, notAuthorized, "Invalid Access Token")
	assert.Empty(t, f.must("ListUserPools", members{"MaxResults": 60})["UserPools"])
	assert.Contains(t, keySet(t, f, f.UserPoolID), "keys", "a pool without keys has keys nobody signs with")
	assert.NotEmpty(t, f.created(members{}))
	f.AddUser(cognitotest.User{Username: "bob"})
}

// What was configured is described.
func TestAPoolIsDescribedAsItIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{
		MFA: "ON", MFAFactors: []string{"SOFTWARE_TOKEN_MFA", "EMAIL_OTP"}, FirstFactors: []string{"PASSWORD", "WEB_AUTHN"}, Tier: "PLUS",
		WebAuthn:    cognitotest.WebAuthn{RelyingPartyID: "example.com", UserVerification: "required", MultiFactor: true},
		Devices:     &cognitotest.DeviceConfiguration{ChallengeRequiredOnNewDevice: true},
		Triggers:    cognitotest.Triggers{PreSignUp: func(*cognitotest.PreSignUpEvent) error { return nil }},
		TriggerURLs: map[string]string{"PostConfirmation": "http://functions.example.com/post"}, SelfSignUpDisabled: true,
	})
	p := f.described(f.UserPoolID)
	assert.Equal(t, "ON", p["MfaConfiguration"])
	assert.Equal(t, "PLUS", p["UserPoolTier"])
	assert.Equal(t, members{"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false}, p["DeviceConfiguration"])
	assert.Equal(t, []any{"PASSWORD", "WEB_AUTHN"}, p["Policies"].(members)["SignInPolicy"].(members)["AllowedFirstAuthFactors"])
	assert.Equal(t, []any{members{"Priority": 1.0, "Name": "verified_phone_number"}, members{"Priority": 2.0, "Name": "verified_email"}},
		p["AccountRecoverySetting"].(members)["RecoveryMechanisms"])
	assert.Equal(t, members{
		"PreSignUp":        "arn:aws:lambda:us-east-1:123456789012:function:cognitotest-PreSignUp",
		"PostConfirmation": "http://functions.example.com/post",
	}, p["LambdaConfig"])
	assert.Equal(t, true, p["AdminCreateUserConfig"].(members)["AllowAdminCreateUserOnly"])
	assert.Equal(t, members{
		"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": members{"Enabled": true}, "EmailMfaConfiguration": members{},
		"WebAuthnConfiguration": members{
			"RelyingPartyId": "example.com", "UserVerification": "required", "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
		},
	}, withoutPoolID(f.must("GetUserPoolMfaConfig", members{})))
}

func withoutPoolID(m members) members { delete(m, "UserPoolId"); return m }

// echo is an input of UpdateUserPool that changes nothing: what was described.
func echo(p members) members {
	in := members{"UserPoolId": p["Id"]}
	for _, name := range []string{
		"Policies", "DeletionProtection", "LambdaConfig", "AutoVerifiedAttributes", "MfaConfiguration", "UserAttributeUpdateSettings",
		"DeviceConfiguration", "SmsConfiguration", "EmailConfiguration", "UserPoolTags", "AdminCreateUserConfig", "UserPoolAddOns", "AccountRecoverySetting", "UserPoolTier",
	} {
		if v, ok := p[name]; ok {
			in[name] = v
		}
	}
	return in
}

// Describe, change, send: what is sent back unchanged stays as it is, of the configured pool and of
// one that was made.
func TestUpdateOfWhatWasDescribed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{
		Devices: &cognitotest.DeviceConfiguration{}, PasswordHistorySize: 3, AttributesRequireVerificationBeforeUpdate: []string{"email"},
		Triggers: cognitotest.Triggers{PreSignUp: func(*cognitotest.PreSignUpEvent) error { return nil }},
	})
	made := f.created(members{
		"PoolName": "made", "Policies": members{"PasswordPolicy": members{"MinimumLength": 12, "PasswordHistorySize": 2}},
		"AutoVerifiedAttributes": []string{"email"}, "MfaConfiguration": "OPTIONAL", "SmsConfiguration": members{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"},
		"UserPoolTags": members{"team": "a"}, "DeletionProtection": "ACTIVE", "EmailConfiguration": members{"EmailSendingAccount": "COGNITO_DEFAULT"},
	})
	for _, id := range []string{f.UserPoolID, made} {
		before, factors := f.described(id), f.must("GetUserPoolMfaConfig", members{"UserPoolId": id})
		f.must("UpdateUserPool", echo(before))
		assert.Equal(t, before, f.described(id))
		assert.Equal(t, factors, f.must("GetUserPoolMfaConfig", members{"UserPoolId": id}))
	}
}

// What an update leaves out goes back to its default, as with the service; name, tags and the
// schema do not.
func TestUpdateResetsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{
		Triggers: cognitotest.Triggers{PreSignUp: func(*cognitotest.PreSignUpEvent) error { return assert.AnError }},
	})
	id := f.created(members{
		"PoolName": "made", "Policies": members{
			"PasswordPolicy": members{"MinimumLength": 20, "TemporaryPasswordValidityDays": 1},
			"SignInPolicy":   members{"AllowedFirstAuthFactors": []string{"PASSWORD", "EMAIL_OTP"}},
		},
		"AutoVerifiedAttributes": []string{"email"}, "UserAttributeUpdateSettings": members{"AttributesRequireVerificationBeforeUpdate": []string{"email"}},
		"MfaConfiguration": "ON", "SmsConfiguration": members{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"},
		"DeviceConfiguration": members{"ChallengeRequiredOnNewDevice": true}, "AdminCreateUserConfig": members{"AllowAdminCreateUserOnly": true},
		"DeletionProtection": "ACTIVE", "UserPoolTags": members{"team": "a"}, "UserPoolTier": "PLUS", "UserPoolAddOns": members{"AdvancedSecurityMode": "AUDIT"},
		"AliasAttributes": []string{"email"}, "Schema": []members{{"Name": "team", "AttributeDataType": "String"}},
		"LambdaConfig":           members{"PreSignUp": f.described(f.UserPoolID)["LambdaConfig"].(members)["PreSignUp"]},
		"AccountRecoverySetting": members{"RecoveryMechanisms": []members{{"Priority": 1, "Name": "admin_only"}}},
	})
	client := f.must("CreateUserPoolClient", members{"UserPoolId": id, "ClientName": "c"})["UserPoolClient"].(members)["ClientId"].(string)
	signUp := func() error {
		_, err := f.sdk.SignUp(t.Context(), &cip.SignUpInput{ClientId: aws.String(client), Username: aws.String("bob"), Password: aws.String(password)})
		return err
	}
	refused(t, signUp(), notAuthorized, "SignUp is not permitted for this user pool")
	f.refuses("AdminCreateUser", members{"UserPoolId": id, "Username": "bob", "TemporaryPassword": password}, "InvalidPasswordException",
		"Password did not conform with policy: Password not long enough")
	f.refuses("DeleteUserPool", members{"UserPoolId": id}, badParameter,
		"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")

	f.must("UpdateUserPool", members{"UserPoolId": id})
	fresh, p := f.described(f.created(members{"AliasAttributes": []string{"email"}})), f.described(id)
	assert.Equal(t, members{"team": "a"}, p["UserPoolTags"])
	var names []string
	for _, a := range p["SchemaAttributes"].([]any) {
		names = append(names, a.(members)["Name"].(string))
	}
	assert.Contains(t, names, "custom:team")
	for _, name := range []string{"Id", "Arn", "UserPoolTags", "SchemaAttributes"} {
		delete(p, name)
		delete(fresh, name)
	}
	assert.Equal(t, fresh, p)
	require.NoError(t, signUp(), "everybody may, with a short password, and no trigger forbids it")
	f.must("DeleteUserPool", members{"UserPoolId": id})
}

// The functions of the Config are those of other pools, too, by their names.
func TestTriggersOfOtherPools(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{Triggers: cognitotest.Triggers{PreSignUp: func(e *cognitotest.PreSignUpEvent) error {
		e.AutoConfirmUser = true
		return nil
	}}})
	arn := f.described(f.UserPoolID)["LambdaConfig"].(members)["PreSignUp"]
	signUp := func(lambdas members) (members, error) {
		id := f.created(members{"LambdaConfig": lambdas})
		client := f.must("CreateUserPoolClient", members{"UserPoolId": id, "ClientName": "c"})["UserPoolClient"].(members)["ClientId"]
		return f.call("SignUp", members{"ClientId": client, "UserPoolId": id, "Username": "bob", "Password": password})
	}
	out, err := signUp(members{"PreSignUp": arn})
	require.NoError(t, err)
	assert.Equal(t, true, out["UserConfirmed"])
	out, err = signUp(members{})
	require.NoError(t, err)
	assert.Equal(t, false, out["UserConfirmed"])
	_, err = signUp(members{"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:elsewhere"})
	refused(t, err, "UnexpectedLambdaException", "PreSignUp invocation failed due to error: cognitotest has no function "+
		"arn:aws:lambda:us-east-1:123456789012:function:elsewhere; give a URL in its place.")
	_, err = signUp(members{"PreTokenGeneration": arn})
	require.NoError(t, err, "it is called at another event")

	f.must("UpdateUserPool", members{})
	out = f.must("SignUp", members{"ClientId": clientID, "Username": "bob", "Password": password})
	assert.Equal(t, false, out["UserConfirmed"], "an update turns off the trigger that it does not name")
}

// How SetUserPoolMfaConfig treats what is left out was measured at the service, and published with
// the emulator floci.
func TestMFAConfiguration(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	id := f.created(members{})
	set := func(in members) members { in["UserPoolId"] = id; return f.must("SetUserPoolMfaConfig", in) }
	get := func() members { return f.must("GetUserPoolMfaConfig", members{"UserPoolId": id}) }
	refuses := func(in members, message string) {
		t.Helper()
		in["UserPoolId"] = id
		f.refuses("SetUserPoolMfaConfig", in, badParameter, message)
	}
	token, off := members{"Enabled": true}, members{"MfaConfiguration": "OFF"}
	assert.Equal(t, off, get(), "only factors that are set up are there")
	want := members{"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": token}
	assert.Equal(t, want, set(members{"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": token}))
	assert.Equal(t, want, get())
	assert.Equal(t, "OPTIONAL", f.described(id)["MfaConfiguration"])
	const together = "Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
	const none = "Invalid MFA Configuration given. SMS MFA, Email MFA, or Software Token MFA must be enabled."
	passkeys := members{"RelyingPartyId": "example.com", "UserVerification": "preferred"}
	refuses(members{"SoftwareTokenMfaConfiguration": members{"Enabled": false}}, together)
	refuses(members{"MfaConfiguration": "OFF", "EmailMfaConfiguration": members{"Message": "code {####}"}}, together)
	refuses(members{"MfaConfiguration": "OFF", "SmsMfaConfiguration": members{"SmsAuthenticationMessage": "code {####}"}}, together)
	refuses(members{"MfaConfiguration": "ON"}, none)
	refuses(members{"MfaConfiguration": "OPTIONAL", "WebAuthnConfiguration": passkeys}, none)
	refuses(members{"MfaConfiguration": "SOMETIMES"},
		"1 validation error detected: Value at 'mfaConfiguration' failed to satisfy constraint: Member must satisfy enum value set: [OPTIONAL, OFF, ON]")
	assert.Equal(t, want, get(), "what was refused changed nothing")
	assert.Equal(t, off, set(members{}), "what is left out is off")
	assert.Equal(t, off, get())
	assert.Equal(t, members{"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": members{"Enabled": false}},
		set(members{"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": members{"Enabled": false}}), "a factor that is turned off counts")
	assert.Equal(t, members{"MfaConfiguration": "OFF", "WebAuthnConfiguration": passkeys}, set(members{"MfaConfiguration": "OFF", "WebAuthnConfiguration": passkeys}))
}

// Which factors users have follows from the configuration.
func TestMFAConfigurationHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.must("SetUserPoolMfaConfig", members{"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": members{"Enabled": true}})
	out, err := f.byPassword("ana", password)
	require.NoError(t, err)
	assert.Equal(t, types.ChallengeNameTypeMfaSetup, out.ChallengeName)
	assert.JSONEq(t, `["SOFTWARE_TOKEN_MFA"]`, out.ChallengeParameters["MFAS_CAN_SETUP"])
	f.must("UpdateUserPool", members{})
	assert.Equal(t, members{"MfaConfiguration": "OFF"}, f.must("GetUserPoolMfaConfig", members{}), "an update that leaves MFA out turns it off")
	f.must("SetUserPoolMfaConfig", members{})
	out, err = f.byPassword("ana", password)
	require.NoError(t, err)
	assert.NotNil(t, out.AuthenticationResult)
	f.refuses("AssociateSoftwareToken", members{"AccessToken": *out.AuthenticationResult.AccessToken},
		"SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool")
}

// Where a code for a new password goes follows from the setting.
func TestAccountRecovery(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.AddUser(cognitotest.User{Username: "bob", Password: password, Attributes: map[string]string{
		"email": "bob@example.com", "email_verified": "true", "phone_number": "+15555550100", "phone_number_verified": "true",
	}})
	forget := func(mechanisms ...members) (members, error) {
		f.must("UpdateUserPool", members{"AccountRecoverySetting": members{"RecoveryMechanisms": mechanisms}})
		return f.call("ForgotPassword", members{"ClientId": clientID, "Username": "bob"})
	}
	email, phone, admin := members{"Priority": 1, "Name": "verified_email"}, members{"Priority": 2, "Name": "verified_phone_number"}, members{"Priority": 1, "Name": "admin_only"}
	for _, tt := range []struct {
		mechanisms []members
		medium     string
	}{{nil, "SMS"}, {[]members{phone, email}, "EMAIL"}, {[]members{phone}, "SMS"}} {
		out, err := forget(tt.mechanisms...)
		require.NoError(t, err)
		assert.Equal(t, tt.medium, out["CodeDeliveryDetails"].(members)["DeliveryMedium"])
	}
	_, err := forget(admin)
	refused(t, err, badParameter, "Cannot reset password for the user as there is no registered/verified email or phone_number")
}

func TestSchemaOfAPool(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	id := f.created(members{"Schema": []members{
		{"Name": "email", "AttributeDataType": "String", "Required": true, "Mutable": false},
		{"Name": "team", "AttributeDataType": "String", "Mutable": true, "StringAttributeConstraints": members{"MinLength": "2", "MaxLength": "4"}},
		{"Name": "age", "AttributeDataType": "Number", "NumberAttributeConstraints": members{"MinValue": "18"}},
	}})
	schema := map[string]members{}
	for _, a := range f.described(id)["SchemaAttributes"].([]any) {
		schema[a.(members)["Name"].(string)] = a.(members)
	}
	assert.Equal(t, members{
		"Name": "custom:team", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": true, "Required": false,
		"StringAttributeConstraints": members{"MinLength": "2", "MaxLength": "4"},
	}, schema["custom:team"])
	assert.Equal(t, members{
		"Name": "custom:age", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false, "Mutable": false, "Required": false,
		"NumberAttributeConstraints": members{"MinValue": "18"},
	}, schema["custom:age"], "a custom attribute is immutable unless it is said")
	assert.Equal(t, []any{true, false}, []any{schema["email"]["Required"], schema["email"]["Mutable"]})
	assert.Equal(t, []any{false, true}, []any{schema["name"]["Required"], schema["name"]["Mutable"]})
	assert.Equal(t, members{"MinLength": "10", "MaxLength": "10"}, schema["birthdate"]["StringAttributeConstraints"])

	create := func(pairs ...string) members {
		return members{"UserPoolId": id, "Username": "bob", "UserAttributes": attributes(pairs...)}
	}
	f.refuses("AdminCreateUser", create("email", "b@example.com", "custom:team", "x"), badParameter, "user.custom:team: String must be at least 2 characters")
	f.refuses("AdminCreateUser", create("email", "b@example.com", "custom:other", "x"), badParameter, "user.custom:other: Attribute does not exist in the schema.\n")
	f.must("AdminCreateUser", create("email", "b@example.com", "custom:team", "ab"))
	update := func(name, value string) members {
		return members{"UserPoolId": id, "Username": "bob", "UserAttributes": attributes(name, value)}
	}
	f.refuses("AdminUpdateUserAttributes", update("email", "c@example.com"), badParameter, "user.email: Attribute cannot be updated.\n")
	f.must("AdminUpdateUserAttributes", update("email", "b@example.com"))

	f.must("AddCustomAttributes", members{"UserPoolId": id, "CustomAttributes": []members{{"Name": "level", "AttributeDataType": "Number", "Mutable": true}}})
	f.must("AdminUpdateUserAttributes", update("custom:level", "3"))
	f.refuses("AddCustomAttributes", members{"UserPoolId": id, "CustomAttributes": []members{{"Name": "new"}, {"Name": "level"}}}, badParameter,
		"custom:level: Existing attribute already has name custom:level.")
	f.refuses("AdminUpdateUserAttributes", update("custom:new", "3"), badParameter, "user.custom:new: Attribute does not exist in the schema.\n")

	// A pool that takes every name goes on to do so.
	f.must("AddCustomAttributes", members{"CustomAttributes": []members{{"Name": "level", "AttributeDataType": "Number", "Mutable": true}}})
	f.must("AdminUpdateUserAttributes", members{"Username": "ana", "UserAttributes": attributes("custom:anything", "x", "custom:level", "3")})
	f.refuses("AdminUpdateUserAttributes", members{"Username": "ana", "UserAttributes": attributes("custom:level", "x")}, badParameter, "user.custom:level: Number is not valid")
}

func TestTags(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	arn := f.described(f.UserPoolID)["Arn"]
	assert.Equal(t, members{"Tags": members{}}, f.must("ListTagsForResource", members{"ResourceArn": arn}))
	f.must("TagResource", members{"ResourceArn": arn, "Tags": members{"a": "1", "b": "2"}})
	f.must("TagResource", members{"ResourceArn": arn, "Tags": members{"b": "3"}})
	f.must("UntagResource", members{"ResourceArn": arn, "TagKeys": []string{"a", "none"}})
	assert.Equal(t, members{"Tags": members{"b": "3"}}, f.must("ListTagsForResource", members{"ResourceArn": arn}))
	assert.Equal(t, members{"b": "3"}, f.described(f.UserPoolID)["UserPoolTags"])
	f.refuses("ListTagsForResource", members{"ResourceArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Other"},
		"ResourceNotFoundException", "User pool us-east-1_Other does not exist.")
}

// What no pool can be is refused by its member, and makes no pool.
func TestPoolsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	one := func(member, constraint string) string {
		return "1 validation error detected: Value at '" + member + "' failed to satisfy constraint: " + constraint
	}
	for _, tt := range []struct {
		in            members
		kind, message string
	}{
		{members{"PoolName": nil}, badParameter, one("poolName", "Member must not be null")},
		{members{"PoolName": "a/b"}, badParameter, one("poolName", `Member must satisfy regular expression pattern: [\w\s+=,.@-]+`)},
		{members{"MfaConfiguration": "MAYBE"}, badParameter, one("mfaConfiguration", "Member must satisfy enum value set: [OPTIONAL, OFF, ON]")},
		{members{"DeletionProtection": "ON"}, badParameter, one("deletionProtection", "Member must satisfy enum value set: [ACTIVE, INACTIVE]")},
		{
			members{"Policies": members{"PasswordPolicy": members{"MinimumLength": 5}}},
			badParameter,
			one("policies.passwordPolicy.minimumLength", "Member must have value greater than or equal to 6"),
		},
		{members{"AutoVerifiedAttributes": []string{"name"}}, badParameter, one("autoVerifiedAttributes", "Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]")},
		{members{"UsernameAttributes": []string{"preferred_username"}}, badParameter, one("usernameAttributes", "Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]")},
		{members{"SmsVerificationMessage": "no code"}, badParameter, one("smsVerificationMessage", `Member must satisfy regular expression pattern: .*\{####\}.*`)},
		{members{"SmsAuthenticationMessage": strings.Repeat("x", 135) + "{####}"}, badParameter, one("smsAuthenticationMessage", "Member must have length less than or equal to 140")},
		{
			members{"EmailVerificationMessage": "no code"},
			badParameter,
			one("emailVerificationMessage", `Member must satisfy regular expression pattern: `+
				`[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{####\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`),
		},
		{members{"EmailVerificationSubject": strings.Repeat("x", 141)}, badParameter, one("emailVerificationSubject", "Member must have length less than or equal to 140")},
		{
			members{"VerificationMessageTemplate": members{"EmailMessageByLink": "click here"}},
			badParameter,
			one("verificationMessageTemplate.emailMessageByLink", `Member must satisfy regular expression pattern: `+
				`[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*\{##[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*##\}[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*`),
		},
		{
			members{"VerificationMessageTemplate": members{"DefaultEmailOption": "NO_EMAIL"}},
			badParameter,
			one("verificationMessageTemplate.defaultEmailOption", "Member must satisfy enum value set: [CONFIRM_WITH_LINK, CONFIRM_WITH_CODE]"),
		},
		{
			members{"AdminCreateUserConfig": members{"InviteMessageTemplate": members{"SMSMessage": "short"}}},
			badParameter,
			one("adminCreateUserConfig.inviteMessageTemplate.sMSMessage", "Member must have length greater than or equal to 6"),
		},
		{
			members{"AdminCreateUserConfig": members{"UnusedAccountValidityDays": 366}},
			badParameter,
			one("adminCreateUserConfig.unusedAccountValidityDays", "Member must have value less than or equal to 365"),
		},
		{members{"EmailConfiguration": members{"EmailSendingAccount": "ME"}}, badParameter, one("emailConfiguration.emailSendingAccount", "Member must satisfy enum value set: [COGNITO_DEFAULT, DEVELOPER]")},
		{members{"UserPoolAddOns": members{"AdvancedSecurityMode": "ON"}}, badParameter, one("userPoolAddOns.advancedSecurityMode", "Member must satisfy enum value set: [OFF, AUDIT, ENFORCED]")},
		{members{"UserPoolTags": members{"": "x"}}, badParameter, one("userPoolTags", "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]")},
		{members{"UserPoolTags": members{"x": strings.Repeat("x", 257)}}, badParameter, one("userPoolTags", "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 0]")},
		{members{"UsernameConfiguration": members{}}, badParameter, one("usernameConfiguration.caseSensitive", "Member must not be null")},
		{members{"AccountRecoverySetting": members{"RecoveryMechanisms": []members{}}}, badParameter, one("accountRecoverySetting.recoveryMechanisms", "Member must have length greater than or equal to 1")},
		{members{"MfaConfiguration": "ON"}, badParameter, "SMS configuration and Auto verification for phone_number are required when MFA is required/optional"},
		{members{"Schema": []members{{"Name": "x", "Required": true}}}, badParameter, "Required custom attributes are not supported currently."},
		{members{"Schema": []members{{"Name": strings.Repeat("x", 21)}}}, badParameter, one("schema.1.member.name", "Member must have length less than or equal to 20")},
		{members{"UsernameAttributes": []string{"email"}, "AliasAttributes": []string{"email"}}, badParameter, "AliasAttributes and UsernameAttributes cannot be set together."},
		{
			members{"UserPoolTier": "LITE", "Policies": members{"PasswordPolicy": members{"PasswordHistorySize": 1}}},
			"FeatureUnavailableInTierException",
			"The feature is not available in the tier of the user pool.",
		},
		{members{"UserPoolAddOns": members{"AdvancedSecurityMode": "ENFORCED"}}, "FeatureUnavailableInTierException", "The feature is not available in the tier of the user pool."},
		{
			members{"UserAttributeUpdateSettings": members{"AttributesRequireVerificationBeforeUpdate": []string{"email"}}},
			badParameter,
			"Invalid value for UserAttributeUpdateSettings: the attributes must be auto-verified.",
		},
	} {
		if _, ok := tt.in["PoolName"]; !ok {
			tt.in["PoolName"] = "x"
		}
		f.refuses("CreateUserPool", tt.in, tt.kind, tt.message)
	}
	_, err := f.call("CreateUserPool", members{"PoolName": "x", "LambdaConfig": members{"PreSignUp": "http://functions.example.com/"}})
	require.ErrorContains(t, err, "Value at 'lambdaConfig.preSignUp' failed to satisfy constraint", "only Config may have requests sent elsewhere")
	assert.Len(t, f.must("ListUserPools", members{"MaxResults": 60})["UserPools"], 1)
	f.refuses("ListUserPools", members{}, badParameter, one("maxResults", "Member must not be null"))
	f.refuses("ListUserPools", members{"MaxResults": 61}, badParameter, one("maxResults", "Member must have value less than or equal to 60"))
}

// The methods of Server may be called while pools come and go.
func TestPoolsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	done := make(chan error, 4)
	for range 4 {
		go func() {
			for range 5 {
				out, err := f.signer().CreateUserPool(context.Background(), &cip.CreateUserPoolInput{PoolName: aws.String("x")})
				if err == nil {
					_, err = f.signer().DeleteUserPool(context.Background(), &cip.DeleteUserPoolInput{UserPoolId: out.UserPool.Id})
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 50 {
		_, _ = f.Messages(), f.Issuer()
		var set json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(keySet(t, f, f.UserPoolID)), &set))
	}
	for range 4 {
		require.NoError(t, <-done)
	}
}
