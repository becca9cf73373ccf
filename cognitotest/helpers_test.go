package cognitotest_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// fixture is a pool with the user ana, the SDK's client of it, and shorthands. It knows nothing of the client
// library of this module. Its clock stands still unless it is advanced.
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
	sdk := cip.New(cip.Options{Region: "us-east-1", BaseEndpoint: aws.String(srv.URL), Retryer: aws.NopRetryer{}})
	return &fixture{srv, t, sdk}
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
