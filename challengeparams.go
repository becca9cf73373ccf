package cognito

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Delivery says where the code of SMS_MFA, EMAIL_OTP or SMS_OTP went, without the attribute that the address is in; nil
// when the challenge does not say.
func (ch Challenge) Delivery() *CodeDelivery {
	medium, destination := ch.Parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], ch.Parameters["CODE_DELIVERY_DESTINATION"]
	if medium == "" && destination == "" {
		return nil
	}
	return &CodeDelivery{Medium: types.DeliveryMediumType(medium), Destination: destination}
}

// Options are what there is to choose from: the second factors of SELECT_MFA_TYPE, the first factors of
// SELECT_CHALLENGE, and the second factors that can be set up with MFA_SETUP. It is nil where the challenge does not
// say.
func (ch Challenge) Options() []types.ChallengeNameType {
	switch ch.Name {
	case types.ChallengeNameTypeSelectChallenge:
		return slices.Clone(ch.Available)
	case types.ChallengeNameTypeSelectMfaType:
		return parameterJSON[[]types.ChallengeNameType](ch, "MFAS_CAN_CHOOSE")
	case types.ChallengeNameTypeMfaSetup:
		return parameterJSON[[]types.ChallengeNameType](ch, "MFAS_CAN_SETUP")
	default:
		return nil
	}
}

// RequiredAttributes are the names of the attributes that NEW_PASSWORD_REQUIRED wants, such as "given_name"; nil when
// it wants none.
func (ch Challenge) RequiredAttributes() []string {
	if ch.Name != types.ChallengeNameTypeNewPasswordRequired {
		return nil
	}
	var names []string
	for _, name := range parameterJSON[[]string](ch, "requiredAttributes") {
		names = append(names, strings.TrimPrefix(name, attributePrefix))
	}
	return names
}

// CurrentAttributes are the attributes that the user of NEW_PASSWORD_REQUIRED has; nil when the challenge does not say.
func (ch Challenge) CurrentAttributes() Attributes {
	if ch.Name != types.ChallengeNameTypeNewPasswordRequired {
		return nil
	}
	return parameterJSON[Attributes](ch, "userAttributes")
}

// CredentialRequestOptions are the PublicKeyCredentialRequestOptionsJSON of WEB_AUTHN, for the browser's
// navigator.credentials.get: exactly what the service sent. It is nil when there are none, or what was sent is no JSON.
func (ch Challenge) CredentialRequestOptions() json.RawMessage {
	options := json.RawMessage(ch.Parameters["CREDENTIAL_REQUEST_OPTIONS"])
	if !json.Valid(options) {
		return nil
	}
	return options
}

// DeviceName is the name that the user gave the authenticator app of SOFTWARE_TOKEN_MFA; "" when there is none.
func (ch Challenge) DeviceName() string { return ch.Parameters["FRIENDLY_DEVICE_NAME"] }

// PublicParameters are what the pool's Lambda function gave a CUSTOM_CHALLENGE for the user; empty when it gave none.
func (ch Challenge) PublicParameters() map[string]string {
	public := maps.Clone(ch.Parameters)
	delete(public, keyUsername)
	delete(public, keyUserIDForSRP)
	return public
}

// parameterJSON reads a parameter that is itself JSON. What cannot be read is as good as absent: the service decides
// what it accepts.
func parameterJSON[T any](ch Challenge, name string) T {
	var v T
	if err := json.Unmarshal([]byte(ch.Parameters[name]), &v); err != nil {
		var none T
		return none
	}
	return v
}
