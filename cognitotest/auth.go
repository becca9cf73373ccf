package cognitotest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The keys of AuthParameters, ChallengeParameters and ChallengeResponses, and the challenges.
const (
	paramUsername     = "USERNAME"
	paramPassword     = "PASSWORD"
	paramSecretHash   = "SECRET_HASH"
	paramSRPA         = "SRP_A"
	paramRefreshToken = "REFRESH_TOKEN"
	paramUserID       = "USER_ID_FOR_SRP"
	paramNewPassword  = "NEW_PASSWORD"

	attributePrefix = "userAttributes."

	challengePasswordVerifier = "PASSWORD_VERIFIER"
	challengeNewPassword      = "NEW_PASSWORD_REQUIRED"
)

type initiateAuthInput struct {
	AuthFlow       string
	ClientID       string `json:"ClientId"`
	AuthParameters map[string]string
}

// authOutput is a challenge or tokens, never both.
type authOutput struct {
	ChallengeName        string            `json:",omitempty"`
	Session              string            `json:",omitempty"`
	ChallengeParameters  map[string]string // there with tokens too, empty
	AuthenticationResult *authResult       `json:",omitempty"`
}

func (p *pool) initiateAuth(in *initiateAuthInput) (authOutput, error) {
	v := &validation{}
	v.length("authFlow", in.AuthFlow, 1, 128)
	v.length("clientId", in.ClientID, 1, 128)
	if err := v.err(); err != nil {
		return authOutput{}, err
	}
	c, err := p.client(in.ClientID)
	if err != nil {
		return authOutput{}, err
	}
	if err := checkFlow(c, in.AuthFlow); err != nil {
		return authOutput{}, err
	}
	switch in.AuthFlow {
	case "USER_SRP_AUTH":
		return p.startSRP(c, in.AuthParameters)
	case "USER_PASSWORD_AUTH":
		return p.startPassword(c, in.AuthParameters)
	case "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN":
		return p.startRefresh(c, in.AuthParameters)
	default:
		return authOutput{}, exception("UnknownOperationException", "cognitotest does not know the flow "+in.AuthFlow+" yet.")
	}
}

// checkFlow is the gate of the client's ExplicitAuthFlows.
func checkFlow(c *Client, flow string) error {
	gates := map[string]string{
		"USER_SRP_AUTH": "ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
		"CUSTOM_AUTH": "ALLOW_CUSTOM_AUTH", "USER_AUTH": "ALLOW_USER_AUTH",
		"REFRESH_TOKEN_AUTH": "ALLOW_REFRESH_TOKEN_AUTH", "REFRESH_TOKEN": "ALLOW_REFRESH_TOKEN_AUTH",
	}
	gate, ok := gates[flow]
	switch {
	case !ok && strings.HasPrefix(flow, "ADMIN_"):
		return errFlowOperation
	case !ok:
		v := &validation{}
		v.fail("authFlow", "Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH, ADMIN_USER_PASSWORD_AUTH, CUSTOM_AUTH, "+
			"REFRESH_TOKEN, REFRESH_TOKEN_AUTH, USER_AUTH, USER_PASSWORD_AUTH, USER_SRP_AUTH]")
		return v.err()
	case !slices.Contains(c.ExplicitAuthFlows, gate):
		return errFlowGate(flow)
	default:
		return nil
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

func (p *pool) startPassword(c *Client, params map[string]string) (authOutput, error) {
	if err := required(params, paramUsername, paramPassword); err != nil {
		return authOutput{}, err
	}
	if err := checkAuthHash(c, params); err != nil {
		return authOutput{}, err
	}
	u := p.find(params[paramUsername])
	if u == nil {
		return authOutput{}, p.unknownUser(c)
	}
	return p.firstFactor(c, u, func() bool { return p.knows(u, params[paramPassword]) })
}

func (p *pool) unknownUser(c *Client) error {
	if c.PreventUserExistenceErrors {
		return errWrongPassword
	}
	return errUserNotFound
}

// firstFactor checks a user's password and what else stands between it and the tokens, in the service's order.
func (p *pool) firstFactor(c *Client, u *user, proven func() bool) (authOutput, error) {
	switch {
	case u.disabled && !c.PreventUserExistenceErrors:
		return authOutput{}, errDisabled
	case p.lockedOut(u.username):
		return authOutput{}, errLockedOut
	case !proven():
		p.failed(u.username)
		return authOutput{}, errWrongPassword
	}
	p.succeeded(u.username)
	switch {
	case u.disabled:
		return authOutput{}, errDisabled
	case u.status == statusUnconfirmed:
		return authOutput{}, errNotConfirmed
	case u.status == statusResetRequired:
		return authOutput{}, errResetRequired
	case u.status == statusForceChange && p.now().After(u.temporary):
		return authOutput{}, errTemporary
	case u.status == statusForceChange:
		return p.askNewPassword(c, u)
	default:
		return p.signIn(c, u)
	}
}

type respondInput struct {
	ChallengeName      string
	ClientID           string `json:"ClientId"`
	Session            string
	ChallengeResponses map[string]string
}

func (p *pool) respondToAuthChallenge(in *respondInput) (authOutput, error) {
	v := &validation{}
	v.length("challengeName", in.ChallengeName, 1, 128)
	v.length("clientId", in.ClientID, 1, 128)
	if in.Session != "" {
		v.length("session", in.Session, 20, 2048)
	}
	if err := v.err(); err != nil {
		return authOutput{}, err
	}
	c, err := p.client(in.ClientID)
	if err != nil {
		return authOutput{}, err
	}
	params := in.ChallengeResponses
	if err := required(params, paramUsername); err != nil {
		return authOutput{}, err
	}
	if err := checkAuthHash(c, params); err != nil {
		return authOutput{}, err
	}
	switch in.ChallengeName {
	case challengePasswordVerifier:
		return p.answerProof(c, params)
	case challengeNewPassword:
		return p.answerNewPassword(c, in.Session, params)
	default:
		// The pool sends no other challenge, so there is no session of one.
		return authOutput{}, errSession
	}
}

// askNewPassword challenges a user whose password is temporary.
func (p *pool) askNewPassword(c *Client, u *user) (authOutput, error) {
	current := map[string]string{}
	for _, a := range u.readable(c) {
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
	return authOutput{
		ChallengeName: challengeNewPassword, Session: p.newSession(c, u, challengeNewPassword),
		ChallengeParameters: map[string]string{
			paramUserID: u.username, "userAttributes": string(currentJSON), "requiredAttributes": string(missingJSON),
		},
	}, nil
}

func (p *pool) answerNewPassword(c *Client, handle string, params map[string]string) (authOutput, error) {
	s, err := p.openSession(c, handle, challengeNewPassword, params[paramUsername])
	if err != nil {
		return authOutput{}, err
	}
	if err := required(params, paramNewPassword); err != nil {
		return authOutput{}, err
	}
	var given []attribute
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if name, ok := strings.CutPrefix(key, attributePrefix); ok {
			if s.user.attributes[name] != "" {
				return authOutput{}, notAuthorized("Cannot modify an already provided " + name)
			}
			given = append(given, attribute{name, params[key]})
		}
	}
	attributes, err := p.checkAttributes(given)
	if err != nil {
		return authOutput{}, err
	}
	if err := c.checkWritable(given); err != nil {
		return authOutput{}, err
	}
	merged := maps.Clone(s.user.attributes)
	maps.Copy(merged, attributes)
	if err := p.checkRequired(merged); err != nil {
		return authOutput{}, err
	}
	if err := p.checkPassword(s.user, params[paramNewPassword]); err != nil {
		return authOutput{}, err
	}
	s.used = true
	p.setAttributes(s.user, merged)
	s.user.status = statusConfirmed
	p.setPassword(s.user, params[paramNewPassword])
	return p.signIn(c, s.user)
}
