package pools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/sivchari/kumo"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/sdkhttp"
)

const (
	username, password = "ana", "Correct-Horse-1"
	wrong              = "Wrong-Horse-1"
	callback           = "http://localhost:3000/callback"
	document           = "../../../docs/emulators.md"

	notAuthorized = "NotAuthorizedException"
)

// server is one to go through the flows with.
type server struct {
	url  string
	code func() string // the last code that was delivered
}

// pools are the servers, by the heads of their columns in the document.
var pools = []struct {
	name  string
	start func(t *testing.T) server
}{
	{"cognitotest", func(t *testing.T) server {
		t.Helper()
		srv := cognitotest.NewServer(cognitotest.Config{})
		t.Cleanup(srv.Close)
		return server{srv.URL, func() string {
			all := srv.Messages()
			if len(all) == 0 {
				return ""
			}
			return all[len(all)-1].Code
		}}
	}},
	{"kumo", func(t *testing.T) server {
		t.Helper()
		srv := kumo.NewServer()
		t.Cleanup(srv.Close)
		return server{srv.URL, func() string { return "123456" }} // it takes this one
	}},
}

// session is a pool with an app client and the user ana, whom an administrator has added.
type session struct {
	*cip.Client

	server    server
	ctx       context.Context
	pool, app *string
}

func newSession(ctx context.Context, srv server) (*session, error) {
	s := &session{server: srv, ctx: ctx, Client: cip.New(cip.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(srv.url), Retryer: aws.NopRetryer{}, HTTPClient: &http.Client{Transport: sdkhttp.Transport{}},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})}
	made, err := s.CreateUserPool(ctx, &cip.CreateUserPoolInput{
		PoolName: aws.String("suite"), AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		DeviceConfiguration: &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: true},
	})
	if err != nil {
		return nil, err
	}
	s.pool = made.UserPool.Id
	if _, err := s.SetUserPoolMfaConfig(ctx, &cip.SetUserPoolMfaConfigInput{
		UserPoolId: s.pool, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
	}); err != nil {
		return nil, err
	}
	if s.app, _, err = s.client(&cip.CreateUserPoolClientInput{}); err != nil {
		return nil, err
	}
	if _, err := s.AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: s.pool, Username: aws.String(username), MessageAction: "SUPPRESS", UserAttributes: email(username),
	}); err != nil {
		return nil, err
	}
	_, err = s.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{
		UserPoolId: s.pool, Username: aws.String(username), Password: aws.String(password), Permanent: true,
	})
	return s, err
}

// client adds an app client that allows the usual flows unless in says otherwise.
func (s *session) client(in *cip.CreateUserPoolClientInput) (id, secret *string, err error) {
	in.UserPoolId, in.ClientName = s.pool, aws.String("app")
	if in.ExplicitAuthFlows == nil {
		in.ExplicitAuthFlows = []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	}
	made, err := s.CreateUserPoolClient(s.ctx, in)
	if err != nil {
		return nil, nil, err
	}
	return made.UserPoolClient.ClientId, made.UserPoolClient.ClientSecret, nil
}

func email(name string) []types.AttributeType {
	return []types.AttributeType{
		{Name: aws.String("email"), Value: aws.String(name + "@example.com")}, {Name: aws.String("email_verified"), Value: aws.String("true")},
	}
}

func (s *session) initiate(flow types.AuthFlowType, params map[string]string) (*cip.InitiateAuthOutput, error) {
	return s.InitiateAuth(s.ctx, &cip.InitiateAuthInput{ClientId: s.app, AuthFlow: flow, AuthParameters: params})
}

func (s *session) respond(name types.ChallengeNameType, session *string, params map[string]string) (*cip.RespondToAuthChallengeOutput, error) {
	return s.RespondToAuthChallenge(s.ctx, &cip.RespondToAuthChallengeInput{ClientId: s.app, ChallengeName: name, Session: session, ChallengeResponses: params})
}

// byPassword signs ana in, and wants tokens.
func (s *session) byPassword(password string) (*types.AuthenticationResultType, error) {
	out, err := s.initiate("USER_PASSWORD_AUTH", map[string]string{"USERNAME": username, "PASSWORD": password})
	if err != nil {
		return nil, err
	}
	return tokens(out.AuthenticationResult)
}

func tokens(result *types.AuthenticationResultType) (*types.AuthenticationResultType, error) {
	if result == nil || result.AccessToken == nil {
		return nil, errors.New("no tokens")
	}
	return result, nil
}

// bySRP signs ana in with the proof of the password, and of the device where there is one.
func (s *session) bySRP(password string, device cognito.Device) (*types.AuthenticationResultType, error) {
	var opts []cognito.SRPOption
	if device.Key != "" {
		opts = append(opts, cognito.WithSRPDevice(device))
	}
	half, err := cognito.NewSRP(*s.pool, "any", username, password, opts...) // the ID matters to a secret hash alone; kumo's have hyphens
	if err != nil {
		return nil, err
	}
	params, err := half.AuthParameters()
	if err != nil {
		return nil, err
	}
	begun, err := s.initiate("USER_SRP_AUTH", params)
	if err != nil {
		return nil, err
	}
	if params, err = half.PasswordVerifierChallenge(begun.ChallengeParameters, time.Now()); err != nil {
		return nil, err
	}
	out, err := s.respond(begun.ChallengeName, begun.Session, params)
	if err != nil || device.Key == "" {
		if err != nil {
			return nil, err
		}
		return tokens(out.AuthenticationResult)
	}
	if out.ChallengeName != types.ChallengeNameTypeDeviceSrpAuth {
		return nil, errors.New("the device is not asked for")
	}
	if params, err = half.DeviceSRPAuthChallenge(out.ChallengeParameters); err != nil {
		return nil, err
	}
	if out, err = s.respond(out.ChallengeName, out.Session, params); err != nil {
		return nil, err
	}
	if params, err = half.DevicePasswordVerifierChallenge(out.ChallengeParameters, time.Now()); err != nil {
		return nil, err
	}
	if out, err = s.respond(out.ChallengeName, out.Session, params); err != nil {
		return nil, err
	}
	return tokens(out.AuthenticationResult)
}

// failing wants an exception.
func failing(kind string, err error) error {
	var failure smithy.APIError
	switch {
	case err == nil:
		return errors.New("accepted")
	case errors.As(err, &failure) && failure.ErrorCode() == kind:
		return nil
	default:
		return fmt.Errorf("want %s, got %w", kind, err)
	}
}

func only[T any](_ T, err error) error { return err }

// form posts a form to the authorization server.
func (s *session) form(path string, form url.Values) (map[string]any, error) {
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.server.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if resp.StatusCode != http.StatusOK || json.Unmarshal(body, &out) != nil {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return out, nil
}

// flows are what somebody does with a pool. They return nil where it goes as with the service.
var flows = []struct {
	name string
	do   func(s *session) error
}{
	{"create, describe and delete a pool", func(s *session) error {
		if err := only(s.DescribeUserPool(s.ctx, &cip.DescribeUserPoolInput{UserPoolId: s.pool})); err != nil {
			return err
		}
		if err := only(s.DeleteUserPool(s.ctx, &cip.DeleteUserPoolInput{UserPoolId: s.pool})); err != nil {
			return err
		}
		return failing("ResourceNotFoundException", only(s.DescribeUserPool(s.ctx, &cip.DescribeUserPoolInput{UserPoolId: s.pool})))
	}},
	{"sign up and confirm", func(s *session) error {
		if err := only(s.SignUp(s.ctx, signUp(s, password))); err != nil {
			return err
		}
		return only(s.ConfirmSignUp(s.ctx, &cip.ConfirmSignUpInput{ClientId: s.app, Username: aws.String("eve"), ConfirmationCode: aws.String(s.server.code())}))
	}},
	{"refuse a wrong confirmation code", func(s *session) error {
		if err := only(s.SignUp(s.ctx, signUp(s, password))); err != nil {
			return err
		}
		code := "000000"
		if s.server.code() == code {
			code = "000001"
		}
		return failing("CodeMismatchException", only(s.ConfirmSignUp(s.ctx, &cip.ConfirmSignUpInput{
			ClientId: s.app, Username: aws.String("eve"), ConfirmationCode: &code,
		})))
	}},
	{"refuse a weak password", func(s *session) error {
		return failing("InvalidPasswordException", only(s.SignUp(s.ctx, signUp(s, "weak-horse"))))
	}},
	{"sign in with the password", func(s *session) error { return only(s.byPassword(password)) }},
	{"refuse a wrong password", func(s *session) error { return failing(notAuthorized, only(s.byPassword(wrong))) }},
	{"refuse a wrong secret hash", func(s *session) error {
		id, _, err := s.client(&cip.CreateUserPoolClientInput{GenerateSecret: true})
		if err != nil {
			return err
		}
		return failing(notAuthorized, only(s.InitiateAuth(s.ctx, &cip.InitiateAuthInput{
			ClientId: id, AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: map[string]string{"USERNAME": username, "PASSWORD": password, "SECRET_HASH": "AAAA"},
		})))
	}},
	{"sign in by SRP, and refuse a wrong password", func(s *session) error {
		if err := only(s.bySRP(password, cognito.Device{})); err != nil {
			return err
		}
		return failing(notAuthorized, only(s.bySRP(wrong, cognito.Device{})))
	}},
	{"choose a new password at the first sign-in", func(s *session) error {
		if err := only(s.AdminCreateUser(s.ctx, &cip.AdminCreateUserInput{
			UserPoolId: s.pool, Username: aws.String("dora"), TemporaryPassword: aws.String("Temporary-Horse-1"), MessageAction: "SUPPRESS",
		})); err != nil {
			return err
		}
		begun, err := s.initiate("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "dora", "PASSWORD": "Temporary-Horse-1"})
		if err != nil {
			return err
		}
		out, err := s.respond(begun.ChallengeName, begun.Session, map[string]string{"USERNAME": "dora", "NEW_PASSWORD": password})
		if err != nil {
			return err
		}
		return only(tokens(out.AuthenticationResult))
	}},
	{"set up an authenticator app and sign in with it", func(s *session) error {
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		token, err := s.AssociateSoftwareToken(s.ctx, &cip.AssociateSoftwareTokenInput{AccessToken: result.AccessToken})
		if err != nil {
			return err
		}
		app := cognito.TOTPHandler(*token.SecretCode)
		asked := cognito.Challenge{Name: types.ChallengeNameTypeSoftwareTokenMfa}
		code, err := app(s.ctx, asked)
		if err != nil {
			return err
		}
		if err := only(s.VerifySoftwareToken(s.ctx, &cip.VerifySoftwareTokenInput{
			AccessToken: result.AccessToken, UserCode: aws.String(code["SOFTWARE_TOKEN_MFA_CODE"]),
		})); err != nil {
			return err
		}
		if err := only(s.SetUserMFAPreference(s.ctx, &cip.SetUserMFAPreferenceInput{
			AccessToken: result.AccessToken, SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true},
		})); err != nil {
			return err
		}
		begun, err := s.initiate("USER_PASSWORD_AUTH", map[string]string{"USERNAME": username, "PASSWORD": password})
		if err != nil {
			return err
		}
		if code, err = app(s.ctx, asked); err != nil {
			return err
		}
		code["USERNAME"] = username
		out, err := s.respond(begun.ChallengeName, begun.Session, code)
		if err != nil {
			return err
		}
		return only(tokens(out.AuthenticationResult))
	}},
	{"remember a device and sign in with its proof", func(s *session) error {
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		if result.NewDeviceMetadata == nil {
			return errors.New("no new device")
		}
		device, verifier, err := newDevice(result.NewDeviceMetadata)
		if err != nil {
			return err
		}
		if err := only(s.ConfirmDevice(s.ctx, &cip.ConfirmDeviceInput{
			AccessToken: result.AccessToken, DeviceKey: &device.Key, DeviceSecretVerifierConfig: verifier,
		})); err != nil {
			return err
		}
		return only(s.bySRP(password, device))
	}},
	{"refresh with `REFRESH_TOKEN_AUTH`", func(s *session) error {
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		params := map[string]string{"REFRESH_TOKEN": aws.ToString(result.RefreshToken)}
		if err := s.confirmDevice(result, params); err != nil {
			return err
		}
		out, err := s.initiate("REFRESH_TOKEN_AUTH", params)
		if err != nil {
			return err
		}
		return only(tokens(out.AuthenticationResult))
	}},
	{"rotate refresh tokens and notice reuse", func(s *session) error {
		id, _, err := s.client(&cip.CreateUserPoolClientInput{
			ExplicitAuthFlows:    []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"},
			RefreshTokenRotation: &types.RefreshTokenRotationType{Feature: "ENABLED", RetryGracePeriodSeconds: aws.Int32(0)},
		})
		if err != nil {
			return err
		}
		s.app = id
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		params := map[string]string{}
		if err := s.confirmDevice(result, params); err != nil {
			return err
		}
		refresh := func() (*cip.GetTokensFromRefreshTokenOutput, error) {
			in := &cip.GetTokensFromRefreshTokenInput{ClientId: s.app, RefreshToken: result.RefreshToken}
			if key, ok := params["DEVICE_KEY"]; ok {
				in.DeviceKey = &key
			}
			return s.GetTokensFromRefreshToken(s.ctx, in)
		}
		out, err := refresh()
		if err != nil {
			return err
		}
		if out.AuthenticationResult.RefreshToken == nil || *out.AuthenticationResult.RefreshToken == *result.RefreshToken {
			return errors.New("no new refresh token")
		}
		return failing("RefreshTokenReuseException", only(refresh()))
	}},
	{"sign out everywhere", func(s *session) error {
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		if err := only(s.GlobalSignOut(s.ctx, &cip.GlobalSignOutInput{AccessToken: result.AccessToken})); err != nil {
			return err
		}
		return failing(notAuthorized, only(s.GetUser(s.ctx, &cip.GetUserInput{AccessToken: result.AccessToken})))
	}},
	{"groups in tokens", func(s *session) error {
		if err := only(s.CreateGroup(s.ctx, &cip.CreateGroupInput{UserPoolId: s.pool, GroupName: aws.String("staff")})); err != nil {
			return err
		}
		if err := only(s.AdminAddUserToGroup(s.ctx, &cip.AdminAddUserToGroupInput{
			UserPoolId: s.pool, GroupName: aws.String("staff"), Username: aws.String(username),
		})); err != nil {
			return err
		}
		claims, err := s.verified()
		if err == nil && len(claims.Groups) != 1 {
			err = errors.New("no group")
		}
		return err
	}},
	{"verify tokens with the key set", func(s *session) error { return only(s.verified()) }},
	{"a user's attributes with `GetUser`", func(s *session) error {
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		return only(s.GetUser(s.ctx, &cip.GetUserInput{AccessToken: result.AccessToken}))
	}},
	{"client credentials at the token endpoint", func(s *session) error {
		id, secret, err := s.machine(nil)
		if err != nil {
			return err
		}
		out, err := s.form("/oauth2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {*id}, "client_secret": {*secret}, "scope": {"orders/read"},
		})
		if err == nil && out["access_token"] == nil {
			err = errors.New("no token")
		}
		return err
	}},
	{"`GetClientToken`", func(s *session) error {
		id, secret, err := s.machine([]types.ExplicitAuthFlowsType{"ALLOW_CLIENT_TOKEN_AUTH"})
		if err != nil {
			return err
		}
		return only(s.GetClientToken(s.ctx, &cip.GetClientTokenInput{ClientId: id, Secret: secret, Scopes: []string{"orders/read"}}))
	}},
	{"the pages of managed login", func(s *session) error {
		id, _, err := s.client(&cip.CreateUserPoolClientInput{
			AllowedOAuthFlows: []types.OAuthFlowType{"code"}, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: []string{"openid"},
			CallbackURLs: []string{callback}, SupportedIdentityProviders: []string{"COGNITO"},
		})
		if err != nil {
			return err
		}
		query := url.Values{"client_id": {*id}, "response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid"}, "state": {"x"}}
		r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.server.url+"/oauth2/authorize?"+query.Encode(), http.NoBody)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(resp.Body)
		if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("<form"))) {
			err = fmt.Errorf("status %d", resp.StatusCode)
		}
		return err
	}},
	{"passkeys", func(s *session) error {
		if err := only(s.UpdateUserPool(s.ctx, &cip.UpdateUserPoolInput{UserPoolId: s.pool, Policies: &types.UserPoolPolicyType{
			SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: []types.AuthFactorType{"PASSWORD", "WEB_AUTHN"}},
		}})); err != nil {
			return err
		}
		if err := only(s.SetUserPoolMfaConfig(s.ctx, &cip.SetUserPoolMfaConfigInput{
			UserPoolId: s.pool, MfaConfiguration: "OFF", WebAuthnConfiguration: &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("localhost")},
		})); err != nil {
			return err
		}
		result, err := s.byPassword(password)
		if err != nil {
			return err
		}
		return only(s.StartWebAuthnRegistration(s.ctx, &cip.StartWebAuthnRegistrationInput{AccessToken: result.AccessToken}))
	}},
}

func signUp(s *session, password string) *cip.SignUpInput {
	return &cip.SignUpInput{ClientId: s.app, Username: aws.String("eve"), Password: &password, UserAttributes: email("eve")[:1]}
}

func newDevice(m *types.NewDeviceMetadataType) (cognito.Device, *types.DeviceSecretVerifierConfigType, error) {
	secret, verifier, err := cognito.NewDeviceVerifier(*m.DeviceGroupKey, *m.DeviceKey)
	return cognito.Device{Key: *m.DeviceKey, GroupKey: *m.DeviceGroupKey, Password: secret}, verifier, err
}

// confirmDevice confirms a sign-in's device where there is one, since a refresh must name it.
func (s *session) confirmDevice(result *types.AuthenticationResultType, params map[string]string) error {
	if result.NewDeviceMetadata == nil {
		return nil
	}
	device, verifier, err := newDevice(result.NewDeviceMetadata)
	if err != nil {
		return err
	}
	params["DEVICE_KEY"] = device.Key
	return only(s.ConfirmDevice(s.ctx, &cip.ConfirmDeviceInput{
		AccessToken: result.AccessToken, DeviceKey: &device.Key, DeviceSecretVerifierConfig: verifier,
	}))
}

// machine adds an app client that gets tokens of its own.
func (s *session) machine(flows []types.ExplicitAuthFlowsType) (id, secret *string, err error) {
	if err := only(s.CreateResourceServer(s.ctx, &cip.CreateResourceServerInput{
		UserPoolId: s.pool, Identifier: aws.String("orders"), Name: aws.String("orders"),
		Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("read"), ScopeDescription: aws.String("read")}},
	})); err != nil {
		return nil, nil, err
	}
	in := &cip.CreateUserPoolClientInput{GenerateSecret: true, ExplicitAuthFlows: flows, AllowedOAuthScopes: []string{"orders/read"}}
	if flows == nil {
		in.AllowedOAuthFlows, in.AllowedOAuthFlowsUserPoolClient = []types.OAuthFlowType{"client_credentials"}, true
	}
	return s.client(in)
}

// verified signs in and verifies the access token by the pool's key set. Its issuer is the server's own, or AWS's.
func (s *session) verified() (*cognito.AccessClaims, error) {
	result, err := s.byPassword(password)
	if err != nil {
		return nil, err
	}
	verifier, err := cognito.NewVerifier(*s.pool, nil, cognito.WithAnyClient(), cognito.WithJWKSURL(s.server.url+"/"+*s.pool+"/.well-known/jwks.json"),
		cognito.WithIssuers(s.server.url+"/"+*s.pool, "https://cognito-idp.us-east-1.amazonaws.com/"+*s.pool))
	if err != nil {
		return nil, err
	}
	claims, err := verifier.VerifyAccessToken(s.ctx, *result.AccessToken)
	if err == nil && claims.ClientID != *s.app {
		err = errors.New("a token of another client")
	}
	return claims, err
}

// outcome is how a flow ends with a server, as the table says it.
func outcome(t *testing.T, name string, srv server, do func(*session) error) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	s, err := newSession(ctx, srv)
	if err != nil {
		t.Fatalf("%s: no pool: %v", name, err)
	}
	if err := do(s); err != nil {
		t.Logf("%s: %v", name, err)
		return "no"
	}
	return "yes"
}

// The table in the document is what comes of the flows, in its first columns.
func TestTheTableIsTrue(t *testing.T) {
	t.Parallel()
	var table strings.Builder
	for _, flow := range flows {
		table.WriteString("| " + flow.name)
		for _, pool := range pools {
			table.WriteString(" | " + outcome(t, pool.name+": "+flow.name, pool.start(t), flow.do))
		}
		table.WriteString("\n")
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, " | ")
		for _, flow := range flows {
			if cells[0] == "| "+flow.name && len(cells) > len(pools) {
				rows.WriteString(strings.Join(cells[:1+len(pools)], " | ") + "\n")
			}
		}
	}
	if rows.String() != table.String() {
		t.Errorf("%s says\n%s\nwant\n%s", document, rows.String(), table.String())
	}
}

// The other columns are of servers that are processes of their own: ENDPOINT is where one is, and CODE the code that it
// "sends". They are run by hand.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv("ENDPOINT")
	if endpoint == "" {
		t.Skip("no ENDPOINT")
	}
	srv := server{endpoint, func() string { return os.Getenv("CODE") }}
	for _, flow := range flows {
		t.Logf("| %s | %s", flow.name, outcome(t, flow.name, srv, flow.do))
	}
}
