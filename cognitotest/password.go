package cognitotest

import (
	"crypto/rand"
	"slices"

	"github.com/gocognito/cognito/internal/srp"
)

const changeAttempts = 5 // in an hour

// identity is who proves a password by SRP.
func (p *pool) identity(username string) srp.Identity {
	_, name := splitPoolID(p.cfg.UserPoolID)
	return srp.Identity{Namespace: name, Name: username}
}

// hasPassword reports whether the user has one: AddUser takes users who have not.
func (u *user) hasPassword() bool { return u.verifier.Value != nil }

// setPassword gives a user a password that is known to be good.
func (p *pool) setPassword(u *user, password string) {
	if keep := p.cfg.PasswordHistorySize - 1; keep > 0 && u.hasPassword() {
		u.previous = append(u.previous, u.verifier)
		u.previous = u.previous[max(len(u.previous)-keep, 0):]
	}
	u.verifier = srp.NewVerifier(p.identity(u.username), password)
}

// checkPassword checks a new password of a user's against the policy and the passwords before it.
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

// opens reports whether a verifier is that of a password. There is only a verifier to tell by, so both halves of SRP
// are run.
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
	v := &validation{}
	v.length("previousPassword", in.PreviousPassword, 0, 256)
	passwordForm(v, "proposedPassword", in.ProposedPassword)
	if err := v.err(); err != nil {
		return empty{}, err
	}
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
	return empty{}, nil
}

type adminSetPasswordInput struct {
	adminInput

	Password  string
	Permanent bool
}

func (p *pool) adminSetUserPassword(in *adminSetPasswordInput) (empty, error) {
	u, err := p.adminUser(in.adminInput, func(v *validation) { passwordForm(v, "password", in.Password) })
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

// setTemporaryPassword gives a user a password to sign in with once, to choose another.
func (p *pool) setTemporaryPassword(u *user, password string) {
	p.setPassword(u, password)
	u.status, u.modified = statusForceChange, p.now()
	u.temporary = p.now().Add(p.cfg.TemporaryPasswordValidity)
}

// newTemporaryPassword is a random password that the policy allows.
func (policy *PasswordPolicy) newTemporaryPassword() string {
	const kinds = "aA1!" // one of each, whatever the policy asks for
	random := kinds + rand.Text()
	for len(random) < policy.MinimumLength {
		random += rand.Text()
	}
	return random[:max(policy.MinimumLength, 16)]
}
