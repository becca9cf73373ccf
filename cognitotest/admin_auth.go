package cognitotest

type adminInitiateAuthInput struct {
	initiateAuthInput

	UserPoolID string `json:"UserPoolId"`
}

func (p *pool) adminInitiateAuth(in *adminInitiateAuthInput) (authOutput, error) {
	if in.UserPoolID != p.cfg.UserPoolID {
		return authOutput{}, errNoPool(in.UserPoolID)
	}
	return p.initiate(&in.initiateAuthInput, true)
}

type adminRespondInput struct {
	respondInput

	UserPoolID string `json:"UserPoolId"`
}

func (p *pool) adminRespondToAuthChallenge(in *adminRespondInput) (authOutput, error) {
	if in.UserPoolID != p.cfg.UserPoolID {
		return authOutput{}, errNoPool(in.UserPoolID)
	}
	return p.respond(&in.respondInput, true)
}
