package cognitotest

func (p *pool) startRefresh(r *authRequest) (authOutput, error) {
	c, params := r.client, r.params
	if err := required(params, paramRefreshToken); err != nil {
		return authOutput{}, err
	}
	if c.RefreshTokenRotation {
		return authOutput{}, errFlowGate("REFRESH_TOKEN_AUTH")
	}
	token, err := p.checkRefresh(c, params[paramRefreshToken], params[paramDeviceKey])
	if err != nil {
		return authOutput{}, err
	}
	// The hash is over the user's own name; an alias never fits.
	mismatch := "SecretHash does not match for the client: " + c.ID
	if err := checkHash(c, token.family.user.username, params[paramSecretHash], mismatch); err != nil {
		return authOutput{}, err
	}
	token.family.metadata = r.metadata
	result, err := p.issue(c, token.family, refreshSource)
	return authOutput{ChallengeParameters: map[string]string{}, AuthenticationResult: result}, err
}

type getTokensInput struct {
	ClientID       string `json:"ClientId"`
	ClientSecret   string
	RefreshToken   string
	DeviceKey      string
	ClientMetadata map[string]string
}

type getTokensOutput struct{ AuthenticationResult *authResult }

func (p *pool) getTokensFromRefreshToken(in *getTokensInput) (getTokensOutput, error) {
	c, err := p.refreshClient(in.ClientID, "refreshToken", in.RefreshToken)
	if err != nil {
		return getTokensOutput{}, err
	}
	if in.ClientSecret != c.Secret {
		return getTokensOutput{}, notAuthorized("Unable to verify secret for client " + c.ID)
	}
	token, err := p.checkRefresh(c, in.RefreshToken, in.DeviceKey)
	if err != nil {
		return getTokensOutput{}, err
	}
	token.family.metadata = in.ClientMetadata
	result, err := p.issue(c, token.family, refreshSource)
	if err != nil {
		return getTokensOutput{}, err
	}
	if c.RefreshTokenRotation {
		if token.rotated.IsZero() {
			token.rotated = p.now()
		}
		result.RefreshToken = p.newRefreshToken(token.family)
	}
	return getTokensOutput{result}, nil
}

func (p *pool) refreshClient(clientID, member, token string) (*Client, error) {
	v := &validation{}
	v.length("clientId", clientID, 1, 128)
	v.length(member, token, 1, 1<<17)
	if err := v.err(); err != nil {
		return nil, err
	}
	return p.client(clientID)
}

// refreshSource is the source of the tokens of a refresh, for PreTokenGeneration.
const refreshSource = "TokenGeneration_RefreshTokens"

// checkRefresh finds a refresh token that is good for a client, on the device that it was issued to.
func (p *pool) checkRefresh(c *Client, raw, deviceKey string) (*refreshable, error) {
	token := p.refresh[raw]
	if token == nil || token.family.client != c.ID {
		return nil, errRefreshToken
	}
	f := token.family
	switch {
	case f.revoked:
		return nil, errRefreshRevoked
	case p.now().After(f.expires):
		return nil, errRefreshExpired
	case !token.rotated.IsZero() && p.now().Sub(token.rotated) >= c.RefreshTokenGracePeriod:
		return nil, errRefreshReused
	case p.bySub(f.user.sub) == nil:
		return nil, errUserNotFound
	case f.user.disabled:
		return nil, errDisabled
	case f.device != "" && (deviceKey != f.device || f.user.device(deviceKey) == nil):
		return nil, errRefreshToken
	default:
		return token, nil
	}
}

type revokeInput struct {
	ClientID     string `json:"ClientId"`
	ClientSecret string
	Token        string
}

func (p *pool) revokeToken(in *revokeInput) (empty, error) {
	c, err := p.refreshClient(in.ClientID, "token", in.Token)
	if err != nil {
		return empty{}, err
	}
	token := p.refresh[in.Token]
	switch {
	case c.DisableTokenRevocation:
		return empty{}, errRevocationOff
	case in.ClientSecret != c.Secret:
		return empty{}, errUnauthorizedClient
	case token == nil:
		return empty{}, errTokenKind
	case token.family.client != c.ID:
		return empty{}, errUnauthorizedClient
	}
	token.family.revoked = true
	return empty{}, nil
}

func (p *pool) globalSignOut(in *accessTokenInput) (empty, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	p.signOut(u)
	return empty{}, nil
}

// signOut ends all of a user's sessions.
func (p *pool) signOut(u *user) {
	u.signedOut = p.now()
	for _, f := range p.families {
		if f.user == u {
			f.revoked = true
		}
	}
}
