package cognito_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// reasonScene is a pool with the user bob, and a client without a user and with AWS credentials.
type reasonScene struct {
	t    *testing.T
	srv  *cognitotest.Server
	pool *cognito.Cognito
}

// bob returns a session of bob who has signed in.
func (s reasonScene) bob() *cognito.Cognito {
	c := s.pool.ForUser("bob")
	require.NoError(s.t, c.Authenticate(s.t.Context(), testPassword))
	return c
}

// withTokens returns a session that has tokens and no name.
func (s reasonScene) withTokens(tokens cognito.Tokens) *cognito.Cognito {
	return s.pool.ForUser("", cognito.WithTokens(tokens))
}

// signUp signs carol up, who is not confirmed then.
func (s reasonScene) signUp() *cognito.Cognito {
	c := s.pool.ForUser("carol")
	_, err := c.Register(s.t.Context(), "carol", testPassword, cognito.Attributes{"email": "carol@example.com"})
	require.NoError(s.t, err)
	return c
}

func (s reasonScene) repeat(call func() error) (err error) {
	for range 12 {
		err = call()
	}
	return err
}

// reasonCase is an answer of the service, brought about by what a user or an administrator does.
// says is what the service says.
type reasonCase struct {
	reason error
	says   string
	cfg    cognitotest.Config
	call   func(s reasonScene) error
}

var reasonCases = []reasonCase{
	{reason: cognito.ErrInvalidCredentials, says: "NotAuthorizedException: Incorrect username or password.", call: func(s reasonScene) error {
		return s.pool.ForUser("bob").Authenticate(s.t.Context(), "Wrong-Horse-1")
	}},
	{reason: cognito.ErrTooManyAttempts, says: "NotAuthorizedException: Password attempts exceeded", call: func(s reasonScene) error {
		return s.repeat(func() error { return s.pool.ForUser("bob").Authenticate(s.t.Context(), "Wrong-Horse-1") })
	}},
	{reason: cognito.ErrUserDisabled, says: "NotAuthorizedException: User is disabled.", call: func(s reasonScene) error {
		require.NoError(s.t, s.pool.AdminDisableUser(s.t.Context(), "bob"))
		return s.pool.ForUser("bob").Authenticate(s.t.Context(), testPassword)
	}},
	{reason: cognito.ErrUserNotFound, says: "UserNotFoundException: User does not exist.", call: func(s reasonScene) error {
		return err1(s.pool.AdminGetUser(s.t.Context(), "nobody"))
	}},
	{reason: cognito.ErrUserNotFound, says: "UserNotFoundException: Username/client id combination not found.", call: func(s reasonScene) error {
		return err1(s.pool.ForUser("nobody").InitiateForgotPassword(s.t.Context()))
	}},
	{reason: cognito.ErrUserExists, says: "UsernameExistsException: User already exists", call: func(s reasonScene) error {
		return err1(s.pool.Register(s.t.Context(), "bob", testPassword, nil))
	}},
	{
		reason: cognito.ErrUserExists, says: "AliasExistsException: An account with the email already exists.",
		cfg: cognitotest.Config{AliasAttributes: []string{"email"}, AutoVerifiedAttributes: []string{"email"}}, call: func(s reasonScene) error {
			c := s.pool.ForUser("dave")
			_, err := c.Register(s.t.Context(), "dave", testPassword, cognito.Attributes{"email": "bob@example.com"})
			require.NoError(s.t, err)
			return c.ConfirmSignUp(s.t.Context(), "dave", s.srv.Code("dave"))
		},
	},
	{reason: cognito.ErrUserNotConfirmed, says: "UserNotConfirmedException: User is not confirmed.", call: func(s reasonScene) error {
		return s.signUp().Authenticate(s.t.Context(), testPassword)
	}},
	{reason: cognito.ErrUserConfirmed, says: "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED", call: func(s reasonScene) error {
		c := s.signUp()
		require.NoError(s.t, c.ConfirmSignUp(s.t.Context(), "carol", s.srv.Code("carol")))
		return c.ConfirmSignUp(s.t.Context(), "carol", s.srv.Code("carol"))
	}},
	{reason: cognito.ErrUserConfirmed, says: "InvalidParameterException: User is already confirmed.", call: func(s reasonScene) error {
		return err1(s.pool.ResendConfirmationCode(s.t.Context(), "bob"))
	}},
	{reason: cognito.ErrPasswordResetRequired, says: "PasswordResetRequiredException: Password reset required for the user", call: func(s reasonScene) error {
		require.NoError(s.t, s.pool.AdminResetPassword(s.t.Context(), "bob"))
		return s.pool.ForUser("bob").Authenticate(s.t.Context(), testPassword)
	}},
	{reason: cognito.ErrPasswordResetNotAllowed, says: "NotAuthorizedException: User password cannot be reset in the current state.", call: func(s reasonScene) error {
		_, err := s.pool.AdminCreateUser(s.t.Context(), "erin", cognito.Attributes{"email": "erin@example.com", "email_verified": "true"}, cognito.TemporaryPassword(testPassword))
		require.NoError(s.t, err)
		return err1(s.pool.ForUser("erin").InitiateForgotPassword(s.t.Context()))
	}},
	{reason: cognito.ErrPasswordResetNotAllowed, says: "InvalidParameterException: Cannot reset password for the user", call: func(s reasonScene) error {
		s.srv.AddUser(cognitotest.User{Username: "erin", Password: testPassword})
		return err1(s.pool.ForUser("erin").InitiateForgotPassword(s.t.Context()))
	}},
	{reason: cognito.ErrTemporaryPasswordExpired, says: "NotAuthorizedException: Temporary password has expired and must be reset by an administrator.", call: func(s reasonScene) error {
		_, err := s.pool.AdminCreateUser(s.t.Context(), "erin", nil, cognito.TemporaryPassword(testPassword))
		require.NoError(s.t, err)
		s.srv.Advance(365 * 24 * time.Hour)
		return s.pool.ForUser("erin").Authenticate(s.t.Context(), testPassword)
	}},
	{reason: cognito.ErrInvalidPassword, says: "InvalidPasswordException: Password did not conform with policy: Password not long enough", call: func(s reasonScene) error {
		return err1(s.pool.Register(s.t.Context(), "carol", "Short-1", nil))
	}},
	{
		reason: cognito.ErrInvalidPassword, says: "PasswordHistoryPolicyViolationException: Password has previously been used",
		cfg: cognitotest.Config{PasswordHistorySize: 3}, call: func(s reasonScene) error {
			return s.bob().ChangePassword(s.t.Context(), testPassword, testPassword)
		},
	},
	{reason: cognito.ErrInvalidPassword, says: "InvalidParameterException: 1 validation error detected: Value at 'password' failed", call: func(s reasonScene) error {
		return err1(s.pool.Register(s.t.Context(), "carol", "with a space ", nil))
	}},
	{reason: cognito.ErrCodeMismatch, says: "CodeMismatchException: Invalid verification code provided, please try again.", call: func(s reasonScene) error {
		return s.signUp().ConfirmSignUp(s.t.Context(), "carol", s.srv.Code("carol")+"0")
	}},
	{reason: cognito.ErrCodeExpired, says: "ExpiredCodeException: Invalid code provided, please request a code again.", call: func(s reasonScene) error {
		c := s.signUp()
		s.srv.Advance(25 * time.Hour)
		return c.ConfirmSignUp(s.t.Context(), "carol", s.srv.Code("carol"))
	}},
	{reason: cognito.ErrSessionExpired, says: "NotAuthorizedException: Invalid session for the user, session is expired.", call: func(s reasonScene) error {
		s.srv.AddUser(cognitotest.User{Username: "erin", Password: testPassword, Status: "FORCE_CHANGE_PASSWORD"})
		c := s.pool.ForUser("erin")
		require.ErrorIs(s.t, c.Authenticate(s.t.Context(), testPassword), cognito.ErrNewPasswordRequired)
		s.srv.Advance(time.Hour)
		return c.RespondToNewPasswordChallenge(s.t.Context(), "Another-Horse-1", nil)
	}},
	{reason: cognito.ErrRefreshTokenExpired, says: "NotAuthorizedException: Refresh Token has expired", call: func(s reasonScene) error {
		c := s.bob()
		s.srv.Advance(365 * 24 * time.Hour)
		return c.RenewAccessToken(s.t.Context())
	}},
	{reason: cognito.ErrRefreshTokenRevoked, says: "NotAuthorizedException: Refresh Token has been revoked", call: func(s reasonScene) error {
		c := s.bob()
		require.NoError(s.t, s.pool.AdminSignOut(s.t.Context(), "bob"))
		return c.RenewAccessToken(s.t.Context())
	}},
	{
		reason: cognito.ErrRefreshTokenReused, says: "RefreshTokenReuseException: Refresh token has been used",
		cfg: cognitotest.Config{Clients: []cognitotest.Client{{
			ID: testClient, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH"}, RefreshTokenRotation: true,
		}}}, call: func(s reasonScene) error {
			tokens := s.bob().Tokens()
			require.NoError(s.t, s.withTokens(tokens).RenewAccessToken(s.t.Context()))
			s.srv.Advance(2 * time.Minute)
			return newClient(s.t, s.srv, cognito.WithTokens(tokens)).RenewAccessToken(s.t.Context())
		},
	},
	{reason: cognito.ErrInvalidRefreshToken, says: "NotAuthorizedException: Invalid Refresh Token.", call: func(s reasonScene) error {
		tokens := s.bob().Tokens()
		tokens.RefreshToken = "garbage"
		return s.withTokens(tokens).RenewAccessToken(s.t.Context())
	}},
	{reason: cognito.ErrTokenRevoked, says: "NotAuthorizedException: Access Token has been revoked", call: func(s reasonScene) error {
		c := s.bob()
		require.NoError(s.t, s.pool.AdminSignOut(s.t.Context(), "bob"))
		return err1(c.GetUser(s.t.Context()))
	}},
	{reason: cognito.ErrAccessTokenExpired, says: "NotAuthorizedException: Access Token has expired", call: func(s reasonScene) error {
		access := s.bob().Tokens().AccessToken
		s.srv.Advance(2 * time.Hour)
		_, err := s.pool.Client().GetUser(s.t.Context(), &cognitoidentityprovider.GetUserInput{AccessToken: aws.String(access)})
		return &cognito.Error{Op: "GetUser", Err: err} // the client's own methods refresh such a token, or do not send it
	}},
	{
		reason: cognito.ErrSecretHash, says: "NotAuthorizedException: Unable to verify secret hash for client",
		cfg: cognitotest.Config{Clients: []cognitotest.Client{secretClient()}}, call: func(s reasonScene) error {
			return newClient(s.t, s.srv, cognito.WithClientSecret("another"), cognito.WithUsername("bob")).Authenticate(s.t.Context(), testPassword)
		},
	},
	{
		reason: cognito.ErrSecretHash, says: "is configured with secret but SECRET_HASH was not received",
		cfg: cognitotest.Config{Clients: []cognitotest.Client{secretClient()}}, call: func(s reasonScene) error {
			return newClient(s.t, s.srv, cognito.WithClientSecret(""), cognito.WithUsername("bob")).Authenticate(s.t.Context(), testPassword)
		},
	},
	{reason: cognito.ErrThrottled, says: "TooManyRequestsException: Rate exceeded", call: func(s reasonScene) error {
		s.srv.Fault(cognitotest.Fault{Op: "AdminGetUser", Kind: cognitotest.FaultThrottle, Times: -1})
		return err1(s.pool.AdminGetUser(s.t.Context(), "bob"))
	}},
	{reason: cognito.ErrLimitExceeded, says: "LimitExceededException: Attempt limit exceeded, please try after some time.", call: func(s reasonScene) error {
		return s.repeat(func() error { return err1(s.pool.ForUser("bob").InitiateForgotPassword(s.t.Context())) })
	}},
	{
		reason: cognito.ErrDeviceNotFound, says: "ResourceNotFoundException: Device does not exist.",
		cfg: cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}}, call: func(s reasonScene) error {
			return err1(s.bob().GetDevice(s.t.Context(), "us-east-1_3d2c1b0a-0000-4000-8000-000000000000"))
		},
	},
	{
		reason: cognito.ErrDeviceExists, says: "DeviceKeyExistsException: Device already exists",
		cfg: cognitotest.Config{Devices: &cognitotest.DeviceConfiguration{}}, call: func(s reasonScene) error {
			c := s.bob()
			s.srv.Fault(cognitotest.Fault{Op: "ConfirmDevice", Kind: cognitotest.FaultLostReply})
			_, err := c.ConfirmDevice(s.t.Context(), "phone")
			require.Error(s.t, err)
			return err1(c.ConfirmDevice(s.t.Context(), "phone"))
		},
	},
	{
		reason: cognito.ErrMFANotSetUp, says: "InvalidParameterException: User has not set up software token mfa",
		cfg: cognitotest.Config{MFA: "OPTIONAL"}, call: func(s reasonScene) error {
			return s.bob().SetUserMFAPreference(s.t.Context(), cognito.MFAPreference{SoftwareToken: cognito.MFAEnabled})
		},
	},
	{reason: cognito.ErrWebAuthnNotEnabled, says: "WebAuthnNotEnabledException: WebAuthn is not enabled for the user pool.", call: func(s reasonScene) error {
		return err1(s.bob().StartWebAuthnRegistration(s.t.Context()))
	}},
	{reason: cognito.ErrWebAuthnExpired, says: "WebAuthnChallengeNotFoundException: WebAuthn challenge not found.", cfg: passkeyPool(), call: func(s reasonScene) error {
		c := s.bob()
		options, err := c.StartWebAuthnRegistration(s.t.Context())
		require.NoError(s.t, err)
		credential, err := cognitotest.NewPasskey().Create(string(options))
		require.NoError(s.t, err)
		s.srv.Advance(time.Hour - time.Minute)
		return c.CompleteWebAuthnRegistration(s.t.Context(), []byte(credential))
	}},
	{reason: cognito.ErrWebAuthnRefused, says: "WebAuthnOriginNotAllowedException: WebAuthn origin is not allowed.", cfg: passkeyPool(), call: func(s reasonScene) error {
		c := s.bob()
		options, err := c.StartWebAuthnRegistration(s.t.Context())
		require.NoError(s.t, err)
		passkey := cognitotest.NewPasskey()
		passkey.Origin = "https://evil.example"
		credential, err := passkey.Create(string(options))
		require.NoError(s.t, err)
		return c.CompleteWebAuthnRegistration(s.t.Context(), []byte(credential))
	}},
	{reason: cognito.ErrGroupNotFound, says: "ResourceNotFoundException: Group not found.", call: func(s reasonScene) error {
		return err1(s.pool.GetGroup(s.t.Context(), "nobodies"))
	}},
	{reason: cognito.ErrGroupExists, says: "GroupExistsException: A group with the name already exists.", call: func(s reasonScene) error {
		return err1(s.pool.CreateGroup(s.t.Context(), cognito.Group{Name: "readers"}))
	}},
	{reason: cognito.ErrProviderNotFound, says: "ResourceNotFoundException: Identity provider Okta does not exist.", call: func(s reasonScene) error {
		return err1(s.pool.AdminDescribeIdentityProvider(s.t.Context(), "Okta"))
	}},
	{reason: cognito.ErrProviderExists, says: "DuplicateProviderException: A provider with the name Okta already exists.", call: func(s reasonScene) error {
		_, err := s.pool.AdminCreateIdentityProvider(s.t.Context(), okta)
		require.NoError(s.t, err)
		return err1(s.pool.AdminCreateIdentityProvider(s.t.Context(), okta))
	}},
	{reason: cognito.ErrMissingScope, says: "NotAuthorizedException: Access Token does not have required scopes", call: func(s reasonScene) error {
		return err1(s.withTokens(cognito.Tokens{AccessToken: s.srv.Token("bob", cognitotest.TokenOptions{Claims: map[string]any{"scope": "openid"}})}).GetUser(s.t.Context()))
	}},
	{
		reason: cognito.ErrFlowNotEnabled, says: "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client",
		cfg: cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient, ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH"}}}}, call: func(s reasonScene) error {
			return s.pool.ForUser("bob").Authenticate(s.t.Context(), testPassword, cognito.Flow(cognito.FlowUserPasswordAuth))
		},
	},
	{
		reason: cognito.ErrFlowNotEnabled, says: "InvalidParameterException: USER_SRP_AUTH is not enabled for the client.",
		cfg: cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient, ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH"}}}}, call: func(s reasonScene) error {
			return s.pool.ForUser("bob").Authenticate(s.t.Context(), testPassword)
		},
	},
	{
		reason: cognito.ErrNotPermitted, says: "NotAuthorizedException: SignUp is not permitted for this user pool",
		cfg: cognitotest.Config{SelfSignUpDisabled: true}, call: func(s reasonScene) error {
			return err1(s.pool.Register(s.t.Context(), "carol", testPassword, nil))
		},
	},
	{
		reason: cognito.ErrNotPermitted, says: "UnsupportedOperationException: Revocation not enabled for this client",
		cfg: cognitotest.Config{Clients: []cognitotest.Client{{ID: testClient, DisableTokenRevocation: true}}}, call: func(s reasonScene) error {
			return s.bob().RevokeToken(s.t.Context())
		},
	},
	{
		reason: cognito.ErrLambda, says: "UserLambdaValidationException: PreAuthentication failed with error no luck.",
		cfg: cognitotest.Config{Triggers: cognitotest.Triggers{PreAuthentication: func(*cognitotest.TriggerEvent) error { return errors.New("no luck") }}}, call: func(s reasonScene) error {
			return s.pool.ForUser("bob").Authenticate(s.t.Context(), testPassword)
		},
	},
	{reason: cognito.ErrInvalidArgument, says: "InvalidParameterException: Invalid email address format.", call: func(s reasonScene) error {
		return err1(s.bob().UpdateProfile(s.t.Context(), cognito.Attributes{"email": "nowhere"}))
	}},
}

func passkeyPool() cognitotest.Config {
	return cognitotest.Config{FirstFactors: []string{"PASSWORD", "WEB_AUTHN"}, WebAuthn: cognitotest.WebAuthn{RelyingPartyID: "example.com"}}
}

// The service's answer, in its words, comes to the caller with its reason.
func TestReasonsFromTheServicesAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range reasonCases {
		t.Run(tt.says, func(t *testing.T) {
			t.Parallel()
			cfg := tt.cfg
			if cfg.AutoVerifiedAttributes == nil {
				cfg.AutoVerifiedAttributes = []string{"email"}
			}
			srv := newServer(t, cfg)
			s := reasonScene{t, srv, newAdmin(t, srv, cognito.WithClientOptions(noBackoff))}
			err := tt.call(s)
			require.ErrorIs(t, err, tt.reason)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// unreachable are the reasons that no answer of this pool stands for, and why.
var unreachable = map[string]string{
	"ErrForbidden": "the pool has no firewall and no threat protection", "ErrConflict": "the pool makes one change at a time, and never sees two",
	"ErrDeviceRefused": "what the client makes of a refusal: see device_test.go", "ErrNoNewDevice": "found before anything is sent: see device_test.go",
	"ErrNoCredentials": "found before anything is sent: see credentials_test.go", "ErrNotSignedIn": "found before anything is sent: see tokens_test.go",
	"ErrIdentityLinked": "about linking: see provider_test.go", "ErrIdentityExists": "about linking: see provider_test.go",
	"ErrLevelReached": "about levels: see stepup_test.go", "ErrFeatureUnavailable": "about feature plans: see authevents_test.go",
	"ErrNoChallenge": "found before anything is sent: see challenge_answers_test.go",
	"ErrStoreUser":   "about stored tokens: see session_rules_test.go",
}

// Every reason of errors.go has an answer of the service, or a word on why there is none.
func TestEveryReasonIsReached(t *testing.T) {
	t.Parallel()
	byName := map[string]error{
		"ErrDeviceExists": cognito.ErrDeviceExists, "ErrSecretHash": cognito.ErrSecretHash, "ErrWebAuthnNotEnabled": cognito.ErrWebAuthnNotEnabled,
		"ErrWebAuthnExpired": cognito.ErrWebAuthnExpired, "ErrWebAuthnRefused": cognito.ErrWebAuthnRefused,
	}
	maps.Copy(byName, reasonNames)
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Err") {
			names = append(names, spec.Names[0].Name)
		}
		return true
	})
	require.Greater(t, len(names), 40)
	for _, name := range names {
		if unreachable[name] != "" {
			continue
		}
		require.Contains(t, byName, name)
		assert.True(t, slices.ContainsFunc(reasonCases, func(tt reasonCase) bool { return errors.Is(tt.reason, byName[name]) }), name)
	}
	for name := range unreachable {
		assert.Contains(t, names, name)
	}
}
