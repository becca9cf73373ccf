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

// Registration is what a sign-up brought. It survives as JSON, so that another process can go on with it; see
// [WithRegistration]. Whoever has it and the code can sign in as the user. Printed or logged it shows no session; only
// its JSON does.
type Registration struct {
	// Username is what the user signed up as.
	Username string `json:"username"`
	// UserSub is the new user's unchangeable ID, the claim sub of the user's tokens.
	UserSub string `json:"user_sub"`
	// Confirmed is true when the user may sign in at once, without a code.
	Confirmed bool `json:"confirmed"`
	// Delivery says where the confirmation code went; nil when none was sent.
	Delivery *CodeDelivery `json:"delivery,omitempty"`
	// Session leads on to a sign-in without a further code; "" where the app client does not allow USER_AUTH.
	Session string `json:"session,omitempty"`
}

// Format prints the user without the session, whatever the verb.
func (r Registration) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Registration{%s, sub %s, confirmed %t}", r.Username, r.UserSub, r.Confirmed)
}

// LogValue logs the user without the session.
func (r Registration) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// CodeDelivery says where the service sent a code.
type CodeDelivery struct {
	// Destination is the address, masked: "a***@e***".
	Destination string `json:"destination"`
	// Medium is EMAIL or SMS.
	Medium types.DeliveryMediumType `json:"medium"`
	// Attribute is the user's attribute that the address is in: "email" or "phone_number".
	Attribute string `json:"attribute,omitempty"`
}

// Register signs a new user up. In a pool whose users sign in with an e-mail address or a phone number that is
// the username. password may be empty where users can do without one, since the pool takes codes or passkeys as first
// factors; elsewhere the service refuses that. attrs may be nil. Nobody is signed in by it; the session remembers the last
// sign-up, for [Cognito.ConfirmSignUp], and takes its username if it was given none. A session with a name can sign another
// user up, but not confirm it. It takes the options [ClientMetadata], [UserContextData], [AnalyticsMetadata], [ValidationData] and
// [AttributeMap]. Common errors: [ErrUserExists], [ErrInvalidPassword]. The request is not sent again after a
// failure that leaves open whether it was taken.
//
// It calls SignUp, which needs no AWS credentials.
func (c *Cognito) Register(ctx context.Context, username, password string, attrs Attributes, opts ...CallOption) (*Registration, error) {
	registration, err := c.register(ctx, username, password, attrs, opts)
	return registration, wrapError("Register", err)
}

func (c *Cognito) register(ctx context.Context, username, password string, attrs Attributes, opts []CallOption) (*Registration, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optAnalyticsMetadata, optValidationData, optAttributeMap)
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
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics, ValidationData: call.validationData,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	c.session.signedUp(signUp{username: username, session: aws.ToString(out.Session), confirmed: out.UserConfirmed})
	c.session.update(func(st *state) { // a session without a user is the new user's from now on
		if st.newest() == nil && (st.name() == "" || st.registered) {
			st.username, st.registered = username, true
		}
	})
	return &Registration{
		Username: username, UserSub: aws.ToString(out.UserSub), Confirmed: out.UserConfirmed,
		Delivery: newCodeDelivery(out.CodeDeliveryDetails), Session: aws.ToString(out.Session),
	}, nil
}

// ConfirmSignUp confirms the user username with the code that was sent at sign-up. When the sign-up was this session's,
// or came by [WithRegistration], and the app client allows USER_AUTH, [Cognito.AuthenticateChoice] with FirstFactor{}
// then signs the user in without another code. In a session with a name username must be that name: use a session of the
// user's own ([Cognito.ForUser]), or one without a name. It takes the options [ClientMetadata], [UserContextData], [AnalyticsMetadata] and
// [ForceAliasCreation]. Common errors: [ErrCodeMismatch], [ErrCodeExpired], [ErrLimitExceeded], and [ErrUserExists] if the
// user's address is the alias of another user. The request is not sent again after a failure
// that leaves open whether it was taken.
//
// It calls ConfirmSignUp, which needs no AWS credentials.
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
		Username: aws.String(username), ConfirmationCode: aws.String(code), Session: optional(c.session.signUpOf(username)),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics, ForceAliasCreation: call.forceAlias,
	}
	out, err := c.shared().sdk.ConfirmSignUp(ctx, input, sendOnce)
	if input.Session != nil && errors.Is(&Error{Err: err}, ErrSessionExpired) {
		// The code confirms the user without the sign-up's session, too.
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

// ForceAliasCreation takes an e-mail address or phone number that another user signs in with away from that user and
// gives it to the user of the call; see [Cognito.ConfirmSignUp] and [Cognito.AdminCreateUser]. It matters in pools with
// aliases only, where without it such a call fails with [ErrUserExists].
func ForceAliasCreation() CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optForceAlias)
		o.forceAlias = true
	})
}

// ResendConfirmationCode sends the user username a new sign-up code; older ones are void. In a session with a name
// username must be that name. It takes the options [ClientMetadata], [UserContextData] and [AnalyticsMetadata]. Common errors: [ErrLimitExceeded].
//
// It calls ResendConfirmationCode, which needs no AWS credentials.
func (c *Cognito) ResendConfirmationCode(ctx context.Context, username string, opts ...CallOption) (*CodeDelivery, error) {
	delivery, err := c.resendConfirmationCode(ctx, username, opts)
	return delivery, wrapError("ResendConfirmationCode", err)
}

func (c *Cognito) resendConfirmationCode(ctx context.Context, username string, opts []CallOption) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optAnalyticsMetadata)
	if err != nil {
		return nil, err
	}
	if err := c.checkUsername(username); err != nil {
		return nil, err
	}
	out, err := c.shared().sdk.ResendConfirmationCode(ctx, &cognitoidentityprovider.ResendConfirmationCodeInput{
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username), Username: aws.String(username),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newCodeDelivery(out.CodeDeliveryDetails), nil
}

// checkUsername rejects a username that is not the session's. A session whose name is only that of the last sign-up, as
// a server's client has it, takes any.
func (c *Cognito) checkUsername(username string) error {
	st := c.session.current()
	switch name := st.name(); {
	case username == "":
		return errNoUsername
	case name != "" && name != username && (!st.registered || st.newest() != nil):
		return fieldError("username", "want that of the session, "+quote(name)+", got "+quote(username)+"; ForUser makes a session of another user")
	default:
		return nil
	}
}

var errNoUsername = fieldError("username", "want a username or an alias, got none")

// secretHash is the SecretHash member of a request for username; nil without a client secret.
func (p *pool) secretHash(username string) *string {
	if p.clientSecret == "" {
		return nil
	}
	return aws.String(SecretHash(username, p.clientID, p.clientSecret))
}

func newCodeDelivery(details *types.CodeDeliveryDetailsType) *CodeDelivery {
	if details == nil {
		return nil
	}
	return &CodeDelivery{
		Destination: aws.ToString(details.Destination), Medium: details.DeliveryMedium,
		Attribute: aws.ToString(details.AttributeName),
	}
}

// signUp is a sign-up under way: what leads from Register over ConfirmSignUp to a sign-in without another code.
type signUp struct {
	username  string
	session   string // good once, for a while; "": there is none
	confirmed bool
}

// signedUp remembers the session's last sign-up.
func (s *session) signedUp(up signUp) {
	s.update(func(st *state) {
		if up.session != "" || st.signUp.username == up.username { // else that of another session
			st.signUp = up
		}
	})
}

// signUpOf returns the session of the sign-up of username that waits to be confirmed; "" when there is none.
func (s *session) signUpOf(username string) string {
	if up := s.current().signUp; up.username == username && !up.confirmed {
		return up.session
	}
	return ""
}

// dropSignUp forgets the sign-up's session, which the service refused as spent or too old.
func (s *session) dropSignUp(session string) {
	s.update(func(st *state) {
		if st.signUp.session == session {
			st.signUp.session = ""
		}
	})
}

// plainCode returns code without the spaces that people type and paste into it, and without the invisible characters that
// messages have beside them.
func plainCode(code string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, code)
}

// takeSignUp returns the session of the confirmed sign-up of username, once; "" when there is none.
func (s *session) takeSignUp(username string) (session string) {
	s.update(func(st *state) {
		session = ""
		if st.signUp.username == username && st.signUp.confirmed {
			session, st.signUp.session = st.signUp.session, ""
		}
	})
	return session
}

// InitiateForgotPassword sends the session's user a code to set a new password with, and returns where it went. An app
// client that hides which users exist answers for a user that does not, too. It takes the options [ClientMetadata],
// [UserContextData] and [AnalyticsMetadata]. Common errors: [ErrLimitExceeded], [ErrUserNotFound]. The request is not sent again after
// a failure that leaves open whether it was taken.
//
// It calls ForgotPassword, which needs no AWS credentials.
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
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username), Username: aws.String(username),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newCodeDelivery(out.CodeDeliveryDetails), nil
}

// ConfirmForgotPassword sets the password of the session's user with the code that [Cognito.InitiateForgotPassword] or
// [Cognito.AdminResetPassword] sent. Nobody is signed in by it. It takes the options [ClientMetadata],
// [UserContextData] and [AnalyticsMetadata]; [ErrCodeMismatch], [ErrCodeExpired], [ErrInvalidPassword] and [ErrLimitExceeded] are the usual
// errors. The request is not sent again after a failure that leaves open whether it was taken.
//
// It calls ConfirmForgotPassword, which needs no AWS credentials.
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
		ClientId: aws.String(c.shared().clientID), SecretHash: c.shared().secretHash(username), Username: aws.String(username),
		ConfirmationCode: aws.String(plainCode(code)), Password: aws.String(newPassword),
		ClientMetadata: call.metadata, UserContextData: call.userContext, AnalyticsMetadata: call.analytics,
	}, sendOnce)
	return err
}

// ChangePassword changes the password of the user who is signed in from previous to proposed. previous may be empty for
// a user who has none yet and signs in without. An expired access token is renewed first. [ErrInvalidCredentials] says
// that previous is wrong; [ErrInvalidPassword] and [ErrLimitExceeded] are usual, too.
//
// It calls ChangePassword, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
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
	errNoCode        = fieldError("code", "want the code, got none")
	errNoNewPassword = fieldError("new password", "want a password, got none")
)

// UpdateProfile sets attributes of the user who is signed in; those that attrs does not name stay as they are, and an
// empty value deletes one. It returns where codes went to verify a new address with; nil when none was sent. A user
// can set only what the app client may write, and never sub or email_verified. An expired access token is renewed
// first. It takes the options [ClientMetadata] and [AttributeMap]; [ErrUserExists] says that an address is another
// user's. A request with an address is not sent again after a failure that leaves open whether it was taken.
//
// It calls UpdateUserAttributes, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
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

// updateAttributes sets attributes of the user that tokens are of.
func (c *Cognito) updateAttributes(ctx context.Context, tokens *tokenSet, list []types.AttributeType, metadata map[string]string) ([]CodeDelivery, error) {
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

// attributeList is attrs, under the pool's names, as the service takes them.
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

// DeleteAttributes deletes attributes of the user who is signed in, by their names in the pool: only those that the app
// client may write. An expired access token is renewed first.
//
// It calls DeleteUserAttributes, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
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
		return fieldError("names", "want at least one attribute, and none empty")
	}
	return nil
}

// SendVerification sends the user who is signed in a code to verify attribute with, "email" or "phone_number", and
// returns where it went. An expired access token is renewed first. It takes the option [ClientMetadata];
// Common errors: [ErrLimitExceeded]. The request is not sent again after a failure that leaves open whether it was
// taken.
//
// It calls GetUserAttributeVerificationCode, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
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
		out, err := c.shared().sdk.GetUserAttributeVerificationCode(ctx, &cognitoidentityprovider.GetUserAttributeVerificationCodeInput{
			AccessToken: token, AttributeName: aws.String(attribute), ClientMetadata: call.metadata,
		}, sendOnce)
		if err == nil {
			delivery = newCodeDelivery(out.CodeDeliveryDetails)
		}
		return err
	})
	return delivery, err
}

// ValidateVerification verifies attribute of the user who is signed in with the code that was sent to it. An expired
// access token is renewed first. Common errors: [ErrCodeMismatch], [ErrCodeExpired], [ErrLimitExceeded]. The
// request is not sent again after a failure that leaves open whether it was taken.
//
// It calls VerifyUserAttribute, which needs no AWS credentials but an access token: without one it returns
// [ErrNotSignedIn].
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

// DeleteUser deletes the signed-in user. The session and its [TokenStore] then have no tokens; after an error the
// session is as it was. An expired access token is refreshed first.
//
// It calls DeleteUser, which needs no AWS credentials but an access token: without one it returns [ErrNotSignedIn].
func (c *Cognito) DeleteUser(ctx context.Context) (err error) {
	defer named("DeleteUser", &err)
	return c.deleteUser(ctx, nil)
}

// deleteUser deletes the session's user, after check, if there is one, has agreed to the tokens it is done with.
func (c *Cognito) deleteUser(ctx context.Context, check func(*tokenSet) error) error {
	gone := func(err error) bool { return errors.Is(&Error{Err: err}, ErrUserNotFound) }
	return c.endSession(ctx, ending{live: true, isOver: gone, call: func(ctx context.Context, ts *tokenSet) error {
		if check != nil {
			if err := check(ts); err != nil {
				return err
			}
		}
		_, err := c.shared().sdk.DeleteUser(ctx, &cognitoidentityprovider.DeleteUserInput{AccessToken: aws.String(ts.AccessToken)})
		return err
	}})
}
