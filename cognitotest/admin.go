package cognitotest

// adminInput is what the calls of an administrator about a user have in common.
type adminInput struct {
	UserPoolID string `json:"UserPoolId"`
	Username   string
}

// adminCall is what every signed call begins with: the form of its members, and the pool.
func (p *pool) adminCall(poolID string, more func(*validation)) error {
	v := &validation{}
	v.length("userPoolId", poolID, 1, 55)
	if more != nil {
		more(v)
	}
	if err := v.err(); err != nil {
		return err
	}
	if poolID != p.cfg.UserPoolID {
		return errNoPool(poolID)
	}
	return nil
}

// adminUser finds the user whom a signed call is about.
func (p *pool) adminUser(in adminInput, more func(*validation)) (*user, error) {
	err := p.adminCall(in.UserPoolID, func(v *validation) {
		v.name("username", in.Username)
		if more != nil {
			more(v)
		}
	})
	if err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return nil, errUserNotFound
	}
	return u, nil
}

func (p *pool) adminConfirmSignUp(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return empty{}, err
	}
	if u.status != statusUnconfirmed {
		return empty{}, errCannotConfirm(u)
	}
	if attr := p.conflict(u, u.attributes); attr != "" {
		return empty{}, errAliasExists(attr)
	}
	delete(u.codes, purposeSignUp)
	u.status, u.modified = statusConfirmed, p.now()
	return empty{}, nil
}

func (p *pool) adminDeleteUser(in *adminInput) (noBody, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return noBody{}, err
	}
	p.remove(u)
	return noBody{}, nil
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

func (p *pool) adminEnableUser(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return empty{}, err
	}
	u.disabled, u.modified = false, p.now()
	return empty{}, nil
}

func (p *pool) adminDisableUser(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return empty{}, err
	}
	u.disabled, u.modified = true, p.now()
	p.signOut(u)
	return empty{}, nil
}

func (p *pool) adminUserGlobalSignOut(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return empty{}, err
	}
	p.signOut(u)
	return empty{}, nil
}
