package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// adminCall is an administrative call about one user, who is always named in it: the session's own user plays no part.
func (c *Cognito) adminCall(op, username string, call func(poolID, username *string) error) error {
	if username == "" {
		return wrapError(op, errNoUsername)
	}
	return wrapError(op, call(aws.String(c.pool.id), aws.String(username)))
}

// AdminConfirmSignUp confirms the user username, who signed up, without a code. It takes the option [ClientMetadata];
// [ErrUserNotFound] is the usual error.
//
// It calls AdminConfirmSignUp, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminConfirmSignUp(ctx context.Context, username string, opts ...CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata)
	if err != nil {
		return wrapError("AdminConfirmSignUp", err)
	}
	return c.adminCall("AdminConfirmSignUp", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminConfirmSignUp(ctx, &cognitoidentityprovider.AdminConfirmSignUpInput{
			UserPoolId: poolID, Username: username, ClientMetadata: call.metadata,
		})
		return err
	})
}

// AdminUpdateProfile sets attributes of the user username; those that attrs does not name stay as they are, and an
// empty value deletes one. It may set email_verified and phone_number_verified; an address that is changed without is
// no longer verified. It takes the options [ClientMetadata] and [AttributeMap]; [ErrUserExists] says that an address is
// another user's.
//
// It calls AdminUpdateUserAttributes, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminUpdateProfile(ctx context.Context, username string, attrs Attributes, opts ...CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata, optAttributeMap)
	if err != nil {
		return wrapError("AdminUpdateProfile", err)
	}
	list, err := call.attributeList(attrs)
	if err != nil {
		return wrapError("AdminUpdateProfile", err)
	}
	return c.adminUpdateAttributes(ctx, "AdminUpdateProfile", username, list, call.metadata)
}

func (c *Cognito) adminUpdateAttributes(ctx context.Context, op, username string, list []types.AttributeType, metadata map[string]string) error {
	return c.adminCall(op, username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminUpdateUserAttributes(ctx, &cognitoidentityprovider.AdminUpdateUserAttributesInput{
			UserPoolId: poolID, Username: username, UserAttributes: list, ClientMetadata: metadata,
		})
		return err
	})
}

// AdminDeleteAttributes deletes attributes of the user username, by their names in the pool. [ErrUserNotFound] is the
// usual error.
//
// It calls AdminDeleteUserAttributes, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDeleteAttributes(ctx context.Context, username string, names ...string) error {
	if err := checkNames(names); err != nil {
		return wrapError("AdminDeleteAttributes", err)
	}
	return c.adminCall("AdminDeleteAttributes", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminDeleteUserAttributes(ctx, &cognitoidentityprovider.AdminDeleteUserAttributesInput{
			UserPoolId: poolID, Username: username, UserAttributeNames: names,
		})
		return err
	})
}

// AdminResetPassword makes the user username set a new password: the old one is void, and a code goes to the user, who
// then calls [Cognito.ConfirmForgotPassword]. Until then sign-ins fail with [ErrPasswordResetRequired]. It takes the
// option [ClientMetadata]; [ErrLimitExceeded] is the usual error. The request is not sent again after a failure that
// leaves open whether it was taken.
//
// It calls AdminResetUserPassword, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminResetPassword(ctx context.Context, username string, opts ...CallOption) error {
	call, err := newCallOptions(opts, optClientMetadata)
	if err != nil {
		return wrapError("AdminResetPassword", err)
	}
	return c.adminCall("AdminResetPassword", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminResetUserPassword(ctx, &cognitoidentityprovider.AdminResetUserPasswordInput{
			UserPoolId: poolID, Username: username, ClientMetadata: call.metadata,
		}, sendOnce)
		return err
	})
}

// AdminSetPassword sets the password of the user username. A permanent one makes the user confirmed; otherwise it is
// temporary, and the user must choose another at the next sign-in ([ErrNewPasswordRequired]). [ErrInvalidPassword] is
// the usual error.
//
// It calls AdminSetUserPassword, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminSetPassword(ctx context.Context, username, password string, permanent bool) error {
	if password == "" {
		return wrapError("AdminSetPassword", errNoNewPassword)
	}
	return c.adminCall("AdminSetPassword", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminSetUserPassword(ctx, &cognitoidentityprovider.AdminSetUserPasswordInput{
			UserPoolId: poolID, Username: username, Password: aws.String(password), Permanent: permanent,
		})
		return err
	})
}

// AdminDeleteUser deletes the user username. [ErrUserNotFound] is the usual error.
//
// It calls AdminDeleteUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDeleteUser(ctx context.Context, username string) error {
	return c.adminDeleteUser(ctx, "AdminDeleteUser", username)
}

func (c *Cognito) adminDeleteUser(ctx context.Context, op, username string) error {
	return c.adminCall(op, username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminDeleteUser(ctx, &cognitoidentityprovider.AdminDeleteUserInput{UserPoolId: poolID, Username: username})
		return err
	})
}

// AdminEnableUser lets the user username sign in again. [ErrUserNotFound] is the usual error.
//
// It calls AdminEnableUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminEnableUser(ctx context.Context, username string) error {
	return c.adminCall("AdminEnableUser", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminEnableUser(ctx, &cognitoidentityprovider.AdminEnableUserInput{UserPoolId: poolID, Username: username})
		return err
	})
}

// AdminDisableUser keeps the user username from signing in and revokes the user's tokens; tokens that others verify
// offline stay good until they expire. The user stays in lists. [ErrUserNotFound] is the usual error.
//
// It calls AdminDisableUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminDisableUser(ctx context.Context, username string) error {
	return c.adminCall("AdminDisableUser", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminDisableUser(ctx, &cognitoidentityprovider.AdminDisableUserInput{UserPoolId: poolID, Username: username})
		return err
	})
}

// AdminSignOut signs the user username out everywhere: all refresh tokens of the user die, and the service refuses the
// access tokens. Tokens that others verify offline stay good until they expire. [ErrUserNotFound] is the usual error.
//
// It calls AdminUserGlobalSignOut, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminSignOut(ctx context.Context, username string) error {
	return c.adminCall("AdminSignOut", username, func(poolID, username *string) error {
		_, err := c.pool.sdk.AdminUserGlobalSignOut(ctx, &cognitoidentityprovider.AdminUserGlobalSignOutInput{UserPoolId: poolID, Username: username})
		return err
	})
}
