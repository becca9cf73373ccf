package cognito

import (
	"encoding/json"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// AccessClaims are the claims of a verified access token: what its bearer may do. The embedded
// [jwt.RegisteredClaims] hold iss, sub, exp, iat and jti.
type AccessClaims struct {
	jwt.RegisteredClaims

	// TokenUse is "access".
	TokenUse TokenUse `json:"token_use"`
	// Username is the user's name as the pool knows it, not an alias.
	Username string `json:"username"`
	// ClientID is the app client that the token was issued to.
	ClientID string `json:"client_id"`
	// Scope is the scopes, separated by spaces; see [AccessClaims.Scopes].
	Scope string `json:"scope"`
	// Groups are the names of the user's groups; nil when there are none.
	Groups []string `json:"cognito:groups,omitempty"`
	// AuthTime is when the user signed in; a refresh does not change it.
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	// OriginID is the same for all tokens of one sign-in; "" where the app client has revocation off.
	OriginID string `json:"origin_jti,omitempty"`
	// EventID is the sign-in's ID in the service's logs.
	EventID string `json:"event_id,omitempty"`
	// DeviceKey is the remembered device that the user signed in with; "" without one.
	DeviceKey string `json:"device_key,omitempty"`
}

// Scopes returns the single scopes; nil when there are none.
func (c *AccessClaims) Scopes() []string {
	if c.Scope == "" {
		return nil
	}
	return strings.Fields(c.Scope)
}

// IDClaims are the claims of a verified ID token: who its bearer is. The embedded [jwt.RegisteredClaims] hold
// iss, sub, aud, exp, iat and jti.
type IDClaims struct {
	jwt.RegisteredClaims

	// TokenUse is "id".
	TokenUse TokenUse `json:"token_use"`
	// Username is the user's name as the pool knows it, not an alias.
	Username string `json:"cognito:username"`
	// Groups are the names of the user's groups; nil when there are none.
	Groups []string `json:"cognito:groups,omitempty"`
	// AuthTime is when the user signed in; a refresh does not change it.
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	// OriginID is the same for all tokens of one sign-in; "" where the app client has revocation off.
	OriginID string `json:"origin_jti,omitempty"`
	// EventID is the sign-in's ID in the service's logs.
	EventID string `json:"event_id,omitempty"`
	// Email is the e-mail address, and EmailVerified whether the user proved to have it.
	Email         string `json:"email,omitempty"`
	EmailVerified bool   `json:"-"`
	// PhoneNumber is the phone number, and PhoneNumberVerified whether the user proved to have it.
	PhoneNumber         string `json:"phone_number,omitempty"`
	PhoneNumberVerified bool   `json:"-"`
	// All is every claim of the token by its name, those above included: standard attributes such as
	// "given_name", custom ones such as "custom:team" (always text), and what a Lambda function added.
	All map[string]any `json:"-"`
}

// UnmarshalJSON decodes the claims. email_verified and phone_number_verified are taken as a JSON bool or as
// text, which pools with federated users send.
func (c *IDClaims) UnmarshalJSON(data []byte) error {
	type plain IDClaims
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &c.All); err != nil {
		return err
	}
	c.EmailVerified = isTrue(c.All["email_verified"])
	c.PhoneNumberVerified = isTrue(c.All["phone_number_verified"])
	return nil
}

// Custom returns the custom attribute name, given without "custom:"; it is "" when the token does not have it.
func (c *IDClaims) Custom(name string) string {
	text, _ := c.All[customPrefix+name].(string)
	return text
}

func isTrue(v any) bool { return v == true || v == "true" }
