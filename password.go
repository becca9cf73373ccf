package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// InitiateForgotPassword sends the session's user a code to set a new password with, and returns where it went. An app
// client that hides which users exist answers for a user that does not, too. It takes the options [ClientMetadata] and
// [UserContextData]; [ErrLimitExceeded] and [ErrUserNotFound] are the usual errors. The request is not sent again after
// a failure that leaves open whether it was taken.
//
// It calls ForgotPassword, which needs no AWS credentials.
func (c *Cognito) InitiateForgotPassword(ctx context.Context, opts ...CallOption) (*CodeDelivery, error) {
	delivery, err := c.initiateForgotPassword(ctx, opts)
	return delivery, wrapError("InitiateForgotPassword", err)
}

func (c *Cognito) initiateForgotPassword(ctx context.Context, opts []CallOption) (*CodeDelivery, error) {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData)
	if err != nil {
		return nil, err
	}
	username := c.Username()
	if username == "" {
		return nil, errNoUsername
	}
	out, err := c.pool.sdk.ForgotPassword(ctx, &cognitoidentityprovider.ForgotPasswordInput{
		ClientId: aws.String(c.pool.clientID), SecretHash: c.pool.secretHash(username), Username: aws.String(username),
		ClientMetadata: call.metadata, UserContextData: call.userContext,
	}, sendOnce)
	if err != nil {
		return nil, err
	}
	return newCodeDelivery(out.CodeDeliveryDetails), nil
}

// ConfirmForgotPassword sets the password of the session's user with the code that [Cognito.InitiateForgotPassword] or
// [Cognito.AdminResetPassword] sent. Nobody is signed in by it. It takes the options [ClientMetadata] and
// [UserContextData]; [ErrCodeMismatch], [ErrCodeExpired], [ErrInvalidPassword] and [ErrLimitExceeded] are the usual
// errors. The request is not sent again after a failure that leaves open whether it was taken.
//
// It calls ConfirmForgotPassword, which needs no AWS credentials.
func (c *Cognito) ConfirmForgotPassword(ctx context.Context, code, newPassword string, opts ...CallOption) error {
	return wrapError("ConfirmForgotPassword", c.confirmForgotPassword(ctx, code, newPassword, opts))
}

func (c *Cognito) confirmForgotPassword(ctx context.Context, code, newPassword string, opts []CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata, optUserContextData)
	if err != nil {
		return err
	}
	username := c.Username()
	switch {
	case username == "":
		return errNoUsername
	case code == "":
		return errNoCode
	case newPassword == "":
		return errNoNewPassword
	}
	_, err = c.pool.sdk.ConfirmForgotPassword(ctx, &cognitoidentityprovider.ConfirmForgotPasswordInput{
		ClientId: aws.String(c.pool.clientID), SecretHash: c.pool.secretHash(username), Username: aws.String(username),
		ConfirmationCode: aws.String(code), Password: aws.String(newPassword),
		ClientMetadata: call.metadata, UserContextData: call.userContext,
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
		_, err := c.pool.sdk.ChangePassword(ctx, &cognitoidentityprovider.ChangePasswordInput{
			AccessToken: token, PreviousPassword: optional(previous), ProposedPassword: aws.String(proposed),
		}, sendOnce)
		return err
	}))
}

var (
	errNoCode        = fieldError("code", "want the code, got none")
	errNoNewPassword = fieldError("new password", "want a password, got none")
)
