package cognitotest

import (
	"slices"
)

// The keys of AuthParameters, ChallengeParameters and ChallengeResponses.
const (
	paramUsername      = "USERNAME"
	paramPassword      = "PASSWORD"
	paramSecretHash    = "SECRET_HASH"
	paramSRPA          = "SRP_A"
	paramRefreshToken  = "REFRESH_TOKEN"
	paramUserID        = "USER_ID_FOR_SRP"
	paramNewPassword   = "NEW_PASSWORD"
	paramDeviceKey     = "DEVICE_KEY"
	paramAnswer        = "ANSWER"
	paramChallengeName = "CHALLENGE_NAME"
	paramPreferred     = "PREFERRED_CHALLENGE"
	paramCredential    = "CREDENTIAL"
	paramEmail         = "EMAIL"

	attributePrefix = "userAttributes."
)

// The flows.
const (
	flowSRP           = "USER_SRP_AUTH"
	flowPassword      = "USER_PASSWORD_AUTH"
	flowCustom        = "CUSTOM_AUTH"
	flowChoice        = "USER_AUTH"
	flowRefresh       = "REFRESH_TOKEN_AUTH"
	flowRefreshAlias  = "REFRESH_TOKEN"
	flowAdminPassword = "ADMIN_USER_PASSWORD_AUTH"
	flowAdminNoSRP    = "ADMIN_NO_SRP_AUTH" // the former name of that
)

type initiateAuthInput struct {
	AuthFlow       string
	ClientID       string `json:"ClientId"`
	AuthParameters map[string]string
	ClientMetadata map[string]string
	Session        string
}

// authOutput is a challenge or tokens, never both.
type authOutput struct {
	ChallengeName        string            `json:",omitempty"`
	Session              string            `json:",omitempty"`
	ChallengeParameters  map[string]string // there with tokens too, empty
	AvailableChallenges  []string          `json:",omitempty"`
	AuthenticationResult *authResult       `json:",omitempty"`
}

func (p *pool) initiateAuth(in *initiateAuthInput) (authOutput, error) { return p.initiate(in, false) }

// initiate begins a sign-in, by the operation of administrators or by the other one.
func (p *pool) initiate(in *initiateAuthInput, admin bool) (authOutput, error) {
	v := &validation{}
	v.length("authFlow", in.AuthFlow, 1, 128)
	v.length("clientId", in.ClientID, 1, 128)
	v.session(in.Session)
	if err := v.err(); err != nil {
		return authOutput{}, err
	}
	c, err := p.client(in.ClientID)
	if err != nil {
		return authOutput{}, err
	}
	if err := checkFlow(c, in.AuthFlow, admin); err != nil {
		return authOutput{}, err
	}
	r := &authRequest{client: c, admin: admin, session: in.Session, params: in.AuthParameters, metadata: in.ClientMetadata}
	switch in.AuthFlow {
	case flowSRP:
		return p.startSRP(r)
	case flowCustom:
		return p.startCustom(r)
	case flowChoice:
		return p.startChoice(r)
	case flowRefresh, flowRefreshAlias:
		return p.startRefresh(r)
	default:
		return p.startPassword(r, in.AuthFlow)
	}
}

// gates are the values of ExplicitAuthFlows that let flows through.
var gates = map[string]string{
	flowSRP: "ALLOW_USER_SRP_AUTH", flowPassword: "ALLOW_USER_PASSWORD_AUTH", flowCustom: "ALLOW_CUSTOM_AUTH",
	flowChoice: "ALLOW_USER_AUTH", flowRefresh: "ALLOW_REFRESH_TOKEN_AUTH", flowRefreshAlias: "ALLOW_REFRESH_TOKEN_AUTH",
	flowAdminPassword: "ALLOW_ADMIN_USER_PASSWORD_AUTH", flowAdminNoSRP: "ALLOW_ADMIN_USER_PASSWORD_AUTH",
}

// checkFlow checks that the operation knows the flow and that the client allows it.
func checkFlow(c *Client, flow string, admin bool) error {
	gate, ok := gates[flow]
	forAdmins := flow == flowAdminPassword || flow == flowAdminNoSRP
	switch {
	case !ok:
		v := &validation{}
		v.fail("authFlow", "Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, ADMIN_USER_PASSWORD_AUTH, CUSTOM_AUTH, "+
			"REFRESH_TOKEN, REFRESH_TOKEN_AUTH, USER_AUTH, USER_PASSWORD_AUTH, USER_SRP_AUTH]")
		return v.err()
	case forAdmins != admin && (forAdmins || flow == flowPassword):
		return errFlowOperation
	case slices.Contains(c.ExplicitAuthFlows, gate):
		return nil
	case admin:
		return errAdminFlowGate
	default:
		return errFlowGate(flow)
	}
}

func required(params map[string]string, names ...string) error {
	for _, name := range names {
		if params[name] == "" {
			return errMissing(name)
		}
	}
	return nil
}

func (p *pool) startPassword(r *authRequest, flow string) (authOutput, error) {
	if err := r.check(paramUsername, paramPassword); err != nil {
		return authOutput{}, err
	}
	if err := p.migrate(r); err != nil {
		return authOutput{}, err
	}
	l, err := p.identify(r, flow)
	if err != nil {
		return authOutput{}, err
	}
	return p.provePassword(l, r.params[paramPassword])
}

// provePassword is the first factor of the flows that send the password in clear.
func (p *pool) provePassword(l *login, password string) (authOutput, error) {
	return p.firstFactor(l, func() bool { return l.user != nil && p.knows(l.user, password) })
}

// firstFactor checks a user's password or passkey and what else stands between it and the next step, in the
// service's order. For a user who does not exist proven must be false.
func (p *pool) firstFactor(l *login, proven func() bool) (authOutput, error) {
	switch {
	case l.user != nil && l.user.disabled && !l.client.PreventUserExistenceErrors:
		return authOutput{}, errDisabled
	case p.lockedOut(l.username):
		return authOutput{}, errLockedOut
	}
	if err := p.preAuthentication(l); err != nil {
		return authOutput{}, err
	}
	if !proven() {
		p.failed(l.username)
		return authOutput{}, errWrongPassword
	}
	p.succeeded(l.username)
	if err := p.mayEnter(l.user); err != nil {
		return authOutput{}, err
	}
	if err := p.resolveDevice(l); err != nil {
		return authOutput{}, err
	}
	switch {
	case l.flow == flowCustom:
		l.rounds = append(slices.Clone(l.rounds), ChallengeResult{Name: challengePasswordVerifier, Passed: true})
		return p.nextRound(l)
	case l.user.status == statusForceChange:
		return p.askNewPassword(l)
	default:
		return p.secondFactor(l)
	}
}

// mayEnter says why a user who has proven a factor may not sign in.
func (p *pool) mayEnter(u *user) error {
	switch {
	case u.disabled:
		return errDisabled
	case u.status == statusUnconfirmed:
		return errNotConfirmed
	case u.status == statusResetRequired:
		return errResetRequired
	case u.status == statusForceChange && p.now().After(u.temporary):
		return errTemporary
	default:
		return nil
	}
}

// finish makes the tokens of a login that has proven all that it must.
func (p *pool) finish(l *login) (authOutput, error) {
	u := l.user
	if u == nil || p.bySub(u.sub) != u {
		return authOutput{}, errWrongPassword
	}
	if err := p.mayEnter(u); err != nil {
		return authOutput{}, err
	}
	event := p.loginEvent("PostAuthentication_Authentication", l)
	if err := trigger("PostAuthentication", p.cfg.Triggers.PostAuthentication, &event); err != nil {
		return authOutput{}, err
	}
	return p.signIn(l)
}
