package cognito

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Reasons for which a call fails, matched with [errors.Is]. Amazon Cognito tells several of them apart only by
// the text of its message; those are recognised on a best-effort basis, and the service's own error stays
// reachable with [errors.As].
var (
	// ErrInvalidCredentials: the username or the password is wrong, or the proof of the password came too late.
	ErrInvalidCredentials = errors.New("username or password is wrong")
	// ErrTooManyAttempts: the user is locked out for a while after too many wrong passwords or codes.
	ErrTooManyAttempts = errors.New("too many failed attempts, locked out for a while")
	// ErrUserDisabled: an administrator disabled the user.
	ErrUserDisabled = errors.New("user is disabled")
	// ErrUserNotFound: the pool has no such user, and its app client says so.
	ErrUserNotFound = errors.New("user does not exist")
	// ErrUserExists: the username, e-mail address or phone number is taken.
	ErrUserExists = errors.New("user exists already")
	// ErrUserNotConfirmed: the user signed up and has not confirmed the code that was sent.
	ErrUserNotConfirmed = errors.New("user is not confirmed")
	// ErrPasswordResetRequired: the user must set a new password by the forgotten-password flow first.
	ErrPasswordResetRequired = errors.New("password must be reset")
	// ErrInvalidPassword: the new password breaks the pool's policy.
	ErrInvalidPassword = errors.New("password does not conform with the policy")
	// ErrCodeMismatch: the confirmation or MFA code is wrong.
	ErrCodeMismatch = errors.New("code is wrong")
	// ErrCodeExpired: the code is too old, was used before, or none was sent.
	ErrCodeExpired = errors.New("code has expired")
	// ErrSessionExpired: the challenge is spent, too old or not this user's; start the sign-in again.
	ErrSessionExpired = errors.New("the challenge's session is spent or expired, start the sign-in again")
	// ErrRefreshTokenExpired: the refresh token is past its lifetime.
	ErrRefreshTokenExpired = errors.New("refresh token has expired")
	// ErrRefreshTokenRevoked: the refresh token was revoked, by a global sign-out or by itself.
	ErrRefreshTokenRevoked = errors.New("refresh token has been revoked")
	// ErrRefreshTokenReused: the refresh token was rotated and its grace period is over.
	ErrRefreshTokenReused = errors.New("refresh token was used before and has been rotated")
	// ErrInvalidRefreshToken: the service refuses the refresh token without saying why. It does so for four
	// causes, which the text lists.
	ErrInvalidRefreshToken = errors.New("refresh token is refused: it is malformed, or was issued to another app client," +
		" or was issued with a device whose key is missing or that was never confirmed, or its user is gone")
	// ErrTokenRevoked: the access token was revoked by a sign-out.
	ErrTokenRevoked = errors.New("access token has been revoked")
	// ErrAccessTokenExpired: the service refused the access token as expired; see [Cognito.RenewAccessToken].
	ErrAccessTokenExpired = errors.New("access token has expired")
	// ErrLevelReached: the session's access token has the level already that [Cognito.StepUp] asks for.
	ErrLevelReached = errors.New("the user has signed in at that level already")
	// ErrSecretHash: the app client's secret is missing or wrong.
	ErrSecretHash = errors.New("the app client's secret is missing or wrong (WithClientSecret)")
	// ErrThrottled: the account or the user is over its request rate; trying later helps.
	ErrThrottled = errors.New("request rate exceeded")
	// ErrLimitExceeded: a quota of attempts or messages is used up for a while.
	ErrLimitExceeded = errors.New("limit exceeded")
	// ErrDeviceNotFound: the pool does not know the device, or has forgotten it.
	ErrDeviceNotFound = errors.New("device does not exist")
	// ErrDeviceExists: the device was confirmed before.
	ErrDeviceExists = errors.New("device is confirmed already")
	// ErrDeviceRefused: the pool did not take the device's proof, and the device was dropped; see [Cognito.DeviceError].
	ErrDeviceRefused = errors.New("the device's proof was refused and the device dropped, start the sign-in again")
	// ErrNoNewDevice: the last sign-in brought no device to confirm: the pool tracks none, or knows the user's.
	ErrNoNewDevice = errors.New("the last sign-in brought no new device")
	// ErrMFANotSetUp: the user has not set up the second factor, or the pool does not have it.
	ErrMFANotSetUp = errors.New("the second factor is not set up")
	// ErrWebAuthnNotEnabled: the pool has no passkeys, or they are not configured.
	ErrWebAuthnNotEnabled = errors.New("the pool has no passkeys")
	// ErrWebAuthnExpired: the registration of a passkey took too long, or was never started; start it again.
	ErrWebAuthnExpired = errors.New("the passkey's registration has expired, start it again")
	// ErrWebAuthnRefused: the passkey was made for another site or app client, or is of a kind that the pool refuses.
	ErrWebAuthnRefused = errors.New("the passkey is refused")
	// ErrGroupNotFound: the pool has no such group.
	ErrGroupNotFound = errors.New("group does not exist")
	// ErrGroupExists: the pool has a group of that name already.
	ErrGroupExists = errors.New("group exists already")
	// ErrProviderNotFound: the pool has no such identity provider.
	ErrProviderNotFound = errors.New("identity provider does not exist")
	// ErrProviderExists: the pool has an identity provider of that name already.
	ErrProviderExists = errors.New("identity provider exists already")
	// ErrIdentityLinked: the user of the identity provider is linked to a user already.
	ErrIdentityLinked = errors.New("identity is linked to a user already")
	// ErrIdentityExists: the user of the identity provider has signed in before and has an account of its own in the pool,
	// which must be deleted before the identity can be linked to another user.
	ErrIdentityExists = errors.New("identity has an account of its own already")
	// ErrConflict: someone else changed the same thing at the same time; read it again and repeat the change.
	ErrConflict = errors.New("changed by someone else at the same time")
	// ErrNoCredentials: the call must be signed with AWS credentials and none could be found.
	ErrNoCredentials = errors.New("no AWS credentials for a call that must be signed (WithStaticCredentials, WithAWSConfig or the default AWS configuration)")
	// ErrNotSignedIn: the session holds no token that the call needs.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrTemporaryPasswordExpired: the temporary password is too old; an administrator must set another one.
	ErrTemporaryPasswordExpired = errors.New("temporary password has expired, an administrator must set a new one")
	// ErrUserConfirmed: the user is confirmed already.
	ErrUserConfirmed = errors.New("user is confirmed already")
	// ErrPasswordResetNotAllowed: the user cannot reset the password, since there was no first sign-in yet or no
	// verified address to send a code to.
	ErrPasswordResetNotAllowed = errors.New("password cannot be reset in the user's state")
	// ErrForbidden: the pool's web application firewall (WAF) or a security policy refused the request.
	ErrForbidden = errors.New("refused by the pool's firewall or security policy")
	// ErrMissingScope: the access token lacks the scope aws.cognito.signin.user.admin.
	ErrMissingScope = errors.New("access token lacks the scope aws.cognito.signin.user.admin")
	// ErrFlowNotEnabled: the app client does not allow the authentication flow.
	ErrFlowNotEnabled = errors.New("authentication flow is not enabled for the app client")
	// ErrNotPermitted: the pool or the app client has the feature switched off, as sign-up or the revocation of tokens.
	ErrNotPermitted = errors.New("not permitted by the pool or the app client")
	// ErrFeatureUnavailable: the pool's feature plan lacks the feature, or an add-on that it needs is off.
	ErrFeatureUnavailable = errors.New("feature is not in the pool's feature plan, or is switched off")
	// ErrLambda: a Lambda trigger of the pool rejected the call or failed. The text that the trigger gave is in the
	// error's text, and in the SDK's error, for example *types.UserLambdaValidationException.
	ErrLambda = errors.New("a Lambda trigger of the pool rejected the call or failed")
	// ErrInvalidArgument: an argument was refused, before anything was sent or by the service as
	// InvalidParameterException.
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrStoreUser: the tokens are of another user than the session's, as when two users share a [TokenStore].
	ErrStoreUser = errors.New("the tokens are of another user")
	// ErrNoChallenge: no challenge is pending in the session.
	ErrNoChallenge = errors.New("no challenge is pending")
)

// Error is what a failed call returns, unless it is a [*ChallengeError] or a [*TokenError]. It answers to the
// reasons above with [errors.Is]; the AWS SDK's error is reachable with [errors.As]. It never holds a password,
// a code, a session or a token.
type Error struct {
	// Op is the method that failed, for example "Authenticate".
	Op string
	// Err is the cause.
	Err error
}

// Error returns "cognito: ", the method, and the cause.
func (e *Error) Error() string {
	// The method and the operation behind it often have one name, which need not be said twice.
	return "cognito: " + e.Op + ": " + strings.TrimPrefix(causeText(e.Err), e.Op+": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Format prints the text of the error, whatever the verb: requests and challenges hang off the cause, which package
// fmt would print field by field at a verb that it does not know.
func (e *Error) Format(f fmt.State, verb rune) { printError(f, verb, e) }

// printError prints the text of err, and quotes it at %q.
func printError(f fmt.State, verb rune, err error) {
	text := err.Error()
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(f, text)
}

// Is reports whether target is one of the reasons that the service's answer stands for. There may be several.
func (e *Error) Is(target error) bool { return slices.Contains(serviceReasons(e.Err), target) }

// IsTerminal reports whether err says that the session is over, so that only a new sign-in helps: the refresh
// token is expired, revoked, rotated away or refused, or the user is gone, disabled, unconfirmed or must reset
// the password, or the [TokenStore] holds the tokens of another user ([ErrStoreUser]). A network fault, a throttled call or a server's fault is not terminal.
func IsTerminal(err error) bool {
	return slices.ContainsFunc([]error{
		ErrRefreshTokenExpired, ErrRefreshTokenRevoked, ErrRefreshTokenReused, ErrInvalidRefreshToken,
		ErrTokenRevoked, ErrStoreUser, ErrUserNotFound, ErrUserDisabled, ErrUserNotConfirmed, ErrPasswordResetRequired,
	}, func(reason error) bool { return errors.Is(err, reason) })
}

// IsTemporary reports whether err says that repeating the same call later may help: the network failed or a time limit
// passed, the call was throttled ([ErrThrottled]), the service failed (InternalErrorException or an HTTP status of 500
// and more), or the pool's keys could not be fetched ([ErrKeysUnavailable]). A call that the caller canceled and a
// server whose certificate is refused are not temporary, nor is a call that a Lambda trigger refused.
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
	if errors.As(err, &status) && status.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	return errors.As(err, &send) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF)
}

// wrapError names the method that failed, once.
func wrapError(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ChallengeError](err); ok {
		return err
	}
	return &Error{Op: op, Err: err}
}

// named names the method that failed: defer named("GetUser", &err).
func named(op string, err *error) { *err = wrapError(op, *err) }

// fieldError is the text of every refusal of a caller's argument: which field, and what it should be.
func fieldError(field, problem string) error {
	return &argumentError{field + ": " + problem}
}

// argumentError is a refused argument; it matches [ErrInvalidArgument].
type argumentError struct{ text string }

func (e *argumentError) Error() string { return e.text }

func (e *argumentError) Is(target error) bool { return target == ErrInvalidArgument }

// causeText shortens the SDK's wrapping ("operation error …, https response error …") to the operation, the
// service's own exception and the request ID that AWS support asks for.
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

// serviceError finds the service's exception in err; nil where there is none. An exception of another AWS service,
// from a token store or a handler say, is none.
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

// clip bounds what a service says in a text of ours, and keeps it on one line.
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

// reasonRule maps an exception, and where the exception is not enough a part of its message, to a reason.
type reasonRule struct {
	code    string // "" matches any
	message string // part of the message, lower case; "" matches any
	reason  error
}

// reasonRules says what an exception stands for; every rule that matches adds its reason. The messages are the service's,
// collected from live answers that people reported, and from the sources of AWS's own clients.
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
	{"NotAuthorizedException", "unable to verify secret", ErrSecretHash}, // where the secret itself is sent; by analogy
	{"RefreshTokenReuseException", "", ErrRefreshTokenReused},
	{"UserNotFoundException", "", ErrUserNotFound},
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

// serviceReasons returns the reasons that the service's error in err stands for; nil when there are none.
func serviceReasons(err error) (reasons []error) {
	var refusal *deviceRefusal // its reason is not that of the same answer to a password
	api := serviceError(err)
	if errors.As(err, &refusal) || api == nil {
		return nil
	}
	message := strings.ToLower(api.ErrorMessage())
	lambda := strings.Contains(api.ErrorCode(), "Lambda") // its message is the application's own
	for _, rule := range reasonRules {
		if (rule.code == api.ErrorCode() || rule.code == "" && !lambda) && strings.Contains(message, rule.message) {
			reasons = append(reasons, rule.reason)
		}
	}
	return reasons
}
