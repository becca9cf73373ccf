package cognitotest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito/cognitotest"
)

const target = "AWSCognitoIdentityProviderService."

// received is an answer without its body.
type received struct {
	StatusCode int
	Header     http.Header
}

// post sends a request as any HTTP client would.
func post(t *testing.T, f *fixture, op, body string, headers map[string]string) (received, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL+"/", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if op != "" {
		req.Header.Set("X-Amz-Target", op)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	return do(t, req)
}

func get(t *testing.T, url string) (received, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (received, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return received{resp.StatusCode, resp.Header}, string(body)
}

// The answer to a wrong password, header by header as it was captured from the service.
func TestErrorOnTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	resp, body := post(t, f, target+"InitiateAuth", `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"`+clientID+`","AuthParameters":{"USERNAME":"ana","PASSWORD":"wrong"}}`, nil)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	assert.Equal(t, "NotAuthorizedException:", resp.Header.Get("x-amzn-errortype"))
	assert.Equal(t, "Incorrect username or password.", resp.Header.Get("x-amzn-errormessage"))
	assert.Equal(t, "application/x-amz-json-1.1", resp.Header.Get("content-type"))
	assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, resp.Header.Get("x-amzn-requestid"))
	assert.JSONEq(t, `{"__type":"NotAuthorizedException","message":"Incorrect username or password."}`, body)
}

func TestSuccessOnTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	resp, body := post(t, f, target+"InitiateAuth", `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"`+clientID+`","AuthParameters":{"USERNAME":"ana","PASSWORD":"`+password+`"}}`,
		map[string]string{"Authorization": "Bearer nonsense"}) // what is unsigned ignores it
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "application/x-amz-json-1.1", resp.Header.Get("content-type"))
	assert.NotEmpty(t, resp.Header.Get("x-amzn-requestid"))
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	assert.ElementsMatch(t, []string{"AuthenticationResult", "ChallengeParameters"}, names(out))
	assert.Equal(t, map[string]any{}, out["ChallengeParameters"])
	result := out["AuthenticationResult"].(map[string]any)
	assert.ElementsMatch(t, []string{"AccessToken", "ExpiresIn", "TokenType", "RefreshToken", "IdToken"}, names(result))
	assert.Equal(t, "Bearer", result["TokenType"])
	assert.InDelta(t, 3600, result["ExpiresIn"], 0)

	_, body = post(t, f, target+"InitiateAuth", `{"AuthFlow":"REFRESH_TOKEN_AUTH","ClientId":"`+clientID+`","AuthParameters":{"REFRESH_TOKEN":"`+result["RefreshToken"].(string)+`"}}`, nil)
	out = nil
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	assert.ElementsMatch(t, []string{"AccessToken", "ExpiresIn", "TokenType", "IdToken"}, names(out["AuthenticationResult"].(map[string]any)))

	_, body = post(t, f, target+"InitiateAuth", `{"AuthFlow":"USER_SRP_AUTH","ClientId":"`+clientID+`","AuthParameters":{"USERNAME":"ana","SRP_A":"abc"}}`, nil)
	out = nil
	require.NoError(t, json.Unmarshal([]byte(body), &out))
	assert.ElementsMatch(t, []string{"ChallengeName", "ChallengeParameters"}, names(out))
	assert.ElementsMatch(t, []string{"SALT", "SRP_B", "SECRET_BLOCK", "USERNAME", "USER_ID_FOR_SRP"}, names(out["ChallengeParameters"].(map[string]any)))

	_, body = post(t, f, target+"GlobalSignOut", `{"AccessToken":"`+result["AccessToken"].(string)+`"}`, nil)
	assert.JSONEq(t, `{}`, body)
}

func TestRequestsThatAreNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	tests := []struct {
		name, op, body string
		headers        map[string]string
		status         int
		exception      string
	}{
		{"no JSON", target + "InitiateAuth", `{"AuthFlow":`, nil, 400, "SerializationException"},
		{"a list", target + "InitiateAuth", `[]`, nil, 400, "SerializationException"},
		{"a number for text", target + "InitiateAuth", `{"AuthFlow":1}`, nil, 400, "SerializationException"},
		{"no target", "", `{}`, nil, 400, "UnknownOperationException"},
		{"another service", "DynamoDB_20120810.InitiateAuth", `{}`, nil, 400, "UnknownOperationException"},
		{"an operation that is none", target + "Frobnicate", `{}`, nil, 400, "UnknownOperationException"},
		{"an operation of the service that is not known", target + "CreateUserImportJob", `{}`, nil, 400, "UnknownOperationException"},
		{"unsigned", target + "AdminGetUser", `{"UserPoolId":"us-east-1_Test00001","Username":"ana"}`, nil, 400, "MissingAuthenticationTokenException"},
		{"signed by another scheme", target + "AdminGetUser", `{"UserPoolId":"us-east-1_Test00001","Username":"ana"}`, map[string]string{"Authorization": "Bearer x"}, 400, "MissingAuthenticationTokenException"},
		{"another kind of body", target + "InitiateAuth", `{}`, map[string]string{"Content-Type": "application/json"}, 400, "UnknownOperationException"},
		{"2 MB", target + "InitiateAuth", `{"AuthFlow":"` + strings.Repeat("a", 2<<20) + `"}`, nil, 413, "RequestEntityTooLargeException"},
	}
	for _, tt := range tests {
		resp, body := post(t, f, tt.op, tt.body, tt.headers)
		assert.Equal(t, tt.status, resp.StatusCode, tt.name)
		assert.Equal(t, tt.exception+":", resp.Header.Get("x-amzn-errortype"), tt.name)
		assert.Contains(t, body, `"`+tt.exception+`"`, tt.name)
	}
	_, body := post(t, f, target+"CreateUserImportJob", `{}`, nil)
	assert.Contains(t, body, "CreateUserImportJob", "it says what it does not know")

	resp, _ := get(t, f.URL+"/")
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	resp, body = post(t, f, target+"AdminGetUser", `{"UserPoolId":"us-east-1_Test00001","Username":"ana"}`, map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, body, `"Username":"ana"`)
	assert.Contains(t, body, `"UserStatus":"CONFIRMED"`)
}

// What docs/operations.md does not say that the server has, it refuses by the operation's name.
func TestOperationsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	table, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	count := 0
	for method := range reflect.TypeFor[*cognitoidentityprovider.Client]().Methods() {
		op := method.Name
		if op == "Options" {
			continue
		}
		count++
		row := regexp.MustCompile("(?m)^\\| `" + op + "` \\|.*\\| *(yes)? *\\|$").FindSubmatch(table)
		if !assert.NotNil(t, row, op) {
			continue
		}
		_, err := f.call(op, members{})
		if len(row[1]) == 0 {
			refused(t, err, "UnknownOperationException", "cognitotest does not know the operation "+op+".")
		} else if err != nil {
			assert.NotContains(t, err.Error(), "UnknownOperationException", op)
		}
	}
	assert.Greater(t, count, 100)
}

func TestValidation(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	tests := []struct{ op, body, want string }{
		{"InitiateAuth", `{}`, "2 validation errors detected: Value at 'authFlow' failed to satisfy constraint: Member must not be null; Value at 'clientId' failed to satisfy constraint: Member must not be null"},
		{"InitiateAuth", `{"AuthFlow":"USER_SRP_AUTH","ClientId":"` + strings.Repeat("a", 129) + `"}`, "1 validation error detected: Value at 'clientId' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{"InitiateAuth", `{"AuthFlow":"USER_SRP_AUTH","ClientId":"` + clientID + `"}`, "Missing required parameter USERNAME"},
		{"InitiateAuth", `{"AuthFlow":"USER_SRP_AUTH","ClientId":"` + clientID + `","AuthParameters":{"USERNAME":"ana"}}`, "Missing required parameter SRP_A"},
		{"InitiateAuth", `{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"` + clientID + `","AuthParameters":{"USERNAME":"ana"}}`, "Missing required parameter PASSWORD"},
		{"InitiateAuth", `{"AuthFlow":"REFRESH_TOKEN_AUTH","ClientId":"` + clientID + `"}`, "Missing required parameter REFRESH_TOKEN"},
		{"InitiateAuth", `{"AuthFlow":"CUSTOM_AUTH","ClientId":"` + clientID + `"}`, "CUSTOM_AUTH is not enabled for the client."},
		{"InitiateAuth", `{"AuthFlow":"ADMIN_USER_PASSWORD_AUTH","ClientId":"` + clientID + `"}`, "Initiate Auth method not supported."},
		{"InitiateAuth", `{"AuthFlow":"NO_AUTH","ClientId":"` + clientID + `"}`, "1 validation error detected: Value at 'authFlow' failed to satisfy constraint: Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, ADMIN_USER_PASSWORD_AUTH, CUSTOM_AUTH, REFRESH_TOKEN, REFRESH_TOKEN_AUTH, USER_AUTH, USER_PASSWORD_AUTH, USER_SRP_AUTH]"},
		{"RespondToAuthChallenge", `{"ChallengeName":"PASSWORD_VERIFIER","ClientId":"` + clientID + `"}`, "Missing required parameter USERNAME"},
		{"RespondToAuthChallenge", `{"ChallengeName":"PASSWORD_VERIFIER","ClientId":"` + clientID + `","ChallengeResponses":{"USERNAME":"ana"}}`, "Missing required parameter PASSWORD_CLAIM_SECRET_BLOCK"},
		{"RespondToAuthChallenge", `{"ChallengeName":"NEW_PASSWORD_REQUIRED","ClientId":"` + clientID + `","Session":"short","ChallengeResponses":{"USERNAME":"ana"}}`, "1 validation error detected: Value at 'session' failed to satisfy constraint: Member must have length greater than or equal to 20"},
		{"RespondToAuthChallenge", `{"ChallengeName":"NEW_PASSWORD_REQUIRED","ClientId":"` + clientID + `","ChallengeResponses":{"USERNAME":"ana"}}`, "Missing required parameter Session"},
		{"InitiateAuth", `{"authFlow":"USER_SRP_AUTH","clientId":"` + clientID + `"}`, "2 validation errors detected: Value at 'authFlow' failed to satisfy constraint: Member must not be null; Value at 'clientId' failed to satisfy constraint: Member must not be null"},
		{"RespondToAuthChallenge", `{"ChallengeName":"NEW_WORLD","ClientId":"` + clientID + `"}`, "1 validation error detected: Value at 'challengeName' failed to satisfy constraint: Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, CUSTOM_CHALLENGE, DEVICE_PASSWORD_VERIFIER, DEVICE_SRP_AUTH, EMAIL_OTP, MFA_SETUP, NEW_PASSWORD_REQUIRED, PASSWORD, PASSWORD_SRP, PASSWORD_VERIFIER, SELECT_CHALLENGE, SELECT_MFA_TYPE, SMS_MFA, SMS_OTP, SOFTWARE_TOKEN_MFA, WEB_AUTHN]"},
		{"AdminGetUser", `{"UserPoolId":"nonsense","Username":"bob"}`, `1 validation error detected: Value at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`},
		{"AdminInitiateAuth", `{"UserPoolId":"nonsense","ClientId":"x","AuthFlow":"USER_SRP_AUTH"}`, `1 validation error detected: Value at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+_[0-9a-zA-Z]+`},
		{"SignUp", `{"ClientId":"` + clientID + `","Username":"bob"}`, "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null"},
		{"SignUp", `{"ClientId":"` + clientID + `","Username":"bob","Password":" Correct-Horse-1"}`, `1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`},
		{"ConfirmSignUp", `{"ClientId":"` + clientID + `","Username":"bob"}`, "1 validation error detected: Value at 'confirmationCode' failed to satisfy constraint: Member must not be null"},
		{"GetUser", `{}`, "1 validation error detected: Value at 'accessToken' failed to satisfy constraint: Member must not be null"},
		{"RevokeToken", `{"ClientId":"` + clientID + `"}`, "1 validation error detected: Value at 'token' failed to satisfy constraint: Member must not be null"},
		{"GetTokensFromRefreshToken", `{"ClientId":"` + clientID + `"}`, "1 validation error detected: Value at 'refreshToken' failed to satisfy constraint: Member must not be null"},
	}
	for _, tt := range tests {
		_, body := post(t, f, target+tt.op, tt.body, map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
		var out struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &out))
		assert.Equal(t, badParameter, out.Type, tt.body)
		assert.Equal(t, tt.want, out.Message, tt.body)
	}
	for _, op := range []string{"InitiateAuth", "RespondToAuthChallenge", "SignUp", "ConfirmSignUp", "ResendConfirmationCode", "RevokeToken", "GetTokensFromRefreshToken"} {
		_, body := post(t, f, target+op, `{"AuthFlow":"USER_SRP_AUTH","ChallengeName":"PASSWORD_VERIFIER","ClientId":"nobody","Username":"ana","Password":"xx","ConfirmationCode":"1","Token":"x","RefreshToken":"x"}`, nil)
		assert.JSONEq(t, `{"__type":"ResourceNotFoundException","message":"User pool client nobody does not exist."}`, body, op)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	keys := func() []map[string]string {
		resp, body := get(t, f.JWKSURL())
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		var set struct{ Keys []map[string]string }
		require.NoError(t, json.Unmarshal([]byte(body), &set))
		return set.Keys
	}
	before := keys()
	require.Len(t, before, 2)
	for _, key := range before {
		assert.Equal(t, []string{"RS256", "AQAB", "RSA", "sig"}, []string{key["alg"], key["e"], key["kty"], key["use"]})
		assert.Len(t, key["kid"], 44)
		assert.True(t, strings.HasSuffix(key["kid"], "="))
		assert.Len(t, key["n"], 342) // 2048 bits
		assert.Len(t, key, 6)
	}
	assert.NotEqual(t, before[0]["kid"], before[1]["kid"])
	assert.NotEqual(t, before[0]["n"], before[1]["n"])
	f.RotateKeys()
	for _, key := range keys() {
		assert.NotContains(t, []string{before[0]["kid"], before[1]["kid"]}, key["kid"])
		assert.NotContains(t, []string{before[0]["n"], before[1]["n"]}, key["n"])
	}

	resp, body := get(t, f.Issuer()+"/.well-known/openid-configuration")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	var discovery map[string]any
	require.NoError(t, json.Unmarshal([]byte(body), &discovery))
	assert.Equal(t, f.Issuer(), discovery["issuer"])
	assert.Equal(t, f.JWKSURL(), discovery["jwks_uri"])

	other := newFixture(t, cognitotest.Config{})
	_, body = get(t, other.JWKSURL())
	for _, key := range keys() {
		assert.NotContains(t, body, key["kid"], "pools may share keys, but not their IDs")
	}
}

func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	_, err := f.byPassword("ana", "wrong")
	require.Error(t, err)
	get(t, f.JWKSURL())
	get(t, f.URL+"/elsewhere")
	requests := f.Requests()
	require.Len(t, requests, 3)
	assert.Equal(t, "InitiateAuth", requests[0].Op)
	assert.Equal(t, "ana", requests[0].Body["AuthParameters"].(map[string]any)["USERNAME"])
	assert.Equal(t, 400, requests[0].Status)
	assert.Equal(t, notAuthorized, requests[0].ErrorType)
	assert.NotEmpty(t, requests[0].Header.Get("X-Amz-Target"))
	assert.Equal(t, "JWKS", requests[1].Op)
	assert.Equal(t, 200, requests[1].Status)
	assert.Empty(t, requests[1].ErrorType)
	assert.Equal(t, "/elsewhere", requests[2].Op)
	assert.Equal(t, 404, requests[2].Status)
	requests[0].Body["AuthFlow"] = "changed"
	assert.Equal(t, "USER_PASSWORD_AUTH", f.Requests()[0].Body["AuthFlow"], "what is handed out is a copy")
}

func TestIntercept(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cognitotest.Config{})
	f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		if !strings.Contains(string(body), "mallory") {
			return false
		}
		w.Header().Set("X-Amzn-ErrorType", "TooManyRequestsException:")
		w.WriteHeader(http.StatusBadRequest)
		return true
	})
	_, err := f.byPassword("mallory", password)
	refused(t, err, "TooManyRequestsException", "")
	f.tokens() // the body that the interceptor has read is there for the server, too
	f.Intercept(nil)
	_, err = f.byPassword("mallory", password)
	refused(t, err, "UserNotFoundException", "User does not exist.")
	assert.Equal(t, "TooManyRequestsException", f.Requests()[0].ErrorType)
}

// The model's patterns are checked before anything is looked for.
func TestFormsOfIDsAndTokens(t *testing.T) {
	t.Parallel()
	f := newFlows(t, cognitotest.Config{}, cognitotest.User{})
	const text = "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must satisfy %s"
	client := fmt.Sprintf(text, "clientId", `regular expression pattern: [\w+]+`)
	f.refuses("InitiateAuth", members{"ClientId": "a b", "AuthFlow": "USER_SRP_AUTH"}, badParameter, client)
	f.refuses("ForgotPassword", members{"ClientId": "my-app", "Username": "bob"}, badParameter, client)
	f.refuses("GetUser", members{"AccessToken": "a b"}, badParameter, fmt.Sprintf(text, "accessToken", "regular expression pattern: [A-Za-z0-9-_=.]+"))
	for _, name := range []string{"", strings.Repeat("x", 140), "a/b"} {
		_, err := f.call("UpdateUserPoolClient", members{"UserPoolId": f.UserPoolID, "ClientId": clientID, "ClientName": orNone(name)})
		assert.Equal(t, name != "", err != nil, "an update may leave out the name, and not change it to %q", name)
	}
	for op, in := range map[string]members{
		"SignUp":                    {"ClientId": clientID, "Username": "ann", "Password": "Correct-Horse-1"},
		"AdminCreateUser":           {"UserPoolId": f.UserPoolID, "Username": "ann"},
		"UpdateUserAttributes":      {"AccessToken": f.Token("bob", cognitotest.TokenOptions{})},
		"AdminUpdateUserAttributes": {"UserPoolId": f.UserPoolID, "Username": "bob"},
	} {
		for _, list := range []string{"UserAttributes", "ValidationData"} {
			if list == "ValidationData" && strings.Contains(op, "Update") {
				continue
			}
			for _, tt := range []struct {
				name                any
				value, member, want string
			}{
				{nil, "x", "name", "must not be null"},
				{strings.Repeat("x", 33), "x", "name", "must have length less than or equal to 32"},
				{"given\x00name", "x", "name", `must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+`},
				{"name", strings.Repeat("x", 2049), "value", "must have length less than or equal to 2048"},
			} {
				in := maps.Clone(in)
				in[list] = []members{{"Name": "name", "Value": "x"}, {"Name": tt.name, "Value": tt.value}}
				f.refuses(op, in, badParameter, "1 validation error detected: Value at '"+strings.ToLower(list[:1])+list[1:]+".2.member."+tt.member+
					"' failed to satisfy constraint: Member "+tt.want)
			}
		}
	}
	_, err := f.call("SignUp", members{"ClientId": clientID, "Username": "ann", "Password": "Correct-Horse-1", "UserAttributes": make([]members, 10_000)})
	require.ErrorContains(t, err, "50 validation errors detected: ", "an answer is not larger than its request")
	f.refuses("AdminDeleteUserAttributes", members{"UserPoolId": f.UserPoolID, "Username": "bob", "UserAttributeNames": []string{""}}, badParameter,
		"1 validation error detected: Value at 'userAttributeNames' failed to satisfy constraint: Member must satisfy constraint: ["+
			"Member must have length less than or equal to 32, Member must have length greater than or equal to 1, "+
			`Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+]`)
	f.refuses("UpdateDeviceStatus", members{
		"AccessToken": f.Token("bob", cognitotest.TokenOptions{}), "DeviceKey": "us-east-1_0", "DeviceRememberedStatus": "maybe",
	}, badParameter, fmt.Sprintf(text, "deviceRememberedStatus", "enum value set: [not_remembered, remembered]"))
}
