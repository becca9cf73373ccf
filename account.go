package cognito

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Registration is the result of a sign-up. It can be stored as JSON, so that another process can
// continue with [WithRegistration]. Whoever has it and the code can sign in as the user. The
// session is in its JSON only: it is never printed or logged.
type Registration struct {
	// Username is the name that the user signed up with.
	Username string `json:"username"`
	// UserSub is the new user's permanent ID, the claim sub of the user's tokens.
	UserSub string `json:"user_sub"`
	// Confirmed reports whether the user can sign in now, without a code.
	Confirmed bool `json:"confirmed"`
	// Delivery tells where the confirmation code was sent. It is nil if none was sent.
	Delivery *CodeDelivery `json:"delivery,omitempty"`
	// Session allows one sign-in without another code. It is "" if the app client does not allow
	// USER_AUTH.
	Session string `json:"session,omitempty"`
}

// Format prints the user without the session, for every verb.
func (r Registration) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Registration{%s, sub %s, confirmed %t}", r.Username, r.UserSub, r.Confirmed)
}

// LogValue returns the user without the session, for package log/slog.
func (r Registration) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// CodeDelivery tells where the service sent a code.
type CodeDelivery struct {
	// Destination is the address, masked: "a***@e***".
	Destination string `json:"destination"`
	// Medium is EMAIL or SMS.
	Medium types.DeliveryMediumType `json:"medium"`
	// Attribute is the attribute that holds the address: "email" or "phone_number".
	Attribute string `json:"attribute,omitempty"`
}

// Register signs up a new user. In a pool whose users sign in with an e-mail address or a phone
// number, username is that address or number. password may be empty if the pool lets users sign in
// without one, with codes or passkeys as first factors; other pools reject an empty password. attrs
// may be nil. It takes the options [ClientMetadata], [UserContextData], [AnalyticsMetadata],
// [ValidationData] and [AttributeMap]. Common errors: [ErrUserExists], [ErrInvalidPassword].
//
// Register does not sign the user in. The session remembers its last sign-up for
// [Cognito.ConfirmSignUp]. A session without a username takes that of the new user. A session that
// has a username can sign up another user, but it cannot confirm that user.
//
// It calls SignUp. Not retried automatically.
func (c *Cognito) Register(
	ctx context.Context, username, password string, attrs Attributes, opts ...CallOption,
) (*Registration, error) {
	registration, err := c.register(ctx, username, password, attrs, opts)
	return registration, wrapError("Register", err)
}

func (c *Cognito) register(
	ctx context.Context, username, password string, attrs Attributes, opts []CallOption,
) (*Registration, error) {
	call, err := newCallOptions(
		opts, optClientMetadata, optUserContextData, optAnalyticsMetadata, optValidationData, optAttributeMap,
	)
	if err != nil {
		return nil, err
	}
	if username == "" {
		return nil, errNoUsername
	}
	if attrs, err = call.attributes.toPool(attrs); err != nil {
		return nil, err
	}
	out, err := c.shared().sdk.SignUp(ctx, &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username),
		Username: aws.String(username), Password: optional(password), UserAttributes: attrs.list(),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
		ValidationData: call.validationData,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	c.session.signedUp(signUp{username: username, session: aws.ToString(out.Session), confirmed: out.UserConfirmed})
	c.session.update(func(st *state) { // a session without a username takes the new user's
		if st.newest() == nil && (st.name() == "" || st.registered) {
			st.username, st.registered = username, true
		}
	})
	return &Registration{
		Username: username, UserSub: aws.ToString(out.UserSub), Confirmed: out.UserConfirmed,
		Delivery: newCodeDelivery(out.CodeDeliveryDetails), Session: aws.ToString(out.Session),
	}, nil
}

// ConfirmSignUp confirms the user username with the code that was sent at sign-up. If the session
// has a username, username must be the same; for another user, use [Cognito.ForUser] or a session
// without a username. It takes the options [ClientMetadata], [UserContextData], [AnalyticsMetadata]
// and [ForceAliasCreation]. Common errors: [ErrCodeMismatch], [ErrCodeExpired], [ErrLimitExceeded],
// and [ErrUserExists] if the user's address is the alias of another user.
//
// The user can then sign in without another code: call [Cognito.AuthenticateChoice] with
// FirstFactor{}. This needs a sign-up of this session, or one given with [WithRegistration], and an
// app client that allows USER_AUTH.
//
// It calls ConfirmSignUp. Not retried automatically.
func (c *Cognito) ConfirmSignUp(ctx context.Context, username, code string, opts ...CallOption) error {
	return wrapError("ConfirmSignUp", c.confirmSignUp(ctx, username, code, opts))
}

func (c *Cognito) confirmSignUp(ctx context.Context, username, code string, opts []CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optAnalyticsMetadata, optForceAlias)
	if err != nil {
		return err
	}
	if err := c.checkUsername(username); err != nil {
		return err
	}
	if code = plainCode(code); code == "" {
		return errNoCode
	}
	input := &cognitoidentityprovider.ConfirmSignUpInput{
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username),
		Username: aws.String(username), ConfirmationCode: aws.String(code),
		Session:        optional(c.session.signUpOf(username)),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
		ForceAliasCreation: call.forceAlias,
	}
	out, err := c.shared().sdk.ConfirmSignUp(ctx, input, sendOnce)
	if input.Session != nil && errors.Is(&Error{Err: err}, ErrSessionExpired) {
		// The session has expired, but the code alone also confirms the user.
		c.session.dropSignUp(*input.Session)
		input.Session = nil
		out, err = c.shared().sdk.ConfirmSignUp(ctx, input, sendOnce)
	}
	if err != nil {
		return err
	}
	c.session.signedUp(signUp{username: username, session: aws.ToString(out.Session), confirmed: true})
	return nil
}

// ForceAliasCreation moves an e-mail address or phone number that is the alias of another user to
// the user of the call. The other user can then no longer sign in with it. It has an effect only in
// pools with aliases. Without it, such a call fails with [ErrUserExists]. See
// [Cognito.ConfirmSignUp] and [Cognito.AdminCreateUser].
func ForceAliasCreation() CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optForceAlias)
		o.forceAlias = true
	})
}

// ResendConfirmationCode sends the user username a new sign-up code and returns where it was sent.
// Earlier codes become invalid. If the session has a username, username must be the same. It takes
// the options [ClientMetadata], [UserContextData] and [AnalyticsMetadata]. Common errors:
// [ErrLimitExceeded].
//
// It calls ResendConfirmationCode. Not retried automatically.
func (c *Cognito) ResendConfirmationCode(
	ctx context.Context, username string, opts ...CallOption,
) (*CodeDelivery, error) {
	delivery, err := c.resendConfirmationCode(ctx, username, opts)
	return delivery, wrapError("ResendConfirmationCode", err)
}

func (c *Cognito) resendConfirmationCode(
	ctx context.Context, username string, opts []CallOption,
) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optAnalyticsMetadata)
	if err != nil {
		return nil, err
	}
	if err := c.checkUsername(username); err != nil {
		return nil, err
	}
	out, err := c.shared().sdk.ResendConfirmationCode(ctx, &cognitoidentityprovider.ResendConfirmationCodeInput{
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username),
		Username:       aws.String(username),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newCodeDelivery(out.CodeDeliveryDetails), nil
}

// checkUsername rejects a username that is not the session's. A session that only took its username
// from the last sign-up accepts any, since a server signs up many users with one client.
func (c *Cognito) checkUsername(username string) error {
	st := c.session.current()
	switch name := st.name(); {
	case username == "":
		return errNoUsername
	case name != "" && name != username && (!st.registered || st.newest() != nil):
		return fieldError("username",
			"want the session's username, "+quote(name)+", got "+quote(username)+"; use ForUser for another user")
	default:
		return nil
	}
}

var errNoUsername = fieldError("username", "want a username or an alias, got none")

func newCodeDelivery(details *types.CodeDeliveryDetailsType) *CodeDelivery {
	if details == nil {
		return nil
	}
	return &CodeDelivery{
		Destination: aws.ToString(details.Destination), Medium: details.DeliveryMedium,
		Attribute: aws.ToString(details.AttributeName),
	}
}

// signUp is a sign-up in progress. Its session lets the user confirm and then sign in without
// another code.
type signUp struct {
	username  string
	session   string // valid for one use, for a short time; "" if there is none
	confirmed bool
}

// signedUp remembers the session's last sign-up.
func (s *session) signedUp(up signUp) {
	s.update(func(st *state) {
		// Otherwise another session made the sign-up.
		if up.session != "" || st.signUp.username == up.username {
			st.signUp = up
		}
	})
}

// signUpOf returns the session of the unconfirmed sign-up of username, or "" if there is none.
func (s *session) signUpOf(username string) string {
	if up := s.current().signUp; up.username == username && !up.confirmed {
		return up.session
	}
	return ""
}

// dropSignUp forgets the sign-up's session, which the service rejected as used or expired.
func (s *session) dropSignUp(session string) {
	s.update(func(st *state) {
		if st.signUp.session == session {
			st.signUp.session = ""
		}
	})
}

// plainCode returns code without the spaces that people type and paste, and without the invisible
// characters that messages contain.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, code)
}

// takeSignUp returns the session of the confirmed sign-up of username and forgets it. It returns ""
// if there is none.
func (s *session) takeSignUp(username string) (session string) {
	s.update(func(st *state) {
		session = ""
		if st.signUp.username == username && st.signUp.confirmed {
			session, st.signUp.session = st.signUp.session, ""
		}
	})
	return session
}

// InitiateForgotPassword sends the session's user a code for setting a new password, and returns
// where it was sent. If the app client hides which users exist, the call succeeds for a user who
// does not exist, too. It takes the options [ClientMetadata], [UserContextData] and
// [AnalyticsMetadata]. Common errors: [ErrLimitExceeded], [ErrUserNotFound].
//
// It calls ForgotPassword. Not retried automatically.
func (c *Cognito) InitiateForgotPassword(ctx context.Context, opts ...CallOption) (*CodeDelivery, error) {
	delivery, err := c.initiateForgotPassword(ctx, opts)
	return delivery, wrapError("InitiateForgotPassword", err)
}

func (c *Cognito) initiateForgotPassword(ctx context.Context, opts []CallOption) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optAnalyticsMetadata)
	if err != nil {
		return nil, err
	}
	username := c.Username()
	if username == "" {
		return nil, errNoUsername
	}
	out, err := c.shared().sdk.ForgotPassword(ctx, &cognitoidentityprovider.ForgotPasswordInput{
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username),
		Username:       aws.String(username),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newCodeDelivery(out.CodeDeliveryDetails), nil
}

// ConfirmForgotPassword sets the password of the session's user with the code that
// [Cognito.InitiateForgotPassword] or [Cognito.AdminResetPassword] sent. It does not sign the user
// in. It takes the options [ClientMetadata], [UserContextData] and [AnalyticsMetadata]. Common
// errors: [ErrCodeMismatch], [ErrCodeExpired], [ErrInvalidPassword], [ErrLimitExceeded].
//
// It calls ConfirmForgotPassword. Not retried automatically.
func (c *Cognito) ConfirmForgotPassword(ctx context.Context, code, newPassword string, opts ...CallOption) error {
	return wrapError("ConfirmForgotPassword", c.confirmForgotPassword(ctx, code, newPassword, opts))
}

func (c *Cognito) confirmForgotPassword(ctx context.Context, code, newPassword string, opts []CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optAnalyticsMetadata)
	if err != nil {
		return err
	}
	username := c.Username()
	switch {
	case username == "":
		return errNoUsername
	case plainCode(code) == "":
		return errNoCode
	case newPassword == "":
		return errNoNewPassword
	}
	_, err = c.shared().sdk.ConfirmForgotPassword(ctx, &cognitoidentityprovider.ConfirmForgotPasswordInput{
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username),
		Username:         aws.String(username),
		ConfirmationCode: aws.String(plainCode(code)), Password: aws.String(newPassword),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
	}, sendOnce)
	return err
}

// ChangePassword changes the password of the signed-in user from previous to proposed. previous may
// be empty for a user who has no password yet and signs in without one. An expired access token is
// refreshed first. Common errors: [ErrNotSignedIn], [ErrInvalidCredentials] if previous is wrong,
// [ErrInvalidPassword], [ErrLimitExceeded].
//
// It calls ChangePassword. Not retried automatically.
func (c *Cognito) ChangePassword(ctx context.Context, previous, proposed string) error {
	if proposed == "" {
		return wrapError("ChangePassword", errNoNewPassword)
	}
	return wrapError("ChangePassword", c.withAccessToken(ctx, func(token *string) error {
		_, err := c.shared().sdk.ChangePassword(ctx, &cognitoidentityprovider.ChangePasswordInput{
			AccessToken: token, PreviousPassword: optional(previous), ProposedPassword: aws.String(proposed),
		}, sendOnce)
		return err
	}))
}

var (
	errNoCode        = fieldError("code", "want a code, got none")
	errNoNewPassword = fieldError("new password", "want a password, got none")
)

// UpdateProfile sets attributes of the signed-in user. Attributes that attrs does not name stay
// unchanged, and an empty value deletes an attribute. Users can set only the attributes that the
// app client may write, and never sub or email_verified. An expired access token is refreshed
// first. It takes the options [ClientMetadata] and [AttributeMap].
//
// UpdateProfile returns where codes were sent to verify new addresses, or nil if none was sent.
// Common errors: [ErrNotSignedIn], and [ErrUserExists] if an address belongs to another user.
//
// It calls UpdateUserAttributes. A request with a new address is not retried automatically, because
// it sends a code.
func (c *Cognito) UpdateProfile(ctx context.Context, attrs Attributes, opts ...CallOption) ([]CodeDelivery, error) {
	deliveries, err := c.updateProfile(ctx, attrs, opts)
	return deliveries, wrapError("UpdateProfile", err)
}

func (c *Cognito) updateProfile(ctx context.Context, attrs Attributes, opts []CallOption) ([]CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optAttributeMap)
	if err != nil {
		return nil, err
	}
	list, err := call.attributeList(attrs)
	if err != nil {
		return nil, err
	}
	var deliveries []CodeDelivery
	err = c.withTokens(ctx, func(ts *tokenSet) error {
		deliveries, err = c.updateAttributes(ctx, ts, list, call.metadata)
		return err
	})
	return deliveries, err
}

// updateAttributes sets attributes of the user to whom tokens belong.
func (c *Cognito) updateAttributes(
	ctx context.Context, tokens *tokenSet, list []types.AttributeType, metadata map[string]string,
) ([]CodeDelivery, error) {
	out, err := c.shared().sdk.UpdateUserAttributes(ctx, &cognitoidentityprovider.UpdateUserAttributesInput{
		AccessToken: aws.String(tokens.AccessToken), UserAttributes: list, ClientMetadata: metadata,
	}, onceIfAddressed(list))
	if err != nil {
		return nil, err
	}
	var deliveries []CodeDelivery
	for i := range out.CodeDeliveryDetailsList {
		deliveries = append(deliveries, *newCodeDelivery(&out.CodeDeliveryDetailsList[i]))
	}
	return deliveries, nil
}

// attributeList returns attrs in the service's form, with the pool's names.
func (o *callOptions) attributeList(attrs Attributes) ([]types.AttributeType, error) {
	if len(attrs) == 0 {
		return nil, fieldError("attrs", "want at least one attribute, got none")
	}
	attrs, err := o.attributes.toPool(attrs)
	if err != nil {
		return nil, err
	}
	return attrs.list(), nil
}

// DeleteAttributes deletes attributes of the signed-in user. names are the names in the pool. Users
// can delete only the attributes that the app client may write. An expired access token is
// refreshed first. Common errors: [ErrNotSignedIn].
//
// It calls DeleteUserAttributes.
func (c *Cognito) DeleteAttributes(ctx context.Context, names ...string) error {
	if err := checkNames(names); err != nil {
		return wrapError("DeleteAttributes", err)
	}
	return wrapError("DeleteAttributes", c.withAccessToken(ctx, func(token *string) error {
		_, err := c.shared().sdk.DeleteUserAttributes(ctx, &cognitoidentityprovider.DeleteUserAttributesInput{
			AccessToken: token, UserAttributeNames: names,
		})
		return err
	}))
}

func checkNames(names []string) error {
	if len(names) == 0 || slices.Contains(names, "") {
		return fieldError("names", "want one or more attribute names, none of them empty")
	}
	return nil
}

// SendVerification sends the signed-in user a code for verifying attribute, which is "email" or
// "phone_number", and returns where it was sent. An expired access token is refreshed first. It
// takes the option [ClientMetadata]. Common errors: [ErrNotSignedIn], [ErrLimitExceeded].
//
// It calls GetUserAttributeVerificationCode. Not retried automatically.
func (c *Cognito) SendVerification(ctx context.Context, attribute string, opts ...CallOption) (*CodeDelivery, error) {
	delivery, err := c.sendVerification(ctx, attribute, opts)
	return delivery, wrapError("SendVerification", err)
}

func (c *Cognito) sendVerification(ctx context.Context, attribute string, opts []CallOption) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata)
	if err != nil {
		return nil, err
	}
	if attribute == "" {
		return nil, errNoAttribute
	}
	var delivery *CodeDelivery
	err = c.withAccessToken(ctx, func(token *string) error {
		input := &cognitoidentityprovider.GetUserAttributeVerificationCodeInput{
			AccessToken: token, AttributeName: aws.String(attribute), ClientMetadata: call.metadata,
		}
		out, err := c.shared().sdk.GetUserAttributeVerificationCode(ctx, input, sendOnce)
		if err == nil {
			delivery = newCodeDelivery(out.CodeDeliveryDetails)
		}
		return err
	})
	return delivery, err
}

// ValidateVerification verifies attribute of the signed-in user with the code that was sent to it.
// An expired access token is refreshed first. Common errors: [ErrNotSignedIn], [ErrCodeMismatch],
// [ErrCodeExpired], [ErrLimitExceeded].
//
// It calls VerifyUserAttribute. Not retried automatically.
func (c *Cognito) ValidateVerification(ctx context.Context, attribute, code string) error {
	return wrapError("ValidateVerification", c.validateVerification(ctx, attribute, code))
}

func (c *Cognito) validateVerification(ctx context.Context, attribute, code string) error {
	switch {
	case attribute == "":
		return errNoAttribute
	case plainCode(code) == "":
		return errNoCode
	}
	return c.withAccessToken(ctx, func(token *string) error {
		_, err := c.shared().sdk.VerifyUserAttribute(ctx, &cognitoidentityprovider.VerifyUserAttributeInput{
			AccessToken: token, AttributeName: aws.String(attribute), Code: aws.String(plainCode(code)),
		}, sendOnce)
		return err
	})
}

var errNoAttribute = fieldError("attribute", `want the attribute to verify, "email" or "phone_number", got none`)

// DeleteUser deletes the signed-in user and clears the session and its [TokenStore]. An expired
// access token is refreshed first. After an error the session is unchanged. Common errors:
// [ErrNotSignedIn].
//
// It calls DeleteUser.
func (c *Cognito) DeleteUser(ctx context.Context) (err error) {
	defer named("DeleteUser", &err)
	return c.deleteUser(ctx, nil)
}

// deleteUser deletes the session's user. If check is not nil, it is called first with the tokens
// that the request uses, and its error is returned instead.
func (c *Cognito) deleteUser(ctx context.Context, check func(*tokenSet) error) error {
	gone := func(err error) bool { return errors.Is(&Error{Err: err}, ErrUserNotFound) }
	return c.endSession(ctx, ending{live: true, isOver: gone, call: func(ctx context.Context, ts *tokenSet) error {
		if check != nil {
			if err := check(ts); err != nil {
				return err
			}
		}
		input := &cognitoidentityprovider.DeleteUserInput{AccessToken: aws.String(ts.AccessToken)}
		_, err := c.shared().sdk.DeleteUser(ctx, input)
		return err
	}})
}
