package cognito

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// These are the reasons why a call fails. Match them with [errors.Is]. Amazon Cognito distinguishes
// some of them only by the text of a message; matching these is best effort. Use [errors.As] to get
// the service's own error.
var (
	// ErrInvalidCredentials means that the username or the password is wrong, or that the proof of
	// the password came too late.
	ErrInvalidCredentials = errors.New("username or password is wrong")
	// ErrTooManyAttempts means that the user is temporarily locked out after too many wrong
	// passwords or codes.
	ErrTooManyAttempts = errors.New("too many failed attempts, locked out for a while")
	// ErrUserDisabled means that an administrator disabled the user.
	ErrUserDisabled = errors.New("user is disabled")
	// ErrUserNotFound means that the pool has no such user. The app client may be configured to
	// hide this.
	ErrUserNotFound = errors.New("user does not exist")
	// ErrUserExists means that the username, e-mail address or phone number is taken.
	ErrUserExists = errors.New("user exists already")
	// ErrUserNotConfirmed means that the user signed up and has not yet confirmed the code that was
	// sent.
	ErrUserNotConfirmed = errors.New("user is not confirmed")
	// ErrPasswordResetRequired means that the user must first set a new password with the
	// forgotten-password flow.
	ErrPasswordResetRequired = errors.New("password must be reset")
	// ErrInvalidPassword means that the new password violates the pool's policy.
	ErrInvalidPassword = errors.New("password does not conform with the policy")
	// ErrCodeMismatch means that the confirmation or MFA code is wrong.
	ErrCodeMismatch = errors.New("code is wrong")
	// ErrCodeExpired means that the code is too old, was used before, or was never sent.
	ErrCodeExpired = errors.New("code has expired")
	// ErrSessionExpired means that the challenge was already used, is too old, or belongs to
	// another user. Start the sign-in again.
	ErrSessionExpired = errors.New("the challenge's session is spent or expired, start the sign-in again")
	// ErrRefreshTokenExpired means that the refresh token has expired.
	ErrRefreshTokenExpired = errors.New("refresh token has expired")
	// ErrRefreshTokenRevoked means that the refresh token was revoked, by a global sign-out or
	// individually.
	ErrRefreshTokenRevoked = errors.New("refresh token has been revoked")
	// ErrRefreshTokenReused means that the refresh token was rotated and its grace period is over.
	ErrRefreshTokenReused = errors.New("refresh token was used before and has been rotated")
	// ErrInvalidRefreshToken means that the service rejected the refresh token without giving the
	// reason. There are four possible causes, which the text lists.
	ErrInvalidRefreshToken = errors.New("refresh token is refused: it is malformed," +
		" or was issued to another app client," +
		" or was issued with a device whose key is missing or that was never confirmed, or its user is gone")
	// ErrTokenRevoked means that a sign-out revoked the access token.
	ErrTokenRevoked = errors.New("access token has been revoked")
	// ErrAccessTokenExpired means that the service rejected the access token as expired; see
	// [Cognito.RenewAccessToken].
	ErrAccessTokenExpired = errors.New("access token has expired")
	// ErrLevelReached means that the access token already has the level that [Cognito.StepUp] asks
	// for.
	ErrLevelReached = errors.New("the user has signed in at that level already")
	// ErrSecretHash means that the app client's secret is missing or wrong.
	ErrSecretHash = errors.New("the app client's secret is missing or wrong (WithClientSecret)")
	// ErrThrottled means that the account or the user exceeded the request rate. Try again later.
	ErrThrottled = errors.New("request rate exceeded")
	// ErrLimitExceeded means that a quota of attempts or messages is temporarily used up.
	ErrLimitExceeded = errors.New("limit exceeded")
	// ErrDeviceNotFound means that the pool does not know the device, or has forgotten it.
	ErrDeviceNotFound = errors.New("device does not exist")
	// ErrDeviceExists means that the device is already confirmed.
	ErrDeviceExists = errors.New("device is confirmed already")
	// ErrDeviceRefused means that the pool rejected the device's proof and that the session dropped
	// the device; see [Cognito.DeviceError].
	ErrDeviceRefused = errors.New("the device's proof was refused and the device dropped, start the sign-in again")
	// ErrNoNewDevice means that the last sign-in returned no device to confirm: the pool tracks no
	// devices, or knows the user's.
	ErrNoNewDevice = errors.New("the last sign-in brought no new device")
	// ErrMFANotSetUp means that the user has not set up the second factor, or that the pool does
	// not support it.
	ErrMFANotSetUp = errors.New("the second factor is not set up")
	// ErrWebAuthnNotEnabled means that the pool does not allow passkeys, or has no configuration
	// for them.
	ErrWebAuthnNotEnabled = errors.New("the pool has no passkeys")
	// ErrWebAuthnExpired means that the registration of a passkey took too long or was never
	// started. Start it again.
	ErrWebAuthnExpired = errors.New("the passkey's registration has expired, start it again")
	// ErrWebAuthnRefused means that the passkey was created for another site or app client, or is
	// of a kind that the pool rejects.
	ErrWebAuthnRefused = errors.New("the passkey is refused")
	// ErrGroupNotFound means that the pool has no such group.
	ErrGroupNotFound = errors.New("group does not exist")
	// ErrGroupExists means that the pool already has a group of that name.
	ErrGroupExists = errors.New("group exists already")
	// ErrProviderNotFound means that the pool has no such identity provider.
	ErrProviderNotFound = errors.New("identity provider does not exist")
	// ErrProviderExists means that the pool already has an identity provider of that name.
	ErrProviderExists = errors.New("identity provider exists already")
	// ErrIdentityLinked means that the user of the identity provider is already linked to a user.
	ErrIdentityLinked = errors.New("identity is linked to a user already")
	// ErrIdentityExists means that the user of the identity provider has an account of its own in
	// the pool. Delete that account before you link the identity to another user.
	ErrIdentityExists = errors.New("identity has an account of its own already")
	// ErrConflict means that someone else changed the same object at the same time. Read it again
	// and repeat the change.
	ErrConflict = errors.New("changed by someone else at the same time")
	// ErrNoCredentials means that the call must be signed with AWS credentials and that none were
	// found.
	ErrNoCredentials = errors.New("no AWS credentials for a call that must be signed" +
		" (WithStaticCredentials, WithAWSConfig or the default AWS configuration)")
	// ErrNotSignedIn means that the session has no token that the call needs.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrTemporaryPasswordExpired means that the temporary password has expired. An administrator
	// must set another one.
	ErrTemporaryPasswordExpired = errors.New("temporary password has expired, an administrator must set a new one")
	// ErrUserConfirmed means that the user is already confirmed.
	ErrUserConfirmed = errors.New("user is confirmed already")
	// ErrPasswordResetNotAllowed means that the user cannot reset the password, because the user
	// has not signed in yet or has no verified address to send a code to.
	ErrPasswordResetNotAllowed = errors.New("password cannot be reset in the user's state")
	// ErrForbidden means that the pool's web application firewall (WAF) or a security policy
	// rejected the request.
	ErrForbidden = errors.New("refused by the pool's firewall or security policy")
	// ErrMissingScope means that the access token lacks the scope aws.cognito.signin.user.admin.
	ErrMissingScope = errors.New("access token lacks the scope aws.cognito.signin.user.admin")
	// ErrFlowNotEnabled means that the app client does not allow the authentication flow.
	ErrFlowNotEnabled = errors.New("authentication flow is not enabled for the app client")
	// ErrNotPermitted means that the feature is disabled in the pool or the app client, such as
	// sign-up or token revocation.
	ErrNotPermitted = errors.New("not permitted by the pool or the app client")
	// ErrFeatureUnavailable means that the pool's feature plan lacks the feature, or that an add-on
	// is off.
	ErrFeatureUnavailable = errors.New("feature is not in the pool's feature plan, or is switched off")
	// ErrLambda means that a Lambda trigger of the pool rejected the call or failed. The error's
	// text and the SDK's error contain the trigger's message. The SDK's error is, for example, a
	// *types.UserLambdaValidationException.
	ErrLambda = errors.New("a Lambda trigger of the pool rejected the call or failed")
	// ErrInvalidArgument means that an argument was rejected, either before a request was made or
	// by the service with InvalidParameterException.
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrStoreUser means that the tokens belong to another user than the session's, for example
	// because two users share a [TokenStore].
	ErrStoreUser = errors.New("the tokens are of another user")
	// ErrNoChallenge means that no challenge is pending in the session.
	ErrNoChallenge = errors.New("no challenge is pending")
)

// Error is the error of a failed call, unless it is a [*ChallengeError] or a [*TokenError]. Match
// its reasons, listed above, with [errors.Is]. Use [errors.As] to get the AWS SDK's error. An Error
// never holds a password, a code, a session or a token, even if the service has repeated one.
type Error struct {
	// Op is the method that failed, such as "Authenticate".
	Op string
	// Err is the cause.
	Err error
}

// Error returns "cognito: ", the method, and the text of the cause.
func (e *Error) Error() string {
	// The method and the operation behind it often have the same name.
	return "cognito: " + e.Op + ": " + strings.TrimPrefix(causeText(e.Err), e.Op+": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Format prints the text of the error, for every verb. The cause may hold requests and challenges,
// whose fields package fmt would otherwise print for verbs that it does not support.
func (e *Error) Format(f fmt.State, verb rune) { printError(f, verb, e) }

// MarshalJSON encodes the method and the text of the error. It omits the cause, which may hold
// requests.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"op": e.Op, "error": e.Error()})
}

// printError prints the text of err. For %q it quotes the text.
func printError(f fmt.State, verb rune, err error) {
	text := err.Error()
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(f, text)
}

// Is reports whether target is one of the reasons of the service's response. There may be several.
func (e *Error) Is(target error) bool { return slices.Contains(serviceReasons(e.Err), target) }

// IsTerminal reports whether err means that the session is over, so that only a new sign-in helps.
// The refresh token has expired, was revoked, rotated away or rejected; or the user is gone,
// disabled or unconfirmed, or must reset the password; or the [TokenStore] holds the tokens of
// another user ([ErrStoreUser]). A network error, a throttled call or a failure of the service is
// not terminal. Neither is [ErrNotSignedIn]: there was no session. Test for both after a call such
// as [Cognito.Token]. A sign-in can fail for some of these reasons, too: test for each reason
// first.
func IsTerminal(err error) bool {
	return slices.ContainsFunc([]error{
		ErrRefreshTokenExpired, ErrRefreshTokenRevoked, ErrRefreshTokenReused, ErrInvalidRefreshToken,
		ErrTokenRevoked, ErrStoreUser, ErrUserNotFound, ErrUserDisabled, ErrUserNotConfirmed, ErrPasswordResetRequired,
	}, func(reason error) bool { return errors.Is(err, reason) })
}

// isOwn reports whether err is an error of this package.
func isOwn(err error) bool {
	var (
		call      *Error
		challenge *ChallengeError
		token     *TokenError
	)
	return errors.As(err, &call) || errors.As(err, &challenge) || errors.As(err, &token)
}

// IsTemporary reports whether the same call may succeed later. The network failed, a timeout
// passed, the call was throttled ([ErrThrottled]), the service or a proxy failed
// (InternalErrorException, or an HTTP status of 408, 429, 500 or higher), or the pool's keys could
// not be fetched ([ErrKeysUnavailable]). It returns false for a call that the caller canceled, for
// a server whose certificate is invalid, and for an error of a Lambda trigger ([ErrLambda]).
func IsTemporary(err error) bool {
	var certificate *tls.CertificateVerificationError
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.As(err, &certificate), errors.Is(err, ErrLambda):
		return false
	case errors.Is(err, ErrThrottled), errors.Is(err, ErrKeysUnavailable):
		return true
	}
	var (
		api     smithy.APIError
		status  interface{ HTTPStatusCode() int }
		send    *smithyhttp.RequestSendError
		network net.Error
	)
	if errors.As(err, &api) && api.ErrorCode() == "InternalErrorException" {
		return true
	}
	if errors.As(err, &status) && isTemporaryStatus(status.HTTPStatusCode()) {
		return true
	}
	if errors.As(err, &send) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	// An http.Client wraps every error in a *url.Error, which is a net.Error whatever it wraps. An
	// error of a Transport decides itself.
	if request, ok := errors.AsType[*url.Error](err); ok && isOwn(request.Err) {
		return IsTemporary(request.Err)
	}
	return errors.As(err, &network)
}

// isTemporaryStatus reports whether an HTTP status means that the same request may succeed later.
// The service uses none below 500 for that; proxies do.
func isTemporaryStatus(status int) bool {
	return status >= http.StatusInternalServerError ||
		status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// wrapError adds the name of the method that failed.
func wrapError(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ChallengeError](err); ok {
		return err
	}
	return &Error{Op: op, Err: err}
}

// named adds the name of the method that failed to *err. Use it with defer: defer named("GetUser",
// &err).
func named(op string, err *error) { *err = wrapError(op, *err) }

// fieldError returns the error for a rejected argument: the field, and what was expected.
func fieldError(field, problem string) error {
	return &argumentError{field + ": " + problem}
}

// argumentError is the error for a rejected argument. It matches [ErrInvalidArgument].
type argumentError struct{ text string }

// Error returns the field and what was expected.
func (e *argumentError) Error() string { return e.text }

// Is reports whether target is [ErrInvalidArgument].
func (e *argumentError) Is(target error) bool { return target == ErrInvalidArgument }

// causeText shortens the SDK's wrapping ("operation error …, https response error …") to the
// operation, the service's exception and the request ID, which AWS support asks for.
func causeText(err error) string {
	if token, ok := errors.AsType[*TokenError](err); ok {
		return token.text()
	}
	if refusal, ok := errors.AsType[*deviceRefusal](err); ok {
		return refusal.Error()
	}
	var op *smithy.OperationError
	api := serviceError(err)
	if api == nil || !errors.As(err, &op) {
		return err.Error()
	}
	text := op.Operation() + ": " + clip(api.ErrorCode()) + ": " + clip(api.ErrorMessage())
	var response interface{ ServiceRequestID() string }
	if errors.As(err, &response) && response.ServiceRequestID() != "" {
		text += " (request " + clip(response.ServiceRequestID()) + ")"
	}
	return strings.Replace(err.Error(), op.Error(), text, 1)
}

// serviceError returns the service's exception in err, or nil if there is none. It ignores
// exceptions of other AWS services, for example from a token store or a handler.
func serviceError(err error) smithy.APIError {
	var op *smithy.OperationError
	if errors.As(err, &op) && op.ServiceID != "" && op.ServiceID != cognitoidentityprovider.ServiceID {
		return nil
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return nil
	}
	return api
}

// clip bounds the length of a text from the service and keeps it on one line.
func clip(s string) string {
	const most = 500
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// reasonRule maps an exception, and if necessary a part of its message, to a reason.
type reasonRule struct {
	code    string // "" matches any
	message string // part of the message, in lower case; "" matches any
	reason  error
}

// reasonRules maps exceptions to reasons. Every rule that matches adds its reason. The messages
// come from responses of the service that people reported, and from the sources of AWS's own
// clients.
var reasonRules = []reasonRule{
	{"NotAuthorizedException", "incorrect username or password", ErrInvalidCredentials},
	{"NotAuthorizedException", "password attempts exceeded", ErrTooManyAttempts},
	{"NotAuthorizedException", "user is disabled", ErrUserDisabled},
	{"", "invalid session", ErrSessionExpired},
	{"NotAuthorizedException", "refresh token has expired", ErrRefreshTokenExpired},
	{"NotAuthorizedException", "refresh token has been revoked", ErrRefreshTokenRevoked},
	{"NotAuthorizedException", "invalid refresh token", ErrInvalidRefreshToken},
	{"NotAuthorizedException", "access token has been revoked", ErrTokenRevoked},
	{"NotAuthorizedException", "access token has expired", ErrAccessTokenExpired},
	{"NotAuthorizedException", "secret hash", ErrSecretHash},
	{"NotAuthorizedException", "secrethash", ErrSecretHash},
	{"NotAuthorizedException", "secret_hash", ErrSecretHash},
	{"NotAuthorizedException", "secret was not received", ErrSecretHash},
	{"NotAuthorizedException", "unable to verify secret", ErrSecretHash}, // calls that send the secret itself; inferred
	{"RefreshTokenReuseException", "", ErrRefreshTokenReused},
	{"UserNotFoundException", "", ErrUserNotFound},
	{"ResourceNotFoundException", "username/client id combination not found", ErrUserNotFound}, // moto's exception for it
	{"UsernameExistsException", "", ErrUserExists},
	{"AliasExistsException", "", ErrUserExists},
	{"UserNotConfirmedException", "", ErrUserNotConfirmed},
	{"PasswordResetRequiredException", "", ErrPasswordResetRequired},
	{"InvalidPasswordException", "", ErrInvalidPassword},
	{"PasswordHistoryPolicyViolationException", "", ErrInvalidPassword},
	{"CodeMismatchException", "", ErrCodeMismatch},
	{"EnableSoftwareTokenMFAException", "", ErrCodeMismatch},
	{"ExpiredCodeException", "", ErrCodeExpired},
	{"TooManyRequestsException", "", ErrThrottled},
	{"ThrottlingException", "", ErrThrottled},
	{"LimitExceededException", "", ErrLimitExceeded},
	{"TooManyFailedAttemptsException", "", ErrTooManyAttempts},
	{"ResourceNotFoundException", "device does not exist", ErrDeviceNotFound},
	{"DeviceKeyExistsException", "", ErrDeviceExists},
	{"SoftwareTokenMFANotFoundException", "", ErrMFANotSetUp},
	{"MFAMethodNotFoundException", "", ErrMFANotSetUp},
	{"InvalidParameterException", "user has not verified software token mfa", ErrMFANotSetUp},
	{"InvalidParameterException", "user has not set up software token mfa", ErrMFANotSetUp},
	{"InvalidParameterException", "user does not have delivery config set to turn on", ErrMFANotSetUp},
	{"WebAuthnNotEnabledException", "", ErrWebAuthnNotEnabled},
	{"WebAuthnConfigurationMissingException", "", ErrWebAuthnNotEnabled},
	{"WebAuthnChallengeNotFoundException", "", ErrWebAuthnExpired},
	{"WebAuthnClientMismatchException", "", ErrWebAuthnRefused},
	{"WebAuthnCredentialNotSupportedException", "", ErrWebAuthnRefused},
	{"WebAuthnOriginNotAllowedException", "", ErrWebAuthnRefused},
	{"WebAuthnRelyingPartyMismatchException", "", ErrWebAuthnRefused},
	{"ResourceNotFoundException", "group not found", ErrGroupNotFound},
	{"ResourceNotFoundException", "identity provider", ErrProviderNotFound},
	{"GroupExistsException", "", ErrGroupExists},
	{"DuplicateProviderException", "", ErrProviderExists},
	{"InvalidParameterException", "sourceuser is already linked to destinationuser", ErrIdentityLinked},
	{"InvalidParameterException", "merging is not currently supported", ErrIdentityExists},
	{"ConcurrentModificationException", "", ErrConflict},
	{"NotAuthorizedException", "temporary password has expired", ErrTemporaryPasswordExpired},
	{"NotAuthorizedException", "user cannot be confirmed. current status is confirmed", ErrUserConfirmed},
	{"NotAuthorizedException", "user cannot confirm because user status is not unconfirmed", ErrUserConfirmed},
	{"InvalidParameterException", "user is already confirmed", ErrUserConfirmed},
	{"NotAuthorizedException", "password cannot be reset in the current state", ErrPasswordResetNotAllowed},
	{"InvalidParameterException", "cannot reset password for the user", ErrPasswordResetNotAllowed},
	{"ForbiddenException", "", ErrForbidden},
	{"NotAuthorizedException", "because of security reasons", ErrForbidden},
	{"NotAuthorizedException", "does not have required scopes", ErrMissingScope},
	{"InvalidParameterException", "flow not enabled", ErrFlowNotEnabled},
	{"InvalidParameterException", "is not enabled for the client", ErrFlowNotEnabled},
	{"InvalidParameterException", "initiate auth method not supported", ErrFlowNotEnabled},
	{"NotAuthorizedException", "signup is not permitted", ErrNotPermitted},
	{"UnsupportedOperationException", "", ErrNotPermitted},
	{"FeatureUnavailableInTierException", "", ErrFeatureUnavailable},
	{"UserPoolAddOnNotEnabledException", "", ErrFeatureUnavailable},
	{"UserLambdaValidationException", "", ErrLambda},
	{"UnexpectedLambdaException", "", ErrLambda},
	{"InvalidLambdaResponseException", "", ErrLambda},
	{"InvalidParameterException", "", ErrInvalidArgument},
	{"InvalidParameterException", "value at 'password' failed", ErrInvalidPassword},
	{"InvalidParameterException", "value at 'proposedpassword' failed", ErrInvalidPassword},
	{"InvalidParameterException", "value at 'temporarypassword' failed", ErrInvalidPassword},
}

// missingReasons maps operations to the reason for a ResourceNotFoundException that does not name a
// user pool or an app client. Only one other resource can be missing there, and the servers that
// people test with have texts of their own for it: that of moto is the bare name.
var missingReasons = map[string]error{
	"GetGroup": ErrGroupNotFound, "UpdateGroup": ErrGroupNotFound, "DeleteGroup": ErrGroupNotFound,
	"AdminAddUserToGroup": ErrGroupNotFound, "AdminRemoveUserFromGroup": ErrGroupNotFound,
	"ListUsersInGroup":         ErrGroupNotFound,
	"DescribeIdentityProvider": ErrProviderNotFound, "UpdateIdentityProvider": ErrProviderNotFound,
	"DeleteIdentityProvider": ErrProviderNotFound,
	"GetDevice":              ErrDeviceNotFound, "AdminGetDevice": ErrDeviceNotFound,
	"ForgetDevice": ErrDeviceNotFound, "AdminForgetDevice": ErrDeviceNotFound,
	"UpdateDeviceStatus": ErrDeviceNotFound, "AdminUpdateDeviceStatus": ErrDeviceNotFound,
}

// missingReason returns the reason for the ResourceNotFoundException of an operation, or nil if
// only the message can tell.
func missingReason(err error, message string) error {
	var op *smithy.OperationError
	if !errors.As(err, &op) || !hasCode(err, "ResourceNotFoundException") || strings.Contains(message, "user pool") {
		return nil
	}
	return missingReasons[op.Operation()]
}

// serviceReasons returns the reasons for the service's error in err, or nil if there are none.
func serviceReasons(err error) (reasons []error) {
	var refusal *deviceRefusal // the same response to a password has another reason
	api := serviceError(err)
	if errors.As(err, &refusal) || api == nil {
		return nil
	}
	message := strings.ToLower(api.ErrorMessage())
	lambda := strings.Contains(api.ErrorCode(), "Lambda") // the application chooses the message
	for _, rule := range reasonRules {
		if (rule.code == api.ErrorCode() || rule.code == "" && !lambda) && strings.Contains(message, rule.message) {
			reasons = append(reasons, rule.reason)
		}
	}
	if reason := missingReason(err, message); reason != nil && !slices.Contains(reasons, reason) {
		reasons = append(reasons, reason)
	}
	return reasons
}
