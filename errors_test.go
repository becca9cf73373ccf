package cognito_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
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
	cognito.ErrFeatureUnavailable, cognito.ErrIdentityLinked, cognito.ErrIdentityExists,
	cognito.ErrTemporaryPasswordExpired, cognito.ErrUserConfirmed, cognito.ErrPasswordResetNotAllowed, cognito.ErrForbidden,
	cognito.ErrMissingScope, cognito.ErrFlowNotEnabled, cognito.ErrNotPermitted, cognito.ErrLambda,
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
		{"NotAuthorizedException", "Unable to verify secret for client 1example23456789", cognito.ErrSecretHash, false},
		{"NotAuthorizedException", "SignUp is not permitted for this user pool", cognito.ErrNotPermitted, false},
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
		{"InvalidParameterException", "Invalid device key given.", nil, false},
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
		{"InvalidParameterException", "SourceUser is already linked to DestinationUser", cognito.ErrIdentityLinked, false},
		{"InvalidParameterException", "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link", cognito.ErrIdentityExists, false},
		{"FeatureUnavailableInTierException", "", cognito.ErrFeatureUnavailable, false},
		{"UserPoolAddOnNotEnabledException", "", cognito.ErrFeatureUnavailable, false},
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
	long := strings.Repeat("é", 1<<20)
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

// reasonNames are the reasons that testdata/messages.txt names.
var reasonNames = map[string]error{
	"ErrAccessTokenExpired":       cognito.ErrAccessTokenExpired,
	"ErrCodeExpired":              cognito.ErrCodeExpired,
	"ErrCodeMismatch":             cognito.ErrCodeMismatch,
	"ErrConflict":                 cognito.ErrConflict,
	"ErrDeviceNotFound":           cognito.ErrDeviceNotFound,
	"ErrFlowNotEnabled":           cognito.ErrFlowNotEnabled,
	"ErrForbidden":                cognito.ErrForbidden,
	"ErrGroupExists":              cognito.ErrGroupExists,
	"ErrGroupNotFound":            cognito.ErrGroupNotFound,
	"ErrInvalidArgument":          cognito.ErrInvalidArgument,
	"ErrInvalidCredentials":       cognito.ErrInvalidCredentials,
	"ErrInvalidPassword":          cognito.ErrInvalidPassword,
	"ErrInvalidRefreshToken":      cognito.ErrInvalidRefreshToken,
	"ErrLambda":                   cognito.ErrLambda,
	"ErrLimitExceeded":            cognito.ErrLimitExceeded,
	"ErrMFANotSetUp":              cognito.ErrMFANotSetUp,
	"ErrMissingScope":             cognito.ErrMissingScope,
	"ErrNotPermitted":             cognito.ErrNotPermitted,
	"ErrPasswordResetNotAllowed":  cognito.ErrPasswordResetNotAllowed,
	"ErrPasswordResetRequired":    cognito.ErrPasswordResetRequired,
	"ErrProviderExists":           cognito.ErrProviderExists,
	"ErrProviderNotFound":         cognito.ErrProviderNotFound,
	"ErrRefreshTokenExpired":      cognito.ErrRefreshTokenExpired,
	"ErrRefreshTokenReused":       cognito.ErrRefreshTokenReused,
	"ErrRefreshTokenRevoked":      cognito.ErrRefreshTokenRevoked,
	"ErrSessionExpired":           cognito.ErrSessionExpired,
	"ErrTemporaryPasswordExpired": cognito.ErrTemporaryPasswordExpired,
	"ErrThrottled":                cognito.ErrThrottled,
	"ErrTokenRevoked":             cognito.ErrTokenRevoked,
	"ErrTooManyAttempts":          cognito.ErrTooManyAttempts,
	"ErrUserConfirmed":            cognito.ErrUserConfirmed,
	"ErrUserDisabled":             cognito.ErrUserDisabled,
	"ErrUserExists":               cognito.ErrUserExists,
	"ErrUserNotConfirmed":         cognito.ErrUserNotConfirmed,
	"ErrUserNotFound":             cognito.ErrUserNotFound,
}

func TestEveryMessageHasItsReasons(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/messages.txt")
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		cells := strings.Split(strings.TrimSpace(line), " | ")
		require.Len(t, cells, 3, line)
		want := map[string]bool{}
		if why, none := strings.CutPrefix(cells[2], "-: "); none {
			assert.NotEmpty(t, why, line)
		} else {
			for name := range strings.SplitSeq(cells[2], ", ") {
				require.Contains(t, reasonNames, name, line)
				want[name] = true
			}
		}
		err := error(&cognito.Error{Op: "Op", Err: &smithy.OperationError{
			OperationName: "InitiateAuth", Err: &smithy.GenericAPIError{Code: cells[0], Message: cells[1]},
		}})
		for name, reason := range reasonNames {
			assert.Equal(t, want[name], errors.Is(err, reason), "%s: %s", line, name)
		}
	}
	assert.Greater(t, rows, 70)
}

// Servers that people test with say in their own words what does not exist. moto gives the bare
// name.
func TestWhatIsMissingIsToldByTheOperation(t *testing.T) {
	t.Parallel()
	const missing = "ResourceNotFoundException"
	for _, tt := range []struct {
		op, code, message string
		want              error
	}{
		{"GetGroup", missing, "readers", cognito.ErrGroupNotFound},
		{"UpdateGroup", missing, "readers", cognito.ErrGroupNotFound},
		{"DeleteGroup", missing, "Group readers does not exist", cognito.ErrGroupNotFound},
		{"AdminAddUserToGroup", missing, "readers", cognito.ErrGroupNotFound},
		{"AdminRemoveUserFromGroup", missing, "readers", cognito.ErrGroupNotFound},
		{"ListUsersInGroup", missing, "Group not found.", cognito.ErrGroupNotFound},
		{"DescribeIdentityProvider", missing, "Okta", cognito.ErrProviderNotFound},
		{"UpdateIdentityProvider", missing, "Okta", cognito.ErrProviderNotFound},
		{"DeleteIdentityProvider", missing, "Okta", cognito.ErrProviderNotFound},
		{"GetDevice", missing, "no such device", cognito.ErrDeviceNotFound},
		{"AdminForgetDevice", missing, "no such device", cognito.ErrDeviceNotFound},
		{"ForgotPassword", missing, "Username/client id combination not found.", cognito.ErrUserNotFound},
		{"GetGroup", missing, "User pool eu-west-1_aBcDeFgHi does not exist.", nil},
		{"GetGroup", "NotAuthorizedException", "readers", nil},
		{"DescribeUserPoolClient", missing, "1example23456789", nil},
	} {
		err := error(&cognito.Error{Op: "Op", Err: &smithy.OperationError{
			ServiceID: cognitoidentityprovider.ServiceID, OperationName: tt.op, Err: &smithy.GenericAPIError{Code: tt.code, Message: tt.message},
		}})
		for _, reason := range reasons {
			assert.Equal(t, reason == tt.want, errors.Is(err, reason), "%s %q: %v", tt.op, tt.message, reason) //nolint:errorlint // sentinels themselves are compared
		}
	}
	err := error(&cognito.Error{Op: "Op", Err: &smithy.OperationError{
		ServiceID: "DynamoDB", OperationName: "GetGroup", Err: &smithy.GenericAPIError{Code: missing, Message: "x"},
	}})
	assert.NotErrorIs(t, err, cognito.ErrGroupNotFound)
}

// A proxy on the way answers in HTML, with a status that the service does not use.
func TestIsTemporaryByStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{
		http.StatusRequestTimeout: true, http.StatusTooManyRequests: true, http.StatusInternalServerError: true,
		http.StatusBadGateway: true, http.StatusServiceUnavailable: true, http.StatusGatewayTimeout: true,
		http.StatusForbidden: false, http.StatusNotFound: false, http.StatusRequestEntityTooLarge: false, http.StatusFound: false,
	} {
		srv := newServer(t, cognitotest.Config{})
		srv.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>no</html>")
			return r.Method == http.MethodPost
		})
		err := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff)).Authenticate(t.Context(), testPassword)
		require.Error(t, err)
		assert.Equal(t, want, cognito.IsTemporary(err), "%d: %v", status, err)
		assert.False(t, cognito.IsTerminal(err), "%d: %v", status, err)
	}
}

func TestIsTemporary(t *testing.T) {
	t.Parallel()
	api := func(code string) error {
		return &cognito.Error{Op: "Op", Err: &smithy.GenericAPIError{Code: code, Message: "x"}}
	}
	for _, err := range []error{
		api("TooManyRequestsException"), api("InternalErrorException"), cognito.ErrKeysUnavailable,
		context.DeadlineExceeded, io.ErrUnexpectedEOF, &url.Error{Op: "Get", URL: "https://pool.example", Err: errors.New("no such host")},
	} {
		assert.True(t, cognito.IsTemporary(err), "%v", err)
		assert.False(t, cognito.IsTerminal(err), "%v", err)
	}
	for _, err := range []error{
		nil, errors.New("x"), context.Canceled, &url.Error{Op: "Get", URL: "https://pool.example", Err: context.Canceled}, api("NotAuthorizedException"), api("UnexpectedLambdaException"), cognito.ErrNotSignedIn,
	} {
		assert.False(t, cognito.IsTemporary(err), "%v", err)
	}
}

// Nothing but another certificate or another caller helps there, and a Lambda function's failure is
// the application's.
func TestIsTemporaryOfCalls(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
	refuseOp(srv, "InitiateAuth", "UnexpectedLambdaException", http.StatusInternalServerError, 10)
	err := c.Authenticate(t.Context(), testPassword)
	require.ErrorIs(t, err, cognito.ErrLambda)
	assert.False(t, cognito.IsTemporary(err))

	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	other, err := cognito.New(testPool, testClient, cognito.WithEndpoint(unknown.URL), cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
	require.NoError(t, err)
	err = other.Authenticate(t.Context(), testPassword)
	require.ErrorContains(t, err, "certificate")
	assert.False(t, cognito.IsTemporary(err))
	unknown.Close()
	err = other.Authenticate(t.Context(), testPassword)
	require.Error(t, err)
	assert.True(t, cognito.IsTemporary(err), "nobody listens there now: %v", err)

	slow := newServer(t, cognitotest.Config{})
	release, ctx := make(chan struct{}), t.Context()
	defer close(release)
	ctx, cancel := context.WithCancel(ctx)
	slow.Fault(cognitotest.Fault{Op: "ForgotPassword", Kind: cognitotest.FaultDelay, Release: release, Entered: func(string) { cancel() }})
	_, err = newClient(t, slow, cognito.WithUsername("bob")).InitiateForgotPassword(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, cognito.IsTemporary(err))
}

func TestLambdaTextIsKept(t *testing.T) {
	t.Parallel()
	text := "PreSignUp failed with error invalid session of the application."
	err := error(&cognito.Error{Op: "Op", Err: &types.UserLambdaValidationException{Message: &text}})
	var lambda *types.UserLambdaValidationException
	require.ErrorAs(t, err, &lambda)
	require.ErrorIs(t, err, cognito.ErrLambda)
	require.NotErrorIs(t, err, cognito.ErrSessionExpired)
	require.ErrorContains(t, err, text)
}

// An HTTP client that signs in by itself wraps the errors of the sign-in, which say whether a retry
// may help.
func TestIsTemporaryThroughAnHTTPClient(t *testing.T) {
	t.Parallel()
	srv := newServer(t, cognitotest.Config{})
	for name, tt := range map[string]struct {
		fault    *cognitotest.Fault
		password string
		url      string
		want     bool
	}{
		"wrong password": {nil, "Wrong-Horse-1", api, false},
		"server error":   {&cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultServerError, Times: -1}, testPassword, api, true},
		"throttled":      {&cognitotest.Fault{Op: "InitiateAuth", Kind: cognitotest.FaultThrottle, Times: -1}, testPassword, api, true},
		"nobody there":   {nil, testPassword, "http://127.0.0.1:1", true},
	} {
		srv.ClearFaults()
		if tt.fault != nil {
			srv.Fault(*tt.fault)
		}
		c := newClient(t, srv, cognito.WithUsername("bob"), cognito.WithClientOptions(noBackoff))
		client := c.HTTPClient(nil, tt.password, cognito.WithOrigins(api, "http://127.0.0.1:1"))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		require.Error(t, err, name)
		assert.Equal(t, tt.want, cognito.IsTemporary(err), "%s: %v", name, err)
	}
}
