package cognito

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// createOptions are the options of AdminCreateUser. A zero field was not given.
type createOptions struct {
	password string
	action   types.MessageActionType
	mediums  []types.DeliveryMediumType
}

// TemporaryPassword is the password that a new user signs in with once; see [Cognito.AdminCreateUser]. Without it, or
// if it is empty, the service makes one up.
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
