package cognitotest

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

const codeValidity = 24 * time.Hour

// Attempts that a user has in an hour.
const (
	confirmAttempts = 15
	resendAttempts  = 5
)

// signUpCode is a code that was sent and not confirmed yet.
type signUpCode struct {
	code      string
	attribute string
	expires   time.Time
}

type codeDelivery struct {
	Destination    string
	DeliveryMedium string
	AttributeName  string
}

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
			passwordForm(v, in.Password)
		}
	})
	if err != nil {
		return out, err
	}
	attributes, err := p.checkAttributes(in.UserAttributes)
	if err != nil {
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
			return out, exception(errUsernameExists.kind, "An account with the given "+attr+" already exists.")
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
		kind, out.CodeDeliveryDetails = afterSignUp, p.sendCode(u)
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

// sendCode delivers a new sign-up code, which voids older ones; nil where the pool verifies no address of the user.
func (p *pool) sendCode(u *user) *codeDelivery {
	for _, attr := range []string{attrPhone, attrEmail} {
		if slices.Contains(p.cfg.AutoVerifiedAttributes, attr) && u.attributes[attr] != "" {
			u.code = &signUpCode{code: newCode(mfaDigits), attribute: attr, expires: p.now().Add(codeValidity)}
			u.inbox = u.code.code
			return delivery(attr, u.attributes[attr])
		}
	}
	return nil
}

// newCode is random digits.
func newCode(digits int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic("cognitotest: " + err.Error()) // the random source never fails
	}
	return fmt.Sprintf("%0*d", digits, n)
}

// delivery says where a code went, masked as the service does.
func delivery(attr, address string) *codeDelivery {
	if attr == attrPhone {
		return &codeDelivery{
			Destination:    "+" + strings.Repeat("*", max(len(address)-5, 0)) + address[max(len(address)-4, 1):],
			DeliveryMedium: "SMS", AttributeName: attr,
		}
	}
	local, domain, _ := strings.Cut(address, "@")
	return &codeDelivery{Destination: first(local) + "***@" + first(domain) + "***", DeliveryMedium: "EMAIL", AttributeName: attr}
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
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
		return confirmSignUpOutput{}, notAuthorized("User cannot be confirmed. Current status is " + u.status)
	case u.code == nil || p.now().After(u.code.expires):
		return confirmSignUpOutput{}, errCodeExpired
	case u.code.code != in.ConfirmationCode:
		return confirmSignUpOutput{}, errCodeMismatch
	}
	signedUp, err := p.signedUp(c, u, in.Session)
	if err != nil {
		return confirmSignUpOutput{}, err
	}
	if attr := p.aliasTaken(u); attr != "" {
		if !in.ForceAliasCreation {
			return confirmSignUpOutput{}, exception("AliasExistsException", "An account with the "+attr+" already exists.")
		}
		p.takeAlias(u, attr)
	}
	u.attributes[u.code.attribute+"_verified"] = "true"
	u.status, u.code, u.modified = statusConfirmed, nil, p.now()
	var out confirmSignUpOutput
	if signedUp {
		p.sessions[in.Session].used = true
		out.Session = p.signUpSession(c, u, in.Username, afterConfirmation)
	}
	return out, p.postConfirmation(c, u, in.ClientMetadata)
}

// takeAlias takes an alias from its other holder.
func (p *pool) takeAlias(u *user, attr string) {
	for _, other := range p.users {
		if other != u && p.same(other.attributes[attr], u.attributes[attr]) {
			delete(other.attributes, attr)
			delete(other.attributes, attr+"_verified")
		}
	}
}

// unconfirmed finds a user who signed up with login as the e-mail address or phone number and has not confirmed it.
func (p *pool) unconfirmed(login string) *user {
	for _, u := range p.users {
		for _, attr := range p.cfg.AliasAttributes {
			if u.status == statusUnconfirmed && p.same(u.attributes[attr], login) {
				return u
			}
		}
	}
	return nil
}

type resendInput struct {
	ClientID   string `json:"ClientId"`
	SecretHash string
	Username   string
}

type resendOutput struct{ CodeDeliveryDetails *codeDelivery }

func (p *pool) resendConfirmationCode(in *resendInput) (resendOutput, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash, nil)
	if err != nil {
		return resendOutput{}, err
	}
	u := p.find(in.Username)
	switch {
	case u == nil && c.PreventUserExistenceErrors:
		// As for a real user, with an address made of what was typed.
		return resendOutput{delivery(attrEmail, in.Username)}, nil
	case u == nil:
		return resendOutput{}, errUserClientNotFound
	case !p.attempt("ResendConfirmationCode", u.username, resendAttempts):
		return resendOutput{}, errAttemptLimit
	case u.status != statusUnconfirmed:
		return resendOutput{}, errAlreadyConfirmed
	}
	sent := p.sendCode(u)
	if sent == nil {
		return resendOutput{}, invalidParameter("Cannot resend codes. Auto verification not turned on.")
	}
	return resendOutput{sent}, nil
}

// account is what the calls about an account begin with: the form of their members, the client, its secret.
func (p *pool) account(clientID, username, hash string, more func(*validation)) (*Client, error) {
	v := &validation{}
	v.length("clientId", clientID, 1, 128)
	v.length("username", username, 1, 128)
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
