package cognito

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Authenticate signs the session's user in with password. By default the password is proven by SRP
// (USER_SRP_AUTH) and never sent; [Flow](USER_PASSWORD_AUTH) sends it, where the app client allows that. The
// user may be named by an alias. It takes the options [Flow], [ClientMetadata] and [UserContextData].
//
// It returns nil when the user is signed in: the tokens are verified and have replaced the session's. It
// returns a [*ChallengeError] when the pool asks for more; the challenge is then the session's (see
// [Cognito.Challenge] and [Cognito.RespondToChallenge]). After any other error the session is as it was;
// [ErrInvalidCredentials], [ErrUserNotConfirmed], [ErrPasswordResetRequired], [ErrTooManyAttempts],
// [ErrUserDisabled] and [ErrSecretHash] are the usual ones; tokens that cannot be verified, or are of another user than
// the service named on the way, are a [*TokenError]. With [ErrKeysUnavailable] and [ErrUnknownKey] the user did sign in, but
// the tokens could not be verified: they are kept aside for [Cognito.VerifyTokens].
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials; the pool's key set,
// if it is not known yet, is fetched beside them. A remembered device ([WithDevice]) proves itself on the way.
func (c *Cognito) Authenticate(ctx context.Context, password string, opts ...CallOption) error {
	const op = "Authenticate"
	s, err := c.newSignIn(op, false, opts, optFlow)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth))
}

// AdminAuthenticate is [Cognito.Authenticate] for a server that is trusted with AWS credentials: the flow is
// ADMIN_USER_PASSWORD_AUTH, in which the password is sent. [Flow](USER_SRP_AUTH) proves it by SRP instead;
// CUSTOM_AUTH (after SRP), USER_AUTH (with SRP) and the older ADMIN_NO_SRP_AUTH can be chosen, too. It takes the
// options [Flow], [ClientMetadata] and [ContextData], and returns what Authenticate returns, and
// [ErrNoCredentials]. A challenge remembers, also as JSON, that it is an administrator's: its answer needs the
// AWS credentials again, and takes ContextData.
//
// It calls AdminInitiateAuth and AdminRespondToAuthChallenge, which need AWS credentials.
func (c *Cognito) AdminAuthenticate(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AdminAuthenticate"
	s, err := c.newSignIn(op, true, opts, optFlow)
	if err != nil {
		return wrapError(op, err)
	}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeAdminUserPasswordAuth, types.AuthFlowTypeAdminNoSrpAuth,
		types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeCustomAuth, types.AuthFlowTypeUserAuth))
}

// AuthenticateCustom signs the session's user in by the challenges that the pool's Lambda functions define
// (CUSTOM_AUTH). With a password, SRP proves it first; with "" the custom challenges are all there is. It takes the
// options [ClientMetadata], which the service passes on to the functions with each answer but not with this first
// request, and [UserContextData]. It returns what [Cognito.Authenticate] returns; the challenge is usually
// CUSTOM_CHALLENGE, answered by [Cognito.RespondToCustomChallenge].
//
// It calls InitiateAuth and, with a password, RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) AuthenticateCustom(ctx context.Context, password string, opts ...CallOption) error {
	const op = "AuthenticateCustom"
	s, err := c.newSignIn(op, false, opts)
	if err != nil {
		return wrapError(op, err)
	}
	if s.username == "" {
		return wrapError(op, errNoUsername)
	}
	return wrapError(op, s.begin(ctx, newOpening(types.AuthFlowTypeCustomAuth, password)))
}

// FirstFactor is what [Cognito.AuthenticateChoice] begins with. Printed or logged it shows no password.
type FirstFactor struct {
	// Preferred is the factor to try at once: PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP or WEB_AUTHN. If empty, it
	// is PASSWORD_SRP with a password, and without one the pool is asked what there is.
	Preferred types.ChallengeNameType
	// Password is what PASSWORD sends and PASSWORD_SRP proves; the other factors have none.
	Password string
}

// Format prints the factor without the password, whatever the verb.
func (f FirstFactor) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "FirstFactor{"+string(f.Preferred)+"}")
}

// LogValue logs the factor without the password.
func (f FirstFactor) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }

// AuthenticateChoice signs the session's user in by a factor of choice (USER_AUTH): a password, a code by e-mail or
// SMS, or a passkey. FirstFactor{} asks what there is: the challenge is then SELECT_CHALLENGE, with the factors in
// [Challenge.Options], unless the user has just signed up: after [Cognito.ConfirmSignUp] in the same session (see
// also [WithRegistration]) the user is signed in at once. A factor that the user cannot use brings SELECT_CHALLENGE, too.
// It takes the options [ClientMetadata] and [UserContextData], and returns what [Cognito.Authenticate] returns.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) AuthenticateChoice(ctx context.Context, first FirstFactor, opts ...CallOption) error {
	return wrapError("AuthenticateChoice", c.authenticateChoice(ctx, first, opts))
}

func (c *Cognito) authenticateChoice(ctx context.Context, first FirstFactor, opts []CallOption) error {
	s, err := c.newSignIn("AuthenticateChoice", false, opts)
	if err != nil {
		return err
	}
	if s.username == "" {
		return errNoUsername
	}
	o, err := newChoice(first)
	if err != nil {
		return err
	}
	if first == (FirstFactor{}) {
		o.session = c.session.takeSignUp(s.username)
	}
	return s.begin(ctx, o)
}

// NewPasswordChallenge signs the session's user in with password, which is temporary, and replaces it by newPassword:
// [Cognito.Authenticate] and [Cognito.RespondToNewPasswordChallenge] in one. attrs are the attributes that the pool
// requires and the user has not got yet; they may be nil. It takes the options [Flow], [ClientMetadata] and
// [UserContextData]. When the password turns out not to be temporary, it changes nothing and returns
// [ErrNoChallenge]; when newPassword or attrs are refused, the challenge stays pending.
//
// It calls InitiateAuth and RespondToAuthChallenge, which need no AWS credentials.
func (c *Cognito) NewPasswordChallenge(ctx context.Context, password, newPassword string, attrs Attributes, opts ...CallOption) error {
	const op = "NewPasswordChallenge"
	s, err := c.newSignIn(op, false, opts, optFlow)
	if err != nil {
		return wrapError(op, err)
	}
	if newPassword == "" {
		return wrapError(op, fieldError("new password", "want a password, got none"))
	}
	s.newPassword = &newPasswordAnswer{newPassword, attrs}
	return wrapError(op, s.byPassword(ctx, password, types.AuthFlowTypeUserSrpAuth, types.AuthFlowTypeUserPasswordAuth))
}
