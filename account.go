package cognito

import (
	"context"
	"fmt"
	"log/slog"

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
// factors; elsewhere the service refuses that. attrs may be nil. Nobody is signed in by it; the session only remembers the last sign-up, for
// [Cognito.ConfirmSignUp]. It takes the options [ClientMetadata], [UserContextData], [ValidationData] and
// [AttributeMap]; [ErrUserExists] and [ErrInvalidPassword] are the usual errors. The request is not sent again after a
// failure that leaves open whether it was taken.
//
// It calls SignUp, which needs no AWS credentials.
func (c *Cognito) Register(ctx context.Context, username, password string, attrs Attributes, opts ...CallOption) (*Registration, error) {
	registration, err := c.register(ctx, username, password, attrs, opts)
	return registration, wrapError("Register", err)
}

func (c *Cognito) register(ctx context.Context, username, password string, attrs Attributes, opts []CallOption) (*Registration, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optValidationData, optAttributeMap)
	if err != nil {
		return nil, err
	}
	if username == "" {
		return nil, errNoUsername
	}
	if attrs, err = call.attributes.toPool(attrs); err != nil {
		return nil, err
	}
	out, err := c.pool.sdk.SignUp(ctx, &cognitoidentityprovider.SignUpInput{
		ClientId: aws.String(c.pool.clientID), SecretHash: c.pool.secretHash(username),
		Username: aws.String(username), Password: optional(password), UserAttributes: attrs.list(),
		ClientMetadata: call.metadata, UserContextData: call.userContext, ValidationData: call.validationData,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	c.session.signedUp(signUp{username: username, session: aws.ToString(out.Session), confirmed: out.UserConfirmed})
	return &Registration{
		Username: username, UserSub: aws.ToString(out.UserSub), Confirmed: out.UserConfirmed,
		Delivery: newCodeDelivery(out.CodeDeliveryDetails), Session: aws.ToString(out.Session),
	}, nil
}

// ConfirmSignUp confirms the user username with the code that was sent at sign-up. When the sign-up was this session's,
// or came by [WithRegistration], and the app client allows USER_AUTH, [Cognito.AuthenticateChoice] with FirstFactor{}
// then signs the user in without another code. It takes the options [ClientMetadata], [UserContextData] and
// [ForceAliasCreation]; [ErrCodeMismatch], [ErrCodeExpired] and [ErrLimitExceeded] are the usual errors, and
// [ErrUserExists] says that the user's address is another one's alias. The request is not sent again after a failure
// that leaves open whether it was taken.
//
// It calls ConfirmSignUp, which needs no AWS credentials.
func (c *Cognito) ConfirmSignUp(ctx context.Context, username, code string, opts ...CallOption) error {
	return wrapError("ConfirmSignUp", c.confirmSignUp(ctx, username, code, opts))
}

func (c *Cognito) confirmSignUp(ctx context.Context, username, code string, opts []CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData, optForceAlias)
	if err != nil {
		return err
	}
	if username == "" {
		return errNoUsername
	}
	if code == "" {
		return errNoCode
	}
	out, err := c.pool.sdk.ConfirmSignUp(ctx, &cognitoidentityprovider.ConfirmSignUpInput{
		ClientId: aws.String(c.pool.clientID), SecretHash: c.pool.secretHash(username),
		Username: aws.String(username), ConfirmationCode: aws.String(code), Session: optional(c.session.signUpOf(username)),
		ClientMetadata: call.metadata, UserContextData: call.userContext, ForceAliasCreation: call.forceAlias,
	}, sendOnce)
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

// ResendConfirmationCode sends the user username a new sign-up code; older ones are void. It takes the options
// [ClientMetadata] and [UserContextData]; [ErrLimitExceeded] is the usual error.
//
// It calls ResendConfirmationCode, which needs no AWS credentials.
func (c *Cognito) ResendConfirmationCode(ctx context.Context, username string, opts ...CallOption) (*CodeDelivery, error) {
	delivery, err := c.resendConfirmationCode(ctx, username, opts)
	return delivery, wrapError("ResendConfirmationCode", err)
}

func (c *Cognito) resendConfirmationCode(ctx context.Context, username string, opts []CallOption) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData)
	if err != nil {
		return nil, err
	}
	if username == "" {
		return nil, errNoUsername
	}
	out, err := c.pool.sdk.ResendConfirmationCode(ctx, &cognitoidentityprovider.ResendConfirmationCodeInput{
		ClientId: aws.String(c.pool.clientID), SecretHash: c.pool.secretHash(username), Username: aws.String(username),
		ClientMetadata: call.metadata, UserContextData: call.userContext,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newCodeDelivery(out.CodeDeliveryDetails), nil
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
