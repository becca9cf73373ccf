package cognitotest

import (
	"encoding/json"
	"slices"
)

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

// secondFactor asks for what comes after the first factor.
func (p *pool) secondFactor(l *login) (authOutput, error) {
	switch {
	case l.bothFactors:
		return p.lastStep(l)
	case p.replacesMFA(l.device):
		return p.askDevice(l)
	}
	factors := p.secondFactors(l.user)
	switch {
	case len(factors) == 0 && p.cfg.MFA == mfaOn:
		return p.askSetup(l)
	case len(factors) == 0:
		return p.lastStep(l)
	case slices.Contains(factors, l.user.preferred):
		return p.askFactor(l, l.user.preferred)
	case len(factors) == 1:
		return p.askFactor(l, factors[0])
	default:
		return p.askSelectMFA(l, factors)
	}
}

// secondFactors are what a user may be asked for: what the user enabled, or where MFA is required what there is.
func (p *pool) secondFactors(u *user) []string {
	if p.cfg.MFA == mfaOff {
		return nil
	}
	var enabled, there []string
	for _, factor := range []string{challengeSMS, challengeTOTP, challengeEmail} {
		if !p.canUse(u, factor) {
			continue
		}
		there = append(there, factor)
		if slices.Contains(u.factors, factor) {
			enabled = append(enabled, factor)
		}
	}
	if len(enabled) == 0 && p.cfg.MFA == mfaOn {
		return there
	}
	return enabled
}

// canUse reports whether the pool has a factor and the user has what it takes.
func (p *pool) canUse(u *user, factor string) bool {
	switch factor {
	case challengeTOTP:
		return u.token != nil
	case challengeSMS:
		return slices.Contains(p.cfg.MFAFactors, factor) && u.attributes[attrPhone] != ""
	default:
		return slices.Contains(p.cfg.MFAFactors, factor) && u.attributes[attrEmail] != ""
	}
}

// usesMFA reports whether a password is not enough for a user.
func (p *pool) usesMFA(u *user) bool { return p.cfg.MFA == mfaOn || len(p.secondFactors(u)) > 0 }

// askFactor asks for a second factor.
func (p *pool) askFactor(l *login, factor string) (authOutput, error) {
	switch factor {
	case challengeSMS:
		return p.askCode(l, &challengeSession{challenge: factor, address: attrPhone}, mfaDigits), nil
	case challengeEmail:
		return p.askCode(l, &challengeSession{challenge: factor, address: attrEmail}, mfaDigits), nil
	}
	params := map[string]string{paramUserID: l.username}
	if l.user.token.name != "" {
		params["FRIENDLY_DEVICE_NAME"] = l.user.token.name
	}
	return p.challenge(&challengeSession{login: l, challenge: factor}, params), nil
}

// afterFactor is what comes after a second factor.
func (p *pool) afterFactor(l *login, factor string) (authOutput, error) {
	if l.flow != flowCustom {
		return p.lastStep(l)
	}
	l.rounds = append(slices.Clone(l.rounds), ChallengeResult{Name: factor, Passed: true})
	return p.nextRound(l)
}

// lastStep is what comes after all factors: the proof of a device that is remembered, or tokens.
func (p *pool) lastStep(l *login) (authOutput, error) {
	if l.user != nil && l.device != nil && l.device.remembered {
		return p.askDevice(l)
	}
	return p.finish(l)
}

// askSelectMFA lets the user choose a second factor.
func (p *pool) askSelectMFA(l *login, factors []string) (authOutput, error) {
	list, err := json.Marshal(factors)
	if err != nil {
		return authOutput{}, err
	}
	s := &challengeSession{login: l, challenge: challengeSelectMFA, options: factors}
	return p.challenge(s, map[string]string{"MFAS_CAN_CHOOSE": string(list), paramUserID: l.username}), nil
}

func (p *pool) answerSelectMFA(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeSelectMFA)
	if err != nil {
		return authOutput{}, err
	}
	if err := required(r.params, paramAnswer); err != nil {
		return authOutput{}, err
	}
	factor := r.params[paramAnswer]
	if !slices.Contains(s.options, factor) || !slices.Contains(p.secondFactors(s.login.user), factor) {
		return authOutput{}, errSelection
	}
	s.used = true
	return p.askFactor(s.login, factor)
}

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
