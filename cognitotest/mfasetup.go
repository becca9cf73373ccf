package cognitotest

import (
	"encoding/json"
	"slices"
)

// askSetup asks a user who has no second factor, where one is required, to set one up.
func (p *pool) askSetup(l *login) (authOutput, error) {
	if !slices.Contains(p.cfg.MFAFactors, challengeTOTP) && !slices.Contains(p.cfg.MFAFactors, challengeEmail) {
		return authOutput{}, errNoSetup
	}
	list, err := json.Marshal(p.cfg.MFAFactors)
	if err != nil {
		return authOutput{}, err
	}
	return p.challenge(&challengeSession{login: l, challenge: challengeSetup}, map[string]string{
		"MFAS_CAN_SETUP": string(list), paramUserID: l.username,
	}), nil
}

// answerSetup ends the set-up of a software token, or begins that of an e-mail address.
func (p *pool) answerSetup(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeSetup)
	if err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(s.login); err != nil {
		return authOutput{}, err
	}
	l, address := s.login, r.params[paramEmail]
	switch {
	case s.ready:
		s.used = true
		return p.afterFactor(l, challengeTOTP)
	case address == "":
		return authOutput{}, errTOTPUnverified
	case !slices.Contains(p.cfg.MFAFactors, challengeEmail):
		return authOutput{}, errSelection
	case l.user.attributes[attrEmail] != "":
		return authOutput{}, notAuthorized("Cannot modify an already provided " + attrEmail)
	case !isEmail(address):
		return authOutput{}, errEmailForm
	}
	s.used = true
	return p.askCode(l, &challengeSession{challenge: challengeEmail, address: attrEmail, value: address}, mfaDigits), nil
}

type associateInput struct{ AccessToken, Session string }

type associateOutput struct {
	SecretCode string
	Session    string `json:",omitempty"`
}

// associateSoftwareToken begins the set-up of a software token, signed in or on the way to that.
func (p *pool) associateSoftwareToken(in *associateInput) (associateOutput, error) {
	u, s, err := p.setupUser(in.AccessToken, in.Session)
	if err != nil {
		return associateOutput{}, err
	}
	token := &softwareToken{secret: newSecret()}
	out := associateOutput{SecretCode: encodeSecret(token.secret)}
	u.newToken = token
	if s != nil {
		s.used = true
		out.Session = p.newSession(&challengeSession{login: s.login, challenge: challengeSetup, token: token})
	}
	return out, nil
}

// setupUser finds whose software token a request is about, by an access token or by the session of MFA_SETUP.
func (p *pool) setupUser(accessToken, handle string) (*user, *challengeSession, error) {
	v := &validation{}
	v.session(handle)
	if err := v.err(); err != nil {
		return nil, nil, err
	}
	if (accessToken == "") == (handle == "") {
		return nil, nil, invalidParameter("Only one of access token and session must be provided.") // the service's text is not known
	}
	u, s := (*user)(nil), (*challengeSession)(nil)
	if handle == "" {
		var err error
		if u, _, err = p.authorize(accessToken); err != nil {
			return nil, nil, err
		}
	} else {
		if s = p.sessions[handle]; s == nil || s.challenge != challengeSetup || s.ready {
			return nil, nil, errSession
		}
		if err := p.usable(s); err != nil {
			return nil, nil, err
		}
		u = s.login.user
	}
	if p.cfg.MFA == mfaOff || !slices.Contains(p.cfg.MFAFactors, challengeTOTP) {
		return nil, nil, errNoTOTP
	}
	return u, s, nil
}

type verifyTokenInput struct {
	AccessToken, Session, UserCode, FriendlyDeviceName string
}

type verifyTokenOutput struct {
	Status  string
	Session string `json:",omitempty"`
}

// verifySoftwareToken ends the set-up of a software token.
func (p *pool) verifySoftwareToken(in *verifyTokenInput) (verifyTokenOutput, error) {
	v := &validation{}
	v.length("userCode", in.UserCode, 6, 6)
	if err := v.err(); err != nil {
		return verifyTokenOutput{}, err
	}
	u, s, err := p.setupUser(in.AccessToken, in.Session)
	if err != nil {
		return verifyTokenOutput{}, err
	}
	token := u.newToken
	if s != nil {
		token = s.token
	}
	if token == nil {
		return verifyTokenOutput{}, errTOTPMissing
	}
	count := "code " + u.username
	if p.lockedOut(count) {
		return verifyTokenOutput{}, errLockedOut
	}
	if err := token.check(in.UserCode, p.now()); err != nil {
		p.failed(count)
		return verifyTokenOutput{}, errEnableTOTP
	}
	p.succeeded(count)
	token.name = in.FriendlyDeviceName
	u.token, u.newToken, u.modified = token, nil, p.now()
	out := verifyTokenOutput{Status: "SUCCESS"}
	if s != nil {
		s.used = true
		if !slices.Contains(u.factors, challengeTOTP) {
			u.factors = append(slices.Clone(u.factors), challengeTOTP)
		}
		out.Session = p.newSession(&challengeSession{login: s.login, challenge: challengeSetup, ready: true})
	}
	return out, nil
}
