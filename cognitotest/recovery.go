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
	u := p.find(in.Username)
	switch {
	case (u == nil || u.disabled) && c.PreventUserExistenceErrors:
		// As for a real user, with an address made of what was typed.
		return deliveryOutput{delivery(attrEmail, in.Username)}, nil
	case u == nil:
		return deliveryOutput{}, errUserClientNotFound
	case u.disabled:
		return deliveryOutput{}, errDisabled
	case !p.attempt("ForgotPassword", u.username, recoveryAttempts):
		return deliveryOutput{}, errAttemptLimit
	}
	sent, err := p.sendRecoveryCode(u)
	return deliveryOutput{sent}, err
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
	u := p.find(in.Username)
	switch {
	case (u == nil || u.disabled) && c.PreventUserExistenceErrors:
		return empty{}, errCodeMismatch
	case u == nil:
		return empty{}, errUserClientNotFound
	case u.disabled:
		return empty{}, errDisabled
	case !p.attempt("ConfirmForgotPassword", u.username, recoveryAttempts):
		return empty{}, errAttemptLimit
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
