package cognitotest

import "slices"

// The ways of proving who one is, as the claim amr names them.
const (
	methodPassword = "pwd"
	methodTOTP     = "otp"
	methodSMS      = "sms"
	methodEmail    = "email_otp"
	methodPasskey  = "swk"
)

// codeMethods are the methods of the challenges for codes.
var codeMethods = map[string]string{
	challengeTOTP: methodTOTP, challengeSMS: methodSMS, challengeSMSOTP: methodSMS, challengeEmail: methodEmail,
}

// proved notes a method that the user has completed.
func (l *login) proved(method string) {
	if !slices.Contains(l.methods, method) {
		l.methods = append(slices.Clone(l.methods), method)
	}
}
