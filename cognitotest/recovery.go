package cognitotest

import "strconv"

const recoveryAttempts = 5 // in an hour, of asking for a code and of answering one; the service has 5 to 20

type forgotPasswordInput struct {
	ClientID   string `json:"ClientId"`
	SecretHash string
	Username   string
}

func (p *pool) forgotPassword(in *forgotPasswordInput) (deliveryOutput, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash, nil)
	if err != nil {
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
	sent, err := p.sendRecoveryCode(u)
	return deliveryOutput{sent}, err
}

// recovering finds a user who has forgotten the password, and counts the attempt. It returns nil for one who cannot
// recover where the client hides that.
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

// sendRecoveryCode delivers a code for a new password to the first verified address of a user's.
func (p *pool) sendRecoveryCode(u *user) (*codeDelivery, error) {
	if u.status == statusForceChange {
		return nil, errResetState
	}
	for _, attr := range []string{attrPhone, attrEmail} {
		if u.attributes[attr] != "" && u.attributes[attr+verifiedSuffix] == strconv.FormatBool(true) {
			return p.sendCode(u, purposeRecovery, attr, u.attributes[attr]), nil
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
}

func (p *pool) confirmForgotPassword(in *confirmForgotPasswordInput) (empty, error) {
	c, err := p.account(in.ClientID, in.Username, in.SecretHash, func(v *validation) {
		v.length("confirmationCode", in.ConfirmationCode, 1, 2048)
		passwordForm(v, "password", in.Password)
	})
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
	return empty{}, nil
}

func (p *pool) adminResetUserPassword(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return empty{}, err
	}
	if _, err := p.sendRecoveryCode(u); err != nil {
		return empty{}, err
	}
	u.status, u.modified = statusResetRequired, p.now()
	return empty{}, nil
}
