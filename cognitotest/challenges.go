package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gocognito/cognito/internal/srp"
)

// challengeSession is a challenge that waits for its answer. It can be used once, for a limited
// time, and for one user, client, challenge and kind of operation. A wrong code leaves it valid.
type challengeSession struct {
	login     *login
	challenge string
	told      bool // the client knows the internal name
	expires   time.Time
	used      bool

	code    string   // that was delivered
	address string   // the attribute that it went to, and
	value   string   // what that was then: the code proves it
	first   bool     // the code is a first factor
	options []string // to choose from
	device  *device  // that is to be proven
	passkey string   // the challenge to a passkey
	private map[string]string
	note    string         // both from CreateAuthChallenge
	token   *softwareToken // that is being set up
	ready   bool           // it is verified
}

// newSession stores s and returns its handle, which looks like the service's.
func (p *pool) newSession(s *challengeSession) string {
	maps.DeleteFunc(p.sessions, func(_ string, s *challengeSession) bool {
		return p.now().Sub(s.expires) > time.Hour // long past: it no longer matters why it is no good
	})
	var random [600]byte
	_, _ = rand.Read(random[:]) // it never fails
	handle := "AYABe" + base64.RawURLEncoding.EncodeToString(random[:])
	s.expires = p.now().Add(s.login.client.AuthSessionValidity)
	p.sessions[handle] = s
	return handle
}

// Sessions that are not challenges: of a sign-up, and of its confirmation.
const (
	afterSignUp       = "SignUp"
	afterConfirmation = "ConfirmSignUp"
)

// challenge returns the challenge of s.
func (p *pool) challenge(s *challengeSession, params map[string]string) authOutput {
	s.told = params[paramUsername] != "" || params[paramUserID] != ""
	return authOutput{ChallengeName: s.challenge, Session: p.newSession(s), ChallengeParameters: params}
}

// openSession returns the session of an answer to one of the named challenges, or the service's
// error if it is not valid.
func (p *pool) openSession(r *authRequest, challenges ...string) (*challengeSession, error) {
	if r.session == "" {
		return nil, errMissing("Session")
	}
	s := p.sessions[r.session]
	if s == nil || s.login.client.ID != r.client.ID || s.login.admin != r.admin || s.login.hosted != r.hosted ||
		!slices.Contains(challenges, s.challenge) || !s.names(p, r.params[paramUsername]) {
		return nil, errSession
	}
	if err := p.usable(s); err != nil {
		return nil, err
	}
	s.login.take(r)
	return s, nil
}

// usable returns an error if a session was used or has expired.
func (p *pool) usable(s *challengeSession) error {
	switch {
	case s.login.missed():
		return errSession
	case s.used:
		return errSessionUsed
	case p.now().After(s.expires):
		return errSessionExpired
	default:
		return nil
	}
}

// names reports whether username is the session's user. If the challenge returned the internal
// name, it must be that. Otherwise, and in USER_AUTH, it may also be the name that the client
// started with: AWS's own client sends that until the end.
func (s *challengeSession) names(p *pool, username string) bool {
	l := s.login
	return username == l.username || (!s.told || l.flow == flowChoice) && p.same(l.typed, username)
}

// Challenges that are not factors.
const (
	challengePasswordVerifier = "PASSWORD_VERIFIER"
	challengePasswordSRP      = "PASSWORD_SRP"
	challengeNewPassword      = "NEW_PASSWORD_REQUIRED"
	challengeSelectMFA        = "SELECT_MFA_TYPE"
	challengeSetup            = "MFA_SETUP"
	challengeCustom           = "CUSTOM_CHALLENGE"
	challengeSelect           = "SELECT_CHALLENGE"
	challengeDevice           = "DEVICE_SRP_AUTH"
	challengeDeviceVerifier   = "DEVICE_PASSWORD_VERIFIER"
)

type respondInput struct {
	ChallengeName      string
	ClientID           string `json:"ClientId"`
	Session            string
	ChallengeResponses map[string]string
	ClientMetadata     map[string]string
	contextData
}

func (p *pool) respondToAuthChallenge(in *respondInput) (authOutput, error) {
	return p.respond(in, false)
}

// respond handles the answer to a challenge, with the user's or the administrator's operation.
func (p *pool) respond(in *respondInput, admin bool) (authOutput, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return authOutput{}, err
	}
	r := &authRequest{
		client: c, admin: admin, session: in.Session, params: in.ChallengeResponses,
		metadata: in.ClientMetadata, address: in.address(),
	}
	if err := r.check(paramUsername); err != nil {
		return authOutput{}, err
	}
	out, err := p.answer(in.ChallengeName, r)
	out.AvailableChallenges = nil // this operation does not have them
	return out, err
}

func (p *pool) answer(challenge string, r *authRequest) (authOutput, error) {
	switch challenge {
	case challengePasswordVerifier:
		return p.answerProof(r)
	case challengeNewPassword:
		return p.answerNewPassword(r)
	case challengeSMS, challengeTOTP, challengeEmail, challengeSMSOTP:
		return p.answerCode(challenge, r)
	case challengeSelectMFA:
		return p.answerSelectMFA(r)
	case challengeSetup:
		return p.answerSetup(r)
	case challengeCustom:
		return p.answerCustom(r)
	case challengeSelect:
		return p.answerSelect(r)
	case challengePassword, challengePasswordSRP, challengeWebAuthn:
		return p.answerFirst(challenge, r)
	case challengeDevice:
		return p.answerDevice(r)
	case challengeDeviceVerifier:
		return p.answerDeviceProof(r)
	default:
		// The pool sends no other challenge, so there is no session of one.
		return authOutput{}, errSession
	}
}

// askNewPassword asks a user whose password is temporary for a new one.
func (p *pool) askNewPassword(l *login) (authOutput, error) {
	u := l.user
	current := map[string]string{}
	for _, a := range u.readable(l.client) {
		if a.Name != attrSub {
			current[a.Name] = a.Value
		}
	}
	missing := []string{}
	for _, name := range p.cfg.RequiredAttributes {
		if u.attributes[name] == "" {
			missing = append(missing, attributePrefix+name)
		}
	}
	currentJSON, err := json.Marshal(current)
	if err != nil {
		return authOutput{}, err
	}
	missingJSON, err := json.Marshal(missing)
	if err != nil {
		return authOutput{}, err
	}
	return p.challenge(&challengeSession{login: l, challenge: challengeNewPassword}, map[string]string{
		paramUserID: u.username, "userAttributes": string(currentJSON), "requiredAttributes": string(missingJSON),
	}), nil
}

func (p *pool) answerNewPassword(r *authRequest) (authOutput, error) {
	s, err := p.openSession(r, challengeNewPassword)
	if err != nil {
		return authOutput{}, err
	}
	params, u := r.params, s.login.user
	if err := required(params, paramNewPassword); err != nil {
		return authOutput{}, err
	}
	var given []attribute
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if name, ok := strings.CutPrefix(key, attributePrefix); ok {
			if u.attributes[name] != "" {
				return authOutput{}, notAuthorized("Cannot modify an already provided " + name)
			}
			given = append(given, attribute{name, params[key]})
		}
	}
	attributes, err := p.checkAttributes(given)
	if err != nil {
		return authOutput{}, err
	}
	if err := r.client.checkWritable(given); err != nil {
		return authOutput{}, err
	}
	merged := maps.Clone(u.attributes)
	maps.Copy(merged, attributes)
	if err := p.checkRequired(merged); err != nil {
		return authOutput{}, err
	}
	if err := p.checkPassword(u, params[paramNewPassword]); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(s.login); err != nil {
		return authOutput{}, err
	}
	s.used = true
	p.setAttributes(u, merged)
	u.status = statusConfirmed
	p.setPassword(u, params[paramNewPassword])
	s.login.source = "TokenGeneration_NewPasswordChallenge"
	return p.secondFactor(s.login)
}

// The number of digits of codes: for a second factor, a sign-up and so on, and for first factors.
const (
	mfaDigits = 6
	otpDigits = 8
)

// codeKeys maps challenges to the keys of their answers that are codes.
var codeKeys = map[string]string{
	challengeSMS: "SMS_MFA_CODE", challengeTOTP: "SOFTWARE_TOKEN_MFA_CODE", challengeEmail: "EMAIL_OTP_CODE",
	challengeSMSOTP: "SMS_OTP_CODE",
}

// askCode delivers a code to the address of s and asks for it. For a user who does not exist, it
// delivers nothing.
func (p *pool) askCode(l *login, s *challengeSession, digits int) (authOutput, error) {
	s.login, s.code = l, newCode(digits)
	sent := delivery(s.address, p.fold(l.typed))
	if l.user != nil {
		if s.value == "" {
			s.value = l.user.attributes[s.address]
		}
		var err error
		factor := occasion{purposeFactor, "Authentication", l.client, l.metadata}
		if sent, err = p.deliver(l.user, factor, s.address, s.value, s.code); err != nil {
			return authOutput{}, err
		}
	}
	out := p.challenge(s, map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": sent.DeliveryMedium,
		"CODE_DELIVERY_DESTINATION":     sent.Destination, paramUserID: l.username,
	})
	if s.first {
		out.AvailableChallenges = []string{s.challenge}
	}
	return out, nil
}

// answerCode checks a code. Wrong codes lock the user out as wrong passwords do, with a count of
// their own.
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
		p.noteFailure(l, partMFA)
		l.failed = true
		return authOutput{}, err
	}
	p.succeeded(count)
	s.used = true
	l.proved(codeMethods[challenge])
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

// proveAddress records that the user who answered s receives messages at its address.
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

// afterOTP continues a sign-in after a code as the first factor. The code confirms a new user.
// Users with MFA are not offered such codes.
func (p *pool) afterOTP(l *login) (authOutput, error) {
	if l.user.status == statusUnconfirmed {
		l.user.status = statusConfirmed
		delete(l.user.codes, purposeSignUp)
	}
	return p.lastStep(l)
}

// startCustom starts CUSTOM_AUTH, which the triggers control. With CHALLENGE_NAME SRP_A they may
// ask for the password.
func (p *pool) startCustom(r *authRequest) (authOutput, error) {
	if err := r.check(paramUsername); err != nil {
		return authOutput{}, err
	}
	if !p.hasTrigger(triggerDefineChallenge) || !p.hasTrigger(triggerCreateChallenge) ||
		!p.hasTrigger(triggerVerifyChallenge) {
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

// nextRound executes the decision of DefineAuthChallenge.
func (p *pool) nextRound(l *login) (authOutput, error) {
	event := &DefineAuthChallengeEvent{
		TriggerEvent: p.loginEvent("DefineAuthChallenge_Authentication", l), Session: slices.Clone(l.rounds),
	}
	if err := trigger(p, triggerDefineChallenge, p.cfg.Triggers.DefineAuthChallenge, event); err != nil {
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
		return authOutput{}, exception("InvalidLambdaResponseException",
			"Invalid lambda trigger response: no challenge "+name)
	}
}

// createChallenge asks the challenge that CreateAuthChallenge creates.
func (p *pool) createChallenge(l *login) (authOutput, error) {
	event := &CreateAuthChallengeEvent{
		TriggerEvent:  p.loginEvent("CreateAuthChallenge_Authentication", l),
		ChallengeName: challengeCustom, Session: slices.Clone(l.rounds),
	}
	if err := trigger(p, triggerCreateChallenge, p.cfg.Triggers.CreateAuthChallenge, event); err != nil {
		return authOutput{}, err
	}
	params := map[string]string{}
	maps.Copy(params, event.PublicParameters)
	params[paramUsername] = l.username
	s := &challengeSession{login: l, challenge: challengeCustom, private: event.PrivateParameters, note: event.Metadata}
	return p.challenge(s, params), nil
}

// answerCustom checks an answer with VerifyAuthChallenge. A wrong answer replaces the session, too.
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
	if err := trigger(p, triggerVerifyChallenge, p.cfg.Triggers.VerifyAuthChallenge, event); err != nil {
		return authOutput{}, err
	}
	if s.used = event.Correct; !event.Correct {
		delete(p.sessions, r.session)
	}
	l.rounds = append(slices.Clone(l.rounds),
		ChallengeResult{Name: challengeCustom, Passed: event.Correct, Metadata: s.note})
	return p.nextRound(l)
}
