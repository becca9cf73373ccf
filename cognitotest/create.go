package cognitotest

import "slices"

// The members of AdminCreateUser that are words.
const (
	actionResend   = "RESEND"
	actionSuppress = "SUPPRESS"
	mediumSMS      = "SMS"
	mediumEmail    = "EMAIL"
)

type adminCreateUserInput struct {
	adminInput

	UserAttributes         []attribute
	TemporaryPassword      string
	ForceAliasCreation     bool
	MessageAction          string
	DesiredDeliveryMediums []string
}

type adminCreateUserOutput struct{ User listedUser }

func (p *pool) adminCreateUser(in *adminCreateUserInput) (adminCreateUserOutput, error) {
	var out adminCreateUserOutput
	err := p.adminCall(in.UserPoolID, func(v *validation) {
		v.name("username", in.Username)
		v.oneOf("messageAction", in.MessageAction, actionResend, actionSuppress)
		for _, medium := range in.DesiredDeliveryMediums {
			v.oneOf("desiredDeliveryMediums", medium, mediumEmail, mediumSMS)
		}
		if in.TemporaryPassword != "" {
			passwordForm(v, "temporaryPassword", in.TemporaryPassword)
		}
	})
	if err != nil {
		return out, err
	}
	password := in.TemporaryPassword
	if password == "" {
		password = p.cfg.PasswordPolicy.newTemporaryPassword()
	}
	if err := p.cfg.PasswordPolicy.check(password); err != nil {
		return out, err
	}
	invite := p.createInvited
	if in.MessageAction == actionResend {
		invite = p.inviteAgain
	}
	u, err := invite(in)
	if err != nil {
		return out, err
	}
	if in.TemporaryPassword == "" && p.passwordless() && (u.usable(attrEmail) || u.usable(attrPhone)) {
		u.status = statusConfirmed // with a code to that address instead of a password
		return adminCreateUserOutput{p.listed(u, nil)}, nil
	}
	p.setTemporaryPassword(u, password)
	if in.MessageAction != actionSuppress {
		p.deliverInvitation(u, password, in.DesiredDeliveryMediums)
	}
	return adminCreateUserOutput{p.listed(u, nil)}, nil
}

// createInvited adds the user of an AdminCreateUser, who has no password yet.
func (p *pool) createInvited(in *adminCreateUserInput) (*user, error) {
	attributes, err := p.checkAdminAttributes(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	if err := p.checkUsername(in.Username, attributes); err != nil {
		return nil, err
	}
	if p.find(in.Username) != nil {
		if attr := p.usernameAttribute(in.Username); attr != "" {
			return nil, errGivenExists(attr)
		}
		return nil, errAccountExists
	}
	if attr := p.conflict(nil, attributes); attr != "" && !p.mayTake(in.ForceAliasCreation) {
		return nil, exception(errUsernameExists.kind, "An account with the "+attr+" already exists.")
	}
	u := p.newUser(in.Username, "", "", attributes)
	p.takeAliases(u, attributes)
	return u, nil
}

// inviteAgain finds the user of an AdminCreateUser that repeats an invitation.
func (p *pool) inviteAgain(in *adminCreateUserInput) (*user, error) {
	u := p.find(in.Username)
	switch {
	case u == nil:
		return nil, errUserNotFound
	case u.status != statusForceChange:
		return nil, exception("UnsupportedUserStateException", "Resend not possible. "+u.username+" status is not FORCE_CHANGE_PASSWORD")
	default:
		return u, nil
	}
}

// deliverInvitation sends a temporary password by the media that were asked for, to the addresses that there are.
// By default it is by SMS alone.
func (p *pool) deliverInvitation(u *user, password string, media []string) {
	if len(media) == 0 {
		media = []string{mediumSMS}
	}
	for medium, attr := range map[string]string{mediumSMS: attrPhone, mediumEmail: attrEmail} {
		if slices.Contains(media, medium) && u.attributes[attr] != "" {
			p.deliver(u, purposeInvitation, attr, u.attributes[attr], password)
		}
	}
}
