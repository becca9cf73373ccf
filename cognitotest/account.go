package cognitotest

import (
	"crypto/rand"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gocognito/cognito/internal/srp"
)

// Attempts per user and hour.
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
	contextData
}

type signUpOutput struct {
	UserConfirmed       bool
	UserSub             string
	Session             string        `json:",omitempty"`
	CodeDeliveryDetails *codeDelivery `json:",omitempty"`
}

func (p *pool) signUp(in *signUpInput) (signUpOutput, error) {
	var out signUpOutput
	v := &validation{}
	v.present("password", in.Password != "" || p.passwordless())
	if err := v.err(); err != nil {
		return out, err
	}
	c, err := p.account(in.ClientID, in.Username, in.SecretHash)
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
	if err := p.checkFree(in.Username); err != nil {
		return out, err
	}
	wishes, err := p.preSignUp("PreSignUp_SignUp", c, in.Username, in.UserAttributes, in.ValidationData, in.ClientMetadata)
	if err != nil {
		return out, err
	}
	if err := p.checkFree(in.Username); err != nil { // the trigger may have added the user
		return out, err
	}
	u := p.newUser(in.Username, "", in.Password, attributes)
	out.UserSub = u.sub
	p.note(u, eventSignUp, eventPass, in.address())
	if out.UserConfirmed, err = p.autoConfirm(c, u, wishes); err != nil {
		return out, err
	}
	kind := afterConfirmation
	if !out.UserConfirmed {
		kind = afterSignUp
		signUp := occasion{purposeSignUp, "SignUp", c, in.ClientMetadata}
		if out.CodeDeliveryDetails, err = p.sendSignUpCode(u, signUp); err != nil {
			return out, err // the user is there, as with PostConfirmation
		}
	}
	out.Session = p.signUpSession(c, u, in.Username, kind)
	return out, nil
}

// checkFree rejects the sign-up of a user who already exists.
func (p *pool) checkFree(username string) error {
	switch attr := p.usernameAttribute(username); {
	case p.find(username) == nil:
		return nil
	case attr != "":
		return errGivenExists(attr)
	default:
		return errUsernameExists
	}
}

// checkUsername checks the username of a sign-up, and sets the attribute that it is in a pool with
// UsernameAttributes.
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
		return invalidParameter("Username cannot be of phone number format, " +
			"since user pool is configured for phone number alias.")
	}
	return nil
}

// sendSignUpCode delivers a code to the first address that the pool verifies. It returns nil if the
// user has none.
func (p *pool) sendSignUpCode(u *user, why occasion) (*codeDelivery, error) {
	for _, attr := range []string{attrPhone, attrEmail} {
		if slices.Contains(p.cfg.AutoVerifiedAttributes, attr) && u.attributes[attr] != "" {
			return p.sendCode(u, why, attr, u.attributes[attr])
		}
	}
	return nil, nil
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
	c, err := p.account(in.ClientID, in.Username, in.SecretHash)
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
	return out, p.postConfirmation("PostConfirmation_ConfirmSignUp", c, u, in.ClientMetadata)
}

type resendInput struct {
	ClientID       string `json:"ClientId"`
	SecretHash     string
	Username       string
	ClientMetadata map[string]string
	contextData
}

func (p *pool) resendConfirmationCode(in *resendInput) (deliveryOutput, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash)
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
	p.note(u, eventResendCode, eventPass, in.address())
	sent, err := p.sendSignUpCode(u, occasion{purposeSignUp, "ResendCode", c, in.ClientMetadata})
	if err != nil {
		return deliveryOutput{}, err
	}
	if sent == nil {
		return deliveryOutput{}, invalidParameter("Cannot resend codes. Auto verification not turned on.")
	}
	return deliveryOutput{sent}, nil
}

// account is the common start of calls on an account. It checks the client and its secret.
func (p *pool) account(clientID, username, hash string) (*Client, error) {
	c, err := p.client(clientID)
	if err != nil {
		return nil, err
	}
	return c, checkHash(c, username, hash, "SecretHash does not match for the client: "+c.ID)
}

// passwordless reports whether the pool accepts users without a password.
func (p *pool) passwordless() bool {
	return slices.ContainsFunc(p.cfg.FirstFactors, func(f string) bool { return f != challengePassword })
}

// checkNewPassword checks the password of a sign-up. It may be missing if the client lets users
// choose how to sign in.
func (p *pool) checkNewPassword(c *Client, password string) error {
	if password == "" && slices.Contains(c.ExplicitAuthFlows, gates[flowChoice]) {
		return nil
	}
	return p.cfg.PasswordPolicy.check(password)
}

// preSignUp calls the trigger of that name. c is nil if an administrator creates the user.
func (p *pool) preSignUp(
	source string, c *Client, username string, attributes, validation []attribute, metadata map[string]string,
) (*PreSignUpEvent, error) {
	event := &PreSignUpEvent{TriggerEvent: p.event(source, c, nil, username, metadata)}
	event.UserNotFound, event.Attributes, event.ValidationData = false, map[string]string{}, map[string]string{}
	for _, a := range attributes {
		event.Attributes[a.Name] = a.Value
	}
	for _, a := range validation {
		event.ValidationData[a.Name] = a.Value
	}
	return event, trigger(p, triggerPreSignUp, p.cfg.Triggers.PreSignUp, event)
}

// autoConfirm applies the result of PreSignUp to the new user.
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
	return true, p.postConfirmation("PostConfirmation_ConfirmSignUp", c, u, wishes.ClientMetadata)
}

// postConfirmation tells the trigger of that name; c is nil where an administrator confirms.
func (p *pool) postConfirmation(source string, c *Client, u *user, metadata map[string]string) error {
	event := p.event(source, c, u, u.username, metadata)
	return trigger(p, triggerPostConfirmation, p.cfg.Triggers.PostConfirmation, &event)
}

// signUpSession returns the session that connects a sign-up with its first sign-in. It returns ""
// if the client does not allow USER_AUTH, which that sign-in uses.
func (p *pool) signUpSession(c *Client, u *user, typed, kind string) string {
	if !slices.Contains(c.ExplicitAuthFlows, gates[flowChoice]) {
		return ""
	}
	l := &login{client: c, flow: flowChoice, user: u, username: u.username, typed: typed}
	return p.newSession(&challengeSession{login: l, challenge: kind})
}

// signedUp reports whether a confirmation has the session of its sign-up. An expired session is an
// error, whether or not the pool still remembers it.
func (p *pool) signedUp(c *Client, u *user, handle string) (bool, error) {
	if handle == "" {
		return false, nil
	}
	s := p.sessions[handle]
	if s == nil || s.challenge != afterSignUp || s.login.client.ID != c.ID || s.login.user != u || p.usable(s) != nil {
		return false, errSession
	}
	return true, nil
}

const changeAttempts = 5 // in an hour

// identity returns the identity of the user for SRP.
func (p *pool) identity(username string) srp.Identity {
	_, name := splitPoolID(p.cfg.UserPoolID)
	return srp.Identity{Namespace: name, Name: username}
}

// hasPassword reports whether the user has a password. AddUser accepts users without one.
func (u *user) hasPassword() bool { return u.verifier.Value != nil }

// setPassword sets a user's password without checking it.
func (p *pool) setPassword(u *user, password string) {
	if keep := p.cfg.PasswordHistorySize - 1; keep > 0 && u.hasPassword() {
		u.previous = append(u.previous, u.verifier)
		u.previous = u.previous[max(len(u.previous)-keep, 0):]
	}
	u.verifier = srp.NewVerifier(p.identity(u.username), password)
}

// checkPassword checks a user's new password against the policy and the previous passwords.
func (p *pool) checkPassword(u *user, password string) error {
	if err := p.cfg.PasswordPolicy.check(password); err != nil {
		return err
	}
	if p.cfg.PasswordHistorySize == 0 {
		return nil
	}
	past := slices.Clone(u.previous)
	if u.hasPassword() {
		past = append(past, u.verifier)
	}
	if slices.ContainsFunc(past, func(v srp.Verifier) bool { return p.opens(v, u.username, password) }) {
		return errPasswordHistory
	}
	return nil
}

// knows reports whether password is the user's.
func (p *pool) knows(u *user, password string) bool {
	return u.hasPassword() && p.opens(u.verifier, u.username, password)
}

// opens reports whether a verifier belongs to a password. Only the verifier is stored, so it runs
// both halves of SRP.
func (p *pool) opens(verifier srp.Verifier, username, password string) bool {
	client, server := srp.NewClient(), srp.NewServer(verifier)
	const block = "AAAA"
	challenge, err := srp.ParseChallenge(server.Salt(), server.PublicKey(), block)
	if err != nil {
		return false
	}
	signature, err := client.Sign(p.identity(username), password, challenge, "")
	return err == nil && server.Verify(p.identity(username), client.PublicKey(), []byte{0, 0, 0}, "", signature) == nil
}

type changePasswordInput struct{ AccessToken, PreviousPassword, ProposedPassword string }

func (p *pool) changePassword(in *changePasswordInput) (empty, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	switch {
	case !p.attempt("ChangePassword", u.username, changeAttempts):
		return empty{}, errAttemptLimit
	case u.hasPassword() && in.PreviousPassword == "":
		return empty{}, errMissing("PreviousPassword")
	case u.hasPassword() && !p.knows(u, in.PreviousPassword):
		return empty{}, errWrongPassword
	}
	if err := p.checkPassword(u, in.ProposedPassword); err != nil {
		return empty{}, err
	}
	p.setPassword(u, in.ProposedPassword)
	u.modified = p.now()
	p.note(u, eventPasswordChange, eventPass, "")
	return empty{}, nil
}

type adminSetPasswordInput struct {
	adminInput

	Password  string
	Permanent bool
}

func (p *pool) adminSetUserPassword(in *adminSetPasswordInput) (empty, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return empty{}, err
	}
	if err := p.checkPassword(u, in.Password); err != nil {
		return empty{}, err
	}
	if in.Permanent {
		p.setPassword(u, in.Password)
		u.status, u.modified = statusConfirmed, p.now()
	} else {
		p.setTemporaryPassword(u, in.Password)
	}
	p.succeeded(u.username)
	return empty{}, nil
}

// setTemporaryPassword sets a password with which the user can sign in once, to choose another.
func (p *pool) setTemporaryPassword(u *user, password string) {
	p.setPassword(u, password)
	u.status, u.modified = statusForceChange, p.now()
	u.temporary = p.now().Add(p.cfg.TemporaryPasswordValidity)
}

// newTemporaryPassword returns a random password that the policy allows.
func (policy *PasswordPolicy) newTemporaryPassword() string {
	const kinds = "aA1!" // one of each, whatever the policy asks for
	random := kinds + rand.Text()
	for len(random) < policy.MinimumLength {
		random += rand.Text()
	}
	return random[:max(policy.MinimumLength, 16)]
}

// check returns the first reason for which the service rejects a password, as an exception.
func (policy *PasswordPolicy) check(password string) error {
	// What the service counts as a symbol; a space does, inside.
	const symbols = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= "
	has := func(is func(rune) bool) bool { return strings.IndexFunc(password, is) >= 0 }
	switch {
	case len([]rune(password)) < policy.MinimumLength:
		return errPolicy("Password not long enough")
	case policy.RequireLowercase && !has(unicode.IsLower):
		return errPolicy("Password must have lowercase characters")
	case policy.RequireUppercase && !has(unicode.IsUpper):
		return errPolicy("Password must have uppercase characters")
	case policy.RequireNumbers && !has(unicode.IsDigit):
		return errPolicy("Password must have numeric characters")
	case policy.RequireSymbols && !strings.ContainsAny(strings.TrimSpace(password), symbols):
		return errPolicy("Password must have symbol characters")
	default:
		return nil
	}
}

// recoveryAttempts bounds the requests for a code in an hour, and the answers with one. The service
// allows 5 to 20.
const recoveryAttempts = 5

type forgotPasswordInput struct {
	ClientID       string `json:"ClientId"`
	SecretHash     string
	Username       string
	ClientMetadata map[string]string
	contextData
}

func (p *pool) forgotPassword(in *forgotPasswordInput) (deliveryOutput, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash)
	if err != nil {
		return deliveryOutput{}, err
	}
	if err := p.migrate("UserMigration_ForgotPassword", c, in.Username, "", in.ClientMetadata); err != nil {
		return deliveryOutput{}, err
	}
	u, err := p.recovering(c, "ForgotPassword", in.Username)
	switch {
	case err != nil:
		return deliveryOutput{}, err
	case u == nil:
		// As for a real user, with an address made of what was typed.
		return deliveryOutput{delivery(attrEmail, p.fold(in.Username))}, nil
	}
	sent, err := p.sendRecoveryCode(u, c, in.ClientMetadata)
	if err == nil {
		p.note(u, eventForgotPassword, eventPass, in.address())
	}
	return deliveryOutput{sent}, err
}

// recovering returns a user who has forgotten the password, and counts the attempt. It returns nil
// for a user who cannot recover the account if the client hides that.
func (p *pool) recovering(c *Client, op, username string) (*user, error) {
	u := p.find(username)
	switch {
	case c.PreventUserExistenceErrors:
	case u == nil:
		return nil, errUserClientNotFound
	case u.disabled:
		return nil, errDisabled
	}
	if u != nil {
		username = u.username
	}
	if !p.attempt(op, p.fold(username), recoveryAttempts) {
		return nil, errAttemptLimit
	}
	if u != nil && u.disabled {
		return nil, nil // a user who cannot be told from none
	}
	return u, nil
}

// sendRecoveryCode delivers a code for a new password to the first verified address of a user.
func (p *pool) sendRecoveryCode(u *user, c *Client, metadata map[string]string) (*codeDelivery, error) {
	if u.status == statusForceChange {
		return nil, errResetState
	}
	for _, attr := range p.recoveryAttributes() {
		if u.attributes[attr] != "" && u.attributes[attr+verifiedSuffix] == strconv.FormatBool(true) {
			return p.sendCode(u, occasion{purposeRecovery, "ForgotPassword", c, metadata}, attr, u.attributes[attr])
		}
	}
	return nil, errNoRecovery
}

type confirmForgotPasswordInput struct {
	ClientID         string `json:"ClientId"`
	SecretHash       string
	Username         string
	ConfirmationCode string
	Password         string
	ClientMetadata   map[string]string
}

func (p *pool) confirmForgotPassword(in *confirmForgotPasswordInput) (empty, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash)
	if err != nil {
		return empty{}, err
	}
	u, err := p.recovering(c, "ConfirmForgotPassword", in.Username)
	switch {
	case err != nil:
		return empty{}, err
	case u == nil:
		return empty{}, errCodeMismatch
	}
	if _, err := p.checkCode(u, purposeRecovery, in.ConfirmationCode); err != nil {
		return empty{}, err
	}
	if err := p.checkPassword(u, in.Password); err != nil {
		return empty{}, err
	}
	delete(u.codes, purposeRecovery)
	p.setPassword(u, in.Password)
	p.succeeded(u.username)
	u.status, u.modified = statusConfirmed, p.now()
	return empty{}, p.postConfirmation("PostConfirmation_ConfirmForgotPassword", c, u, in.ClientMetadata)
}

func (p *pool) adminResetUserPassword(in *adminMetadataInput) (empty, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return empty{}, err
	}
	if _, err := p.sendRecoveryCode(u, nil, in.ClientMetadata); err != nil {
		return empty{}, err
	}
	u.status, u.modified = statusResetRequired, p.now()
	return empty{}, nil
}

type accessTokenInput struct{ AccessToken string }

func (p *pool) deleteUser(in *accessTokenInput) (noBody, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return noBody{}, err
	}
	p.remove(u)
	return noBody{}, nil
}
