package cognito_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

func TestChallengeRoundTrip(t *testing.T) {
	t.Parallel()
	ch := cognito.Challenge{
		Name: "SELECT_CHALLENGE", Session: "session", Username: "bob", Parameters: map[string]string{"a": "b"},
		Available: []types.ChallengeNameType{"PASSWORD", "WEB_AUTHN"}, Admin: true,
	}
	raw, err := json.Marshal(ch)
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"SELECT_CHALLENGE","session":"session","username":"bob","parameters":{"a":"b"},"available":["PASSWORD","WEB_AUTHN"],"admin":true}`, string(raw))
	var back cognito.Challenge
	require.NoError(t, json.Unmarshal(raw, &back))
	assert.Equal(t, ch, back)

	// What is handed out is a copy.
	c, err := cognito.New(testPool, testClient, cognito.WithChallenge(ch))
	require.NoError(t, err)
	got, _ := c.Challenge()
	got.Available[0], got.Parameters["a"] = "X", "X"
	again, _ := c.Challenge()
	assert.Equal(t, back, again)
}

func TestChallengeAccessors(t *testing.T) {
	t.Parallel()
	ch := func(name types.ChallengeNameType, params map[string]string) cognito.Challenge {
		return cognito.Challenge{Name: name, Parameters: params}
	}
	sms := ch("SMS_MFA", map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******4567"})
	assert.Equal(t, &cognito.CodeDelivery{Medium: "SMS", Destination: "+*******4567"}, sms.Delivery())
	assert.Nil(t, sms.Options())
	assert.Nil(t, sms.RequiredAttributes())
	assert.Nil(t, sms.CurrentAttributes())
	assert.Nil(t, sms.CredentialRequestOptions())

	totp := ch("SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "phone"})
	assert.Equal(t, "phone", totp.DeviceName())
	assert.Nil(t, totp.Delivery())

	assert.Equal(t, []types.ChallengeNameType{"SMS_MFA", "EMAIL_OTP"}, ch("SELECT_MFA_TYPE", map[string]string{"MFAS_CAN_CHOOSE": `["SMS_MFA","EMAIL_OTP"]`}).Options())
	assert.Equal(t, []types.ChallengeNameType{"SOFTWARE_TOKEN_MFA"}, ch("MFA_SETUP", map[string]string{"MFAS_CAN_SETUP": `["SOFTWARE_TOKEN_MFA"]`}).Options())
	assert.Nil(t, ch("SELECT_MFA_TYPE", map[string]string{"MFAS_CAN_CHOOSE": `nonsense`}).Options())

	fresh := ch("NEW_PASSWORD_REQUIRED", map[string]string{
		"requiredAttributes": `["userAttributes.given_name"]`, "userAttributes": `{"email":"fay@example.com"}`,
	})
	assert.Equal(t, []string{"given_name"}, fresh.RequiredAttributes())
	assert.Equal(t, cognito.Attributes{"email": "fay@example.com"}, fresh.CurrentAttributes())
	assert.Nil(t, ch("NEW_PASSWORD_REQUIRED", map[string]string{"requiredAttributes": `[]`}).RequiredAttributes())

	passkey := ch("WEB_AUTHN", map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `{"timeout":180000,  "x": {}}`})
	assert.Equal(t, passkey.Parameters["CREDENTIAL_REQUEST_OPTIONS"], string(passkey.CredentialRequestOptions()))

	assert.Nil(t, ch("WEB_AUTHN", map[string]string{"CREDENTIAL_REQUEST_OPTIONS": `{"timeout":`}).CredentialRequestOptions())

	custom := ch("CUSTOM_CHALLENGE", map[string]string{"USERNAME": "bob", "USER_ID_FOR_SRP": "bob", "question": "?"})
	assert.Equal(t, map[string]string{"question": "?"}, custom.PublicParameters())
	assert.Len(t, custom.Parameters, 3, "the challenge keeps what it has")
}
