package cognito

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// createOptions are the options of AdminCreateUser. A zero field was not given.
type createOptions struct {
	password string
	action   types.MessageActionType
	mediums  []types.DeliveryMediumType
}

// TemporaryPassword is the password that a new user signs in with once; see [Cognito.AdminCreateUser]. Without it, or
// if it is empty, the service makes one up; but where users can sign in with codes, a user whose address is verified
// gets no password, and is confirmed at once.
func TemporaryPassword(password string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optTemporaryPassword)
		o.create.password = password
	})
}

// MessageAction says what becomes of the invitation to a new user: SUPPRESS sends none, RESEND sends it again to one
// who has not signed in yet; see [Cognito.AdminCreateUser].
func MessageAction(action types.MessageActionType) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optMessageAction)
		if action == "" {
			o.refuse(optMessageAction, "want RESEND or SUPPRESS, got none")
		}
		o.create.action = action
	})
}

// DeliveryMediums says how the invitation to a new user is sent: SMS, EMAIL or both; see [Cognito.AdminCreateUser].
// Without it the service sends it by SMS.
func DeliveryMediums(mediums ...types.DeliveryMediumType) CallOption {
	mediums = slices.Clone(mediums)
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optDeliveryMediums)
		if len(mediums) == 0 {
			o.refuse(optDeliveryMediums, "want at least one of SMS and EMAIL, got none")
		}
		o.create.mediums = mediums
	})
}

// AdminCreateUser makes a user and invites it with a temporary password, which the user must change at the first
// sign-in ([ErrNewPasswordRequired]). In a pool whose users sign in with an e-mail address or a phone number that is
// the username. attrs may be nil; "email_verified": "true" spares the user a code. It takes the options
// [TemporaryPassword], [MessageAction], [DeliveryMediums], [ForceAliasCreation], [AttributeMap], [ClientMetadata] and
// [ValidationData]; [ErrUserExists] and [ErrInvalidPassword] are the usual errors. The session does not change. The
// request is not sent again after a failure that leaves open whether it was taken.
//
// It calls AdminCreateUser, which needs AWS credentials ([ErrNoCredentials]).
func (c *Cognito) AdminCreateUser(ctx context.Context, username string, attrs Attributes, opts ...CallOption) (*User, error) {
	call, err := newCallOptions(opts, optTemporaryPassword, optMessageAction, optDeliveryMediums, optForceAlias,
		optAttributeMap, optClientMetadata, optValidationData)
	if err != nil {
		return nil, wrapError("AdminCreateUser", err)
	}
	if attrs, err = call.attributes.toPool(attrs); err != nil {
		return nil, wrapError("AdminCreateUser", err)
	}
	var user *User
	err = c.adminCall("AdminCreateUser", username, func(poolID, username *string) error {
		out, err := c.pool.sdk.AdminCreateUser(ctx, &cognitoidentityprovider.AdminCreateUserInput{
			UserPoolId: poolID, Username: username, UserAttributes: attrs.list(),
			TemporaryPassword: optional(call.create.password), MessageAction: call.create.action,
			DesiredDeliveryMediums: call.create.mediums, ForceAliasCreation: call.forceAlias,
			ClientMetadata: call.metadata, ValidationData: call.validationData,
		}, sendOnce)
		if err != nil {
			return err
		}
		if out.User == nil {
			return errors.New("the service's answer: want a user, got none")
		}
		user, err = c.userFromType(*out.User, call.attributes)
		return err
	})
	return user, err
}
