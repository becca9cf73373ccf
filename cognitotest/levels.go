package cognitotest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parameters of a sign-in that requests a level.
const (
	paramTargets     = "TARGET_ACR_VALUES"
	paramMaxAge      = "MAX_AGE"
	paramAccessToken = "ACCESS_TOKEN"
)

// Authentication methods, as in the claim amr.
const (
	methodPassword = "pwd"
	methodTOTP     = "otp"
	methodSMS      = "sms"
	methodEmail    = "email_otp"
	methodPasskey  = "swk"
)

// codeMethods maps the challenges for codes to methods.
var codeMethods = map[string]string{
	challengeTOTP: methodTOTP, challengeSMS: methodSMS, challengeSMSOTP: methodSMS, challengeEmail: methodEmail,
}

// proved records a method that the user has completed.
func (l *login) proved(method string) {
	if !slices.Contains(l.methods, method) {
		l.methods = append(slices.Clone(l.methods), method)
	}
}

// levelOf returns the level that methods reach, as the service's manual lists them, or 0. A passkey
// alone ranks below a password with a software token.
func levelOf(methods []string) int {
	has := func(method string) bool { return slices.Contains(methods, method) }
	code := has(methodSMS) || has(methodEmail)
	switch {
	case has(methodPassword) && has(methodTOTP):
		return 4
	case has(methodPasskey), has(methodPassword) && code:
		return 3
	case code:
		return 2
	case has(methodPassword):
		return 1
	default:
		return 0
	}
}

// amr returns methods as the claim amr lists them.
func amr(methods []string) []string {
	methods = slices.Clone(methods)
	if len(methods) > 1 {
		methods = append(methods, "mfa")
	}
	return methods
}

// missed reports whether a sign-in that requests a level has failed a challenge, which ends it.
func (l *login) missed() bool { return l.failed && l.target > 0 }

// aim sets the level that a sign-in must reach: the first in the request for which the user has the
// factors. With an access token, the methods in it count, unless the user signed in too long ago.
func (p *pool) aim(l *login, params map[string]string) error {
	targets := strings.Fields(params[paramTargets])
	age, err := maxAge(params)
	switch {
	case err != nil:
		return err
	case len(targets) == 0 && params[paramAccessToken] != "":
		return errTokenOnly
	case len(targets) == 0:
		return nil
	case p.cfg.Tier == tierLite:
		return errTier
	}
	met := 0
	if raw := params[paramAccessToken]; raw != "" {
		f, err := p.credit(l, raw)
		if err != nil {
			return err
		}
		if age < 0 || p.now().Sub(f.authTime) <= age {
			l.methods, met = f.methods, f.level
		}
	}
	known := false
	for _, name := range targets {
		level := slices.Index(p.cfg.ACRNames[:], name) + 1
		known = known || level > 0
		if level == 0 || !p.reaches(l, level) {
			continue
		}
		if met >= level {
			return errLevelMet
		}
		l.target = level
		return nil
	}
	switch {
	case !known:
		return errNoLevel
	case l.user == nil: // nobody learns that there is no such user
		l.target = 1
		return nil
	default:
		return errLevelFactors
	}
}

// maxAge returns how long ago the user may have signed in. It is negative if the request does not
// say.
func maxAge(params map[string]string) (time.Duration, error) {
	text, given := params[paramMaxAge]
	if !given {
		return -1, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, errMaxAge
	}
	return time.Duration(seconds) * time.Second, nil
}

// credit returns the sign-in whose access token a user steps up with.
func (p *pool) credit(l *login, raw string) (*family, error) {
	u, c, err := p.authorize(raw)
	if err != nil {
		return nil, err
	}
	if u != l.user || c.ID != l.client.ID {
		return nil, errTokenUser
	}
	if f := p.families[originOf(raw)]; f != nil {
		return f, nil
	}
	return &family{}, nil // it says nothing of methods
}

// reaches reports whether a user has the factors to reach a level.
func (p *pool) reaches(l *login, level int) bool {
	return l.user != nil && (levelOf(l.methods) >= level || len(p.raisingTo(l.user, l.methods, level)) > 0 ||
		len(p.towards(l, p.firstFactors(l.user), level)) > 0)
}

// raising returns the second factors with which a sign-in reaches its target, given what is proven.
func (p *pool) raising(l *login) []string { return p.raisingTo(l.user, l.methods, l.target) }

func (p *pool) raisingTo(u *user, methods []string, level int) []string {
	var factors []string
	for _, factor := range []string{challengeSMS, challengeTOTP, challengeEmail} {
		if slices.Contains(methods, methodPassword) && slices.Contains(p.cfg.MFAFactors, factor) &&
			p.canUse(u, factor) &&
			levelOf(append(slices.Clone(methods), codeMethods[factor])) >= level {
			factors = append(factors, factor)
		}
	}
	return factors
}

// firstFactorsTowards returns the first factors that lead to the target of a sign-in.
func (p *pool) firstFactorsTowards(l *login) []string {
	offered := p.firstFactors(l.user)
	if l.target == 0 || l.user == nil {
		return offered
	}
	return p.towards(l, offered, l.target)
}

// towards returns the first factors that lead to a level, given what is proven, alone or with a
// second one.
func (p *pool) towards(l *login, first []string, level int) []string {
	var leading []string
	for _, factor := range first {
		methods := append(slices.Clone(l.methods), firstMethods[factor])
		if levelOf(methods) >= level || len(p.raisingTo(l.user, methods, level)) > 0 {
			leading = append(leading, factor)
		}
	}
	return leading
}

// firstMethods maps the first factors to methods.
var firstMethods = map[string]string{
	challengePassword: methodPassword, challengePasswordSRP: methodPassword, challengeEmail: methodEmail,
	challengeSMSOTP: methodSMS, challengeWebAuthn: methodPasskey,
}

// mayAsk reports whether a sign-in may be asked for a second factor.
func (p *pool) mayAsk(l *login, factor string) bool {
	if levelOf(l.methods) < l.target {
		return slices.Contains(p.raising(l), factor)
	}
	return slices.Contains(p.secondFactors(l.user), factor)
}

// stepUp asks a signed-in user for the missing factors.
func (p *pool) stepUp(l *login) (authOutput, error) {
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	if err := p.mayEnter(l.user); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	return p.askOneOf(l, p.raising(l))
}
