package cognitotest

import "slices"

// Whether a pool asks for second factors.
const (
	mfaOff      = "OFF"
	mfaOptional = "OPTIONAL"
	mfaOn       = "ON"
)

// The challenges that are factors.
const (
	challengeSMS      = "SMS_MFA"
	challengeTOTP     = "SOFTWARE_TOKEN_MFA"
	challengeEmail    = "EMAIL_OTP" // the second factor, and a first one
	challengeSMSOTP   = "SMS_OTP"
	challengePassword = "PASSWORD"
	challengeWebAuthn = "WEB_AUTHN"
)

// addFactors gives a user that a test adds its second factors. It panics when the user cannot have them.
func (p *pool) addFactors(added *user, u *User) {
	factors := slices.Clone(u.MFA)
	if u.TOTPSecret != "" && factors == nil {
		factors = []string{challengeTOTP}
	}
	checkNames("User.MFA", factors, p.cfg.MFAFactors...)
	if u.PreferredMFA != "" {
		checkNames("User.PreferredMFA", []string{u.PreferredMFA}, factors...)
	}
	if u.TOTPSecret != "" || slices.Contains(factors, challengeTOTP) {
		added.token = &softwareToken{secret: newSecret()}
	}
	if u.TOTPSecret != "" {
		secret, err := decodeSecret(u.TOTPSecret)
		if err != nil {
			panic("cognitotest: User.TOTPSecret: want base32")
		}
		added.token.secret = secret
	}
	for factor, attr := range map[string]string{challengeSMS: attrPhone, challengeEmail: attrEmail} {
		if slices.Contains(factors, factor) && added.attributes[attr] == "" {
			panic("cognitotest: User.MFA: " + factor + " wants the attribute " + attr)
		}
	}
	added.factors, added.preferred = factors, u.PreferredMFA
}
