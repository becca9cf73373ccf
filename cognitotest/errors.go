package cognitotest

import (
	"fmt"
	"slices"
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

	errUsernameExists   = exception("UsernameExistsException", "User already exists")
	errCodeMismatch     = exception("CodeMismatchException", "Invalid verification code provided, please try again.")
	errCodeExpired      = exception("ExpiredCodeException", "Invalid code provided, please request a code again.")
	errAttemptLimit     = exception("LimitExceededException", "Attempt limit exceeded, please try after some time.")
	errAlreadyConfirmed = invalidParameter("User is already confirmed.")
	errAccountExists    = exception("UsernameExistsException", "User account already exists") // to AdminCreateUser
	errWriteAttribute   = notAuthorized("A client attempted to write unauthorized attribute")
	errWriteSub         = invalidParameter("Cannot modify the non-mutable attribute sub")
	errNoSignUp         = notAuthorized("SignUp is not permitted for this user pool")
	errResetState       = notAuthorized("User password cannot be reset in the current state.")
	errNoRecovery       = invalidParameter("Cannot reset password for the user as there is no registered/verified email or phone_number")
	errNoGroup          = exception("ResourceNotFoundException", "Group not found.")
	errGroupExists      = exception("GroupExistsException", "A group with the name already exists.")
	errTokenRange       = invalidParameter("Invalid range for token validity.")
	errFilter           = invalidParameter("Error while parsing filter.")
	errNoAttributes     = invalidParameter("One or more requested attributes do not exist.")
	errTemporary        = notAuthorized("Temporary password has expired and must be reset by an administrator.")
	errTimestamp        = invalidParameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	errFlowOperation    = invalidParameter("Initiate Auth method not supported.")
)

// Exceptions whose texts are not known to be the service's.
var (
	errPasswordHistory = exception("PasswordHistoryPolicyViolationException", "Password has previously been used")
	errMixedFlows      = invalidParameter("Flows with the prefix ALLOW_ and without it cannot be mixed.")
	errRotationFlow    = invalidParameter("ALLOW_REFRESH_TOKEN_AUTH cannot be used with refresh token rotation.")
	errPageToken       = invalidParameter("Invalid pagination token.")
)

func errAliasExists(attr string) *apiError {
	return exception("AliasExistsException", "An account with the "+attr+" already exists.")
}

func errGivenExists(attr string) *apiError {
	return exception(errUsernameExists.kind, "An account with the given "+attr+" already exists.")
}

func errCannotConfirm(u *user) *apiError {
	return notAuthorized("User cannot be confirmed. Current status is " + u.status)
}

func errRequired(attr string) *apiError {
	return invalidParameter("Attributes did not conform to the schema: " + attr + ": The attribute is required\n")
}

func errNoProvider(name string) *apiError {
	return exception("ResourceNotFoundException", "Identity provider "+name+" does not exist.")
}

func errDuplicateProvider(name string) *apiError { // the service's text is not known
	return exception("DuplicateProviderException", "A provider with the name "+name+" already exists.")
}

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

// present checks that a member is there.
func (v *validation) present(member string, there bool) {
	if !there {
		v.fail(member, "Member must not be null")
	}
}

// between checks a number.
func (v *validation) between(member string, n, least, most int) {
	switch {
	case n < least:
		v.fail(member, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case n > most:
		v.fail(member, fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
}

// oneOf checks a word that may be left out.
func (v *validation) oneOf(member, value string, words ...string) {
	if value != "" && !slices.Contains(words, value) {
		v.fail(member, "Member must satisfy enum value set: ["+strings.Join(words, ", ")+"]")
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
