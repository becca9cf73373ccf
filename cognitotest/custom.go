package cognitotest

import (
	"maps"
	"slices"

	"github.com/gocognito/cognito/internal/srp"
)

// startCustom begins CUSTOM_AUTH, which the triggers lead; with CHALLENGE_NAME SRP_A they may ask for the password.
func (p *pool) startCustom(r *authRequest) (authOutput, error) {
	if err := r.check(paramUsername); err != nil {
		return authOutput{}, err
	}
	t := &p.cfg.Triggers
	if t.DefineAuthChallenge == nil || t.CreateAuthChallenge == nil || t.VerifyAuthChallenge == nil {
		return authOutput{}, errNoTriggers
	}
	bySRP := r.params[paramChallengeName] == paramSRPA
	if bySRP {
		if err := checkSRPA(r.params); err != nil {
			return authOutput{}, err
		}
	}
	l, err := p.identify(r, flowCustom)
	if err != nil {
		return authOutput{}, err
	}
	if bySRP {
		l.bigA, l.rounds = r.params[paramSRPA], []ChallengeResult{{Name: paramSRPA, Passed: true}}
		return p.nextRound(l)
	}
	if l.user != nil {
		if err := p.mayEnter(l.user); err != nil {
			return authOutput{}, err
		}
	}
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	return p.nextRound(l)
}

func checkSRPA(params map[string]string) error {
	if err := required(params, paramSRPA); err != nil {
		return err
	}
	if err := srp.CheckPublicKey(params[paramSRPA]); err != nil {
		return invalidParameter(err.Error())
	}
	return nil
}

// nextRound does what DefineAuthChallenge decides.
func (p *pool) nextRound(l *login) (authOutput, error) {
	event := &DefineAuthChallengeEvent{
		TriggerEvent: p.loginEvent("DefineAuthChallenge_Authentication", l), Session: slices.Clone(l.rounds),
	}
	if err := trigger("DefineAuthChallenge", p.cfg.Triggers.DefineAuthChallenge, event); err != nil {
		return authOutput{}, err
	}
	switch name := event.ChallengeName; {
	case event.FailAuthentication:
		return authOutput{}, errWrongPassword
	case event.IssueTokens:
		return p.lastStep(l)
	case name == challengeCustom:
		return p.createChallenge(l)
	case name == challengePasswordVerifier && len(l.rounds) == 1 && l.bigA != "":
		return p.askProof(l, l.bigA)
	case l.user != nil && slices.Contains(p.secondFactors(l.user), name):
		return p.askFactor(l, name)
	case l.user == nil:
		return authOutput{}, errWrongPassword
	default:
		return authOutput{}, exception("InvalidLambdaResponseException", "Invalid lambda trigger response: no challenge "+name)
	}
}

// createChallenge asks what CreateAuthChallenge makes up.
func (p *pool) createChallenge(l *login) (authOutput, error) {
	event := &CreateAuthChallengeEvent{
		TriggerEvent:  p.loginEvent("CreateAuthChallenge_Authentication", l),
		ChallengeName: challengeCustom, Session: slices.Clone(l.rounds),
	}
	if err := trigger("CreateAuthChallenge", p.cfg.Triggers.CreateAuthChallenge, event); err != nil {
		return authOutput{}, err
	}
	params := map[string]string{}
	maps.Copy(params, event.PublicParameters)
	params[paramUsername] = l.username
	s := &challengeSession{login: l, challenge: challengeCustom, private: event.PrivateParameters, note: event.Metadata}
	return p.challenge(s, params), nil
}

// answerCustom has VerifyAuthChallenge check an answer. A wrong one replaces the session, too.
func (p *pool) answerCustom(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeCustom)
	if err != nil {
		return authOutput{}, err
	}
	if err := required(r.params, paramAnswer); err != nil {
		return authOutput{}, err
	}
	l := s.login
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	event := &VerifyAuthChallengeEvent{
		TriggerEvent:      p.loginEvent("VerifyAuthChallengeResponse_Authentication", l),
		PrivateParameters: maps.Clone(s.private), Answer: r.params[paramAnswer],
	}
	if err := trigger("VerifyAuthChallengeResponse", p.cfg.Triggers.VerifyAuthChallenge, event); err != nil {
		return authOutput{}, err
	}
	if s.used = event.Correct; !event.Correct {
		delete(p.sessions, r.session)
	}
	l.rounds = append(slices.Clone(l.rounds), ChallengeResult{Name: challengeCustom, Passed: event.Correct, Metadata: s.note})
	return p.nextRound(l)
}
