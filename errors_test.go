package cognito_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
	"github.com/gocognito/cognito/internal/prints"
)

var reasons = []error{
	cognito.ErrInvalidCredentials, cognito.ErrTooManyAttempts, cognito.ErrUserDisabled, cognito.ErrUserNotFound,
	cognito.ErrUserExists, cognito.ErrUserNotConfirmed, cognito.ErrPasswordResetRequired, cognito.ErrInvalidPassword,
	cognito.ErrCodeMismatch, cognito.ErrCodeExpired, cognito.ErrSessionExpired, cognito.ErrRefreshTokenExpired,
	cognito.ErrRefreshTokenRevoked, cognito.ErrRefreshTokenReused, cognito.ErrInvalidRefreshToken, cognito.ErrTokenRevoked,
	cognito.ErrSecretHash, cognito.ErrThrottled, cognito.ErrLimitExceeded, cognito.ErrDeviceNotFound,
	cognito.ErrDeviceExists, cognito.ErrMFANotSetUp, cognito.ErrWebAuthnNotEnabled, cognito.ErrWebAuthnExpired, cognito.ErrWebAuthnRefused,
	cognito.ErrGroupNotFound, cognito.ErrGroupExists, cognito.ErrProviderNotFound, cognito.ErrProviderExists, cognito.ErrConflict,
	cognito.ErrTemporaryPasswordExpired, cognito.ErrUserConfirmed, cognito.ErrPasswordResetNotAllowed, cognito.ErrForbidden,
	cognito.ErrMissingScope, cognito.ErrFlowNotEnabled, cognito.ErrNotPermitted, cognito.ErrLambda, cognito.ErrInvalidArgument,
}

// The messages are the service's own, as they were captured.
func TestReasonsOfServiceErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code, message string
		want          error
		terminal      bool
	}{
		{"NotAuthorizedException", "Incorrect username or password.", cognito.ErrInvalidCredentials, false},
		{"NotAuthorizedException", "Password attempts exceeded", cognito.ErrTooManyAttempts, false},
		{"NotAuthorizedException", "User is disabled.", cognito.ErrUserDisabled, true},
		{"NotAuthorizedException", "Invalid session for the user.", cognito.ErrSessionExpired, false},
		{"NotAuthorizedException", "Invalid session for the user, session is expired.", cognito.ErrSessionExpired, false},
		{"NotAuthorizedException", "Invalid session for the user, session can only be used once.", cognito.ErrSessionExpired, false},
		{"NotAuthorizedException", "Invalid session provided", cognito.ErrSessionExpired, false},
		{"NotAuthorizedException", "Refresh Token has expired", cognito.ErrRefreshTokenExpired, true},
		{"NotAuthorizedException", "Refresh Token has been revoked", cognito.ErrRefreshTokenRevoked, true},
		{"NotAuthorizedException", "Invalid Refresh Token.", cognito.ErrInvalidRefreshToken, true},
		{"NotAuthorizedException", "Access Token has been revoked", cognito.ErrTokenRevoked, true},
		{"NotAuthorizedException", "Unable to verify secret hash for client 1example23456789", cognito.ErrSecretHash, false},
		{"NotAuthorizedException", "SecretHash does not match for the client: 1example23456789", cognito.ErrSecretHash, false},
		{"NotAuthorizedException", "Client 1example23456789 is configured with secret but SECRET_HASH was not received", cognito.ErrSecretHash, false},
		{"NotAuthorizedException", "Client 1example23456789 is configured for secret but secret was not received", cognito.ErrSecretHash, false},
		{"NotAuthorizedException", "SignUp is not permitted for this user pool", cognito.ErrNotPermitted, false},
		{"NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.", cognito.ErrTemporaryPasswordExpired, false},
		{"NotAuthorizedException", "User password cannot be reset in the current state.", cognito.ErrPasswordResetNotAllowed, false},
		{"NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED", cognito.ErrUserConfirmed, false},
		{"InvalidParameterException", "User is already confirmed.", cognito.ErrUserConfirmed, false},
		{"ForbiddenException", "Request not allowed due to WAF block.", cognito.ErrForbidden, false},
		{"NotAuthorizedException", "Access Token does not have required scopes", cognito.ErrMissingScope, false},
		{"InvalidParameterException", "Auth flow not enabled for this client", cognito.ErrFlowNotEnabled, false},
		{"UserLambdaValidationException", "PreSignUp failed with error no.", cognito.ErrLambda, false},
		{"UnexpectedLambdaException", "whatever", cognito.ErrLambda, false},
		{"InvalidLambdaResponseException", "whatever", cognito.ErrLambda, false},
		{"CodeMismatchException", "Invalid session for the user.", cognito.ErrSessionExpired, false},
		{"InvalidParameterException", "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length greater than or equal to 6", cognito.ErrInvalidPassword, false},
		{"RefreshTokenReuseException", "whatever", cognito.ErrRefreshTokenReused, true},
		{"UserNotFoundException", "User does not exist.", cognito.ErrUserNotFound, true},
		{"UsernameExistsException", "User already exists", cognito.ErrUserExists, false},
		{"AliasExistsException", "An account with the email already exists.", cognito.ErrUserExists, false},
		{"UserNotConfirmedException", "User is not confirmed.", cognito.ErrUserNotConfirmed, true},
		{"PasswordResetRequiredException", "Password reset required for the user", cognito.ErrPasswordResetRequired, true},
		{"InvalidPasswordException", "Password did not conform with policy: Password not long enough", cognito.ErrInvalidPassword, false},
		{"PasswordHistoryPolicyViolationException", "", cognito.ErrInvalidPassword, false},
		{"CodeMismatchException", "Invalid code received for user", cognito.ErrCodeMismatch, false},
		{"ExpiredCodeException", "Invalid code provided, please request a code again.", cognito.ErrCodeExpired, false},
		{"TooManyRequestsException", "Rate exceeded", cognito.ErrThrottled, false},
		{"ThrottlingException", "Rate exceeded", cognito.ErrThrottled, false},
		{"LimitExceededException", "Attempt limit exceeded, please try after some time.", cognito.ErrLimitExceeded, false},
		{"TooManyFailedAttemptsException", "", cognito.ErrTooManyAttempts, false},
		{"ResourceNotFoundException", "Device does not exist.", cognito.ErrDeviceNotFound, false},
		{"DeviceKeyExistsException", "", cognito.ErrDeviceExists, false},
		{"EnableSoftwareTokenMFAException", "Code mismatch", cognito.ErrCodeMismatch, false},
		{"ExpiredCodeException", "Your software token has already been used once.", cognito.ErrCodeExpired, false},
		{"SoftwareTokenMFANotFoundException", "Software Token MFA has not been enabled by the userPool", cognito.ErrMFANotSetUp, false},
		{"MFAMethodNotFoundException", "", cognito.ErrMFANotSetUp, false},
		{"InvalidParameterException", "User has not verified software token mfa", cognito.ErrMFANotSetUp, false},
		{"InvalidParameterException", "User has not set up software token mfa", cognito.ErrMFANotSetUp, false},
		{"InvalidParameterException", "Invalid device key given.", cognito.ErrInvalidArgument, false},
		{"WebAuthnNotEnabledException", "", cognito.ErrWebAuthnNotEnabled, false},
		{"WebAuthnConfigurationMissingException", "", cognito.ErrWebAuthnNotEnabled, false},
		{"WebAuthnChallengeNotFoundException", "", cognito.ErrWebAuthnExpired, false},
		{"WebAuthnClientMismatchException", "", cognito.ErrWebAuthnRefused, false},
		{"WebAuthnCredentialNotSupportedException", "", cognito.ErrWebAuthnRefused, false},
		{"WebAuthnOriginNotAllowedException", "", cognito.ErrWebAuthnRefused, false},
		{"WebAuthnRelyingPartyMismatchException", "", cognito.ErrWebAuthnRefused, false},
		{"ResourceNotFoundException", "Group not found.", cognito.ErrGroupNotFound, false},
		{"ResourceNotFoundException", "Identity provider Okta does not exist.", cognito.ErrProviderNotFound, false},
		{"ResourceNotFoundException", "User pool eu-west-1_aBcDeFgHi does not exist.", nil, false},
		{"GroupExistsException", "A group with the name already exists.", cognito.ErrGroupExists, false},
		{"DuplicateProviderException", "", cognito.ErrProviderExists, false},
		{"ConcurrentModificationException", "", cognito.ErrConflict, false},
		{"ResourceNotFoundException", "User pool client x does not exist.", nil, false},
		{"InternalErrorException", "Incorrect username or password.", nil, false},
		{"SomethingNewException", "", nil, false},
	}
	for _, tt := range tests {
		// Unmodelled exceptions arrive as generic ones, so that is what the code must be read from.
		err := error(&cognito.Error{Op: "Op", Err: &smithy.OperationError{
			OperationName: "InitiateAuth", Err: &smithy.GenericAPIError{Code: tt.code, Message: tt.message},
		}})
		for _, reason := range reasons {
			assert.Equal(t, reason == tt.want, errors.Is(err, reason), "%s %q: %v", tt.code, tt.message, reason) //nolint:errorlint // sentinels themselves are compared
		}
		assert.Equal(t, tt.terminal, cognito.IsTerminal(err), "%s %q", tt.code, tt.message)
		assert.Equal(t, "cognito: Op: InitiateAuth: "+tt.code+": "+tt.message, err.Error())
		assert.Equal(t, tt.want, lastOf(tt.want, err))
	}
}

// lastOf returns want if err, wrapped once more, still answers to it.
func lastOf(want, err error) error {
	if want != nil && !errors.Is(fmt.Errorf("app: %w", err), want) {
		return nil
	}
	return want
}

func TestLongMessagesAreClipped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 10<<20)
	err := error(&cognito.Error{Op: "Op", Err: &smithy.OperationError{Err: &smithy.GenericAPIError{Code: long, Message: long}}})
	assert.Less(t, len(err.Error()), 1100)
	assert.True(t, utf8.ValidString(err.Error()))
	challenge := cognito.Challenge{Name: types.ChallengeNameType(long), Username: long}
	assert.Less(t, len((&cognito.ChallengeError{Challenge: challenge}).Error()), 600)
	for how, text := range prints.All(challenge) {
		assert.Less(t, len(text), 2500, how)
	}
}

func TestModelledErrorsStayReachable(t *testing.T) {
	t.Parallel()
	err := error(&cognito.Error{Op: "Op", Err: &types.CodeMismatchException{}})
	var modelled *types.CodeMismatchException
	require.ErrorAs(t, err, &modelled)
	require.ErrorIs(t, err, cognito.ErrCodeMismatch)
}

func TestIsTerminalOfOtherErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("x"), cognito.ErrKeysUnavailable, cognito.ErrNotSignedIn, &cognito.ChallengeError{}} {
		assert.False(t, cognito.IsTerminal(err))
	}
}

func TestInvalidRefreshTokenListsItsCauses(t *testing.T) {
	t.Parallel()
	for _, cause := range []string{"malformed", "another app client", "device", "user is gone"} {
		assert.ErrorContains(t, cognito.ErrInvalidRefreshToken, cause)
	}
}

func TestIsTemporary(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault func(*cognitotest.Server)
		want  bool
	}{
		{"a server's fault", func(srv *cognitotest.Server) { srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Times: -1}) }, true},
		{"a lost reply", func(srv *cognitotest.Server) {
			srv.Fault(cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultLostReply, Times: -1})
		}, true},
		{"throttled", func(srv *cognitotest.Server) {
			answer(srv, "InitiateAuth", 400, map[string]any{"__type": "TooManyRequestsException", "message": "Rate exceeded"})
		}, true},
		{"keys unavailable", func(srv *cognitotest.Server) { srv.Fault(cognitotest.Fault{Op: "JWKS", Times: -1}) }, true},
		{"a rejection", func(srv *cognitotest.Server) {
			answer(srv, "InitiateAuth", 400, map[string]any{"__type": "NotAuthorizedException", "message": "something new"})
		}, false},
		{"a disabled user", func(srv *cognitotest.Server) {
			answer(srv, "InitiateAuth", 400, map[string]any{"__type": "NotAuthorizedException", "message": "User is disabled."})
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, cognitotest.Config{})
			c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
			tt.fault(srv)
			err := c.Authenticate(t.Context(), testPassword)
			require.Error(t, err)
			assert.Equal(t, tt.want, cognito.IsTemporary(err), "%v", err)
		})
	}
	assert.False(t, cognito.IsTemporary(nil))
	srv := newServer(t, cognitotest.Config{})
	err := newClient(t, srv).Authenticate(t.Context(), "")
	require.ErrorIs(t, err, cognito.ErrInvalidArgument)
	assert.False(t, cognito.IsTemporary(err))
}
