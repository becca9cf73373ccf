package cognitotest

import "github.com/gocognito/cognito/internal/srp"

// replacesMFA reports whether d spares its user the second factor.
func (p *pool) replacesMFA(d *device) bool {
	return d != nil && d.remembered && p.cfg.Devices != nil && p.cfg.Devices.ChallengeRequiredOnNewDevice
}

// askDevice asks for the proof of the device that the client named.
func (p *pool) askDevice(l *login) (authOutput, error) {
	s := &challengeSession{login: l, challenge: challengeDevice, device: l.device}
	return p.challenge(s, map[string]string{
		paramDeviceKey: l.device.key, paramUsername: l.username, paramUserID: l.username,
	}), nil
}

// answerDevice begins the proof of a device. The service's own clients leave the session out.
func (p *pool) answerDevice(r *authRequest) (authOutput, error) {
	if err := required(r.params, paramDeviceKey); err != nil {
		return authOutput{}, err
	}
	if err := checkSRPA(r.params); err != nil {
		return authOutput{}, err
	}
	if r.session == "" {
		if r.session = p.pendingDevice(r); r.session == "" {
			return authOutput{}, errSession
		}
	}
	s, err := p.openSession(r, challengeDevice)
	if err != nil {
		return authOutput{}, err
	}
	l := s.login
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	if l.device != s.device {
		return authOutput{}, errNoDevice
	}
	s.used = true
	attempt := &proof{
		login: l, device: l.device, id: srp.Identity{Namespace: l.device.group, Name: l.device.key},
		bigA: r.params[paramSRPA], server: srp.NewServer(l.device.verifier),
	}
	out := p.challenge(&challengeSession{login: l, challenge: challengeDeviceVerifier}, map[string]string{
		"SALT": attempt.server.Salt(), "SRP_B": attempt.server.PublicKey(), "SECRET_BLOCK": p.remember(attempt),
		paramUsername: l.username, paramDeviceKey: l.device.key,
	})
	attempt.session = out.Session
	return out, nil
}

// pendingDevice finds the session of an answer that names none: that of the device's own sign-in.
func (p *pool) pendingDevice(r *authRequest) string {
	for handle, s := range p.sessions {
		if s.challenge == challengeDevice && p.usable(s) == nil && s.login.client.ID == r.client.ID && s.login.admin == r.admin &&
			s.device.key == r.params[paramDeviceKey] && s.login.username == r.params[paramUsername] {
			return handle
		}
	}
	return ""
}

// answerDeviceProof checks the proof of a device, the last step of its sign-in.
func (p *pool) answerDeviceProof(r *authRequest) (authOutput, error) {
	if err := required(r.params, paramDeviceKey); err != nil {
		return authOutput{}, err
	}
	attempt, err := p.openProof(r, challengeDeviceVerifier)
	if err != nil {
		return authOutput{}, err
	}
	l := attempt.login
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	if l.device != attempt.device || !attempt.verify(r.params) {
		return authOutput{}, errWrongPassword
	}
	p.spend(attempt)
	l.device.authenticated, l.source = p.now(), "TokenGeneration_AuthenticateDevice"
	return p.finish(l)
}
