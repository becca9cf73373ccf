package cognitotest

import (
	"maps"
	"slices"
)

// How many digits codes have: those for a second factor, for sign-up and so on, and those of the first factors.
const (
	mfaDigits = 6
	otpDigits = 8
)

// codeKeys are the keys of the answers that are codes.
var codeKeys = map[string]string{
	challengeSMS: "SMS_MFA_CODE", challengeTOTP: "SOFTWARE_TOKEN_MFA_CODE", challengeEmail: "EMAIL_OTP_CODE",
	challengeSMSOTP: "SMS_OTP_CODE",
}

// askCode delivers a code to the address of s and asks for it. For a user who does not exist it goes nowhere.
func (p *pool) askCode(l *login, s *challengeSession, digits int) authOutput {
	s.login, s.code = l, newCode(digits)
	sent := delivery(s.address, p.fold(l.typed))
	if l.user != nil {
		if s.value == "" {
			s.value = l.user.attributes[s.address]
		}
		sent = p.deliver(l.user, purposeFactor, s.address, s.value, s.code)
	}
	out := p.challenge(s, map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": sent.DeliveryMedium, "CODE_DELIVERY_DESTINATION": sent.Destination, paramUserID: l.username,
	})
	if s.first {
		out.AvailableChallenges = []string{s.challenge}
	}
	return out
}

// answerCode checks a code. Wrong ones count as wrong passwords do, on a count of their own.
func (p *pool) answerCode(challenge string, r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challenge)
	if err != nil {
		return authOutput{}, err
	}
	key := codeKeys[challenge]
	if err := required(r.params, key); err != nil {
		return authOutput{}, err
	}
	l, count := s.login, "code "+s.login.username
	if p.lockedOut(count) {
		return authOutput{}, errLockedOut
	}
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	if err := p.verifyCode(s, r.params[key]); err != nil {
		p.failed(count)
		return authOutput{}, err
	}
	p.succeeded(count)
	s.used = true
	p.proveAddress(s)
	if s.first {
		return p.afterOTP(l)
	}
	return p.afterFactor(l, challenge)
}

func (p *pool) verifyCode(s *challengeSession, code string) error {
	switch {
	case s.login.user == nil:
		return errOTP
	case s.challenge == challengeTOTP && s.login.user.token == nil:
		return errNoTOTP
	case s.challenge == challengeTOTP:
		return s.login.user.token.check(code, p.now())
	case s.code != code:
		return errOTP
	default:
		return nil
	}
}

// proveAddress notes that who answered s reads what is sent to its address.
func (p *pool) proveAddress(s *challengeSession) {
	u := s.login.user
	if s.address == "" {
		return
	}
	if s.login.user.attributes[s.address] == "" { // MFA_SETUP with an address
		attributes := maps.Clone(u.attributes)
		attributes[s.address] = s.value
		p.setAttributes(u, attributes)
		u.factors = append(slices.Clone(u.factors), challengeEmail)
	}
	if u.attributes[s.address] == s.value {
		u.attributes[s.address+verifiedSuffix] = "true"
		u.modified = p.now()
	}
}

// afterOTP is what comes after a code as the first factor: it confirms a new user, and it is not offered to users
// with MFA.
func (p *pool) afterOTP(l *login) (authOutput, error) {
	if l.user.status == statusUnconfirmed {
		l.user.status = statusConfirmed
		delete(l.user.codes, purposeSignUp)
	}
	return p.lastStep(l)
}
