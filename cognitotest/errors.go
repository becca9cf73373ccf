package cognitotest

import (
	"fmt"
	"strings"
)

// apiError is an exception of the service.
type apiError struct {
	status  int
	kind    string
	message string
}

func (e *apiError) Error() string { return e.kind + ": " + e.message }

func exception(kind, message string) *apiError { return &apiError{400, kind, message} }

func notAuthorized(message string) *apiError { return exception("NotAuthorizedException", message) }
func invalidParameter(message string) *apiError {
	return exception("InvalidParameterException", message)
}

// The service's exceptions by situation, with the texts that clients tell them apart by.
var (
	errWrongPassword      = notAuthorized("Incorrect username or password.")
	errDisabled           = notAuthorized("User is disabled.")
	errLockedOut          = notAuthorized("Password attempts exceeded")
	errUserNotFound       = exception("UserNotFoundException", "User does not exist.")
	errUserClientNotFound = exception("UserNotFoundException", "Username/client id combination not found.")
	errNotConfirmed       = exception("UserNotConfirmedException", "User is not confirmed.")
	errResetRequired      = exception("PasswordResetRequiredException", "Password reset required for the user")

	errSession        = notAuthorized("Invalid session for the user.")
	errSessionExpired = notAuthorized("Invalid session for the user, session is expired.")
	errSessionUsed    = notAuthorized("Invalid session for the user, session can only be used once.")

	errAccessToken        = notAuthorized("Invalid Access Token")
	errAccessSignature    = notAuthorized("Could not verify signature for Access Token")
	errAccessExpired      = notAuthorized("Access Token has expired")
	errAccessRevoked      = notAuthorized("Access Token has been revoked")
	errAccessScope        = notAuthorized("Access Token does not have required scopes")
	errRefreshToken       = notAuthorized("Invalid Refresh Token.")
	errRefreshExpired     = notAuthorized("Refresh Token has expired")
	errRefreshRevoked     = notAuthorized("Refresh Token has been revoked")
	errRefreshReused      = exception("RefreshTokenReuseException", "Refresh token has been used") // the service's text is not known
	errTokenKind          = exception("UnsupportedTokenTypeException", "Token type not supported")
	errRevocationOff      = exception("UnsupportedOperationException", "Revocation not enabled for this client")
	errUnauthorizedClient = exception("UnauthorizedException", "Client is not authorized to revoke this token")

	errOTP          = exception("CodeMismatchException", "Invalid code or auth state for the user.")
	errTOTPMismatch = exception("CodeMismatchException", "Invalid code received for user")
	errTOTPUsed     = exception("ExpiredCodeException", "Your software token has already been used once.")

	errUsernameExists   = exception("UsernameExistsException", "User already exists")
	errCodeMismatch     = exception("CodeMismatchException", "Invalid verification code provided, please try again.")
	errCodeExpired      = exception("ExpiredCodeException", "Invalid code provided, please request a code again.")
	errAttemptLimit     = exception("LimitExceededException", "Attempt limit exceeded, please try after some time.")
	errAlreadyConfirmed = invalidParameter("User is already confirmed.")
	errWriteAttribute   = notAuthorized("A client attempted to write unauthorized attribute")
	errTimestamp        = invalidParameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	errFlowOperation    = invalidParameter("Initiate Auth method not supported.")
)

func errNoClient(id string) *apiError {
	return exception("ResourceNotFoundException", "User pool client "+id+" does not exist.")
}

func errNoPool(id string) *apiError {
	return exception("ResourceNotFoundException", "User pool "+id+" does not exist.")
}

func errMissing(parameter string) *apiError {
	return invalidParameter("Missing required parameter " + parameter)
}

func errFlowGate(flow string) *apiError {
	return invalidParameter(flow + " flow not enabled for this client")
}

func errPolicy(reason string) *apiError {
	return exception("InvalidPasswordException", "Password did not conform with policy: "+reason)
}

// validation collects what is wrong with the members of an input, in the service's form. Members are named in
// lower camel case, and their values are not repeated.
type validation struct{ problems []string }

func (v *validation) fail(member, constraint string) {
	v.problems = append(v.problems, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", member, constraint))
}

// length checks a member that must be there; least 0 means that it need not be.
func (v *validation) length(member, value string, least, most int) {
	switch n := len([]rune(value)); {
	case n == 0 && least > 0:
		v.fail(member, "Member must not be null")
	case n < least:
		v.fail(member, fmt.Sprintf("Member must have length greater than or equal to %d", least))
	case n > most:
		v.fail(member, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
}

func (v *validation) err() error {
	switch len(v.problems) {
	case 0:
		return nil
	case 1:
		return invalidParameter("1 validation error detected: " + v.problems[0])
	default:
		return invalidParameter(fmt.Sprintf("%d validation errors detected: %s", len(v.problems), strings.Join(v.problems, "; ")))
	}
}
