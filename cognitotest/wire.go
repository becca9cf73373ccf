package cognitotest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unicode"

	"github.com/gocognito/cognito/cognitotest/internal/model"
)

// The service's protocol: JSON 1.1 over POST, the operation in a header.
const (
	targetPrefix = "AWSCognitoIdentityProviderService."
	contentType  = "application/x-amz-json-1.1"
)

// handler handles one operation. The server's lock is held.
type handler struct {
	signed bool
	// inTurn makes the operation wait for others that may call triggers. None of them comes between
	// a check and what depends on it.
	inTurn bool
	handle func(p *pool, body []byte) (any, error)
}

func unsigned[In, Out any](fn func(*pool, *In) (Out, error)) handler {
	return handler{inTurn: true, handle: func(p *pool, body []byte) (any, error) {
		in := new(In)
		if err := unmarshal(body, in); err != nil {
			return nil, errSerialization
		}
		return fn(p, in)
	}}
}

// unmarshal is [json.Unmarshal], but it ignores members whose names differ in case, like all
// unknown members.
func unmarshal(body []byte, in any) error {
	var members any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&members); err != nil {
		return err
	}
	exact, err := json.Marshal(known(members, reflect.TypeOf(in)))
	if err != nil {
		return err
	}
	return json.Unmarshal(exact, in)
}

// known drops the members of v that t does not have.
func known(v any, t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch v := v.(type) {
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return v
		}
		types := memberTypes(t)
		for name, member := range v {
			if kind, ok := types[name]; ok {
				v[name] = known(member, kind)
			} else {
				delete(v, name)
			}
		}
	case []any:
		if t.Kind() == reflect.Slice {
			for i := range v {
				v[i] = known(v[i], t.Elem())
			}
		}
	}
	return v
}

// memberTypes returns the members of a struct, including those of embedded structs.
func memberTypes(t reflect.Type) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
		case name != "":
			types[name] = field.Type
		case field.IsExported():
			types[field.Name] = field.Type
		}
	}
	return types
}

func signed[In, Out any](fn func(*pool, *In) (Out, error)) handler {
	h := unsigned(fn)
	h.signed, h.inTurn = true, false
	return h
}

// inTurn marks the handler of a signed operation that may call triggers.
func inTurn(h handler) handler {
	h.inTurn = true
	return h
}

// ofService returns the handler of a signed operation that does not refer to one pool.
func ofService[In, Out any](fn func(*service, *In) (Out, error)) handler {
	return signed(func(p *pool, in *In) (Out, error) { return fn(p.service, in) })
}

func (s *Server) serveOperation(w http.ResponseWriter, r *http.Request, op string, body []byte) {
	out, err := s.call(r, op, body)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-RequestId", newUUID())
	if _, ok := out.(noBody); ok {
		return
	}
	_ = json.NewEncoder(w).Encode(out) // a client that is gone needs no answer
}

func (s *Server) call(r *http.Request, op string, body []byte) (any, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.HasPrefix(r.Header.Get("X-Amz-Target"), targetPrefix) ||
		!strings.EqualFold(strings.TrimSpace(kind), contentType) {
		return nil, exception("UnknownOperationException", "")
	}
	h, ok := handlers[op]
	if !ok {
		return nil, exception("UnknownOperationException", "cognitotest does not know the operation "+op+".")
	}
	if h.signed && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return nil, exception("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	if err := checkForm(op, body); err != nil {
		return nil, err
	}
	out, sent, err := s.locked(h, signingRegion(r), body)
	for _, m := range sent {
		s.onMessage(m)
	}
	return out, err
}

// checkForm checks the members of a request against the service's model. What the model does not
// say, the operations check.
func checkForm(op string, body []byte) error {
	v := &validation{}
	if !model.Check(op, body, v.fail) {
		return errSerialization
	}
	return v.err()
}

// locked executes an operation, and returns the messages to report.
func (s *Server) locked(h handler, region string, body []byte) (out any, sent []Message, err error) {
	if h.inTurn {
		s.turn.Lock()
		defer s.turn.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service.region, s.service.sent = region, nil
	out, err = h.handle(s.service.route(body), body)
	if s.onMessage != nil {
		sent = s.service.sent
	}
	return out, sent, err
}

// unlocked calls do without the server's lock, which the present request holds.
func (s *Server) unlocked(do func()) {
	region, sent := s.service.region, s.service.sent
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.service.region, s.service.sent = region, sent
	}()
	do()
}

// writeError responds as the service does, with the exception in headers and in the body.
func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{http.StatusInternalServerError, "InternalErrorException", err.Error()}
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-RequestId", newUUID())
	w.Header().Set("X-Amzn-ErrorType", e.kind+":")
	w.Header().Set("X-Amzn-ErrorMessage", strings.Map(headerRune, e.message))
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": e.kind, "message": e.message})
}

// headerRune replaces characters that a header cannot contain with spaces: a message may repeat
// what was sent.
func headerRune(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// empty is the output of an operation that returns nothing.
type empty struct{}

// noBody is the output of an operation without one in the service's model. The body is empty, not
// {}.
type noBody struct{}

// newUUID returns a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// handlers maps the operations that the server supports to their handlers.
var handlers = map[string]handler{
	"SignUp":                      unsigned((*pool).signUp),
	"ConfirmSignUp":               unsigned((*pool).confirmSignUp),
	"ResendConfirmationCode":      unsigned((*pool).resendConfirmationCode),
	"InitiateAuth":                unsigned((*pool).initiateAuth),
	"RespondToAuthChallenge":      unsigned((*pool).respondToAuthChallenge),
	"AdminInitiateAuth":           inTurn(signed((*pool).adminInitiateAuth)),
	"AdminRespondToAuthChallenge": inTurn(signed((*pool).adminRespondToAuthChallenge)),
	"GetTokensFromRefreshToken":   unsigned((*pool).getTokensFromRefreshToken),
	"RevokeToken":                 unsigned((*pool).revokeToken),
	"GlobalSignOut":               unsigned((*pool).globalSignOut),
	"GetUser":                     unsigned((*pool).getUser),
	"AdminGetUser":                signed((*pool).adminGetUser),

	"AssociateSoftwareToken":    unsigned((*pool).associateSoftwareToken),
	"VerifySoftwareToken":       unsigned((*pool).verifySoftwareToken),
	"SetUserMFAPreference":      unsigned((*pool).setUserMFAPreference),
	"AdminSetUserMFAPreference": signed((*pool).adminSetUserMFAPreference),
	"GetUserAuthFactors":        unsigned((*pool).getUserAuthFactors),
	"AdminGetUserAuthFactors":   signed((*pool).adminGetUserAuthFactors),
	"AdminDeleteSoftwareToken":  signed((*pool).adminDeleteSoftwareToken),

	"ConfirmDevice":           unsigned((*pool).confirmDevice),
	"GetDevice":               deviceOperation(false, getDevice),
	"ListDevices":             unsigned((*pool).listDevices),
	"UpdateDeviceStatus":      deviceOperation(false, updateDeviceStatus),
	"ForgetDevice":            deviceOperation(false, forgetDevice),
	"AdminGetDevice":          deviceOperation(true, getDevice),
	"AdminListDevices":        signed((*pool).adminListDevices),
	"AdminUpdateDeviceStatus": deviceOperation(true, updateDeviceStatus),
	"AdminForgetDevice":       deviceOperation(true, forgetDevice),

	"StartWebAuthnRegistration":    unsigned((*pool).startWebAuthnRegistration),
	"CompleteWebAuthnRegistration": unsigned((*pool).completeWebAuthnRegistration),
	"ListWebAuthnCredentials":      unsigned((*pool).listWebAuthnCredentials),
	"DeleteWebAuthnCredential":     unsigned((*pool).deleteWebAuthnCredential),

	"GetClientToken": unsigned((*pool).getClientToken),

	"ForgotPassword":                   unsigned((*pool).forgotPassword),
	"ConfirmForgotPassword":            unsigned((*pool).confirmForgotPassword),
	"ChangePassword":                   unsigned((*pool).changePassword),
	"UpdateUserAttributes":             unsigned((*pool).updateUserAttributes),
	"DeleteUserAttributes":             unsigned((*pool).deleteUserAttributes),
	"GetUserAttributeVerificationCode": unsigned((*pool).getUserAttributeVerificationCode),
	"VerifyUserAttribute":              unsigned((*pool).verifyUserAttribute),
	"DeleteUser":                       unsigned((*pool).deleteUser),

	"AdminCreateUser":           signed((*pool).adminCreateUser),
	"AdminConfirmSignUp":        signed((*pool).adminConfirmSignUp),
	"AdminDeleteUser":           signed((*pool).adminDeleteUser),
	"AdminUpdateUserAttributes": signed((*pool).adminUpdateUserAttributes),
	"AdminDeleteUserAttributes": signed((*pool).adminDeleteUserAttributes),
	"AdminResetUserPassword":    signed((*pool).adminResetUserPassword),
	"AdminSetUserPassword":      signed((*pool).adminSetUserPassword),
	"AdminEnableUser":           signed((*pool).adminEnableUser),
	"AdminDisableUser":          signed((*pool).adminDisableUser),
	"AdminUserGlobalSignOut":    signed((*pool).adminUserGlobalSignOut),
	"ListUsers":                 signed((*pool).listUsers),

	"AdminLinkProviderForUser":    signed((*pool).adminLinkProviderForUser),
	"AdminDisableProviderForUser": signed((*pool).adminDisableProviderForUser),

	"AdminListUserAuthEvents":      signed((*pool).adminListUserAuthEvents),
	"AdminUpdateAuthEventFeedback": signed((*pool).adminUpdateAuthEventFeedback),
	"UpdateAuthEventFeedback":      unsigned((*pool).updateAuthEventFeedback),

	"CreateGroup":              signed((*pool).createGroup),
	"GetGroup":                 signed((*pool).getGroup),
	"UpdateGroup":              signed((*pool).updateGroup),
	"DeleteGroup":              signed((*pool).deleteGroup),
	"ListGroups":               signed((*pool).listGroups),
	"ListUsersInGroup":         signed((*pool).listUsersInGroup),
	"AdminAddUserToGroup":      signed((*pool).adminAddUserToGroup),
	"AdminRemoveUserFromGroup": signed((*pool).adminRemoveUserFromGroup),
	"AdminListGroupsForUser":   signed((*pool).adminListGroupsForUser),

	"CreateUserPool":       ofService((*service).createUserPool),
	"DescribeUserPool":     signed((*pool).describeUserPool),
	"UpdateUserPool":       signed((*pool).updateUserPool),
	"DeleteUserPool":       signed((*pool).deleteUserPool),
	"ListUserPools":        ofService((*service).listUserPools),
	"GetUserPoolMfaConfig": signed((*pool).getUserPoolMfaConfig),
	"SetUserPoolMfaConfig": signed((*pool).setUserPoolMfaConfig),
	"AddCustomAttributes":  signed((*pool).addCustomAttributes),

	"TagResource":         ofService((*service).tagResource),
	"UntagResource":       ofService((*service).untagResource),
	"ListTagsForResource": ofService((*service).listTagsForResource),

	"CreateUserPoolDomain":   signed((*pool).createUserPoolDomain),
	"DescribeUserPoolDomain": ofService((*service).describeUserPoolDomain),
	"UpdateUserPoolDomain":   signed((*pool).updateUserPoolDomain),
	"DeleteUserPoolDomain":   signed((*pool).deleteUserPoolDomain),

	"CreateResourceServer":   signed((*pool).createResourceServer),
	"DescribeResourceServer": signed((*pool).describeResourceServer),
	"UpdateResourceServer":   signed((*pool).updateResourceServer),
	"DeleteResourceServer":   signed((*pool).deleteResourceServer),
	"ListResourceServers":    signed((*pool).listResourceServers),

	"CreateUserPoolClient":   signed((*pool).createUserPoolClient),
	"DescribeUserPoolClient": signed((*pool).describeUserPoolClient),
	"UpdateUserPoolClient":   signed((*pool).updateUserPoolClient),
	"DeleteUserPoolClient":   signed((*pool).deleteUserPoolClient),
	"ListUserPoolClients":    signed((*pool).listUserPoolClients),

	"AddUserPoolClientSecret":    signed((*pool).addUserPoolClientSecret),
	"ListUserPoolClientSecrets":  signed((*pool).listUserPoolClientSecrets),
	"DeleteUserPoolClientSecret": signed((*pool).deleteUserPoolClientSecret),

	"CreateIdentityProvider":   signed((*pool).createIdentityProvider),
	"DescribeIdentityProvider": signed((*pool).describeIdentityProvider),
	"UpdateIdentityProvider":   signed((*pool).updateIdentityProvider),
	"DeleteIdentityProvider":   signed((*pool).deleteIdentityProvider),
	"ListIdentityProviders":    signed((*pool).listIdentityProviders),
}

// apiError is an exception of the service.
type apiError struct {
	status  int
	kind    string
	message string
}

// Error returns the exception and its message.
func (e *apiError) Error() string { return e.kind + ": " + e.message }

func exception(kind, message string) *apiError { return &apiError{400, kind, message} }

func notAuthorized(message string) *apiError { return exception("NotAuthorizedException", message) }
func invalidParameter(message string) *apiError {
	return exception("InvalidParameterException", message)
}

// The service's exceptions by situation. Clients distinguish some of them by their texts.
var (
	errSerialization = exception("SerializationException", "Start of structure or map found where not expected.")

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

	errAccessToken     = notAuthorized("Invalid Access Token")
	errAccessSignature = notAuthorized("Could not verify signature for Access Token")
	errAccessExpired   = notAuthorized("Access Token has expired")
	errAccessRevoked   = notAuthorized("Access Token has been revoked")
	errAccessScope     = notAuthorized("Access Token does not have required scopes")
	errRefreshToken    = notAuthorized("Invalid Refresh Token.")
	errRefreshExpired  = notAuthorized("Refresh Token has expired")
	errRefreshRevoked  = notAuthorized("Refresh Token has been revoked")
	// The service's text is not known.
	errRefreshReused      = exception("RefreshTokenReuseException", "Refresh token has been used")
	errTokenKind          = exception("UnsupportedTokenTypeException", "Token type not supported")
	errRevocationOff      = exception("UnsupportedOperationException", "Revocation not enabled for this client")
	errUnauthorizedClient = exception("UnauthorizedException", "Client is not authorized to revoke this token")

	errNoDevice   = exception("ResourceNotFoundException", "Device does not exist.")
	errNoTriggers = invalidParameter("Custom auth lambda trigger is not configured for the user pool.")
	// The service's text is not known.
	errSelection = invalidParameter("The challenge that was selected is not available.")
	errEmailForm = invalidParameter("Invalid email address format.")
	errNoTOTP    = exception("SoftwareTokenMFANotFoundException",
		"Software Token MFA has not been enabled by the userPool")
	errEnableTOTP     = exception("EnableSoftwareTokenMFAException", "Code mismatch")
	errTOTPUnverified = invalidParameter("User has not verified software token mfa")
	errTOTPMissing    = invalidParameter("User has not set up software token mfa")
	// The service's text is not known.
	errTOTPGone = exception("SoftwareTokenMFANotFoundException", "User has no software token.")
	// The service's text is not known.
	errNoSetup      = invalidParameter("User has no MFA method and can set none up.")
	errOTP          = exception("CodeMismatchException", "Invalid code or auth state for the user.")
	errTOTPMismatch = exception("CodeMismatchException", "Invalid code received for user")
	errTOTPUsed     = exception("ExpiredCodeException", "Your software token has already been used once.")

	// The service's text is not known.
	errNoFactor = invalidParameter("User has no factor to sign in with.")

	// The texts of these are not known.
	errPasskeysOff    = exception("WebAuthnNotEnabledException", "WebAuthn is not enabled for the user pool.")
	errNoRelyingParty = exception("WebAuthnConfigurationMissingException",
		"WebAuthn is not configured: no relying party.")
	errNoCeremony      = exception("WebAuthnChallengeNotFoundException", "WebAuthn challenge not found.")
	errPasskeyClient   = exception("WebAuthnClientMismatchException", "WebAuthn challenge belongs to another client.")
	errPasskeyOrigin   = exception("WebAuthnOriginNotAllowedException", "WebAuthn origin is not allowed.")
	errPasskeyParty    = exception("WebAuthnRelyingPartyMismatchException", "WebAuthn relying party does not match.")
	errCredential      = exception("WebAuthnCredentialNotSupportedException", "WebAuthn credential is not supported.")
	errTooManyPasskeys = exception("LimitExceededException", "User has too many WebAuthn credentials.")

	errUsernameExists   = exception("UsernameExistsException", "User already exists")
	errCodeMismatch     = exception("CodeMismatchException", "Invalid verification code provided, please try again.")
	errCodeExpired      = exception("ExpiredCodeException", "Invalid code provided, please request a code again.")
	errAttemptLimit     = exception("LimitExceededException", "Attempt limit exceeded, please try after some time.")
	errAlreadyConfirmed = invalidParameter("User is already confirmed.")
	// AdminCreateUser returns this one.
	errAccountExists  = exception("UsernameExistsException", "User account already exists")
	errWriteAttribute = notAuthorized("A client attempted to write unauthorized attribute")
	errWriteSub       = invalidParameter("Cannot modify the non-mutable attribute sub")
	errNoSignUp       = notAuthorized("SignUp is not permitted for this user pool")
	errResetState     = notAuthorized("User password cannot be reset in the current state.")
	errNoRecovery     = invalidParameter("Cannot reset password for the user as there is no " +
		"registered/verified email or phone_number")
	errNoGroup       = exception("ResourceNotFoundException", "Group not found.")
	errGroupExists   = exception("GroupExistsException", "A group with the name already exists.")
	errTokenRange    = invalidParameter("Invalid range for token validity.")
	errFilter        = invalidParameter("Error while parsing filter.")
	errNoAttributes  = invalidParameter("One or more requested attributes do not exist.")
	errTemporary     = notAuthorized("Temporary password has expired and must be reset by an administrator.")
	errTimestamp     = invalidParameter("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	errAdminFlowGate = invalidParameter("Auth flow not enabled for this client")
	errFlowOperation = invalidParameter("Initiate Auth method not supported.")
)

// The service's exceptions about pools, domains and schemas, with texts that users reported.
var (
	errDeletionProtection = invalidParameter("The user pool cannot be deleted because deletion protection is activated. " +
		"Deletion protection must be inactivated first.")
	errPoolHasDomain = invalidParameter("User pool cannot be deleted. It has a domain configured " +
		"that should be deleted first.")
	errMFAOff = invalidParameter("Invalid MFA configuration given, can't turn off MFA and " +
		"configure an MFA together.")
	errMFANone = invalidParameter("Invalid MFA Configuration given. SMS MFA, Email MFA, or " +
		"Software Token MFA must be enabled.")
	errMFASettings = invalidParameter("SMS configuration and Auto verification for phone_number " +
		"are required when MFA is required/optional")
	errDomainTaken    = invalidParameter("Domain already associated with another user pool.")
	errSecondDomain   = invalidParameter("User pool already has a domain configured.")
	errNoDomain       = invalidParameter("No such domain or user pool exists.")
	errRequiredCustom = invalidParameter("Required custom attributes are not supported currently.")
)

// The service's exceptions about linked identities, with texts that users reported.
var (
	errLinked  = invalidParameter("SourceUser is already linked to DestinationUser")
	errMerging = invalidParameter("Merging is not currently supported, provide a SourceUser that " +
		"has not been signed up in order to link")
	errLocalSource = invalidParameter("Invalid SourceUser: Cognito users with a username/password " +
		"may not be passed in as a SourceUser, only as a DestinationUser")
)

// Exceptions whose texts may differ from the service's.
var (
	errUpdateSettings = invalidParameter("Invalid value for UserAttributeUpdateSettings: the " +
		"attributes must be auto-verified.")
	errTier = exception("FeatureUnavailableInTierException",
		"The feature is not available in the tier of the user pool.")
	errSignInPolicy      = invalidParameter("AllowedFirstAuthFactors must contain PASSWORD.")
	errRecoveryMix       = invalidParameter("admin_only cannot be combined with other recovery mechanisms.")
	errNameAttributes    = invalidParameter("AliasAttributes and UsernameAttributes cannot be set together.")
	errDomainKind        = invalidParameter("A prefix domain cannot become a custom one, nor the other way round.")
	errDeveloperOnly     = invalidParameter("cognitotest has no developer-only attributes.")
	errTooManyAttributes = invalidParameter("The user pool has too many custom attributes.")
	errTooManyTags       = exception("UserPoolTaggingException", "The user pool has too many tags.")

	errNoResourceServer       = exception("ResourceNotFoundException", "Resource server does not exist.")
	errTooManyResourceServers = exception("LimitExceededException", "The user pool has too many resource servers.")
	errNoProtection           = exception("UserPoolAddOnNotEnabledException",
		"Threat protection is not enabled for the user pool.")
	errNoEvent           = exception("ResourceNotFoundException", "Event does not exist.")
	errFeedbackToken     = notAuthorized("Invalid feedback token.")
	errPublicClient      = invalidParameter("The app client has no secret.")
	errTooManySecrets    = exception("LimitExceededException", "The app client has two secrets already.")
	errSameSecret        = invalidParameter("The app client has this secret already.")
	errNoSecret          = exception("ResourceNotFoundException", "Client secret does not exist.")
	errLastSecret        = invalidParameter("The last secret of an app client cannot be deleted.")
	errTokenOnly         = invalidParameter("ACCESS_TOKEN requires TARGET_ACR_VALUES.")
	errNoLevel           = invalidParameter("TARGET_ACR_VALUES has no level of the user pool.")
	errLevelMet          = invalidParameter("The access token already meets the requested level.")
	errLevelFactors      = invalidParameter("The user has no factors to reach a requested level.")
	errMaxAge            = invalidParameter("MAX_AGE must be a number of seconds.")
	errTokenUser         = notAuthorized("Access Token is of another user or client.")
	errTooManyIdentities = exception("LimitExceededException", "User has too many linked identities.")
	errIdentityAttribute = invalidParameter("Invalid ProviderAttributeName or ProviderAttributeValue.")

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

func errStandardType(name string) *apiError { // the service's text is not known
	return invalidParameter("You can not change AttributeDataType of " + name + ".")
}

func errResourceServerExists(identifier, pool string) *apiError { // the service's text is not known
	return invalidParameter(identifier + " already exists in user pool " + pool + ".")
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

// errFlowGate returns the service's exception, whose text differs for SRP and custom
// authentication.
func errFlowGate(flow string) *apiError {
	if flow == flowSRP || flow == flowCustom {
		return invalidParameter(flow + " is not enabled for the client.")
	}
	return invalidParameter(flow + " flow not enabled for this client")
}

func errPolicy(reason string) *apiError {
	return exception("InvalidPasswordException", "Password did not conform with policy: "+reason)
}

// validation collects the problems with the members of an input, in the service's form. Members are
// named in lower camel case, and their values are not repeated.
type validation struct{ problems []string }

// maxProblems bounds the answer to a list of members that are all wrong.
const maxProblems = 50

func (v *validation) fail(member, constraint string) {
	if len(v.problems) == maxProblems {
		return
	}
	v.problems = append(v.problems, fmt.Sprintf("Value at '%s' failed to satisfy constraint: %s", member, constraint))
}

// present checks that a member is present.
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

func (v *validation) err() error {
	switch len(v.problems) {
	case 0:
		return nil
	case 1:
		return invalidParameter("1 validation error detected: " + v.problems[0])
	default:
		all := strings.Join(v.problems, "; ")
		return invalidParameter(fmt.Sprintf("%d validation errors detected: %s", len(v.problems), all))
	}
}

// splitPoolID splits a pool ID into the region and the name that SRP uses. A region may contain an
// underscore, too.
func splitPoolID(id string) (region, name string) {
	i := strings.LastIndexByte(id, '_')
	return id[:i], id[i+1:]
}
