package cognitotest_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
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

	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/srp"
)

const (
	clientID = "1example23456789abcdefghij"
	secret   = "ps50nb7hd1umdnmlt1xa9nwiscqvdvzy5ijw63vcacd09yihc2"
	password = "Correct-Horse-1"
	sub      = "4320de44-0c1b-4e8e-b7c6-5f7a2f6b0d11"
)

// allFlows is an app client that allows what the pool knows.
func allFlows() cognitotest.Client {
	return cognitotest.Client{
		ID: clientID, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	}
}

func withSecret() cognitotest.Client {
	c := allFlows()
	c.Secret = secret
	return c
}

// fixture is a pool with the user ana, the SDK's client of it, and shorthands. It knows nothing of
// the client library of this module. Its clock stands still unless it is advanced.
type fixture struct {
	*cognitotest.Server

	t   *testing.T
	sdk *cip.Client
}

func newFixture(t *testing.T, cfg cognitotest.Config) *fixture {
	t.Helper()
	if cfg.Clients == nil {
		cfg.Clients = []cognitotest.Client{allFlows()}
	}
	if cfg.Now == nil {
		start := time.Now()
		cfg.Now = func() time.Time { return start }
	}
	srv := cognitotest.NewServer(cfg)
	t.Cleanup(srv.Close)
	name := "ana"
	if cfg.UsernameAttributes != nil {
		name = "ana@example.com"
	}
	srv.AddUser(cognitotest.User{
		Username: name, Password: password, Sub: sub,
		Attributes: map[string]string{"email": "ana@example.com", "email_verified": "true"},
	})
	return &fixture{srv, t, sdkOf(srv)}
}

// sdkOf returns an SDK client of srv that sends each request once. Without credentials it can call
// the operations that are not signed.
func sdkOf(srv *cognitotest.Server) *cip.Client {
	return cip.New(cip.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(srv.URL), Retryer: aws.NopRetryer{}, HTTPClient: srv.HTTPClient(),
	})
}

// signer returns an SDK client with credentials, which may call every operation. The region is
// us-east-1 unless an option says otherwise.
func (f *fixture) signer(adjust ...func(*cip.Options)) *cip.Client {
	opts := f.sdk.Options()
	opts.Credentials = credentials.NewStaticCredentialsProvider("id", "key", "")
	return cip.New(opts, adjust...)
}

// hash is SECRET_HASH of name, or nothing for a public client.
func (f *fixture) hash(name string) map[string]string {
	if f.ClientSecret == "" {
		return map[string]string{}
	}
	return map[string]string{"SECRET_HASH": srp.SecretHash(name, f.ClientID, f.ClientSecret)}
}

// hashMember is the same as a member of a request.
func (f *fixture) hashMember(name string) *string {
	if f.ClientSecret == "" {
		return nil
	}
	return aws.String(f.hash(name)["SECRET_HASH"])
}

func (f *fixture) initiate(flow types.AuthFlowType, params map[string]string) (*cip.InitiateAuthOutput, error) {
	return f.sdk.InitiateAuth(f.t.Context(), &cip.InitiateAuthInput{AuthFlow: flow, ClientId: aws.String(f.ClientID), AuthParameters: params})
}

func (f *fixture) respond(name types.ChallengeNameType, session string, params map[string]string) (*cip.RespondToAuthChallengeOutput, error) {
	in := &cip.RespondToAuthChallengeInput{ChallengeName: name, ClientId: aws.String(f.ClientID), ChallengeResponses: params}
	if session != "" {
		in.Session = aws.String(session)
	}
	return f.sdk.RespondToAuthChallenge(f.t.Context(), in)
}

// byPassword signs in with USER_PASSWORD_AUTH.
func (f *fixture) byPassword(login, password string) (*cip.InitiateAuthOutput, error) {
	params := f.hash(login)
	params["USERNAME"], params["PASSWORD"] = login, password
	return f.initiate(types.AuthFlowTypeUserPasswordAuth, params)
}

// tokens signs ana in.
func (f *fixture) tokens() *types.AuthenticationResultType {
	f.t.Helper()
	out, err := f.byPassword("ana", password)
	require.NoError(f.t, err)
	require.NotNil(f.t, out.AuthenticationResult)
	return out.AuthenticationResult
}

// attempt is an SRP sign-in between its two requests.
type attempt struct {
	client *srp.Client
	params map[string]string // of the challenge
}

func (f *fixture) startSRP(login string) (*attempt, error) {
	a := &attempt{client: srp.NewClient()}
	params := f.hash(login)
	params["USERNAME"], params["SRP_A"] = login, a.client.PublicKey()
	out, err := f.initiate(types.AuthFlowTypeUserSrpAuth, params)
	if err != nil {
		return nil, err
	}
	assert.Equal(f.t, types.ChallengeNameTypePasswordVerifier, out.ChallengeName)
	assert.Nil(f.t, out.Session)
	a.params = out.ChallengeParameters
	return a, nil
}

// answer is what proves password at the time now.
func (f *fixture) answer(a *attempt, password string, now time.Time) map[string]string {
	f.t.Helper()
	challenge, err := srp.ParseChallenge(a.params["SALT"], a.params["SRP_B"], a.params["SECRET_BLOCK"])
	require.NoError(f.t, err)
	name := f.UserPoolID[strings.LastIndexByte(f.UserPoolID, '_')+1:]
	id := srp.Identity{Namespace: name, Name: a.params["USER_ID_FOR_SRP"]}
	signature, err := a.client.Sign(id, password, challenge, srp.Timestamp(now))
	require.NoError(f.t, err)
	params := f.hash(a.params["USERNAME"])
	maps.Copy(params, map[string]string{
		"USERNAME": a.params["USERNAME"], "PASSWORD_CLAIM_SECRET_BLOCK": a.params["SECRET_BLOCK"],
		"PASSWORD_CLAIM_SIGNATURE": signature, "TIMESTAMP": srp.Timestamp(now),
	})
	return params
}

// bySRP signs in with USER_SRP_AUTH.
func (f *fixture) bySRP(login, password string) (*cip.RespondToAuthChallengeOutput, error) {
	a, err := f.startSRP(login)
	if err != nil {
		return nil, err
	}
	return f.respond(types.ChallengeNameTypePasswordVerifier, "", f.answer(a, password, f.Now()))
}

func (f *fixture) signUp(username, password string, attributes map[string]string) (*cip.SignUpOutput, error) {
	in := &cip.SignUpInput{ClientId: aws.String(f.ClientID), Username: aws.String(username), Password: aws.String(password), SecretHash: f.hashMember(username)}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		in.UserAttributes = append(in.UserAttributes, types.AttributeType{Name: aws.String(name), Value: aws.String(attributes[name])})
	}
	return f.sdk.SignUp(f.t.Context(), in)
}

func (f *fixture) confirm(username, code string) error {
	_, err := f.sdk.ConfirmSignUp(f.t.Context(), &cip.ConfirmSignUpInput{
		ClientId: aws.String(f.ClientID), Username: aws.String(username), ConfirmationCode: aws.String(code), SecretHash: f.hashMember(username),
	})
	return err
}

func (f *fixture) resend(username string) (*cip.ResendConfirmationCodeOutput, error) {
	return f.sdk.ResendConfirmationCode(f.t.Context(), &cip.ResendConfirmationCodeInput{
		ClientId: aws.String(f.ClientID), Username: aws.String(username), SecretHash: f.hashMember(username),
	})
}

func (f *fixture) refresh(token string) (*types.AuthenticationResultType, error) {
	in := &cip.GetTokensFromRefreshTokenInput{ClientId: aws.String(f.ClientID), RefreshToken: aws.String(token)}
	if f.ClientSecret != "" {
		in.ClientSecret = aws.String(f.ClientSecret)
	}
	out, err := f.sdk.GetTokensFromRefreshToken(f.t.Context(), in)
	if err != nil {
		return nil, err
	}
	return out.AuthenticationResult, nil
}

func (f *fixture) getUser(accessToken string) (*cip.GetUserOutput, error) {
	return f.sdk.GetUser(f.t.Context(), &cip.GetUserInput{AccessToken: aws.String(accessToken)})
}

// refused checks the exception and its text.
func refused(t *testing.T, err error, kind, message string) {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, kind, api.ErrorCode())
	assert.Equal(t, message, api.ErrorMessage())
}

const (
	wrongPassword = "Incorrect username or password."
	notAuthorized = "NotAuthorizedException"
	badParameter  = "InvalidParameterException"
)

// decoded is a part of a token.
func decoded(t *testing.T, token string, part int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func header(t *testing.T, token string) map[string]any { t.Helper(); return decoded(t, token, 0) }

func claims(t *testing.T, token string) map[string]any { t.Helper(); return decoded(t, token, 1) }

func names(m map[string]any) []string { return slices.Collect(maps.Keys(m)) }

// another is a six-digit code that is not code.
func another(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// members are those of an input or an output.
type members = map[string]any

// call calls an operation with a signature that nobody checks, and the pool's ID unless in has one.
func (f *fixture) call(op string, in members) (members, error) {
	f.t.Helper()
	if _, ok := in["UserPoolId"]; !ok {
		in["UserPoolId"] = f.UserPoolID
	}
	request, err := json.Marshal(in)
	require.NoError(f.t, err)
	resp, body := post(f.t, f, target+op, string(request), map[string]string{"Authorization": "AWS4-HMAC-SHA256 Credential=x"})
	out := members{}
	if body == "" {
		return out, nil
	}
	require.NoError(f.t, json.Unmarshal([]byte(body), &out))
	if resp.StatusCode != http.StatusOK {
		return nil, &smithy.GenericAPIError{Code: out["__type"].(string), Message: out["message"].(string)}
	}
	return out, nil
}

// must is call for what succeeds.
func (f *fixture) must(op string, in members) members {
	f.t.Helper()
	out, err := f.call(op, in)
	require.NoError(f.t, err, op)
	return out
}

// refuses is call for what does not.
func (f *fixture) refuses(op string, in members, kind, message string) {
	f.t.Helper()
	_, err := f.call(op, in)
	refused(f.t, err, kind, message)
}

// orNone is a member that is left out if it is empty.
func orNone(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// attributes is a member UserAttributes: names and values by turns.
func attributes(pairs ...string) []members {
	list := []members{}
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, members{"Name": pairs[i], "Value": pairs[i+1]})
	}
	return list
}

// user is what AdminGetUser knows, with the attributes by name.
func (f *fixture) user(username string) (members, map[string]string) {
	f.t.Helper()
	out := f.must("AdminGetUser", members{"Username": username})
	return out, byName(out["UserAttributes"])
}

// status is a user's status.
func (f *fixture) status(username string) string {
	f.t.Helper()
	out, _ := f.user(username)
	return out["UserStatus"].(string)
}

func byName(list any) map[string]string {
	all := map[string]string{}
	for _, a := range list.([]any) {
		all[a.(members)["Name"].(string)] = a.(members)["Value"].(string)
	}
	return all
}

// session is the access token of ana.
func (f *fixture) session() string {
	f.t.Helper()
	return f.Token("ana", cognitotest.TokenOptions{})
}

const (
	wrongCode    = "Invalid verification code provided, please try again."
	noCode       = "Invalid code provided, please request a code again."
	attemptLimit = "Attempt limit exceeded, please try after some time."
	noUser       = "User does not exist."
)

// everyFlow is an app client that allows all flows.
func everyFlow() cognitotest.Client {
	return cognitotest.Client{ID: clientID, ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH",
		"ALLOW_REFRESH_TOKEN_AUTH",
	}}
}

const (
	phone      = "+12065550100"
	totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

	badSession     = "Invalid session for the user."
	spentSession   = "Invalid session for the user, session can only be used once."
	expiredSession = "Invalid session for the user, session is expired."
	badCode        = "Invalid code or auth state for the user."
	badTOTP        = "Invalid code received for user"
	lockedOut      = "Password attempts exceeded"
)

// newFlows is a fixture whose client allows all flows, with the user bob, who has what user says.
func newFlows(t *testing.T, cfg cognitotest.Config, user cognitotest.User) *fixture {
	t.Helper()
	if cfg.Clients == nil {
		cfg.Clients = []cognitotest.Client{everyFlow()}
	}
	f := newFixture(t, cfg)
	user.Username = "bob"
	if user.Password == "" {
		user.Password = password
	}
	f.AddUser(user)
	return f
}

// addresses are the attributes of a user with both.
func addresses() map[string]string {
	return map[string]string{"email": "bob@example.com", "email_verified": "true", "phone_number": phone}
}

// step is an answer of one of the four operations of a sign-in.
type step struct {
	ChallengeName        string
	Session              string
	ChallengeParameters  map[string]string
	AvailableChallenges  []string
	AuthenticationResult *struct {
		AccessToken       string
		IDToken           string `json:"IdToken"`
		RefreshToken      string
		NewDeviceMetadata *struct{ DeviceKey, DeviceGroupKey string }
	}
}

func (f *fixture) step(op string, in members) (step, error) {
	f.t.Helper()
	var s step
	out, err := f.call(op, in)
	if err != nil {
		return s, err
	}
	raw, err := json.Marshal(out)
	require.NoError(f.t, err)
	require.NoError(f.t, json.Unmarshal(raw, &s))
	assert.NotEqual(f.t, s.ChallengeName == "", s.AuthenticationResult == nil, "a challenge or tokens, never both: %v", out)
	return s, nil
}

// params makes a map of keys and values by turns, with the secret hash of the USERNAME among them.
func (f *fixture) params(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	if name := m["USERNAME"]; name != "" {
		maps.Copy(m, f.hash(name))
	}
	return m
}

// begin is InitiateAuth.
func (f *fixture) begin(flow string, pairs ...string) (step, error) {
	f.t.Helper()
	return f.step("InitiateAuth", members{"AuthFlow": flow, "ClientId": f.ClientID, "AuthParameters": f.params(pairs...)})
}

// goOn is RespondToAuthChallenge.
func (f *fixture) goOn(challenge, session string, pairs ...string) (step, error) {
	f.t.Helper()
	return f.step("RespondToAuthChallenge", members{
		"ChallengeName": challenge, "ClientId": f.ClientID, "Session": orNone(session), "ChallengeResponses": f.params(pairs...),
	})
}

// mustBegin begins with bob's password and returns what is asked next.
func (f *fixture) mustBegin(pairs ...string) step {
	f.t.Helper()
	out, err := f.begin("USER_PASSWORD_AUTH", append([]string{"USERNAME", "bob", "PASSWORD", password}, pairs...)...)
	require.NoError(f.t, err)
	return out
}

// mustGoOn answers for bob, rightly.
func (f *fixture) mustGoOn(challenge, session string, pairs ...string) step {
	f.t.Helper()
	out, err := f.goOn(challenge, session, append([]string{"USERNAME", "bob"}, pairs...)...)
	require.NoError(f.t, err)
	return out
}

// refusesAnswer answers for bob, wrongly.
func (f *fixture) refusesAnswer(challenge, session, kind, message string, pairs ...string) {
	f.t.Helper()
	_, err := f.goOn(challenge, session, append([]string{"USERNAME", "bob"}, pairs...)...)
	refused(f.t, err, kind, message)
}

// freshTOTP is a code of bob's software token that was not used yet.
func (f *fixture) freshTOTP() string {
	f.Advance(30e9)
	return f.TOTP("bob")
}
