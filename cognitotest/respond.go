package cognitotest

// The challenges that are no factors.
const (
	challengePasswordVerifier = "PASSWORD_VERIFIER"
	challengePasswordSRP      = "PASSWORD_SRP"
	challengeNewPassword      = "NEW_PASSWORD_REQUIRED"
	challengeSelectMFA        = "SELECT_MFA_TYPE"
	challengeSetup            = "MFA_SETUP"
	challengeCustom           = "CUSTOM_CHALLENGE"
	challengeSelect           = "SELECT_CHALLENGE"
	challengeDevice           = "DEVICE_SRP_AUTH"
	challengeDeviceVerifier   = "DEVICE_PASSWORD_VERIFIER"
)

type respondInput struct {
	ChallengeName      string
	ClientID           string `json:"ClientId"`
	Session            string
	ChallengeResponses map[string]string
	ClientMetadata     map[string]string
}

func (p *pool) respondToAuthChallenge(in *respondInput) (authOutput, error) {
	return p.respond(in, false)
}

// respond answers a challenge, by the operation of administrators or by the other one.
func (p *pool) respond(in *respondInput, admin bool) (authOutput, error) {
	v := &validation{}
	v.length("challengeName", in.ChallengeName, 1, 128)
	v.length("clientId", in.ClientID, 1, 128)
	v.session(in.Session)
	if err := v.err(); err != nil {
		return authOutput{}, err
	}
	c, err := p.client(in.ClientID)
	if err != nil {
		return authOutput{}, err
	}
	r := &authRequest{client: c, admin: admin, session: in.Session, params: in.ChallengeResponses, metadata: in.ClientMetadata}
	if err := r.check(paramUsername); err != nil {
		return authOutput{}, err
	}
	out, err := p.answer(in.ChallengeName, r)
	out.AvailableChallenges = nil // this operation does not have them
	return out, err
}

func (p *pool) answer(challenge string, r *authRequest) (authOutput, error) {
	switch challenge {
	case challengePasswordVerifier:
		return p.answerProof(r)
	case challengeNewPassword:
		return p.answerNewPassword(r)
	case challengeSMS, challengeTOTP, challengeEmail, challengeSMSOTP:
		return p.answerCode(challenge, r)
	case challengeSelectMFA:
		return p.answerSelectMFA(r)
	case challengeSetup:
		return p.answerSetup(r)
	case challengeCustom:
		return p.answerCustom(r)
	case challengeSelect:
		return p.answerSelect(r)
	case challengePassword, challengePasswordSRP, challengeWebAuthn:
		return p.answerFirst(challenge, r)
	case challengeDevice:
		return p.answerDevice(r)
	case challengeDeviceVerifier:
		return p.answerDeviceProof(r)
	default:
		// The pool sends no other challenge, so there is no session of one.
		return authOutput{}, errSession
	}
}
