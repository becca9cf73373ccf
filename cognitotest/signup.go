package cognitotest

import (
	"maps"
	"slices"
)

// Attempts that a user has in an hour.
const (
	confirmAttempts = 15
	resendAttempts  = 5
)

type signUpInput struct {
	ClientID       string `json:"ClientId"`
	SecretHash     string
	Username       string
	Password       string
	UserAttributes []attribute
	ValidationData []attribute
	ClientMetadata map[string]string
}

type signUpOutput struct {
	UserConfirmed       bool
	UserSub             string
	Session             string        `json:",omitempty"`
	CodeDeliveryDetails *codeDelivery `json:",omitempty"`
}

func (p *pool) signUp(in *signUpInput) (signUpOutput, error) {
	var out signUpOutput
	c, err := p.account(in.ClientID, in.Username, in.SecretHash, func(v *validation) {
		if in.Password != "" || !p.passwordless() {
			passwordForm(v, "password", in.Password)
		}
	})
	if err != nil {
		return out, err
	}
	if p.cfg.SelfSignUpDisabled {
		return out, errNoSignUp
	}
	attributes, err := p.checkAttributes(in.UserAttributes)
	if err != nil {
		return out, err
	}
	if err := c.checkWritable(in.UserAttributes); err != nil {
		return out, err
	}
	if err := p.checkUsername(in.Username, attributes); err != nil {
		return out, err
	}
	if err := p.checkRequired(attributes); err != nil {
		return out, err
	}
	if err := p.checkNewPassword(c, in.Password); err != nil {
		return out, err
	}
	if p.find(in.Username) != nil {
		if attr := p.usernameAttribute(in.Username); attr != "" {
			return out, errGivenExists(attr)
		}
		return out, errUsernameExists
	}
	wishes, err := p.preSignUp(c, in)
	if err != nil {
		return out, err
	}
	u := p.newUser(in.Username, "", in.Password, attributes)
	out.UserSub = u.sub
	if out.UserConfirmed, err = p.autoConfirm(c, u, wishes); err != nil {
		return out, err
	}
	kind := afterConfirmation
	if !out.UserConfirmed {
		kind, out.CodeDeliveryDetails = afterSignUp, p.sendSignUpCode(u)
	}
	out.Session = p.signUpSession(c, u, in.Username, kind)
	return out, nil
}

// checkUsername checks the username of a sign-up against the pool's kind, and makes it an attribute where it is one.
func (p *pool) checkUsername(username string, attributes map[string]string) error {
	if len(p.cfg.UsernameAttributes) > 0 {
		attr := p.usernameAttribute(username)
		switch {
		case attr != "":
			attributes[attr] = username
			return nil
		case len(p.cfg.UsernameAttributes) == 2:
			return invalidParameter("Username should be either an email or a phone number.")
		case p.cfg.UsernameAttributes[0] == attrEmail:
			return invalidParameter("Username should be an email.")
		default:
			return invalidParameter("Username should be a phone number.")
		}
	}
	if slices.Contains(p.cfg.AliasAttributes, attrEmail) && isEmail(username) {
		return invalidParameter("Username cannot be of email format, since user pool is configured for email alias.")
	}
	if slices.Contains(p.cfg.AliasAttributes, attrPhone) && isPhone(username) {
		return invalidParameter("Username cannot be of phone number format, since user pool is configured for phone number alias.")
	}
	return nil
}

// sendSignUpCode delivers a code to the first address that the pool verifies; nil where the user has none of those.
func (p *pool) sendSignUpCode(u *user) *codeDelivery {
	for _, attr := range []string{attrPhone, attrEmail} {
		if slices.Contains(p.cfg.AutoVerifiedAttributes, attr) && u.attributes[attr] != "" {
			return p.sendCode(u, purposeSignUp, attr, u.attributes[attr])
		}
	}
	return nil
}

type confirmSignUpInput struct {
	ClientID           string `json:"ClientId"`
	SecretHash         string
	Username           string
	ConfirmationCode   string
	ForceAliasCreation bool
	ClientMetadata     map[string]string
	Session            string
}

type confirmSignUpOutput struct {
	Session string `json:",omitempty"`
}

func (p *pool) confirmSignUp(in *confirmSignUpInput) (confirmSignUpOutput, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash, func(v *validation) {
		v.length("confirmationCode", in.ConfirmationCode, 1, 2048)
	})
	if err != nil {
		return confirmSignUpOutput{}, err
	}
	u := p.find(in.Username)
	if u == nil {
		u = p.unconfirmed(in.Username)
	}
	switch {
	case u == nil && c.PreventUserExistenceErrors:
		return confirmSignUpOutput{}, errCodeExpired
	case u == nil:
		return confirmSignUpOutput{}, errUserClientNotFound
	case !p.attempt("ConfirmSignUp", u.username, confirmAttempts):
		return confirmSignUpOutput{}, errAttemptLimit
	case u.status != statusUnconfirmed:
		return confirmSignUpOutput{}, errCannotConfirm(u)
	}
	sent, err := p.checkCode(u, purposeSignUp, in.ConfirmationCode)
	if err != nil {
		return confirmSignUpOutput{}, err
	}
	signedUp, err := p.signedUp(c, u, in.Session)
	if err != nil {
		return confirmSignUpOutput{}, err
	}
	attributes := maps.Clone(u.attributes)
	attributes[sent.attribute+verifiedSuffix] = "true"
	if attr := p.conflict(u, attributes); attr != "" && !p.mayTake(in.ForceAliasCreation) {
		return confirmSignUpOutput{}, errAliasExists(attr)
	}
	p.takeAliases(u, attributes)
	delete(u.codes, purposeSignUp)
	u.attributes = attributes
	u.status, u.modified = statusConfirmed, p.now()
	var out confirmSignUpOutput
	if signedUp {
		p.sessions[in.Session].used = true
		out.Session = p.signUpSession(c, u, in.Username, afterConfirmation)
	}
	return out, p.postConfirmation(c, u, in.ClientMetadata)
}

type resendInput struct {
	ClientID   string `json:"ClientId"`
	SecretHash string
	Username   string
}

func (p *pool) resendConfirmationCode(in *resendInput) (deliveryOutput, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash, nil)
	if err != nil {
		return deliveryOutput{}, err
	}
	u := p.find(in.Username)
	switch {
	case u == nil && c.PreventUserExistenceErrors:
		// As for a real user, with an address made of what was typed.
		return deliveryOutput{delivery(attrEmail, p.fold(in.Username))}, nil
	case u == nil:
		return deliveryOutput{}, errUserClientNotFound
	case !p.attempt("ResendConfirmationCode", u.username, resendAttempts):
		return deliveryOutput{}, errAttemptLimit
	case u.status != statusUnconfirmed:
		return deliveryOutput{}, errAlreadyConfirmed
	}
	sent := p.sendSignUpCode(u)
	if sent == nil {
		return deliveryOutput{}, invalidParameter("Cannot resend codes. Auto verification not turned on.")
	}
	return deliveryOutput{sent}, nil
}

// account is what the calls about an account begin with: the form of their members, the client, its secret.
func (p *pool) account(clientID, username, hash string, more func(*validation)) (*Client, error) {
	v := &validation{}
	v.length("clientId", clientID, 1, 128)
	v.name("username", username)
	if more != nil {
		more(v)
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	c, err := p.client(clientID)
	if err != nil {
		return nil, err
	}
	return c, checkHash(c, username, hash, "SecretHash does not match for the client: "+c.ID)
}
