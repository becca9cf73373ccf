package cognitotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what the service and the authenticators speak
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
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

// secondFactor starts what follows the first factor.
func (p *pool) secondFactor(l *login) (authOutput, error) {
	switch {
	case levelOf(l.methods) < l.target:
		return p.askOneOf(l, p.raising(l))
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
	default:
		return p.askOneOf(l, factors)
	}
}

// askOneOf asks for one of several second factors: the only one, the preferred one, or the user's
// choice.
func (p *pool) askOneOf(l *login, factors []string) (authOutput, error) {
	switch {
	case slices.Contains(factors, l.user.preferred):
		return p.askFactor(l, l.user.preferred)
	case len(factors) == 1:
		return p.askFactor(l, factors[0])
	default:
		return p.askSelectMFA(l, factors)
	}
}

// secondFactors returns the factors that a user may be asked for: those that the user enabled, or
// all usable ones if MFA is required.
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

// canUse reports whether the pool supports a factor and the user can use it.
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

// usesMFA reports whether a user needs more than a password.
func (p *pool) usesMFA(u *user) bool { return p.cfg.MFA == mfaOn || len(p.secondFactors(u)) > 0 }

// askFactor asks for a second factor.
func (p *pool) askFactor(l *login, factor string) (authOutput, error) {
	switch factor {
	case challengeSMS:
		return p.askCode(l, &challengeSession{challenge: factor, address: attrPhone}, mfaDigits)
	case challengeEmail:
		return p.askCode(l, &challengeSession{challenge: factor, address: attrEmail}, mfaDigits)
	}
	params := map[string]string{paramUserID: l.username}
	if l.user.token.name != "" {
		params["FRIENDLY_DEVICE_NAME"] = l.user.token.name
	}
	return p.challenge(&challengeSession{login: l, challenge: factor}, params), nil
}

// afterFactor continues a sign-in after a second factor.
func (p *pool) afterFactor(l *login, factor string) (authOutput, error) {
	if l.flow != flowCustom {
		return p.lastStep(l)
	}
	l.rounds = append(slices.Clone(l.rounds), ChallengeResult{Name: factor, Passed: true})
	return p.nextRound(l)
}

// lastStep continues a sign-in after all factors: with the proof of a remembered device, or with
// tokens.
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
	if !slices.Contains(s.options, factor) || !p.mayAsk(s.login, factor) {
		return authOutput{}, errSelection
	}
	s.used = true
	return p.askFactor(s.login, factor)
}

// addFactors adds the second factors of a user that a test adds. It panics if the user cannot have
// them.
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

// askSetup asks a user without a second factor to set one up, if MFA is required.
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

// answerSetup finishes the setup of a software token, or starts that of an e-mail address.
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
		l.proved(methodTOTP)
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
	return p.askCode(l, &challengeSession{challenge: challengeEmail, address: attrEmail, value: address}, mfaDigits)
}

type associateInput struct{ AccessToken, Session string }

type associateOutput struct {
	SecretCode string
	Session    string `json:",omitempty"`
}

// associateSoftwareToken starts the setup of a software token, for a signed-in user or during a
// sign-in.
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

// setupUser returns the user whose software token a request refers to, with an access token or the
// session of MFA_SETUP.
func (p *pool) setupUser(accessToken, handle string) (*user, *challengeSession, error) {
	if (accessToken == "") == (handle == "") {
		// The service's text is not known.
		return nil, nil, invalidParameter("Only one of access token and session must be provided.")
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

// verifySoftwareToken finishes the setup of a software token.
func (p *pool) verifySoftwareToken(in *verifyTokenInput) (verifyTokenOutput, error) {
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

// mfaSettings are a user's preferences for a factor.
type mfaSettings struct{ Enabled, PreferredMfa bool }

type preferenceInput struct {
	AccessToken              string
	SMSMfaSettings           *mfaSettings
	SoftwareTokenMfaSettings *mfaSettings
	EmailMfaSettings         *mfaSettings
	WebAuthnMfaSettings      *struct{ Enabled bool }
}

func (p *pool) setUserMFAPreference(in *preferenceInput) (empty, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	return empty{}, p.prefer(u, in)
}

type adminPreferenceInput struct {
	adminInput
	preferenceInput
}

func (p *pool) adminSetUserMFAPreference(in *adminPreferenceInput) (empty, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return empty{}, err
	}
	return empty{}, p.prefer(u, &in.preferenceInput)
}

// prefer changes a user's second factors. A factor that is not named stays unchanged.
func (p *pool) prefer(u *user, in *preferenceInput) error {
	factors, preferred := slices.Clone(u.factors), u.preferred
	var wanted []string
	for _, change := range []struct {
		factor string
		to     *mfaSettings
	}{
		{challengeSMS, in.SMSMfaSettings},
		{challengeTOTP, in.SoftwareTokenMfaSettings},
		{challengeEmail, in.EmailMfaSettings},
	} {
		if change.to == nil {
			continue
		}
		if change.to.Enabled || change.to.PreferredMfa {
			if err := p.mayPrefer(u, change.factor); err != nil {
				return err
			}
		}
		if change.to.PreferredMfa && !change.to.Enabled {
			// The service's text is not known.
			return invalidParameter("The preferred MFA method must be enabled.")
		}
		factors = slices.DeleteFunc(factors, func(f string) bool { return f == change.factor })
		if change.to.Enabled {
			factors = append(factors, change.factor)
		}
		switch {
		case change.to.PreferredMfa:
			wanted = append(wanted, change.factor)
		case preferred == change.factor:
			preferred = ""
		}
	}
	switch len(wanted) {
	case 0:
	case 1:
		preferred = wanted[0]
	default:
		// The service's text is not known.
		return invalidParameter("Only one MFA method can be preferred.")
	}
	passkeys := u.passkeyMFA
	if in.WebAuthnMfaSettings != nil {
		if passkeys = in.WebAuthnMfaSettings.Enabled; passkeys && (!p.cfg.WebAuthn.MultiFactor || len(factors) == 0) {
			return invalidParameter("Passkeys cannot be used as MFA.") // the service's text is not known
		}
	}
	u.factors, u.preferred, u.passkeyMFA, u.modified = factors, preferred, passkeys, p.now()
	return nil
}

// mayPrefer returns an error if a user cannot enable a factor.
func (p *pool) mayPrefer(u *user, factor string) error {
	switch {
	case factor == challengeTOTP && u.token != nil:
		return nil
	case factor == challengeTOTP && u.newToken != nil:
		return errTOTPUnverified
	case factor == challengeTOTP && !slices.Contains(p.cfg.MFAFactors, factor):
		return errNoTOTP
	case factor == challengeTOTP:
		return errTOTPMissing
	case !p.canUse(u, factor):
		return invalidParameter("User does not have delivery config set to turn on " + factor)
	default:
		return nil
	}
}

// mfaState describes a user's factors on the wire.
type mfaState struct {
	PreferredMfaSetting string   `json:",omitempty"`
	UserMFASettingList  []string `json:",omitempty"`
}

func (u *user) mfaState() mfaState {
	return mfaState{u.preferred, slices.Sorted(slices.Values(u.factors))}
}

type authFactorsOutput struct {
	Username                  string
	ConfiguredUserAuthFactors []string

	mfaState
}

func (p *pool) getUserAuthFactors(in *accessTokenInput) (authFactorsOutput, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return authFactorsOutput{}, err
	}
	return u.authFactors(), nil
}

func (p *pool) adminGetUserAuthFactors(in *adminInput) (authFactorsOutput, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return authFactorsOutput{}, err
	}
	return u.authFactors(), nil
}

// authFactors returns the factors that a user has, whether or not the pool accepts them: the first
// factors and the software token, which is a second factor only.
func (u *user) authFactors() authFactorsOutput {
	out := authFactorsOutput{Username: u.username, mfaState: u.mfaState(), ConfiguredUserAuthFactors: []string{}}
	for _, factor := range []string{challengePassword, challengeEmail, challengeSMSOTP, challengeWebAuthn, factorTOTP} {
		if u.has(factor) {
			out.ConfiguredUserAuthFactors = append(out.ConfiguredUserAuthFactors, factor)
		}
	}
	return out
}

// factorTOTP is the name of the software token among a user's factors.
const factorTOTP = "SOFTWARE_TOKEN"

// has reports whether a user has a factor.
func (u *user) has(factor string) bool {
	switch factor {
	case challengePassword:
		return u.hasPassword()
	case challengeEmail:
		return u.attributes[attrEmail] != ""
	case challengeSMSOTP:
		return u.attributes[attrPhone] != ""
	case factorTOTP:
		return u.token != nil
	default:
		return len(u.passkeys) > 0
	}
}

// adminDeleteSoftwareToken deletes a user's software token. The user then signs in without it, or
// is asked to set one up if MFA is required; a live pool does the same. The service's error if
// there is none is not known.
func (p *pool) adminDeleteSoftwareToken(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return empty{}, err
	}
	if u.token == nil {
		return empty{}, errTOTPGone
	}
	u.token, u.newToken, u.modified = nil, nil, p.now()
	u.factors = slices.DeleteFunc(slices.Clone(u.factors), func(factor string) bool { return factor == challengeTOTP })
	if u.preferred == challengeTOTP {
		u.preferred = ""
	}
	return empty{}, nil
}

// totpStep is how long a code is current, in seconds.
const totpStep = 30

// softwareToken is a user's software token.
type softwareToken struct {
	secret []byte
	name   string  // FRIENDLY_DEVICE_NAME
	used   []int64 // the steps whose codes were used, as far as they could be used again
}

// totp returns the six-digit code of RFC 6238 for a step.
func totp(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // steps count from 1970
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

// check checks a code, which may be one step early or late and can be used once. It returns nil if
// the code is right.
func (t *softwareToken) check(code string, now time.Time) error {
	current := now.Unix() / totpStep
	for _, step := range []int64{current, current - 1, current + 1} {
		if !hmac.Equal([]byte(code), []byte(totp(t.secret, step))) {
			continue
		}
		if slices.Contains(t.used, step) {
			return errTOTPUsed
		}
		t.used = slices.DeleteFunc(append(t.used, step), func(old int64) bool { return old < current-1 })
		return nil
	}
	return errTOTPMismatch
}

func encodeSecret(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

func decodeSecret(text string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(text), "="))
}

// TOTP returns the current code of a user's software token, or of the one that the user is setting
// up, or "" if there is none. Each code can be used once: to get another, call [Server.Advance]
// with 30 seconds. It panics if there is no such user.
func (s *Server) TOTP(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.pool.must(username)
	token := u.newToken
	if token == nil {
		token = u.token
	}
	if token == nil {
		return ""
	}
	return totp(token.secret, s.pool.now().Unix()/totpStep)
}

func newSecret() []byte {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	return secret
}
