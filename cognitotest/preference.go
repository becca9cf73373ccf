package cognitotest

import "slices"

// mfaSettings is what a user wants of a factor.
type mfaSettings struct{ Enabled, PreferredMfa bool }

type preferenceInput struct {
	AccessToken              string
	SMSMfaSettings           *mfaSettings
	SoftwareTokenMfaSettings *mfaSettings
	EmailMfaSettings         *mfaSettings
	WebAuthnMfaSettings      *struct{ Enabled bool }
}

func (p *pool) setUserMFAPreference(in *preferenceInput) (empty, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	return empty{}, p.prefer(u, in)
}

type adminPreferenceInput struct {
	adminInput
	preferenceInput
}

func (p *pool) adminSetUserMFAPreference(in *adminPreferenceInput) (empty, error) {
	u, err := p.adminUser(in.adminInput, nil)
	if err != nil {
		return empty{}, err
	}
	return empty{}, p.prefer(u, &in.preferenceInput)
}

// prefer changes a user's second factors; a factor that is not named stays as it is.
func (p *pool) prefer(u *user, in *preferenceInput) error {
	factors, preferred := slices.Clone(u.factors), u.preferred
	var wanted []string
	for _, change := range []struct {
		factor string
		to     *mfaSettings
	}{{challengeSMS, in.SMSMfaSettings}, {challengeTOTP, in.SoftwareTokenMfaSettings}, {challengeEmail, in.EmailMfaSettings}} {
		if change.to == nil {
			continue
		}
		if change.to.Enabled || change.to.PreferredMfa {
			if err := p.mayPrefer(u, change.factor); err != nil {
				return err
			}
		}
		if change.to.PreferredMfa && !change.to.Enabled {
			return invalidParameter("The preferred MFA method must be enabled.") // the service's text is not known
		}
		factors = slices.DeleteFunc(factors, func(f string) bool { return f == change.factor })
		if change.to.Enabled {
			factors = append(factors, change.factor)
		}
		switch {
		case change.to.PreferredMfa:
			wanted = append(wanted, change.factor)
		case preferred == change.factor:
			preferred = ""
		}
	}
	switch len(wanted) {
	case 0:
	case 1:
		preferred = wanted[0]
	default:
		return invalidParameter("Only one MFA method can be preferred.") // the service's text is not known
	}
	passkeys := u.passkeyMFA
	if in.WebAuthnMfaSettings != nil {
		if passkeys = in.WebAuthnMfaSettings.Enabled; passkeys && (!p.cfg.WebAuthn.MultiFactor || len(factors) == 0) {
			return invalidParameter("Passkeys cannot be used as MFA.") // the service's text is not known
		}
	}
	u.factors, u.preferred, u.passkeyMFA, u.modified = factors, preferred, passkeys, p.now()
	return nil
}

// mayPrefer says why a user cannot enable a factor.
func (p *pool) mayPrefer(u *user, factor string) error {
	switch {
	case factor == challengeTOTP && u.token != nil:
		return nil
	case factor == challengeTOTP && u.newToken != nil:
		return errTOTPUnverified
	case factor == challengeTOTP && !slices.Contains(p.cfg.MFAFactors, factor):
		return errNoTOTP
	case factor == challengeTOTP:
		return errTOTPMissing
	case !p.canUse(u, factor):
		return invalidParameter("User does not have delivery config set to turn on " + factor)
	default:
		return nil
	}
}

// mfaState is what a user's factors look like from outside.
type mfaState struct {
	PreferredMfaSetting string   `json:",omitempty"`
	UserMFASettingList  []string `json:",omitempty"`
}

func (u *user) mfaState() mfaState {
	return mfaState{u.preferred, slices.Sorted(slices.Values(u.factors))}
}

type authFactorsOutput struct {
	Username                  string
	ConfiguredUserAuthFactors []string

	mfaState
}

func (p *pool) getUserAuthFactors(in *accessTokenInput) (authFactorsOutput, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return authFactorsOutput{}, err
	}
	return u.authFactors(), nil
}

func (p *pool) adminGetUserAuthFactors(in *adminInput) (authFactorsOutput, error) {
	u, err := p.adminUser(*in, nil)
	if err != nil {
		return authFactorsOutput{}, err
	}
	return u.authFactors(), nil
}

// authFactors lists the first factors that a user has, whether or not the pool takes them.
func (u *user) authFactors() authFactorsOutput {
	out := authFactorsOutput{Username: u.username, mfaState: u.mfaState(), ConfiguredUserAuthFactors: []string{}}
	for _, factor := range []string{challengePassword, challengeEmail, challengeSMSOTP, challengeWebAuthn} {
		if u.has(factor) {
			out.ConfiguredUserAuthFactors = append(out.ConfiguredUserAuthFactors, factor)
		}
	}
	return out
}

// has reports whether a user has a first factor.
func (u *user) has(factor string) bool {
	switch factor {
	case challengePassword:
		return u.hasPassword()
	case challengeEmail:
		return u.attributes[attrEmail] != ""
	case challengeSMSOTP:
		return u.attributes[attrPhone] != ""
	default:
		return len(u.passkeys) > 0
	}
}
