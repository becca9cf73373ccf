package cognitotest

import (
	"slices"
)

// passwordless reports whether the pool takes users without a password.
func (p *pool) passwordless() bool {
	return slices.ContainsFunc(p.cfg.FirstFactors, func(f string) bool { return f != challengePassword })
}

// checkNewPassword checks the password of a sign-up, which may be missing where the client lets users choose how
// they sign in.
func (p *pool) checkNewPassword(c *Client, password string) error {
	if password == "" && slices.Contains(c.ExplicitAuthFlows, gates[flowChoice]) {
		return nil
	}
	return p.cfg.PasswordPolicy.check(password)
}

// preSignUp asks the trigger of that name.
func (p *pool) preSignUp(c *Client, in *signUpInput) (*PreSignUpEvent, error) {
	event := &PreSignUpEvent{TriggerEvent: p.event("PreSignUp_SignUp", c, nil, in.Username, in.ClientMetadata)}
	event.UserNotFound, event.Attributes, event.ValidationData = false, map[string]string{}, map[string]string{}
	for _, a := range in.UserAttributes {
		event.Attributes[a.Name] = a.Value
	}
	for _, a := range in.ValidationData {
		event.ValidationData[a.Name] = a.Value
	}
	return event, trigger("PreSignUp", p.cfg.Triggers.PreSignUp, event)
}

// autoConfirm does what PreSignUp wants done with the new user.
func (p *pool) autoConfirm(c *Client, u *user, wishes *PreSignUpEvent) (bool, error) {
	for attr, wanted := range map[string]bool{attrEmail: wishes.AutoVerifyEmail, attrPhone: wishes.AutoVerifyPhone} {
		if wanted && u.attributes[attr] != "" {
			u.attributes[attr+verifiedSuffix] = "true"
		}
	}
	if !wishes.AutoConfirmUser {
		return false, nil
	}
	u.status = statusConfirmed
	return true, p.postConfirmation(c, u, wishes.ClientMetadata)
}

func (p *pool) postConfirmation(c *Client, u *user, metadata map[string]string) error {
	event := p.event("PostConfirmation_ConfirmSignUp", c, u, u.username, metadata)
	return trigger("PostConfirmation", p.cfg.Triggers.PostConfirmation, &event)
}

// signUpSession makes the session that leads from a sign-up to its first sign-in; "" where the client has no
// USER_AUTH, by which that is done.
func (p *pool) signUpSession(c *Client, u *user, typed, kind string) string {
	if !slices.Contains(c.ExplicitAuthFlows, gates[flowChoice]) {
		return ""
	}
	l := &login{client: c, flow: flowChoice, user: u, username: u.username, typed: typed}
	return p.newSession(&challengeSession{login: l, challenge: kind})
}

// signedUp reports whether a confirmation has the session of its sign-up. One that is spent does not matter: then
// the user signs in with a factor.
func (p *pool) signedUp(c *Client, u *user, handle string) (bool, error) {
	if handle == "" {
		return false, nil
	}
	s := p.sessions[handle]
	if s == nil || s.challenge != afterSignUp || s.login.client.ID != c.ID || s.login.user != u {
		return false, errSession
	}
	return p.usable(s) == nil, nil
}
