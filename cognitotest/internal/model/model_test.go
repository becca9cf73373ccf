package model

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sooner is what the SDK has, and the model that model.json is made from did not have yet.
var sooner = map[string][]string{
	"":                            {"CreateUserPoolReplica", "DeleteUserPoolReplica", "DescribeTermsByClient", "GetProvisionedLimit", "ListUserPoolReplicas", "UpdateProvisionedLimit", "UpdateUserPoolReplica"},
	"AuthFactorType":              {"SOFTWARE_TOKEN"},
	"CreateUserImportJobRequest":  {"PasswordHashingAlgorithm"},
	"CreateUserPoolDomainRequest": {"Routing"},
	"CreateUserPoolRequest":       {"IssuerConfiguration", "KeyConfiguration"},
	"CustomDomainConfigType":      {"SecurityPolicy"},
	"SmsConfigurationType":        {"EumsSms"},
	"UpdateUserPoolDomainRequest": {"Routing"},
	"UpdateUserPoolRequest":       {"IssuerConfiguration", "KeyConfiguration"},
}

// later is what the SDK does not have yet.
var later = map[string][]string{"ExplicitAuthFlowsType": {"ALLOW_CLIENT_TOKEN_AUTH"}}

// The members of requests that the SDK has are those of the model: their names, types and values,
// and which of an operation's are required.
func TestTheModelIsTheSDKs(t *testing.T) {
	t.Parallel()
	c := comparison{model: load(), seen: map[string]bool{}}
	client := cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
		HTTPClient: smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("not sent") }),
	})
	var operations []string
	for name, method := range reflect.ValueOf(client).Methods() {
		if name.Name == "Options" {
			continue
		}
		operations = append(operations, name.Name)
		input := c.Operations[name.Name]
		if input == "" {
			continue
		}
		c.compare(t, input, method.Type().In(1))
		out := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.New(method.Type().In(1).Elem())})
		var required []string
		if invalid, ok := errors.AsType[smithy.InvalidParamsError](out[1].Interface().(error)); ok {
			for _, err := range invalid.Errs() {
				var missing smithy.InvalidParamError
				require.ErrorAs(t, err, &missing)
				required = append(required, strings.TrimPrefix(missing.Field(), name.Name+"Input."))
			}
		}
		var want []string
		for _, member := range c.Shapes[input].Members {
			if member.Required {
				want = append(want, member.Name)
			}
		}
		assert.ElementsMatch(t, want, required, name.Name)
	}
	c.same(t, "", operations, slices.Collect(maps.Keys(c.Operations)))
	assert.Len(t, c.seen, len(c.Shapes), "each shape is that of a member")
}

type comparison struct {
	*model

	seen map[string]bool
}

// same compares the names that the SDK and the model have.
func (c comparison) same(t *testing.T, shape string, sdk, model []string) {
	t.Helper()
	assert.ElementsMatch(t, append(slices.Clone(sdk), later[shape]...), append(slices.Clone(model), sooner[shape]...), shape)
}

func (c comparison) compare(t *testing.T, name string, sdk reflect.Type) {
	t.Helper()
	for sdk.Kind() == reflect.Pointer {
		sdk = sdk.Elem()
	}
	if c.seen[name] {
		return
	}
	c.seen[name] = true
	s := c.Shapes[name]
	kind := map[string]reflect.Kind{
		"structure": reflect.Struct, "list": reflect.Slice, "map": reflect.Map, "string": reflect.String, "boolean": reflect.Bool,
		"integer": reflect.Int32, "blob": reflect.Slice, "document": reflect.Interface,
	}[s.Type]
	require.Equal(t, kind, sdk.Kind(), name)
	switch s.Type {
	case "structure":
		fields := map[string]reflect.Type{}
		for field := range sdk.Fields() {
			if field.IsExported() {
				fields[field.Name] = field.Type
			}
		}
		var names []string
		for _, member := range s.Members {
			field := strings.ToUpper(member.Name[:1]) + member.Name[1:]
			names = append(names, field)
			if fields[field] != nil {
				c.compare(t, member.Shape, fields[field])
			}
		}
		c.same(t, name, slices.Collect(maps.Keys(fields)), names)
	case "list":
		c.compare(t, s.Element, sdk.Elem())
	case "map":
		c.compare(t, s.Key, sdk.Key())
		c.compare(t, s.Value, sdk.Elem())
	case "string":
		var words []string
		if values, ok := sdk.MethodByName("Values"); ok {
			list := values.Func.Call([]reflect.Value{reflect.Zero(sdk)})[0]
			for i := range list.Len() {
				words = append(words, list.Index(i).String())
			}
		}
		c.same(t, name, words, s.Enum)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	list := func(n int, element string) string { return "[" + strings.Repeat(element+",", n-1) + element + "]" }
	const arn = `"arn:aws:iam::123456789012:role/x"`
	const (
		name    = `Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+`
		arnForm = `Member must satisfy regular expression pattern: arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?`
		url     = "Member must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, " + name + "]"
	)
	// base are the required members of the operations.
	base := map[string]string{
		"SignUp":                    `"ClientId":"c","Username":"bob","Password":"Correct-Horse-1"`,
		"ConfirmSignUp":             `"ClientId":"c","Username":"bob","ConfirmationCode":"123456"`,
		"CreateUserPoolClient":      `"UserPoolId":"us-east-1_Test","ClientName":"c"`,
		"UpdateUserPoolClient":      `"UserPoolId":"us-east-1_Test","ClientId":"c"`,
		"CreateUserPool":            `"PoolName":"p"`,
		"GetTokensFromRefreshToken": `"RefreshToken":"r","ClientId":"c"`,
		"RevokeToken":               `"Token":"t","ClientId":"c"`,
		"AdminInitiateAuth":         `"UserPoolId":"us-east-1_Test","ClientId":"c","AuthFlow":"USER_SRP_AUTH"`,
	}
	for _, tt := range []struct {
		op, member, value string
		want              []string // the member and the constraint, by turns
	}{
		{"SignUp", "SecretHash", `"aB3_+/="`, nil},
		{"SignUp", "SecretHash", `null`, nil},
		{"SignUp", "ClientMetadata", `{"a":null,"b":"c"}`, nil},
		{"GetTokensFromRefreshToken", "ClientSecret", `"short"`, nil},
		{"RevokeToken", "ClientSecret", `"short"`, nil},
		{"SignUp", "SecretHash", long(129), []string{"secretHash", "Member must have length less than or equal to 128"}},
		{"SignUp", "SecretHash", `"a b"`, []string{"secretHash", `Member must satisfy regular expression pattern: [\w+=/]+`}},
		{"ConfirmSignUp", "SecretHash", `""`, []string{
			"secretHash", "Member must have length greater than or equal to 1",
			"secretHash", `Member must satisfy regular expression pattern: [\w+=/]+`,
		}},
		{"SignUp", "Username", `null`, []string{"username", notNull}},
		{"SignUp", "Username", `"a b"`, []string{"username", name}},
		{"SignUp", "Username", `"` + strings.Repeat("ä", 128) + `"`, nil},
		{"SignUp", "ValidationData", `[null]`, []string{"validationData.1.member", notNull}},
		{"SignUp", "ValidationData", `[{"Name":"x"},{"Value":"y"}]`, []string{"validationData.2.member.name", notNull}},
		{"CreateUserPoolClient", "AccessTokenValidity", `0`, []string{"accessTokenValidity", "Member must have value greater than or equal to 1"}},
		{"UpdateUserPoolClient", "AccessTokenValidity", `0`, []string{"accessTokenValidity", "Member must have value greater than or equal to 1"}},
		{"UpdateUserPoolClient", "IdTokenValidity", `86401`, []string{"idTokenValidity", "Member must have value less than or equal to 86400"}},
		{"CreateUserPoolClient", "RefreshTokenValidity", `0`, nil},
		{"CreateUserPoolClient", "RefreshTokenValidity", `-1`, []string{"refreshTokenValidity", "Member must have value greater than or equal to 0"}},
		{"CreateUserPoolClient", "AnalyticsConfiguration", `{"ApplicationId":"0aF","RoleArn":` + arn + `}`, nil},
		{"CreateUserPoolClient", "AnalyticsConfiguration", `{"ApplicationId":"x"}`, []string{
			"analyticsConfiguration.applicationId", "Member must satisfy regular expression pattern: ^[0-9a-fA-F]+$",
		}},
		{"CreateUserPoolClient", "AnalyticsConfiguration", `{"RoleArn":"` + strings.Repeat("x", 20) + `"}`, []string{"analyticsConfiguration.roleArn", arnForm}},
		{"CreateUserPool", "SmsConfiguration", `{"SnsCallerArn":` + arn + `}`, nil},
		{"CreateUserPool", "SmsConfiguration", `{"SnsCallerArn":"` + strings.Repeat("x", 20) + `"}`, []string{"smsConfiguration.snsCallerArn", arnForm}},
		{"CreateUserPool", "SmsConfiguration", `{"EumsSms":{"CallerArn":` + arn + `}}`, nil},
		{"CreateUserPool", "SmsConfiguration", `{"SnsCallerArn":` + arn + `,"SnsRegion":"here"}`, []string{
			"smsConfiguration.snsRegion", "Member must have length greater than or equal to 5",
		}},
		{"CreateUserPoolClient", "CallbackURLs", list(100, `"http://localhost"`), nil},
		{"CreateUserPoolClient", "CallbackURLs", list(101, `"http://localhost"`), []string{"callbackURLs", "Member must have length less than or equal to 100"}},
		{"CreateUserPoolClient", "CallbackURLs", "[" + long(1025) + `,""]`, []string{"callbackURLs", url}},
		{"CreateUserPoolClient", "LogoutURLs", `[null]`, []string{"logoutURLs", url}},
		{"CreateUserPoolClient", "LogoutURLs", `["http://local host"]`, []string{"logoutURLs", url}},
		{"CreateUserPoolClient", "DefaultRedirectURI", long(1025), []string{"defaultRedirectURI", "Member must have length less than or equal to 1024"}},
		{"CreateUserPoolClient", "PreventUserExistenceErrors", `"ENABLED\u0000LEGACY"`, []string{
			"preventUserExistenceErrors", "Member must satisfy enum value set: [ENABLED, LEGACY]",
		}},
		{"CreateUserPoolClient", "AllowedOAuthFlows", list(4, `"code"`), []string{"allowedOAuthFlows", "Member must have length less than or equal to 3"}},
		{"CreateUserPoolClient", "SupportedIdentityProviders", `["My provider"]`, nil},
		{"CreateUserPoolClient", "SupportedIdentityProviders", `["` + strings.Repeat("x", 33) + `"]`, []string{
			"supportedIdentityProviders", "Member must satisfy constraint: [Member must have length less than or equal to 32, " +
				`Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+]`,
		}},
		{"CreateUserPool", "UserPoolTags", `{"":"x"}`, []string{
			"userPoolTags", "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
		}},
		{"CreateUserPool", "MfaConfiguration", `"MAYBE"`, []string{"mfaConfiguration", "Member must satisfy enum value set: [OPTIONAL, OFF, ON]"}},
		{"AdminInitiateAuth", "ContextData", `{"IpAddress":"1.2.3.4","ServerName":"x","ServerPath":"/","HttpHeaders":[{"headerName":"a"}],"EncodedData":""}`, nil},
		{"AdminInitiateAuth", "ContextData", `{"HttpHeaders":[]}`, []string{
			"contextData.ipAddress", notNull, "contextData.serverName", notNull, "contextData.serverPath", notNull,
		}},
		{"AdminInitiateAuth", "Unknown", `{"X":1}`, nil},
	} {
		t.Run(tt.op+" "+tt.member+" "+tt.value[:min(len(tt.value), 30)], func(t *testing.T) {
			t.Parallel()
			body := map[string]json.RawMessage{}
			require.NoError(t, json.Unmarshal([]byte("{"+base[tt.op]+"}"), &body))
			body[tt.member] = json.RawMessage(tt.value)
			request, err := json.Marshal(body)
			require.NoError(t, err)
			var got []string
			assert.True(t, Check(tt.op, request, func(member, constraint string) { got = append(got, member, constraint) }))
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestCheckOfTypes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		op, body string
		typed    bool
	}{
		{"SignUp", `{`, false},
		{"SignUp", `[]`, false},
		{"SignUp", `null`, true},
		{"SignUp", `{"SecretHash":1}`, false},
		{"SignUp", `{"UserContextData":"x"}`, false},
		{"SignUp", `{"UserContextData":{"IpAddress":[]}}`, false},
		{"SignUp", `{"UserAttributes":{}}`, false},
		{"SignUp", `{"UserAttributes":["x"]}`, false},
		{"SignUp", `{"ClientMetadata":{"x":1}}`, false},
		{"SignUp", `{"ClientMetadata":[]}`, false},
		{"SignUp", `{"Unknown":1}`, true},
		{"CreateUserPoolClient", `{"AccessTokenValidity":"1"}`, false},
		{"CreateUserPoolClient", `{"AccessTokenValidity":1.5}`, false},
		{"CreateUserPoolClient", `{"EnableTokenRevocation":"true"}`, false},
		{"CreateUserPoolClient", `{"CallbackURLs":["x",1]}`, false},
		{"CreateUserPoolClient", `{"CallbackURLs":["x",null]}`, true},
		{"CompleteWebAuthnRegistration", `{"Credential":1}`, true},
		{"SetUICustomization", `{"ImageFile":1}`, false},
		{"Frobnicate", `[`, true},
	} {
		assert.Equal(t, tt.typed, Check(tt.op, []byte(tt.body), func(string, string) {}), "%s %s", tt.op, tt.body)
	}
}

// Whatever arrives, Check ends without a panic.
func FuzzCheck(f *testing.F) {
	for op := range load().Operations {
		f.Add(op, `{"UserPoolId":"us-east-1_Test","UserAttributes":[{"Name":"x"}],"ClientMetadata":{"x":"y"}}`)
	}
	f.Fuzz(func(_ *testing.T, op, body string) {
		Check(op, []byte(body), func(member, constraint string) {
			if constraint == "" {
				panic(member)
			}
		})
	})
}
