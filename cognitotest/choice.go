package cognitotest

import "slices"

// startChoice begins USER_AUTH: with the session of a sign-up that was just confirmed, with the factor that the
// client prefers, or with the question which one it shall be.
func (p *pool) startChoice(r *authRequest) (authOutput, error) {
	if err := r.check(paramUsername); err != nil {
		return authOutput{}, err
	}
	if r.session != "" {
		return p.autoSignIn(r)
	}
	factor := r.params[paramPreferred]
	if factor == challengePassword {
		if err := p.migrate(r); err != nil {
			return authOutput{}, err
		}
	}
	l, err := p.identify(r, flowChoice)
	if err != nil {
		return authOutput{}, err
	}
	offered := p.firstFactors(l.user)
	switch {
	case slices.Contains(offered, factor):
		return p.beginFactor(l, factor, r.params)
	case l.user == nil && slices.Contains(offered, challengeEmail):
		return p.beginFactor(l, challengeEmail, r.params)
	case len(offered) == 0:
		return authOutput{}, errNoFactor
	default:
		return p.askSelect(l, offered), nil
	}
}

// autoSignIn signs in who has just confirmed a sign-up.
func (p *pool) autoSignIn(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, afterConfirmation)
	if err != nil {
		return authOutput{}, err
	}
	l := s.login
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	if err := p.mayEnter(l.user); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	s.used = true
	return p.secondFactor(l)
}

// firstFactors are what a user can begin with; for one who does not exist, what somebody might.
func (p *pool) firstFactors(u *user) []string {
	var offered []string
	for _, factor := range p.cfg.FirstFactors {
		if u != nil && !p.mayBegin(u, factor) || u == nil && factor == challengeWebAuthn {
			continue
		}
		if factor == challengePassword {
			offered = append(offered, challengePasswordSRP)
		}
		offered = append(offered, factor)
	}
	return offered
}

// mayBegin reports whether a user may begin with a factor. Codes alone are too little for who uses MFA, and so are
// passkeys, unless they are made for it.
func (p *pool) mayBegin(u *user, factor string) bool {
	switch {
	case !u.has(factor):
		return false
	case factor == challengePassword:
		return true
	case u.status == statusForceChange:
		return false
	case factor == challengeWebAuthn:
		return !p.usesMFA(u) || p.cfg.WebAuthn.MultiFactor && u.passkeyMFA
	default:
		return !p.usesMFA(u)
	}
}

// beginFactor asks for a first factor, or checks it where it came along.
func (p *pool) beginFactor(l *login, factor string, params map[string]string) (authOutput, error) {
	switch factor {
	case challengePassword:
		if err := required(params, paramPassword); err != nil {
			return authOutput{}, err
		}
		return p.provePassword(l, params[paramPassword])
	case challengePasswordSRP:
		if err := checkSRPA(params); err != nil {
			return authOutput{}, err
		}
		return p.askProof(l, params[paramSRPA])
	case challengeWebAuthn:
		return p.askPasskey(l)
	default:
		return p.beginOTP(l, factor)
	}
}

// beginOTP delivers a code as the first factor. Confirming an address is among what it does, so a user who has not
// done that yet gets one, too.
func (p *pool) beginOTP(l *login, factor string) (authOutput, error) {
	if l.user != nil && l.user.status != statusUnconfirmed {
		if err := p.mayEnter(l.user); err != nil {
			return authOutput{}, err
		}
	}
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	address := attrEmail
	if factor == challengeSMSOTP {
		address = attrPhone
	}
	return p.askCode(l, &challengeSession{challenge: factor, address: address, first: true}, otpDigits), nil
}

// askSelect lets the user choose a first factor.
func (p *pool) askSelect(l *login, offered []string) authOutput {
	out := p.challenge(&challengeSession{login: l, challenge: challengeSelect, options: offered}, map[string]string{})
	out.AvailableChallenges = offered
	return out
}

// answerSelect takes a choice, or a choice and the proof at once.
func (p *pool) answerSelect(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeSelect, challengeWebAuthn)
	if err != nil {
		return authOutput{}, err
	}
	if err := required(r.params, paramAnswer); err != nil {
		return authOutput{}, err
	}
	factor := r.params[paramAnswer]
	switch {
	case !slices.Contains(s.options, factor):
		return authOutput{}, errSelection
	case factor == challengePassword && r.params[paramPassword] == "":
		s.used = true
		return p.challenge(&challengeSession{login: s.login, challenge: factor, options: []string{factor}}, map[string]string{}), nil
	case factor == challengeWebAuthn && r.params[paramCredential] != "":
		return p.answerPasskey(s, r.params)
	}
	return p.continueWith(s, factor, r.params)
}

// continueWith spends a session on a first factor, unless that fails.
func (p *pool) continueWith(s *challengeSession, factor string, params map[string]string) (authOutput, error) {
	out, err := p.beginFactor(s.login, factor, params)
	s.used = err == nil
	return out, err
}

// answerFirst takes the proof of a first factor under the factor's own name.
func (p *pool) answerFirst(factor string, r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, factor, challengeSelect)
	switch {
	case err != nil:
		return authOutput{}, err
	case !slices.Contains(s.options, factor):
		return authOutput{}, errSelection
	case factor == challengeWebAuthn:
		if err := required(r.params, paramCredential); err != nil {
			return authOutput{}, err
		}
		return p.answerPasskey(s, r.params)
	default:
		return p.continueWith(s, factor, r.params)
	}
}
